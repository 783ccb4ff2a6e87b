import type { VerifiedReply } from '../call/reply.js';
import type { ReplyReader } from '../call/reply-reader.js';
import { type ErrorCodes } from '../advice.js';

// What Submit Quick Pay, Query Order and the refunds have in common.

/** In every verified reply. */
export interface ReplyBase {
  readonly appId: string;
  readonly merchantId: string;
  readonly subAppId?: string;
  readonly subMerchantId?: string;
  /**
   * Every verified field of the reply by its wire name, without `sign`; also those that no page lists, and those that are
   * `unreadable`.
   */
  readonly raw: Readonly<Record<string, string>>;
  /**
   * The wire names of fields that only inform (a time, a coupon, `settlement_total_fee`) and have no documented form: they are
   * left out above, and stay in `raw`. Absent where there is none. What decides about money is never among them.
   */
  readonly unreadable?: readonly string[];
}

/** A coupon that paid a part of an order. */
export interface Coupon {
  readonly couponId?: string;
  /** `CASH` or `NO_CASH`. */
  readonly couponType?: string;
  /** In the minor unit of the order's currency. */
  readonly couponFee?: number;
}

/** A payment. Amounts are whole numbers of the minor unit of their currency; JPY and KRW have none, so that 888 is 888. */
export interface Payment {
  readonly transactionId?: string;
  readonly outTradeNo?: string;
  /** `total_fee`: what the order costs, in `currency`. */
  readonly totalFee?: number;
  /** `fee_type`, ISO 4217, as in `HKD`. Where the gateway leaves it out, it is the currency of the request. */
  readonly currency?: string;
  /** `settlement_total_fee`: `totalFee` less the coupons that WeChat Pay does not pay out to the merchant. */
  readonly settlementTotalFee?: number;
  /** `coupon_fee` */
  readonly couponFee?: number;
  readonly coupons: readonly Coupon[];
  /** `cash_fee`: what the customer was charged, in `cashCurrency`. */
  readonly cashFee?: number;
  /** `cash_fee_type`, ISO 4217, as in `CNY`. */
  readonly cashCurrency?: string;
  /** The exchange rate to RMB times 10^8; `exchangeRate` gives the decimal. */
  readonly rate?: string;
  /** `openid`: the customer, for this `appId`. */
  readonly openId?: string;
  readonly subOpenId?: string;
  /** `is_subscribe`: whether the customer follows the Official Account. */
  readonly isSubscribed?: boolean;
  /** As in `MICROPAY`. */
  readonly tradeType?: string;
  readonly bankType?: string;
  readonly deviceInfo?: string;
  readonly attach?: string;
  /** `promotion_detail`, JSON. */
  readonly promotionDetail?: string;
  /** `time_end`: when it was paid. */
  readonly paidAt?: Date;
}

export function replyBase(reply: VerifiedReply, reader: ReplyReader): ReplyBase {
  return {
    appId: reply.appid ?? '',
    merchantId: reply.mch_id ?? '',
    ...reader.texts({ subAppId: 'sub_appid', subMerchantId: 'sub_mch_id' }),
    raw: reply,
  };
}

export function paymentFrom(reader: ReplyReader): Payment {
  return {
    ...reader.texts({
      transactionId: 'transaction_id',
      outTradeNo: 'out_trade_no',
      cashCurrency: 'cash_fee_type',
      rate: 'rate',
      openId: 'openid',
      subOpenId: 'sub_openid',
      tradeType: 'trade_type',
      bankType: 'bank_type',
      deviceInfo: 'device_info',
      attach: 'attach',
      promotionDetail: 'promotion_detail',
    }),
    ...reader.numbers({
      totalFee: 'total_fee',
      settlementTotalFee: 'settlement_total_fee',
      couponFee: 'coupon_fee',
      cashFee: 'cash_fee',
    }),
    ...reader.currencies({ currency: 'fee_type' }),
    ...reader.times({ paidAt: 'time_end' }),
    ...reader.flags({ isSubscribed: 'is_subscribe' }),
    coupons: couponsFrom(reader, ['coupon_id', 'coupon_type', 'coupon_fee']),
  };
}

/** Coupons by the three names of their fields, in that order: number, type, amount. */
export function couponsFrom(
  reader: ReplyReader,
  [id, type, fee]: readonly [string, string, string],
): readonly Coupon[] {
  return Array.from({ length: reader.count([id, type, fee]) }, (_, index) => ({
    ...reader.texts({ couponId: `${id}_${index}`, couponType: `${type}_${index}` }),
    ...reader.numbers({ couponFee: `${fee}_${index}` }),
  }));
}

export const row = (
  description: string,
  solution: string,
  outcome: ErrorCodes[string]['outcome'],
  advice: ErrorCodes[string]['advice'],
): ErrorCodes[string] => ({ description, reason: description, solution, outcome, advice });

/** The codes that every page lists for a request that is wrong as such. Nothing was done for it. */
export const REQUEST_ERROR_CODES: ErrorCodes = {
  PARAM_ERROR: row('Parameter error', 'Check the parameters', 'rejected', 'fix-request'),
  LACK_PARAMS: row('A required parameter is missing', 'Check the parameters', 'rejected', 'fix-request'),
  SIGNERROR: row('Signature error', 'Check the API key and the signature algorithm', 'rejected', 'fix-request'),
  XML_FORMAT_ERROR: row('XML format error', 'Check the XML', 'rejected', 'fix-request'),
  REQUIRE_POST_METHOD: row('Use post method', 'Submit the data by POST', 'rejected', 'fix-request'),
  POST_DATA_EMPTY: row('The post data is empty', 'Check the post data', 'rejected', 'fix-request'),
  NOT_UTF8: row('The encoding is not UTF-8', 'Encode in UTF-8', 'rejected', 'fix-request'),
  APPID_NOT_EXIST: row('The appid does not exist', 'Check the appid', 'rejected', 'fix-request'),
  MCHID_NOT_EXIST: row('The mch_id does not exist', 'Check the mch_id', 'rejected', 'fix-request'),
  APPID_MCHID_NOT_MATCH: row(
    'appid and mch_id do not match',
    'Check that they belong together',
    'rejected',
    'fix-request',
  ),
  NOAUTH: row('No permission', 'Apply for the permission on the Merchant Platform', 'rejected', 'fix-request'),
  // Also seen for a duplicate of a request that is still being worked on.
  INVALID_REQUEST: row(
    'Invalid request',
    'Check the parameters, and whether it was sent twice',
    'unknown',
    'fix-request',
  ),
};
