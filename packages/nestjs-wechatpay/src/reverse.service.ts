import { Inject, Injectable } from '@nestjs/common';
import {
  reverseOrder,
  WechatPayClient,
  type CallOptions,
  type ReverseOrderRequest,
  type ReverseOrderResult,
} from 'wechatpay-core';

/**
 * Revoke Order as an injectable service. Its errors are wechatpay-core's, unchanged.
 *
 * @example
 * constructor(@Inject(ReverseService) private readonly reversals: ReverseService) {}
 */
@Injectable()
export class ReverseService {
  readonly #client: WechatPayClient;

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * Reverses an order: a paid one is refunded, an unpaid one is closed. Reversing twice is safe.
   *
   * Not earlier than 15 s after the order was created, not later than 7 days: past that, refund it.
   *
   * @param request at least one of `transactionId`, `outTradeNo` (at most 32 characters each); WeChat Pay prefers the first.
   * @returns the verified result. Where `recall` is true, reverse again.
   * @throws {WechatPayError} what `reverseOrder` of wechatpay-core throws; look at `outcome` before anything else.
   * @example const { recall } = await reversals.reverse({ outTradeNo });
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013659173 (Revoke Order)
   */
  reverse(request: ReverseOrderRequest, options?: CallOptions): Promise<ReverseOrderResult> {
    return reverseOrder(this.#client, request, options);
  }
}
