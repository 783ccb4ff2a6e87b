import { WechatPayRequestError } from 'wechatpay-core';
import { readProperties } from './intent.js';
import type { Orders } from './orders.js';
import { isOrder } from './stores/kinds.js';
import type { DurableOrder, DurableOrderFilter, StoreQuery } from './stores/store.js';

const DEAD_FILTER = ['merchantId', 'createdBefore', 'ended', 'limit', 'after'];
const QUERY = ['outTradeNo', 'transactionId', 'merchantId'];

/** What `DurableOrders.list` does. */
export async function listOrders({ store }: Orders, given: DurableOrderFilter): Promise<DurableOrder[]> {
  const filter = readListFilter(given, ['status', ...DEAD_FILTER]);
  const { limit = 100 } = filter;
  return (await store.list({ ...filter, kind: 'order', limit })).filter(isOrder);
}

/** @throws {WechatPayRequestError} a limit, a merchant or a time that is invalid, or a property that is not among `known`. */
export function readListFilter<Filter extends DurableOrderFilter>(given: Filter, known: readonly string[]): Filter {
  const filter = readProperties('filter', given, known);
  const { limit = 100, ended, createdBefore, merchantId } = filter;
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) {
    throw new WechatPayRequestError('limit', 'must be a whole number from 1 to 1000.');
  }
  // What a store could not compare would narrow nothing down: all would be listed, or redriven.
  if (createdBefore !== undefined && !isTime(createdBefore)) {
    throw new WechatPayRequestError('createdBefore', 'must be a valid Date.');
  }
  if (merchantId !== undefined && (typeof (merchantId as unknown) !== 'string' || merchantId === '')) {
    throw new WechatPayRequestError('merchantId', 'must be a text that is not empty.');
  }
  if (ended !== undefined && !isPeriod(ended)) {
    throw new WechatPayRequestError('ended', 'must be { from, to }, two valid Dates.');
  }
  return filter;
}

/** What `DurableOrders.dead` does. */
export async function listDead(orders: Orders, given: Omit<DurableOrderFilter, 'status'>): Promise<DurableOrder[]> {
  return listOrders(orders, { ...readProperties('filter', given, DEAD_FILTER), status: 'dead' });
}

/** By what {@link DurableOrders.find} looks: one of the two numbers, and a merchant where it matters. */
export interface OrderQuery {
  readonly outTradeNo?: string | undefined;
  /** As on the customer's receipt. */
  readonly transactionId?: string | undefined;
  /** @default any */
  readonly merchantId?: string | undefined;
}

/** What `DurableOrders.find` does. */
export async function findOrders({ store }: Orders, given: OrderQuery): Promise<DurableOrder[]> {
  const query = readProperties<StoreQuery>('query', given, QUERY);
  for (const name of ['outTradeNo', 'transactionId', 'merchantId'] as const) {
    const value: unknown = query[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new WechatPayRequestError(name, 'must be a text that is not empty.');
    }
  }
  if ((query.outTradeNo === undefined) === (query.transactionId === undefined)) {
    throw new WechatPayRequestError(
      'outTradeNo',
      'or else transactionId is what an order is found by: give one of them.',
    );
  }
  return (await store.find(query)).filter(isOrder);
}

function isPeriod(ended: unknown): boolean {
  const { from, to } = Object(ended) as Record<string, unknown>;
  return isTime(from) && isTime(to);
}

function isTime(time: unknown): boolean {
  return time instanceof Date && !Number.isNaN(time.getTime());
}
