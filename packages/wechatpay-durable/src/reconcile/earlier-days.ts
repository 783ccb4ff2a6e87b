import { statementDay, type StatementDay } from 'wechatpay-core';
import type { ReconciliationKey, ReconciliationStore } from '../stores/store.js';
import { movementOf, paymentOfEarlier, refundOfEarlier, type ReconciliationDifference } from './differences.js';
import type { DurableBook } from './durable-book.js';
import type { Reconciliation } from './reconciliation.js';

// What is known only when its own day was compared: nobody has claimed it for that one, so the day on which it became known does.

/** Whether the day of something was compared before it was known. */
type WasCompared = (of: Date, knownAt: number) => Promise<boolean>;

/** Between the clock of whoever ended an order, or heard of a refund, and of whoever compared its day. What both claim is matched by the statement of that. */
const CLOCKS_DIFFER_MS = 10 * 60_000;

export function comparedBefore(reconciliations: ReconciliationStore, key: ReconciliationKey): WasCompared {
  const comparedAt = new Map<string, number | undefined>();
  return async (of, knownAt) => {
    const { date } = statementDay(of);
    if (!comparedAt.has(date)) {
      const compared = (await reconciliations.get({ ...key, date })) as Reconciliation | undefined;
      comparedAt.set(date, compared?.reconciledAt);
    }
    return knownAt >= (comparedAt.get(date) ?? Infinity) - CLOCKS_DIFFER_MS;
  };
}

/** Payments whose orders had no end yet when the day of their creation was compared, by their movements. */
export async function paymentsOfEarlier(
  book: DurableBook,
  wasCompared: WasCompared,
  day: StatementDay,
): Promise<Map<string, ReconciliationDifference>> {
  const found = new Map<string, ReconciliationDifference>();
  for await (const order of book.endedLater(day)) {
    const { id, endAt, isStoredLater } = book.bookedAs(order) ?? {};
    if (id === undefined || endAt === undefined || !order.paidAt) continue;
    const difference = paymentOfEarlier(order, id);
    if (isStoredLater || (await wasCompared(order.paidAt, endAt))) found.set(movementOf(difference), difference);
  }
  return found;
}

/** Refunds that nobody knew to be accepted when the day of their submission was compared. */
export async function* refundsOfEarlier(
  book: DurableBook,
  wasCompared: WasCompared,
): AsyncGenerator<ReconciliationDifference, void> {
  for (const order of book.acceptedLater) {
    const { id, acceptedAt } = book.bookedAs(order) ?? {};
    const [refund] = order.refunds ?? [];
    if (id === undefined || acceptedAt === undefined || !refund) continue;
    if (await wasCompared(refund.at, acceptedAt)) yield refundOfEarlier(order, refund, id);
  }
}
