import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { assertWechatPayClient, isMerchantRegistry, WechatPayClient, type MerchantRegistry } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { EndHandlers } from './end-handlers.js';
import type { Clients } from './found-handlers.js';
import { WechatPayDurableHealthIndicator } from './wechatpay-durable.health.js';
import {
  CLIENTS,
  OF_REGISTRY,
  SETTINGS,
  settingsFrom,
  type WechatPayDurableModuleExtras,
  type WechatPayDurableOptions,
} from './wechatpay-durable.options.js';
import { getWechatPayToken } from './wechatpay.inject.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN: DURABLE_OPTIONS } =
  new ConfigurableModuleBuilder<WechatPayDurableOptions>()
    .setClassMethodName('forRoot')
    .setFactoryMethodName('createWechatPayDurableOptions')
    .setExtras<WechatPayDurableModuleExtras>(
      { isGlobal: undefined, merchants: undefined },
      (definition, { isGlobal = false, merchants = [undefined] }): DynamicModule => ({
        ...definition,
        global: isGlobal,
        imports: [...(definition.imports ?? []), DiscoveryModule],
        providers: [
          ...(definition.providers ?? []),
          { provide: SETTINGS, useFactory: settingsFrom, inject: [DURABLE_OPTIONS] },
          ...ordersOf(merchants),
          EndHandlers,
          WechatPayDurableHealthIndicator,
        ],
        exports: [DurableOrders, WechatPayDurableHealthIndicator],
      }),
    )
    .build();

/** Who the merchants are, and their durable orders. */
function ordersOf(merchants: NonNullable<WechatPayDurableModuleExtras['merchants']>): Provider[] {
  const isOfRegistry = typeof merchants === 'function';
  const names = isOfRegistry ? [] : merchants;
  return [
    { provide: OF_REGISTRY, useValue: isOfRegistry },
    {
      provide: CLIENTS,
      useFactory: (...clients: WechatPayClient[]) => clientsOf(names, clients),
      inject: names.map((name) => getWechatPayToken(WechatPayClient, name)),
    },
    { provide: DurableOrders, useFactory: durableOrdersOf, inject: [SETTINGS, isOfRegistry ? merchants : CLIENTS] },
  ];
}

/** @throws {WechatPayConfigError} what is injected as a client is none, or of another copy. */
function clientsOf(merchants: readonly (string | undefined)[], clients: readonly WechatPayClient[]): Clients {
  for (const client of clients) assertWechatPayClient(client, 'WechatPayClient');
  return new Map(clients.map((client, index) => [merchants[index], client]));
}

// Without listeners: whoever they call may inject these orders. They are given at `start`, once everything is made.
function durableOrdersOf(settings: WechatPayDurableOptions, merchants: Clients | MerchantRegistry): DurableOrders {
  const { work, onResolved, onRefundResolved, ...options } = settings;
  const clients = isMerchantRegistry(merchants) ? merchants : [...merchants.values()];
  return new DurableOrders({ ...options, clients });
}
