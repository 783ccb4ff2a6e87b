import type { PaymentNotification, RefundHint } from 'wechatpay-core';

/** What a notification is about, and what its handlers are called with. */
export interface NotificationKinds {
  readonly payment: PaymentNotification;
  readonly refund: RefundHint;
}

/** Marks a method that takes one kind of notification. */
export type NotificationHandlerDecorator<Notification> = <Handler extends (notification: Notification) => unknown>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

/**
 * The method is called with each verified payment notification, in any provider or controller of the application.
 *
 * It is awaited before the acknowledgement, 5 s at most (`timeoutMs`): store what it says, and do the rest afterwards. Where it
 * throws, takes longer, or returns wechatpay-core's `refuse()`, WeChat Pay sends the notification again. The same one comes several
 * times, also at the same moment: compare `id` under a lock, or store it under a unique key.
 *
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/In-AppPay/chapter8_7.shtml
 * @example
 * @OnPaymentNotified()
 * async onPaid(notification: PaymentNotification): Promise<void> {
 *   if (notification.isPaid) await this.orders.paid(notification);
 * }
 */
export function OnPaymentNotified(): NotificationHandlerDecorator<PaymentNotification> {
  return (target, method) => {
    mark(target, method, 'payment');
  };
}

/**
 * The method is called with each refund notification. It bears no signature: what it says is a hint, and only Query Refund decides.
 * Otherwise as {@link OnPaymentNotified}.
 *
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/ch/pay/NativePay/chapter8_8.shtml
 * @example
 * @OnRefundNotified()
 * async onRefund({ client, outRefundNo }: RefundHint): Promise<void> {
 *   await this.refunds.store(await queryRefund(client, { outRefundNo }));
 * }
 */
export function OnRefundNotified(): NotificationHandlerDecorator<RefundHint> {
  return (target, method) => {
    mark(target, method, 'refund');
  };
}

/** The name of a kind's decorator, as messages say it. */
export const DECORATORS: Readonly<Record<keyof NotificationKinds, string>> = {
  payment: '@OnPaymentNotified()',
  refund: '@OnRefundNotified()',
};

/** The methods that a class has marked, those of its parents included. */
export function markedMethods(prototype: object, kind: keyof NotificationKinds): readonly (string | symbol)[] {
  return (Reflect.getMetadata(keyOf(kind), prototype) as readonly (string | symbol)[] | undefined) ?? [];
}

// By the class and the method's name, not at the function: another decorator may put its own function there.
function mark(target: object, method: string | symbol, kind: keyof NotificationKinds): void {
  if (typeof target === 'function') {
    throw new TypeError(`${target.name}.${String(method)}: ${DECORATORS[kind]} is for methods that are not static.`);
  }
  const marked = new Set([...markedMethods(target, kind), method]);
  Reflect.defineMetadata(keyOf(kind), [...marked], target);
}

// A text, so that two copies of this package find each other's.
function keyOf(kind: keyof NotificationKinds): string {
  return `nestjs-wechatpay:${kind}-notified`;
}
