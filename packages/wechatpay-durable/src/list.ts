import { WechatPayRequestError } from 'wechatpay-core';
import { readProperties } from './intent.js';
import type { Orders } from './orders.js';
import type { DurableOrder, DurableOrderFilter } from './stores/store.js';

const DEAD_FILTER = ['merchantId', 'createdBefore', 'limit', 'after'];

/** What `DurableOrders.list` does. */
export async function listOrders({ store }: Orders, given: DurableOrderFilter): Promise<DurableOrder[]> {
  const filter = readProperties('filter', given, ['status', ...DEAD_FILTER]);
  const { limit = 100 } = filter;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) {
    throw new WechatPayRequestError('limit', 'must be a whole number from 1 to 1000.');
  }
  return store.list({ ...filter, limit });
}

/** What `DurableOrders.dead` does. */
export async function listDead(orders: Orders, given: Omit<DurableOrderFilter, 'status'>): Promise<DurableOrder[]> {
  return listOrders(orders, { ...readProperties('filter', given, DEAD_FILTER), status: 'dead' });
}
