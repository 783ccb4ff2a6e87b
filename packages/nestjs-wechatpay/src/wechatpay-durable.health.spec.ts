import 'reflect-metadata';
import { Logger, type HttpException } from '@nestjs/common';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import { DurableOrders } from 'wechatpay-durable';
import { expect, it } from 'vitest';
import { WechatPayDurableHealthIndicator } from './durable.js';
import { WechatPayTesting, WechatPayTestingModule } from './testing/index.js';

Logger.overrideLogger(false);

it('is up, degraded while an order needs a person, and down without a store, for @nestjs/terminus', async () => {
  const imports = [TerminusModule.forRoot({ logger: false }), WechatPayTestingModule.forRoot()];
  const module = await Test.createTestingModule({ imports }).compile();
  await module.init();
  const [orders, indicator, terminus] = [
    module.get(DurableOrders),
    module.get(WechatPayDurableHealthIndicator),
    module.get(HealthCheckService),
  ];
  const check = (maxAgeMs?: number): Promise<unknown> =>
    terminus
      .check([() => indicator.isHealthy('orders', maxAgeMs === undefined ? {} : { maxAgeMs })])
      .catch((error: unknown) => (error as HttpException).getResponse());
  expect(await check()).toMatchObject({ status: 'ok', details: { orders: { status: 'up', dead: 0, lateMs: 0 } } });

  const testing = module.get(WechatPayTesting);
  const orderCreatedAt = new Date(testing.clock.now() - 20_000);
  const { outTradeNo } = testing.sandbox.orders.create({ state: 'paid', createdAt: orderCreatedAt.getTime() });
  testing.sandbox.faults.add({ kind: 'error', errorCode: 'PARAM_ERROR' }, { path: '/pay/orderquery', times: 100 });
  await orders.reverse({ outTradeNo, orderCreatedAt });
  await testing.pass(3_600_000);
  expect(await check()).toMatchObject({ status: 'ok' }); // probes that follow at once share one count
  expect(await check(0)).toMatchObject({
    status: 'degraded',
    details: {
      orders: {
        status: 'degraded',
        dead: 1,
        findings: ['dead-orders'],
        message: expect.stringMatching(/^1 orders or refunds/) as string,
      },
    },
  });

  await orders.stop();
  expect(await check(0)).toMatchObject({
    status: 'error',
    details: { orders: { status: 'down', findings: ['store-unreachable'] } },
  });
  await module.close();
});

it('refuses a rule that it does not know', async () => {
  const module = await Test.createTestingModule({ imports: [WechatPayTestingModule.forRoot()] }).compile();
  const indicator = module.get(WechatPayDurableHealthIndicator);
  await expect(indicator.isHealthy('orders', { maxLate: 1 } as object)).rejects.toThrow(/Did you mean maxLateMs\?/);
  await module.close();
});
