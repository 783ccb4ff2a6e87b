import 'reflect-metadata';
import { Inject, Injectable, Module, type DynamicModule } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MerchantRegistry, queryOrder, type QuickPayRequest } from 'wechatpay-core';
import { DurableOrders, type ResolvedOrder } from 'wechatpay-durable';
import { PostgresStore } from 'wechatpay-durable/postgres';
import type { Behaviour } from 'wechatpay-sandbox';
import { OnOrderResolved, WechatPayDurableModule } from '../durable.js';
import {
  InjectWechatPay,
  PaymentService,
  ReverseService,
  WechatPayMerchantsModule,
  WechatPayModule,
} from '../index.js';
import { wechatPayConfig } from '../wechatpay.config.js';
import { overrideWechatPay, WechatPayTesting, WechatPayTestingModule } from './index.js';

const HOUR_MS = 3_600_000;

/** What an application has: it notes the ends of its orders. */
@Injectable()
class Till {
  readonly ends: string[] = [];
  /** Set by the test: which of two. */
  merchantId = '';

  constructor(
    @Inject(DurableOrders) readonly durableOrders: DurableOrders,
    @Inject(ReverseService) readonly reversals: ReverseService,
    @Inject(PaymentService) readonly payments: PaymentService,
    @InjectWechatPay(PaymentService, 'hk') readonly branch: PaymentService,
  ) {}

  async charge(request: QuickPayRequest): Promise<string> {
    const { merchantId } = this;
    return (await this.durableOrders.pay(request, { merchantId })).outcome.kind;
  }

  @OnOrderResolved({ merchants: [undefined] })
  onEnd({ order, outcome }: ResolvedOrder): void {
    this.ends.push(`${order.outTradeNo} ${outcome.kind}`);
  }
}

/** As it is deployed: its settings come from the environment, and its orders are on PostgreSQL. */
const productionModules = (): DynamicModule[] => [
  WechatPayModule.forRootAsync({ ...wechatPayConfig.asProvider(), isGlobal: true }),
  WechatPayModule.forRoot({
    ...{ name: 'hk', isGlobal: true, appId: 'wx8888888888888888', merchantId: '1900000109', apiKey: 'k'.repeat(32) },
    certificate: { pfx: '/no/such/file.p12' },
  }),
  WechatPayDurableModule.forRoot({
    store: new PostgresStore({ connectionString: 'postgres://127.0.0.1:9/none' }),
    merchants: [undefined, 'hk'],
    work: false,
  }),
];

@Module({})
class AppModule {
  static register(): DynamicModule {
    const config = ConfigModule.forRoot({ ignoreEnvFile: true });
    return { module: AppModule, imports: [config, ...productionModules()], providers: [Till] };
  }
}

const modules: TestingModule[] = [];
afterEach(() => Promise.all(modules.splice(0).map((module) => module.close())));

async function initialized(compiling: Promise<TestingModule>): Promise<TestingModule> {
  const module = await compiling;
  modules.push(module);
  await module.init();
  return module;
}

describe('overrideWechatPay, without a gateway', () => {
  it('boots without settings, certificate and database; one service is overridden, and every other call is refused', async () => {
    const reverse = (): Promise<{ recall: boolean }> => Promise.resolve({ recall: false });
    const builder = overrideWechatPay(Test.createTestingModule({ imports: [AppModule.register()] }));
    const module = await initialized(builder.overrideProvider(ReverseService).useValue({ reverse }).compile());
    const till = module.get(Till);
    expect(await till.reversals.reverse({ outTradeNo: 'A1' })).toEqual({ recall: false });
    for (const payments of [till.payments, till.branch]) {
      await expect(payments.query({ outTradeNo: 'A1' })).rejects.toMatchObject({
        outcome: 'not-sent',
        message: expect.stringContaining('give overrideWechatPay a WechatPayTesting') as string,
      });
    }
  });

  it('where it is not called, the same application does not boot', async () => {
    const builder = Test.createTestingModule({ imports: [AppModule.register()] });
    await expect(builder.compile()).rejects.toThrow(/WECHATPAY_APP_ID/);
  });
});

