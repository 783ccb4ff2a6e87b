import { type RefundOutcome, type ResolutionOrder, type ResolutionOutcome, type ResolutionState } from 'wechatpay-core';
import { nextResolutionStep, readResolutionState } from 'wechatpay-core/resolution';
import type {
  DurableData,
  DurableOrderData,
  DurableRefundData,
  DurableRow,
  JournalEntry,
  Verdict,
} from './stores/store.js';

type Ended<Data extends DurableData> = Data & Required<Pick<Data, 'outcome' | 'end' | 'endAt'>>;

/** A durable order that has an outcome, with the number and the time of it. */
export type EndedOrder = Ended<DurableOrderData>;

/** As {@link EndedOrder}, of a refund. */
export type EndedRefund = Ended<DurableRefundData>;

/** The outcome of a durable order or refund; also of one whose `onResolved` has not taken it yet. */
export function outcomeOf<Data extends DurableData>({ outcome, state }: Data): Data['outcome'] | undefined {
  return outcome ?? (Object(state) as { outcome?: Data['outcome'] }).outcome;
}

/** Whether nothing more is to be waited for: it has an outcome, or was called off. */
export function isOver(row: DurableRow): boolean {
  return row.status === 'cancelled' || outcomeOf<DurableData>(row) !== undefined;
}

/** Numbers an end, once: one that is stored keeps its number and its time, however often it is told. */
export function ended<Data extends DurableData>(
  data: Data,
  state: Data['state'],
  outcome: NonNullable<Data['outcome']>,
  now: number,
): Ended<Data> {
  const { end = 0, endAt } = data;
  const isStored = data.outcome !== undefined && end > 0 && endAt !== undefined;
  const numbered = { end: isStored ? end : end + 1, endAt: isStored ? endAt : now };
  return { ...whoseOf(data), state, outcome, ...numbered } as Ended<Data>;
}

/** What goes on with a new state: the number of its last end stays, its outcome does not. */
export function ongoing<Data extends DurableData>(data: Data, state: Data['state']): Data {
  const { end, endAt } = data;
  const last = { ...(end !== undefined && { end }), ...(endAt !== undefined && { endAt }) };
  return { ...whoseOf(data), state, ...last } as Data;
}

/** What a row is of, whatever its state. */
function whoseOf(data: DurableData): Pick<DurableOrderData, 'merchantId' | 'trace'> | Omit<DurableRefundData, 'state'> {
  const { merchantId, trace } = data;
  const whose = { merchantId, ...(trace && { trace }) };
  if (data.kind !== 'refund') return whose;
  const { kind, order, acceptedAt } = data;
  return { ...whose, kind, order, ...(acceptedAt !== undefined && { acceptedAt }) };
}

/** How many ends there were where this resumes from: a store refuses what has had another one since it was read. */
export function endsBefore({ end = 0, outcome }: DurableData): number {
  return outcome ? Math.max(0, end - 1) : end;
}

/** When the next step of a state is due, in milliseconds since 1970; `now` where that is over, or there is none. */
export function dueAt(state: ResolutionState, now: number): number {
  const step = nextResolutionStep(readResolutionState(state), now);
  return step.kind === 'wait' ? step.until : now;
}

/** Whether the order itself has ended; else a person is needed. */
export function isProven({ kind }: ResolutionOutcome | RefundOutcome): boolean {
  return kind === 'paid' || kind === 'reversed' || kind === 'closed' || kind === 'refunded';
}

/**
 * Tells whether an outcome, of an order or of a refund, leaves something for a person to do: `dead` is what has such a one.
 *
 * @example if (needsPerson(outcome)) await page(id);
 */
export function needsPerson(outcome: ResolutionOutcome | RefundOutcome): boolean {
  return !isProven(outcome);
}

/** Whether money may be with the shop, or may still come to it: then the order can be reversed. */
export function mayHoldMoney(outcome: ResolutionOutcome): boolean {
  return outcome.kind === 'paid' || (outcome.kind === 'closed' && !outcome.found) || !isProven(outcome);
}

/** Whether it was made by Unified Order; also of a state that cannot be read. */
export function isUnified({ state }: DurableOrderData): boolean {
  return (Object(state) as Partial<ResolutionState>).product === 'unified-order';
}

/** The order of what is stored; of a state that cannot be read, without its number. */
export function orderOf({ state }: DurableOrderData): ResolutionOrder {
  const { order } = Object(state) as Partial<ResolutionState>;
  return typeof (order?.outTradeNo as unknown) === 'string' && order ? order : { outTradeNo: '' };
}

/** That it goes on later, with what is to be noted. */
export function again(data: DurableData, delayMs: number, journal: readonly JournalEntry[]): Verdict {
  return { kind: 'again', data, delayMs, ...(journal.length > 0 && { journal }) };
}
