/** A refund as your own book has it. */
export interface BookRefund {
  readonly outRefundNo: string;
  readonly refundId?: string | undefined;
  /** In the minor unit of `currency`. */
  readonly refundFee: number;
  /** ISO 4217. @default that of the order */
  readonly currency?: string | undefined;
  /** `accepted` by WeChat Pay; `pending`: asked for, and not known to be accepted; `failed` for good. */
  readonly state: 'accepted' | 'pending' | 'failed';
  /** When it was accepted; while it is pending, when it was asked for. */
  readonly at: Date;
}

/** An order as your own book has it. */
export interface BookOrder {
  readonly outTradeNo: string;
  /** WeChat Pay's number, where the book knows it. */
  readonly transactionId?: string | undefined;
  /** Institutional mode. */
  readonly subMerchantId?: string | undefined;
  /** In the minor unit of `currency`; where it is left out, no amount is compared. */
  readonly totalFee?: number | undefined;
  /** ISO 4217; where it is left out, none is compared. */
  readonly currency?: string | undefined;
  /**
   * - `paid`: money came, and stays, less the refunds.
   * - `reversed`: by Revoke Order, or never paid and closed.
   * - `open`: not known yet.
   * - `not-paid`: given up, or declined.
   */
  readonly state: 'paid' | 'reversed' | 'open' | 'not-paid';
  /** Where money came: when. */
  readonly paidAt?: Date | undefined;
  /** When it was reversed. */
  readonly reversedAt?: Date | undefined;
  /** The fee that you expect, a decimal of the major unit; where it is left out, no fee is compared. */
  readonly fee?: string | undefined;
  readonly refunds?: readonly BookRefund[] | undefined;
}

/** By what an order is looked for. */
export interface BookNumbers {
  readonly outTradeNo: string;
  readonly transactionId: string;
  readonly subMerchantId: string | undefined;
}

/** Your orders, as {@link compareStatement} asks for them: the whole port to a database of any kind. */
export interface OrderBook {
  /**
   * Finds orders, up to 500 at a time: each that has one of these numbers, its own or WeChat Pay's, whatever its state and day; in any
   * order.
   */
  findOrders(numbers: readonly BookNumbers[]): Promise<readonly BookOrder[]> | readonly BookOrder[];
  /**
   * Gives each order once of which the book says that money moved on this day of Beijing: `paidAt`, `reversedAt` of a paid one, or `at`
   * of a refund. More than that does no harm.
   *
   * @param day as in `20260301`.
   * @param from when it begins, and `until` when it is over.
   */
  ordersOf(day: string, from: Date, until: Date): AsyncIterable<BookOrder> | Iterable<BookOrder>;
}
