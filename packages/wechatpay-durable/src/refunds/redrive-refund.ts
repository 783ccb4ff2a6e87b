import { askRefundNow, reopenRefund } from 'wechatpay-core/resolution';
import { readActor, type ActorOptions } from '../actor.js';
import { readClock } from '../clocks.js';
import { ongoing, outcomeOf } from '../ends.js';
import { aboutRefund, publish } from '../events.js';
import { readActorOptions } from '../intent.js';
import { entry } from '../journal/entries.js';
import type { Orders } from '../orders.js';
import type { DurableRefund, ParentCheck } from '../stores/store.js';
import { planPart } from './parts.js';
import { readRefundRedrive, refundDeadline, type RefundOf, type RefundRedriveOptions } from './refund-intent.js';

/** What `DurableOrders.redrive` does of a refund. */
export async function redriveRefund(
  orders: Orders,
  refund: RefundOf,
  given: RefundRedriveOptions = {},
): Promise<boolean> {
  const options = readRefundRedrive(given);
  orders.clientOf(refund.merchantId);
  const stored = await orders.getRefund(refund);
  return stored?.status === 'dead' && (await redriveDeadRefund(orders, stored, options));
}

/**
 * Sets one going again that was dead when it was read.
 *
 * @returns false where it is not any more.
 * @throws {WechatPayRequestError} its amount was refunded by another part meanwhile.
 */
export async function redriveDeadRefund(
  orders: Orders,
  stored: DurableRefund,
  { policy, actor }: RefundRedriveOptions,
): Promise<boolean> {
  const now = readClock(orders.clientOf(stored.merchantId));
  const state = reopenRefund(stored.state, { now, deadline: refundDeadline(now) }, policy);
  const before = outcomeOf(stored)?.kind;
  const fields = { by: 'redrive', ...readActor({ actor }), ...(before && { before }) } as const;
  const data = ongoing(withoutRow(stored), state);
  const journal = [entry('refund-reopened', now, fields)];
  const isRedriven = await orders.store.redrive(stored.id, data, ['dead'], journal, stillPartOf(stored, now));
  if (isRedriven) publish({ kind: 'refund-redriven', ...aboutRefund(stored.id, data) });
  return isRedriven;
}

/** One that was refused leaves its amount to others: it must still be there. Of every other one, the amount is its own all the time. */
function stillPartOf(stored: DurableRefund, now: number): ParentCheck | undefined {
  const { id, parentId, state } = stored;
  const outcome = outcomeOf(stored);
  const isFree =
    outcome?.kind === 'refund-rejected' ||
    (outcome?.kind === 'needs-attention' && (outcome.reason === 'closed' || outcome.reason === 'differs'));
  if (parentId === undefined || !isFree) return undefined;
  const check: ParentCheck['check'] = (siblings, parent) => {
    planPart(state.request, { siblings: siblings.filter((row) => row.id !== id), parent }, now);
  };
  return { id: parentId, check };
}

/**
 * What `DurableOrders.hasten` does of a refund: it is asked for now, as when a notification of it has come. Of one that was never sent
 * there is nothing to ask.
 */
export async function hastenRefund(orders: Orders, refund: RefundOf, options: ActorOptions = {}): Promise<boolean> {
  const actor = readActorOptions(options);
  const client = orders.clientOf(refund.merchantId);
  const stored = await orders.getRefund(refund);
  if (stored?.status !== 'waiting' || outcomeOf(stored)) return false;
  const now = readClock(client);
  const journal = [entry('hastened', now, actor)];
  if (stored.state.kind === 'submitting' && stored.state.submittedAt === undefined) {
    return orders.store.reschedule(stored.id, orders.delay(stored.state.at, now), journal);
  }
  const data = ongoing(withoutRow(stored), askRefundNow(stored.state, now));
  return orders.store.redrive(stored.id, data, ['open'], journal);
}

function withoutRow({ kind, merchantId, order, state, end, endAt }: DurableRefund): Parameters<typeof aboutRefund>[1] {
  const last = { ...(end !== undefined && { end }), ...(endAt !== undefined && { endAt }) };
  return { kind, merchantId, order, state, ...last };
}
