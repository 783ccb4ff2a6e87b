import { callThrough } from '../call/call-through.js';
import type { WechatPayClient } from '../client.js';
import { assertIdentified } from '../call/deciding.js';
import { WechatPayRequestError, WechatPayResponseError } from '../errors.js';
import { propertiesOf, toFields, type FieldMap } from '../call/fields.js';
import { couponsFrom, replyBase, type Coupon, type ReplyBase } from './payment.js';
import type { VerifiedReply } from '../call/reply.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { Fields } from '../call/sign.js';
import { type CallOptions, type Operation } from '../call/operation.js';
import { identifyOrder, ORDER_PROPERTIES, type OrderRequest } from './order-identity.js';
import { REQUEST_ERROR_CODES, row } from './error-codes.js';

// "Submit Refund" (https://pay.weixin.qq.com/doc/global/v2/zh/4013636606); the minute is the mainland page's, and enforced in v2 as FREQUENCY_LIMITED.
/** Submit Refund refunds a payment within a year: 365 days after it was paid, in milliseconds. */
export const REFUND_NOT_AFTER_MS = 365 * 24 * 60 * 60 * 1000;
/** An order is refunded in so many parts at most. */
export const MAX_REFUND_PARTS = 50;
/** From one Submit Refund of an order to the next, in milliseconds. */
export const REFUND_SPACING_MS = 60_000;

/** The payment to refund, in whole or in part. Amounts are whole numbers of the currency's minor unit. */
export type RefundOrderRequest = OrderRequest & {
  /**
   * The merchant's own number of this refund; at most 32 characters. A call whose outcome is unknown is repeated with the same
   * number and answered with the same refund; each further part takes a number of its own.
   */
  readonly outRefundNo: string;
  /** What the order costs. */
  readonly totalFee: number;
  /** What to refund; at most `totalFee`, all refunds of the order together. */
  readonly refundFee: number;
  /** `refund_fee_type`: the order's currency, ISO 4217. */
  readonly refundCurrency?: string | undefined;
  /** `refund_desc`: what the customer is told; at most 80 characters. */
  readonly refundDescription?: string | undefined;
  /** `REFUND_SOURCE_UNSETTLED_FUNDS` or `REFUND_SOURCE_RECHARGE_FUNDS`. */
  readonly refundAccount?: string | undefined;
  /** Where WeChat Pay tells of the refund's end: an absolute `https:` URL without a query; at most 256 characters. */
  readonly notifyUrl?: string | undefined;
};

/** A verified answer: the refund is accepted. Whether the money has arrived is for Query Refund to say. */
export interface RefundOrderResult extends ReplyBase {
  readonly transactionId?: string;
  readonly outTradeNo?: string;
  readonly outRefundNo: string;
  /** WeChat Pay's number of the refund. */
  readonly refundId: string;
  /** What is refunded, in the order's currency. */
  readonly refundFee?: number;
  /** `settlement_refund_fee`: `refundFee` less the coupons that WeChat Pay does not pay out to the merchant. */
  readonly settlementRefundFee?: number;
  readonly totalFee?: number;
  readonly settlementTotalFee?: number;
  /** `fee_type`, ISO 4217. */
  readonly currency?: string;
  readonly cashFee?: number;
  /** `cash_fee_type`, ISO 4217. */
  readonly cashCurrency?: string;
  /** What the customer gets in `cashCurrency`. */
  readonly cashRefundFee?: number;
  readonly couponRefundFee?: number;
  readonly coupons: readonly Coupon[];
  /** The exchange rate to RMB times 10^8; `exchangeRate` gives the decimal. */
  readonly rate?: string;
}

const REQUEST: FieldMap<Exclude<keyof RefundOrderRequest, keyof OrderRequest>> = {
  outRefundNo: ['out_refund_no', 32],
  totalFee: ['total_fee', 'amount'],
  refundFee: ['refund_fee', 'amount'],
  refundCurrency: ['refund_fee_type', 'currency'],
  refundDescription: ['refund_desc', 80],
  refundAccount: ['refund_account', 30],
  notifyUrl: ['notify_url', 'notify-url'],
};

