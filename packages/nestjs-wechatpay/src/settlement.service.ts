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
    return payAndSettle(this.#client, request, { ...options, signal: this.#until(options.signal) });
  }

  /**
   * Brings an order whose outcome is not known to an end.
   *
   * @param order the order, or the state at which an earlier run stopped.
   * @throws {WechatPayRequestError} an order or options that make no sense; nothing was sent.
   * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/Closed-loop_Transactions.shtml
   */
  settle(order: SettleRequest | SettleState, options: SettleOptions = {}): Promise<Settlement> {
    return settleOrder(this.#client, order, { ...options, signal: this.#until(options.signal) });
  }

  beforeApplicationShutdown(): void {
    this.#shutdown.abort();
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([signal, this.#shutdown.signal]) : this.#shutdown.signal;
  }
}
