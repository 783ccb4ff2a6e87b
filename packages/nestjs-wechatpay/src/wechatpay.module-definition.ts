import { ConfigurableModuleBuilder, type Provider, type Type } from '@nestjs/common';
import { assertWechatPayClient, WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { PaymentService } from './payment.service.js';
import { RefundService } from './refund.service.js';
import { checkNotExtras, isBooleanOrAbsent, isNameOrAbsent, type Check } from './registration.js';
import { ReverseService } from './reverse.service.js';
import { WechatPayHealthIndicator } from './wechatpay.health.js';
import { getWechatPayToken, nameServices } from './wechatpay.inject.js';

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayOptionsFactory {
  createWechatPayOptions(): Promise<WechatPayConfig> | WechatPayConfig;
}

/** What stands beside the settings, or beside the factory that brings them. */
export interface WechatPayModuleExtras {
  /** Makes the services injectable everywhere without importing the module again. @default false */
  isGlobal?: boolean | undefined;
  /** For several merchants in one application: inject theirs by `@InjectWechatPay(ReverseService, name)`. */
  name?: string | undefined;
  /**
   * Proves the settings at the gateway at boot, by wechatpay-core's `selfTest`: two calls that move no money.
   *
   * - `'fail'` (or `true`): does not boot with a wrong API key or certificate, or appid and mch_id that do not belong together.
   *   Where the gateway cannot be reached or its answer proves nothing, it warns: an outage must not keep a shop from starting.
   * - `'warn'`: logs what is wrong.
   *
   * @default false
   */
  selfTest?: boolean | 'warn' | 'fail' | undefined;
}

export const EXTRAS: Readonly<Record<keyof WechatPayModuleExtras, Check>> = {
  isGlobal: isBooleanOrAbsent,
  name: isNameOrAbsent,
  selfTest: (value) =>
    [undefined, true, false, 'warn', 'fail'].includes(value as string)
      ? undefined
      : "must be true, false, 'warn' or 'fail'.",
};

/** What a module was registered with, beside the settings. */
export interface Registration {
  readonly name: string | undefined;
  readonly selfTest: boolean | 'warn' | 'fail';
}

export const REGISTRATION = Symbol('WechatPayRegistration');

/** The settings, from wherever they come. */
export const SETTINGS = Symbol('WechatPaySettings');

// The module's own name for its client, whatever the merchant is named outside. It is made from the public token, so that
// overriding that one in a test reaches every service: a test must never reverse at the real gateway.
export const CLIENT = Symbol('WechatPayClient');

/** What `forRoot` was given, or its factory has made. */
export const OPTIONS = Symbol('WechatPayOptions');

const built = new ConfigurableModuleBuilder<WechatPayConfig>({ optionsInjectionToken: OPTIONS })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWechatPayOptions')
  // Named, though undefined: what is named here is taken out of the settings.
  .setExtras<WechatPayModuleExtras>(
    { isGlobal: undefined, name: undefined, selfTest: undefined },
    (definition, { isGlobal = false, name, selfTest: mode = false }) => ({
      ...definition,
      global: isGlobal,
      providers: [
        ...(definition.providers ?? []),
        { provide: REGISTRATION, useValue: { name, selfTest: mode } satisfies Registration },
        { provide: SETTINGS, useFactory: settingsFrom, inject: [OPTIONS] },
        {
          provide: CLIENT,
          useFactory: (client: unknown) => {
            assertWechatPayClient(client, 'WechatPayClient');
            return client;
          },
          inject: [getWechatPayToken(WechatPayClient, name)],
        },
        ...SERVICES.map((service) => provide(service, name)),
      ],
      exports: SERVICES.map((service) => getWechatPayToken(service, name)),
    }),
  )
  .build();
export const { ConfigurableModuleClass } = built;

const SERVICES: readonly Type[] = nameServices({
  WechatPayClient,
  PaymentService,
  RefundService,
  ReverseService,
  WechatPayHealthIndicator,
});

/** @throws {WechatPayConfigError} what a factory gave that has its place beside it. */
function settingsFrom(given: WechatPayConfig): WechatPayConfig {
  checkNotExtras(given, EXTRAS);
  return given;
}

function provide(service: Type, name: string | undefined): Provider {
  const token = getWechatPayToken(service, name);
  if (service === WechatPayClient) {
    return {
      provide: token,
      useFactory: (config: WechatPayConfig) => new WechatPayClient(config),
      inject: [SETTINGS],
    };
  }
  return { provide: token, useFactory: (client: WechatPayClient) => new service(client) as unknown, inject: [CLIENT] };
}
