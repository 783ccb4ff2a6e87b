import { setTimeout as sleep } from 'node:timers/promises';
import {
  QUICK_PAY,
  quickPay,
  WechatPayError,
  WechatPayRequestError,
  WechatPayTransportError,
  type QuickPayRequest,
  type QuickPayResult,
  type SettlePayment,
  type SettlePolicy,
} from 'wechatpay-core';
import type { DurableReversals } from './durable-reversals.js';

/** How a payment stands. */
export type DurablePayment =
  /** Quick Pay's answer was clear: the customer paid. */
  | { readonly outcome: { readonly kind: 'paid' }; readonly result: QuickPayResult }
  /** Clear too: nothing was paid, and nothing will be. Take a new order number for another try. */
  | { readonly outcome: { readonly kind: 'declined'; readonly error: WechatPayError } }
  /** It was not. Its reversal goes on by itself, here or in another worker: `get` tells how it stands. */
  | { readonly outcome: { readonly kind: 'pending'; readonly error?: WechatPayError } };

export interface DurablePayOptions {
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** Stops waiting for Quick Pay's answer. The outcome is then pending; declined where nothing was sent yet. */
  readonly signal?: AbortSignal | undefined;
  /** How to settle it, where the answer is not clear. */
  readonly policy?: Partial<Omit<SettlePolicy, 'ifPaid'>> | undefined;
}

interface Order {
  readonly merchantId: string;
  readonly outTradeNo: string;
  readonly subMerchantId?: string;
}

/** The guard before the risk: what {@link DurableReversals.pay} does. */
export async function payGuarded(
  reversals: DurableReversals,
  keep: (order: Order, payment: SettlePayment) => Promise<boolean>,
  request: QuickPayRequest,
  { merchantId, signal, policy }: DurablePayOptions = {},
): Promise<DurablePayment> {
  const client = reversals.clientOf(merchantId);
  if (signal !== undefined && !((signal as unknown) instanceof AbortSignal)) {
    throw new WechatPayRequestError('signal', 'must be an AbortSignal; of an AbortController, give its `signal`.');
  }
  QUICK_PAY.toFields(request, () => client.now()); // a request that cannot be sent uses up no order number
  const { outTradeNo, subMerchantId, subAppId, totalFee, currency } = request;
  const order = {
    outTradeNo,
    ...(subMerchantId !== undefined && { subMerchantId }),
    ...(subAppId !== undefined && { subAppId }),
    merchantId: client.merchantId,
  };
  const orderCreatedAt = new Date(client.now());
  const guard = await reversals.enqueue({ ...order, orderCreatedAt, totalFee, currency, policy });
  if (guard === 'duplicate') {
    throw new WechatPayRequestError('outTradeNo', 'was charged before; take a new number, or see how that one stands.');
  }

  // A store that took so long may have given the guard to a worker, who may have ended it: a charge would have none.
  if (client.now() >= orderCreatedAt.getTime() + GUARD_MS) {
    await reversals.cancel(order).catch(() => false);
    const problem = `The guard of order ${outTradeNo} took ${GUARD_MS / 1000} s or more to be stored. Nothing was sent.`;
    return {
      outcome: { kind: 'declined', error: new WechatPayTransportError('WECHATPAY_TIMEOUT', problem, 'not-sent') },
    };
  }

  let result: QuickPayResult;
  try {
    result = await quickPay(client, request, { signal });
  } catch (error) {
    const isKnown = error instanceof WechatPayError && error.outcome !== 'unknown';
    if (!isKnown) {
      await reversals.hasten(order).catch(() => false); // it is due by itself, a little later
      // What is no error of the client's is a mistake in it, and may have come after the request was sent.
      return { outcome: { kind: 'pending', ...(error instanceof WechatPayError && { error }) } };
    }
    // Where it cannot be called off, it finds out the same.
    await reversals.cancel(order).catch(() => false);
    return { outcome: { kind: 'declined', error } };
  }
  const payment = {
    transactionId: result.transactionId,
    totalFee: result.totalFee ?? totalFee,
    ...(result.currency !== undefined && { currency: result.currency }),
  };
  if (await isKept(() => keep(order, payment))) return { outcome: { kind: 'paid' }, result };
  // Its guard finds it paid, or gives it back. One that has ended because the order never came did not see that it came late.
  const guardNow = await reversals.get(order).catch(() => undefined);
  if (guardNow?.outcome?.kind === 'closed') {
    await reversals.revoke({ ...order, orderCreatedAt, totalFee, currency }).catch(() => 'in-hand');
  }
  return { outcome: { kind: 'pending' } };
}

/**
 * Whether the money stays: an answer that took very long may come when a revoke is decided already.
 *
 * Where the store cannot be reached, nobody knows: the guard finds the order paid and keeps it, unless every query fails until
 * it gives up. A store that comes back soon is waited for.
 */
async function isKept(keep: () => Promise<boolean>): Promise<boolean> {
  for (let time = 1; ; time += 1) {
    try {
      return await keep();
    } catch {
      if (time === TRIES) return false;
    }
    await sleep(TRY_AGAIN_MS);
  }
}

/** Real time: the cashier waits. */
const TRIES = 4;
const TRY_AGAIN_MS = 500;

/** Until then no worker takes a guard on. */
export const GUARD_MS = 15_000;
