import type { RefundState } from 'wechatpay-core';
import { askRefundNow, reopenRefund } from 'wechatpay-core/resolution';
import { readActor, type ActorOptions } from '../actor.js';
import { readClock } from '../clocks.js';
import { ongoing, outcomeOf } from '../ends.js';
import { aboutRefund, publish } from '../events.js';
import { readActorOptions } from '../intent.js';
import { entry } from '../journal/entries.js';
import type { Orders } from '../orders.js';
import { isRefund } from '../stores/kinds.js';
import type { DurableRefund, DurableRefundData, DurableRow, JournalEntry, ParentCheck } from '../stores/store.js';
import { planPart } from './parts.js';
import { readRefundRedrive, refundDeadline, type RefundOf, type RefundRedriveOptions } from './refund-intent.js';

/** What `DurableOrders.redrive` does of a refund. */
export async function redriveRefund(
  orders: Orders,
  refund: RefundOf,
  given: RefundRedriveOptions = {},
): Promise<boolean> {
  const options = readRefundRedrive(given);
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
  const now = readClock(await orders.clientOf(stored.merchantId));
  const traced = orders.traced(); // here: a store may call back elsewhere
  const change = (row: DurableRow): Reopened | undefined => {
    if (!isRefund(row)) return undefined;
    const state = reopenRefund(row.state, { now, deadline: refundDeadline(now) }, policy);
    const before = outcomeOf(row)?.kind;
    const fields = { by: 'redrive', ...readActor({ actor }), ...(before && { before }) } as const;
    const data = { ...ongoing<DurableRefundData>(row, state), ...traced };
    return { data, journal: [entry('refund-reopened', now, fields)] };
  };
  const isRedriven = await orders.store.redrive(stored.id, ['dead'], change, stillPartOf(stored, now));
  if (isRedriven) publish({ kind: 'refund-redriven', ...aboutRefund(stored.id, stored) });
  return isRedriven;
}

interface Reopened {
  readonly data: DurableRefundData;
  readonly journal: readonly JournalEntry[];
}

/** One that was refused leaves its amount to others: it must still be there. Of every other one, the amount is its own all the time. */
function stillPartOf({ id, parentId }: DurableRefund, now: number): ParentCheck | undefined {
  if (parentId === undefined) return undefined;
  const check: ParentCheck['check'] = (siblings, parent) => {
    const own = siblings.filter(isRefund).find((row) => row.id === id);
    if (!own || !leavesItsAmount(own)) return;
    planPart(own.state.request, { siblings: siblings.filter((row) => row.id !== id), parent }, now);
  };
  return { id: parentId, check };
}

function leavesItsAmount(refund: DurableRefund): boolean {
  const outcome = outcomeOf(refund);
  if (outcome?.kind === 'refund-rejected') return true;
  return outcome?.kind === 'needs-attention' && (outcome.reason === 'closed' || outcome.reason === 'differs');
}

/**
 * What `DurableOrders.hasten` does of a refund: it is asked for now, as when a notification of it has come. Of one that was never sent
 * there is nothing to ask.
 */
export async function hastenRefund(orders: Orders, refund: RefundOf, options: ActorOptions = {}): Promise<boolean> {
  const actor = readActorOptions(options);
  const { id, client } = await orders.locateRefund(refund);
  const stored = await orders.readRefund(id);
  if (stored?.status !== 'waiting' || outcomeOf(stored)) return false;
  const now = readClock(client);
  const journal = [entry('hastened', now, actor)];
  if (isUnsent(stored.state)) {
    const delay = (row: DurableRow): number =>
      isRefund(row) && isUnsent(row.state) ? orders.delay(row.state.at, now) : 0;
    return orders.store.reschedule(stored.id, delay, journal);
  }
  return orders.store.redrive(stored.id, ['open'], (row) =>
    isRefund(row) ? { data: ongoing<DurableRefundData>(row, askRefundNow(row.state, now)), journal } : undefined,
  );
}

/** Nothing of it can have left. */
function isUnsent(state: RefundState): state is RefundState & { readonly kind: 'submitting' } {
  return state.kind === 'submitting' && state.submittedAt === undefined;
}
