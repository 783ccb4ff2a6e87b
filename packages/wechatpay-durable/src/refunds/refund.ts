import { REFUND_ORDER, WechatPayRequestError, type RefundOrderRequest } from 'wechatpay-core';
import { readActor, type ActorOptions } from '../actor.js';
import { readClock } from '../clocks.js';
import { durableOrderId } from '../durable-order-id.js';
import { DurableOrdersError, isDurableOrdersError } from '../errors.js';
import { aboutRefund, publish } from '../events.js';
import { readProperties } from '../intent.js';
import { entry } from '../journal/entries.js';
import type { Orders } from '../orders.js';
import { columnsOf } from '../stores/columns.js';
import { isRefund } from '../stores/kinds.js';
import type { DurableRefund, DurableRefundData, EnqueueOptions, JournalEntry } from '../stores/store.js';
import { planPart, type Family } from './parts.js';
import { durableRefundId } from './refund-id.js';
import { beginRefund, readRefundIntent, type RefundIntent } from './refund-intent.js';
import { requestOf } from './refund-rows.js';
import { orderOfRefund } from './refunded-order.js';

/** How often the parts of an order are looked at again, since others were stored meanwhile. */
const TRIES = 100;

/** What `DurableOrders.refund` does. */
export async function refundDurably(
  orders: Orders,
  given: RefundIntent,
  options: EnqueueOptions & ActorOptions = {},
): Promise<DurableRefund> {
  const intent = readRefundIntent(given);
  const { tx, ...rest } = readProperties('options', options, ['tx', 'actor']);
  const actor = readActor(rest);
  const client = await orders.clientOf(intent.merchantId);
  const { merchantId } = client;
  const now = readClock(client);
  const first = beginRefund(client, intent, now);
  const { request } = first;
  const { outRefundNo, subMerchantId } = request;
  const id = durableRefundId({ merchantId, subMerchantId, outRefundNo });
  const stored = await orders.store.get(id);
  const known = stored && isRefund(stored) ? stored : undefined;
  const order = isSameTransaction(known, request) ? known.order : await orderOfRefund(orders, client, request);
  if (known) return sameRefund(known, request, order);

  const parentId = durableOrderId({ merchantId, subMerchantId, outTradeNo: order.outTradeNo });
  const { paidAt } = intent;
  const plan = (family: Family): { readonly notBefore: number } => planPart({ ...request, paidAt }, family, now);
  // What a check has seen counts at the next try: in the caller's transaction, it alone sees the parts of that.
  let least = now;
  for (let time = 1; ; time += 1) {
    const family = {
      siblings: await orders.store.find({ parentId, merchantId }),
      parent: await orders.store.get(parentId),
    };
    const notBefore = Math.max(plan(family).notBefore, least);
    const transactionId = order.transactionId ?? (family.parent && columnsOf(family.parent).transactionId) ?? undefined;
    const data: DurableRefundData = {
      kind: 'refund',
      merchantId,
      order: { outTradeNo: order.outTradeNo, ...(transactionId !== undefined && { transactionId }) },
      state: { ...first, kind: 'submitting', at: notBefore, attempts: 0 },
      ...orders.traced(),
    };
    const check = (siblings: Family['siblings'], parent: Family['parent']): void => {
      least = Math.max(least, plan({ siblings, parent }).notBefore);
      if (least > notBefore) throw otherParts(order.outTradeNo);
    };
    try {
      const delayMs = orders.delay(notBefore, now);
      const journal = [noteEnqueued(data, now, notBefore, actor)];
      const result = await orders.store.enqueue(id, data, delayMs, { tx, journal, parent: { id: parentId, check } });
      if (result === 'duplicate') return sameRefund(await readDuplicate(orders, id, outRefundNo), request, order);
      publish({ kind: 'refund-enqueued', ...aboutRefund(id, data) });
      const row = tx === undefined ? await orders.store.get(id) : undefined;
      if (row && isRefund(row)) return row;
      // In a transaction: as it will be once that is committed.
      const dueAt = new Date(now + delayMs);
      return { ...data, id, status: 'waiting', createdAt: new Date(now), dueAt, parentId };
    } catch (error) {
      if (!isDurableOrdersError(error) || error.code !== 'WECHATPAY_ORDER_BUSY' || time === TRIES) throw error;
    }
  }
}

function noteEnqueued(
  { order, state: { request } }: DurableRefundData,
  now: number,
  notBefore: number,
  actor: { readonly actor?: string },
): JournalEntry {
  const { outRefundNo, totalFee, refundFee, refundCurrency: currency } = request;
  return entry('refund-enqueued', now, {
    ...{ by: 'refund', ...actor, ...order, outRefundNo, totalFee, refundFee, notBefore },
    ...(currency !== undefined && { currency }),
  });
}

function otherParts(outTradeNo: string): DurableOrdersError {
  const message = `Other refunds of order ${outTradeNo} are stored at the same time: call again. Nothing was stored.`;
  return new DurableOrdersError('WECHATPAY_ORDER_BUSY', message, { outcome: 'not-sent' });
}

/** @throws {WechatPayRequestError} one that only this transaction sees, or that is gone by now. */
async function readDuplicate({ store }: Orders, id: string, outRefundNo: string): Promise<DurableRefund> {
  const row = await store.get(id);
  if (row && isRefund(row)) return row;
  throw new WechatPayRequestError('outRefundNo', `${outRefundNo} is stored in this transaction already.`);
}

function isSameTransaction(
  known: DurableRefund | undefined,
  { transactionId, outTradeNo }: RefundOrderRequest,
): known is DurableRefund {
  if (!known || transactionId === undefined) return false;
  const { order } = known;
  return transactionId === order.transactionId && (outTradeNo === undefined || outTradeNo === order.outTradeNo);
}

/** Of these a message tells the values. */
const TOLD: readonly string[] = ['totalFee', 'refundFee', 'refundCurrency'];

/**
 * The refund that is there, asked for again.
 *
 * @throws {WechatPayRequestError} another refund under its number.
 */
function sameRefund(
  known: DurableRefund,
  request: RefundOrderRequest,
  { outTradeNo }: DurableRefundData['order'],
): DurableRefund {
  const remedy = 'One number is one refund: take another outRefundNo for another one.';
  if (known.status === 'cancelled') {
    throw new WechatPayRequestError('outRefundNo', `is of a refund that was called off before it was sent. ${remedy}`);
  }
  if (known.order.outTradeNo !== outTradeNo) {
    const field = request.outTradeNo === undefined ? 'transactionId' : 'outTradeNo';
    const problem = `is of order ${outTradeNo}, and this number was stored as a refund of order ${known.order.outTradeNo}. ${remedy}`;
    throw new WechatPayRequestError(field, problem);
  }
  const stored = requestOf(known);
  for (const name of Object.keys(REFUND_ORDER.properties) as (keyof RefundOrderRequest)[]) {
    if (name === 'outTradeNo' || name === 'transactionId' || (request[name] ?? '') === (stored[name] ?? '')) continue;
    const problem = TOLD.includes(name)
      ? `is ${request[name] ?? 'absent'}, and this number was stored with ${stored[name] ?? 'none'}.`
      : 'is not what was stored under this number.';
    throw new WechatPayRequestError(name, `${problem} ${remedy}`);
  }
  return known;
}
