import type { WechatPayClient } from 'wechatpay-core';
import { DurableOrdersError, toStoreError } from './errors.js';
import { publish } from './events.js';
import { MAX_CLOCK_SKEW_MS } from './stores/options.js';

/** How far the clock of a merchant's client is from the store's. */
export interface ClockSkew {
  readonly merchantId: string;
  /** In milliseconds, below 0 where the client's is behind; 0 where the answer took as long as they differ. */
  readonly skewMs: number;
}

/** Real time. */
const CHECK_EVERY_MS = 30_000;
/** An answer that took longer than this says too little about a clock. */
const LONGEST_ANSWER_MS = 2_000;

interface WatchedClocks {
  readonly clients: () => Iterable<WechatPayClient>;
  /** The store's clock, in milliseconds since 1970. */
  readonly storeNow: () => Promise<number>;
}

/** Holds the clock of each client against the store's, again and again: one that is off is told once, and again after it was right. */
export class ClockWatch {
  readonly #clocks: WatchedClocks;
  readonly #off = new Set<string>();
  readonly #skews = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(clocks: WatchedClocks) {
    this.#clocks = clocks;
  }

  start(): void {
    this.stop();
    this.#timer = setInterval(() => void this.#check(), CHECK_EVERY_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#off.clear();
    this.#skews.clear();
  }

  /** As they were when they were last held against each other. */
  skews(): ClockSkew[] {
    return [...this.#skews].map(([merchantId, skewMs]) => ({ merchantId, skewMs }));
  }

  async #check(): Promise<void> {
    const startedAt = performance.now();
    let storeNow: number;
    try {
      storeNow = await this.#clocks.storeNow();
    } catch (error) {
      publish({ kind: 'problem', error: toStoreError(error) });
      return;
    }
    const tookMs = performance.now() - startedAt;
    if (tookMs > LONGEST_ANSWER_MS) return;
    const clients = [...this.#clocks.clients()];
    const watched = new Set(clients.map(({ merchantId }) => merchantId));
    // Of a registry, one that is not used any more is not held against anything.
    for (const merchantId of this.#skews.keys()) if (!watched.has(merchantId)) this.#forget(merchantId);
    for (const client of clients) this.#compare(client, storeNow, storeNow + tookMs);
  }

  #forget(merchantId: string): void {
    this.#skews.delete(merchantId);
    this.#off.delete(merchantId);
  }

  /** @param earliest the store's time is between these two by now: its answer took that long. */
  #compare(client: WechatPayClient, earliest: number, latest: number): void {
    const { merchantId } = client;
    let now: number;
    try {
      now = client.now();
    } catch {
      return; // whoever needs the clock tells
    }
    const skew = now > latest ? now - latest : Math.min(0, now - earliest);
    this.#skews.set(merchantId, skew);
    if (Math.abs(skew) <= MAX_CLOCK_SKEW_MS) {
      this.#off.delete(merchantId);
      return;
    }
    if (this.#off.has(merchantId)) return;
    this.#off.add(merchantId);
    const seconds = `${Math.abs(skew / 1000).toFixed(1)} s ${skew > 0 ? 'ahead of' : 'behind'}`;
    const message =
      `The clock of merchant ${merchantId}'s client is ${seconds} the store's: an order could be reversed too early, or too late. ` +
      'Set both by NTP, or repair the `now` of this client.';
    publish({ kind: 'problem', error: new DurableOrdersError('WECHATPAY_CLOCK_SKEW', message) });
  }
}
