import { ConfigurableModuleBuilder, type DynamicModule, type Provider } from '@nestjs/common';
import { readOnce, WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { ReconciliationHealthIndicator } from './reconciliation.health.js';
import { checkNotExtras, checkRegistration } from './registration.js';
import { StatementService } from './statement.service.js';
import { getWechatPayToken, nameServices } from './wechatpay.inject.js';
import {
  EXAMPLE,
  EXTRAS,
  OPTIONS,
  type WechatPayReconciliationModuleExtras,
  type WechatPayReconciliationOptions,
} from './wechatpay-reconciliation.options.js';

/** The options, checked and with their defaults. */
export const SETTINGS = Symbol('WechatPayReconciliationSettings');

export type Settings = Omit<WechatPayReconciliationOptions, 'daily'> &
  Required<Pick<WechatPayReconciliationOptions, 'daily'>>;

const SERVICES = nameServices({ StatementService, ReconciliationHealthIndicator });

const built = new ConfigurableModuleBuilder<WechatPayReconciliationOptions>()
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWechatPayReconciliationOptions')
  .setExtras<WechatPayReconciliationModuleExtras>(
    { isGlobal: undefined, merchants: undefined },
    (definition, { isGlobal = false, merchants = [undefined] }): DynamicModule => ({
      ...definition,
      global: isGlobal,
      providers: [
        ...(definition.providers ?? []),
        { provide: SETTINGS, useFactory: settingsFrom, inject: [MODULE_OPTIONS_TOKEN] },
        ...merchants.flatMap(servicesOf),
      ],
      exports: merchants.flatMap((name) => SERVICES.map((service) => getWechatPayToken(service, name))),
    }),
  )
  .build();
const { MODULE_OPTIONS_TOKEN } = built;
export const { ConfigurableModuleClass } = built;

function servicesOf(name: string | undefined): Provider[] {
  const statements = getWechatPayToken(StatementService, name);
  return [
    {
      provide: statements,
      useFactory: (client: WechatPayClient, durableOrders: DurableOrders) => {
        durableOrders.clientOf(client.merchantId); // throws where its orders are not durable
        return new StatementService(client, durableOrders);
      },
      inject: [getWechatPayToken(WechatPayClient, name), DurableOrders],
    },
    {
      provide: getWechatPayToken(ReconciliationHealthIndicator, name),
      useFactory: (service: StatementService) => new ReconciliationHealthIndicator(service),
      inject: [statements],
    },
  ];
}

/** @throws {WechatPayConfigError} every option of a factory that is wrong or unknown. */
function settingsFrom(given: WechatPayReconciliationOptions): Settings {
  checkNotExtras(given, EXTRAS);
  const known = Object.keys(OPTIONS);
  const method = 'WechatPayReconciliationModule.forRoot';
  checkRegistration([given], { method, example: EXAMPLE, checks: OPTIONS, known });
  const { daily = true, ...options } = readOnce(given, known, 'options');
  return { ...options, daily };
}
