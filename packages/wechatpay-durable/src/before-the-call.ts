import type { WechatPayClient } from 'wechatpay-core';
import { readClock } from './clocks.js';
import { DurableOrdersError, isDurableOrdersError } from './errors.js';

// What comes before a call that may move money: when the order is made, how long ago that is, and that nothing was sent yet.

/** Before the call, whatever fails has moved no money: the errors of wechatpay-core say so by themselves. */
export function nothingSent(error: unknown): never {
  if (!isDurableOrdersError(error)) throw error;
  const { code, message, cause } = error;
  throw new DurableOrdersError(code, `${message} Nothing was sent.`, { cause, outcome: 'not-sent' });
}

/** When an order is made, by the client's clock. @throws {DurableOrdersError} that clock fails; nothing was sent. */
export function startTime(client: WechatPayClient): number {
  try {
    return readClock(client);
  } catch (error) {
    return nothingSent(error);
  }
}

/**
 * How long ago it was made, in milliseconds of the client's clock. That clock may be set back, and a timer stands still while the
 * machine sleeps: the longer time counts.
 */
export function stopwatch(client: WechatPayClient, at: number, speed: number): () => number {
  const startedAt = performance.now();
  return () => {
    const byTimer = (performance.now() - startedAt) * speed;
    try {
      const byClock = client.now() - at;
      return Number.isFinite(byClock) ? Math.max(byClock, byTimer) : byTimer;
    } catch {
      return byTimer;
    }
  };
}
