import type { RefundOrderRequest } from '../operations/refund-order.js';
import type { RefundStatus } from '../operations/query-refund.js';
import type { ResolutionError } from '../resolution/state.js';
import type { RefundPolicy } from './policy.js';

/**
 * Why a person has to decide about a refund.
 *
 * - `not-received`: `CHANGE`, the money did not reach the customer, whose account or card is gone. Handle it on the Merchant Platform,
 *   or return the money by other means; then resume.
 * - `closed`: `REFUNDCLOSE`, or the older `FAIL`: WeChat Pay ended the refund, and nothing was returned.
 * - `differs`: Query Refund tells of another order, amount or currency under this number: the number was used before.
 * - `too-late`: the payment is older than a year, which Submit Refund refuses, and no refund is known of this number.
 * - `keeps-failing`: Submit Refund fails again and again with a code that is no clear refusal, and no refund is known of this number.
 * - `cannot-ask`: Query Refund refuses the question: a setting, a permission or a parameter is wrong.
 * - `no-end`: the refund has had no end for longer than `attentionAfterMs`. Whether it is refunded is not known.
 */
export type RefundAttention =
  'not-received' | 'closed' | 'differs' | 'too-late' | 'keeps-failing' | 'cannot-ask' | 'no-end';

/** A refund as Query Refund's verified answer told of it. Amounts are in the minor unit of the order's currency. */
export interface FoundRefund {
  readonly outTradeNo?: string;
  readonly transactionId?: string;
  /** What the order costs. */
  readonly totalFee?: number;
  /** ISO 4217. */
  readonly currency?: string;
  readonly refundId?: string;
  readonly refundFee?: number;
  readonly refundStatus?: RefundStatus;
  /** Milliseconds since 1970. */
  readonly succeededAt?: number;
}

/**
 * How a refund ended.
 *
 * - `refunded`: Query Refund said SUCCESS of this number, order and amount.
 * - `refund-rejected`: Submit Refund refused it for what no retry cures, and Query Refund knows of no such refund: nothing was
 *   returned. `error.errorCode` and `error.advice` say what to do; resume once that is done.
 * - `needs-attention`: a person has to decide; `reason` says why.
 * - `unresolved`: the time was up, or the caller aborted. Whether it is refunded is not known; resume from the state.
 */
export type RefundOutcome =
  | {
      readonly kind: 'refunded';
      readonly outRefundNo: string;
      readonly refundId?: string;
      readonly refundFee: number;
      /** When the customer had the money, in milliseconds since 1970, where the answer told it. */
      readonly succeededAt?: number;
    }
  | { readonly kind: 'refund-rejected'; readonly error: ResolutionError }
  | {
      readonly kind: 'needs-attention';
      readonly reason: RefundAttention;
      readonly error: ResolutionError;
      readonly found?: FoundRefund;
    }
  | { readonly kind: 'unresolved'; readonly error?: ResolutionError };

/** What is known of a refund whatever its state. */
export interface RefundFacts {
  readonly version: 1;
  /** What is sent, the same each time. */
  readonly request: RefundOrderRequest;
  /** When it was started, or resumed. */
  readonly startedAt: number;
  /** When the order was paid, where it is known: no Submit Refund is sent more than a year later. */
  readonly paidAt?: number;
  readonly policy: RefundPolicy;
  /** No step begins at this time or later. */
  readonly deadline: number;
  /** How often Submit Refund may have reached WeChat Pay, and when the last time was. */
  readonly submissions: number;
  readonly submittedAt?: number;
  /** Signed failures in a row that are neither a clear refusal nor ask for another try. */
  readonly failures: number;
  /** WeChat Pay's number of the refund, as its last verified answer told it. */
  readonly refundId?: string;
  /** The last failure; it informs. */
  readonly lastError?: ResolutionError;
}

/** Submit Refund is due, for the first time or again with the same number. */
export interface SubmittingRefund extends RefundFacts {
  readonly kind: 'submitting';
  readonly at: number;
  /** Tries in a row that were not sent. */
  readonly attempts: number;
}

/** WeChat Pay asked for time: the pool is empty (NOTENOUGH), or the calls come too fast. Then Submit Refund again. */
interface WaitingRefund extends RefundFacts {
  readonly kind: 'waiting';
  readonly at: number;
  readonly reason: 'balance' | 'throttled';
}

/** Submit Refund may have been made: Query Refund says whether it has to be sent again. */
export interface CheckingRefund extends RefundFacts {
  readonly kind: 'checking';
  readonly at: number;
  readonly attempts: number;
  /** The next Submit Refund is not sent before. */
  readonly notBefore: number;
}

/** Submit Refund was refused clearly. A FAIL is no proof: Query Refund has to know of no such refund, twice. */
export interface RefusedRefund extends RefundFacts {
  readonly kind: 'refused';
  readonly at: number;
  readonly attempts: number;
  readonly refusal: ResolutionError;
  /** The last answer said that there is no such refund; another has to say so too, since neither names it. */
  readonly isAbsent: boolean;
}

/** The refund is accepted, or on its way: Query Refund says when it has arrived. */
export interface FollowingRefund extends RefundFacts {
  readonly kind: 'following';
  readonly at: number;
  readonly attempts: number;
  /** Answers in a row that said that there is no such refund. */
  readonly absences: number;
}

export interface EndedRefund extends RefundFacts {
  readonly kind: 'ended';
  readonly outcome: RefundOutcome;
}

/** A refund that has no end yet. */
export type OpenRefund = SubmittingRefund | WaitingRefund | CheckingRefund | RefusedRefund | FollowingRefund;

/** Where a refund stands: plain JSON, to be stored after each step and before the next. */
export type RefundState = OpenRefund | EndedRefund;

export type RefundStep =
  | { readonly kind: 'wait'; readonly until: number }
  | { readonly kind: 'submit-refund'; readonly request: RefundOrderRequest }
  | { readonly kind: 'query-refund'; readonly outRefundNo: string }
  | { readonly kind: 'done'; readonly outcome: RefundOutcome };

/** A step that makes a call. */
export type RefundCall = RefundStep & { readonly kind: 'submit-refund' | 'query-refund' };

/** What a step brought: a verified answer, or an error. */
export type RefundEvent =
  | { readonly kind: 'refund-accepted'; readonly outRefundNo: string; readonly refundId: string }
  /** The refunds that the answer lists under this number: one, unless something is badly wrong. */
  | { readonly kind: 'refund-queried'; readonly outRefundNo: string; readonly refunds: readonly FoundRefund[] }
  | { readonly kind: 'failed'; readonly step: RefundCall['kind']; readonly error: ResolutionError };
