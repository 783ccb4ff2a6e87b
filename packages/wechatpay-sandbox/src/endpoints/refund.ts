import { Refusal } from '../gateway/refusal.js';
import { newRefund, type OrderEntry } from '../orders/order-entry.js';
import type { Refund } from '../orders/order.js';
import type { Fields } from '../wire/xml.js';
import { commonFields, type Call, type Endpoint } from './endpoint.js';
import { findOrder, subMerchantOf } from './find-order.js';

const latestMs = 365 * 24 * 60 * 60 * 1000;
const mostPartialRefunds = 50;
const amount = { maxLength: 15, required: true, format: /^[1-9]\d*$/ } as const;

/**
 * Submit Refund: returns a paid order, whole or in parts. The same refund number again is the same refund again.
 *
 * @see {@link https://wechatpay.im/openapi/v2/secapi/pay/refund | Submit Refund}
 */
export const refund: Endpoint = {
  path: '/secapi/pay/refund',
  hasRecall: false,
  fields: {
    ...commonFields,
    transaction_id: { maxLength: 32 },
    out_trade_no: { maxLength: 32 },
    out_refund_no: { maxLength: 32, required: true },
    total_fee: amount,
    refund_fee: amount,
    refund_fee_type: { maxLength: 8, format: /^[A-Z]{3}$/ },
    refund_desc: { maxLength: 80 },
    refund_account: { maxLength: 30 },
    notify_url: { maxLength: 256 },
  },
  judge(call) {
    const order = findOrder(call, {
      transactionId: () => new Refusal('INVALID_TRANSACTIONID'),
      outTradeNo: () => new Refusal('ORDERNOTEXIST'),
    });
    const outRefundNo = call.fields.out_refund_no ?? '';
    const refundFee = Number(call.fields.refund_fee);
    assertAmounts(call, order, refundFee);

    const earlier = findRefund(call, outRefundNo);
    if (earlier !== undefined) {
      if (earlier.order !== order) throw new Refusal('INVALID_REQUEST', 'out_refund_no is another order’s');
      if (earlier.refund.amount !== refundFee) {
        throw new Refusal('REFUND_FEE_MISMATCH', 'refund_fee is not that of the same out_refund_no before');
      }
      return { fields: resultFields(order, earlier.refund) };
    }

    const now = call.clock.now();
    assertRefundable(order, refundFee, now);
    const refunded = newRefund(outRefundNo, refundFee, new Date(now));
    return {
      fields: resultFields(order, refunded),
      commit: () => {
        order.refund(refunded);
        call.notifications.refundAccepted(order, refunded, call);
      },
    };
  },
};

/** A refund of this merchant (and sub-merchant), by the merchant's number or by WeChat Pay's. */
export function findRefund(
  { fields, merchant, orders }: Call,
  number: string,
  of: 'outRefundNo' | 'refundId' = 'outRefundNo',
): { order: OrderEntry; refund: Refund } | undefined {
  for (const order of orders.entries()) {
    const { merchantId, subMerchantId } = order.facts;
    if (merchantId !== merchant.merchantId || subMerchantId !== subMerchantOf(fields)) continue;
    const found = order.refunds.find((candidate) => candidate[of] === number);
    if (found !== undefined) return { order, refund: found };
  }
  return undefined;
}

function assertAmounts({ fields }: Call, { facts }: OrderEntry, refundFee: number): void {
  if (Number(fields.total_fee) !== facts.totalFee) {
    throw new Refusal('REFUND_FEE_MISMATCH', 'total_fee is not that of the order');
  }
  if (refundFee > facts.totalFee) throw new Refusal('PARAM_ERROR', 'refund_fee is more than total_fee');
  const { refund_fee_type: feeType = '' } = fields;
  if (feeType !== '' && feeType !== facts.currency) {
    throw new Refusal('PARAM_ERROR', 'refund_fee_type is not the currency of the order');
  }
}

function assertRefundable(order: OrderEntry, refundFee: number, now: number): void {
  if (now - order.facts.createdAt.getTime() > latestMs) throw new Refusal('TRADE_OVERDUE');
  if (order.state !== 'paid') throw new Refusal('TRADE_STATE_ERROR');
  if (refundFee > order.remaining) throw new Refusal('INVALID_REQUEST', 'refund_fee is more than is left of the order');
  if (order.refunds.length >= mostPartialRefunds) {
    throw new Refusal('INVALID_REQUEST', `an order takes ${mostPartialRefunds} refunds`);
  }
}

function resultFields({ facts }: OrderEntry, { outRefundNo, refundId, amount: refundFee }: Refund): Fields {
  return {
    result_code: 'SUCCESS',
    transaction_id: facts.transactionId,
    out_trade_no: facts.outTradeNo,
    out_refund_no: outRefundNo,
    refund_id: refundId,
    refund_fee: String(refundFee),
    refund_fee_type: facts.currency,
    total_fee: String(facts.totalFee),
    fee_type: facts.currency,
    cash_fee: String(facts.totalFee),
    cash_fee_type: facts.currency,
    cash_refund_fee: String(refundFee),
    ...(facts.rate !== undefined && { rate: facts.rate }),
  };
}
