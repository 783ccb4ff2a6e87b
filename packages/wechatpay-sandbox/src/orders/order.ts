import type { Merchant } from '../parties/merchants.js';

/**
 * The states of an order. One that the merchant reverses ends as `refunded` where it was paid, as `closed` where it was
 * not; one that the gateway gives up after 45 s ends as `reversed`.
 */
export const orderStates = ['paid', 'user-paying', 'not-paid', 'closed', 'reversed', 'refunded'] as const;

/** @see {@link orderStates} */
export type OrderState = (typeof orderStates)[number];

/** What Query Order says of an order. */
export type TradeState = 'SUCCESS' | 'REFUND' | 'NOTPAY' | 'CLOSED' | 'REVOKED' | 'USERPAYING' | 'PAYERROR';

/** What happened to an order, in the order in which it happened. */
export interface OrderEvent {
  readonly at: Date;
  /**
   * `paid`, `abandoned` and `refused` are the customer's doing; `retried` (another code was scanned for it), `reversed`,
   * `refunded` and `closed` the merchant's; `expired` the gateway's, which reverses a Quick Pay order that is not paid within 45 s.
   */
  readonly event:
    'created' | 'retried' | 'paid' | 'abandoned' | 'refused' | 'expired' | 'reversed' | 'refunded' | 'closed';
  /** The state from then on. */
  readonly state: OrderState;
}

/** Money on its way back by Submit Refund. */
export interface Refund {
  /** The merchant's number. */
  readonly outRefundNo: string;
  /** WeChat Pay's number, 28 digits. */
  readonly refundId: string;
  /** In minor units. */
  readonly amount: number;
  /** When it was accepted. */
  readonly at: Date;
}

/** An order in the gateway's book: a live view, that shows what calls, the customer and the clock have done to it. */
export interface Order {
  readonly outTradeNo: string;
  /** 28 digits, unless given. */
  readonly transactionId: string;
  readonly merchantId: string;
  /** The sub-merchant that it belongs to, where the merchant is an institution. */
  readonly subMerchantId?: string;
  readonly createdAt: Date;
  /** In minor units: 1250 is HKD 12.50. */
  readonly totalFee: number;
  readonly currency: string;
  /** Exchange rate to CNY times 10 to the 8th power, which a reply then carries. */
  readonly rate?: string;
  readonly state: OrderState;
  readonly tradeState: TradeState;
  /** In minor units. What the customer has lost is `paid - refunded`. */
  readonly money: { readonly paid: number; readonly refunded: number };
  /** By Submit Refund, oldest first. What a reversal returns is none of them. */
  readonly refunds: readonly Refund[];
  readonly history: readonly OrderEvent[];
}

/** What `orders.create` takes. */
export interface OrderOptions {
  state: OrderState;
  /** @default random, 32 characters */
  outTradeNo?: string;
  /** @default random, 28 digits */
  transactionId?: string;
  /**
   * A time, or milliseconds since 1970.
   *
   * @default a minute before the sandbox clock's now, so that the order is old enough (15 s) to be reversed
   */
  createdAt?: Date | number;
  /** In minor units. @default 1250 */
  totalFee?: number;
  /** @default 'HKD' */
  currency?: string;
  /** @default none: the reply then has no `rate` */
  rate?: string;
  /** @default the sandbox's own merchant */
  merchant?: Merchant;
  /** Required where the merchant is an institution. */
  subMerchantId?: string;
}
