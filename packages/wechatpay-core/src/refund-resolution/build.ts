import type { Moment, ResolutionError } from '../resolution/state.js';
import { REFUND_NOT_AFTER_MS } from '../operations/refund-order.js';
import type {
  CheckingRefund,
  EndedRefund,
  FollowingRefund,
  FoundRefund,
  RefundAttention,
  RefundFacts,
  RefundOutcome,
  SubmittingRefund,
} from './state.js';

// What transitions are made of: the next state from the one before.

/** What holds on in the next state, whatever that is. */
export function factsOf(facts: RefundFacts): RefundFacts {
  const { version, request, startedAt, paidAt, policy, deadline } = facts;
  const { submissions, submittedAt, failures, refundId, lastError } = facts;
  return {
    version,
    request,
    startedAt,
    ...(paidAt !== undefined && { paidAt }),
    policy,
    deadline,
    submissions,
    ...(submittedAt !== undefined && { submittedAt }),
    failures,
    ...(refundId !== undefined && { refundId }),
    ...(lastError !== undefined && { lastError }),
  };
}

export function end(state: RefundFacts, outcome: RefundOutcome): EndedRefund {
  return { ...factsOf(state), kind: 'ended', outcome };
}

export function needsAttention(
  state: RefundFacts,
  reason: RefundAttention,
  error: ResolutionError,
  found?: FoundRefund,
): EndedRefund {
  return end(state, { kind: 'needs-attention', reason, error, ...(found && { found }) });
}

/** An error that no call brought: `message` names the property, what is wrong and the remedy. */
export function personDecides(message: string): ResolutionError {
  return { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'unknown', advice: 'fix-request', message };
}

/** Submit Refund left, or may have left. */
export function withSubmission(state: RefundFacts, now: number): RefundFacts {
  return { ...factsOf(state), submissions: state.submissions + 1, submittedAt: now };
}

export function submitting(state: RefundFacts, at: number): SubmittingRefund {
  return { ...factsOf(state), kind: 'submitting', at, attempts: 0 };
}

export function checking(facts: RefundFacts, at: number, notBefore: number): CheckingRefund {
  return { ...facts, kind: 'checking', at, attempts: 0, notBefore };
}

/** The first of these questions comes soon, each further one twice as late. */
export function following(facts: RefundFacts, attempts: number, absences: number, moment: Moment): FollowingRefund {
  const at = moment.now + queryPause(facts, attempts, moment);
  return { ...factsOf(facts), kind: 'following', at, attempts, absences };
}

/** A payment "placed over one year ago" is not refunded. */
export function isTooLateToRefund({ paidAt }: Pick<RefundFacts, 'paidAt'>, at: number): boolean {
  return paidAt !== undefined && at > paidAt + REFUND_NOT_AFTER_MS;
}

/** From one Query Refund to the next. */
export function queryPause({ policy }: RefundFacts, attempts: number, moment: Moment): number {
  return spread(doubled(policy.firstQueryMs, attempts, policy.maxQueryMs), moment);
}

/** From a Submit Refund that may have left to the next. */
export function submitPause({ policy, submissions }: RefundFacts, moment: Moment): number {
  return spread(doubled(policy.submitAgainMs, submissions - 1, policy.maxSubmitAgainMs), moment);
}

/** Never sooner than the rule says: the spread is all on the later side. */
export function spread(ms: number, { jitter = 0.5 }: Moment): number {
  return Math.round(ms * (1 + jitter / 2));
}

function doubled(first: number, times: number, longest: number): number {
  return Math.min(longest, first * 2 ** Math.min(Math.max(times, 0), 30));
}
