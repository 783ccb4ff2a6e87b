import type { WechatPayClient } from 'wechatpay-core';
import { DurableOrdersError } from './errors.js';
import { publish } from './events.js';

/** @throws {DurableOrdersError} the client's clock, a function of its configuration, throws. */
export function readClock(client: WechatPayClient): number {
  try {
    return client.now();
  } catch (cause) {
    throw clockFailed(client, 'nothing was done. Repair the `now` of this client.', cause);
  }
}

/** The client's clock, for a note. One that fails holds up nothing: where nothing was sent, the order must not be reversed. */
export function timeOf(client: WechatPayClient): number {
  try {
    const now = client.now();
    return Number.isFinite(now) ? now : Date.now();
  } catch {
    return Date.now();
  }
}

/** The client's clock, for a worker. One that throws, or gives no time, stops no order: this machine's is asked instead. */
export function workerClock(client: WechatPayClient | undefined, id: string): () => number {
  let isBroken = client === undefined;
  return () => {
    if (isBroken || !client) return Date.now();
    try {
      const now = client.now();
      if (Number.isFinite(now)) return now;
      throw new TypeError(`it gave ${now}`);
    } catch (cause) {
      isBroken = true;
      publish({ kind: 'problem', id, error: clockFailed(client, "this machine's is used.", cause) });
      return Date.now();
    }
  };
}

/**
 * A client's clock, for one order that is due by the store's. A clock that says a time before the order was created was set back since:
 * it resumes from when the order is due, or nobody would look for as long as it was set back.
 *
 * @param since when the order was created, or the refund begun.
 */
export function clockFor({ since, at = since }: { since: number; at?: number }, now: () => number): () => number {
  const offset = at - now();
  return () => {
    const time = now();
    return time < since ? time + offset : time;
  };
}

function clockFailed({ merchantId }: WechatPayClient, rest: string, cause: unknown): DurableOrdersError {
  const message = `The clock of merchant ${merchantId} failed: ${rest}`;
  return new DurableOrdersError('WECHATPAY_CLOCK_FAILED', message, { cause });
}
