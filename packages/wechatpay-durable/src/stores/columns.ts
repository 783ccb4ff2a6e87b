import { endsBefore } from '../ends.js';
import type { DurableData, DurableKind, DurableOrderData, DurableOrderStatus, ReopenedStatus } from './store.js';

/** What a store keeps beside the data of a row, to find it by and to decide by: taken from the data, each time it is stored. */
export interface Columns {
  readonly kind: DurableKind;
  readonly merchantId: string;
  /** Empty where there is none. */
  readonly subMerchantId: string;
  /** `out_trade_no` or `out_refund_no`; null where the state cannot be read. */
  readonly number: string | null;
  readonly transactionId: string | null;
  /** What the order should cost, or else what was paid; of a refund, what it returns. */
  readonly totalFee: number | null;
  readonly currency: string | null;
  /** What was paid of an order that ended as paid, as a row of its day's statement has it; else null. */
  readonly paidFee: number | null;
  readonly paidCurrency: string | null;
  /** When an order was made, in milliseconds since 1970; null of a refund, and where that cannot be read. */
  readonly orderCreatedAt: number | null;
  /** How many ends it has had. */
  readonly ends: number;
  readonly hasOutcome: boolean;
  /** Something is decided that must not be called off or replaced: a reversal, or a refund that may have been sent. */
  readonly isDecided: boolean;
}

/** Reads what can be read: a row whose state is no state of this version is kept, and found by its `id`. */
export function columnsOf(data: DurableData): Columns {
  const { kind, merchantId, state, outcome, end, order } = data as DurableData & { readonly order?: unknown };
  const given = Object(state) as Loose;
  const ended = (outcome ?? given.outcome) as Loose | undefined;
  const common = {
    merchantId,
    ends: Number.isSafeInteger(end) ? Number(end) : 0,
    hasOutcome: (ended ?? undefined) !== undefined,
  };
  if (kind === 'refund') {
    const request = Object(given.request) as Loose;
    const { transactionId } = Object(order) as Loose;
    return {
      ...common,
      kind,
      subMerchantId: text(request.subMerchantId) ?? '',
      number: text(request.outRefundNo),
      transactionId: text(request.transactionId) ?? text(transactionId),
      totalFee: amount(request.refundFee),
      currency: text(request.refundCurrency),
      paidFee: null,
      paidCurrency: null,
      orderCreatedAt: null,
      isDecided: !isUnsent(given),
    };
  }
  const { outTradeNo, subMerchantId } = Object(given.order) as Loose;
  const { kind: endedAs, payment: told, amounts } = Object(ended) as Loose;
  const isPaid = endedAs === 'paid';
  const payment = Object(told) as Loose;
  const paid = [told, (Object(amounts) as Loose).paid, given.payment, given.doubt];
  const first = <Value>(read: (payment: Loose) => Value | null): Value | null =>
    paid.map((payment) => read(Object(payment) as Loose)).find((value) => value !== null) ?? null;
  return {
    ...common,
    kind: 'order',
    subMerchantId: text(subMerchantId) ?? '',
    number: text(outTradeNo),
    transactionId: first((payment) => text(payment.transactionId)),
    totalFee: amount(given.totalFee) ?? first((payment) => amount(payment.totalFee)),
    currency: text(given.currency) ?? first((payment) => text(payment.currency)),
    paidFee: isPaid ? (amount(payment.totalFee) ?? amount(given.totalFee)) : null,
    paidCurrency: isPaid ? (text(payment.currency) ?? text(given.currency)) : null,
    orderCreatedAt: time(given.orderCreatedAt),
    isDecided: !isAsking(given),
  };
}

/** How a row stands, of which the columns are known. */
export interface Standing {
  readonly status: DurableOrderStatus;
  readonly columns: Columns;
}

/** Waits, and has no outcome. */
export function isOpen({ status, columns }: Standing): boolean {
  return status === 'waiting' && !columns.hasOutcome;
}

/** Waits, has no outcome, and nothing is decided. */
export function mayChange(row: Standing): boolean {
  return isOpen(row) && !row.columns.isDecided;
}

export function mayReopen({ status, columns }: Standing, from: readonly ReopenedStatus[]): boolean {
  if (status === 'active') return false;
  if (status !== 'waiting') return from.includes(status);
  return from.includes(columns.hasOutcome ? 'untold' : 'open');
}

/**
 * Whether what an earlier version stored of the same order asks for more than its row does: that it goes on after its end, or is reversed.
 * One that is open is asked for anyway.
 */
export function asksForMore(row: Standing, old: DurableData): boolean {
  if (row.status !== 'waiting' && row.status !== 'active') return true;
  const { isDecided, hasOutcome } = columnsOf(old);
  return isDecided && !hasOutcome && (row.columns.hasOutcome || !row.columns.isDecided);
}

/** How it goes on then: the number of its last end stays, its outcome does not. */
export function goingOn(row: Standing, old: DurableOrderData): DurableOrderData {
  const { outcome: _, ...open } = old;
  const end = Math.max(row.columns.ends, endsBefore(old));
  return { ...open, ...(end > 0 && { end }) };
}

type Loose = Readonly<Record<string, unknown>>;

function isAsking({ kind, mustRevoke }: Loose): boolean {
  // With flags in place of a kind: as versions before 0.1 stored it.
  return kind === 'asking' || (kind === undefined && mustRevoke === false);
}

/** No Submit Refund can have left: what is about to be sent is stored as such before. */
function isUnsent({ kind, submissions, submittedAt }: Loose): boolean {
  return kind === 'submitting' && submissions === 0 && submittedAt === undefined;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function amount(value: unknown): number | null {
  return Number.isSafeInteger(value) ? (value as number) : null;
}

/** What a database can keep as a time, too. */
function time(value: unknown): number | null {
  const isTime = typeof value === 'number' && value >= 0 && value <= MAX_TIME_MS;
  return isTime ? value : null;
}

/** Of a Date. */
const MAX_TIME_MS = 8.64e15;
