import type { PaymentNotification, RefundHint } from 'wechatpay-core';
import { handlerDecorator, type HandlerDecorator, type HandlerOptions } from './marks.js';

/**
 * The method is called with each verified payment notification, in any provider or controller of the application.
 *
 * It is awaited before the acknowledgement, 5 s at most (`timeoutMs`): store what it says, and do the rest afterwards. Where it
 * throws, takes longer, or returns wechatpay-core's `refuse()`, WeChat Pay sends the notification again. The same one comes several
 * times, also at the same moment: compare `id` under a lock, or store it under a unique key.
 *
 * @param options `merchants`: for these alone.
 * @throws {WechatPayConfigError} an option that is wrong or unknown.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/In-AppPay/chapter8_7.shtml
 * @example
 * @OnPaymentNotified()
 * async onPaid(notification: PaymentNotification): Promise<void> {
 *   if (notification.isPaid) await this.orders.paid(notification);
 * }
 */
export function OnPaymentNotified(options: HandlerOptions = {}): HandlerDecorator<PaymentNotification> {
  return handlerDecorator('payment-notified', options);
}

/**
 * The method is called with each refund notification. It bears no signature: what it says is a hint, and only Query Refund decides.
 * Otherwise as {@link OnPaymentNotified}.
 *
 * @param options `merchants`: for these alone.
 * @throws {WechatPayConfigError} an option that is wrong or unknown.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/ch/pay/NativePay/chapter8_8.shtml
 * @example
 * @OnRefundNotified()
 * async onRefund({ client, outRefundNo }: RefundHint): Promise<void> {
 *   await this.refunds.store(await queryRefund(client, { outRefundNo }));
 * }
 */
export function OnRefundNotified(options: HandlerOptions = {}): HandlerDecorator<RefundHint> {
  return handlerDecorator('refund-notified', options);
}
