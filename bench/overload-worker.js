// The callers of overload.js: each makes one call after the other. After a refusal they try again when it says, after an unknown
// outcome at once.
import { subscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { CALL_CHANNEL, reverseOrder, WechatPayClient } from 'wechatpay-core';
import { Answers } from './answers.js';
import { clientConfig } from './contenders/client-config.js';
import { open as openLeast } from './contenders/least.js';
import { serve } from './worker.js';

/** How long the calls that left had waited in the client's queue; each is taken out by its caller. */
const waits = new Map();
subscribe(CALL_CHANNEL, ({ order, waitedMs }) => {
  if (waitedMs !== undefined) waits.set(order.outTradeNo, waitedMs);
});

serve((settings) => {
  let runs = [];
  return {
    carried: (parameters) => carried({ ...settings, port: parameters.port }, parameters),
    begin: ({ cases }) => {
      runs = cases.map((each) => new Run(settings, each));
    },
    now: () => performance.now(),
    gatewayStops: () => {
      for (const run of runs) run.stoppedAt = performance.now();
    },
    gatewayIsBack: () => {
      for (const run of runs) run.isBack(performance.now());
    },
    /** What came of each case; its answers a second are those from `from` to `to`. */
    stop: async ({ from, to }) => {
      await Promise.all(runs.map((run) => run.stop()));
      const results = runs.map((run) => run.result(from, to));
      runs = [];
      return results;
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

/**
 * Answers a second through so many connections, as many callers as they, of a client that does nothing but what none leaves out: what this
 * machine and its timers make of `connections / delayMs`.
 */
async function carried(settings, { connections, delayMs, ms }) {
  const { call, close } = openLeast(settings);
  const answers = new Answers();
  let isOver = false;
  const loops = Array.from({ length: connections }, async () => {
    while (!isOver) {
      const leftAt = performance.now();
      await call();
      answers.add(leftAt, performance.now());
    }
  });
  await sleep(Math.max(1_500, delayMs * 1.5));
  const from = performance.now();
  await sleep(ms);
  const to = performance.now();
  isOver = true;
  await Promise.all(loops);
  await close();
  return answers.perSecond(from, to);
}

class Run {
  stoppedAt = Infinity;
  #backAt = Infinity;
  #running = true;
  #counts = { unknown: 0, avoidable: 0, refused: 0, longestMs: 0 };
  #answers = new Answers();
  #delayMs;
  #timeoutMs;
  #port;
  #client;
  #loops;
  #stopped = new AbortController();
  /** Unknown outcomes that can be judged when it is known how long the gateway stopped. */
  #whileStopped = [];

  constructor(settings, { port, timeoutMs, delayMs, callers, connections }) {
    this.#client = new WechatPayClient({
      ...clientConfig({ ...settings, port }),
      timeoutMs,
      maxConnections: connections,
    });
    this.#timeoutMs = timeoutMs;
    this.#port = port;
    this.#delayMs = delayMs;
    this.#loops = Array.from({ length: callers }, (_, caller) => this.#call(caller));
  }

  result(from, to) {
    return { answered: this.#answers.perSecond(from, to), ...this.#counts };
  }

  isBack(backAt) {
    this.#backAt = backAt;
    for (const unknown of this.#whileStopped) this.#judge(unknown);
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
      const outTradeNo = `P${this.#port}C${caller}N${order}`;
      try {
        await reverseOrder(this.#client, { outTradeNo }, { signal });
        const answeredAt = performance.now();
        this.#answers.add(leftAt(startedAt, outTradeNo), answeredAt);
        this.#counts.longestMs = Math.max(this.#counts.longestMs, answeredAt - startedAt);
      } catch (error) {
        if (signal.aborted) return;
        if (error.outcome === 'unknown') this.#unknown(leftAt(startedAt, outTradeNo));
        else {
          this.#counts.refused += 1;
          await sleep(error.retryAfterMs ?? 50, undefined, { signal }).catch(() => undefined);
        }
      }
    }
  }

  #unknown(leftAt) {
    this.#counts.unknown += 1;
    const met = leftAt + this.#delayMs >= this.stoppedAt && leftAt <= this.#backAt;
    if (met && this.#backAt === Infinity) this.#whileStopped.push({ leftAt });
    else this.#judge({ leftAt });
  }

  /**
   * Avoidable is every unknown outcome of a call that the gateway would have answered, had the call had all of timeoutMs for it: it
   * left too late, and should have been left unsent. Also what a machine that stood still has cut counts.
   */
  #judge({ leftAt }) {
    const isHeld = leftAt + this.#delayMs >= this.stoppedAt && leftAt <= this.#backAt;
    const tookMs = isHeld ? Math.max(this.#backAt - leftAt, this.#delayMs) : this.#delayMs;
    if (tookMs <= this.#timeoutMs) this.#counts.avoidable += 1;
  }
}

function leftAt(startedAt, outTradeNo) {
  const waitedMs = waits.get(outTradeNo) ?? 0;
  waits.delete(outTradeNo);
  return startedAt + waitedMs;
}
