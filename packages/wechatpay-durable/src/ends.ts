import { nextStep, readState, type SettleOrder, type SettleOutcome, type SettleState } from 'wechatpay-core';
import type { ReversalData } from './engine.js';

/** A reversal that has an end, with the number and the time of it. */
export type EndedReversal = ReversalData & Required<Pick<ReversalData, 'outcome' | 'end' | 'endAt'>>;

/** The outcome of a reversal; also of one whose `onSettled` has not taken it yet. */
export function outcomeOf({ outcome, state }: ReversalData): SettleOutcome | undefined {
  return outcome ?? (Object(state) as { outcome?: SettleOutcome }).outcome;
}

/** Numbers an end, once: one that is stored keeps its number and its time, however often it is told. */
export function ended(data: ReversalData, state: SettleState, outcome: SettleOutcome, now: number): EndedReversal {
  const { merchantId, end = 0, endAt } = data;
  const isStored = data.outcome !== undefined && end > 0 && endAt !== undefined;
  return { merchantId, state, outcome, end: isStored ? end : end + 1, endAt: isStored ? endAt : now };
}

/** What goes on with a new state: the number of its last end stays, its outcome does not. */
export function ongoing({ merchantId, end, endAt }: ReversalData, state: SettleState): ReversalData {
  return { merchantId, state, ...(end !== undefined && { end }), ...(endAt !== undefined && { endAt }) };
}

/** How many ends there were where this goes on from: an engine refuses what has had another one since it was read. */
export function endsBefore({ end = 0, outcome }: ReversalData): number {
  return outcome ? Math.max(0, end - 1) : end;
}

/** When the next step of a state is due, in milliseconds since 1970; `now` where that is over, or there is none. */
export function dueAt(state: SettleState, now: number): number {
  const step = nextStep(readState(state), now);
  return step.kind === 'wait' ? step.until : now;
}

/** Whether the order itself has ended; else a person is needed. */
export function isProven({ kind }: SettleOutcome): boolean {
  return kind === 'paid' || kind === 'revoked' || kind === 'closed' || kind === 'refunded';
}

/** Whether money may be with the shop, or may still come to it: then the order can be given back. */
export function mayHoldMoney(outcome: SettleOutcome): boolean {
  return outcome.kind === 'paid' || (outcome.kind === 'closed' && !outcome.found) || !isProven(outcome);
}

/** The order of what is stored; of a state that cannot be read, without its number. */
export function orderOf({ state }: ReversalData): SettleOrder {
  const { order } = Object(state) as Partial<SettleState>;
  return typeof (order?.outTradeNo as unknown) === 'string' && order ? order : { outTradeNo: '' };
}
