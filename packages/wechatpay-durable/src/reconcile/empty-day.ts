import type { StatementDay } from 'wechatpay-core';
import type { Orders } from '../orders.js';
import { askForOrder } from './ask.js';
import type { LookIn } from './ask-each.js';
import { identityOf } from './carry-over.js';
import { daysAfter } from './days.js';
import { movementOf, type ReconciliationDifference } from './differences.js';

/** In one turn: what was proven by then is not asked for in the next. */
const MOST_ASKED = 100;

/** What a day without a statement has all the same. */
export interface Unstated {
  /** What the book claims for it. */
  readonly claimed: readonly ReconciliationDifference[];
  /** The ids of durable orders of which it is not known whether they were paid. */
  readonly unproven: readonly string[];
}

/**
 * Whether none of these was on this day: by WeChat Pay's word, or about midnight by the statement of the day beside it. What nobody can
 * say may have been.
 */
export async function wereNotPaidOn(
  orders: Orders,
  day: StatementDay,
  { claimed, unproven }: Unstated,
  {
    merchantId,
    lookIn,
    signal,
  }: { readonly merchantId: string; readonly lookIn: LookIn; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const proven = provenOf(orders, day.date);
  let left = MOST_ASKED;
  const isProven = async (name: string, ask: () => Promise<boolean>): Promise<boolean> => {
    if (proven.has(name)) return true;
    if (left === 0 || signal?.aborted) return false;
    left -= 1;
    if (!(await ask())) return false;
    proven.add(name);
    return true;
  };
  /** What the statement of the day before has to have, and that of the day after. */
  const beside = { before: new Set<string>(), after: new Set<string>() };
  for (const difference of claimed) {
    const name = `${difference.orderId ?? ''} ${identityOf(difference)}`;
    if (await isProven(name, () => wasOnAnother(orders, day, difference, { merchantId, signal }))) continue;
    if (difference.reason !== 'across-midnight') return false;
    // At the day's end it is carried to the next.
    beside[difference.status === 'carried' ? 'after' : 'before'].add(movementOf(difference));
  }
  for (const orderId of unproven) {
    if (!(await isProven(orderId, () => isProvenUnpaid(orders, orderId, signal)))) return false;
  }
  const hasAll = async (date: string, movements: ReadonlySet<string>): Promise<boolean> =>
    movements.size === 0 || (await lookIn(date, movements))?.size === movements.size;
  return (await hasAll(daysAfter(day.date, -1), beside.before)) && hasAll(daysAfter(day.date, 1), beside.after);
}

const provenOn = new WeakMap<Orders, Map<string, Set<string>>>();
const MOST_DAYS = 100;

/** What this process has had proven of a day. It stays so: the day is over, and nobody pays on it any more. */
function provenOf(orders: Orders, date: string): Set<string> {
  const days = provenOn.get(orders) ?? new Map<string, Set<string>>();
  provenOn.set(orders, days);
  const proven = days.get(date) ?? new Set<string>();
  days.delete(date);
  days.set(date, proven);
  const [oldest] = days.keys();
  if (days.size > MOST_DAYS && oldest !== undefined) days.delete(oldest);
  return proven;
}

/** Whether it is a payment that WeChat Pay says was made on another day, or a refund that was submitted on an earlier one. */
async function wasOnAnother(
  orders: Orders,
  { from, until }: StatementDay,
  { kind, orderId, outRefundNo, subMerchantId }: ReconciliationDifference,
  { merchantId, signal }: { readonly merchantId: string; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  if (kind === 'refund' && outRefundNo !== undefined) {
    const stored = await orders.getRefund({ outRefundNo, merchantId, subMerchantId });
    // Nothing of it was sent on this day.
    return (stored?.state.submittedAt ?? Infinity) < from.getTime();
  }
  if (kind !== 'payment' || orderId === undefined) return false;
  const { why, movedAt } = await askForOrder(orders, orderId, signal);
  if (movedAt === undefined) return false;
  // Before it was paid, nothing of it moved; of one that was paid earlier, something else may have.
  return movedAt >= until.getTime() || (why === 'answer-agrees-with-order' && movedAt < from.getTime());
}

async function isProvenUnpaid(orders: Orders, orderId: string, signal: AbortSignal | undefined): Promise<boolean> {
  const { isUnpaid = false, isAbsent } = await askForOrder(orders, orderId, signal);
  if (!isAbsent) return isUnpaid;
  // As a resolution has it: that there is no such order takes two answers, for a late one to another call says the same.
  return (await askForOrder(orders, orderId, signal)).isAbsent ?? false;
}
