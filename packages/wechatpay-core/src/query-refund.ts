import type { CallOptions, Operation, VerifiedReply, WechatPayClient } from './client.js';
import { WechatPayRequestError, WechatPayResponseError } from './errors.js';
import { fromFields, indexedFrom, numbersFrom, timesFrom, toFields, type FieldMap } from './fields.js';
import { couponsFrom, replyBase, REQUEST_ERROR_CODES, row, type Coupon, type ReplyBase } from './payment.js';
import type { Fields } from './sign.js';

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
  /** `SUCCESS`, `PROCESSING`, `REFUNDCLOSE`, `CHANGE` (send it again by hand), or the older `FAIL`; others may come. */
  readonly refundStatus?: string;
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
  return client.call(QUERY_REFUND, request, options);
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

function toResult(reply: VerifiedReply): QueryRefundResult {
  const refunds = indexedFrom(reply, INDEXED).map((fields, index) => ({
    ...fromFields(fields, {
      refundId: 'refund_id',
      outRefundNo: 'out_refund_no',
      refundChannel: 'refund_channel',
      refundStatus: 'refund_status',
      refundAccount: 'refund_account',
      refundReceivingAccount: 'refund_recv_accout',
    }),
    ...numbersFrom(fields, {
      refundFee: 'refund_fee',
      settlementRefundFee: 'settlement_refund_fee',
      couponRefundFee: 'coupon_refund_fee',
    }),
    ...timesFrom(fields, { succeededAt: 'refund_success_time' }),
    coupons: couponsFrom(reply, [`coupon_refund_id_${index}`, `coupon_type_${index}`, `coupon_refund_fee_${index}`]),
  }));
  const { refundCount = refunds.length, ...numbers } = numbersFrom(reply, {
    refundCount: 'refund_count',
    totalRefundCount: 'total_refund_count',
    totalFee: 'total_fee',
    settlementTotalFee: 'settlement_total_fee',
    cashFee: 'cash_fee',
  });
  if (refundCount !== refunds.length) {
    throw new WechatPayResponseError(`the reply tells of ${refunds.length} refunds, and its refund_count is another.`);
  }
  return {
    ...replyBase(reply),
    ...fromFields(reply, {
      transactionId: 'transaction_id',
      outTradeNo: 'out_trade_no',
      currency: 'fee_type',
      rate: 'rate',
    }),
    ...numbers,
    refundCount,
    refunds,
  };
}
