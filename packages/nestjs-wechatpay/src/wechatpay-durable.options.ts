import { MerchantRegistry, readOnce } from 'wechatpay-core';
import type { DurableOrdersOptions } from 'wechatpay-durable';
import {
  checkNotExtras,
  checkRegistration,
  isBooleanOrAbsent,
  isFunctionOrAbsent,
  isMerchantListOrAbsent,
  type Check,
} from './registration.js';

/** wechatpay-durable's options. The clients are those of `WechatPayModule`, or of `WechatPayMerchantsModule`. */
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
   * Whose orders: the names with which merchants were registered at `WechatPayModule`; undefined is the one without a name. Or the class
   * `MerchantRegistry`: those of `WechatPayMerchantsModule`, and then of nobody else, since it may know every merchant.
   *
   * @default [undefined]
   */
  merchants?: readonly (string | undefined)[] | typeof MerchantRegistry | undefined;
}

export const EXTRAS: Readonly<Record<keyof WechatPayDurableModuleExtras, Check>> = {
  isGlobal: isBooleanOrAbsent,
  merchants: (value) => (value === MerchantRegistry ? undefined : isMerchantListOrAbsent(value)),
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
export const KNOWN = [
  ...['store', 'concurrency', 'onResolved', 'onRefundResolved', 'speed', 'journalOpenId', 'reconcileDaily'],
  'work',
];

export const EXAMPLE = '{ store }';

/** The options, checked. */
export const SETTINGS = Symbol('WechatPayDurableSettings');

/** The clients of the merchants whose orders these are, by name; none where they are a registry's. */
export const CLIENTS = Symbol('WechatPayDurableClients');

/** Whether they are those of a registry. */
export const OF_REGISTRY = Symbol('WechatPayDurableOfRegistry');

/** @throws {WechatPayConfigError} every option that is wrong, or stands beside a factory. */
export function settingsFrom(given: WechatPayDurableOptions): WechatPayDurableOptions {
  checkNotExtras(given, EXTRAS);
  checkRegistration([given], { method: 'WechatPayDurableModule.forRoot', example: EXAMPLE, checks: OPTIONS });
  return readOnce(given, KNOWN, 'options');
}
