import { getEventListeners } from 'node:events';
import type { NestExpressApplication } from '@nestjs/platform-express';
import {
  appPayParameters,
  jsapiPayParameters,
  jssdkPayParameters,
  miniProgramPayParameters,
  WechatPayClient,
  WechatPayRequestError,
  type ResolutionState,
} from 'wechatpay-core';
import { expect, it, vi } from 'vitest';
import { openShop } from '../test/shop.js';
import { PaymentService, WechatPayModule } from './index.js';

const { sandbox, settings, start, purchase } = await openShop();

// A clock that the test moves.
const boot = (): Promise<NestExpressApplication> =>
  start(WechatPayModule.forRoot({ ...settings, now: () => sandbox.clock.now() }));

it('pays safely: after a password, on a clock that the test moves', async () => {
  const app = await boot();
  const request = purchase({ behaviour: 'pays-after', ms: 12_000 });
  const { outcome } = await app.get(PaymentService).pay(request, { wait: jump });
  expect(outcome).toMatchObject({ kind: 'paid' });
  expect(sandbox.ledger.of(request.outTradeNo).net).toBe(888);
});

it('submits Quick Pay once, and leaves an unknown outcome to its caller', async () => {
  const app = await boot();
  const request = purchase({ behaviour: 'walks-away' });
  const before = sandbox.requests.length;
  const submitting = app.get(PaymentService).submitQuickPay(request);
  await expect(submitting).rejects.toMatchObject({ errorCode: 'USERPAYING', outcome: 'unknown' });
  expect(sandbox.requests.slice(before).map(({ path }) => path)).toEqual(['/pay/micropay']);
});

it('resolves an order of which only the number is known', async () => {
  const app = await boot();
  const request = purchase({ behaviour: 'walks-away' });
  const orderCreatedAt = new Date(sandbox.clock.now());
  await expect(app.get(PaymentService).submitQuickPay(request)).rejects.toMatchObject({ errorCode: 'USERPAYING' });
  const order = { outTradeNo: request.outTradeNo, orderCreatedAt };
  const { outcome } = await app.get(PaymentService).resolve(order, { wait: jump });
  expect(outcome.kind).toBe('reversed');
});

it('stops resolving when the application shuts down, and returns the state', async () => {
  const app = await boot();
  const request = purchase({ behaviour: 'walks-away' });
  const resolving = app.get(PaymentService).pay(request);
  while (!sandbox.requests.some(({ fields }) => fields.out_trade_no === request.outTradeNo)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  await app.close();
  const resolution = await resolving;
  expect(resolution).toMatchObject({
    outcome: { kind: 'unresolved' },
    state: { order: { outTradeNo: request.outTradeNo } },
  });
});

it('resumes an order after a restart, from the state as JSON', async () => {
  const app = await boot();
  const request = purchase({ behaviour: 'pays-after', ms: 12_000 });
  const controller = new AbortController();
  const options = {
    signal: controller.signal,
    onUnclear: () => {
      controller.abort();
    },
  };
  const stopped = await app.get(PaymentService).pay(request, options);
  if (!('state' in stopped)) throw new Error(stopped.outcome.kind);
  expect(stopped.outcome.kind).toBe('unresolved');
  await app.close();

  const next = await boot();
  const state = JSON.parse(JSON.stringify(stopped.state)) as ResolutionState;
  const payments = next.get(PaymentService);
  await expect(payments.resolve(state as never)).rejects.toThrow(WechatPayRequestError);
  const { outcome } = await payments.resume(state, { wait: jump });
  expect(outcome.kind).toBe('paid');
  expect(sandbox.ledger.of(request.outTradeNo).net).toBe(888);
});

it('keeps no listener of an order that has ended, neither on the shutdown signal nor on one of the caller', async () => {
  const app = await boot();
  const add = vi.spyOn(EventTarget.prototype, 'addEventListener');
  const any = vi.spyOn(AbortSignal, 'any');
  const shared = new AbortController();
  for (let payment = 0; payment < 20; payment += 1) {
    const options = payment % 2 === 0 ? { wait: jump } : { wait: jump, signal: shared.signal };
    const { outcome } = await app.get(PaymentService).pay(purchase({ behaviour: 'pays-after', ms: 6_000 }), options);
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
  const app = await boot();
  const controller = new AbortController();
  const resolving = app.get(PaymentService).pay(purchase({ behaviour: 'walks-away' }), {
    signal: controller.signal,
    onUnclear: () => {
      controller.abort();
    },
  });
  expect((await resolving).outcome.kind).toBe('unresolved');
});

it('refuses an invalid signal, by name', async () => {
  const app = await boot();
  const options = { signal: new AbortController() as never };
  await expect(app.get(PaymentService).pay(purchase({ behaviour: 'pays-at-once' }), options)).rejects.toThrow(
    /signal: must be an AbortSignal/,
  );
});

it('options that are inherited hold, as in wechatpay-core: what is paid is returned', async () => {
  const app = await boot();
  const request = purchase({ behaviour: 'pays-at-once' });
  await app.get(PaymentService).submitQuickPay(request);
  const createdAt = sandbox.clock.now();
  class ReversePolicy {
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
  const { outcome } = await app.get(PaymentService).resolve(order, new ReversePolicy());
  expect(outcome).toEqual({ kind: 'reversed' });
  expect(sandbox.ledger.of(outTradeNo).net).toBe(0);
});

it('orders by QR code, and closes what nobody has paid', async () => {
  const app = await boot();
  const payments = app.get(PaymentService);
  const orderCreatedAt = new Date(sandbox.clock.now());
  const { codeUrl } = await payments.unifiedOrder({ ...tea, tradeType: 'NATIVE', productId: 'tea', outTradeNo: 'qr' });
  expect(codeUrl).toMatch(/^weixin:/);
  const closing = payments.closeOrder({ outTradeNo: 'qr', orderCreatedAt });
  await expect(closing).rejects.toThrow(/orderCreatedAt: /);
  sandbox.clock.advance(5 * 60_000);
  await payments.closeOrder({ outTradeNo: 'qr', orderCreatedAt });
  expect((await payments.query({ outTradeNo: 'qr' })).tradeState).toBe('CLOSED');
});

it('signs what the phone needs, as wechatpay-core does', async () => {
  const now = sandbox.clock.now();
  const app = await start(WechatPayModule.forRoot({ ...settings, now: () => now }));
  const payments = app.get(PaymentService);
  const client = app.get(WechatPayClient);
  const { prepayId } = await payments.unifiedOrder({ ...tea, tradeType: 'JSAPI', openId: 'o', outTradeNo: 'jsapi' });
  const options = { nonceStr: 'n2' };
  expect(payments.jsapiPayParameters(prepayId, options)).toEqual(jsapiPayParameters(client, prepayId, options));
  expect(payments.jssdkPayParameters(prepayId, options)).toEqual(jssdkPayParameters(client, prepayId, options));
  expect(payments.miniProgramPayParameters(prepayId, options)).toEqual(
    miniProgramPayParameters(client, prepayId, options),
  );
  const ofApp = { ...options, partnerId: '1900000301' };
  expect(payments.appPayParameters(prepayId, ofApp)).toEqual(appPayParameters(client, prepayId, ofApp));
});

const tea = {
  body: 'a cup of tea',
  totalFee: 888,
  currency: 'HKD',
  notifyUrl: 'https://shop.example/wechatpay/payments',
  spbillCreateIp: '203.0.113.7',
} as const;

function jump(until: number): Promise<void> {
  sandbox.clock.advance(until - sandbox.clock.now());
  return Promise.resolve();
}
