import { callThrough } from '../call/call-through.js';
import { propertiesOf, toFields, type FieldMap } from '../call/fields.js';
import type { Properties } from '../call/given.js';
import { type CallOptions, type Operation } from '../call/operation.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { VerifiedReply } from '../call/reply.js';
import type { Fields } from '../call/sign.js';
import type { WechatPayClient } from '../client.js';
import { WechatPayRequestError, WechatPayResponseError } from '../errors.js';
import { REQUEST_ERROR_CODES, row } from './error-codes.js';
import { assertOrderCreatedAt } from './order-identity.js';
import { refundFieldOf, replyBase, type ReplyBase } from './payment.js';

/** The order to close. WeChat Pay takes the merchant's own number only. */
export interface CloseOrderRequest {
  /** The merchant's own order number; at most 32 characters. */
  readonly outTradeNo: string;
  /** When the order was created. Where it is given, a close earlier than {@link CLOSE_NOT_BEFORE_MS} after it is refused here. */
  readonly orderCreatedAt?: Date | undefined;
  /** `sub_mch_id`, institutional mode. Overrides the client's. */
  readonly subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. Overrides the client's. */
  readonly subAppId?: string | undefined;
}

/** A verified answer with `result_code` SUCCESS. It names no order: query the order to prove that it is closed. */
export type CloseOrderResult = ReplyBase;

/** Close Order "cannot be called immediately after the order is generated. The minimum call interval is 5 minutes." */
export const CLOSE_NOT_BEFORE_MS = 5 * 60 * 1000;

const REQUEST: FieldMap<Exclude<keyof CloseOrderRequest, 'orderCreatedAt'>> = {
  outTradeNo: ['out_trade_no', 32],
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

const PROPERTIES: Properties<keyof CloseOrderRequest> = { ...propertiesOf(REQUEST), orderCreatedAt: 'orderCreatedAt' };

/** Close Order. A code that is not here is `unknown`: the order may be closed, and may be paid. */
export const CLOSE_ORDER: Operation<CloseOrderRequest, CloseOrderResult> = {
  name: 'Close Order',
  path: '/pay/closeorder',
  isUrgent: true,
  properties: PROPERTIES,
  toFields: toCloseFields,
  toResult,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    // Not closed by this call: the customer has paid. What was paid is for a query to say.
    ORDERPAID: row('The order is paid', 'Query the order: it is paid', 'rejected', 'query-order'),
    SYSTEMERROR: row('System error', 'Call again', 'unknown', 'retry-later'),
    ORDERNOTEXIST: row('The order does not exist', 'Query the order', 'rejected', 'query-order'),
    // By an earlier call, perhaps this one: nothing is left to do but to prove it.
    ORDERCLOSED: row('The order is closed', 'Query the order: it is closed', 'rejected', 'query-order'),
    TRADE_STATE_ERROR: row('The state of the order does not allow it', 'Query the order', 'rejected', 'query-order'),
  },
};

/**
 * Closes an order of Unified Order that is not paid, so that nobody can pay it any more. Shows no client certificate.
 *
 * Not earlier than 5 min after the order was created, and not for Quick Pay, where an order is reversed. The customer may pay between
 * the last query and this call: `ORDERPAID` says so. A payment that was begun before can still arrive after a success: query the
 * order once more later.
 *
 * @returns the verified answer.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal: `errorCode` ORDERPAID means that it is paid, ORDERCLOSED that it is closed.
 * @throws {WechatPayTransportError} no usable answer: look at `outcome`; the order may be closed. Closing again is safe.
 * @throws {WechatPayGatewayError | WechatPaySignatureError | WechatPayResponseError} an answer that cannot be trusted: query the
 *   order.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/NativePay/chapter8_3.shtml
 * @example await closeOrder(client, { outTradeNo, orderCreatedAt });
 */
export async function closeOrder(
  client: WechatPayClient,
  request: CloseOrderRequest,
  options?: CallOptions,
): Promise<CloseOrderResult> {
  return callThrough(client, CLOSE_ORDER, request, options);
}

function toCloseFields(request: CloseOrderRequest, now: () => number): Fields {
  const fields = toFields(request, REQUEST, ['outTradeNo']);
  const createdAt = assertOrderCreatedAt(request.orderCreatedAt);
  if (createdAt !== undefined && now() < createdAt + CLOSE_NOT_BEFORE_MS) {
    throw new WechatPayRequestError(
      'orderCreatedAt',
      `is less than 5 min ago; close at ${new Date(createdAt + CLOSE_NOT_BEFORE_MS).toISOString()} or later.`,
      { advice: 'retry-later' },
    );
  }
  return fields;
}

/** The answer names no order, as Revoke Order's; what another page's answer has shows that it is not this one. */
function toResult(reply: VerifiedReply): CloseOrderResult {
  const foreign =
    ['trade_state', 'recall', 'prepay_id', 'total_fee'].find((name) => reply[name]) ?? refundFieldOf(reply);
  if (foreign !== undefined) {
    throw new WechatPayResponseError(
      `the reply has ${foreign} and is the answer of another API. Its outcome is unknown: query the order.`,
    );
  }
  return replyBase(reply, new ReplyReader(reply));
}
