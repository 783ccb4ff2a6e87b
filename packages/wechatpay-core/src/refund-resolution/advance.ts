import type { Moment } from '../resolution/state.js';
import { afterFailedQueryRefund, afterRefundQueried } from './after-query.js';
import { afterAccepted, afterFailedSubmit } from './after-submit.js';
import { needsAttention, personDecides } from './build.js';
import type { OpenRefund, RefundEvent, RefundState } from './state.js';

/**
 * The state after a step: the rules of a refund. Pure: no clock, no network.
 *
 * @param moment when the event came, by the clock that `startRefund` was given; `jitter` spreads retries.
 */
export function advanceRefund(state: RefundState, event: RefundEvent, moment: Moment): RefundState {
  if (state.kind === 'ended') return state;
  const next = afterEvent(state, event, moment);
  const { startedAt, policy } = next;
  if (next.kind === 'ended' || next.at < startedAt + policy.attentionAfterMs) return next;
  return needsAttention(next, 'no-end', noEnd(next));
}

function afterEvent(state: OpenRefund, event: RefundEvent, moment: Moment): RefundState {
  switch (event.kind) {
    case 'refund-accepted':
      return afterAccepted(state, event, moment);
    case 'refund-queried':
      return afterRefundQueried(state, event, moment);
    case 'failed':
      return event.step === 'submit-refund'
        ? afterFailedSubmit({ ...state, lastError: event.error }, event.error, moment)
        : afterFailedQueryRefund(state, event.error, moment);
  }
}

function noEnd({ request, startedAt, lastError }: OpenRefund): ReturnType<typeof personDecides> {
  const last = lastError ? ` The last failure: ${lastError.message}` : '';
  return personDecides(
    `attentionAfterMs: refund ${request.outRefundNo}, started ${new Date(startedAt).toISOString()}, has no end yet. ` +
      `Look at it on the Merchant Platform, then resume.${last}`,
  );
}
