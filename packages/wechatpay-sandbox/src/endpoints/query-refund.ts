import { Refusal } from '../gateway/refusal.js';
import type { OrderEntry } from '../orders/order-entry.js';
import type { Refund } from '../orders/order.js';
import type { Fields } from '../wire/xml.js';
import { commonFields, type Call, type Endpoint } from './endpoint.js';
import { findOrder } from './find-order.js';
import { readableTime } from './payment.js';
import { findRefund } from './refund.js';

/** How many refunds of an order one reply tells of. */
const pageSize = 10;

/**
 * Query Refund: what has become of an order's refunds, ten at a time, or of one refund.
 *
 * @see {@link https://wechatpay.im/openapi/v2/pay/refundquery | Query Refund}
 */
export const queryRefund: Endpoint = {
  path: '/pay/refundquery',
  hasRecall: false,
  fields: {
    ...commonFields,
    transaction_id: { maxLength: 32 },
    out_trade_no: { maxLength: 32 },
    out_refund_no: { maxLength: 32 },
    refund_id: { maxLength: 32 },
    offset: { maxLength: 9, format: /^\d+$/ },
  },
  judge(call) {
    const { order, refunds } = findRefunds(call);
    const { facts } = order;
    return {
      fields: {
        result_code: 'SUCCESS',
        transaction_id: facts.transactionId,
        out_trade_no: facts.outTradeNo,
        total_fee: String(facts.totalFee),
        fee_type: facts.currency,
        cash_fee: String(facts.totalFee),
        cash_fee_type: facts.currency,
        ...(facts.rate !== undefined && { rate: facts.rate }),
        total_refund_count: String(order.refunds.length),
        refund_count: String(refunds.length),
        ...Object.fromEntries(refunds.flatMap((refund, index) => Object.entries(numbered(refund, index, call)))),
      },
    };
  },
};

/** Of the four numbers the narrowest counts, in the order that the page gives. */
function findRefunds(call: Call): { order: OrderEntry; refunds: readonly Refund[] } {
  const { refund_id: refundId = '', out_refund_no: outRefundNo = '', transaction_id, out_trade_no } = call.fields;
  if (refundId !== '' || outRefundNo !== '') {
    const found = refundId === '' ? findRefund(call, outRefundNo) : findRefund(call, refundId, 'refundId');
    if (found === undefined) throw new Refusal('REFUNDNOTEXIST');
    return { order: found.order, refunds: [found.refund] };
  }
  if ((transaction_id ?? '') === '' && (out_trade_no ?? '') === '') {
    throw new Refusal('PARAM_ERROR', 'refund_id, out_refund_no, transaction_id or out_trade_no is required');
  }
  const order = findOrder(call, {
    transactionId: () => new Refusal('INVALID_TRANSACTIONID'),
    outTradeNo: () => new Refusal('REFUNDNOTEXIST'),
  });
  if (order.refunds.length === 0) throw new Refusal('REFUNDNOTEXIST');
  const offset = Number(call.fields.offset ?? 0);
  if (offset > order.refunds.length) throw new Refusal('PARAM_ERROR', 'offset is beyond the last refund');
  return { order, refunds: order.refunds.slice(offset, offset + pageSize) };
}

function numbered({ outRefundNo, refundId, amount, at }: Refund, n: number, { clock, refundDelayMs }: Call): Fields {
  const succeedsAt = at.getTime() + refundDelayMs;
  const isDone = clock.now() >= succeedsAt;
  return {
    [`out_refund_no_${n}`]: outRefundNo,
    [`refund_id_${n}`]: refundId,
    [`refund_channel_${n}`]: 'ORIGINAL',
    [`refund_fee_${n}`]: String(amount),
    [`refund_status_${n}`]: isDone ? 'SUCCESS' : 'PROCESSING',
    // So spelled.
    [`refund_recv_accout_${n}`]: 'balance of the user',
    ...(isDone && { [`refund_success_time_${n}`]: readableTime(new Date(succeedsAt)) }),
  };
}
