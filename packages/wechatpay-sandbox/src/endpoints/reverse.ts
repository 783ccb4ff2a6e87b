import { Refusal } from '../gateway/refusal.js';
import { commonFields, type Endpoint } from './endpoint.js';
import { findOrder } from './find-order.js';

const earliestMs = 15_000;
const latestMs = 7 * 24 * 60 * 60 * 1000;

/**
 * Revoke Order: a paid order is refunded, an unpaid one closed, and doing so again gives the same success.
 *
 * @see {@link https://pay.weixin.qq.com/doc/global/v2/en/4013659173 | Revoke Order}
 */
export const reverse: Endpoint = {
  path: '/secapi/pay/reverse',
  hasRecall: true,
  fields: {
    ...commonFields,
    transaction_id: { maxLength: 32 },
    out_trade_no: { maxLength: 32 },
  },
  judge(call) {
    // The page has no code for an unknown number. Of its two, "check whether the request parameters are correct" fits best.
    const order = findOrder(call, {
      transactionId: () => new Refusal('INVALID_TRANSACTIONID'),
      outTradeNo: () => new Refusal('INVALID_REQUEST', 'out_trade_no is unknown'),
    });
    // Seen of orders that are not of Quick Pay.
    if (order.product !== undefined) {
      throw new Refusal('INVALID_REQUEST', "the order's payment scene does not support this request");
    }
    const now = call.clock.now();
    const ageMs = now - order.facts.createdAt.getTime();
    if (ageMs > latestMs) throw new Refusal('REVERSE_EXPIRE');
    // The page asks for 15 s and names no answer to a call that comes sooner.
    if (call.enforceReverseDelay && ageMs < earliestMs) {
      throw new Refusal('INVALID_REQUEST', 'an order can be reversed from 15 s after it was created', true);
    }
    if (order.state === 'user-paying') throw new Refusal('USERPAYING');

    return {
      fields: {
        result_code: 'SUCCESS',
        recall: 'N',
        ...(order.facts.rate !== undefined && { rate: order.facts.rate }),
      },
      commit: () => {
        order.reverse(new Date(now));
      },
    };
  },
};
