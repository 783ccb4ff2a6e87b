import type { NestExpressApplication } from '@nestjs/platform-express';
import { WechatPayModule } from 'nestjs-wechatpay';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox } from 'wechatpay-sandbox';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { callApi, callRaw, type Answer } from '../../test/call-api.js';
import { StandingClock } from '../../test/standing-clock.js';
import { startApp } from '../../test/start-app.js';
import { DemoSandboxModule, merchantOf } from '../demo/demo-sandbox.js';

const clock = new StandingClock();
let app: NestExpressApplication;
let sandbox: Sandbox;
let origin: string;

beforeAll(async () => {
  const store = new MemoryStore({ now: clock.now });
  app = await startApp(DemoSandboxModule.wechatPay(clock), { store, demo: { clock, customers: [] } });
  sandbox = app.get(Sandbox, { strict: false });
  origin = await app.getUrl();
});
beforeEach(() => {
  sandbox.faults.clear();
});
afterAll(async () => {
  await app.close();
});

const sale = { description: 'Two cups of tea', totalFee: 888, currency: 'HKD' };
const checkOut = (outTradeNo: string, body: unknown = sale, to = origin): Promise<Answer> =>
  callApi(to, 'POST', `/checkout/orders/${outTradeNo}`, { body });
const stateOf = async (outTradeNo: string): Promise<unknown> =>
  (await callApi(origin, 'GET', `/checkout/orders/${outTradeNo}`, { token: '' })).body;
const calls = (path: string): number => sandbox.requests.filter((request) => request.path === path).length;

describe('an order of the checkout', () => {
  it('has a QR code, is paid on a telephone, and is told of by a notification', async () => {
    const { status, body } = await checkOut('C1');
    expect([status, body]).toMatchObject([
      201,
      { ...sale, outTradeNo: 'C1', state: 'waiting', expiresAt: new Date(clock.now() + 300_000).toISOString() },
    ]);
    const { codeUrl } = body as { codeUrl: string };
    expect(codeUrl).toMatch(/^weixin:\/\/wxpay\/bizpayurl\?pr=/);
    sandbox.payer(codeUrl).pay();
    await expect.poll(() => stateOf('C1'), { timeout: 60_000 }).toMatchObject({ state: 'paid' });
    expect(await stateOf('C1')).not.toHaveProperty('codeUrl'); // nobody scans it any more
    expect(sandbox.notifications.list()).toMatchObject([{ outTradeNo: 'C1', state: 'acknowledged' }]);
  });

  it('is the same order again for the same sale, and no other sale has its number', async () => {
    const before = calls('/pay/unifiedorder');
    const [first, second] = await Promise.all([checkOut('C2'), checkOut('C2')]);
    expect(first.body).toEqual(second.body);
    expect((await checkOut('C2')).body).toEqual(first.body);
    expect(calls('/pay/unifiedorder')).toBe(before + 1);
    for (const other of [{ totalFee: 889 }, { currency: 'USD' }, { description: 'Coffee' }]) {
      expect(await checkOut('C2', { ...sale, ...other })).toMatchObject({ status: 422, body: { field: 'outTradeNo' } });
    }
  });

  it('that WeChat Pay refuses is none, and its number can be used for another try', async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'NOAUTH' }, { path: '/pay/unifiedorder' });
    expect(await checkOut('C3')).toMatchObject({ status: 422, body: { errorCode: 'NOAUTH', outcome: 'rejected' } });
    expect(await stateOf('C3')).toMatchObject({ state: 'closed' });
  });

  it('of which WeChat Pay gives no answer has no code, and is closed by itself', async () => {
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/unifiedorder' });
    const { status, body } = await checkOut('C4');
    expect([status, body]).toMatchObject([201, { state: 'closing' }]);
    expect(body).not.toHaveProperty('codeUrl');
    const passing = (): Promise<unknown> => {
      clock.advance(10_000);
      return stateOf('C4');
    };
    await expect.poll(passing, { timeout: 60_000 }).toMatchObject({ state: 'closed' });
    expect(calls('/pay/closeorder')).toBeGreaterThan(0);
  });

  it('is not one of the till', async () => {
    for (const path of ['/checkout/demo-paid', '/checkout/orders/demo-paid', '/checkout/demo-paid/events']) {
      expect((await callApi(origin, 'GET', path, { token: '' })).status).toBe(404);
    }
    expect((await callApi(origin, 'GET', '/demo/phone/demo-paid', { token: '' })).status).toBe(404);
  });
});

describe('a notification', () => {
  const post = (body: Buffer, host: string): Promise<{ status: number; text: string }> =>
    callRaw(origin, 'POST', '/wechatpay/payments', { host, 'content-type': 'text/xml' }, body.toString());

  it('is taken whatever the Host, without a token; a forged one is not', async () => {
    await checkOut('C5');
    const { order } = sandbox.payer('C5');
    const forged = await post(sandbox.notification({ order, fault: 'forged' }).body, 'shop.example');
    expect(forged).toMatchObject({ status: 200, text: expect.stringContaining('FAIL') as string });
    const real = await post(sandbox.notification({ order }).body, 'shop.example');
    expect(real).toMatchObject({ status: 200, text: expect.stringContaining('SUCCESS') as string });
    // It is a hint: WeChat Pay is asked, and says that nobody has paid.
    expect(await stateOf('C5')).toMatchObject({ state: 'waiting' });
  });

  it('of an order that nobody has made comes again', async () => {
    expect((await post(sandbox.notification().body, 'shop.example')).text).toContain('FAIL');
  });

  it('alone is exempt: its neighbours want the token, a Host and JSON', async () => {
    for (const path of ['/wechatpay/payments/', '/wechatpay/payments?x', '/WECHATPAY/payments', '/wechatpay/other']) {
      expect((await callRaw(origin, 'POST', path, { host: 'shop.example' }, 'x')).status, path).toBe(421);
    }
  });
});

describe('PUBLIC_URL', () => {
  it('is where WeChat Pay tells of payments; without it nothing is sent, and the page says so', async () => {
    for (const publicUrl of ['https://shop.example/till', undefined]) {
      const wechatPay = WechatPayModule.forRoot({ ...merchantOf(sandbox), now: clock.now });
      const shop = await startApp(wechatPay, { ...(publicUrl !== undefined && { publicUrl }) });
      const url = await shop.getUrl();
      const before = calls('/pay/unifiedorder');
      const { status } = await checkOut(`C6-${publicUrl ?? ''}`.slice(0, 9), sale, url);
      const page = await (await fetch(`${url}/checkout`)).text();
      if (publicUrl === undefined) {
        expect([status, calls('/pay/unifiedorder')]).toEqual([503, before]);
        expect(page).toContain('set PUBLIC_URL');
      } else {
        expect(status).toBe(201);
        const sent = sandbox.requests.filter(({ path }) => path === '/pay/unifiedorder').at(-1);
        expect(sent?.fields.notify_url).toBe('https://shop.example/till/wechatpay/payments');
        expect(page).not.toContain('PUBLIC_URL,');
      }
      await shop.close();
    }
  });
});
