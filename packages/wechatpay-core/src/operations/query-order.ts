import { callThrough } from '../call/call-through.js';
import type { WechatPayClient } from '../client.js';
import { assertIdentified } from '../call/deciding.js';
import { WechatPayResponseError } from '../errors.js';
import { paymentFrom, replyBase, type Payment, type ReplyBase } from './payment.js';
import type { VerifiedReply } from '../call/reply.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { Fields } from '../call/sign.js';
import { type CallOptions, type Operation } from '../call/operation.js';
import { identifyOrder, ORDER_PROPERTIES, type OrderRequest } from './order-identity.js';
import { REQUEST_ERROR_CODES, row } from './error-codes.js';

/** The order to ask for. */
export type QueryOrderRequest = OrderRequest;

/**
 * How an order stands.
 *
 * - `SUCCESS`: paid. `REFUND`: paid, and refunded in whole or in part.
 * - `NOTPAY`: not paid. `USERPAYING`: the customer is asked for a password. `ACCEPT`: accepted, and waits for its deduction.
 * - `CLOSED`, `REVOKED`: nothing can be paid any more.
 * - `PAYERROR`: the payment failed. Not final: reverse the order.
 */
export type TradeState = (typeof TRADE_STATES)[number];

const TRADE_STATES = ['SUCCESS', 'REFUND', 'NOTPAY', 'CLOSED', 'REVOKED', 'USERPAYING', 'PAYERROR', 'ACCEPT'] as const;

/** A verified answer. That the query worked says nothing about the payment: `tradeState` does. */
export interface QueryOrderResult extends ReplyBase, Payment {
  readonly tradeState: TradeState;
  /** `trade_state_desc` */
  readonly tradeStateDescription?: string;
}

/** Query Order: its outcome is about the question, not about the money. */
export const QUERY_ORDER: Operation<QueryOrderRequest, QueryOrderResult> = {
  name: 'Query Order',
  path: '/pay/orderquery',
  isUrgent: true,
  properties: ORDER_PROPERTIES,
  toFields: identifyOrder,
  toResult,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    // Right after a Quick Pay without an answer, the order may not be there yet.
    ORDERNOTEXIST: row('The order does not exist', 'Check the order number', 'rejected', 'fix-request'),
    SYSTEMERROR: row('System error', 'Query again', 'unknown', 'retry-later'),
    FREQUENCY_LIMITED: row('Too many queries', 'Query more slowly', 'rejected', 'retry-later'),
  },
};

/**
 * Asks how an order stands. Shows no client certificate.
 *
 * @param request at least one of `transactionId`, `outTradeNo` (at most 32 characters each); WeChat Pay prefers the first. Give
 *   `outTradeNo`: of an order that is not paid, the reply names no `transaction_id`, and by that alone it is not believed.
 * @returns the verified answer; the order's state is `tradeState`.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal, as `ORDERNOTEXIST`.
 * @throws {WechatPayResponseError} an answer with a state that is not documented, or that does not name the order, among others.
 * @throws {WechatPayTransportError | WechatPayGatewayError | WechatPaySignatureError} no answer that can be trusted.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658530
 */
export async function queryOrder(
  client: WechatPayClient,
  request: QueryOrderRequest,
  options?: CallOptions,
): Promise<QueryOrderResult> {
  return callThrough(client, QUERY_ORDER, request, options);
}

function toResult(reply: VerifiedReply, sent: Fields): QueryOrderResult {
  const reader = new ReplyReader(reply);
  const { tradeState } = reader.choices({ tradeState: 'trade_state' }, TRADE_STATES);
  if (tradeState === undefined) {
    throw new WechatPayResponseError('the reply has no trade_state: how the order stands is unknown. Query it again.');
  }
  assertIdentified(reply, tradeState === 'SUCCESS' ? ['out_trade_no', 'transaction_id'] : ['out_trade_no']);
  // The page returns transaction_id of a paid order alone. Any other cannot be told from another merchant order by it.
  if (!sent.out_trade_no && !reply.transaction_id) {
    throw new WechatPayResponseError(
      'the reply has no transaction_id, so that it may be about another order: WeChat Pay gives it of paid orders only. ' +
        'Query by outTradeNo.',
    );
  }
  return {
    ...replyBase(reply, reader),
    ...paymentFrom(reader),
    tradeState,
    ...reader.texts({ tradeStateDescription: 'trade_state_desc' }),
    ...reader.unreadable,
  };
}
