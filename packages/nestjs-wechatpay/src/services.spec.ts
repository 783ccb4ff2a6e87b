import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { Sandbox, type Behaviour } from 'wechatpay-sandbox';
import {
  OrderService,
  QuickPayService,
  RefundService,
  SettlementService,
  getWechatPayToken,
  WechatPayModule,
} from './index.js';

let sandbox: Sandbox;
let module: TestingModule;

beforeAll(async () => {
  Logger.overrideLogger(false);
  sandbox = await Sandbox.start();
});

afterEach(() => module.close());
afterAll(() => sandbox.stop());

async function boot(name?: string): Promise<void> {
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
  const settings = { appId, merchantId, apiKey, certificate, ca, baseUrl, now: () => sandbox.clock.now() };
  module = await Test.createTestingModule({
    imports: [WechatPayModule.forRoot({ ...settings, ...(name !== undefined && { name }) })],
  }).compile();
  await module.init();
}

let orders = 0;
const purchase = (behaviour: Behaviour) => {
  orders += 1;
  return {
    outTradeNo: `N${orders}`,
    body: 'tea',
    totalFee: 888,
    spbillCreateIp: '203.0.113.7',
    authCode: sandbox.customers.create(behaviour).authCode,
  };
};

it.each([undefined, 'hk-branch'])('pays, asks, refunds and asks again (%s)', async (name) => {
  await boot(name);
  const request = purchase({ behaviour: 'pays-at-once' });
  const { outTradeNo } = request;
  await module.get<QuickPayService>(getWechatPayToken(QuickPayService, name)).pay(request);
  const order = await module.get<OrderService>(getWechatPayToken(OrderService, name)).query({ outTradeNo });
  expect(order).toMatchObject({ tradeState: 'SUCCESS', totalFee: 888 });
  const refunds = module.get<RefundService>(getWechatPayToken(RefundService, name));
  await refunds.refund({ outTradeNo, outRefundNo: `R${outTradeNo}`, totalFee: 888, refundFee: 88 });
  const { refunds: list } = await refunds.query({ outTradeNo });
  expect(list).toMatchObject([{ refundFee: 88, refundStatus: 'SUCCESS' }]);
  expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 88, net: 800 });
});

it('settles: pays after a password, on a clock that the test moves', async () => {
  await boot();
  const request = purchase({ behaviour: 'pays-after', ms: 12_000 });
  const { outcome } = await module.get(SettlementService).pay(request, { wait: jump });
  expect(outcome).toMatchObject({ kind: 'paid' });
  expect(sandbox.ledger.of(request.outTradeNo).net).toBe(888);
});

it('settles an order of which only the number is known', async () => {
  await boot();
  const request = purchase({ behaviour: 'walks-away' });
  const orderCreatedAt = new Date(sandbox.clock.now());
  await expect(module.get(QuickPayService).pay(request)).rejects.toMatchObject({ errorCode: 'USERPAYING' });
  const order = { outTradeNo: request.outTradeNo, orderCreatedAt };
  const { outcome } = await module.get(SettlementService).settle(order, { wait: jump });
  expect(outcome.kind).toBe('revoked');
});

it('stops settling when the application shuts down, and gives back the state', async () => {
  await boot();
  const request = purchase({ behaviour: 'walks-away' });
  const settling = module.get(SettlementService).pay(request);
  while (!sandbox.requests.some(({ fields }) => fields.out_trade_no === request.outTradeNo)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await module.close();
  const settlement = await settling;
  expect(settlement).toMatchObject({
    outcome: { kind: 'unresolved' },
    state: { order: { outTradeNo: request.outTradeNo }, next: { kind: 'query' } },
  });
});

function jump(until: number): Promise<void> {
  sandbox.clock.advance(until - sandbox.clock.now());
  return Promise.resolve();
}
