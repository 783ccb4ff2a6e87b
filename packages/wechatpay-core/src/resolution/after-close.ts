import { attemptsOf, factsOf, needsAttention, spacing, type Open } from './build.js';
import type { Failure } from './classify.js';
import type { CheckingClose, Moment, ResolutionError, ResolutionState } from './state.js';

/** What Close Order's verified answer means: it is done, which a query proves, since the answer names no order. */
export function afterClosed(state: Open, moment: Moment): ResolutionState {
  return checkingClose(state, moment, { at: moment.now, isClosed: true });
}

/** What a close that failed means. Closing again is safe; but the customer may have paid, so a query comes first. */
export function afterFailedClose(
  state: Open,
  failure: Failure,
  error: ResolutionError,
  moment: Moment,
): ResolutionState {
  switch (failure) {
    case 'wrong':
      return needsAttention(state, error);
    case 'refused': {
      // ORDERPAID, ORDERCLOSED, ORDERNOTEXIST: each tells of a state, and a query may be asked for it at once.
      const isClear = error.outcome === 'rejected';
      const isClosed = error.errorCode === 'ORDERCLOSED';
      return checkingClose(state, moment, { refusal: error, isClosed, ...(isClear && { at: moment.now }) });
    }
    default:
      return checkingClose(state, moment);
  }
}

function checkingClose(
  state: Open,
  moment: Moment,
  how: Partial<Pick<CheckingClose, 'at' | 'isClosed' | 'refusal'>> = {},
): CheckingClose {
  const attempts = attemptsOf(state);
  const notBefore = moment.now + spacing(state.policy, attempts, moment);
  const next = { attempts: attempts + 1, notBefore, at: notBefore, isClosed: false };
  return { ...factsOf(state), kind: 'checking-close', ...next, ...how };
}
