import { WechatPayConfigError, type WechatPayClient } from 'wechatpay-core';
import { MAX_CLOCK_SKEW_MS } from './stores/options.js';

/** After this, a worker takes the first step of a durable order, in milliseconds from the order's creation. */
export const FIRST_STEP_MS = 15_000;

/** A durable order does not end `closed` before: until then WeChat Pay may take the payment. */
const PAYABLE_MS = 45_000;

/** The clocks of two machines: each may differ from the store's. */
const TWO_CLOCKS_MS = 2 * MAX_CLOCK_SKEW_MS;

/** At least so much time is left to store a durable order. */
const STORING_MS = 5_000;

/**
 * The longest `timeoutMs` of a client: with it, each charge is answered, or given up, before its durable order may end.
 *
 * The arithmetic is in docs/decisions/0011-a-charge-leaves-in-time.md.
 */
const MAX_TIMEOUT_MS = PAYABLE_MS - TWO_CLOCKS_MS - STORING_MS;

/** A charge leaves at most so long after its order was created, in milliseconds; later, nothing is sent. */
export function leavesWithinMs(timeoutMs: number): number {
  return Math.min(FIRST_STEP_MS, PAYABLE_MS - TWO_CLOCKS_MS - timeoutMs);
}

/**
 * What the customer pays an order of Unified Order by is handed out at most so long after the order was stored, in milliseconds: well
 * before it may be closed, 5 min after it. A charge that leaves in time is answered, or given up, sooner.
 */
export const HANDED_OUT_WITHIN_MS = 2 * 60_000;

/** @throws {WechatPayConfigError} a client with which a charge could be answered after its durable order has ended. */
export function checkTimeout({ merchantId, timeoutMs }: WechatPayClient): void {
  if (timeoutMs <= MAX_TIMEOUT_MS) return;
  throw new WechatPayConfigError(
    'timeoutMs',
    `of merchant ${merchantId} is ${timeoutMs}: a charge could be answered after its durable order has ended. ` +
      `Give this client ${MAX_TIMEOUT_MS} or less.`,
  );
}
