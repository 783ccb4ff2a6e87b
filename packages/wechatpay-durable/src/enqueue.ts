import { QUERY_ORDER, type WechatPayClient } from 'wechatpay-core';
import { readClock } from './clocks.js';
import { durableOrderId } from './durable-order-id.js';
import { dueAt } from './ends.js';
import { about, publish } from './events.js';
import { begin, readIntent, readProperties, type OrderIntent, type OrderOf } from './intent.js';
import { note } from './notes.js';
import type { Orders } from './orders.js';
import type { EnqueueOptions } from './stores/store.js';

/** What `DurableOrders.enqueue` does. */
export async function enqueueOrder(
  orders: Orders,
  given: OrderIntent,
  options: EnqueueOptions = {},
): Promise<'enqueued' | 'duplicate'> {
  const intent = readIntent(given);
  const { tx } = readProperties('options', options, ['tx']);
  const client = orders.clientOf(intent.merchantId);
  const { merchantId } = client;
  const now = readClock(client);
  const { state, dueAt: due } = begin(intent, client, now);
  client.check(QUERY_ORDER, state.order); // a worker could never ask for one that it refuses
  const id = durableOrderId({
    merchantId,
    outTradeNo: state.order.outTradeNo,
    subMerchantId: state.order.subMerchantId,
  });
  const data = { merchantId, state };
  const result = await orders.store.enqueue(id, data, orders.delayOf(state, due, now), {
    tx,
    journal: note('enqueued', now, data),
  });
  if (result === 'enqueued') publish({ kind: 'enqueued', ...about(id, data) });
  return result;
}

/** What `DurableOrders.hasten` does. */
export async function hastenOrder(orders: Orders, order: OrderOf): Promise<boolean> {
  const client = orders.clientOf(order.merchantId);
  const stored = await orders.get(order);
  if (!stored) return false;
  const now = readClock(client);
  return orders.store.reschedule(stored.id, orders.delayOf(stored.state, dueAt(stored.state, now), now));
}

/** What `DurableOrders.cancel` does. */
export async function cancelOrder(orders: Orders, order: OrderOf): Promise<boolean> {
  const id = orders.idOf(order);
  const client = orders.clientOf(order.merchantId);
  const { merchantId } = client;
  const isCancelled = await orders.store.cancel(id, note('cancelled', timeOf(client)));
  if (isCancelled) publish({ kind: 'cancelled', id, merchantId, outTradeNo: order.outTradeNo });
  return isCancelled;
}

/** A clock that fails calls off nothing less: where nothing was sent, the order must not be reversed. */
function timeOf(client: WechatPayClient): number {
  try {
    const now = client.now();
    return Number.isFinite(now) ? now : Date.now();
  } catch {
    return Date.now();
  }
}
