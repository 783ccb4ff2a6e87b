import type { Advice, Outcome } from 'wechatpay-core';

/** A row of the table: an error that has what `of` says is answered so. */
export interface ProblemRow {
  readonly of: {
    readonly code?: string;
    readonly outcome?: Outcome;
    readonly advice?: Advice;
  };
  /** The end of the problem's `type`. */
  readonly name: string;
  readonly status: number;
  readonly title: string;
  /** When this is answered. */
  readonly when: string;
  /** What to do, for a person. */
  readonly remedy: string;
  /** What to do, for a program, where the error brings no advice of its own. */
  readonly advice?: Advice;
  readonly retryAfterSeconds?: number;
}

/** Where waiting helps, and the error does not say how long. */
export const RETRY_AFTER_SECONDS = 5;

const SAME_AGAIN =
  'It may have happened. Query the order, or send the same call again: neither a reversal nor a refund of one number happens twice.';

const UNKNOWN: ProblemRow = {
  of: { outcome: 'unknown' },
  name: 'outcome-unknown',
  status: 502,
  title: 'The outcome is not known',
  when: 'The answer is not clear: SYSTEMERROR, an unlisted code, a broken connection, a signature that does not hold',
  remedy: SAME_AGAIN,
  advice: 'query-order',
};

/**
 * Which HTTP answer an error becomes: the first row that fits.
 *
 * The status tells about the money. 4xx: this call moved none, and it has to change or to wait. 503: nothing was sent. 500, 502 and 504:
 * look at `outcome`; where it is `unknown`, it may have happened. Never take one of these for a failure.
 */
