import type { FoundRefund, RefundOutcome, RefundStatus, ResolutionOutcome } from 'wechatpay-core';
import type { JournalOperation, OrderJournalEntry } from '../journal/entries.js';

/**
 * What verified answers have said about a refund.
 *
 * - `unknown`: no verified answer has named it.
 * - `absent`: WeChat Pay said that there is no such refund; that answer names none.
 * - `accepted`: it is accepted, and no answer has told yet how it goes.
 * - `processing`: the money is on its way.
 * - `refunded`: the customer has the money.
 * - `not-received`: it did not reach the customer, whose account or card is gone.
 * - `closed`: WeChat Pay ended it, and nothing was returned.
 * - `differs`: its number belongs to a refund of another order, amount or currency.
 */
export type KnownRefundKind =
  'unknown' | 'absent' | 'accepted' | 'processing' | 'refunded' | 'not-received' | 'closed' | 'differs';

/** What is known about a refund. Amounts are in the minor unit of `currency`. */
export interface KnownRefund {
  readonly kind: KnownRefundKind;
  /** What was asked for. */
  readonly refundFee?: number;
  /** ISO 4217. */
  readonly currency?: string;
  readonly outTradeNo?: string;
  readonly refundId?: string;
  /** When the customer had the money, as far as an answer told it. */
  readonly succeededAt?: Date;
  /** Since when: the first answer in a row that said so. Absent where nothing is known. */
  readonly since?: Date;
  /** The last answer that said so. */
  readonly by?: { readonly operation: JournalOperation; readonly at: Date; readonly seq: number };
  /** Submit Refund may have been made since, or may still take effect, and no answer has told yet. */
  readonly mayHaveChanged?: true;
  /**
   * The last Submit Refund was refused, signed. That alone is no proof: `mayHaveChanged` stays until Query Refund has confirmed, twice, that
   * there is no such refund.
   */
  readonly refusal?: { readonly errorCode: string; readonly at: Date; readonly seq: number };
}

interface Reading {
  readonly known: KnownRefund;
  /** What was asked for, as far as an answer can be compared with it. */
  readonly asked: FoundRefund;
  /** Whether a submission before the last one may have had an effect. */
  readonly mayHaveBefore: boolean;
}

/** What the entries of a refund's journal, in their order, prove about it: only verified answers count. */
export function knownRefund(entries: readonly OrderJournalEntry[]): KnownRefund {
  const nothing: Reading = { known: { kind: 'unknown' }, asked: {}, mayHaveBefore: false };
  return entries.reduce(afterEntry, nothing).known;
}

function afterEntry(reading: Reading, noted: OrderJournalEntry): Reading {
  const { known } = reading;
  switch (noted.kind) {
    case 'refund-enqueued': {
      const { outTradeNo, transactionId, totalFee, refundFee, currency } = noted.fields;
      const money = { refundFee, ...(currency !== undefined && { currency }) };
      const asked = { outTradeNo, totalFee, ...money, ...(transactionId !== undefined && { transactionId }) };
      return { ...reading, asked, known: { ...known, outTradeNo, ...money } };
    }
    case 'decided':
      // It is noted before it is sent: whoever sent it may not have come back.
      if (noted.fields.decision === 'submit-refund') return submitted(reading);
      return noted.fields.decision === 'postpone' ? unsubmitted(reading) : reading;
    case 'failed': {
      const { operation, errorCode, isVerified, outcome, advice } = noted.fields;
      if (operation === 'Submit Refund') {
        if (outcome === 'unknown') return reading;
        // Only a call that was not made, or that is asked for again later, has certainly done nothing.
        if (!isVerified || advice === 'retry-later') return unsubmitted(reading);
        const refusal = { errorCode: errorCode ?? noted.fields.code, at: noted.at, seq: noted.seq };
        return { ...reading, known: { ...known, refusal } };
      }
      const isAbsent = isVerified && operation === 'Query Refund' && errorCode === 'REFUNDNOTEXIST';
      return isAbsent && (known.kind === 'unknown' || known.kind === 'absent')
        ? said(reading, noted, 'absent')
        : reading;
    }
    case 'ended': {
      const { refusal, mayHaveChanged: _, ...rest } = known;
      return refusal && isConfirmed(noted.fields.outcome)
        ? { ...reading, mayHaveBefore: false, known: { ...rest, refusal } }
        : reading;
    }
    case 'answered': {
      const { answer } = noted.fields;
      if (answer.kind === 'refund-accepted') {
        if (!('outRefundNo' in answer)) return reading;
        const after = said(reading, noted, known.kind === 'processing' ? known.kind : 'accepted');
        return { ...after, known: { ...withoutRefusal(after.known), refundId: answer.refundId } };
      }
      if (answer.kind !== 'refund-queried') return reading;
      const [found] = answer.refunds;
      if (!found) return reading;
      if (isOther(reading.asked, found)) return said(reading, noted, 'differs');
      const kind = found.refundStatus && OF_STATUS[found.refundStatus];
      if (!kind) return reading;
      const { mayHaveChanged: _, ...told } = withoutRefusal(said(reading, noted, kind).known);
      const { refundId, succeededAt, currency } = found;
      return {
        ...reading,
        mayHaveBefore: false,
        known: {
          ...told,
          ...(refundId !== undefined && { refundId }),
          ...(succeededAt !== undefined && { succeededAt: new Date(succeededAt) }),
          ...(currency !== undefined && { currency }),
        },
      };
    }
    default:
      return reading;
  }
}

const OF_STATUS: Readonly<Record<RefundStatus, KnownRefundKind>> = {
  SUCCESS: 'refunded',
  PROCESSING: 'processing',
  CHANGE: 'not-received',
  REFUNDCLOSE: 'closed',
  FAIL: 'closed',
};

function submitted({ known, ...reading }: Reading): Reading {
  const { mayHaveChanged } = known;
  return {
    ...reading,
    mayHaveBefore: mayHaveChanged === true,
    known: { ...withoutRefusal(known), mayHaveChanged: true },
  };
}

function withoutRefusal({ refusal: _, ...known }: KnownRefund): KnownRefund {
  return known;
}

/** Two answers of Query Refund have confirmed that it was refused: see the rules of a refund in wechatpay-core. */
function isConfirmed(outcome: ResolutionOutcome | RefundOutcome): boolean {
  if (outcome.kind === 'refund-rejected') return true;
  return outcome.kind === 'needs-attention' && outcome.error.errorCode === 'TRADE_OVERDUE';
}

/** The last submission was not made, or said that nothing was done. */
function unsubmitted({ known, mayHaveBefore, ...reading }: Reading): Reading {
  const { mayHaveChanged: _, ...rest } = known;
  return { ...reading, mayHaveBefore, known: mayHaveBefore ? known : rest };
}

function said(
  { known, ...reading }: Reading,
  { at, seq, fields }: OrderJournalEntry & { readonly kind: 'answered' | 'failed' },
  kind: KnownRefundKind,
): Reading {
  const since = known.kind === kind && known.since ? known.since : at;
  return { ...reading, known: { ...known, kind, since, by: { operation: fields.operation, at, seq } } };
}

function isOther(asked: FoundRefund, found: FoundRefund): boolean {
  const names = ['outTradeNo', 'transactionId', 'totalFee', 'currency', 'refundFee'] as const;
  return names.some((name) => asked[name] !== undefined && found[name] !== undefined && asked[name] !== found[name]);
}
