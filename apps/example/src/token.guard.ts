import { createHash, timingSafeEqual } from 'node:crypto';
import { Inject, Injectable, UnauthorizedException, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { IncomingMessage } from 'node:http';

/** The injection token of the manager's secret. */
export const TILL_TOKEN = Symbol('TILL_TOKEN');

/** Lets in who shows the manager's token, as `authorization: Bearer TOKEN`. */
@Injectable()
export class TokenGuard implements CanActivate {
  readonly #token: Buffer;

  constructor(@Inject(TILL_TOKEN) token: string) {
    this.#token = digest(token);
  }

  canActivate(context: ExecutionContext): boolean {
    const { authorization = '' } = context.switchToHttp().getRequest<IncomingMessage>().headers;
    const [, token] = /^Bearer +(\S+)$/i.exec(authorization) ?? [];
    if (token === undefined) {
      throw new UnauthorizedException("The manager's token is missing: authorization: Bearer TOKEN.");
    }
    if (timingSafeEqual(digest(token), this.#token)) return true;
    throw new UnauthorizedException("This is not the manager's token: see TILL_TOKEN, or what the start printed.");
  }
}

/** Of one length, so that comparing takes one time. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
