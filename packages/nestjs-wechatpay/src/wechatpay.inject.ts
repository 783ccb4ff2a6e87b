import { Inject, type Type } from '@nestjs/common';

/**
 * The injection token of a provider of this package: the class itself, or with a name the one of that merchant.
 *
 * @example moduleRef.get(getWechatPayToken(ReverseService, 'hk-branch'))
 */
export function getWechatPayToken(provider: Type, name?: string): Type | string {
  return name === undefined ? provider : `${provider.name}:${name}`;
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
