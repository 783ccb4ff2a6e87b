import { setMaxListeners } from 'node:events';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  payAndResolve,
  readResolveOptions,
  resumeResolution,
  resolveOrder,
  WechatPayClient,
  type PayAndResolveOptions,
  type PaymentResult,
  type QuickPayRequest,
  type Resolution,
  type ResolveOrderOptions,
  type ResolveOrderRequest,
  type ResolutionState,
} from 'wechatpay-core';

/**
 * Paying and resolving as an injectable service: it sees each order to an end.
 *
 * When the application shuts down, it stops: what is not resolved comes back as `unresolved`, with the state to `resume` from.
 */
@Injectable()
export class ResolutionService implements BeforeApplicationShutdown {
  readonly #client: WechatPayClient;
  readonly #shutdown = new AbortController();

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * The cashier's whole flow: Quick Pay, once; where its answer is not clear, the order is resolved until it is.
   *
   * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162
   */
  pay(request: QuickPayRequest, options: PayAndResolveOptions = {}): Promise<PaymentResult> {
    return this.#untilShutdown(options, (bounded) => payAndResolve(this.#client, request, bounded));
  }

  /**
   * Brings an order whose outcome is not known to an end.
   *
   * @returns the outcome, and the state: where the outcome is `unresolved`, store it and `resume`.
   * @throws {WechatPayRequestError} an order or options that are invalid; nothing was sent.
   * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/Closed-loop_Transactions.shtml
   */
  resolve(order: ResolveOrderRequest, options: ResolveOrderOptions = {}): Promise<Resolution> {
    return this.#untilShutdown(options, (bounded) => resolveOrder(this.#client, order, bounded));
  }

  /**
   * Resumes an order from the state at which an earlier run stopped, with a new deadline: 90 s from now by default.
   *
   * @param state what `pay`, `resolve` or `resume` returned, or `onStep` was called with; also as JSON that was read back.
   * @param options rules that are given replace those of the state.
   * @throws {WechatPayRequestError} a state or options that are invalid; nothing was sent.
   */
  resume(state: ResolutionState, options: ResolveOrderOptions = {}): Promise<Resolution> {
    return this.#untilShutdown(options, (bounded) => resumeResolution(this.#client, state, bounded));
  }

  beforeApplicationShutdown(): void {
    this.#shutdown.abort();
  }

  // Not AbortSignal.any: what it makes of a signal that lives as long as the process is never freed.
  async #untilShutdown<Options extends ResolveOrderOptions, Result>(
    given: Options,
    run: (bounded: Options) => Promise<Result>,
  ): Promise<Result> {
    const options = readResolveOptions(given);
    const signal: unknown = options.signal ?? undefined;
    // What is wrong with it, wechatpay-core says by name.
    if (!(signal === undefined || signal instanceof AbortSignal)) return run(options);
    const sources = [this.#shutdown.signal, ...(signal ? [signal] : [])];
    const controller = new AbortController();
    const onAbort = (): void => {
      controller.abort(sources.find(({ aborted }) => aborted)?.reason);
    };
    for (const source of sources) {
      setMaxListeners(0, source); // shared by every open order
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
