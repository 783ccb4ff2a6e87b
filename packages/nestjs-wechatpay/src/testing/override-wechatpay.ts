import type { TestingModuleBuilder } from '@nestjs/testing';
import { WechatPayTransportError, type MerchantRegistryOptions, type WechatPayConfig } from 'wechatpay-core';
import { MemoryStore } from 'wechatpay-durable/memory';
import { DURABLE_OPTIONS } from '../wechatpay-durable.module-definition.js';
import {
  SETTINGS as DURABLE_SETTINGS,
  settingsFrom,
  type WechatPayDurableOptions,
} from '../wechatpay-durable.options.js';
import {
  OPTIONS as MERCHANTS_OPTIONS,
  SETTINGS as MERCHANTS_SETTINGS,
} from '../wechatpay-merchants.module-definition.js';
import { OPTIONS, REGISTRATION, SETTINGS, type Registration } from '../wechatpay.module-definition.js';
import type { WechatPayTesting } from './wechatpay-testing.js';

/**
 * Replaces WeChat Pay in an application that is tested as it is: the settings of every `WechatPayModule`, which then loads no certificate and needs no
 * `WECHATPAY_*` variable, the `load` of `WechatPayMerchantsModule`, and the store of every `WechatPayDurableModule`. Names, handlers and all other
 * options stay.
 *
 * With a {@link WechatPayTesting} it talks to that gateway, whose merchants are those of a `MerchantRegistry`, and durable orders are worked on,
 * whatever `work` says. Without one there is no gateway: override the services that the test calls; every other call is refused, and nothing is
 * sent.
 *
 * @param builder what `Test.createTestingModule` gives.
 * @returns the same builder.
 * @example
 * const module = await overrideWechatPay(Test.createTestingModule({ imports: [AppModule] }))
 *   .overrideProvider(ReverseService)
 *   .useValue({ reverse: () => Promise.resolve({ recall: false }) })
 *   .compile();
 */
export function overrideWechatPay(builder: TestingModuleBuilder, testing?: WechatPayTesting): TestingModuleBuilder {
  const registry: MerchantRegistryOptions = {
    load: (merchantId) => (testing ? testing.settingsOf(merchantId) : refusing(merchantId)),
  };
  return builder
    .overrideProvider(OPTIONS)
    .useValue({}) // and no factory of them is called
    .overrideProvider(SETTINGS)
    .useFactory({
      inject: [REGISTRATION],
      factory: ({ name }: Registration) => testing?.settings(name) ?? withoutGateway(name),
    })
    .overrideProvider(MERCHANTS_OPTIONS)
    .useValue({}) // nor is any `load`
    .overrideProvider(MERCHANTS_SETTINGS)
    .useValue(registry)
    .overrideProvider(DURABLE_SETTINGS)
    .useFactory({
      inject: [DURABLE_OPTIONS],
      factory: (given: WechatPayDurableOptions) => ({
        ...settingsFrom({ ...given, store: testing?.store() ?? new MemoryStore() }),
        work: testing !== undefined,
        speed: 1,
      }),
    })
    .overrideProvider(ENVIRONMENT)
    .useValue({});
}

/** `wechatPayConfig.KEY` of nestjs-wechatpay/config, which cannot be imported where @nestjs/config is not installed. */
const ENVIRONMENT = 'CONFIGURATION(wechatpay)';

const numbers = new Map<string | undefined, number>();

function withoutGateway(name: string | undefined): WechatPayConfig {
  const number = numbers.get(name) ?? numbers.size + 1;
  numbers.set(name, number);
  return refusing(String(1_900_000_000 + number));
}

function refusing(merchantId: string): WechatPayConfig {
  return { appId: 'wx0000000000000000', merchantId, apiKey: '0'.repeat(32), transport: refuse };
}

function refuse(): Promise<never> {
  return Promise.reject(
    new WechatPayTransportError(
      'WECHATPAY_CONNECTION',
      'This test has no gateway: override the service that it calls, or give overrideWechatPay a WechatPayTesting. Nothing was sent.',
      'not-sent',
    ),
  );
}
