import { WechatPayRequestError, WechatPayTransportError, type WechatPayClient } from 'wechatpay-core';
import { readClock } from './clocks.js';
import { DurableOrdersError, isDurableOrdersError } from './errors.js';

// What comes before a call that may move money: when the order is made, how long ago that is, whether it is stored, and that nothing was
// sent yet.

/** Before the call, whatever fails has moved no money: the errors of wechatpay-core say so by themselves. */
export function nothingSent(error: unknown): never {
  if (!isDurableOrdersError(error)) throw error;
  const { code, message, cause } = error;
  throw new DurableOrdersError(code, `${message} Nothing was sent.`, { cause, outcome: 'not-sent' });
}

/**
 * @param used what has become of the number where it is not new, as in `was charged before`.
 * @throws {WechatPayRequestError} a number that was used before. @throws {DurableOrdersError} it is not stored.
 */
export function assertEnqueued(result: string, outTradeNo: string, used: string): void {
  if (result === 'enqueued') return;
  if (result === 'duplicate') {
    const problem = `${used}: see how that one stands before another payment is taken for it. Another sale takes a new number.`;
    throw new WechatPayRequestError('outTradeNo', problem, { advice: 'query-order' });
  }
  const problem = `The store did not say that order ${outTradeNo} is stored. Nothing was sent.`;
  throw new DurableOrdersError('WECHATPAY_NOT_STORED', problem, { outcome: 'not-sent' });
}

/** A call that is not made, since storing its durable order took too long. */
export function storedTooLate(outTradeNo: string, withinMs: number): WechatPayTransportError {
  const problem = `The durable order of order ${outTradeNo} took more than ${withinMs / 1000} s to be stored. Nothing was sent.`;
  return new WechatPayTransportError('WECHATPAY_TIMEOUT', problem, 'not-sent');
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
