import { Catch, Inject, Logger, type ArgumentsHost } from '@nestjs/common';
import { BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import {
  isWechatPayError,
  type Advice,
  type AnyWechatPayError,
  type Outcome,
  type WechatPayErrorCode,
} from 'wechatpay-core';
import type { Problem, OrderParams } from '../orders/orders.schemas.js';

/** A row of the table: an error that has what `of` says is answered so. */
export interface HttpAnswer {
  readonly of: { code?: WechatPayErrorCode; outcome: Outcome; advice?: Advice };
  readonly status: number;
  /** For a body whose error brings no advice of its own. */
  readonly advice?: Advice;
  readonly retryAfterSeconds?: number;
  readonly when: string;
  readonly remedy: string;
}

const RETRY_AFTER_SECONDS = 5;

const UNKNOWN: HttpAnswer = {
  of: { outcome: 'unknown' },
  status: 502,
  advice: 'query-order',
  when: 'The answer is not clear: SYSTEMERROR, an unlisted code, a broken connection, a signature that does not hold',
  remedy:
    'It may have happened. Query the order, or send the same call again: neither a reversal nor a refund of one number happens twice.',
};

/**
 * Which HTTP answer an error becomes: the first row that fits.
 *
 * The status tells about the money. 4xx: this call moved none, and it has to change or to wait. 503: nothing was sent.
 * 502 and 504: it may have happened. Never take one of these two for a failure.
 */
export const HTTP_ANSWERS: readonly HttpAnswer[] = [
  {
    of: { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' },
    status: 422,
    when: 'A field is wrong, or the order is younger than 15 s or older than 7 days: nothing was sent',
    remedy: 'Nothing happened. The message names the field, and says what to do.',
  },
  {
    of: { outcome: 'not-sent' },
    status: 503,
    advice: 'retry-later',
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    when: 'WeChat Pay cannot be reached: nothing was sent',
    remedy: 'Nothing happened. Call again in some seconds.',
  },
  {
    of: { outcome: 'rejected', advice: 'retry-later' },
    status: 409,
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    when: 'USERPAYING: the customer is paying at this moment; FREQUENCY_LIMITED: too many calls',
    remedy: 'Call again in some seconds.',
  },
  {
    of: { outcome: 'rejected', advice: 'refund' },
    status: 409,
    when: 'REVERSE_EXPIRE: the order is older than 7 days',
    remedy: 'Refund the order instead.',
  },
  {
    of: { outcome: 'rejected' },
    status: 422,
    when: 'PARAM_ERROR, INVALID_TRANSACTIONID, ORDERNOTEXIST, SIGNERROR and others: WeChat Pay refuses the request',
    remedy: "Check the order's numbers and amounts; where errorCode is SIGNERROR, the API key of this server.",
  },
  {
    of: { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' },
    status: 504,
    advice: 'query-order',
    when: 'No answer in time',
    remedy: UNKNOWN.remedy,
  },
  {
    of: { outcome: 'unknown', advice: 'fix-request' },
    status: 502,
    when: 'INVALID_REQUEST: no such order, another certificate, or a duplicate of a request that is still worked on',
    remedy:
      "Check the order's numbers, and this server's certificate. Then query the order, or send the same call again.",
  },
  UNKNOWN,
];

/** Turns the library's errors into answers that a cashier's software can act on; all others stay Nest's. */
@Catch()
export class WechatPayErrorFilter extends BaseExceptionFilter {
  readonly #logger = new Logger('WechatPay');
  readonly #host: HttpAdapterHost;

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    super(host.httpAdapter);
    this.#host = host;
  }

  override catch(error: unknown, host: ArgumentsHost): void {
    if (!isWechatPayError(error)) {
      super.catch(error, host);
      return;
    }
    // What a caller got wrong is the caller's to read; the rest is for whoever runs this.
    if (error.code !== 'WECHATPAY_INVALID_REQUEST') this.#logger.warn(`${error.outcome}: ${error.message}`);
    const http = host.switchToHttp();
    const { params } = http.getRequest<{ params: OrderParams }>();
    const answer = answerTo(error);
    const problem = describeProblem(error, answer, params);
    const { httpAdapter } = this.#host;
    const response: unknown = http.getResponse();
    if (problem.retryAfterSeconds !== undefined) {
      httpAdapter.setHeader(response, 'Retry-After', String(problem.retryAfterSeconds));
    }
    httpAdapter.reply(response, problem, answer.status);
  }
}

function answerTo(error: AnyWechatPayError): HttpAnswer {
  const seen: HttpAnswer['of'] = {
    code: error.code,
    outcome: error.outcome,
    ...(error.code === 'WECHATPAY_BUSINESS_FAIL' && { advice: error.advice }),
  };
  const fits = ({ of }: HttpAnswer): boolean =>
    seen.outcome === of.outcome &&
    [undefined, seen.code].includes(of.code) &&
    [undefined, seen.advice].includes(of.advice);
  return HTTP_ANSWERS.find(fits) ?? UNKNOWN;
}

function describeProblem(error: AnyWechatPayError, answer: HttpAnswer, { outTradeNo }: OrderParams): Problem {
  const business = error.code === 'WECHATPAY_BUSINESS_FAIL' ? error : undefined;
  return {
    code: error.code,
    outcome: error.outcome,
    advice: business?.advice ?? answer.advice,
    remedy: answer.remedy,
    message: error.message,
    field: error.code === 'WECHATPAY_INVALID_REQUEST' ? error.field : undefined,
    errorCode: business?.errorCode,
    errorDescription: business?.errorDescription,
    recall: business?.recall,
    retryAfterSeconds: answer.retryAfterSeconds ?? (business?.recall ? RETRY_AFTER_SECONDS : undefined),
    // A request that is refused before its call has no order yet.
    order: error.order ?? { outTradeNo },
  };
}
