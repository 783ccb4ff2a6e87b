import { Controller, Get, Inject, Optional, Query, Sse, type MessageEvent } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { auditTime, distinctUntilChanged, from, map, merge, mergeMap, type Observable } from 'rxjs';
import { WechatPayClient } from 'wechatpay-core';
import { DEMO, type Demo } from '../demo/demo.js';
import { PageLanguage, type Language } from '../http/language.js';
import { live, Page } from '../http/page.js';
import { findQuery, type FindQuery } from '../orders/orders.schemas.js';
import { Till } from './till.js';
import type { TillOrder } from './till.order.js';
import { renderOrder, renderPage, renderTotals, shownOf } from './till.page.js';

/** What a page puts in the place of the element of this `id`. */
interface Fragment {
  readonly id: string;
  readonly html: string;
}

const TOTALS_EVERY_MS = 250;

/** What a cashier sees. */
@ApiExcludeController()
@Controller()
export class TillController {
  readonly #till: Till;
  readonly #client: WechatPayClient;
  readonly #demo: Demo | undefined;

  constructor(
    @Inject(Till) till: Till,
    @Inject(WechatPayClient) client: WechatPayClient,
    @Optional() @Inject(DEMO) demo?: Demo,
  ) {
    this.#till = till;
    this.#client = client;
    this.#demo = demo;
  }

  @Page()
  async page(@PageLanguage() language: Language): Promise<string> {
    const orders = await this.#till.known();
    const clock = { now: this.#client.now(), speed: this.#demo?.clock.speed ?? 1 };
    return renderPage(language, { orders, totals: this.#till.totals(), clock, demo: this.#demo });
  }

  /** The orders of a number that is on a receipt. */
  @Get('till/find')
  async find(
    @Query({ schema: findQuery }) { number }: FindQuery,
    @PageLanguage() language: Language,
  ): Promise<Fragment[]> {
    const orders = await this.#till.find(number.trim());
    return orders.map((order) => fragmentOf(language, order));
  }

  /** What the page lists, the oldest first, as one that connects again may have missed some; then each order that changes. */
  @Sse('events')
  events(@PageLanguage() language: Language): Observable<MessageEvent> {
    const { changes } = this.#till;
    const known = from(this.#till.known()).pipe(mergeMap((orders) => shownOf(orders).reverse()));
    const orders = merge(changes, known).pipe(map((order) => fragmentOf(language, order)));
    const totals = changes.pipe(
      auditTime(TOTALS_EVERY_MS),
      map(() => renderTotals(language, this.#till.totals())),
      distinctUntilChanged(),
      map((html): Fragment => ({ id: 'totals', html })),
    );
    return live(merge(orders, totals));
  }
}

function fragmentOf(language: Language, order: TillOrder): Fragment {
  return { id: `order-${order.outTradeNo}`, html: renderOrder(language, order) };
}
