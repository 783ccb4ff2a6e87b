import { createHash, timingSafeEqual } from 'node:crypto';
import {
  Inject,
  Injectable,
  SetMetadata,
  UnauthorizedException,
  type CanActivate,
  type CustomDecorator,
  type ExecutionContext,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** The injection token of the till's secret. */
export const TILL_TOKEN = Symbol('TILL_TOKEN');

const WHERE = 'It is in the setting TILL_TOKEN; without that, the server prints a new one at each start.';

/** Marks a controller whose callers prove themselves otherwise. */
export const WithoutToken = (): CustomDecorator<symbol> => SetMetadata(WITHOUT_TOKEN, true);

const WITHOUT_TOKEN = Symbol('WITHOUT_TOKEN');

/** Marks a route that is for looking at, and wants the token all the same: it costs what everybody could use up. */
export const WithToken = (): CustomDecorator<symbol> => SetMetadata(WITH_TOKEN, true);

const WITH_TOKEN = Symbol('WITH_TOKEN');

/**
 * Guards every route of the application: whatever is not just for looking at wants the till's token, as
 * `authorization: Bearer TOKEN`. A route that is added later is guarded as well.
 */
@Injectable()
export class TokenGuard implements CanActivate {
  readonly #token: Buffer;
  readonly #reflector: Reflector;

  constructor(@Inject(TILL_TOKEN) token: string, @Inject(Reflector) reflector: Reflector) {
    this.#token = digest(token);
    this.#reflector = reflector;
  }

  canActivate(context: ExecutionContext): boolean {
    const http = context.switchToHttp();
    const { method = '', headers } = http.getRequest<IncomingMessage>();
    const isExempt = this.#reflector.get<true | undefined>(WITHOUT_TOKEN, context.getClass()) ?? false;
    const isWanted = this.#reflector.get<true | undefined>(WITH_TOKEN, context.getHandler()) ?? false;
    if (isExempt || (['GET', 'HEAD'].includes(method) && !isWanted)) return true;
    const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? [];
    if (token !== undefined && timingSafeEqual(digest(token), this.#token)) return true;
    http.getResponse<ServerResponse>().setHeader('WWW-Authenticate', 'Bearer');
    throw new UnauthorizedException(
      token === undefined
        ? `The token is missing. Send the header authorization: Bearer TOKEN. ${WHERE}`
        : `This is not the token. ${WHERE}`,
    );
  }
}

/** Of one length, so that comparing takes one time. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
