import { applyDecorators, Get, Header, type MessageEvent } from '@nestjs/common';
import { ApiExcludeEndpoint } from '@nestjs/swagger';
import { endWith, ignoreElements, interval, map, merge, share, takeUntil, type Observable } from 'rxjs';

/** A page runs this application's own scripts, and no other. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A route that gives a page, which no cache keeps. */
export function Page(path?: string): MethodDecorator {
  return applyDecorators(
    Get(path),
    Header('Content-Type', 'text/html; charset=utf-8'),
    Header('Content-Security-Policy', CONTENT_SECURITY_POLICY),
    Header('Cache-Control', 'no-store'),
    ApiExcludeEndpoint(),
  );
}

/** public/live.js waits for a little more than twice as long. */
const ALIVE_EVERY_MS = 15_000;

/** What a page follows, with a sign of life in between, so that it can tell a server that is dead from one with nothing to say. */
export function live(changes: Observable<object>): Observable<MessageEvent> {
  const shared = changes.pipe(share());
  const isOver = shared.pipe(ignoreElements(), endWith(true));
  const alive = interval(ALIVE_EVERY_MS).pipe(
    takeUntil(isOver),
    map(() => ({ type: 'alive', data: '' })),
  );
  return merge(shared.pipe(map((data) => ({ data }))), alive);
}
