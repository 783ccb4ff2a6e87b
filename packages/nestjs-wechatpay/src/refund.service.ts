import { Inject, Injectable } from '@nestjs/common';
import {
  queryAllRefunds,
  queryRefund,
  refundOrder,
  WechatPayClient,
  type AllRefunds,
  type CallOptions,
  type QueryRefundRequest,
  type QueryRefundResult,
  type RefundOrderRequest,
  type RefundOrderResult,
} from 'wechatpay-core';

/**
 * Submit Refund and Query Refund as an injectable service. Its errors are wechatpay-core's, unchanged.
 *
 * @example
 * constructor(@Inject(RefundService) private readonly refunds: RefundService) {}
 */
@Injectable()
export class RefundService {
  readonly #client: WechatPayClient;

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * Refunds a payment, in whole or in part: within a year, in at most 50 parts.
   *
   * @param request `outRefundNo` is the refund's own number: repeat a call whose outcome is unknown with the same.
   * @returns the verified acceptance; `query` tells when the money has arrived.
   * @throws {WechatPayError} what `refundOrder` of wechatpay-core throws; look at `outcome` before anything else.
   * @example const { refundId } = await refunds.refund({ outTradeNo, outRefundNo, totalFee: 888, refundFee: 88 });
   * @see https://wechatpay.im/openapi/v2/secapi/pay/refund (Submit Refund)
   */
  refund(request: RefundOrderRequest, options?: CallOptions): Promise<RefundOrderResult> {
    return refundOrder(this.#client, request, options);
  }

  /**
   * Asks how an order's refunds stand; of more than ten, from `offset` on.
   *
   * @param request one of `refundId`, `outRefundNo`, `transactionId`, `outTradeNo` (at most 32 characters each).
   * @returns the verified answer; each refund's state is `refundStatus`.
   * @throws {WechatPayError} what `queryRefund` of wechatpay-core throws.
   * @example const { refunds: [refund] } = await refunds.query({ outRefundNo });
   * @see https://wechatpay.im/openapi/v2/pay/refundquery (Query Refund)
   */
  query(request: QueryRefundRequest, options?: CallOptions): Promise<QueryRefundResult> {
    return queryRefund(this.#client, request, options);
  }

  /**
   * Asks for all refunds of an order, ten a call, however many there are.
   *
   * @param request one of `refundId`, `outRefundNo`, `transactionId`, `outTradeNo` (at most 32 characters each).
   * @returns each refund once, and what the order costs.
   * @throws {WechatPayError} what `queryAllRefunds` of wechatpay-core throws, as for answers that do not bring them all.
   * @example const { refunds: all } = await refunds.queryAll({ outTradeNo });
   * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/QuickPay/chapter8_5.shtml (Query Refund)
   */
  queryAll(request: Omit<QueryRefundRequest, 'offset'>, options?: CallOptions): Promise<AllRefunds> {
    return queryAllRefunds(this.#client, request, options);
  }
}