/** Submit Refund. A code that is not here is `unknown`: repeat the call with the same `outRefundNo`. */
export const REFUND_ORDER: Operation<RefundOrderRequest, RefundOrderResult> = {
  name: 'Submit Refund',
  path: '/secapi/pay/refund',
  properties: { ...ORDER_PROPERTIES, ...propertiesOf(REQUEST) },
  toFields: toRefundFields,
  toResult,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    SYSTEMERROR: row('System error', 'Call again with the same parameters', 'unknown', 'retry-later'),
    BIZERR_NEED_RETRY: row('Too many at once', 'Call again with the same parameters', 'unknown', 'retry-later'),
    // It blocks for a minute, after errors in a row. That the call was not looked at is not said.
    INVALID_REQ_TOO_MUCH: row('Too many invalid requests', 'Call again a minute later', 'unknown', 'retry-later'),
    FREQUENCY_LIMITED: row('Too many refunds', 'Call again more slowly', 'rejected', 'retry-later'),
    INVALID_TRANSACTIONID: row('Invalid transaction_id', 'Check transaction_id', 'rejected', 'fix-request'),
    ORDERNOTEXIST: row('The order does not exist', 'Check the order number', 'rejected', 'fix-request'),
    REFUND_FEE_MISMATCH: row(
      'The same number, another amount',
      'Check outRefundNo and the amounts',
      'rejected',
      'fix-request',
    ),
    REFUND_FEE_INVALID: row('More than is left', 'Check the amounts', 'rejected', 'fix-request'),
    TRADE_OVERDUE: row('The order is older than a year', 'Return the money by other means', 'rejected', 'fix-request'),
    // "Complete refund logic" (4013665573): the pool that pays refunds is emptied each day, and fills with the next sales.
    NOTENOUGH: row(
      'The balance that pays refunds is too low',
      'Call again later with the same outRefundNo: the next sales fill it',
      'rejected',
      'retry-later',
    ),
    USER_ACCOUNT_ABNORMAL: row(
      "The customer's account is closed",
      'Return the money by other means',
      'rejected',
      'fix-request',
    ),
  },
};

/**
 * Gives a payment back, in whole or in part, within a year, in at most 50 parts.
 *
 * @returns the verified acceptance.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal: `advice` says what to do, `outcome` whether it may have happened.
 * @throws {WechatPayTransportError} no usable answer: look at `outcome`; repeat it with the same `outRefundNo`.
 * @throws {WechatPayGatewayError | WechatPaySignatureError | WechatPayResponseError} an answer that cannot be trusted: repeat it
 *   with the same `outRefundNo`.
 * @see https://wechatpay.im/openapi/v2/secapi/pay/refund
 */
export async function refundOrder(
  client: WechatPayClient,
  request: RefundOrderRequest,
  options?: CallOptions,
): Promise<RefundOrderResult> {
  return callThrough(client, REFUND_ORDER, request, options);
}

function toRefundFields(request: RefundOrderRequest): Fields {
  const fields = {
    ...identifyOrder(request),
    ...toFields(request, REQUEST, ['outRefundNo', 'totalFee', 'refundFee']),
  };
  if (request.refundFee > request.totalFee) {
    throw new WechatPayRequestError('refundFee', 'is more than totalFee; return at most what was paid.');
  }
  return fields;
}

function toResult(reply: VerifiedReply, sent: Fields): RefundOrderResult {
  assertIdentified(reply, ['refund_id', 'out_refund_no', 'transaction_id', 'out_trade_no']);
  const { refund_id: refundId = '', out_refund_no: outRefundNo = '' } = reply;
  const reader = new ReplyReader(reply);
  const { refundFee } = reader.numbers({ refundFee: 'refund_fee' });
  if (refundFee !== undefined && String(refundFee) !== sent.refund_fee) {
    throw new WechatPayResponseError(
      `the reply is about a refund_fee of ${refundFee}, not of ${sent.refund_fee ?? ''}. Its outcome is unknown: query the refund.`,
    );
  }
  return {
    ...replyBase(reply, reader),
    ...reader.texts({
      transactionId: 'transaction_id',
      outTradeNo: 'out_trade_no',
      cashCurrency: 'cash_fee_type',
      rate: 'rate',
    }),
    ...reader.currencies({ currency: 'fee_type' }),
    ...(refundFee !== undefined && { refundFee }),
    ...reader.numbers({
      settlementRefundFee: 'settlement_refund_fee',
      totalFee: 'total_fee',
      settlementTotalFee: 'settlement_total_fee',
      cashFee: 'cash_fee',
      cashRefundFee: 'cash_refund_fee',
      couponRefundFee: 'coupon_refund_fee',
    }),
    refundId,
    outRefundNo,
    coupons: couponsFrom(reader, ['coupon_refund_id', 'coupon_type', 'coupon_refund_fee']),
    ...reader.unreadable,
  };
}
