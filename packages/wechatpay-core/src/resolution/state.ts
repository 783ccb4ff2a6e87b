import type { WechatPayError } from '../errors.js';
import type { TradeState } from '../operations/query-order.js';
import type { ResolutionPolicy } from './policy.js';
import { type Advice, type Outcome } from '../advice.js';

/**
 * How the order was made.
 *
 * - `quick-pay`: Submit Quick Pay. An order that is not paid in time is reversed.
 * - `unified-order`: Unified Order, for QR codes, official accounts, mini programs, apps and browsers. An order that is not paid in time
 *   is closed, and what has to go back is refunded.
 */
export type ResolutionProduct = 'quick-pay' | 'unified-order';

/** The order to resolve, as the operations name it. */
export interface ResolutionOrder {
  readonly outTradeNo: string;
  readonly subMerchantId?: string;
  readonly subAppId?: string;
}

/** What was paid, as a verified answer said it. */
export interface ResolutionPayment {
  readonly transactionId?: string;
  /** In the minor unit of `currency`. */
  readonly totalFee?: number;
  /** ISO 4217. */
  readonly currency?: string;
}

/** A {@link WechatPayError} as plain JSON. */
export interface ResolutionError {
  readonly code: WechatPayError['code'];
  readonly outcome: Outcome;
  readonly message: string;
  readonly errorCode?: string;
  readonly advice?: Advice;
  readonly recall?: boolean;
}

/** What a person has to know who decides about an order's money. Amounts are in the minor unit of the order's currency. */
export interface ResolutionAmounts {
  /** What the order should cost. */
  readonly expected?: Pick<ResolutionPayment, 'totalFee' | 'currency'>;
  /** What a verified answer said was paid. */
  readonly paid?: ResolutionPayment;
  /** What was refunded or is on its way back, whoever asked for it. */
  readonly refunded?: number;
  /** What is left at the merchant. */
  readonly remaining?: number;
}

/**
 * How an order ended.
 *
 * - `paid`: the customer paid, and the money is kept. `isLate` where that was found once an order of Unified Order was to be closed.
 * - `reversed`: whatever was paid was returned, and nothing can be paid any more; a query has proven it.
 * - `closed`: not paid, and nothing can be paid any more. `found` is false where the gateway never knew the order.
 * - `refunded`: paid, then refunded in full; Query Refund has proven it. `outRefundNo` where the refund is this resolution's.
 * - `refund-required`: paid, to be returned, and not by this resolution: refund it; `amounts.remaining` where a part is refunded already.
 * - `needs-attention`: a person has to decide: a setting or a parameter is wrong, or another amount is paid (`amounts`).
 * - `unresolved`: the time was up, or the caller aborted. Whether the order is paid is not known; resolve on from the state.
 */
export type ResolutionOutcome =
  | { readonly kind: 'paid'; readonly payment: ResolutionPayment; readonly isLate?: true }
  | { readonly kind: 'reversed' }
  | { readonly kind: 'closed'; readonly found: boolean }
  | { readonly kind: 'refunded'; readonly outRefundNo?: string; readonly refundId?: string }
  | { readonly kind: 'refund-required'; readonly payment: ResolutionPayment; readonly amounts?: ResolutionAmounts }
  | { readonly kind: 'needs-attention'; readonly error: ResolutionError; readonly amounts?: ResolutionAmounts }
  | { readonly kind: 'unresolved'; readonly error?: ResolutionError };

/** What is known of an order whatever its state. */
export interface ResolutionFacts {
  /** 3 of an order of Unified Order: releases that know Quick Pay alone read no such state. */
  readonly version: 2 | 3;
  /** Absent of Quick Pay. */
  readonly product?: 'unified-order';
  readonly order: ResolutionOrder;
  readonly orderCreatedAt: number;
  /** What the order should cost; another amount or currency paid needs attention. */
  readonly totalFee?: number;
  readonly currency?: string;
  readonly policy: ResolutionPolicy;
  /** No step begins at this time or later. */
  readonly deadline: number;
  /**
   * What may have reached WeChat Pay of this order. An order of which a reversal may have is no longer kept, even where it turns
   * out paid; a refund that may have is only repeated with the same amount.
   */
  readonly sent: { readonly reverse: boolean; readonly refundFee?: number };
  /** Of Unified Order: until when the customer may begin to pay, in milliseconds since 1970. */
  readonly timeExpire?: number;
  /** Of Unified Order: when a close was decided, or a verified answer first said that it is closed. What is paid after that is late. */
  readonly givenUpAt?: number;
  /** When the order was last asked for out of turn. */
  readonly hintedAt?: number;
  /** A verified answer told of this payment, and it is not what the order should cost. */
  readonly doubt?: ResolutionPayment;
  /** The last verified `trade_state`, and the last failure; they inform. */
  readonly tradeState?: TradeState;
  readonly lastError?: ResolutionError;
}

/** Queries, as long as the customer may be paying. Nothing is decided: the order is kept where it turns out paid. */
export interface Asking extends ResolutionFacts {
  readonly kind: 'asking';
  /** When the query is due. */
  readonly at: number;
  /** Queries in a row that were sent and brought no answer that names the order: how many, and when the first and the last failed. */
  readonly unclear?: { readonly count: number; readonly since: number; readonly last: number };
}

