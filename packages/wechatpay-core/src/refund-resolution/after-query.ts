import { REFUND_SPACING_MS } from '../operations/refund-order.js';
import { classify } from '../resolution/classify.js';
import type { Moment, ResolutionError } from '../resolution/state.js';
import { confirmRefusal, provenFrom } from './after-submit.js';
import {
  end,
  factsOf,
  following,
  isTooLateToRefund,
  needsAttention,
  personDecides,
  queryPause,
  submitting,
} from './build.js';
import { describeDifference } from './differs.js';
import type { OpenRefund, RefundEvent, RefundState, RefusedRefund } from './state.js';

/** So many signed failures in a row that are neither a clear refusal nor ask for another try need a person. */
const MAX_FAILURES = 3;

/** So many answers in a row that know nothing of a refund that was accepted: it is submitted again, with the same number. */
const MAX_ABSENCES = 3;

/** What Query Refund's verified answer means: `refunded` is its SUCCESS alone. */
export function afterRefundQueried(
  before: OpenRefund,
  { outRefundNo, refunds }: RefundEvent & { kind: 'refund-queried' },
  moment: Moment,
): RefundState {
  const { request } = before;
  const [found] = refunds;
  // Of another refund, or of none: it says nothing of this one.
  if (outRefundNo !== request.outRefundNo || found === undefined) return askAgain(before, moment);
  const difference = describeDifference(request, refunds);
  if (difference !== undefined) return needsAttention(before, 'differs', personDecides(difference), found);
  const { refundId, refundStatus, succeededAt } = found;
  const state: OpenRefund = { ...before, failures: 0, ...(refundId !== undefined && { refundId }) };
  switch (refundStatus) {
    case 'SUCCESS':
      return end(state, {
        kind: 'refunded',
        outRefundNo,
        ...(refundId !== undefined && { refundId }),
        refundFee: request.refundFee,
        ...(succeededAt !== undefined && { succeededAt }),
      });
    case 'CHANGE':
      return needsAttention(
        state,
        'not-received',
        personDecides(
          `outRefundNo: refund ${outRefundNo} ended CHANGE: the money did not reach the customer, whose account or card is gone. ` +
            'Handle it on the Merchant Platform, or return the money by other means; then resume.',
        ),
        found,
      );
    case 'REFUNDCLOSE':
    case 'FAIL':
      return needsAttention(
        state,
        'closed',
        personDecides(
          `outRefundNo: refund ${outRefundNo} ended ${refundStatus}: nothing was returned. Find out why on the Merchant Platform. ` +
            'WeChat Pay wants a failed refund submitted again with the same number: call refundOrder, then resume.',
        ),
        found,
      );
    default: // PROCESSING; and a status that is not there proves nothing
      return following(state, before.kind === 'following' ? before.attempts + 1 : 0, 0, moment);
  }
}

/** What a Query Refund that failed means. */
export function afterFailedQueryRefund(before: OpenRefund, error: ResolutionError, moment: Moment): RefundState {
  const failure = classify('query-refunds', error);
  // That there is no such refund is an answer: what failed before it stays in sight.
  if (failure === 'absent') return afterAbsent(before, moment);
  const state = { ...before, lastError: error };
  switch (failure) {
    case 'wrong':
      return needsAttention(state, 'cannot-ask', error);
    default:
      return askAgain(state, moment);
  }
}

/** There is no such refund, says an answer that names none. */
function afterAbsent(state: OpenRefund, moment: Moment): RefundState {
  const { now } = moment;
  switch (state.kind) {
    case 'refused':
      return state.isAbsent && now >= provenFrom(state)
        ? rejected(state)
        : confirmRefusal(state, moment, { isAbsent: true, attempts: 0 });
    case 'following': {
      const absences = state.absences + 1;
      if (absences < MAX_ABSENCES) return following(state, state.attempts + 1, absences, moment);
      return submitAgain(state, Math.max(now, (state.submittedAt ?? 0) + REFUND_SPACING_MS));
    }
    case 'checking':
      return submitAgain(state, Math.max(now, state.notBefore));
    case 'submitting':
    case 'waiting':
      return submitAgain(state, Math.max(now, state.at));
  }
}

/** The same Submit Refund again: its number makes it the same refund, should the one before have been made after all. */
function submitAgain(state: OpenRefund, at: number): RefundState {
  if (isTooLateToRefund(state, at)) return needsAttention(state, 'too-late', tooLate(state));
  if (state.failures >= MAX_FAILURES && state.lastError) return needsAttention(state, 'keeps-failing', state.lastError);
  return submitting(state, at);
}

function rejected(state: RefusedRefund): RefundState {
  const { refusal: error } = state;
  return error.errorCode === 'TRADE_OVERDUE'
    ? needsAttention(state, 'too-late', error)
    : end(state, { kind: 'refund-rejected', error });
}

/** No answer to be trusted, or nobody was asked: the same question again, twice as late each time. */
function askAgain(state: OpenRefund, moment: Moment): RefundState {
  if (state.kind === 'refused') return confirmRefusal(state, moment, { isAbsent: false, attempts: state.attempts + 1 });
  const attempts = 'attempts' in state ? state.attempts + 1 : 1;
  const at = moment.now + queryPause(state, attempts, moment);
  return state.kind === 'waiting'
    ? { ...factsOf(state), kind: 'submitting', at, attempts }
    : { ...state, at, attempts };
}

function tooLate({ request, paidAt = 0 }: OpenRefund): ResolutionError {
  return personDecides(
    `paidAt: the order of refund ${request.outRefundNo} was paid at ${new Date(paidAt).toISOString()}, more than a year ago: ` +
      'Submit Refund refuses it. Return the money by other means.',
  );
}
