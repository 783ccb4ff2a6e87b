import { isWechatPayError, statementDay, WechatPayRequestError, type StatementDay } from 'wechatpay-core';
import { readClock } from '../clocks.js';
import { isDurableOrdersError } from '../errors.js';
import { publish } from '../events.js';
import { readProperties } from '../intent.js';
import type { Orders } from '../orders.js';
import type { ReconciliationKey } from '../stores/store.js';
import { askForEach, giveUpOn, type LookIn } from './ask-each.js';
import { carriedFrom, daysAfterOf, kept, mayBeMatched, matched } from './carry-over.js';
import { withDay, type HeldDay } from './claim.js';
import { compareDay, findInStatement } from './compare-day.js';
import { readDay, reconciliationsOf, type ReconcileRequest } from './days.js';
import { movementOf } from './differences.js';
import { wereNotPaidOn } from './empty-day.js';
import { areOrdersKept } from './health.js';
import { summaryOf, type Reconciliation } from './reconciliation.js';

export interface ReconcileOptions {
  /** Ends it at the next row or question: what was compared by then is stored only where the comparison was complete. */
  readonly signal?: AbortSignal | undefined;
}

/** What `DurableOrders.reconcile` does. */
export async function reconcileDay(
  orders: Orders,
  request: ReconcileRequest,
  options: ReconcileOptions = {},
): Promise<Reconciliation> {
  const { key, day } = await readDay(orders, request);
  const { signal } = readProperties('options', options, ['signal']);
  const reconciliations = reconciliationsOf(orders);
  await assertKept(orders, key, day);
  const work = (held: HeldDay): Promise<GoneThrough> => goThrough(orders, key, day, held);
  const { result, isNewlyCarried } = await withDay(reconciliations, key, work, signal);
  if (!result.differences.some(({ status }) => status === 'carried')) return result;
  // The statements of the days after may have been gone through before this one, or that broke off: each looks for it now.
  const now = readClock(await orders.clientOf(key.merchantId));
  const { known, isOver } = await daysAfterOf(reconciliations, key, now);
  if (!isNewlyCarried && !isOver) return result;
  for (const date of known) await lookAgain(orders, { ...key, date }, signal);
  return known.length === 0 ? result : (((await reconciliations.get(key)) as Reconciliation | undefined) ?? result);
}

/** What `DurableOrders.reconciliation` does. */
export async function getReconciliation(
  orders: Orders,
  request: ReconcileRequest,
): Promise<Reconciliation | undefined> {
  const { key } = await readDay(orders, request);
  return (await reconciliationsOf(orders).get(key)) as Reconciliation | undefined;
}

/** @throws {WechatPayRequestError} a day whose orders are not kept any more: each of its rows would be about none. */
async function assertKept(orders: Orders, { merchantId, date }: ReconciliationKey, day: StatementDay): Promise<void> {
  const { orderDays } = reconciliationsOf(orders);
  if (areOrdersKept(day, orderDays, readClock(await orders.clientOf(merchantId)))) return;
  throw new WechatPayRequestError(
    'date',
    `is ${date}, and orders are kept for ${orderDays} days after their end: those of that day may be gone. ` +
      'Give the store more `keepDays`, or compare by `compareStatement` with a book of yours.',
  );
}

interface GoneThrough {
  readonly result: Reconciliation;
  /** It lacks something that it did not lack before. */
  readonly isNewlyCarried: boolean;
}

/** Nothing of it is stored before the comparison is complete; whatever it is stopped at, it can be done again. */
async function goThrough(
  orders: Orders,
  key: ReconciliationKey,
  day: StatementDay,
  { put, signal }: HeldDay,
): Promise<GoneThrough> {
  const { store } = orders;
  const { merchantId, subMerchantId, date } = key;
  const reconciliations = reconciliationsOf(orders);
  const client = await orders.clientOf(merchantId);
  const before = (await reconciliations.get(key)) as Reconciliation | undefined;
  const earlier = await carriedFrom(reconciliations, key);
  const carried = new Set(earlier.flatMap(({ differences }) => differences.filter(mayBeMatched).map(movementOf)));
  const reconciledAt = readClock(client); // what ends from here on may not have been compared
  const lookIn: LookIn = (of, movements) => findInStatement(client, { ...key, date: of }, movements, signal);
  const { summary, seen, ...compared } = await compareDay({
    ...{ client, store, reconciliations, key, day, carried, signal },
    wereNotPaid: (unstated) => wereNotPaidOn(orders, day, unstated, { merchantId, lookIn, signal }),
  });
  const result: Reconciliation = {
    merchantId,
    ...(subMerchantId !== '' && { subMerchantId }),
    date,
    reconciledAt,
    ...(summary && { statement: { count: summary.count, sums: summary.sums } }),
    ...compared,
    differences: compared.differences.map(kept(before)),
  };
  // Before this day counts as reconciled: nobody would look through its statement once more.
  for (const each of earlier) await matchEarlier(orders, { ...key, date: each.date }, { seen, date, signal });
  // Before anybody is asked: where this process dies, the day is known to be compared, and its questions to be open.
  await put(result);
  const differences = await askForEach(orders, merchantId, day, result.differences, { lookIn, signal });
  const asked = { ...result, differences };
  await put(asked);
  publish({ kind: 'reconciled', ...summaryOf(asked) });
  const carriedBefore = new Set(before?.differences.filter(mayBeMatched).map(movementOf));
  const isNewlyCarried = asked.differences.some(
    (difference) => difference.status === 'carried' && !carriedBefore.has(movementOf(difference)),
  );
  return { result: asked, isNewlyCarried };
}

/** Takes from an earlier day what this statement has; what no other statement is to come for, a person looks at. */
async function matchEarlier(
  orders: Orders,
  key: ReconciliationKey,
  { seen, date, signal: stopping }: { seen: ReadonlySet<string>; date: string; signal: AbortSignal },
): Promise<void> {
  const reconciliations = reconciliationsOf(orders);
  const work = async ({ put, signal }: HeldDay): Promise<void> => {
    const stored = (await reconciliations.get(key)) as Reconciliation | undefined;
    if (!stored) return;
    const next = matched(stored, seen, date);
    const now = readClock(await orders.clientOf(key.merchantId));
    const { isOver } = await daysAfterOf(reconciliations, key, now, date);
    const differences = isOver ? await giveUpOn(orders, key.merchantId, next.differences, signal) : next.differences;
    await put({ ...next, differences });
  };
  await withDay(reconciliations, key, work, stopping);
}

/** What cannot be looked through now stays as it is: the day itself is reconciled. */
async function lookAgain(orders: Orders, key: ReconciliationKey, signal: AbortSignal | undefined): Promise<void> {
  try {
    const work = (held: HeldDay): Promise<GoneThrough> => goThrough(orders, key, statementDay(key.date), held);
    await withDay(reconciliationsOf(orders), key, work, signal);
  } catch (error) {
    const isElsewhere = isDurableOrdersError(error) && error.code === 'WECHATPAY_RECONCILING';
    if (!isElsewhere && !isWechatPayError(error)) throw error;
  }
}
