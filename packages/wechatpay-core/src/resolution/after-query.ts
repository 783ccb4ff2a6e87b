import { differs, earlierPayment, wrongAmount } from './amounts.js';
import {
  askAgain,
  askLater,
  attemptsOf,
  checkingRefunds,
  end,
  factsOf,
  isUnified,
  mayRefund,
  returnsPayment,
  needsAttention,
  type Open,
} from './build.js';
import type { Failure } from './classify.js';
import { CLOSE_NOT_BEFORE_MS } from '../operations/close-order.js';
import { afterSeenClosed, closesAt, giveUp, isPaidLate } from './decide-close.js';
import { isTooLateToReverse } from './next-step.js';
import type {
  Asking,
  CheckingClose,
  Moment,
  ResolutionError,
  ResolutionEvent,
  ResolutionPayment,
  ResolutionState,
} from './state.js';
import { decideReversal } from './decide-reversal.js';

/**
 * A customer's code is good for a minute, and a Quick Pay that was held up on the way can be charged as long: an order that is not
 * there by then, and 5 s for clocks that differ, never comes.
 *
 * @see https://pay.weixin.qq.com/doc/global/v2/zh/4013637942 (Important parameters)
 */
const CHARGEABLE_MS = 65_000;

/**
 * The rule of unclear answers: an order is reversed after so many queries in a row that brought no answer that names it, over so
 * long a stretch, and none much later than the one before. One time-out after a restart says nothing about an order.
 */
const UNCLEAR_ANSWERS = 3;
const UNCLEAR_SPAN_MS = 15_000;
const UNCLEAR_GAP_MS = 60_000;

/** A merchant's clock and WeChat Pay's may differ by so much: what was paid earlier before the order than that is another payment. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

/** What Query Order's verified answer means. */
export function afterQuery(
  before: Open,
  { tradeState, payment = {}, paidAt }: ResolutionEvent & { kind: 'queried' },
  moment: Moment,
): ResolutionState {
  const { isAbsent: _, closedSince, ...seen } = before as CheckingClose; // it is not absent
  const state = { ...seen, tradeState } as Open;
  switch (tradeState) {
    case 'CLOSED':
      return afterSeenClosed(state, closedSince, moment);
    case 'REVOKED':
      return end(state, { kind: 'reversed' });
    case 'REFUND':
      return checkingRefunds(state, moment.now, payment);
    case 'SUCCESS':
      return afterPaid(state, payment, paidAt, moment);
    case 'PAYERROR': // "payment failed, please revoke the order"; an order of Unified Order can be paid again until it is closed
      return isUnified(state) ? afterUnpaid(state, moment) : decideReversal(state, moment);
    case 'NOTPAY':
    case 'USERPAYING':
    case 'ACCEPT':
      return afterUnpaid(state, moment);
  }
}

/** What a query that failed means. */
export function afterFailedQuery(
  state: Open,
  failure: Failure,
  error: ResolutionError,
  moment: Moment,
): ResolutionState {
  switch (failure) {
    case 'wrong':
      return needsAttention(state, error);
    case 'nobody-asked':
      return askLater(state, moment.now);
    case 'absent':
      return afterAbsent(state, moment);
    default:
      if (state.kind === 'asking') return afterUnclear(state, moment);
      // What says that it is done is proven by an answer, not by none.
      return saysDone(state) ? askLater(state, moment.now) : giveUp(state, moment);
  }
}

function afterPaid(
  state: Open,
  payment: ResolutionPayment,
  paidAt: number | undefined,
  moment: Moment,
): ResolutionState {
  const { policy, sent, orderCreatedAt } = state;
  const { now } = moment;
  // The number was used before: that payment is neither told as this one's, nor returned by the way.
  const isForPerson = policy.ifPaid === 'keep' && policy.ifAmountDiffers !== 'accept';
  if (isForPerson && paidAt !== undefined && paidAt < orderCreatedAt - MAX_CLOCK_SKEW_MS) {
    return needsAttention(state, earlierPayment(paidAt, orderCreatedAt), { paid: payment });
  }
  if (policy.ifAmountDiffers !== 'accept' && differs(state, payment)) {
    return state.doubt
      ? needsAttention(state, wrongAmount(state, payment), { paid: payment })
      : askAgain({ ...state, doubt: payment }, now + policy.queryEveryMs);
  }
  const isLate = isPaidLate(state, paidAt);
  if (!returnsPayment(state) && !(isLate && policy.ifPaidLate === 'refund')) {
    return end(state, { kind: 'paid', payment, ...(isLate && { isLate }) });
  }
  if (!isUnified(state) && !isTooLateToReverse(state, now)) return decideReversal(state, moment);
  const { totalFee } = payment;
  // A refund that may be under way is repeated with its own amount, or not at all.
  if (!mayRefund(state) || totalFee === undefined || (sent.refundFee ?? totalFee) !== totalFee) {
    return end(state, { kind: 'refund-required', payment });
  }
  const refund = { payment: { ...payment, totalFee }, refundFee: totalFee };
  return { ...factsOf(state), kind: 'refunding', at: now, attempts: attemptsOf(state), ...refund };
}

