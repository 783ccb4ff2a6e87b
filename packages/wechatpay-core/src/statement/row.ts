/**
 * A payment, refund or reversal of a statement.
 *
 * Amounts are whole numbers of the minor unit of their currency. What the file leaves empty, or has no column for, is undefined and
 * never 0. Nothing of a statement is signed: it informs, and moves no money.
 */
export interface StatementRow {
  /** Where the row begins in the file, from 1. */
  readonly line: number;
  /**
   * `交易时间`, to the second. Of a refund it is not the payment's time in each edition: in `ALL` it was seen to be that of the refund.
   */
  readonly tradeTime: Date;
  /** The order's own, of all those bound to the merchant. */
  readonly appId: string | undefined;
  readonly merchantId: string | undefined;
  /** Undefined where there is none, which the file writes as 0. */
  readonly subMerchantId: string | undefined;
  readonly deviceInfo: string | undefined;
  readonly transactionId: string;
  readonly outTradeNo: string;
  readonly openId: string | undefined;
  /** As in `MICROPAY`. */
  readonly tradeType: string | undefined;
  /** An order that was reversed after payment stands under its number as `REVOKED`. */
  readonly tradeState: StatementTradeState;
  readonly bankType: string | undefined;
  /** ISO 4217, of `totalFee` and `couponFee`; also of the refund where it names none. */
  readonly currency: string;
  /** `订单金额`, in older editions `总金额`. Usually 0 in the row of a refund. */
  readonly totalFee: number | undefined;
  /** `应结订单金额`, in `settlementCurrency`; where there is none, in `currency`. */
  readonly settlementTotalFee: number | undefined;
  readonly couponFee: number | undefined;
  /** `退款申请时间` of a statement of refunds. */
  readonly refundAppliedAt: Date | undefined;
  /** `退款成功时间` of a statement of refunds. */
  readonly refundedAt: Date | undefined;
  /** Undefined where the row is no refund, which the file writes as 0. */
  readonly refundId: string | undefined;
  readonly outRefundNo: string | undefined;
  /** `退款金额`, never negative: some editions write a minus, others none. In `refundCurrency`; where there is none, in `currency`. */
  readonly refundFee: number | undefined;
  /** `申请退款金额`, as `refundFee`. */
  readonly requestedRefundFee: number | undefined;
  /** What of a coupon was returned, as `refundFee`. */
  readonly couponRefundFee: number | undefined;
  readonly refundCurrency: string | undefined;
  readonly refundType: string | undefined;
  /** As the refund was accepted, and never updated: `PROCESSING` counts as a success. */
  readonly refundStatus: string | undefined;
  /** `商品名称` */
  readonly body: string | undefined;
  /** `商户数据包` */
  readonly attach: string | undefined;
  /**
   * The text of `body` and `attach`, where one of them holds a comma and a backtick, so that it cannot be told where one ends: then
   * both are undefined, and everything else in the row holds.
   */
  readonly unsplit: string | undefined;
  /** WeChat Pay's own fee: an exact decimal of the **major** unit, of five places, negative where it is returned: `0.05328`. */
  readonly fee: string | undefined;
  /** As in `0.60%`. */
  readonly feeRate: string | undefined;
  readonly feeRateNote: string | undefined;
  /** What the customer was charged, in `cashCurrency`. It informs. */
  readonly cashFee: number | undefined;
  readonly cashCurrency: string | undefined;
  readonly cashRefundFee: number | undefined;
  readonly cashRefundCurrency: string | undefined;
  readonly settlementCurrency: string | undefined;
  readonly settlementRefundFee: number | undefined;
  readonly settlementRefundCurrency: string | undefined;
  /** As the file writes it. */
  readonly exchangeRate: string | undefined;
  readonly refundExchangeRate: string | undefined;
  /**
   * Columns that no known edition has, by their names; and of those that only inform (what the customer was charged, what is transferred to
   * you), what could not be read: it is left out above.
   */
  readonly raw: Readonly<Record<string, string>>;
}

/** The states that a statement was seen to have; others must be expected. Orders without a payment are not in it. */

export type StatementTradeState = 'SUCCESS' | 'REFUND' | 'REVOKED' | (string & {});
