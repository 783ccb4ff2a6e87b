import { differs, partlyRefunded, refundFailed, wrongAmount } from './amounts.js';
import {
  askAgain,
  attemptsOf,
  checkingRefunds,
  end,
  factsOf,
  mayRefund,
  returnsPayment,
  needsAttention,
  spacing,
  type Open,
} from './build.js';
import type { Failure } from './classify.js';
import { refundNumberOf } from './next-step.js';
import type { Moment, ResolutionError, ResolutionEvent, ResolutionPayment, ResolutionState } from './state.js';

/**
 * From refund to refund where WeChat Pay asks for time: it takes one a minute of an order, and the pool that refunds are paid from
 * fills with the next sales.
 *
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665573 (Complete refund logic)
 */
const REFUND_AGAIN_MS = 60_000;

/** A refund takes minutes to a balance, days to a card. */
const FOLLOW_AT_MOST_MS = 60 * 60 * 1000;

/** Accepted is not refunded: Query Refund tells. */
export function afterRefundAccepted(state: Open, { now }: Moment): ResolutionState {
  return checkingRefunds(withRefundSent(state), now);
}

/** What a refund that failed means. Its number and amount are the same each time, so that one that did happen is not made again. */
export function afterFailedRefund(
  state: Open,
  failure: Failure,
  error: ResolutionError,
  moment: Moment,
): ResolutionState {
  const delay = spacing(state.policy, attemptsOf(state), moment);
  switch (failure) {
    case 'nobody-asked':
      return again(state, moment.now + Math.max(REFUND_AGAIN_MS, delay));
    case 'again':
      return again(withRefundSent(state), moment.now + Math.max(REFUND_AGAIN_MS, delay));
    case 'unclear':
      return again(withRefundSent(state), moment.now + delay);
    default:
      return needsAttention(state, error, { paid: paymentIn(state) });
  }
}

/** What all pages of Query Refund said: only the whole is an end. */
export function afterRefundsQueried(
  state: Open,
  event: ResolutionEvent & { kind: 'refunds-queried' },
  moment: Moment,
): ResolutionState {
  const { refunded, pending, own, stopped } = event;
  const { policy, sent } = state;
  const payment = paymentIn(state);
  const totalFee = wholeOf(state, event.totalFee, payment.totalFee);
  const outRefundNo = refundNumberOf(state.order);
  const currency = payment.currency ?? state.currency;
  const isAnother = event.currency !== undefined && currency !== undefined && event.currency !== currency;
  if (totalFee === undefined || isAnother) return later(state, moment);
  const remaining = totalFee - refunded - pending;
  const amounts = { paid: { ...payment, totalFee }, refunded: refunded + pending, remaining };
  if (policy.ifAmountDiffers !== 'accept' && differs(state, amounts.paid)) {
    return needsAttention(state, wrongAmount(state, amounts.paid), amounts);
  }
  if (refunded >= totalFee) {
    const { refundId } = own ?? {};
    return end(state, { kind: 'refunded', ...(own && { outRefundNo }), ...(refundId !== undefined && { refundId }) });
  }
  if (stopped) return needsAttention(state, refundFailed(stopped.outRefundNo, stopped.refundStatus), amounts);
  if (remaining <= 0) return later(state, moment, FOLLOW_AT_MOST_MS);
  if (!returnsPayment(state)) return needsAttention(state, partlyRefunded(totalFee, refunded + pending), amounts);
  // One number, one amount: a rest beside this resolution's own refund is for a person.
  if (!mayRefund(state) || own || (sent.refundFee ?? remaining) !== remaining) {
    return end(state, { kind: 'refund-required', payment: amounts.paid, amounts });
  }
  const attempts = attemptsOf(state);
  // At once the first time; after one that was accepted and is not listed yet, later.
  const at =
    sent.refundFee === undefined
      ? moment.now
      : moment.now + Math.max(REFUND_AGAIN_MS, spacing(policy, attempts, moment));
  return {
    ...factsOf(state),
    kind: 'refunding',
    at,
    attempts: attempts + 1,
    payment: amounts.paid,
    refundFee: remaining,
  };
}

/** What was paid, and so has to be refunded: where answers differ, the most, so that a rest is told and not lost. */
function wholeOf({ totalFee: asked }: Open, ...told: readonly (number | undefined)[]): number | undefined {
  const amounts = told.filter((amount) => amount !== undefined);
  return amounts.length > 0 ? Math.max(...amounts) : asked;
}

/** Query Refund brought no answer: ask again. */
export function afterFailedQueryRefunds(
  state: Open,
  failure: Failure,
  error: ResolutionError,
  moment: Moment,
): ResolutionState {
  return failure === 'wrong' ? needsAttention(state, error) : later(state, moment);
}

function withRefundSent(state: Open): Open {
  return state.kind === 'refunding' ? { ...state, sent: { ...state.sent, refundFee: state.refundFee } } : state;
}

function again(state: Open, at: number): ResolutionState {
  return state.kind === 'refunding' ? { ...state, at, attempts: state.attempts + 1 } : askAgain(state, at);
}

function later(state: Open, moment: Moment, longest?: number): ResolutionState {
  const attempts = attemptsOf(state);
  const at = moment.now + spacing(state.policy, attempts, moment, longest);
  return state.kind === 'checking-refunds' ? { ...state, at, attempts: attempts + 1 } : askAgain(state, at);
}

function paymentIn(state: Open): ResolutionPayment {
  return (state.kind === 'refunding' || state.kind === 'checking-refunds' ? state.payment : undefined) ?? {};
}
