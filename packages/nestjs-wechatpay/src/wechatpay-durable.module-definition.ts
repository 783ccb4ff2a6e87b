import { ConfigurableModuleBuilder, type DynamicModule } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { assertWechatPayClient, WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { EndHandlers } from './end-handlers.js';
import type { Clients } from './found-handlers.js';
import { WechatPayDurableHealthIndicator } from './wechatpay-durable.health.js';
import {
  CLIENTS,
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
          {
            provide: CLIENTS,
            useFactory: (...clients: WechatPayClient[]) => clientsOf(merchants, clients),
            inject: merchants.map((name) => getWechatPayToken(WechatPayClient, name)),
          },
          { provide: DurableOrders, useFactory: durableOrdersOf, inject: [SETTINGS, CLIENTS] },
          EndHandlers,
          WechatPayDurableHealthIndicator,
        ],
        exports: [DurableOrders, WechatPayDurableHealthIndicator],
      }),
    )
    .build();

/** @throws {WechatPayConfigError} what is injected as a client is none, or of another copy. */
function clientsOf(merchants: readonly (string | undefined)[], clients: readonly WechatPayClient[]): Clients {
  for (const client of clients) assertWechatPayClient(client, 'WechatPayClient');
  return new Map(clients.map((client, index) => [merchants[index], client]));
}

// Without listeners: whoever they call may inject these orders. They are given at `start`, once everything is made.
function durableOrdersOf(settings: WechatPayDurableOptions, clients: Clients): DurableOrders {
  const { work, onResolved, onRefundResolved, ...options } = settings;
  return new DurableOrders({ ...options, clients: [...clients.values()] });
}
