import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import {
  appPayParameters,
  closeOrder,
  jsapiPayParameters,
  jssdkPayParameters,
  miniProgramPayParameters,
  payAndResolve,
  queryOrder,
  quickPay,
  resolveOrder,
  resumeResolution,
  unifiedOrder,
  WechatPayClient,
  type AppPayParameters,
  type AppPayParametersOptions,
  type CallOptions,
  type CloseOrderRequest,
  type CloseOrderResult,
  type JsapiPayParameters,
  type JssdkPayParameters,
  type MiniProgramPayParameters,
  type PayAndResolveOptions,
  type PaymentResult,
  type PayParametersOptions,
  type QueryOrderRequest,
  type QueryOrderResult,
  type QuickPayRequest,
  type QuickPayResult,
  type Resolution,
  type ResolutionState,
  type ResolveOrderOptions,
  type ResolveOrderRequest,
  type UnifiedOrderRequest,
  type UnifiedOrderResult,
} from 'wechatpay-core';
import { readResolveOptions } from 'wechatpay-core/resolution';
import { withAnySignal } from './with-any-signal.js';

/**
 * Payments as an injectable service. A till calls `pay`; `submitQuickPay` is one call of the gateway, whose outcome may stay unknown.
 *
 * When the application shuts down, `pay`, `resolve` and `resume` stop: what is not resolved comes back as `unresolved`, with the
 * state to `resume` from. The errors are wechatpay-core's, unchanged.
 *
 * @example
 * constructor(@Inject(PaymentService) private readonly payments: PaymentService) {}
 */
@Injectable()
export class PaymentService implements BeforeApplicationShutdown {
  readonly #client: WechatPayClient;
  readonly #shutdown = new AbortController();

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * Pays safely, as a till should: Quick Pay, once; where its answer is not clear, the order is resolved until it is.
   *
   * @param request a new order number, the amount in the minor unit of the currency, and the code that was scanned.
   * @returns after 15 s (see `timeoutMs`) and then up to the `deadline`, 90 s by default. Where the outcome is `unresolved`, store
   *   the state and `resume`; do not pay again.
   * @throws {WechatPayRequestError} a request or options that are invalid; nothing was sent.
   * @example
   * const { outcome } = await payments.pay({ outTradeNo, body: 'tea', totalFee: 888, currency: 'HKD', authCode, spbillCreateIp });
   * if (outcome.kind === 'declined') show(outcome.error.advice);
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
   * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/Closed-loop_Transactions.shtml
   */
  pay(request: QuickPayRequest, options: PayAndResolveOptions = {}): Promise<PaymentResult> {
    return this.#untilShutdown(options, (bounded) => payAndResolve(this.#client, request, bounded));
  }

