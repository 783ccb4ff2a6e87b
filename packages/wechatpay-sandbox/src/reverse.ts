import { commonFields, type Call, type Endpoint } from './endpoint.js';
import type { Order } from './orders.js';
import { Refusal } from './refusal.js';

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
    const order = findOrder(call);
    const ageMs = call.clock.now() - order.createdAt.getTime();
    if (ageMs > latestMs) throw new Refusal('REVERSE_EXPIRE');
    // The page asks for 15 s and names no answer to a call that comes sooner.
    if (call.enforceRevokeDelay && ageMs < earliestMs) {
      throw new Refusal('INVALID_REQUEST', 'an order can be revoked from 15 s after it was created', true);
    }
    if (order.state === 'user-paying') throw new Refusal('USERPAYING');

    return {
      fields: {
        result_code: 'SUCCESS',
        recall: 'N',
        ...(order.rate !== undefined && { rate: order.rate }),
      },
      commit: () => {
        call.orders.revoke(order);
      },
    };
  },
};

/** transaction_id goes before out_trade_no. An order of somebody else is as unknown as one that never was. */
function findOrder({ fields, merchant, orders }: Call): Order {
  const { transaction_id: transactionId = '', out_trade_no: outTradeNo = '' } = fields;
  const subMerchantId = fields.sub_mch_id === '' ? undefined : fields.sub_mch_id;
  if (transactionId !== '') {
    const order = orders.getByTransactionId(transactionId);
    if (order?.merchantId === merchant.merchantId && order.subMerchantId === subMerchantId) return order;
    throw new Refusal('INVALID_TRANSACTIONID');
  }
  if (outTradeNo === '') throw new Refusal('PARAM_ERROR', 'transaction_id or out_trade_no is required');
  const order = orders.get(outTradeNo, merchant, subMerchantId);
  // The page has no code for this. Of its two, "check whether the request parameters are correct" fits best.
  if (order === undefined) throw new Refusal('INVALID_REQUEST', 'out_trade_no is unknown');
  return order;
}
