import { CLOSE_NOT_BEFORE_MS } from '../operations/close-order.js';
import { closedThoughPaid, wrongAmount } from './amounts.js';
import { attemptsOf, end, factsOf, isUnified, needsAttention, returnsPayment, type Open } from './build.js';
import { decideReversal } from './decide-reversal.js';
import type { Moment, ResolutionFacts, ResolutionState } from './state.js';

/**
 * A verified answer that says CLOSED is asked for once more after so long: an order was seen to be paid after its close, by who had
 * begun to pay before. WeChat Pay names no time; the payment that was seen came 41 s after the order's time was up.
 */
const CLOSED_AGAIN_MS = 60_000;

/** Nothing is paid in time: the order is reversed, or closed. */
export function giveUp(state: Open, moment: Moment): ResolutionState {
  return isUnified(state) ? decideClose(state, moment) : decideReversal(state, moment);
}

/** Decides that an order of Unified Order is closed, so that nobody can pay it any more: not before 5 min. */
function decideClose(state: Open, moment: Moment): ResolutionState {
  const { doubt } = state;
  // A verified answer said that it is paid, if with another amount: a person decides.
  if (doubt && !returnsPayment(state)) return needsAttention(state, wrongAmount(state, doubt), { paid: doubt });
  const { refusal, notBefore } = state.kind === 'checking-close' ? state : {};
  const isWrong = refusal?.outcome === 'rejected' && refusal.advice === 'fix-request';
  if (refusal && isWrong) return needsAttention(state, refusal);
  return {
    ...factsOf(state),
    givenUpAt: state.givenUpAt ?? moment.now,
    kind: 'closing',
    at: Math.max(moment.now, state.orderCreatedAt + CLOSE_NOT_BEFORE_MS, notBefore ?? 0),
    attempts: attemptsOf(state),
  };
}

/** A verified answer says CLOSED: an end of Quick Pay. Of Unified Order another has to say so too, later. */
export function afterSeenClosed(state: Open, closedSince: number | undefined, { now }: Moment): ResolutionState {
  const isProven = closedSince !== undefined && now >= closedSince + CLOSED_AGAIN_MS;
  if (isProven || !isUnified(state)) return endClosed(state);
  const since = closedSince ?? now;
  const at = since + CLOSED_AGAIN_MS;
  const next = { attempts: attemptsOf(state), notBefore: at, at, isClosed: true, closedSince: since };
  return { ...factsOf(state), givenUpAt: state.givenUpAt ?? now, kind: 'checking-close', ...next };
}

/** A verified answer that told of a payment, if of another amount, and one that says closed: where that money is, a person finds out. */
function endClosed(state: Open): ResolutionState {
  const { doubt, policy } = state;
  if (!doubt || policy.ifAmountDiffers === 'accept') return end(state, { kind: 'closed', found: true });
  return needsAttention(state, closedThoughPaid(state, doubt), { paid: doubt });
}

/** When an order of Unified Order is closed where it is not paid. */
export function closesAt({ orderCreatedAt, timeExpire, policy }: ResolutionFacts): number {
  const soonest = orderCreatedAt + CLOSE_NOT_BEFORE_MS;
  return Math.max(soonest, timeExpire ?? orderCreatedAt + policy.closeAfterMs);
}

/** The customer paid once the order was given up: by `time_end` where it is known, to the second. */
export function isPaidLate({ givenUpAt }: ResolutionFacts, paidAt: number | undefined): boolean {
  return givenUpAt !== undefined && !(paidAt !== undefined && paidAt <= givenUpAt);
}
