import { Refusal } from '../gateway/refusal.js';
import type { TradeState } from '../orders/order.js';
import type { Fields } from '../wire/xml.js';
import { commonFields, type Endpoint } from './endpoint.js';
import { findOrder } from './find-order.js';
import { paymentFields } from './payment.js';

const descriptions: Readonly<Record<TradeState, string>> = {
  SUCCESS: 'Payment successful',
  REFUND: 'The order has refunds: query them for details',
  NOTPAY: 'The order has not been paid',
  CLOSED: 'The order has been closed',
  REVOKED: 'The order has been reversed',
  USERPAYING: 'The user is paying, a password is needed',
  PAYERROR: 'Payment failed, please revoke the order',
};

/**
 * Query Order: how an order stands. `result_code` says only that the query worked; the order's state is `trade_state`.
 *
 * @see {@link https://pay.weixin.qq.com/doc/global/v2/en/4013658530 | Query Order}
 */
export const queryOrder: Endpoint = {
  path: '/pay/orderquery',
  hasRecall: false,
  fields: {
    ...commonFields,
    transaction_id: { maxLength: 32 },
    out_trade_no: { maxLength: 32 },
  },
  judge(call) {
    const order = findOrder(call, {
      transactionId: () => new Refusal('ORDERNOTEXIST'),
      outTradeNo: () => new Refusal('ORDERNOTEXIST'),
    });
    const { facts, particulars, paidAt, tradeState } = order;
    // Of an order that was not paid, or whose payment is void, the page returns the merchant's own words only.
    const isPaid = tradeState === 'SUCCESS' || tradeState === 'REFUND';
    const known: Fields =
      isPaid && paidAt !== undefined
        ? paymentFields(facts, particulars, paidAt)
        : { out_trade_no: facts.outTradeNo, ...(particulars.attach !== undefined && { attach: particulars.attach }) };
    return {
      fields: {
        result_code: 'SUCCESS',
        ...known,
        trade_state: tradeState,
        trade_state_desc: descriptions[tradeState],
      },
      commit: () => {
        order.countQuery(new Date(call.clock.now()));
      },
    };
  },
};
