import { Inject, Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ReverseService, WechatPayModule } from 'nestjs-wechatpay';
import { OnOrderResolved, WechatPayDurableModule } from 'nestjs-wechatpay/durable';
import { overrideWechatPay, WechatPayTesting } from 'nestjs-wechatpay/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DurableOrders, type ResolvedOrder } from 'wechatpay-durable';
import { PostgresStore } from 'wechatpay-durable/postgres';

@Injectable()
class Till {
  readonly ends: string[] = [];

  constructor(
    @Inject(DurableOrders) private readonly durableOrders: DurableOrders,
    @Inject(ReverseService) private readonly reversals: ReverseService,
  ) {}

  async charge(outTradeNo: string, authCode: string): Promise<string> {
    const order = { outTradeNo, authCode, body: 'tea', totalFee: 888, currency: 'HKD', spbillCreateIp: '203.0.113.7' };
    return (await this.durableOrders.pay(order)).outcome.kind;
  }

  async giveUp(outTradeNo: string): Promise<string> {
    const { recall } = await this.reversals.reverse({ outTradeNo });
    return recall ? 'again' : 'done';
  }

  @OnOrderResolved()
  onEnd({ order, outcome }: ResolvedOrder): void {
    this.ends.push(`${order.outTradeNo} ${outcome.kind}`);
  }
}

@Module({
  imports: [
    WechatPayModule.forRoot({
      isGlobal: true,
      appId: 'wx8888888888888888',
      merchantId: '1900000109',
      apiKey: process.env.WECHATPAY_API_KEY ?? '',
      certificate: { pfx: '/run/secrets/apiclient_cert.p12' },
    }),
    WechatPayDurableModule.forRoot({ store: new PostgresStore({ connectionString: 'postgres://localhost/shop' }) }),
  ],
  providers: [Till],
})
class AppModule {}

describe('the whole application, before a gateway in this process', () => {
  let wechatPay: WechatPayTesting;
  beforeAll(async () => {
    wechatPay = await WechatPayTesting.start();
  }, 30_000);
  afterAll(() => wechatPay.stop());

  it('hears that an order is paid whose answer was lost', async () => {
    const builder = Test.createTestingModule({ imports: [AppModule] });
    const module = await overrideWechatPay(builder, wechatPay).compile();
    await module.init();
    const { sandbox } = wechatPay;
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
    expect(await module.get(Till).charge('T-1', authCode)).toBe('pending');
    await wechatPay.pass(60_000); // the clock moves, and what is due is done
    expect(module.get(Till).ends).toEqual(['T-1 paid']);
    expect(sandbox.ledger.of('T-1').net).toBe(888);
    await module.close();
  }, 30_000);
});

it('one class, with the one service that it calls overridden: no certificate, no gateway, no database', async () => {
  const reverse = () => Promise.resolve({ recall: true });
  const builder = overrideWechatPay(Test.createTestingModule({ imports: [AppModule] }));
  const module = await builder.overrideProvider(ReverseService).useValue({ reverse }).compile();
  expect(await module.get(Till).giveUp('T-2')).toBe('again');
  await module.close();
});
