import { afterFailedQuery, afterQuery } from './after-query.js';
import {
  afterFailedQueryRefunds,
  afterFailedRefund,
  afterRefundAccepted,
  afterRefundsQueried,
} from './after-refund.js';
import { afterFailedReverse, afterReversed } from './after-reverse.js';
import { afterClosed, afterFailedClose } from './after-close.js';
import type { Open } from './build.js';
import { classify } from './classify.js';
import type { Moment, ResolutionEvent, ResolutionState } from './state.js';

/**
 * The state after a step: the rules of resolving, a page of WeChat Pay's documentation a file. Pure: no clock, no network.
 *
 * @param moment when the event came, by the clock that `orderCreatedAt` was taken from; `jitter` spreads retries.
 */
export function advanceResolution(state: ResolutionState, event: ResolutionEvent, moment: Moment): ResolutionState {
  if (state.kind === 'ended') return state;
  switch (event.kind) {
    case 'queried':
      return afterQuery(state, event, moment);
    case 'reversed':
      return afterReversed(state, event, moment);
    case 'closed':
      return afterClosed(state, moment);
    case 'refund-accepted':
      return afterRefundAccepted(state, moment);
    case 'refunds-queried':
      return afterRefundsQueried(state, event, moment);
    case 'failed':
      return afterFailure({ ...state, lastError: event.error }, event, moment);
  }
}

function afterFailure(
  state: Open,
  { step, error }: ResolutionEvent & { kind: 'failed' },
  moment: Moment,
): ResolutionState {
  const failure = classify(step, error);
  switch (step) {
    case 'query':
      return afterFailedQuery(state, failure, error, moment);
    case 'reverse':
      return afterFailedReverse(state, failure, error, moment);
    case 'close':
      return afterFailedClose(state, failure, error, moment);
    case 'refund':
      return afterFailedRefund(state, failure, error, moment);
    case 'query-refunds':
      return afterFailedQueryRefunds(state, failure, error, moment);
  }
}
