import { attemptsOf, expired, factsOf, needsAttention, spacing, type Open } from './build.js';
import type { Failure } from './classify.js';
import type { Checking, Moment, ResolutionError, ResolutionEvent, ResolutionState } from './state.js';

/** What Revoke Order's verified answer means: it is done, which a query proves; or it has to be called again. */
export function afterReversed(
  before: Open,
  { recall }: ResolutionEvent & { kind: 'reversed' },
  moment: Moment,
): ResolutionState {
  const state = withReverseSent(before);
  return recall ? reverseAgain(state, moment) : checking(state, moment, { at: moment.now, isReversed: true });
}

/** What a reversal that failed means. */
export function afterFailedReverse(
  before: Open,
  failure: Failure,
  error: ResolutionError,
  moment: Moment,
): ResolutionState {
  switch (failure) {
    case 'wrong':
      return needsAttention(before, error);
    case 'nobody-asked':
      return checking(before, moment);
    case 'too-late':
      return expired(withReverseSent(before), moment.now);
    case 'again':
      return reverseAgain(withReverseSent(before), moment);
    case 'refused': {
      const isWrong = error.outcome !== 'unknown' && error.advice === 'fix-request';
      return checking(withReverseSent(before), moment, { refusal: error, ...(isWrong && { at: moment.now }) });
    }
    default:
      // Where it may have happened, see first.
      return checking(withReverseSent(before), moment);
  }
}

/** A reversal that left may take effect, now or later, whatever came back. */
function withReverseSent(state: Open): Open {
  return state.sent.reverse ? state : { ...state, sent: { ...state.sent, reverse: true } };
}

function checking(
  state: Open,
  moment: Moment,
  how: Partial<Pick<Checking, 'at' | 'isReversed' | 'refusal'>> = {},
): Checking {
  const attempts = attemptsOf(state);
  const notBefore = moment.now + spacing(state.policy, attempts, moment);
  const next = { attempts: attempts + 1, notBefore, at: notBefore, isReversed: false };
  return { ...factsOf(state), kind: 'checking', ...next, ...how };
}

function reverseAgain(state: Open, moment: Moment): ResolutionState {
  const attempts = attemptsOf(state);
  const at = moment.now + spacing(state.policy, attempts, moment);
  return { ...factsOf(state), kind: 'reversing', at, attempts: attempts + 1 };
}
