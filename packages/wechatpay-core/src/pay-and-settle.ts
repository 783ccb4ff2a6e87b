import type { WechatPayClient } from './client.js';
import { WechatPayError, WechatPayRequestError } from './errors.js';
import { quickPay, type QuickPayRequest, type QuickPayResult } from './quick-pay.js';
import { settleOrder, type Settlement, type SettleOptions } from './settle-order.js';

/** How a payment ended. */
export type PaymentResult =
  /** Quick Pay's own answer was clear: the customer paid. */
  | { readonly outcome: { readonly kind: 'paid' }; readonly result: QuickPayResult }
  /** Clear too: nothing was paid, and nothing will be. `error.advice` says what to do, as in `scan-again`. */
  | { readonly outcome: { readonly kind: 'declined'; readonly error: WechatPayError } }
  /** It was not, and the order was settled. */
  | Settlement;

export interface PayAndSettleOptions extends Omit<SettleOptions, 'ifPaid' | 'refundWhenExpired'> {
  /**
   * Told, and waited for, where Quick Pay's answer is not clear, before the first step: `errorCode` USERPAYING is the moment
   * to ask the customer for the password.
   */
  readonly onUnclear?: ((error: WechatPayError) => Promise<void> | void) | undefined;
}

/**
 * The cashier's whole flow: Quick Pay; where its answer is not clear, the order is settled until it is.
 *
 * Quick Pay is called once. Not a clear answer are USERPAYING, SYSTEMERROR, BANKERROR, a time-out, a broken connection,
 * a reply that cannot be trusted, and that the number was used before: that may have been this very payment.
 *
 * @returns after 15 s (see `timeoutMs`) and then up to the `deadline` at the latest. Where the outcome is `unresolved`, settle
 *   on from the state; do not pay again.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
 */
export async function payAndSettle(
  client: WechatPayClient,
  request: QuickPayRequest,
  { onUnclear, ...options }: PayAndSettleOptions = {},
): Promise<PaymentResult> {
  const orderCreatedAt = new Date(client.now());
  try {
    const result = await quickPay(client, request, { signal: options.signal });
    return { outcome: { kind: 'paid' }, result };
  } catch (error) {
    if (!(error instanceof WechatPayError) || error instanceof WechatPayRequestError) throw error;
    if (error.outcome !== 'unknown') return { outcome: { kind: 'declined', error } };
    await onUnclear?.(error);
  }
  const { outTradeNo, subMerchantId, subAppId, totalFee, currency } = request;
  return settleOrder(
    client,
    {
      outTradeNo,
      ...(subMerchantId !== undefined && { subMerchantId }),
      ...(subAppId !== undefined && { subAppId }),
      orderCreatedAt,
      totalFee,
      currency,
    },
    options,
  );
}