export const PROBLEM_TABLE: readonly ProblemRow[] = [
  {
    of: { code: 'WECHATPAY_INVALID_REQUEST', advice: 'query-order' },
    name: 'number-used',
    status: 409,
    title: 'The number was used before',
    when: 'A durable order has this number: nothing was sent, and that order may be paid',
    remedy: 'This call sent nothing. See how the order of this number stands before another payment is taken for it.',
  },
  {
    of: { code: 'WECHATPAY_INVALID_REQUEST' },
    name: 'invalid-request',
    status: 422,
    title: 'The request is invalid',
    when: 'A field is wrong, or the order is younger than 15 s or older than 7 days: nothing was sent',
    remedy: 'This call sent nothing. `detail` names the field, and says what to do.',
  },
  {
    of: { code: 'WECHATPAY_NO_SUCH_ORDER' },
    name: 'no-such-order',
    status: 404,
    title: 'No such durable order',
    when: 'Nothing is stored of the order, or no more',
    remedy: "Check the order's number.",
  },
  {
    of: { code: 'WECHATPAY_INVALID_NOTIFICATION' },
    name: 'invalid-notification',
    status: 400,
    title: 'This is no notification of WeChat Pay',
    when: "What was posted is not WeChat Pay's word to one of the merchants",
    remedy: 'Nothing in it was believed, and it says nothing about any order.',
    advice: 'query-order',
  },
  {
    of: { outcome: 'rejected', advice: 'retry-later' },
    name: 'refused-for-now',
    status: 409,
    title: 'WeChat Pay refuses it for now',
    when: 'USERPAYING: the customer is paying at this moment; FREQUENCY_LIMITED: too many calls',
    remedy: 'Call again in some seconds.',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  {
    of: { outcome: 'rejected', advice: 'refund' },
    name: 'too-late-to-reverse',
    status: 409,
    title: 'Too late to reverse',
    when: 'REVERSE_EXPIRE: the order is older than 7 days',
    remedy: 'Refund the order instead.',
  },
  {
    of: { outcome: 'rejected', advice: 'query-order' },
    name: 'order-state',
    status: 409,
    title: 'The order is in another state',
    when: 'ORDERPAID, ORDERCLOSED and others: the order does not allow this call',
    remedy: 'Query the order.',
  },
  {
    of: { outcome: 'rejected' },
    name: 'refused',
    status: 422,
    title: 'WeChat Pay refuses it',
    when: 'PARAM_ERROR, ORDERNOTEXIST, SIGNERROR, NOTENOUGH and others: WeChat Pay refuses the request',
    remedy:
      "Do what `advice` says: check the order's numbers and amounts, take another code, card or number; where errorCode is SIGNERROR, " +
      'check the API key of this server.',
  },
  {
    of: { code: 'WECHATPAY_INVALID_CONFIG' },
    name: 'server-settings',
    status: 500,
    title: 'A setting of this server is wrong',
    when: 'A setting of this server is missing or wrong: nothing was sent',
    remedy: 'Nothing happened. Who runs this server has to correct the setting.',
  },
  {
    of: { code: 'WECHATPAY_MERCHANT_LOOKUP' },
    name: 'no-merchant',
    status: 503,
    title: 'The merchant is not available here',
    when: 'The registry of this server knows no such merchant, cannot ask for it now, or has settings that cannot be used: nothing was sent',
    remedy:
      'This call sent nothing. Call again later; where it stays so, who runs this server has to look into the log.',
    advice: 'retry-later',
    retryAfterSeconds: 10,
  },
  {
    of: { code: 'WECHATPAY_ORDER_BUSY' },
    name: 'order-busy',
    status: 503,
    title: 'The order is being worked on',
    when: 'A worker works on the durable order: nothing was stored',
    remedy: 'Call again in a minute.',
    advice: 'retry-later',
    retryAfterSeconds: 60,
  },
  {
    of: { outcome: 'not-sent' },
    name: 'not-sent',
    status: 503,
    title: 'Nothing was sent',
    when: 'WeChat Pay or the store cannot be reached, too many calls wait, or this server stops: nothing was sent',
    remedy: 'Nothing happened. Call again later.',
    advice: 'retry-later',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  {
    of: { code: 'WECHATPAY_STATEMENT' },
    name: 'no-statement',
    status: 502,
    title: 'There is no statement',
    when: 'There is no statement of that day, or not yet, or none to rely on',
    remedy: 'Do what `advice` says. Never take it for a day without orders.',
  },
  {
    of: { code: 'WECHATPAY_TIMEOUT' },
    name: 'no-answer',
    status: 504,
    title: 'No answer in time',
    when: 'No answer in time',
    remedy: SAME_AGAIN,
    advice: 'query-order',
  },
  {
    of: { code: 'WECHATPAY_WAIT_ABORTED' },
    name: 'not-resolved-yet',
    status: 504,
    title: 'Not resolved yet',
    when: 'The durable order has no outcome yet',
    remedy: 'It goes on by itself. Ask for it later.',
    advice: 'query-order',
  },
  {
    of: { code: 'WECHATPAY_STORE_FAILED' },
    name: 'store-failed',
    status: 500,
    title: 'The store failed',
    when: 'The store failed: what was asked for may be stored',
    remedy: 'Call again with the same numbers: what is stored is not stored twice.',
    advice: 'retry-later',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
  },
  {
    of: { outcome: 'unknown', advice: 'fix-request' },
    name: 'check-request',
    status: 502,
    title: 'The outcome is not known, and the request may be wrong',
    when: 'INVALID_REQUEST: no such order, another certificate, or a duplicate of a request that is still worked on',
    remedy:
      "Check the order's numbers, and this server's certificate. Then query the order, or send the same call again.",
  },
  UNKNOWN,
];

/** The row of an error; what no row is for is unknown. */
export function problemRow(seen: ProblemRow['of']): ProblemRow {
  const fits = ({ of }: ProblemRow): boolean =>
    [undefined, seen.outcome].includes(of.outcome) &&
    [undefined, seen.code].includes(of.code) &&
    [undefined, seen.advice].includes(of.advice);
  return PROBLEM_TABLE.find(fits) ?? UNKNOWN;
}
