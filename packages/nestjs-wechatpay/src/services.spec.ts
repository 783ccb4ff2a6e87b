import { getEventListeners } from 'node:events';
import { Logger } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { WechatPayClient, WechatPayRequestError, type ResolutionState } from 'wechatpay-core';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { Sandbox, type Behaviour } from 'wechatpay-sandbox';
import {
  OrderService,
  QuickPayService,
  RefundService,
  ResolutionService,
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

it('resolves: pays after a password, on a clock that the test moves', async () => {
  await boot();
  const request = purchase({ behaviour: 'pays-after', ms: 12_000 });
  const { outcome } = await module.get(ResolutionService).pay(request, { wait: jump });
  expect(outcome).toMatchObject({ kind: 'paid' });
  expect(sandbox.ledger.of(request.outTradeNo).net).toBe(888);
});

it('resolves an order of which only the number is known', async () => {
  await boot();
  const request = purchase({ behaviour: 'walks-away' });
  const orderCreatedAt = new Date(sandbox.clock.now());
  await expect(module.get(QuickPayService).pay(request)).rejects.toMatchObject({ errorCode: 'USERPAYING' });
  const order = { outTradeNo: request.outTradeNo, orderCreatedAt };
  const { outcome } = await module.get(ResolutionService).resolve(order, { wait: jump });
  expect(outcome.kind).toBe('reversed');
});

it('stops resolving when the application shuts down, and returns the state', async () => {
  await boot();
  const request = purchase({ behaviour: 'walks-away' });
  const resolving = module.get(ResolutionService).pay(request);
  while (!sandbox.requests.some(({ fields }) => fields.out_trade_no === request.outTradeNo)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await module.close();
  const resolution = await resolving;
  expect(resolution).toMatchObject({
    outcome: { kind: 'unresolved' },
    state: { order: { outTradeNo: request.outTradeNo } },
  });
});

it('resumes an order after a restart, from the state as JSON', async () => {
  await boot();
  const request = purchase({ behaviour: 'pays-after', ms: 12_000 });
  const controller = new AbortController();
  const options = {
    signal: controller.signal,
    onUnclear: () => {
      controller.abort();
    },
  };
  const stopped = await module.get(ResolutionService).pay(request, options);
  if (!('state' in stopped)) throw new Error(stopped.outcome.kind);
  expect(stopped.outcome.kind).toBe('unresolved');
  await module.close();

  await boot();
  const state = JSON.parse(JSON.stringify(stopped.state)) as ResolutionState;
  const resolutions = module.get(ResolutionService);
  await expect(resolutions.resolve(state as never)).rejects.toThrow(WechatPayRequestError);
  const { outcome } = await resolutions.resume(state, { wait: jump });
  expect(outcome.kind).toBe('paid');
  expect(sandbox.ledger.of(request.outTradeNo).net).toBe(888);
});

it('keeps no listener of an order that has ended, neither on the shutdown signal nor on one of the caller', async () => {
  await boot();
  const add = vi.spyOn(EventTarget.prototype, 'addEventListener');
  const any = vi.spyOn(AbortSignal, 'any');
  const shared = new AbortController();
  for (let payment = 0; payment < 20; payment += 1) {
    const options = payment % 2 === 0 ? { wait: jump } : { wait: jump, signal: shared.signal };
    const { outcome } = await module
      .get(ResolutionService)
      .pay(purchase({ behaviour: 'pays-after', ms: 6_000 }), options);
    expect(outcome.kind).toBe('paid');
  }
  const sources = new Set(add.mock.contexts.filter((context) => context instanceof AbortSignal));
  add.mockRestore();
  expect(sources).toContain(shared.signal);
  expect([...sources].filter((source) => getEventListeners(source, 'abort').length > 0)).toEqual([]);
  expect(any).not.toHaveBeenCalled();
  any.mockRestore();
});

it("stops resolving when the caller's signal is aborted", async () => {
  await boot();
  const controller = new AbortController();
  const resolving = module.get(ResolutionService).pay(purchase({ behaviour: 'walks-away' }), {
    signal: controller.signal,
    onUnclear: () => {
      controller.abort();
    },
  });
  expect((await resolving).outcome.kind).toBe('unresolved');
});

it('refuses an invalid signal, by name', async () => {
  await boot();
  const options = { signal: new AbortController() as never };
  await expect(module.get(ResolutionService).pay(purchase({ behaviour: 'pays-at-once' }), options)).rejects.toThrow(
    /signal: must be an AbortSignal/,
  );
});

function jump(until: number): Promise<void> {
  sandbox.clock.advance(until - sandbox.clock.now());
  return Promise.resolve();
}

it('options that are inherited hold, as in wechatpay-core: what is paid is returned', async () => {
  await boot();
  const request = purchase({ behaviour: 'pays-at-once' });
  await module.get(QuickPayService).pay(request);
  const createdAt = sandbox.clock.now();
  class GiveBack {
    get ifPaid(): 'reverse' {
      return 'reverse';
    }
    get wait() {
      return (until: number): Promise<void> => {
        sandbox.clock.advance(Math.max(0, until - sandbox.clock.now()));
        return Promise.resolve();
      };
    }
  }
  const { outTradeNo } = request;
  const order = { outTradeNo, orderCreatedAt: new Date(createdAt) };
  const { outcome } = await module.get(ResolutionService).resolve(order, new GiveBack());
  expect(outcome).toEqual({ kind: 'reversed' });
  expect(sandbox.ledger.of(outTradeNo).net).toBe(0);
});

it('settings that are inherited hold', async () => {
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
  class Settings {
    readonly appId = appId;
    readonly merchantId = merchantId;
    readonly apiKey = apiKey;
    readonly certificate = certificate;
    readonly ca = ca;
    readonly baseUrl = baseUrl;
    get subMerchantId(): string {
      return '1900000201';
    }
    get name(): string {
      return 'hk-branch';
    }
  }
  module = await Test.createTestingModule({ imports: [WechatPayModule.forRoot(new Settings())] }).compile();
  const client = module.get<WechatPayClient>(getWechatPayToken(WechatPayClient, 'hk-branch'));
  expect(client.subMerchantId).toBe('1900000201');
});
