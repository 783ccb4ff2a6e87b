import { Refusal } from '../gateway/refusal.js';
import { commonFields, type Endpoint } from './endpoint.js';
import { subMerchantOf } from './find-order.js';

const earliestMs = 5 * 60_000;

/**
 * Close Order: nobody can pay the order any more. By the merchant's own number only, and not for Quick Pay.
 *
 * @see {@link https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/NativePay/chapter8_3.shtml | Close Order}
 */
export const closeOrder: Endpoint = {
  path: '/pay/closeorder',
  hasRecall: false,
  codes: {
    missingField: 'LACK_PARAMS',
    notXml: 'XML_FORMAT_ERROR',
    notUtf8: 'NOT_UTF8',
    unknownMerchant: 'MCHID_NOT_EXIST',
    foreignApp: 'APPID_MCHID_NOT_MATCH',
  },
  fields: { ...commonFields, out_trade_no: { maxLength: 32, required: true } },
  judge({ fields, merchant, orders, clock, enforceCloseDelay }) {
    const order = orders.find(fields.out_trade_no ?? '', merchant.merchantId, subMerchantOf(fields));
    if (order === undefined) throw new Refusal('ORDERNOTEXIST');
    if (order.particulars.authCode !== undefined)
      throw new Refusal('TRADE_STATE_ERROR', 'a Quick Pay order is reversed');
    if (order.state === 'paid' || order.tradeState === 'REFUND') throw new Refusal('ORDERPAID');
    if (order.state !== 'not-paid' && order.state !== 'user-paying') throw new Refusal('ORDERCLOSED');
    const now = clock.now();
    // The pages ask for 5 min and name no answer to a call that comes sooner.
    if (enforceCloseDelay && now - order.facts.createdAt.getTime() < earliestMs) {
      throw new Refusal('TRADE_STATE_ERROR', 'an order can be closed from 5 min after it was created');
    }
    return {
      fields: { result_code: 'SUCCESS' },
      commit: () => {
        order.close(new Date(now));
      },
    };
  },
};
