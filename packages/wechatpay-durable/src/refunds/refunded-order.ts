import {
  isWechatPayError,
  queryOrder,
  WechatPayRequestError,
  type RefundOrderRequest,
  type WechatPayClient,
} from 'wechatpay-core';
import { DurableOrdersError } from '../errors.js';
import { orderOf } from '../ends.js';
import type { Orders } from '../orders.js';
import { isRefund } from '../stores/kinds.js';
import { requestOf } from './refund-rows.js';
import type { DurableRefundData, DurableRow } from '../stores/store.js';

/**
 * Which order a refund is of: its parts are held together by `outTradeNo`, so that two parts cannot pass each other by two names of
 * one order. Where only the transaction is given, and nothing is stored of it, WeChat Pay is asked.
 *
 * @throws {WechatPayRequestError} two numbers that are of two orders.
 * @throws {DurableOrdersError} `WECHATPAY_ORDER_NOT_KNOWN`: it could not be asked; nothing was stored, and nothing sent.
 */
export async function orderOfRefund(
  { store }: Pick<Orders, 'store'>,
  client: WechatPayClient,
  request: RefundOrderRequest,
): Promise<DurableRefundData['order']> {
  const { transactionId, outTradeNo, subMerchantId } = request;
  if (transactionId === undefined) return { outTradeNo: request.outTradeNo };
  const rows = await store.find({ transactionId, merchantId: client.merchantId });
  const numbers = new Set(rows.filter((row) => subMerchantOf(row) === subMerchantId).map(numberOf));
  const [only = ''] = numbers;
  const found = numbers.size === 1 && only !== '' ? only : await ask(client, request, transactionId);
  if (outTradeNo !== undefined && outTradeNo !== found) {
    const problem = `is of order ${found}, and outTradeNo is ${outTradeNo}. Give one of them, or those of one order.`;
    throw new WechatPayRequestError('transactionId', problem);
  }
  return { outTradeNo: found, transactionId };
}

async function ask(
  client: WechatPayClient,
  { subMerchantId, subAppId }: RefundOrderRequest,
  transactionId: string,
): Promise<string> {
  try {
    const { outTradeNo } = await queryOrder(client, { transactionId, subMerchantId, subAppId });
    if (outTradeNo !== undefined) return outTradeNo;
  } catch (cause) {
    if (!isWechatPayError(cause)) throw cause;
    throw notKnown(transactionId, `Query Order failed: ${cause.message}`, cause);
  }
  throw notKnown(transactionId, 'Query Order did not tell its order.');
}

function notKnown(transactionId: string, why: string, cause?: unknown): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_ORDER_NOT_KNOWN',
    `Which order transaction ${transactionId} is of is not known: ${why} Nothing was stored, and nothing sent. ` +
      'Give outTradeNo beside it, or call again.',
    { cause, outcome: 'not-sent' },
  );
}

function numberOf(row: DurableRow): string {
  return isRefund(row) ? row.order.outTradeNo : orderOf(row).outTradeNo;
}

function subMerchantOf(row: DurableRow): string | undefined {
  return isRefund(row) ? requestOf(row).subMerchantId : orderOf(row).subMerchantId;
}
