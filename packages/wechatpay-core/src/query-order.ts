import type { CallOptions, Operation, VerifiedReply, WechatPayClient } from './client.js';
import { WechatPayResponseError } from './errors.js';
import { fromFields } from './fields.js';
import { paymentFrom, replyBase, REQUEST_ERROR_CODES, row, type Payment, type ReplyBase } from './payment.js';
import { identifyOrder, type OrderRequest } from './reverse.js';

/** The order to ask for. */
export type QueryOrderRequest = OrderRequest;

/**
 * How an order stands.
 *
 * - `SUCCESS`: paid. `REFUND`: paid, and refunded in whole or in part.
 * - `NOTPAY`: not paid. `USERPAYING`: the customer is asked for a password. `ACCEPT`: accepted, and waits for its deduction.
 * - `CLOSED`, `REVOKED`: nothing can be paid any more.
 * - `PAYERROR`: the payment failed. Not final: revoke the order.
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
 * @param request at least one of `transactionId`, `outTradeNo` (at most 32 characters each); WeChat Pay prefers the first.
 * @returns the verified answer; the order's state is `tradeState`.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal, as `ORDERNOTEXIST`.
 * @throws {WechatPayResponseError} an answer with a state that is not documented, among others.
 * @throws {WechatPayTransportError | WechatPayGatewayError | WechatPaySignatureError} no answer that can be trusted.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658530
 */
export async function queryOrder(
  client: WechatPayClient,
  request: QueryOrderRequest,
  options?: CallOptions,
): Promise<QueryOrderResult> {
  return client.call(QUERY_ORDER, request, options);
}

function toResult(reply: VerifiedReply): QueryOrderResult {
  const tradeState = TRADE_STATES.find((state) => state === reply.trade_state);
  if (tradeState === undefined) {
    throw new WechatPayResponseError('the reply has no documented trade_state: how the order stands is unknown.');
  }
  return {
    ...replyBase(reply),
    ...paymentFrom(reply),
    tradeState,
    ...fromFields(reply, { tradeStateDescription: 'trade_state_desc' }),
  };
}
