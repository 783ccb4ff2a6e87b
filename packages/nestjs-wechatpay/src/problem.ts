import { isWechatPayError, type Advice, type Outcome } from 'wechatpay-core';
import { problemRow, RETRY_AFTER_SECONDS } from './problem-table.js';

/** The body of an answer about an error: a problem by RFC 9457, and what decides about the money. */
export interface WechatPayProblem {
  /** Which kind of answer, as in `urn:wechatpay:problem:outcome-unknown`; it is stable. */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What happened: the error's message, which holds no secret. Where a setting or the store is to blame, the log alone has it. */
  readonly detail: string;
  /** Of the error, as in `WECHATPAY_TIMEOUT`. */
  readonly code: string;
  /** Might the money have moved? */
  readonly outcome: Outcome;
  /** What to do, for a program. */
  readonly advice?: Advice;
  /** What to do, for a person. */
  readonly remedy: string;
  /** The field of the request that is wrong. */
  readonly field?: string;
  /** WeChat Pay's `err_code`. */
  readonly errorCode?: string;
  /** WeChat Pay's `err_code_des`. */
  readonly errorDescription?: string;
  /** true: WeChat Pay asks for the reversal to be called again. */
  readonly recall?: boolean;
  /** As in the Retry-After header. */
  readonly retryAfterSeconds?: number;
  readonly order?: { readonly transactionId?: string; readonly outTradeNo?: string };
}

/** What is read of an error, of any class of wechatpay-core or wechatpay-durable. */
export type Failure = Pick<
  WechatPayProblem,
  'code' | 'advice' | 'field' | 'errorCode' | 'errorDescription' | 'order'
> & {
  readonly message: string;
  readonly outcome?: Outcome;
  readonly recall?: boolean | undefined;
  readonly retryAfterMs?: number;
};

/** What wechatpay-durable marks its errors with. It is optional, so that it cannot be imported here. */
const DURABLE_BRAND = Symbol.for('wechatpay-durable.error');

/**
 * Codes of wechatpay-durable that say that nothing was done, where the error has no `outcome`. `WECHATPAY_STOPPING` is none of them: who
 * waits for an order that may be paid is told so as well.
 */
const NOTHING_DONE = ['WECHATPAY_NO_SUCH_ORDER', 'WECHATPAY_ORDER_BUSY', 'WECHATPAY_ORDER_NOT_KNOWN'];

/** Settings, databases and clocks: what is wrong with them is for who runs the server, not for who calls it. */
const INTERNAL = /^WECHATPAY_(?:INVALID_CONFIG|MERCHANT_LOOKUP|STORE_|FOLDER_|PACKAGE_|CLOCK_)/;

/** Whether an error is of wechatpay-core or wechatpay-durable, of any installed copy. */
export function isWechatPayFailure(error: unknown): error is Error & Failure {
  return isWechatPayError(error) || (error instanceof Error && DURABLE_BRAND in error);
}

/**
 * What to answer over HTTP where a call of wechatpay-core or wechatpay-durable threw: for a filter of the application. `WechatPayExceptionFilter`
 * answers so by itself.
 *
 * @returns the body, for `application/problem+json`; undefined where it is no error of these packages.
 * @example
 * const problem = toWechatPayProblem(error);
 * if (problem) response.status(problem.status).type('application/problem+json').send(problem);
 */
export function toWechatPayProblem(error: unknown): WechatPayProblem | undefined {
  return isWechatPayFailure(error) ? problemOf(error) : undefined;
}

export function problemOf({ message, ...error }: Failure): WechatPayProblem {
  const { code, field, errorCode, errorDescription, recall, order } = error;
  const outcome = error.outcome ?? (NOTHING_DONE.includes(code) ? 'not-sent' : 'unknown');
  const row = problemRow({ code, outcome, ...(error.advice && { advice: error.advice }) });
  const isInternal = INTERNAL.test(code);
  const advice = error.advice ?? row.advice;
  const seconds = error.retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(error.retryAfterMs / 1000));
  const waits = advice === 'retry-later' || recall === true;
  const retryAfterSeconds = seconds ?? row.retryAfterSeconds ?? (waits ? RETRY_AFTER_SECONDS : undefined);
  return {
    type: `urn:wechatpay:problem:${row.name}`,
    title: row.title,
    status: row.status,
    detail: isInternal ? `${row.title}. The log of this server says more.` : message,
    code,
    outcome,
    ...(advice && { advice }),
    remedy: row.remedy,
    ...(field !== undefined && !isInternal && { field }),
    ...(errorCode && { errorCode }),
    ...(errorDescription && { errorDescription }),
    ...(recall !== undefined && { recall }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(order && Object.keys(order).length > 0 && { order }),
  };
}
