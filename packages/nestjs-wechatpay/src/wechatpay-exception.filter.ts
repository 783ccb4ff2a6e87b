import { Catch, Inject, Injectable, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { isWechatPayFailure, problemOf, type Failure } from './problem.js';

/** Nest chooses a filter by `instanceof`, which the classes of another installed copy would not pass. */
class WechatPayFailure extends Error {
  static override [Symbol.hasInstance](error: unknown): boolean {
    return isWechatPayFailure(error);
  }
}

/**
 * Answers the errors of wechatpay-core and wechatpay-durable over HTTP, on Express and on Fastify: `application/problem+json` (RFC 9457) with
 * `outcome` and `advice`, and a status that tells about the money. All other errors stay with the filters that the application has.
 *
 * 4xx: this call moved no money. 503: nothing was sent. 500, 502 and 504: where `outcome` is `unknown`, it may have happened.
 *
 * What the caller got wrong is the caller's to read; everything else is logged as a warning. Errors of GraphQL, microservices and WebSockets
 * are passed on as they are.
 *
 * @example
 * providers: [{ provide: APP_FILTER, useClass: WechatPayExceptionFilter }]
 */
@Injectable()
@Catch(WechatPayFailure)
export class WechatPayExceptionFilter implements ExceptionFilter<Error & Failure> {
  readonly #logger = new Logger('WechatPay');
  readonly #host: HttpAdapterHost;

  constructor(@Inject(HttpAdapterHost) host: HttpAdapterHost) {
    this.#host = host;
  }

  catch(error: Error & Failure, host: ArgumentsHost): void {
    if (host.getType() !== 'http') throw error;
    const problem = problemOf(error);
    if (problem.code !== 'WECHATPAY_INVALID_REQUEST') this.#logger.warn(`${problem.outcome}: ${error.message}`);
    const { httpAdapter } = this.#host;
    const response = host.switchToHttp().getResponse<unknown>();
    if (httpAdapter.isHeadersSent(response)) return; // as after an event stream has begun
    if (problem.retryAfterSeconds !== undefined) {
      httpAdapter.setHeader(response, 'Retry-After', String(problem.retryAfterSeconds));
    }
    httpAdapter.setHeader(response, 'Content-Type', 'application/problem+json');
    httpAdapter.reply(response, problem, problem.status);
  }
}
