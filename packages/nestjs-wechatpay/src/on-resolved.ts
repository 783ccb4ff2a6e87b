import type { ResolvedOrder, ResolvedRefund } from 'wechatpay-durable';
import { handlerDecorator, type HandlerDecorator, type HandlerOptions } from './marks.js';

/**
 * The method is called with each end of a durable order, in any provider or controller of the application: what `onResolved` of
 * wechatpay-durable is called with, beside that option.
 *
 * At least once, by a worker of any process, and again after 10 s where it throws or takes more than 30 s. Note the end in the shop's own
 * database in a way that can be repeated: `end` grows with each end of an order, so that an old one that comes late is known. Of several
 * methods all are called, also where one fails; then, in this process, only those that failed are called again.
 *
 * @param options `merchants`: for these alone.
 * @throws {WechatPayConfigError} an option that is wrong or unknown.
 * @example
 * @OnOrderResolved()
 * async onResolved({ order, outcome, end }: ResolvedOrder): Promise<void> {
 *   await this.orders.end(order.outTradeNo, end, outcome.kind);
 * }
 */
export function OnOrderResolved(options: HandlerOptions = {}): HandlerDecorator<ResolvedOrder> {
  return handlerDecorator('order-resolved', options);
}

/**
 * The method is called with each end of a durable refund: what `onRefundResolved` of wechatpay-durable is called with, beside that option.
 * Otherwise as {@link OnOrderResolved}.
 *
 * @param options `merchants`: for these alone.
 * @throws {WechatPayConfigError} an option that is wrong or unknown.
 * @example
 * @OnRefundResolved()
 * async onResolved({ outRefundNo, outcome, end }: ResolvedRefund): Promise<void> {
 *   await this.refunds.end(outRefundNo, end, outcome.kind);
 * }
 */
export function OnRefundResolved(options: HandlerOptions = {}): HandlerDecorator<ResolvedRefund> {
  return handlerDecorator('refund-resolved', options);
}
