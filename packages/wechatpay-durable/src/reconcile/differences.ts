import type {
  BookOrder,
  BookRefund,
  MovementKind,
  ResolutionOutcome,
  RowClass,
  StatementComparison,
  StatementDay,
} from 'wechatpay-core';

/**
 * What is done about a difference:
 *
 * - `asking`: WeChat Pay is asked; or it was, and the durable order goes on from the verified answer. The day is to be gone through again.
 * - `carried`: it may be normal for a while; the statements of the next three days are looked through for it.
 * - `matched`: the statement of another day has it (`matchedIn`).
 * - `needs-person`: nothing of the library's will change it: see `why`.
 * - `acknowledged`: a person has looked at it.
 */
export type DifferenceStatus = 'asking' | 'carried' | 'matched' | 'needs-person' | 'acknowledged';

/** Why a person has to look. */
export type DifferenceWhy =
  /** No durable order is about it. */
  | 'unknown-order'
  /** A verified answer says what the durable order, or refund, says; the statement says otherwise. */
  | 'answer-agrees-with-order'
  /** A verified answer agrees with neither, or does not decide. */
  | 'answer-decides-nothing'
  /**
   * A verified answer says that it is paid, and its policy would return that; but it had stopped for a person, who may have returned it in
   * another way: nothing is sent.
   */
  | 'return-is-for-person'
  /** WeChat Pay has this refund, by a verified answer; no durable refund is about it. */
  | 'unknown-refund'
  /** The statements of three days after have not had it. */
  | 'not-in-three-days'
  /** The same customer, the same amount, within a minute: a suspicion. */
  | 'paid-twice';

/** Something in which a statement and the durable orders differ. Amounts are in the minor unit. */
export interface ReconciliationDifference {
  /** As of `compareStatement`; `paid-twice` is a suspicion about a row that agrees. */
  readonly class: Exclude<RowClass, 'agreed' | 'foreign'> | 'book-only' | 'paid-twice';
  readonly kind: MovementKind;
  readonly outTradeNo: string;
  readonly subMerchantId?: string;
  readonly transactionId?: string;
  /** Of a refund. */
  readonly outRefundNo?: string;
  /** Of a refund: WeChat Pay's number, where it is known. */
  readonly refundId?: string;
  /** Where the row begins in the file. */
  readonly line?: number;
  readonly totalFee?: number;
  readonly currency?: string;
  /** What the durable order says, and what the statement. */
  readonly expected?: string | number;
  readonly found?: string | number;
  /** A suspicion: the number of an earlier order of the same customer and amount, paid within a minute. */
  readonly twin?: string;
  /** The `id` of the durable order; absent where there is none. */
  readonly orderId?: string;
  /** Of `book-only`: why that may be normal for a while. */
  readonly reason?: 'across-midnight' | 'refund-in-progress' | 'late';
  readonly status: DifferenceStatus;
  readonly why?: DifferenceWhy;
  /** The day whose statement had it; of an earlier day, by the time of payment in a verified answer. */
  readonly matchedIn?: string;
  /** Of `acknowledged`: who, when in milliseconds since 1970, and what they said. */
  readonly acknowledged?: { readonly at: number; readonly actor?: string; readonly note?: string };
}

/** Which difference of a day. */
export interface DifferenceOf {
  readonly kind: MovementKind;
  readonly outTradeNo: string;
  readonly subMerchantId?: string | undefined;
  /** Of a refund. */
  readonly outRefundNo?: string | undefined;
  /** Of a refund without an `outRefundNo`: WeChat Pay's number. */
  readonly refundId?: string | undefined;
}

/** A durable order, as far as a difference is about it. */
export interface BookedOrder {
  readonly id: string;
  readonly outcome?: ResolutionOutcome | undefined;
  readonly endAt?: number | undefined;
  /** Of a refund: when it was first known to be accepted. */
  readonly acceptedAt?: number | undefined;
  /** It was stored so late that the comparison of its own day leaves it out. */
  readonly isStoredLater?: true;
  /** It is not kept, or never was: only its refunds are known, and nothing of its payment. */
  readonly isRefundAlone?: true;
}

/** Names a movement in a row, in an order and in a difference alike. */
export function movementOf({ kind, outTradeNo, subMerchantId = '', outRefundNo, refundId }: DifferenceOf): string {
  const numbers = outRefundNo === undefined ? ['', refundId ?? ''] : [outRefundNo];
  return JSON.stringify([kind, subMerchantId, outTradeNo, ...numbers]);
}

/** So near to midnight, WeChat Pay may count it to the next day. */
const EDGE_MS = 10 * 60_000;

