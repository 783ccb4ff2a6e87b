import { Inject, Injectable } from '@nestjs/common';
import {
  queryOrder,
  WechatPayClient,
  type CallOptions,
  type QueryOrderRequest,
  type QueryOrderResult,
} from 'wechatpay-core';

/** Query Order as an injectable service. Its errors are wechatpay-core's, unchanged. */
@Injectable()
export class OrderService {
  readonly #client: WechatPayClient;

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * Asks how an order stands.
   *
   * @param request at least one of `transactionId`, `outTradeNo` (at most 32 characters each); WeChat Pay prefers the first.
   * @returns the verified result; the order's state is `tradeState`.
   * @throws {WechatPayError} what `queryOrder` of wechatpay-core throws.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658530
   */
  query(request: QueryOrderRequest, options?: CallOptions): Promise<QueryOrderResult> {
    return queryOrder(this.#client, request, options);
  }
}
