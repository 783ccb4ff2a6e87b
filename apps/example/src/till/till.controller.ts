import { Controller, Inject, Optional, Sse, type MessageEvent } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { from, map, merge, mergeMap, type Observable } from 'rxjs';
import { DEMO, type Demo } from '../demo/demo.js';
import { live, Page } from '../http/page.js';
import { Till } from './till.js';
import { renderOrder, renderPage } from './till.page.js';

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

  @Page()
  async page(): Promise<string> {
    return renderPage(await this.#till.known(), this.#demo);
  }

  /** All orders, the oldest first, as a page that connects again may have missed some; then each one that changes. */
  @Sse('events')
  events(): Observable<MessageEvent> {
    const known = from(this.#till.known()).pipe(mergeMap((orders) => orders.reverse()));
    const orders = merge(this.#till.changes, known);
    return live(orders.pipe(map((order) => ({ id: `order-${order.outTradeNo}`, html: renderOrder(order) }))));
  }
}
