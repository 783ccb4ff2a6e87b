import {
  QUICK_PAY,
  quickPay,
  WechatPayError,
  WechatPayRequestError,
  type QuickPayRequest,
  type QuickPayResult,
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
  /** Stops waiting for Quick Pay's answer; the outcome is then pending. */
  readonly signal?: AbortSignal | undefined;
  /** How to settle it, where the answer is not clear. */
  readonly policy?: Partial<Omit<SettlePolicy, 'ifPaid'>> | undefined;
}

/** The guard before the risk: what {@link DurableReversals.pay} does. */
export async function payGuarded(
  reversals: DurableReversals,
  request: QuickPayRequest,
  { merchantId, signal, policy }: DurablePayOptions = {},
): Promise<DurablePayment> {
  const client = reversals.clientOf(merchantId);
  QUICK_PAY.toFields(request, client.now()); // a request that cannot be sent uses up no order number
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

  let result: QuickPayResult;
  try {
    result = await quickPay(client, request, { signal });
  } catch (error) {
    if (!(error instanceof WechatPayError)) throw error;
    if (error.outcome === 'unknown') {
      await reversals.hasten(order).catch(() => false); // it is due by itself, a little later
      return { outcome: { kind: 'pending', error } };
    }
    // Where it cannot be called off, it finds out the same.
    await reversals.cancel(order).catch(() => false);
    return { outcome: { kind: 'declined', error } };
  }
  return (await isKept(reversals, order, orderCreatedAt, client.now()))
    ? { outcome: { kind: 'paid' }, result }
    : { outcome: { kind: 'pending' } };
}

/** Whether the money stays: an answer that took very long may come when a revoke is decided already. */
async function isKept(
  reversals: DurableReversals,
  order: { outTradeNo: string; subMerchantId?: string; merchantId: string },
  orderCreatedAt: Date,
  now: number,
): Promise<boolean> {
  try {
    if (await reversals.cancel(order)) return true;
    const stored = await reversals.get(order);
    return stored?.outcome?.kind === 'paid';
  } catch {
    // The store cannot be reached. Before its first step, a guard has decided nothing; it will find the order paid.
    return now < orderCreatedAt.getTime() + GUARD_MS;
  }
}

/** Until then no worker takes a guard on. */
export const GUARD_MS = 15_000;
