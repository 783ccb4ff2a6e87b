import { Inject, Injectable } from '@nestjs/common';
import {
  queryRefund,
  refundOrder,
  WechatPayClient,
  type CallOptions,
  type QueryRefundRequest,
  type QueryRefundResult,
  type RefundOrderRequest,
  type RefundOrderResult,
} from 'wechatpay-core';

/** Submit Refund and Query Refund as an injectable service. Its errors are wechatpay-core's, unchanged. */
@Injectable()
export class RefundService {
  readonly #client: WechatPayClient;

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * Gives a payment back, in whole or in part.
   *
   * @param request `outRefundNo` is the refund's own number: repeat a call whose outcome is unknown with the same.
   * @returns the verified acceptance; `query` tells when the money has arrived.
   * @throws {WechatPayError} what `refund` of wechatpay-core throws; look at `outcome` before anything else.
   */
  refund(request: RefundOrderRequest, options?: CallOptions): Promise<RefundOrderResult> {
    return refundOrder(this.#client, request, options);
  }

  /**
   * Asks how an order's refunds stand.
   *
   * @param request one of `refundId`, `outRefundNo`, `transactionId`, `outTradeNo`.
   * @throws {WechatPayError} what `queryRefund` of wechatpay-core throws.
   */
  query(request: QueryRefundRequest, options?: CallOptions): Promise<QueryRefundResult> {
    return queryRefund(this.#client, request, options);
  }
}