describe('with a gateway', () => {
  let testing: WechatPayTesting;
  beforeAll(async () => {
    testing = await WechatPayTesting.start();
  });
  afterEach(() => {
    testing.sandbox.reset();
  });
  afterAll(() => testing.stop());

  let orders = 0;
  const purchase = (behaviour: Behaviour = { behaviour: 'pays-at-once' }): QuickPayRequest => {
    orders += 1;
    const { authCode } = testing.sandbox.customers.create(behaviour);
    return { outTradeNo: `T${orders}`, body: 'tea', totalFee: 888, spbillCreateIp: '203.0.113.7', authCode };
  };
  const openApp = async (): Promise<Till> => {
    const builder = overrideWechatPay(Test.createTestingModule({ imports: [AppModule.register()] }), testing);
    const till = (await initialized(builder.compile())).get(Till);
    till.merchantId = (await testing.merchant()).merchantId;
    return till;
  };

  it('an application as it is deployed pays, and its orders are worked on as its clock is moved', async () => {
    const till = await openApp();
    const [lost, left] = [purchase(), purchase({ behaviour: 'walks-away' })];
    testing.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
    expect(await till.charge(lost)).toBe('pending');
    expect(await till.charge(left)).toBe('pending');
    await testing.pass(1000);
    expect(till.ends).toEqual([]);
    const before = testing.clock.now();
    await testing.pass(HOUR_MS);
    expect(testing.clock.now()).toBe(before + HOUR_MS);
    expect(till.ends).toEqual([`${lost.outTradeNo} paid`, `${left.outTradeNo} reversed`]);
    expect(testing.sandbox.ledger.of(lost.outTradeNo).net).toBe(888);
  });

  it('each name has a merchant of its own, the same for the whole test', async () => {
    const till = await openApp();
    const branch = await testing.merchant('hk');
    expect(branch.merchantId).not.toBe(till.merchantId);
    till.merchantId = branch.merchantId;
    expect(await till.charge(purchase())).toBe('paid');
    await testing.pass(0);
    expect(till.ends).toEqual([]); // the handler is for the other merchant
  });

  it('time goes forward, also where a store is closed', async () => {
    const store = testing.store();
    await store.open();
    await expect(testing.pass(-1)).rejects.toThrow(/0 or more, not -1/);
    await store.close();
    await testing.pass(1000); // a store that is closed has nothing to do
  });
});

describe('WechatPayTestingModule', () => {
  @Module({ providers: [Till] })
  class TillModule {}

  it('composes a test of modules: services, durable orders, gateway and clock', async () => {
    const imports = [WechatPayTestingModule.forRoot({ merchants: [undefined, 'hk'] }), TillModule];
    const module = await initialized(Test.createTestingModule({ imports }).compile());
    const [till, testing] = [module.get(Till), module.get(WechatPayTesting)];
    till.merchantId = testing.sandbox.merchant.merchantId;
    const { authCode } = testing.sandbox.customers.create({ behaviour: 'pays-after', ms: 20_000 });
    const request = { outTradeNo: 'M1', body: 'tea', totalFee: 888, spbillCreateIp: '203.0.113.7', authCode };
    expect(await till.charge(request)).toBe('pending');
    await testing.pass(60_000);
    expect(till.ends).toEqual(['M1 paid']);
    modules.splice(0);
    await module.close();
    await expect(fetch(testing.sandbox.baseUrl)).rejects.toThrow(); // its gateway is stopped
  });

  it('refuses what it does not know', () => {
    expect(() => WechatPayTestingModule.forRoot({ merchant: ['hk'] } as never)).toThrow(/Did you mean merchants\?/);
    expect(() => WechatPayTestingModule.forRoot({ merchants: 'hk' } as never)).toThrow(/^merchants: must be an array/);
  });
});

describe('overrideWechatPay, of the merchants of a registry', () => {
  const load = (): never => {
    throw new Error('a test asks no vault');
  };
  const imports = (): DynamicModule[] => [
    WechatPayMerchantsModule.forRoot({ load, isGlobal: true }),
    WechatPayDurableModule.forRoot({
      store: new PostgresStore({ connectionString: 'postgres://127.0.0.1:9/none' }),
      merchants: MerchantRegistry,
    }),
  ];

  it('has them asked of the gateway, and not of the vault', async () => {
    const testing = await WechatPayTesting.start();
    const builder = overrideWechatPay(Test.createTestingModule({ imports: imports() }), testing);
    const module = await initialized(builder.compile());
    const { merchantId } = testing.sandbox.merchant;
    const { authCode } = testing.sandbox.customers.create({ behaviour: 'pays-at-once' });
    const request = { outTradeNo: 'V1', body: 'tea', totalFee: 888, spbillCreateIp: '203.0.113.7', authCode };
    const { outcome } = await module.get(DurableOrders).pay(request, { merchantId });
    expect(outcome.kind).toBe('paid');
    await expect(module.get(MerchantRegistry).get('1')).rejects.toMatchObject({ problem: 'unknown' });
    modules.splice(0);
    await module.close();
    await testing.stop();
  });

  it('refuses every call without a gateway', async () => {
    const builder = overrideWechatPay(Test.createTestingModule({ imports: imports() }));
    const module = await initialized(builder.compile());
    const client = await module.get(MerchantRegistry).get('1900000109');
    await expect(queryOrder(client, { outTradeNo: 'V1' })).rejects.toThrow(/This test has no gateway/);
  });
});
