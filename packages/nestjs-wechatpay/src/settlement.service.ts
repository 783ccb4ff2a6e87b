import { setMaxListeners } from 'node:events';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  payAndSettle,
  settleOrder,
  WechatPayClient,
  type PayAndSettleOptions,
  type PaymentResult,
  type QuickPayRequest,
  type Settlement,
  type SettleOptions,
  type SettleRequest,
  type SettleState,
} from 'wechatpay-core';

/**
 * Paying and settling as an injectable service: it sees each order to an end.
 *
 * When the application shuts down, it stops: what is not settled comes back as `unresolved`, with the state to settle on from.
 */
@Injectable()
export class SettlementService implements BeforeApplicationShutdown {
  readonly #client: WechatPayClient;
  readonly #shutdown = new AbortController();

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * The cashier's whole flow: Quick Pay, once; where its answer is not clear, the order is settled until it is.
   *
   * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162
   */
  pay(request: QuickPayRequest, options: PayAndSettleOptions = {}): Promise<PaymentResult> {
    return this.#untilShutdown(options, (bounded) => payAndSettle(this.#client, request, bounded));
  }

  /**
   * Brings an order whose outcome is not known to an end.
   *
   * @param order the order, or the state at which an earlier run stopped.
   * @throws {WechatPayRequestError} an order or options that make no sense; nothing was sent.
   * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/Closed-loop_Transactions.shtml
   */
  settle(order: SettleRequest | SettleState, options: SettleOptions = {}): Promise<Settlement> {
    return this.#untilShutdown(options, (bounded) => settleOrder(this.#client, order, bounded));
  }

  beforeApplicationShutdown(): void {
    this.#shutdown.abort();
  }

  // Not AbortSignal.any: what it makes of a signal that lives as long as the process is never freed.
  async #untilShutdown<Options extends { readonly signal?: AbortSignal | undefined }, Result>(
    options: Options,
    run: (bounded: Options) => Promise<Result>,
  ): Promise<Result> {
    const signal = (Object(options) as { signal?: unknown }).signal ?? undefined;
    // What is wrong with these, wechatpay-core says by name.
    if (Object(options) !== options || !(signal === undefined || signal instanceof AbortSignal)) return run(options);
    const sources = [this.#shutdown.signal, ...(signal ? [signal] : [])];
    const controller = new AbortController();
    const onAbort = (): void => {
      controller.abort(sources.find(({ aborted }) => aborted)?.reason);
    };
    for (const source of sources) {
      setMaxListeners(0, source); // shared by every order in hand
      source.addEventListener('abort', onAbort, { once: true });
    }
    try {
      if (sources.some(({ aborted }) => aborted)) onAbort();
      return await run({ ...options, signal: controller.signal });
    } finally {
      for (const source of sources) source.removeEventListener('abort', onAbort);
    }
  }
}
