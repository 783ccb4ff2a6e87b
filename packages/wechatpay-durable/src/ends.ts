import { type ResolutionOrder, type ResolutionOutcome, type ResolutionState } from 'wechatpay-core';
import { nextResolutionStep, readResolutionState } from 'wechatpay-core/resolution';
import type { DurableData, DurableOrder, DurableOrderData, JournalEntry, Verdict } from './stores/store.js';

/** A durable order that has an outcome, with the number and the time of it. */
export type EndedOrder = DurableOrderData & Required<Pick<DurableOrderData, 'outcome' | 'end' | 'endAt'>>;

/** The outcome of a durable order; also of one whose `onResolved` has not taken it yet. */
export function outcomeOf({ outcome, state }: DurableOrderData): ResolutionOutcome | undefined {
  return outcome ?? (Object(state) as { outcome?: ResolutionOutcome }).outcome;
}

/** Whether nothing more is to be waited for: it has an outcome, or was called off. */
export function isOver(order: DurableOrder): boolean {
  return order.status === 'cancelled' || outcomeOf(order) !== undefined;
}

/** Numbers an end, once: one that is stored keeps its number and its time, however often it is told. */
export function ended(
  data: DurableOrderData,
  state: ResolutionState,
  outcome: ResolutionOutcome,
  now: number,
): EndedOrder {
  const { merchantId, end = 0, endAt } = data;
  const isStored = data.outcome !== undefined && end > 0 && endAt !== undefined;
  return { merchantId, state, outcome, end: isStored ? end : end + 1, endAt: isStored ? endAt : now };
}

/** What goes on with a new state: the number of its last end stays, its outcome does not. */
export function ongoing({ merchantId, end, endAt }: DurableOrderData, state: ResolutionState): DurableOrderData {
  return { merchantId, state, ...(end !== undefined && { end }), ...(endAt !== undefined && { endAt }) };
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
export function isProven({ kind }: ResolutionOutcome): boolean {
  return kind === 'paid' || kind === 'reversed' || kind === 'closed' || kind === 'refunded';
}

/** Whether money may be with the shop, or may still come to it: then the order can be reversed. */
export function mayHoldMoney(outcome: ResolutionOutcome): boolean {
  return outcome.kind === 'paid' || (outcome.kind === 'closed' && !outcome.found) || !isProven(outcome);
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
