import { statementDay } from 'wechatpay-core';
import type { ReconciliationKey, ReconciliationStore } from '../stores/store.js';
import { daysAfter, daysFrom } from './days.js';
import { movementOf, type ReconciliationDifference } from './differences.js';
import type { Reconciliation } from './reconciliation.js';

/** What a statement leaves out is looked for in those of so many days after. */
const CARRIED_DAYS = 3;
/** So many days after, what a day lacks is given up, also where one of the statements that may have it cannot be reconciled. */
export const ASKED_DAYS = 2 * CARRIED_DAYS + 1;

/** What a later statement may have: also what was given up, since that statement came late. */
export function mayBeMatched({ status, why }: ReconciliationDifference): boolean {
  return status === 'carried' || why === 'not-in-three-days';
}

/** The days before, as far as something of them may be in the statement of this one. */
export async function carriedFrom(
  reconciliations: ReconciliationStore,
  { date, ...owner }: ReconciliationKey,
): Promise<Reconciliation[]> {
  const period = { ...owner, from: daysAfter(date, -CARRIED_DAYS), to: daysAfter(date, -1) };
  const days = (await reconciliations.list(period)) as Reconciliation[];
  return days.filter(({ differences }) => differences.some(mayBeMatched));
}

/** What a reconciliation of earlier days comes to, once the statement of a day has had these movements. */
export function matched(
  { differences, ...day }: Reconciliation,
  seen: ReadonlySet<string>,
  matchedIn: string,
): Reconciliation {
  const match = (difference: ReconciliationDifference): ReconciliationDifference => {
    if (!mayBeMatched(difference) || !seen.has(movementOf(difference))) return difference;
    const { why: _, ...rest } = difference;
    return { ...rest, status: 'matched', matchedIn };
  };
  return { ...day, differences: differences.map(match) };
}

/**
 * The days after this one whose statements may have what it lacks: those that are reconciled, and whether all are.
 *
 * @param also one that is being reconciled.
 */
export async function daysAfterOf(
  reconciliations: ReconciliationStore,
  { date, ...owner }: ReconciliationKey,
  now: number,
  also?: string,
): Promise<{ readonly known: readonly string[]; readonly isOver: boolean }> {
  const [from, to] = [daysAfter(date, 1), daysAfter(date, CARRIED_DAYS)];
  const known = ((await reconciliations.list({ ...owner, from, to })) as Reconciliation[]).map((day) => day.date);
  return { known, isOver: isOverOf(date, new Set(also === undefined ? known : [...known, also]), now) };
}

/** Whether all statements are reconciled that may have what this day lacks, or it was waited for long enough. */
export function isOverOf(date: string, reconciled: ReadonlySet<string>, now: number): boolean {
  if (now >= statementDay(daysAfter(date, ASKED_DAYS)).until.getTime()) return true;
  return daysFrom(daysAfter(date, 1), daysAfter(date, CARRIED_DAYS)).every((day) => reconciled.has(day));
}

/** What was matched, given up or looked at stays so, whenever a day is gone through again. */
export function kept(
  before: Reconciliation | undefined,
): (difference: ReconciliationDifference) => ReconciliationDifference {
  const over = new Map(
    (before?.differences ?? [])
      .filter(({ status, why }) => status === 'matched' || status === 'acknowledged' || why === 'not-in-three-days')
      .map((difference) => [identityOf(difference), difference] as const),
  );
  return (difference) => over.get(identityOf(difference)) ?? difference;
}

/** A difference of another class, in another value, or about another payment or refund of that number, is another one. */
export function identityOf(difference: ReconciliationDifference): string {
  const { class: of, expected, found, line, transactionId, refundId, totalFee, currency, twin } = difference;
  const about = [transactionId, refundId, totalFee, currency, twin];
  return JSON.stringify([movementOf(difference), of, expected, found, ...about, of === 'repeated' ? line : undefined]);
}
