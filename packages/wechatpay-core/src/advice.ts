/**
 * Might the money have moved?
 *
 * - `not-sent`: no byte of the request left this process; nothing happened.
 * - `rejected`: the gateway answered, signed, that it did not do what this call asked for.
 * - `unknown`: it may have happened. Query the order, or reverse it again (reversing twice is safe).
 */
export type Outcome = 'not-sent' | 'rejected' | 'unknown';

/**
 * What to do about a refusal: the documentation's Solution column, as a value that a program can switch on.
 *
 * - `query-order`: the outcome is not known; ask.
 * - `fix-request`: a parameter, a setting or a permission is wrong; the same call will fail again.
 * - `retry-later`: the same call again, after a while.
 * - `reverse-again`: Revoke Order again, after a while.
 * - `refund`: too late to reverse; refund the order.
 * - `scan-again`: the customer's code is no longer good; scan a fresh one.
 * - `change-payment`: the customer has to choose another card or balance, and to be scanned again.
 * - `new-order`: this order number is used up; take another.
 */
export type Advice =
  | 'query-order'
  | 'fix-request'
  | 'retry-later'
  | 'reverse-again'
  | 'refund'
  | 'scan-again'
  | 'change-payment'
  | 'new-order';

/** A row of a documentation page's table of error codes, and what it means for the money. */
export interface ErrorCodeRow {
  /** The page's columns, word for word where they can stand alone. */
  readonly description: string;
  readonly reason: string;
  readonly solution: string;
  readonly outcome: Exclude<Outcome, 'not-sent'>;
  readonly advice: Advice;
}

/** A page's table of error codes. A code that is not in it is `unknown`. */
export type ErrorCodes = Readonly<Record<string, ErrorCodeRow>>;
