import { type WechatPayClient } from '../client.js';
import { isWechatPayError, WechatPayRequestError, type WechatPayError } from '../errors.js';
import type { TradeState } from '../operations/query-order.js';
import { QUICK_PAY, quickPay, type QuickPayRequest, type QuickPayResult } from '../operations/quick-pay.js';
import { advanceResolution } from './advance.js';
import { Callbacks, type CallbackError } from './callbacks.js';
import { confirmDecline } from './confirm-decline.js';
import { assertCallback, drive } from './drive.js';
import { namesOf, startResolution } from './start.js';
import type { ResolutionState } from './state.js';
import {
  DEFAULT_DEADLINE_MS,
  readOptions,
  readResolveOptions,
  RESOLUTION,
  withParty,
  type Resolution,
  type ResolveOrderOptions,
} from './resolve-order.js';
import { readRequest } from '../call/operation.js';

/** How a payment ended. */
export type PaymentResult =
  /** Quick Pay's own answer was clear: the customer paid what was asked. */
  | {
      readonly outcome: { readonly kind: 'paid' };
      readonly result: QuickPayResult;
      readonly callbackErrors?: readonly CallbackError[];
    }
  /**
   * Refused, or not sent: nothing was paid, which a query confirmed. `error.advice` says what to do, as in `scan-again`. Take a new
   * order number for it.
   */
  | {
      readonly outcome: {
        readonly kind: 'declined';
        readonly error: WechatPayError;
        /**
         * How the order stands, as the query told it. `NOTPAY` and `PAYERROR` are open: the order may still be paid until it is
         * reversed, which `resolveOrder` with `ifPaid: 'reverse'` does. Absent where nothing was sent, or there is no such order.
         */
        readonly tradeState?: TradeState;
      };
      readonly callbackErrors?: readonly CallbackError[];
    }
  /** It was not, and the order was resolved. */
  | Resolution;

export interface PayAndResolveOptions extends Omit<
  ResolveOrderOptions,
  'ifPaid' | 'refundWhenExpired' | 'ifAmountDiffers' | 'ifPaidLate' | 'closeAfterMs'
> {
  /**
   * Called where Quick Pay's answer is not clear, before the first step: `errorCode` USERPAYING is the moment to ask the
   * customer for the password. It is not waited for.
   */
  readonly onUnclear?: ((error: WechatPayError) => Promise<void> | void) | undefined;
}

const NOT_HERE = ['ifPaid', 'refundWhenExpired', 'ifAmountDiffers', 'ifPaidLate', 'closeAfterMs'] as const;

/**
 * The cashier's whole flow: Quick Pay; where its answer is not clear, the order is resolved until it is.
 *
 * Quick Pay is called once. A refusal is confirmed by one query; an order that is open after it may still be paid until it is
 * reversed (see `tradeState`). Not a clear answer are USERPAYING, SYSTEMERROR, BANKERROR, a time-out, a broken connection,
 * a reply that cannot be trusted, one that tells of another amount or currency, and that the number was used before: that may have
 * been this very payment. All arguments are checked before anything is sent; a callback that throws stops nothing.
 *
 * @returns after 15 s (see `timeoutMs`) and then up to the `deadline` at the latest. Where the outcome is `unresolved`, go
 *   on from the state by `resumeResolution`; do not pay again.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
 */
export async function payAndResolve(
  client: WechatPayClient,
  request: QuickPayRequest,
  given: PayAndResolveOptions = {},
): Promise<PaymentResult> {
  const options = readResolveOptions(given);
  const { policy, deadline, ...run } = readOptions(options, ['onUnclear']);
  const fixed = NOT_HERE.find((name) => name in policy);
  if (fixed) throw new WechatPayRequestError(fixed, 'is not for a payment: what was paid as asked is kept.');
  const { onUnclear } = options;
  assertCallback('onUnclear', onUnclear);
  const callbacks = new Callbacks();
  const now = (): number => callbacks.now(() => client.now());
  if (deadline !== undefined && deadline <= now()) {
    throw new WechatPayRequestError('deadline', 'is over: nothing could be resolved. Give a later one, or none.');
  }
  const asked = readRequest(QUICK_PAY, request);
  const { totalFee, currency } = asked;
  const order = { ...namesOf(asked), orderCreatedAt: new Date(now()), totalFee, currency };
  // Before the first byte: whatever a later step would refuse, is refused here.
  const begun = withParty(client, startResolution(order, deadline ?? 0, policy));
  const resolve = (change: (state: ResolutionState) => ResolutionState): Promise<Resolution> =>
    drive(client, RESOLUTION, change({ ...begun, deadline: deadline ?? now() + DEFAULT_DEADLINE_MS }), run, callbacks);
  try {
    const result = await quickPay(client, asked, { signal: run.signal });
    return { outcome: { kind: 'paid' }, result, ...callbacks.result() };
  } catch (error) {
    if (!isWechatPayError(error) || error.code === 'WECHATPAY_INVALID_REQUEST') throw error;
    const declined = (seen: { tradeState?: TradeState }): PaymentResult => ({
      outcome: { kind: 'declined', error, ...seen },
      ...callbacks.result(),
    });
    if (error.outcome === 'not-sent') return declined({});
    if (error.outcome === 'rejected') {
      const { isConfirmed, tradeState, event } = await confirmDecline(client, begun.order, run.signal);
      if (isConfirmed) return declined({ ...(tradeState !== undefined && { tradeState }) });
      const moment = { now: now() };
      return resolve((state) => advanceResolution(state, event, moment));
    }
    if (onUnclear) callbacks.tell('onUnclear', () => onUnclear(error));
    return resolve((state) => state);
  }
}
