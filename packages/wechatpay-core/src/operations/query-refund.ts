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
import { REQUEST_ERROR_CODES, row } from './error-codes.js';

/** Which refunds: those of an order, or one. Where several are given, WeChat Pay goes by the first of this list. */
export interface QueryRefundRequest {
  /** WeChat Pay's number of the refund. */
  readonly refundId?: string | undefined;
  /** The merchant's number of the refund. */
  readonly outRefundNo?: string | undefined;
  readonly transactionId?: string | undefined;
  readonly outTradeNo?: string | undefined;
  /** Skips so many refunds of an order that has more than 10: 10 gives the 11th and on. */
  readonly offset?: number | undefined;
  /** `sub_mch_id`, institutional mode. Overrides the client's. */
  readonly subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. Overrides the client's. */
  readonly subAppId?: string | undefined;
}

/**
 * How a refund stands.
 *
 * - `SUCCESS`: the customer has the money. `PROCESSING`: on its way.
 * - `REFUNDCLOSE`, and the older `FAIL`: it failed; nothing was returned.
 * - `CHANGE`: the customer's account is gone; return the money by other means.
 */
export type RefundStatus = (typeof REFUND_STATUSES)[number];

const REFUND_STATUSES = ['SUCCESS', 'PROCESSING', 'REFUNDCLOSE', 'CHANGE', 'FAIL'] as const;

/** How one refund stands. Amounts are in the minor unit of the order's currency. */
export interface RefundDetail {
  readonly refundId?: string;
  readonly outRefundNo?: string;
  /** `ORIGINAL`, `BALANCE` and others. */
  readonly refundChannel?: string;
  readonly refundFee?: number;
  readonly settlementRefundFee?: number;
  readonly couponRefundFee?: number;
  readonly coupons: readonly Coupon[];
  readonly refundStatus?: RefundStatus;
  readonly refundAccount?: string;
  /** `refund_recv_accout`, so spelled: where the money goes. */
  readonly refundReceivingAccount?: string;
  /** `refund_success_time` */
  readonly succeededAt?: Date;
}

/** A verified answer. */
export interface QueryRefundResult extends ReplyBase {
  readonly transactionId?: string;
  readonly outTradeNo?: string;
  readonly totalFee?: number;
  readonly settlementTotalFee?: number;
  /** `fee_type`, ISO 4217. */
  readonly currency?: string;
  readonly cashFee?: number;
  readonly rate?: string;
  /** `refund_count`: how many refunds this answer has. */
  readonly refundCount: number;
  /** `total_refund_count`: how many the order has. */
  readonly totalRefundCount?: number;
  readonly refunds: readonly RefundDetail[];
}

const REQUEST: FieldMap<keyof QueryRefundRequest> = {
  refundId: ['refund_id', 32],
  outRefundNo: ['out_refund_no', 32],
  transactionId: ['transaction_id', 32],
  outTradeNo: ['out_trade_no', 32],
  offset: ['offset', 'count'],
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

/** Query Refund: its outcome is about the question, not about the money. */
export const QUERY_REFUND: Operation<QueryRefundRequest, QueryRefundResult> = {
  name: 'Query Refund',
  path: '/pay/refundquery',
  isUrgent: true,
  properties: propertiesOf(REQUEST),
  toFields: toQueryRefundFields,
  toResult,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    SYSTEMERROR: row('System error', 'Query again', 'unknown', 'retry-later'),
    REFUNDNOTEXIST: row('The refund does not exist', 'Check the number', 'rejected', 'fix-request'),
    INVALID_TRANSACTIONID: row('Invalid transaction_id', 'Check transaction_id', 'rejected', 'fix-request'),
    FREQUENCY_LIMITED: row('Too many queries', 'Query more slowly', 'rejected', 'retry-later'),
  },
};

/**
 * Asks how refunds stand. Shows no client certificate.
 *
 * @param request one of `refundId`, `outRefundNo`, `transactionId`, `outTradeNo` (at most 32 characters each).
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal, as `REFUNDNOTEXIST`.
 * @throws {WechatPayTransportError | WechatPayGatewayError | WechatPaySignatureError | WechatPayResponseError} no answer that
 *   can be trusted.
 * @see https://wechatpay.im/openapi/v2/pay/refundquery
 */