/** Nothing is paid, by a verified answer: ask again while the customer may be paying; then reverse or close. */
function afterUnpaid(state: Open, moment: Moment): ResolutionState {
  if (state.kind !== 'asking' || moment.now >= endOfAsking(state) || state.doubt) return giveUp(state, moment);
  const { unclear: _, ...asking } = state;
  return { ...asking, at: nextQueryAt(state, moment.now) };
}

/**
 * There is no such order, says an answer that names none: a late answer to another call says the same. While the customer may be
 * paying it counts as an unclear one; that the order never came takes two in a row.
 */
function afterAbsent(state: Open, moment: Moment): ResolutionState {
  if (state.kind === 'asking') return afterUnclear(state, moment);
  if (!neverCame(state, moment.now)) return giveUp(state, moment);
  const isConfirmed = 'isAbsent' in state && state.isAbsent;
  return isConfirmed
    ? end(state, { kind: 'closed', found: false })
    : askAgain({ ...state, isAbsent: true } as Open, moment.now + state.policy.queryEveryMs);
}

/** No answer to be trusted: ask again; reverse by the rule of unclear answers alone, and never what was seen to be paid. */
function afterUnclear(state: Asking, moment: Moment): ResolutionState {
  const { now } = moment;
  const gap = Math.max(UNCLEAR_GAP_MS, 3 * state.policy.queryEveryMs);
  const { count, since } = state.unclear && now - state.unclear.last <= gap ? state.unclear : { count: 0, since: now };
  const unclear = { count: count + 1, since, last: now };
  const isEnough = unclear.count >= UNCLEAR_ANSWERS && now - since >= UNCLEAR_SPAN_MS;
  const next = { ...state, unclear, at: nextQueryAt(state, now) };
  if (!isEnough || now < endOfAsking(state)) return next;
  return wasPaid(state) ? askLater(next, now) : giveUp(next, moment);
}

/**
 * A verified answer told of a payment, as of an order that a person has set going again: only another verified answer says otherwise. What
 * is asked until the deadline, and then left to a person, is money that is kept.
 */
function wasPaid({ tradeState, doubt }: Asking): boolean {
  return !doubt && (tradeState === 'SUCCESS' || tradeState === 'REFUND');
}

function endOfAsking(state: Asking): number {
  return isUnified(state) ? closesAt(state) : state.orderCreatedAt + state.policy.reverseAfterMs;
}

function nextQueryAt(state: Asking, now: number): number {
  const end = endOfAsking(state);
  const next = now + state.policy.queryEveryMs;
  if (now >= end) return next;
  return Math.min(isUnified(state) ? Math.max(next, state.orderCreatedAt + nextQueryAge(state, now)) : next, end);
}

/**
 * How old an order of Unified Order is when it is asked for. The global guide leaves it to the merchant, within a minute at first; the
 * times are those of the mainland's guide.
 *
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665306 (Reasonable Query Mechanism)
 * @see https://pay.weixin.qq.com/doc/v3/merchant/4012075249 (Query Order in place of a notification)
 */
const QUERY_AGES_MS: readonly number[] = [5, 30, 60, 180, 300, 600, 1800].map((seconds) => seconds * 1000);
const OLDEST_QUERY_AGE_MS = 1_800_000;

function nextQueryAge({ orderCreatedAt }: Asking, now: number): number {
  const age = now - orderCreatedAt;
  return QUERY_AGES_MS.find((one) => one > age) ?? (Math.floor(age / OLDEST_QUERY_AGE_MS) + 1) * OLDEST_QUERY_AGE_MS;
}

function saysDone(state: Open): boolean {
  return (state.kind === 'checking' && state.isReversed) || (state.kind === 'checking-close' && state.isClosed);
}

/**
 * Right after a time-out the order may not be there yet: it can have never come only where its time to be paid is over and it cannot be
 * reversed. Of Unified Order, where a close was answered: nobody has a code to pay it by whose making brought no answer in 5 min.
 */
function neverCame(state: Open, now: number): boolean {
  if (state.tradeState !== undefined) return false; // a verified answer that names it has been there: it came
  if (isUnified(state)) {
    const isAnswered =
      state.kind === 'checking-close' && (state.isClosed || state.refusal?.errorCode === 'ORDERNOTEXIST');
    return isAnswered && now >= state.orderCreatedAt + CLOSE_NOT_BEFORE_MS;
  }
  const isOver = now >= state.orderCreatedAt + Math.max(state.policy.reverseAfterMs, CHARGEABLE_MS);
  if (!isOver) return false;
  const wasReversed = state.kind === 'checking' && (state.refusal !== undefined || state.isReversed);
  return wasReversed || isTooLateToReverse(state, now);
}