/** A reversal is decided and due. */
interface Reversing extends ResolutionFacts {
  readonly kind: 'reversing';
  readonly at: number;
  /** Reverses and refunds so far: each waits longer. */
  readonly attempts: number;
}

/** A reversal is decided, and perhaps made; a query says whether another is needed. */
export interface Checking extends ResolutionFacts {
  readonly kind: 'checking';
  readonly at: number;
  readonly attempts: number;
  /** The next reverse is not sent before. */
  readonly notBefore: number;
  /** Revoke Order said that it is done; it is proven once a query says so, since that page's answer names no order. */
  readonly isReversed: boolean;
  /** The last reverse was refused, signed, without a word about trying again. */
  readonly refusal?: ResolutionError;
  /** The last answer said that there is no such order; another has to say so too, since neither names it. */
  readonly isAbsent?: boolean;
}

/** Close Order is decided and due. */
interface Closing extends ResolutionFacts {
  readonly kind: 'closing';
  readonly at: number;
  /** Closes and refunds so far: each waits longer. */
  readonly attempts: number;
}

/** A close is decided, and perhaps made; a query says whether the order is closed, or was paid first. */
export interface CheckingClose extends ResolutionFacts {
  readonly kind: 'checking-close';
  readonly at: number;
  readonly attempts: number;
  /** The next close is not sent before. */
  readonly notBefore: number;
  /** Close Order said that it is done, or was before; its answer names no order, so a query has to say so. */
  readonly isClosed: boolean;
  /** The last close was refused, signed. */
  readonly refusal?: ResolutionError;
  /** As of {@link Checking}. */
  readonly isAbsent?: boolean;
  /** When a verified answer first said CLOSED; one that comes later has to say so too. */
  readonly closedSince?: number;
}

/** Too late to reverse: a query says whether there is anything to refund. */
export interface Expired extends ResolutionFacts {
  readonly kind: 'expired';
  readonly at: number;
  readonly attempts: number;
  /** As of {@link Checking}. */
  readonly isAbsent?: boolean;
}

/** A refund is decided and due. */
interface Refunding extends ResolutionFacts {
  readonly kind: 'refunding';
  readonly at: number;
  readonly attempts: number;
  readonly payment: ResolutionPayment & { readonly totalFee: number };
  readonly refundFee: number;
}

/** Something was refunded, by this resolution or by another: Query Refund says how much, and whether it has arrived. */
export interface CheckingRefunds extends ResolutionFacts {
  readonly kind: 'checking-refunds';
  readonly at: number;
  readonly attempts: number;
  readonly payment?: ResolutionPayment;
}

export interface Ended extends ResolutionFacts {
  readonly kind: 'ended';
  readonly outcome: ResolutionOutcome;
}

/** Where a resolution stands: plain JSON, to be stored after each step and before the next. */
export type ResolutionState =
  Asking | Reversing | Checking | Expired | Closing | CheckingClose | Refunding | CheckingRefunds | Ended;

export type ResolutionStep =
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'query' }
  | { readonly kind: 'reverse' }
  | { readonly kind: 'close' }
  | {
      readonly kind: 'refund';
      readonly outRefundNo: string;
      readonly refundFee: number;
      readonly payment: ResolutionPayment & { readonly totalFee: number };
    }
  | { readonly kind: 'query-refunds'; readonly outRefundNo: string }
  | { readonly kind: 'done'; readonly outcome: ResolutionOutcome };

/** A step that makes a call. */
export type ResolutionCall = ResolutionStep & {
  readonly kind: 'query' | 'reverse' | 'close' | 'refund' | 'query-refunds';
};

/** What a step brought: a verified answer, or an error. */
export type ResolutionEvent =
  | {
      readonly kind: 'queried';
      readonly tradeState: TradeState;
      readonly payment?: ResolutionPayment;
      /** When it was paid, in milliseconds since 1970, where the answer told it. */
      readonly paidAt?: number;
    }
  | { readonly kind: 'reversed'; readonly recall: boolean }
  | { readonly kind: 'closed' }
  | { readonly kind: 'refund-accepted'; readonly refundId?: string }
  | {
      readonly kind: 'refunds-queried';
      /** What the order costs, as Query Refund said it. */
      readonly totalFee?: number;
      /** Refunds that have arrived, and such as are on their way. */
      readonly refunded: number;
      readonly pending: number;
      /** ISO 4217, where the answer told it. */
      readonly currency?: string;
      /** A refund, of whomever, that did not reach the customer. */
      readonly stopped?: { readonly outRefundNo: string; readonly refundStatus: string };
      /** How this resolution's own refund stands; absent where there is none. */
      readonly own?: { readonly refundStatus: string; readonly refundId?: string };
    }
  | { readonly kind: 'failed'; readonly step: ResolutionCall['kind']; readonly error: ResolutionError };

/** When an event came, by the client's clock; `jitter`, 0 to 1, spreads retries so that many orders do not come in step. */
export interface Moment {
  readonly now: number;
  /** @default 0.5 */
  readonly jitter?: number;
}
