import type { ResolutionError } from '../resolution/state.js';

/**
 * What a failed Submit Refund means.
 *
 * - `not-sent`: nothing left. The same again, soon.
 * - `later`: a verified answer says that nothing was done, and asks for the same call later.
 * - `refused`: a verified answer, or the library before anything was sent, says no for what no retry cures.
 * - `failing`: a verified answer says that it failed, and not whether it was done all the same.
 * - `unclear`: it was sent, and no answer can be trusted; or the answer asks for the same again, without saying what was done.
 */
export type SubmitFailure = 'not-sent' | 'later' | 'refused' | 'failing' | 'unclear';

export function classifySubmit({ code, outcome, advice }: ResolutionError): SubmitFailure {
  switch (outcome) {
    case 'not-sent':
      return advice === 'fix-request' || code === 'WECHATPAY_INVALID_CONFIG' ? 'refused' : 'not-sent';
    case 'rejected':
      return advice === 'retry-later' ? 'later' : 'refused';
    case 'unknown':
      return code === 'WECHATPAY_BUSINESS_FAIL' && advice !== 'retry-later' ? 'failing' : 'unclear';
  }
}
