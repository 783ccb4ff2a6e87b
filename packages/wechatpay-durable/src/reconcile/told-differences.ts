import { createHash } from 'node:crypto';
import { isDurableOrdersError } from '../errors.js';
import type { ReconciliationKey, ReconciliationStore } from '../stores/store.js';
import { identityOf } from './carry-over.js';
import { withDay } from './claim.js';
import type { Reconciliation } from './reconciliation.js';

/** Which differences were told, and when: beside what is stored of their day. */
interface Told {
  readonly at: number;
  readonly names: readonly string[];
}

/**
 * Whether a person is to be told of the differences of a day that need one: where there are others than were told, or it is long ago. Whose
 * number only becomes less, as they are acknowledged, are told as such no more often than once in `againMs`.
 */
export async function areToBeTold(
  reconciliations: ReconciliationStore,
  key: ReconciliationKey,
  day: Reconciliation,
  { againMs, now }: { readonly againMs: number; readonly now: number },
): Promise<boolean> {
  const names = namesOf(day);
  const ofTold = { ...key, date: `told-${key.date}` };
  const isToBeTold = async (): Promise<boolean> => {
    const told = (await reconciliations.get(ofTold)) as Told | undefined;
    if (!told || now - told.at >= againMs) return true;
    const known = new Set(told.names);
    return names.some((name) => !known.has(name));
  };
  if (!(await isToBeTold())) return false;
  try {
    return await withDay(reconciliations, ofTold, async ({ put }) => {
      if (!(await isToBeTold())) return false; // another worker was faster
      await put({ at: now, names } satisfies Told);
      return true;
    });
  } catch (error) {
    if (!isDurableOrdersError(error) || error.code !== 'WECHATPAY_RECONCILING') throw error;
    return false; // another worker tells it
  }
}

/** Those that are beyond what is kept one by one have one name. */
function namesOf({ differences, differing }: Reconciliation): string[] {
  const open = differences.filter(({ status }) => status === 'needs-person').map(identityOf);
  const names = open.map((identity) => createHash('sha256').update(identity).digest('hex').slice(0, 16));
  return differing > differences.length ? [...names, 'more'] : names;
}
