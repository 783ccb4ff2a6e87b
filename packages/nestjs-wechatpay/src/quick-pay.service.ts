import { Inject, Injectable } from '@nestjs/common';
import { quickPay, WechatPayClient, type CallOptions, type QuickPayRequest, type QuickPayResult } from 'wechatpay-core';

/** Submit Quick Pay as an injectable service. Its errors are wechatpay-core's, unchanged. */
@Injectable()
export class QuickPayService {
  readonly #client: WechatPayClient;

  constructor(@Inject(WechatPayClient) client: WechatPayClient) {
    this.#client = client;
  }

  /**
   * Charges the customer whose code was scanned, once. `ResolutionService.pay` does so too, and sees it to an end.
   *
   * @returns the verified payment.
   * @throws {WechatPayError} what `quickPay` of wechatpay-core throws. Where `outcome` is `unknown`, the customer may have
   *   paid: resolve the order.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162
   */
  pay(request: QuickPayRequest, options?: CallOptions): Promise<QuickPayResult> {
    return quickPay(this.#client, request, options);
  }
}
