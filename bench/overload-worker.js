// The callers of overload.js: each makes one call after the other. After a refusal they try again when it says, after an unknown
// outcome at once.
import { setTimeout as sleep } from 'node:timers/promises';
import { reverseOrder, WechatPayClient } from 'wechatpay-core';
import { clientConfig } from './contenders/client-config.js';
import { serve } from './worker.js';

serve((settings) => {
  let runs = [];
  return {
    begin: ({ cases }) => {
      runs = cases.map((each) => new Run(settings, each));
    },
    counts: () => runs.map((run) => run.counts()),
    gatewayStops: () => {
      for (const run of runs) run.stoppedAt = performance.now();
    },
    gatewayIsBack: () => {
      for (const run of runs) run.isBack(performance.now());
    },
    stop: async () => {
      await Promise.all(runs.map((run) => run.stop()));
      runs = [];
    },
    memory: async () => {
      for (let i = 0; i < 3; i += 1) {
        globalThis.gc();
        await sleep(20);
      }
      return { heap: process.memoryUsage().heapUsed / 2 ** 20 };
    },
  };
});

class Run {
  stoppedAt = Infinity;
  #backAt = Infinity;
  #running = true;
  #counts = { answered: 0, unknown: 0, avoidable: 0, refused: 0, longestMs: 0 };
  #delayMs;
  #timeoutMs;
  #client;
  #loops;
  #stopped = new AbortController();
  /** When the calls of an unknown outcome were made, while the gateway had stopped. */
  #unknownSince = [];

  constructor(settings, { port, timeoutMs, delayMs, callers }) {
    this.#client = new WechatPayClient({ ...clientConfig({ ...settings, port }), timeoutMs });
    this.#timeoutMs = timeoutMs;
    this.#delayMs = delayMs;
    this.#loops = Array.from({ length: callers }, (_, caller) => this.#call(caller));
  }

  counts() {
    return { ...this.#counts, at: performance.now() };
  }

  /** What of the unknown outcomes was ours: a call that had been sent at once would have been answered in time. */
  isBack(backAt) {
    this.#backAt = backAt;
    for (const startedAt of this.#unknownSince) {
      if (startedAt + this.#timeoutMs > backAt + this.#delayMs) this.#counts.avoidable += 1;
    }
  }

  async stop() {
    this.#running = false;
    this.#stopped.abort();
    await Promise.all(this.#loops);
    await this.#client.close();
  }

  async #call(caller) {
    const { signal } = this.#stopped;
    for (let order = 0; this.#running; order += 1) {
      const startedAt = performance.now();
      try {
        await reverseOrder(this.#client, { outTradeNo: `C${caller}N${order}` }, { signal });
        this.#counts.answered += 1;
        this.#counts.longestMs = Math.max(this.#counts.longestMs, performance.now() - startedAt);
      } catch (error) {
        if (signal.aborted) return;
        if (error.outcome === 'unknown') this.#unknown(startedAt);
        else {
          this.#counts.refused += 1;
          await sleep(error.retryAfterMs ?? 50, undefined, { signal }).catch(() => undefined);
        }
      }
    }
  }

  #unknown(startedAt) {
    this.#counts.unknown += 1;
    const wouldBeAnsweredAt = startedAt + this.#delayMs;
    if (this.#delayMs >= this.#timeoutMs) return;
    if (wouldBeAnsweredAt < this.stoppedAt || startedAt > this.#backAt) this.#counts.avoidable += 1;
    else if (this.#backAt === Infinity) this.#unknownSince.push(startedAt);
    else if (startedAt + this.#timeoutMs > this.#backAt + this.#delayMs) this.#counts.avoidable += 1;
  }
}
