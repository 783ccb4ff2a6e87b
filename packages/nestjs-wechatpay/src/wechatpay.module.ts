import {
  ConfigurableModuleBuilder,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
  type Type,
} from '@nestjs/common';
import { WechatPayClient, type WechatPayConfig } from 'wechatpay-core';
import { OrderService } from './order.service.js';
import { QuickPayService } from './quick-pay.service.js';
import { RefundService } from './refund.service.js';
import { ReverseService } from './reverse.service.js';
import { SettlementService } from './settlement.service.js';
import { WechatPayHealthIndicator } from './wechatpay.health.js';
import { getWechatPayToken } from './wechatpay.inject.js';

/** What `useClass` and `useExisting` of `forRootAsync` implement. */
export interface WechatPayOptionsFactory {
  createWechatPayOptions(): Promise<WechatPayConfig> | WechatPayConfig;
}

/** What stands beside the settings, or beside the factory that brings them. */
export interface WechatPayModuleExtras {
  /** Makes the services injectable everywhere without importing the module again. @default false */
  isGlobal?: boolean;
  /** For several merchants in one application: inject theirs by `@InjectWechatPay(ReverseService, name)`. */
  name?: string;
}

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } = new ConfigurableModuleBuilder<WechatPayConfig>()
  .setClassMethodName('forRoot')
  .setFactoryMethodName('createWechatPayOptions')
  .setExtras<WechatPayModuleExtras>({}, (definition, { isGlobal = false, name }) => ({
    ...definition,
    global: isGlobal,
    providers: [
      ...(definition.providers ?? []),
      { provide: CLIENT, useExisting: getWechatPayToken(WechatPayClient, name) },
      ...SERVICES.map((service) => provide(service, name)),
    ],
    exports: SERVICES.map((service) => getWechatPayToken(service, name)),
  }))
  .build();

// The module's own name for its client, whatever the merchant is named outside. It is an alias of the public token, so that
// overriding that one in a test reaches every service: a test must never revoke at the real gateway.
const CLIENT = Symbol('WechatPayClient');

const SERVICES: readonly Type[] = [
  WechatPayClient,
  ReverseService,
  OrderService,
  QuickPayService,
  RefundService,
  SettlementService,
  WechatPayHealthIndicator,
];

function provide(service: Type, name: string | undefined): Provider {
  const token = getWechatPayToken(service, name);
  if (service === WechatPayClient) {
    return {
      provide: token,
      useFactory: (config: WechatPayConfig) => new WechatPayClient(config),
      inject: [MODULE_OPTIONS_TOKEN],
    };
  }
  return { provide: token, useFactory: (client: WechatPayClient) => new service(client) as unknown, inject: [CLIENT] };
}

const DAY_MS = 24 * 60 * 60 * 1000;
const WARN_DAYS = 30;

/**
 * WeChat Pay for a NestJS application: `forRoot(config)` or `forRootAsync({ imports, inject, useFactory })`.
 *
 * Exports a service for each operation (`ReverseService`, `OrderService`, `QuickPayService`, `RefundService`), `SettlementService`,
 * `WechatPayClient` and `WechatPayHealthIndicator`. At boot it logs the merchant, the gateway and
 * when the API certificate expires; at shutdown it waits for calls in flight and closes the connections.
 *
 * @throws {WechatPayConfigError} at boot, the first setting that is missing or wrong.
 */
@Module({})
export class WechatPayModule extends ConfigurableModuleClass implements OnModuleInit, OnApplicationShutdown {
  readonly #logger = new Logger(WechatPayModule.name);
  readonly #client: WechatPayClient;

  constructor(@Inject(CLIENT) client: WechatPayClient) {
    super();
    this.#client = client;
  }

  onModuleInit(): void {
    const { merchantId, baseUrls, certificate } = this.#client;
    const expiry = certificate ? `, certificate valid until ${certificate.validTo.toISOString()}` : '';
    this.#logger.log(`Merchant ${merchantId} at ${baseUrls.join(', ')}${expiry}`);
    if (!certificate) return;
    const daysLeft = Math.floor((certificate.validTo.getTime() - this.#client.now()) / DAY_MS);
    if (daysLeft < WARN_DAYS) {
      this.#logger.warn(
        `The API certificate ${certificate.serialNumber} of merchant ${merchantId} expires in ${daysLeft} days: ` +
          'download a new one from the Merchant Platform.',
      );
    }
  }

  /** After the HTTP server has closed, so that requests in flight still reach WeChat Pay. */
  async onApplicationShutdown(): Promise<void> {
    await this.#client.close();
  }
}
