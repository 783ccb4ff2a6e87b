import { Controller, Get, Header, Inject, Optional, Sse, type MessageEvent } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { endWith, from, ignoreElements, interval, map, merge, mergeMap, takeUntil, type Observable } from 'rxjs';
import { DEMO, type Demo } from '../demo/demo.js';
import { Till } from './till.js';
import { renderOrder, renderPage } from './till.page.js';

/** The page runs this application's own script, and no other. */
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

/** public/till.js waits for a little more than twice as long. */
const ALIVE_EVERY_MS = 15_000;

/** What a cashier sees. */
@ApiExcludeController()
@Controller()
export class TillController {
  readonly #till: Till;
  readonly #demo: Demo | undefined;

  constructor(@Inject(Till) till: Till, @Optional() @Inject(DEMO) demo?: Demo) {
    this.#till = till;
    this.#demo = demo;
  }

  @Get()
  @Header('Content-Type', 'text/html; charset=utf-8')
  @Header('Content-Security-Policy', CONTENT_SECURITY_POLICY)
  @Header('Cache-Control', 'no-store')
  async page(): Promise<string> {
    return renderPage(await this.#till.known(), this.#demo);
  }

  /**
   * All orders, the oldest first, as a page that connects again may have missed some; then each one that changes. In between, a
   * sign of life, so that a page can tell a server that is dead from one with nothing to say.
   */
  @Sse('events')
  events(): Observable<MessageEvent> {
    const known = from(this.#till.known()).pipe(mergeMap((orders) => orders.reverse()));
    const isOver = this.#till.changes.pipe(ignoreElements(), endWith(true));
    const alive = interval(ALIVE_EVERY_MS).pipe(
      takeUntil(isOver),
      map(() => ({ type: 'alive', data: '' })),
    );
    const orders = merge(this.#till.changes, known).pipe(
      map((order) => ({ data: { id: `order-${order.outTradeNo}`, html: renderOrder(order) } })),
    );
    return merge(orders, alive);
  }
}
