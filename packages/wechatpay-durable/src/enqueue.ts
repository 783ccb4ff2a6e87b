import { QUERY_ORDER, type WechatPayClient } from 'wechatpay-core';
import { readActor, type ActorOptions } from './actor.js';
import { readClock, timeOf } from './clocks.js';
import { durableOrderId } from './durable-order-id.js';
import { dueAt, isUnified } from './ends.js';
import { about, aboutRefund, publish } from './events.js';
import {
  begin,
  readActorOptions,
  readIntent,
  readOrder,
  readProperties,
  type OrderIntent,
  type OrderOf,
} from './intent.js';
import { entry } from './journal/entries.js';
import type { Rule } from './journal/rules.js';
import type { Located, Orders } from './orders.js';
import type { RefundOf } from './refunds/refund-intent.js';
import { noRefundUnderWay } from './refunds/refund-under-way.js';
import { isOrder } from './stores/kinds.js';
import type { DurableRow, EnqueueOptions, JournalEntry } from './stores/store.js';

/** By which function an order is stored, and the client of its merchant, where that function has it already. */
interface StoredBy {
  readonly by: 'enqueue' | 'pay' | 'create' | 'reverse';
  readonly client?: WechatPayClient;
}

/** What `DurableOrders.enqueue` does. */
export async function enqueueOrder(
  orders: Orders,
  given: OrderIntent,
  options: EnqueueOptions & ActorOptions = {},
  { by, client: known }: StoredBy = { by: 'enqueue' },
): Promise<'enqueued' | 'duplicate'> {
  const intent = readIntent(given);
  const { tx, ...rest } = readProperties('options', options, ['tx', 'actor']);
  const actor = readActor(rest);
  // Who charges is who stores: a registry may have another client of the merchant by the next question, of another sub-merchant.
  const client = known ?? (await orders.clientOf(intent.merchantId));
  const { merchantId } = client;
  const now = readClock(client);
  const { state, dueAt: due } = begin(intent, client, now);
  client.check(QUERY_ORDER, state.order); // a worker could never ask for one that it refuses
  const id = durableOrderId({
    merchantId,
    outTradeNo: state.order.outTradeNo,
    subMerchantId: state.order.subMerchantId,
  });
  const data = { merchantId, state, ...orders.traced() };
  const { order, product, orderCreatedAt, timeExpire, totalFee, currency, policy, deadline } = state;
  const stored = entry('enqueued', now, {
    ...{ by, ...actor, outTradeNo: order.outTradeNo, orderCreatedAt, ifPaid: policy.ifPaid, deadline },
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    ...(product !== undefined && { product }),
    ...(timeExpire !== undefined && { timeExpire }),
  });
  const parent = policy.ifPaid === 'reverse' ? noRefundUnderWay(id) : undefined;
  const delayMs = orders.delayOf(state, due, now);
  const result = await orders.store.enqueue(id, data, delayMs, { tx, journal: [stored], parent });
  if (result === 'enqueued') publish({ kind: 'enqueued', ...about(id, data) });
  return result;
}

/** What `DurableOrders.hasten` does. */
export async function hastenOrder(orders: Orders, order: OrderOf, options?: ActorOptions): Promise<boolean> {
  // Without options it is this library that asks, and says so by what follows.
  const actor = options && readActorOptions(options);
  const { id, client } = await orders.locate(order);
  const stored = await orders.read(id);
  if (!stored) return false;
  const now = readClock(client);
  const journal = actor && [entry('hastened', now, actor)];
  const delay = (row: DurableRow): number => (isOrder(row) ? orders.delayOf(row.state, dueAt(row.state, now), now) : 0);
  return orders.store.reschedule(id, delay, journal);
}

/** What `DurableOrders.cancel` does. */
export async function cancelOrder(orders: Orders, order: OrderOf, options: ActorOptions = {}): Promise<boolean> {
  const actor = readActorOptions(options);
  const { outTradeNo } = readOrder(order);
  const { id, client } = await orders.locate(order);
  const stored = await orders.read(id);
  // Its customer may have a code to pay it by: it has to be closed, which `reverse` does.
  if (stored && isUnified(stored)) return false;
  return callOff(orders, { id, client, outTradeNo }, { rule: 'called-off', actor });
}

/** The same of a refund: as long as nothing can have been sent. */
export async function cancelRefund(orders: Orders, refund: RefundOf, options: ActorOptions = {}): Promise<boolean> {
  const { actor } = readActorOptions(options);
  const { id, client } = await orders.locateRefund(refund);
  const stored = await orders.readRefund(id);
  const cancelled = entry('cancelled', timeOf(client), { rule: 'called-off', ...(actor !== undefined && { actor }) });
  const isCancelled = await orders.store.cancel(id, [cancelled]);
  if (isCancelled) {
    orders.ends.tell(id);
    if (stored) publish({ kind: 'refund-cancelled', ...aboutRefund(id, stored) });
  }
  return isCancelled;
}

/** Calls an order off, by a rule. @param notes what led to it. */
export async function callOff(
  orders: Orders,
  { id, client, outTradeNo }: Located & { readonly outTradeNo: string },
  { rule, actor = {}, notes = [] }: { rule: Rule; actor?: ActorOptions; notes?: readonly JournalEntry[] },
): Promise<boolean> {
  const { merchantId } = client;
  const cancelled = entry('cancelled', timeOf(client), { rule, ...readActor(actor) });
  const isCancelled = await orders.store.cancel(id, [...notes, cancelled]);
  if (isCancelled) {
    orders.ends.tell(id);
    publish({ kind: 'cancelled', id, merchantId, outTradeNo });
  }
  return isCancelled;
}
