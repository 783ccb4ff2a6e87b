import { isTooLateToRefund } from './build.js';
import type { RefundFacts, RefundOutcome, RefundState, RefundStep } from './state.js';

/**
 * What is to be done now. Store the state before it is done.
 *
 * Where nothing more is due before the deadline, it is done at once: nobody waits for a step that is not taken.
 *
 * @param now milliseconds since 1970, by the clock that the other functions are given.
 */
export function nextRefundStep(state: RefundState, now: number): RefundStep {
  if (state.kind === 'ended') return { kind: 'done', outcome: state.outcome };
  if (Math.max(now, state.at) >= state.deadline) return { kind: 'done', outcome: unresolvedRefund(state) };
  if (now < state.at) return { kind: 'wait', until: state.at };
  const { request } = state;
  switch (state.kind) {
    case 'submitting':
    case 'waiting':
      // What is too late to be sent is asked for: another call may have made it in time.
      if (!isTooLateToRefund(state, now)) return { kind: 'submit-refund', request };
      break;
    default:
  }
  return { kind: 'query-refund', outRefundNo: request.outRefundNo };
}

/** The outcome of a refund that stops before its end. */
export function unresolvedRefund({ lastError }: RefundFacts): RefundOutcome {
  return { kind: 'unresolved', ...(lastError && { error: lastError }) };
}
