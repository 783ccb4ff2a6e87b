import { readResolutionState, reopenResolution } from 'wechatpay-core/resolution';
import { readClock } from './clocks.js';
import { ongoing } from './ends.js';
import { about, publish } from './events.js';
import { deadlineOf, readRedrive, type OrderOf, type RedriveOptions } from './intent.js';
import { note } from './notes.js';
import type { Orders } from './orders.js';
import type { DurableOrder, DurableOrderData } from './stores/store.js';

/** What `DurableOrders.redrive` does. */
export async function redriveOrder(orders: Orders, order: OrderOf, given: RedriveOptions = {}): Promise<boolean> {
  const options = readRedrive(given);
  const client = orders.clientOf(order.merchantId);
  const stored = await orders.get(order);
  if (stored?.status !== 'dead') return false;
  const now = readClock(client);
  const data = reopened(orders, stored, now, options);
  const isRedriven = await orders.store.redrive(stored.id, data, ['dead'], note('redriven', now, data));
  if (isRedriven) publish({ kind: 'redriven', ...about(stored.id, data) });
  return isRedriven;
}

/** What goes on after an end, with the number of that end: its next step is due at a time of the client's clock. */
export function reopened(
  orders: Orders,
  stored: DurableOrder,
  at: number,
  { deadline: given, policy }: RedriveOptions,
): DurableOrderData {
  const state = readResolutionState(stored.state);
  const now = readClock(orders.clientOf(stored.merchantId));
  const merged = { ...state.policy, ...policy };
  const deadline = deadlineOf(given, { now, orderCreatedAt: state.orderCreatedAt, policy: merged });
  return ongoing(stored, reopenResolution(state, at, deadline, policy));
}
