import { Inject, Injectable, Optional, type OnApplicationShutdown } from '@nestjs/common';
import { statementDay, type ResolutionOutcome } from 'wechatpay-core';
import {
  DurableOrders,
  type AcknowledgeRequest,
  type ReconcileRequest,
  type Reconciliation,
  type ReconciliationDifference,
} from 'wechatpay-durable';
import { DEMO, type Demo, type SampleDay } from '../demo/demo.js';

/** In place of a date: the day of the demo. */
export const SAMPLE = 'sample';

/** What came of an order since: how its durable order stands. */
export type OrderNow = ResolutionOutcome['kind'] | 'open' | 'cancelled';

/** A difference, and how its order stands now; absent where there is none. */
export type DayDifference = ReconciliationDifference & { readonly orderNow?: OrderNow };

/** A day that was reconciled. */
export interface Day extends Omit<Reconciliation, 'differences'> {
  readonly differences: readonly DayDifference[];
}

/** A difference, as its day and its numbers name it. */
export type Which = Omit<AcknowledgeRequest, keyof ReconcileRequest>;

interface Book {
  readonly durableOrders: DurableOrders;
  readonly date: string;
}

/** The days, and what WeChat Pay's statements say of them. */
@Injectable()
export class Days implements OnApplicationShutdown {
  readonly #durableOrders: DurableOrders;
  readonly #demo: Demo | undefined;
  #sample: Promise<SampleDay> | undefined;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders, @Optional() @Inject(DEMO) demo?: Demo) {
    this.#durableOrders = durableOrders;
    this.#demo = demo;
  }

  async onApplicationShutdown(): Promise<void> {
    const sample = await this.#sample?.catch(() => undefined);
    await sample?.durableOrders.stop();
  }

  get hasSample(): boolean {
    return this.#demo?.sampleDay !== undefined;
  }

  /** The day that is shown where none is asked for: the last that was reconciled, the sample, or yesterday. */
  async latest(): Promise<string> {
    const { lastDay } = await this.#durableOrders.reconciliationHealth();
    return lastDay ?? (this.hasSample ? SAMPLE : statementDay(new Date(this.#now() - DAY_MS)).date);
  }

  /** @param date as in `20260301`, or {@link SAMPLE}. @returns undefined of a day that was not reconciled. */
  async get(date: string): Promise<Day | undefined> {
    const book = await this.#bookOf(date);
    const day = await book.durableOrders.reconciliation({ date: book.date });
    if (!day) return undefined;
    const differences = day.differences.map(async (difference) => withOrder(book.durableOrders, difference));
    return { ...day, differences: await Promise.all(differences) };
  }

  /** Downloads the statement of a day and compares it; see `DurableOrders.reconcile`. */
  async reconcile(date: string): Promise<void> {
    const book = await this.#bookOf(date);
    await book.durableOrders.reconcile({ date: book.date });
  }

  /** Notes that a person has looked at a difference. @returns false where it needs none. */
  async acknowledge(date: string, difference: Which, note: string | undefined): Promise<boolean> {
    const book = await this.#bookOf(date);
    return book.durableOrders.acknowledge({ date: book.date, ...difference }, { actor: 'till', note });
  }

  #now(): number {
    return this.#demo?.clock.now() ?? Date.now();
  }

  async #bookOf(date: string): Promise<Book> {
    if (date !== SAMPLE || !this.#demo?.sampleDay) return { durableOrders: this.#durableOrders, date };
    this.#sample ??= this.#demo.sampleDay();
    return this.#sample;
  }
}

const DAY_MS = 24 * 60 * 60_000;

async function withOrder(durableOrders: DurableOrders, difference: ReconciliationDifference): Promise<DayDifference> {
  const { outTradeNo, subMerchantId, orderId } = difference;
  const order = orderId === undefined ? undefined : await durableOrders.get({ outTradeNo, subMerchantId });
  if (!order) return difference;
  const orderNow = order.outcome?.kind ?? (order.status === 'cancelled' ? 'cancelled' : 'open');
  return { ...difference, orderNow };
}