  /**
   * Submits Quick Pay, and no more: it charges the customer whose code was scanned, once, and resolves nothing.
   *
   * It may leave an unknown outcome: the customer may have paid, and the order has to be resolved. For a till, `pay` is the way. Do
   * not call this again for the same order, nor for the same sale.
   *
   * @param request a new order number, the amount in the minor unit of the currency, and the code that was scanned.
   * @returns the verified payment.
   * @throws {WechatPayError} what `quickPay` of wechatpay-core throws. Where `outcome` is `unknown`, `resolve` the order.
   * @example
   * try {
   *   return await payments.submitQuickPay(request);
   * } catch (error) {
   *   if (!isWechatPayError(error) || error.outcome !== 'unknown') throw error;
   *   return await payments.resolve({ outTradeNo, orderCreatedAt, totalFee, currency });
   * }
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
   */
  submitQuickPay(request: QuickPayRequest, options?: CallOptions): Promise<QuickPayResult> {
    return quickPay(this.#client, request, options);
  }

  /**
   * Asks how an order stands.
   *
   * @param request at least one of `transactionId`, `outTradeNo` (at most 32 characters each); WeChat Pay prefers the first.
   * @returns the verified result; the order's state is `tradeState`. That the query worked says nothing about the payment.
   * @throws {WechatPayError} what `queryOrder` of wechatpay-core throws, as for an order that does not exist.
   * @example const isPaid = (await payments.query({ outTradeNo })).tradeState === 'SUCCESS';
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658530 (Query Order)
   */
  query(request: QueryOrderRequest, options?: CallOptions): Promise<QueryOrderResult> {
    return queryOrder(this.#client, request, options);
  }

  /**
   * Brings an order whose outcome is not known to an end.
   *
   * @param order its number, when it was created (it cannot be reversed in its first 15 s), and what is due.
   * @returns the outcome, and the state: where the outcome is `unresolved`, store it and `resume`.
   * @throws {WechatPayRequestError} an order or options that are invalid; nothing was sent.
   * @example const { outcome, state } = await payments.resolve({ outTradeNo, orderCreatedAt, totalFee, currency });
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
   * @returns the outcome, and the state, as `resolve` does.
   * @throws {WechatPayRequestError} a state or options that are invalid; nothing was sent.
   * @example const { outcome } = await payments.resume(JSON.parse(row.state));
   * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/Closed-loop_Transactions.shtml
   */
  resume(state: ResolutionState, options: ResolveOrderOptions = {}): Promise<Resolution> {
    return this.#untilShutdown(options, (bounded) => resumeResolution(this.#client, state, bounded));
  }

  /**
   * Makes an order that the customer pays by themselves: by QR code, in an official account, a mini program, an app or a browser.
   *
   * Store the order before the call: where the error's `outcome` is `unknown`, it may be there and can be paid. The same request
   * again is the same order again. An order that nobody pays has to be closed by `closeOrder`.
   *
   * @param request `tradeType` says how it is paid, and what else it needs; the amount in the minor unit of the currency.
   * @returns the verified order; nothing is paid yet.
   * @throws {WechatPayError} what `unifiedOrder` of wechatpay-core throws; look at `outcome` before anything else.
   * @example const { codeUrl } = await payments.unifiedOrder({ tradeType: 'NATIVE', productId: 'tea', ...order });
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665947 (Unified Order)
   */
  unifiedOrder(
    request: Extract<UnifiedOrderRequest, { tradeType: 'NATIVE' }>,
    options?: CallOptions,
  ): Promise<UnifiedOrderResult & { readonly tradeType: 'NATIVE'; readonly codeUrl: string }>;
  unifiedOrder(
    request: Extract<UnifiedOrderRequest, { tradeType: 'MWEB' }>,
    options?: CallOptions,
  ): Promise<UnifiedOrderResult & { readonly tradeType: 'MWEB'; readonly mwebUrl: string }>;
  unifiedOrder(request: UnifiedOrderRequest, options?: CallOptions): Promise<UnifiedOrderResult>;
  unifiedOrder(request: UnifiedOrderRequest, options?: CallOptions): Promise<UnifiedOrderResult> {
    return unifiedOrder(this.#client, request, options);
  }

  /**
   * Closes an order of `unifiedOrder` that nobody has paid. Closing twice is safe.
   *
   * Not earlier than 5 min after the order was created. Query it before and after: it may be paid meanwhile.
   *
   * @param request `outTradeNo`, at most 32 characters; with `orderCreatedAt` a close that is too early is refused here.
   * @returns the verified answer. It names no order: `query` proves that it is closed.
   * @throws {WechatPayError} what `closeOrder` of wechatpay-core throws, as for an order that is paid (ORDERPAID).
   * @example await payments.closeOrder({ outTradeNo, orderCreatedAt });
   */
  closeOrder(request: CloseOrderRequest, options?: CallOptions): Promise<CloseOrderResult> {
    return closeOrder(this.#client, request, options);
  }

  /**
   * What a page in an official account gives to `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`. Make it anew for each attempt.
   *
   * @param prepayId what `unifiedOrder` of `JSAPI` returned.
   * @throws {WechatPayRequestError} a `prepayId` or an option that cannot be signed.
   * @example return payments.jsapiPayParameters(prepayId);
   */
  jsapiPayParameters(prepayId: string, options?: PayParametersOptions): JsapiPayParameters {
    return jsapiPayParameters(this.#client, prepayId, options);
  }

  /** What a page in an official account gives to `wx.chooseWXPay` of the JS-SDK. As {@link jsapiPayParameters}. */
  jssdkPayParameters(prepayId: string, options?: PayParametersOptions): JssdkPayParameters {
    return jssdkPayParameters(this.#client, prepayId, options);
  }

  /** What a mini program gives to `wx.requestPayment`. As {@link jsapiPayParameters}. */
  miniProgramPayParameters(prepayId: string, options?: PayParametersOptions): MiniProgramPayParameters {
    return miniProgramPayParameters(this.#client, prepayId, options);
  }

  /** What an app gives to WeChat's SDK, of an order of `APP`. As {@link jsapiPayParameters}. */
  appPayParameters(prepayId: string, options?: AppPayParametersOptions): AppPayParameters {
    return appPayParameters(this.#client, prepayId, options);
  }

  /** Called by NestJS: stops what `pay`, `resolve` and `resume` are working on. */
  beforeApplicationShutdown(): void {
    this.#shutdown.abort();
  }

  async #untilShutdown<Options extends ResolveOrderOptions, Result>(
    given: Options,
    run: (bounded: Options) => Promise<Result>,
  ): Promise<Result> {
    const options = readResolveOptions(given);
    const signal: unknown = options.signal ?? undefined;
    // What is wrong with it, wechatpay-core says by name.
    if (!(signal === undefined || signal instanceof AbortSignal)) return run(options);
    const sources = [this.#shutdown.signal, ...(signal ? [signal] : [])];
    return withAnySignal(sources, (either) => run({ ...options, signal: either }));
  }
}
