import { ConfigurableModuleBuilder, type DynamicModule } from '@nestjs/common';
import { MerchantRegistry, readOnce, type MerchantRegistryOptions } from 'wechatpay-core';
import { checkNotExtras, checkRegistration, isBooleanOrAbsent, type Check } from './registration.js';

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayMerchantsOptionsFactory {
  createWechatPayMerchantsOptions(): Promise<MerchantRegistryOptions> | MerchantRegistryOptions;
}

/** What stands beside the options, or beside the factory that brings them. */
export interface WechatPayMerchantsModuleExtras {
  /** Makes `MerchantRegistry` injectable everywhere without importing the module again. @default false */
  isGlobal?: boolean | undefined;
}

export const EXTRAS: Readonly<Record<keyof WechatPayMerchantsModuleExtras, Check>> = { isGlobal: isBooleanOrAbsent };

/** What is read of the options: those of MerchantRegistry. */
export const KNOWN = ['load', 'maxClients', 'maxAgeMs', 'loadTimeoutMs', 'onProblem', 'now'];

export const METHOD = 'WechatPayMerchantsModule.forRoot';
export const EXAMPLE = '{ load }';

/** What `forRoot` was given, or its factory has made. */
export const OPTIONS = Symbol('WechatPayMerchantsOptions');

/** The options, checked. */
export const SETTINGS = Symbol('WechatPayMerchantsSettings');

const built = new ConfigurableModuleBuilder<MerchantRegistryOptions>({ optionsInjectionToken: OPTIONS })
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWechatPayMerchantsOptions')
  .setExtras<WechatPayMerchantsModuleExtras>(
    { isGlobal: undefined },
    (definition, { isGlobal = false }): DynamicModule => ({
      ...definition,
      global: isGlobal,
      providers: [
        ...(definition.providers ?? []),
        { provide: SETTINGS, useFactory: settingsFrom, inject: [OPTIONS] },
        {
          provide: MerchantRegistry,
          useFactory: (settings: MerchantRegistryOptions) => new MerchantRegistry(settings),
          inject: [SETTINGS],
        },
      ],
      exports: [MerchantRegistry],
    }),
  )
  .build();
export const { ConfigurableModuleClass } = built;

/** @throws {WechatPayConfigError} every option that is unknown, or stands beside a factory. */
function settingsFrom(given: MerchantRegistryOptions): MerchantRegistryOptions {
  checkNotExtras(given, EXTRAS);
  checkRegistration([given], { method: METHOD, example: EXAMPLE, checks: {}, known: KNOWN });
  return readOnce(given, KNOWN, 'options');
}
