import { WechatPayRequestError } from 'wechatpay-core';
import { readProperties } from './intent.js';
import type { Orders } from './orders.js';
import { durableOrderId } from './durable-order-id.js';
import { isOrder, isRefund } from './stores/kinds.js';
import type { DurableOrderFilter, DurableRefund, DurableRow, StoreQuery } from './stores/store.js';

const DEAD_FILTER = ['kind', 'merchantId', 'createdBefore', 'ended', 'limit', 'after'];
const QUERY = ['outTradeNo', 'outRefundNo', 'transactionId', 'kind', 'merchantId'];
/** By these something is found: one of them. */
const NUMBERS = ['outTradeNo', 'outRefundNo', 'transactionId'] as const;

/** Which durable refunds: as of orders. */
export interface RefundFilter extends Omit<DurableOrderFilter, 'after'> {
  readonly kind: 'refund';
  /** Goes on after this one, the last of the page before. */
  readonly after?: Pick<DurableRefund, 'id' | 'createdAt' | 'endedAt'>;
}

/** Which durable orders. */
export interface OrderFilter extends DurableOrderFilter {
  /** @default 'order' */
  readonly kind?: 'order' | undefined;
}

/** What `DurableOrders.list` does. */
export async function listRows({ store }: Orders, given: OrderFilter | RefundFilter): Promise<DurableRow[]> {
  const filter = readListFilter<OrderFilter | RefundFilter>(given, ['status', ...DEAD_FILTER]);
  const { limit = 100, kind = 'order' } = filter;
  return (await store.list({ ...filter, kind, limit })).filter((row) => isOrder(row) === (kind === 'order'));
}

/** @throws {WechatPayRequestError} a limit, a kind, a merchant or a time that is invalid, or a property that is not among `known`. */
export function readListFilter<Filter extends DurableOrderFilter & { readonly kind?: unknown }>(
  given: Filter,
  known: readonly string[],
): Filter {
  const filter = readProperties('filter', given, known);
  const { limit = 100, ended, createdBefore, merchantId, kind } = filter;
  assertKind(kind);
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
export async function listDead(
  orders: Orders,
  given: Omit<OrderFilter | RefundFilter, 'status'>,
): Promise<DurableRow[]> {
  return listRows(orders, { ...readProperties('filter', given, DEAD_FILTER), status: 'dead' });
}

/** By what {@link DurableOrders.find} looks: one of the numbers, and a merchant where it matters. */
export interface OrderQuery {
  readonly outTradeNo?: string | undefined;
  /** As on the customer's receipt. */
  readonly transactionId?: string | undefined;
  /** @default any */
  readonly merchantId?: string | undefined;
  /** @default 'order' */
  readonly kind?: 'order' | undefined;
}

/** By what {@link DurableOrders.find} looks for refunds: their own number, or one of their order. */
export type RefundQuery =
  | {
      readonly outRefundNo: string;
      readonly kind?: 'refund' | undefined;
      /** @default any */
      readonly merchantId?: string | undefined;
    }
  | (Omit<OrderQuery, 'kind'> & { readonly kind: 'refund' });

/** What `DurableOrders.find` does. */
export async function findRows(orders: Orders, given: OrderQuery | RefundQuery): Promise<DurableRow[]> {
  const { kind, ...query } = readProperties<StoreQuery & { readonly kind?: unknown }>('query', given, QUERY);
  assertKind(kind);
  for (const name of [...NUMBERS, 'merchantId'] as const) {
    const value: unknown = query[name];
    if (value !== undefined && (typeof value !== 'string' || value === '')) {
      throw new WechatPayRequestError(name, 'must be a text that is not empty.');
    }
  }
  if (NUMBERS.filter((name) => query[name] !== undefined).length !== 1) {
    const problem = 'or else transactionId is what an order is found by, and outRefundNo a refund: give one of them.';
    throw new WechatPayRequestError('outTradeNo', problem);
  }
  if (query.outRefundNo !== undefined && kind === 'order') {
    throw new WechatPayRequestError('kind', "must be 'refund' beside outRefundNo, or be left out.");
  }
  const found = await orders.store.find(query);
  if (query.outRefundNo !== undefined) return found.filter((row) => isRefund(row));
  if (kind !== 'refund') return found.filter((row) => isOrder(row));
  return query.outTradeNo === undefined ? refundsOfTransaction(orders, found) : refundsOfNumber(orders, found, query);
}

/** The refunds of a transaction: those that name it, and those of the same order that were stored before it was known. */
async function refundsOfTransaction({ store }: Orders, found: readonly DurableRow[]): Promise<DurableRow[]> {
  const parents = new Set(found.flatMap((row) => (isOrder(row) ? row.id : (row.parentId ?? []))));
  const parts = await Promise.all([...parents].map((parentId) => store.find({ parentId })));
  const refunds = new Map([...found, ...parts.flat()].filter(isRefund).map((row) => [row.id, row]));
  return [...refunds.values()].sort(byCreation);
}

/** The refunds of the orders of a number, whether or not these are stored. */
async function refundsOfNumber(
  { store, clients }: Orders,
  stored: readonly DurableRow[],
  { outTradeNo = '', merchantId }: StoreQuery,
): Promise<DurableRow[]> {
  const ofClients = (await clients.ofMerchant(merchantId)).map((client) =>
    durableOrderId({ merchantId: client.merchantId, subMerchantId: client.subMerchantId, outTradeNo }),
  );
  const parents = [...new Set([...stored.map(({ id }) => id), ...ofClients])];
  const found = await Promise.all(parents.map((parentId) => store.find({ parentId })));
  return found.flat().filter((row) => isRefund(row));
}

function byCreation(one: DurableRow, other: DurableRow): number {
  return one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : 1);
}

function assertKind(kind: unknown): void {
  if (kind === undefined || kind === 'order' || kind === 'refund') return;
  throw new WechatPayRequestError('kind', "must be 'order' or 'refund'.");
}

function isPeriod(ended: unknown): boolean {
  const { from, to } = Object(ended) as Record<string, unknown>;
  return isTime(from) && isTime(to);
}

function isTime(time: unknown): boolean {
  return time instanceof Date && !Number.isNaN(time.getTime());
}
