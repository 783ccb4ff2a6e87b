import type { VerifiedReply } from '../call/reply.js';
import type { ReplyReader } from '../call/reply-reader.js';

// What Submit Quick Pay, Query Order and the refunds have in common.

/** In every verified reply. */
export interface ReplyBase {
  readonly appId: string;
  readonly merchantId: string;
  readonly subAppId?: string;
  readonly subMerchantId?: string;
  /**
   * Every verified field of the reply by its wire name, without `sign`; also those that no page lists, and those that are
   * `unreadable`. One without a value takes no part in the signature: anybody on the way may have added it.
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

/** The first field that only the answers of the refund pages have: what has it is no word that an order is paid. */
export function refundFieldOf(reply: VerifiedReply): string | undefined {
  return ['refund_id', 'out_refund_no', 'refund_fee', 'refund_count'].find((name) => reply[name]);
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
