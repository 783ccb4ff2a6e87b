import type { WechatPayClient } from 'wechatpay-core';
import { readResolutionState, reopenResolution } from 'wechatpay-core/resolution';
import { readActor } from './actor.js';
import { readClock } from './clocks.js';
import { ongoing, outcomeOf } from './ends.js';
import { about, publish } from './events.js';
import { deadlineOf, readRedrive, type OrderOf, type RedriveOptions } from './intent.js';
import { entry } from './journal/entries.js';
import type { Orders } from './orders.js';
import { noRefundBesideReturn } from './refunds/refund-under-way.js';
import { isOrder } from './stores/kinds.js';
import type { DurableOrder, DurableOrderData, DurableRow, JournalEntry } from './stores/store.js';

/** What `DurableOrders.redrive` does. */
export async function redriveOrder(orders: Orders, order: OrderOf, given: RedriveOptions = {}): Promise<boolean> {
  const options = readRedrive(given);
  const stored = await orders.get(order);
  return stored?.status === 'dead' && (await redriveDead(orders, stored, options));
}

/**
 * Sets one going again that was dead when it was read.
 *
 * @returns false where it is not any more.
 * @throws {DurableOrdersError} `WECHATPAY_ORDER_BUSY`: it would return money beside a refund of it.
 */
export async function redriveDead(
  orders: Orders,
  { id, merchantId }: DurableOrder,
  options: RedriveOptions,
): Promise<boolean> {
  const client = await orders.clientOf(merchantId);
  const now = readClock(client);
  const traced = orders.traced(); // here: a store may call back elsewhere
  let data: DurableOrderData | undefined;
  const change = (row: DurableRow): Reopened | undefined => {
    if (!isOrder(row)) return undefined;
    data = { ...reopened(client, row, now, options), ...traced };
    return { data, journal: noteReopened(now, row, data, { by: 'redrive', ...options }) };
  };
  const isRedriven = await orders.store.redrive(id, ['dead'], change, noRefundBesideReturn(id, options.policy));
  if (isRedriven && data) publish({ kind: 'redriven', ...about(id, data) });
  return isRedriven;
}

/** How an order goes on, with what is noted of that. */
export interface Reopened {
  readonly data: DurableOrderData;
  readonly journal: readonly JournalEntry[];
}

/** That an order goes on after an end, and who asked for it. */
export function noteReopened(
  now: number,
  stored: DurableOrder,
  { state }: DurableOrderData,
  { by, actor }: { by: 'redrive' | 'reverse' | 'notified' | 'reconcile'; actor?: string | undefined },
): JournalEntry[] {
  const before = outcomeOf(stored)?.kind;
  const { policy, deadline } = state;
  const fields = { by, ...readActor({ actor }), ifPaid: policy.ifPaid, deadline, ...(before && { before }) };
  return [entry('reopened', now, fields)];
}

/** What goes on after an end, with the number of that end: its next step is due at a time of the client's clock. */
export function reopened(
  client: WechatPayClient,
  stored: DurableOrder,
  at: number,
  { deadline: given, policy }: RedriveOptions,
): DurableOrderData {
  const state = readResolutionState(stored.state);
  const now = readClock(client);
  const merged = { ...state.policy, ...policy };
  const { orderCreatedAt, timeExpire, product } = state;
  const isUnified = product === 'unified-order';
  const deadline = deadlineOf(given, { now, orderCreatedAt, policy: merged, isUnified, timeExpire });
  return ongoing(stored, reopenResolution(state, at, deadline, policy));
}
