import { checkRegistration, isMerchantListOrAbsent } from './registration.js';

/** What a method can be marked for, and its decorator, as messages say it. */
export const DECORATORS = {
  'payment-notified': '@OnPaymentNotified()',
  'refund-notified': '@OnRefundNotified()',
  'order-resolved': '@OnOrderResolved()',
  'refund-resolved': '@OnRefundResolved()',
} as const;

export type EventKind = keyof typeof DECORATORS;

/** What the decorators of handlers take. */
export interface HandlerOptions {
  /**
   * Called for these merchants alone: the names with which they were registered at `WechatPayModule`; undefined is the one without a
   * name. A name that is not registered is refused at boot. Those of a `MerchantRegistry` have no name: their events go to the methods without
   * `merchants`, and each says its `merchantId`.
   *
   * @default every merchant
   */
  readonly merchants?: readonly (string | undefined)[] | undefined;
}

/** Marks a method that takes one kind of event. */
export type HandlerDecorator<Event> = <Handler extends (event: Event) => unknown>(
  target: object,
  method: string | symbol,
  descriptor: TypedPropertyDescriptor<Handler>,
) => void;

interface Mark extends HandlerOptions {
  readonly method: string | symbol;
}

/** @throws {WechatPayConfigError} an option that is wrong or unknown. */
export function handlerDecorator<Event>(kind: EventKind, options: HandlerOptions): HandlerDecorator<Event> {
  checkRegistration([options], {
    method: DECORATORS[kind].slice(0, -2),
    example: "{ merchants: ['hk-branch'] }",
    checks: { merchants: isMerchantListOrAbsent },
    known: ['merchants'],
  });
  const { merchants } = options;
  return (target, method) => {
    if (typeof target === 'function') {
      throw new TypeError(`${target.name}.${String(method)}: ${DECORATORS[kind]} is for methods that are not static.`);
    }
    // By the class and the method's name, not at the function: another decorator may put its own function there.
    const others = marksOf(target, kind).filter((mark) => mark.method !== method);
    Reflect.defineMetadata(keyOf(kind), [...others, { method, merchants } satisfies Mark], target);
  };
}

/** The methods that a class has marked, those of its parents included. */
export function marksOf(prototype: object, kind: EventKind): readonly Mark[] {
  return (Reflect.getMetadata(keyOf(kind), prototype) as readonly Mark[] | undefined) ?? [];
}

// A text, so that two copies of this package find each other's.
function keyOf(kind: EventKind): string {
  return `nestjs-wechatpay:${kind}`;
}
