import type { Moment, ResolutionError } from '../resolution/state.js';
import { checking, factsOf, following, queryPause, spread, submitPause, withSubmission } from './build.js';
import { classifySubmit } from './classify.js';
import type { OpenRefund, RefundEvent, RefundFacts, RefundState, RefusedRefund } from './state.js';

/** Submit Refund's verified answer names this refund: it is accepted. That is not refunded: Query Refund tells. */
export function afterAccepted(
  state: OpenRefund,
  { outRefundNo, refundId }: RefundEvent & { kind: 'refund-accepted' },
  moment: Moment,
): RefundState {
  const facts = withSubmission(state, moment.now);
  if (outRefundNo !== state.request.outRefundNo) return unclear(facts, moment); // of another refund: it says nothing of this one
  return following({ ...facts, failures: 0, refundId }, 0, 0, moment);
}

/** What a Submit Refund that failed means. Number and amount are the same each time, so that a refund that did happen is not made again. */
export function afterFailedSubmit(before: OpenRefund, error: ResolutionError, moment: Moment): RefundState {
  const { now } = moment;
  const failure = classifySubmit(error);
  if (failure === 'not-sent') {
    const attempts = before.kind === 'submitting' ? before.attempts : 0;
    const at = now + queryPause(before, attempts, moment);
    return { ...factsOf(before), kind: 'submitting', at, attempts: attempts + 1 };
  }
  if (failure === 'refused')
    return refused(error.outcome === 'not-sent' ? factsOf(before) : withSubmission(before, now), error, moment);
  const facts = withSubmission(before, now);
  switch (failure) {
    case 'later':
      return waiting(facts, error, moment);
    case 'failing':
      return unclear({ ...facts, failures: facts.failures + 1 }, moment);
    case 'unclear':
      return unclear(facts, moment);
  }
}

/** Perhaps it was made: Query Refund first; then, where it was not, the same Submit Refund again. */
function unclear(facts: RefundFacts, moment: Moment): RefundState {
  const { now } = moment;
  return checking(facts, now + queryPause(facts, 0, moment), now + submitPause(facts, moment));
}

function waiting(facts: RefundFacts, { errorCode }: ResolutionError, moment: Moment): RefundState {
  const isBalance = errorCode === 'NOTENOUGH';
  const pause = isBalance ? spread(facts.policy.balanceRetryMs, moment) : submitPause(facts, moment);
  const reason = isBalance ? 'balance' : 'throttled';
  return { ...facts, failures: 0, kind: 'waiting', at: moment.now + pause, reason };
}

function refused(facts: RefundFacts, refusal: ResolutionError, moment: Moment): RefusedRefund {
  return confirmRefusal({ ...facts, kind: 'refused', at: 0, attempts: 0, refusal, isAbsent: false }, moment, {});
}

/**
 * The next question about a refund that was refused: "must not be taken as failed: in extreme cases it succeeded" (API Rules). How
 * soon Query Refund knows of a refund is not established, nor how long a call may be under way: the last question
 * comes two minutes after the last Submit Refund.
 */
export function confirmRefusal(
  state: RefusedRefund,
  moment: Moment,
  how: Partial<Pick<RefusedRefund, 'attempts' | 'isAbsent'>>,
): RefusedRefund {
  const next = { ...state, ...how };
  const soon = moment.now + queryPause(next, next.attempts, moment);
  return { ...next, at: next.isAbsent ? Math.max(soon, provenFrom(next)) : soon };
}

/** How long a Submit Refund may be under way, and after it a refund not be listed yet, together: neither is established. */
const UNLISTED_MS = 120_000;

/** From when on an answer that knows of no such refund proves that there is none. */
export function provenFrom({ submittedAt }: RefundFacts): number {
  return submittedAt === undefined ? 0 : submittedAt + UNLISTED_MS;
}
