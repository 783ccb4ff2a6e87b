import type {
  Advice,
  Outcome,
  RefundEvent,
  RefundOutcome,
  ResolutionEvent,
  ResolutionOutcome,
  ResolutionPayment,
  ResolutionPolicy,
} from 'wechatpay-core';
import type { JournalEntry, StoredJournalEntry } from '../stores/store.js';
import type { Decision, Rule } from './rules.js';

// Every kind of entry that the journal of a durable order or refund has, and what it tells. Times are milliseconds since 1970 by the client's
// clock; amounts are in the minor unit of their currency. No entry holds a secret.

/** The operation that a call was of. */
export type JournalOperation =
  | 'Submit Quick Pay'
  | 'Unified Order'
  | 'Query Order'
  | 'Revoke Order'
  | 'Close Order'
  | 'Submit Refund'
  | 'Query Refund';

/** What a verified answer said, as far as it decides anything. */
export type VerifiedAnswer =
  | Exclude<ResolutionEvent | RefundEvent, { readonly kind: 'failed' }>
  /** Quick Pay: the customer paid. */
  | { readonly kind: 'charged'; readonly payment: ResolutionPayment; readonly paidAt?: number }
  /** Unified Order: the order is there, and can be paid. */
  | { readonly kind: 'created' };

/** Who asked for something, where a person did: as the application gave it. */
interface ByActor {
  readonly actor?: string;
}

interface JournalFields {
  /** It was stored. `by`: the function that stored it. */
  readonly enqueued: ByActor & {
    readonly by: 'pay' | 'create' | 'enqueue' | 'reverse';
    /** Absent of Quick Pay. */
    readonly product?: 'unified-order';
    readonly timeExpire?: number;
    readonly outTradeNo: string;
    readonly orderCreatedAt: number;
    readonly totalFee?: number;
    readonly currency?: string;
    readonly ifPaid: ResolutionPolicy['ifPaid'];
    readonly deadline: number;
  };
  /** A refund was stored. */
  readonly 'refund-enqueued': ByActor & {
    readonly by: 'refund';
    readonly outTradeNo: string;
    readonly transactionId?: string;
    readonly outRefundNo: string;
    readonly totalFee: number;
    readonly refundFee: number;
    readonly currency?: string;
    /** It is sent then at the earliest: a minute after the part before it. */
    readonly notBefore: number;
  };
  /** A verified answer came. `reply`: each signed field by its wire name, without the customer's openid unless it was asked for. */
  readonly answered: {
    readonly operation: JournalOperation;
    readonly answer: VerifiedAnswer;
    readonly reply?: Readonly<Record<string, string>>;
  };
  /** A call failed. `isVerified`: WeChat Pay said so, signed. */
  readonly failed: {
    readonly operation: JournalOperation;
    readonly code: string;
    readonly outcome: Outcome;
    readonly message: string;
    readonly isVerified: boolean;
    readonly errorCode?: string;
    readonly advice?: Advice;
    readonly recall?: boolean;
  };
  /** What is done next was decided: noted before a reversal, a close or a refund is sent. `postpone`: it was not sent after all. */
  readonly decided: { readonly decision: Decision; readonly rule: Rule };
  /** It has an end. */
  readonly ended: { readonly end: number; readonly outcome: ResolutionOutcome | RefundOutcome; readonly rule: Rule };
  /** `onResolved` took that end. */
  readonly told: { readonly end: number };
  /** `onResolved` did not take it, and is called again. */
  readonly 'telling-failed': { readonly end: number; readonly reason: 'threw' | 'took too long' };
  /** Its merchant's settings seem to be wrong: no step is taken for a while, and the deadline is later by as much. */
  readonly held: {
    readonly code: string;
    readonly operation: JournalOperation;
    readonly until: number;
    readonly deadline: number;
  };
  /** This worker could not take it on. */
  readonly left: { readonly reason: string };
  /** Its next step is to be taken sooner. */
  readonly hastened: ByActor;
  /** Somebody noted something: the application, or a person. */
  readonly noted: ByActor & { readonly text: string };
  /** A notification of WeChat Pay came, whose signature holds: a hint, upon which the order is asked for. */
  readonly notified: {
    /** As of the notification: equal in each copy of it. */
    readonly id: string;
    readonly isPaid: boolean;
    readonly payment?: ResolutionPayment;
  };
  /** It was called off. */
  readonly cancelled: ByActor & { readonly rule: Rule };
  /** It was set going again. */
  readonly reopened: ByActor & {
    readonly by: 'redrive' | 'reverse' | 'notified' | 'reconcile';
    readonly ifPaid: ResolutionPolicy['ifPaid'];
    readonly deadline: number;
    readonly before?: ResolutionOutcome['kind'];
  };
  /** A refund was set going again. */
  readonly 'refund-reopened': ByActor & { readonly by: 'redrive'; readonly before?: RefundOutcome['kind'] };
}

export type JournalKind = keyof JournalFields;

/** An entry of a durable order or refund, by its `kind`; `other` is one that another version of this package noted. */
export type OrderJournalEntry =
  | { [Kind in JournalKind]: Noted & { readonly kind: Kind; readonly fields: JournalFields[Kind] } }[JournalKind]
  | (Noted & { readonly kind: 'other'; readonly fields: StoredJournalEntry['fields'] });

interface Noted {
  /** 1 for the first of an order. */
  readonly seq: number;
  /** By the clock of the client that noted it. */
  readonly at: Date;
}

/** Makes an entry. @param at milliseconds since 1970, by the client's clock. */
export function entry<Kind extends JournalKind>(kind: Kind, at: number, fields: JournalFields[Kind]): JournalEntry {
  return { kind, at, fields: { ...fields } };
}

const KINDS: Readonly<Record<JournalKind, true>> = {
  enqueued: true,
  'refund-enqueued': true,
  answered: true,
  failed: true,
  decided: true,
  ended: true,
  told: true,
  'telling-failed': true,
  held: true,
  left: true,
  hastened: true,
  noted: true,
  notified: true,
  cancelled: true,
  reopened: true,
  'refund-reopened': true,
};

/** An entry as it was noted by this version, or by another. */
export function readEntry({ seq, at, kind, fields }: StoredJournalEntry): OrderJournalEntry {
  const known = Object.hasOwn(KINDS, kind) ? kind : 'other';
  return { seq, at: new Date(at), kind: known, fields } as OrderJournalEntry;
}
