import { DurableOrdersError, isDurableOrdersError } from '../errors.js';
import type { ReconciliationKey, ReconciliationStore } from '../stores/store.js';
import { withDay } from './claim.js';
import type { ReconciliationDifference } from './differences.js';

export type ReconciliationOwner = Omit<ReconciliationKey, 'date'>;

/** That a person has dealt with something: who, when in milliseconds since 1970, and what they said. */
export type Acknowledged = NonNullable<ReconciliationDifference['acknowledged']>;

/** A day that is late, or was and a person has dealt with it. */
interface LateDay {
  readonly date: string;
  /** When it was first noted, in milliseconds since 1970. */
  readonly at: number;
  readonly acknowledged?: Acknowledged;
}

/** What is stored of them. */
export interface LateDays {
  readonly notedAt: number;
  readonly days: readonly LateDay[];
}

/** One text beside those of the days: a day stays late also when the orders are gone by which that would be known. */
const NAME = 'late-days';
/** What nobody has stored for long is cleared away. */
const NOTE_AGAIN_MS = 12 * 60 * 60_000;

export async function readLateDays(
  reconciliations: ReconciliationStore,
  owner: ReconciliationOwner,
): Promise<LateDays | undefined> {
  return (await reconciliations.get({ ...owner, date: NAME })) as LateDays | undefined;
}

/**
 * Notes which days are late: those that are reconciled by now are noted no more.
 *
 * @param first what was acknowledged of an earlier day says nothing any more.
 */
export async function noteLateDays(
  reconciliations: ReconciliationStore,
  owner: ReconciliationOwner,
  { late, noted, first, now }: { late: readonly string[]; noted: LateDays | undefined; first: string; now: number },
): Promise<void> {
  const next = (before: LateDays | undefined): LateDay[] => {
    const known = before?.days ?? [];
    const kept = known.filter(({ acknowledged, date }) => (acknowledged ? date >= first : late.includes(date)));
    const isKept = new Set(kept.map(({ date }) => date));
    const added = late.filter((date) => !isKept.has(date)).map((date) => ({ date, at: now }));
    return [...kept, ...added].sort(byDate);
  };
  const days = next(noted);
  const isFresh = noted !== undefined && now - noted.notedAt < NOTE_AGAIN_MS;
  if (days.length === 0 && !noted?.days.length) return;
  if (isFresh && JSON.stringify(days) === JSON.stringify(noted.days)) return;
  await changeLateDays(reconciliations, owner, now, next);
}

/** Of one of them, that a person has dealt with it. */
export function acknowledgeLateDay(
  reconciliations: ReconciliationStore,
  owner: ReconciliationOwner,
  date: string,
  acknowledged: Acknowledged,
): Promise<void> {
  return changeLateDays(reconciliations, owner, acknowledged.at, (before) => {
    const days = before?.days ?? [];
    const { at } = days.find((day) => day.date === date) ?? acknowledged;
    return [...days.filter((day) => day.date !== date), { date, at, acknowledged }].sort(byDate);
  });
}

/** @throws {DurableOrdersError} `WECHATPAY_RECONCILING`: somebody else notes something. */
async function changeLateDays(
  reconciliations: ReconciliationStore,
  owner: ReconciliationOwner,
  now: number,
  change: (before: LateDays | undefined) => LateDay[],
): Promise<void> {
  try {
    await withDay(reconciliations, { ...owner, date: NAME }, async ({ put }) => {
      const days = change(await readLateDays(reconciliations, owner));
      await put({ notedAt: now, days } satisfies LateDays);
    });
  } catch (cause) {
    if (!isDurableOrdersError(cause) || cause.code !== 'WECHATPAY_RECONCILING') throw cause;
    const message = `Which days of merchant ${owner.merchantId} are late is being noted, here or elsewhere: call again.`;
    throw new DurableOrdersError('WECHATPAY_RECONCILING', message, { cause, outcome: 'not-sent' });
  }
}

function byDate(one: LateDay, other: LateDay): number {
  return one.date < other.date ? -1 : 1;
}
