import type {
  CheckingRefunds,
  Ended,
  Expired,
  Moment,
  ResolutionAmounts,
  ResolutionError,
  ResolutionFacts,
  ResolutionOutcome,
  ResolutionPayment,
  ResolutionState,
} from './state.js';
import type { ResolutionPolicy } from './policy.js';

// What transitions are made of: the next state from the one before.

/** A state that has no end yet. */
export type Open = Exclude<ResolutionState, Ended>;

/** What holds on in the next state, whatever that is. */
export function factsOf(state: ResolutionState): ResolutionFacts {
  const { version, order, orderCreatedAt, policy, deadline, sent, totalFee, currency, doubt, tradeState, lastError } =
    state;
  const { product, timeExpire, givenUpAt, hintedAt } = state;
  const facts: { -readonly [Name in keyof ResolutionFacts]: ResolutionFacts[Name] } = {
    version,
    order,
    orderCreatedAt,
    policy,
    deadline,
    sent,
  };
  if (product !== undefined) facts.product = product;
  if (timeExpire !== undefined) facts.timeExpire = timeExpire;
  if (givenUpAt !== undefined) facts.givenUpAt = givenUpAt;
  if (hintedAt !== undefined) facts.hintedAt = hintedAt;
  if (totalFee !== undefined) facts.totalFee = totalFee;
  if (currency !== undefined) facts.currency = currency;
  if (doubt !== undefined) facts.doubt = doubt;
  if (tradeState !== undefined) facts.tradeState = tradeState;
  if (lastError !== undefined) facts.lastError = lastError;
  return facts;
}

export function end(state: ResolutionState, outcome: ResolutionOutcome): Ended {
  return { ...factsOf(state), kind: 'ended', outcome };
}

export function needsAttention(state: ResolutionState, error: ResolutionError, amounts?: ResolutionAmounts): Ended {
  return end(state, { kind: 'needs-attention', error, ...(amounts && { amounts: withExpected(state, amounts) }) });
}

/** The amounts that a person compares: what the order should cost beside what became of it. */
function withExpected({ totalFee, currency }: ResolutionFacts, amounts: ResolutionAmounts): ResolutionAmounts {
  if (totalFee === undefined && currency === undefined) return amounts;
  const expected = { ...(totalFee !== undefined && { totalFee }), ...(currency !== undefined && { currency }) };
  return { expected, ...amounts };
}

export function expired(state: Open, at: number): Expired {
  return { ...factsOf(state), kind: 'expired', at, attempts: attemptsOf(state) + 1 };
}

export function checkingRefunds(state: Open, at: number, payment?: ResolutionPayment): CheckingRefunds {
  const known = payment ?? ('payment' in state ? state.payment : undefined);
  return {
    ...factsOf(state),
    kind: 'checking-refunds',
    at,
    attempts: attemptsOf(state),
    ...(known !== undefined && { payment: known }),
  };
}

/** The same question again, at `at`. */
export function askAgain(state: Open, at: number): Open {
  // Where it is asked instead of reversed, it is too late to reverse.
  return state.kind === 'reversing' ? expired(state, at) : { ...state, at };
}

/** Nobody was asked, which says nothing about the order: the longer that lasts, the less often it is tried. */
export function askLater(state: Open, now: number): Open {
  const { queryEveryMs, maxBackoffMs } = state.policy;
  const outage = Math.round((now - state.orderCreatedAt) / 10);
  return askAgain(state, now + Math.max(queryEveryMs, Math.min(maxBackoffMs, outage)));
}

/** Whether what is paid goes back: by the policy, or because a reversal or a refund may be under way. */
export function returnsPayment({ policy, sent }: ResolutionFacts): boolean {
  return policy.ifPaid === 'reverse' || sent.reverse || sent.refundFee !== undefined;
}

/** Whether an order is closed where another is reversed. */
export function isUnified({ product }: ResolutionFacts): boolean {
  return product === 'unified-order';
}

/** Whether this resolution refunds what has to go back: of Unified Order there is no other way to return it. */
export function mayRefund(facts: ResolutionFacts): boolean {
  return facts.policy.refundWhenExpired || isUnified(facts);
}

export function attemptsOf(state: ResolutionState): number {
  return 'attempts' in state ? state.attempts : 0;
}

/** From one reverse or refund to the next: twice the time each time, spread by a quarter to either side. */
export function spacing(
  { backoffMs, maxBackoffMs }: ResolutionPolicy,
  attempts: number,
  { jitter = 0.5 }: Moment,
  longest = maxBackoffMs,
): number {
  const delay = Math.min(longest, backoffMs * 2 ** Math.min(attempts, 30));
  return Math.round(delay * (0.75 + jitter / 2));
}