/** What a comparison is as a difference, before anything is done about it; undefined where there is none. */
export function differenceOf(
  each: StatementComparison,
  booked: BookedOrder | undefined,
  day: StatementDay,
): ReconciliationDifference | undefined {
  const { class: found, kind, order, refund } = each;
  if (found === 'foreign') return undefined;
  if (found === 'agreed' && !each.twin) return undefined;
  // All of it was refunded, by whom the durable order does not know: each of the refunds is one of those.
  if (found === 'statement-only' && kind === 'refund' && booked?.outcome?.kind === 'refunded') return undefined;
  if (found === 'reversed-in-book' && booked?.endAt !== undefined && booked.endAt >= day.until.getTime() - EDGE_MS) {
    return laterReversal(each, booked.id, booked.endAt, day);
  }
  const of: ReconciliationDifference['class'] = found === 'agreed' ? 'paid-twice' : found;
  const isOfBook = each.class === 'book-only';
  const stated = each.row;
  const common = {
    class: of,
    kind,
    outTradeNo: stated?.outTradeNo ?? order?.outTradeNo ?? '',
    subMerchantId: stated?.subMerchantId ?? order?.subMerchantId,
    transactionId: stated?.transactionId ?? order?.transactionId,
    outRefundNo: kind === 'refund' ? (refund?.outRefundNo ?? stated?.outRefundNo) : undefined,
    refundId: kind === 'refund' ? (stated?.refundId ?? refund?.refundId) : undefined,
    line: stated?.line,
    totalFee: kind === 'refund' ? (stated?.refundFee ?? refund?.refundFee) : (stated?.totalFee ?? order?.totalFee),
    currency: stated?.currency ?? order?.currency,
    orderId: booked?.id,
    ...(isOfBook
      ? { reason: each.reason }
      : { expected: each.expected, found: each.found, twin: each.twin?.outTradeNo }),
  };
  const isOfNextDay = isOfBook && each.reason !== 'late' && each.expectedIn > day.date;
  return withoutAbsent({ ...common, ...firstStatus(of, booked, isOfNextDay) });
}

/** A verified answer has proven that it is reversed, after this day: a later statement has to have that. */
function laterReversal(
  { row, order }: StatementComparison,
  orderId: string,
  endAt: number,
  { until }: StatementDay,
): ReconciliationDifference | undefined {
  // One that came later still is no movement of the days that are looked through.
  if (endAt >= until.getTime() + 2 * DAY_MS) return undefined;
  return withoutAbsent({
    class: 'book-only',
    kind: 'reversal',
    outTradeNo: row?.outTradeNo ?? '',
    subMerchantId: row?.subMerchantId ?? order?.subMerchantId,
    transactionId: row?.transactionId,
    totalFee: row?.totalFee,
    currency: row?.currency,
    orderId,
    reason: endAt < until.getTime() + EDGE_MS ? 'across-midnight' : 'late',
    status: 'carried',
  });
}

/** A payment of an order that had no end yet when the day of its creation was compared: it is asked for which day it was paid on. */
export function paymentOfEarlier(
  { outTradeNo, subMerchantId, transactionId, totalFee, currency }: BookOrder,
  orderId: string,
): ReconciliationDifference {
  const named = { outTradeNo, subMerchantId, transactionId, totalFee, currency, orderId };
  return withoutAbsent({ ...named, class: 'book-only', kind: 'payment', reason: 'late', status: 'asking' });
}

/** A refund that nobody knew to be accepted when the day of its submission was compared: that day's statement is looked into. */
export function refundOfEarlier(
  { outTradeNo, subMerchantId, transactionId }: BookOrder,
  { outRefundNo, refundId, refundFee, currency }: BookRefund,
  orderId: string,
): ReconciliationDifference {
  const named = {
    outTradeNo,
    subMerchantId,
    transactionId,
    outRefundNo,
    refundId,
    totalFee: refundFee,
    currency,
    orderId,
  };
  return withoutAbsent({ ...named, class: 'book-only', kind: 'refund', reason: 'late', status: 'asking' });
}

/** A payment that the durable order has returned itself: unless this statement has that refund too, a later one has to. */
export function refundToCome(
  { class: found, kind, row, order }: StatementComparison,
  booked: BookedOrder | undefined,
  { until }: StatementDay,
): ReconciliationDifference | undefined {
  const { id: orderId, outcome, endAt = 0 } = booked ?? {};
  if (found !== 'agreed' || kind !== 'payment' || outcome?.kind !== 'refunded' || outcome.outRefundNo === undefined) {
    return undefined;
  }
  if (endAt >= until.getTime() + 2 * DAY_MS) return undefined;
  return withoutAbsent({
    class: 'book-only',
    kind: 'refund',
    outTradeNo: row.outTradeNo,
    subMerchantId: row.subMerchantId ?? order?.subMerchantId,
    transactionId: row.transactionId,
    outRefundNo: outcome.outRefundNo,
    totalFee: row.totalFee,
    currency: row.currency,
    orderId,
    reason: 'late',
    status: endAt < until.getTime() - EDGE_MS ? 'asking' : 'carried',
  });
}

const DAY_MS = 24 * 60 * 60_000;

function firstStatus(
  of: ReconciliationDifference['class'],
  booked: BookedOrder | undefined,
  isOfNextDay: boolean,
): Pick<ReconciliationDifference, 'status' | 'why'> {
  if (of === 'paid-twice') return { status: 'needs-person', why: 'paid-twice' };
  if (!booked) return { status: 'needs-person', why: 'unknown-order' };
  return { status: isOfNextDay ? 'carried' : 'asking' };
}

type Given = { readonly [Name in keyof ReconciliationDifference]: ReconciliationDifference[Name] | undefined };

/** As JSON keeps it. */
function withoutAbsent(difference: Given): ReconciliationDifference {
  const present = Object.entries(difference).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as unknown as ReconciliationDifference;
}
