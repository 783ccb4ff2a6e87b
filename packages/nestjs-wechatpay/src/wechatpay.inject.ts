import { Inject, type Type } from '@nestjs/common';

// A minifier may give two classes one name: the token of a merchant's service is made of a literal.
const NAMES = new Map<Type, string>();

/** Names the classes that this package provides, once, where they are listed; gives them as a list. */
export function nameServices(services: Readonly<Record<string, Type>>): Type[] {
  for (const [name, service] of Object.entries(services)) NAMES.set(service, name);
  return Object.values(services);
}

/**
 * The injection token of a provider of this package: the class itself, or with a name the one of that merchant.
 *
 * @example moduleRef.get(getWechatPayToken(ReverseService, 'hk-branch'))
 */
export function getWechatPayToken(provider: Type, name?: string): Type | string {
  return name === undefined ? provider : `${NAMES.get(provider) ?? provider.name}:${name}`;
}

/**
 * Injects the provider of a merchant that was registered with a `name`.
 *
 * @param provider what `WechatPayModule` exports, as `ReverseService` or `WechatPayClient`.
 * @example constructor(@InjectWechatPay(ReverseService, 'hk-branch') private readonly reversals: ReverseService) {}
 */
export function InjectWechatPay(provider: Type, name?: string): PropertyDecorator & ParameterDecorator {
  return Inject(getWechatPayToken(provider, name));
}
