import { ConfigurableModuleBuilder, type Provider } from '@nestjs/common';
import { assertWechatPayClient, readOnce, WechatPayClient } from 'wechatpay-core';
import { DurableOrders, type DurableOrdersOptions } from 'wechatpay-durable';
import {
  checkNotExtras,
  checkRegistration,
  isBooleanOrAbsent,
  isFunctionOrAbsent,
  isMerchantListOrAbsent,
  type Check,
} from './registration.js';
import { getWechatPayToken } from './wechatpay.inject.js';

/** wechatpay-durable's options. The clients are those of `WechatPayModule`. */
export interface WechatPayDurableOptions extends Omit<DurableOrdersOptions, 'clients'> {
  /** `false` for an application that only enqueues and looks, and leaves the work to others. @default true */
  readonly work?: boolean;
}

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayDurableOptionsFactory {
  createWechatPayDurableOptions(): Promise<WechatPayDurableOptions> | WechatPayDurableOptions;
}

/** What stands beside the options, or beside the factory that brings them. */
export interface WechatPayDurableModuleExtras {
  /** Makes `DurableOrders` injectable everywhere without importing the module again. @default false */
  isGlobal?: boolean | undefined;
  /**
   * Whose orders: the names with which merchants were registered at `WechatPayModule`; undefined is the one without a name.
   *
   * @default [undefined]
   */
  merchants?: readonly (string | undefined)[] | undefined;
}

export const EXTRAS: Readonly<Record<keyof WechatPayDurableModuleExtras, Check>> = {
  isGlobal: isBooleanOrAbsent,
  merchants: isMerchantListOrAbsent,
};

// What DurableOrders would find at boot is found here already, where the module is registered; it finds the rest.
export const OPTIONS: Readonly<Record<string, Check>> = {
  store: (value) =>
    Object(value) === value
      ? undefined
      : `${value === undefined ? 'is missing' : 'is not a store'}; give a PostgresStore, an EmbeddedStore or a RedisStore.`,
  onResolved: isFunctionOrAbsent,
  onRefundResolved: isFunctionOrAbsent,
  work: isBooleanOrAbsent,
  clients: (value) => (value === undefined ? undefined : 'are those of WechatPayModule; name them in `merchants`.'),
};

/** What is read of the options: those of DurableOrders but `clients`, and `work`. */
export const KNOWN = ['store', 'concurrency', 'onResolved', 'onRefundResolved', 'speed', 'journalOpenId', 'work'];

export const MERCHANTS = Symbol('WechatPayDurableMerchants');

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<WechatPayDurableOptions>()
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createWechatPayDurableOptions')
    .setExtras<WechatPayDurableModuleExtras>(
      { isGlobal: undefined, merchants: undefined },
      (definition, { isGlobal = false, merchants = [undefined] }) => ({
        ...definition,
        global: isGlobal,
        providers: [
          ...(definition.providers ?? []),
          durableOrdersOf(merchants),
          { provide: MERCHANTS, useValue: merchants },
        ],
        exports: [DurableOrders],
      }),
    )
    .build();

export const EXAMPLE = '{ store }';

function durableOrdersOf(merchants: readonly (string | undefined)[]): Provider {
  return {
    provide: DurableOrders,
    useFactory: (given: WechatPayDurableOptions, ...clients: WechatPayClient[]) => {
      checkNotExtras(given, EXTRAS);
      checkRegistration([given], { method: 'WechatPayDurableModule.forRoot', example: EXAMPLE, checks: OPTIONS });
      for (const client of clients) assertWechatPayClient(client, 'WechatPayClient');
      const { work, ...options } = readOnce(given, KNOWN, 'options');
      return new DurableOrders({ ...options, clients });
    },
    inject: [MODULE_OPTIONS_TOKEN, ...merchants.map((name) => getWechatPayToken(WechatPayClient, name))],
  };
}
