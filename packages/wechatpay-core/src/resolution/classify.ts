import type { ResolutionCall, ResolutionError } from './state.js';

/**
 * What a failed call means for the order.
 *
 * - `nobody-asked`: nothing was sent, or the gateway was too busy to look. Later, again; it decides nothing.
 * - `absent`: a verified answer says that there is no such order, or refund.
 * - `wrong`: a setting or a parameter, which no retry cures.
 * - `too-late`: the order can no longer be reversed.
 * - `again`: a verified answer asks for the same call, later.
 * - `refused`: a verified answer says no.
 * - `unclear`: it was sent, and no answer can be trusted.
 */
export type Failure = 'nobody-asked' | 'absent' | 'wrong' | 'too-late' | 'again' | 'refused' | 'unclear';

export function classify(step: ResolutionCall['kind'], error: ResolutionError): Failure {
  const isSigned = error.code === 'WECHATPAY_BUSINESS_FAIL';
  const isWrong = error.outcome !== 'unknown' && error.advice === 'fix-request';
  const isUnsent = error.outcome === 'not-sent';
  switch (step) {
    case 'query':
    case 'query-refunds':
      // Each page has its own code; that of the other says nothing here.
      if (error.errorCode === (step === 'query' ? 'ORDERNOTEXIST' : 'REFUNDNOTEXIST')) return 'absent';
      if (isWrong) return 'wrong';
      return isUnsent || isThrottled(error) ? 'nobody-asked' : 'unclear';
    case 'reverse':
      if (error.advice === 'refund') return 'too-late';
      if (isSigned) return asksToRepeat(error) ? 'again' : 'refused';
      if (isWrong) return 'wrong';
      // That throttling kept a reversal from being made is not established: it counts as one that may have been.
      return isUnsent ? 'nobody-asked' : 'unclear';
    case 'close':
      if (isSigned) return 'refused';
      if (isWrong) return 'wrong';
      return isUnsent ? 'nobody-asked' : 'unclear';
    case 'refund':
      if (isUnsent && !isWrong) return 'nobody-asked';
      if (error.advice === 'retry-later') return 'again'; // also while the pool of refunds is empty, which is a matter of time
      return isWrong || error.outcome === 'rejected' ? 'refused' : 'unclear';
  }
}

/** Signed, or in its unsigned form: who is too frequent is not answered. */
function isThrottled({ code, outcome, advice }: ResolutionError): boolean {
  return advice === 'retry-later' && (outcome === 'rejected' || code === 'WECHATPAY_GATEWAY_FAIL');
}

function asksToRepeat({ recall, advice, errorCode }: ResolutionError): boolean {
  return recall === true || advice === 'retry-later' || errorCode === 'SYSTEMERROR';
}