export async function queryRefund(
  client: WechatPayClient,
  request: QueryRefundRequest,
  options?: CallOptions,
): Promise<QueryRefundResult> {
  return callThrough(client, QUERY_REFUND, request, options);
}

function toQueryRefundFields(request: QueryRefundRequest): Fields {
  const fields = toFields(request, REQUEST);
  if (!fields.refund_id && !fields.out_refund_no && !fields.transaction_id && !fields.out_trade_no) {
    const problem = 'is missing, and so are refundId, transactionId and outTradeNo; give one of the four.';
    throw new WechatPayRequestError('outRefundNo', problem);
  }
  return fields;
}

const INDEXED = [
  'refund_id',
  'out_refund_no',
  'refund_channel',
  'refund_fee',
  'settlement_refund_fee',
  'coupon_refund_fee',
  'refund_status',
  'refund_account',
  'refund_recv_accout',
  'refund_success_time',
];

function toResult(reply: VerifiedReply, sent: Fields): QueryRefundResult {
  const reader = new ReplyReader(reply);
  const listed = reader.count(INDEXED);
  const { refundCount = listed, totalRefundCount } = reader.numbers({
    refundCount: 'refund_count',
    totalRefundCount: 'total_refund_count',
  });
  if (refundCount !== listed) {
    throw unbelievable(`lists ${listed} refunds, and its refund_count is ${refundCount}`);
  }
  assertIdentified(reply, ['transaction_id', 'out_trade_no']);
  // WeChat Pay goes by the first that was asked for: of that refund alone may the reply tell.
  const asked = ['refund_id', 'out_refund_no'].find((name) => sent[name]);
  if (asked !== undefined) assertIdentified(reply, [`${asked}_0`]);
  const refunds = Array.from({ length: listed }, (_, index) => {
    if (asked !== undefined && reply[`${asked}_${index}`] !== sent[asked])
      throw unbelievable(`is about another ${asked}`);
    return refundFrom(reply, reader, index);
  });
  // Each counts once: a sum over them says how much was returned.
  if (new Set(refunds.map(({ refundId }) => refundId)).size < listed) throw unbelievable('lists a refund twice');
  return {
    ...replyBase(reply, reader),
    ...reader.texts({ transactionId: 'transaction_id', outTradeNo: 'out_trade_no', rate: 'rate' }),
    ...reader.currencies({ currency: 'fee_type' }),
    ...reader.numbers({ totalFee: 'total_fee', settlementTotalFee: 'settlement_total_fee', cashFee: 'cash_fee' }),
    refundCount,
    ...(totalRefundCount !== undefined && { totalRefundCount }),
    refunds,
    ...reader.unreadable,
  };
}

function refundFrom(reply: VerifiedReply, reader: ReplyReader, index: number): RefundDetail {
  const nth = (name: string): string => `${name}_${index}`;
  // Without its amount or its state a refund would count as none, and be made again.
  assertIdentified(reply, [nth('refund_id'), nth('out_refund_no'), nth('refund_fee'), nth('refund_status')]);
  return {
    ...reader.texts({
      refundId: nth('refund_id'),
      outRefundNo: nth('out_refund_no'),
      refundChannel: nth('refund_channel'),
      refundAccount: nth('refund_account'),
      refundReceivingAccount: nth('refund_recv_accout'),
    }),
    ...reader.choices({ refundStatus: nth('refund_status') }, REFUND_STATUSES),
    ...reader.numbers({
      refundFee: nth('refund_fee'),
      settlementRefundFee: nth('settlement_refund_fee'),
      couponRefundFee: nth('coupon_refund_fee'),
    }),
    ...reader.times({ succeededAt: nth('refund_success_time') }),
    coupons: couponsFrom(reader, [nth('coupon_refund_id'), nth('coupon_type'), nth('coupon_refund_fee')]),
  };
}

function unbelievable(problem: string): WechatPayResponseError {
  return new WechatPayResponseError(`the reply ${problem}. How the refunds stand is unknown: query again.`);
}
