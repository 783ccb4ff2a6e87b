import type { NestExpressApplication } from '@nestjs/platform-express';
import { NestFactory } from '@nestjs/core';
import { Sandbox, wellKnownAuthCodes } from 'wechatpay-sandbox';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { AppModule } from './app.module.js';
import { APP_OPTIONS, configureApp } from './configure-app.js';
import { DEMO_CUSTOMERS, DemoSandboxModule } from './demo-sandbox.js';
import { orderAnswer, problem, refundAnswer, tillOrder } from './orders.schemas.js';
import { Till, type TillOrder } from './till.js';
import { JumpingClock } from '../test/jumping-clock.js';

let app: NestExpressApplication;
let sandbox: Sandbox;
let clock: JumpingClock;
let origin: string;

beforeAll(async () => {
  ({ app, sandbox, clock } = await start());
  origin = await app.getUrl();
});
afterEach(() => {
  clock.release();
  sandbox.faults.clear();
});
afterAll(async () => {
  await app.close();
});

async function start(): Promise<{ app: NestExpressApplication; sandbox: Sandbox; clock: JumpingClock }> {
  const clock = new JumpingClock();
  const module = AppModule.register(DemoSandboxModule.wechatPay(clock), { clock, customers: DEMO_CUSTOMERS });
  const created = await NestFactory.create<NestExpressApplication>(module, { ...APP_OPTIONS, logger: false });
  configureApp(created);
  await created.listen(0, '127.0.0.1');
  return { app: created, sandbox: created.get(Sandbox, { strict: false }), clock };
}

let orders = 0;
async function pay(authCode: string, changes: Record<string, unknown> = {}, at = origin): Promise<string> {
  orders += 1;
  const outTradeNo = `T${orders}`;
  const { status, body } = await post(
    `/orders/${outTradeNo}/pay`,
    { description: 'tea', totalFee: 888, currency: 'HKD', authCode, ...changes },
    at,
  );
  expect([status, body]).toMatchObject([202, { outTradeNo, state: 'paying' }]);
  expect(() => tillOrder.parse(body)).not.toThrow();
  return outTradeNo;
}

async function post(path: string, body: unknown = {}, at = origin): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${at}${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: await response.json() };
}

/** Waits, by the till's own changes, until an order is in a state that fits. */
async function until(outTradeNo: string, fits: (order: TillOrder) => boolean, of = app): Promise<TillOrder> {
  const till = of.get(Till);
  return new Promise((resolve) => {
    const look = (order: TillOrder | undefined): void => {
      if (order?.outTradeNo !== outTradeNo || !fits(order)) return;
      resolve(order);
    };
    till.changes.subscribe(look);
    look(till.get(outTradeNo));
  });
}

const isEnded = ({ state }: TillOrder): boolean => state !== 'paying';

describe('a payment', () => {
  test.each([
    ['paysAtOnce', 'paid', 888],
    ['paysAfter10s', 'paid', 888],
    ['paysAfter40s', 'paid', 888],
    ['paysAfter2Queries', 'paid', 888],
    ['refuses', 'revoked', 0],
    ['balanceTooLow', 'declined', 0],
    ['walksAway', 'revoked', 0],
    ['expired', 'declined', 0],
  ] as const)('of a customer who %s ends as the ledger says', async (customer, state, kept) => {
    const outTradeNo = await pay(wellKnownAuthCodes[customer]);
    const order = await until(outTradeNo, isEnded);
    expect(order).toMatchObject({ state, kept });
    expect(sandbox.ledger.of(outTradeNo).net).toBe(kept);
    expect(order.next).toBeUndefined();
  });

  it('asks the customer for the password, and tells what it does next', async () => {
    clock.hold();
    const outTradeNo = await pay(wellKnownAuthCodes.walksAway);
    const asking = await until(outTradeNo, ({ remedy }) => remedy.includes('password'));
    expect(asking.steps.at(-1)?.text).toBe('Quick Pay: USERPAYING');
    clock.step();
    const waiting = await until(outTradeNo, ({ next }) => next !== undefined);
    expect(waiting.next).toMatchObject({ text: 'Ask' });
    expect(tillOrder.parse(JSON.parse(JSON.stringify(waiting)))).toHaveProperty('next');
    clock.release();
    expect(await until(outTradeNo, isEnded)).toMatchObject({ state: 'revoked' });
  });

  it('whose answer was lost is looked up, and is paid once', async () => {
    expect(await fetch(`${origin}/demo/lose-answer`, { method: 'POST' })).toHaveProperty('status', 204);
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    const order = await until(outTradeNo, isEnded);
    expect(order).toMatchObject({ state: 'paid', kept: 888 });
    expect(order.steps.map(({ text }) => text)).toEqual(['Quick Pay: WECHATPAY_CONNECTION', 'Asked: paid', 'Paid']);
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });
  });

  it('is never made twice with the same number', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    const again = await post(`/orders/${outTradeNo}/pay`, {
      description: 'tea',
      totalFee: 888,
      currency: 'HKD',
      authCode: wellKnownAuthCodes.paysAtOnce,
    });
    expect(again).toMatchObject({ status: 422, body: { field: 'outTradeNo', outcome: 'not-sent' } });
    expect(() => problem.parse(again.body)).not.toThrow();
  });

  test.each<[field: string, request: Record<string, unknown>]>([
    ['totalFee', { totalFee: 8.88 }],
    ['totalFee', { totalFee: 0 }],
    ['currency', { currency: 'hkd' }],
    ['authCode', { authCode: 'x' }],
    ['description', { description: '' }],
    ['amount', { amount: 888 }],
  ])('with a wrong %s is refused before anything is sent', async (field, change) => {
    const before = sandbox.requests.length;
    const request = { description: 'tea', totalFee: 888, currency: 'HKD', authCode: '130000000000000001', ...change };
    const answer = await post('/orders/never/pay', request);
    expect(answer).toMatchObject({ status: 422, body: { field, outcome: 'not-sent' } });
    expect(sandbox.requests).toHaveLength(before);
  });

  it('that the library refuses is told as declined: nothing was sent', async () => {
    const before = sandbox.requests.length;
    const order = await until(await pay(wellKnownAuthCodes.paysAtOnce, { description: 'te\u0000a' }), isEnded);
    expect(order).toMatchObject({ state: 'declined', kept: 0, remedy: expect.stringContaining('body') as string });
    expect(sandbox.requests).toHaveLength(before);
  });

  it('that is not settled when the application ends is told, and settled on when asked', async () => {
    // No answer at all for as long as it asks: the time is up before anything is known.
    sandbox.faults.add({ kind: 'error', errorCode: 'SYSTEMERROR' }, { times: 200 });
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    expect(await until(outTradeNo, isEnded)).toMatchObject({ state: 'unresolved' });
    expect(app.get(Till).get(outTradeNo)).not.toHaveProperty('kept');
    sandbox.faults.clear();
    expect(await post(`/orders/${outTradeNo}/settle`)).toMatchObject({ status: 202, body: { state: 'paying' } });
    const { state, kept } = await until(outTradeNo, isEnded);
    expect(kept).toBe(sandbox.ledger.of(outTradeNo).net);
    expect(['revoked', 'closed']).toContain(state);
    expect(await post('/orders/unheard-of/settle')).toMatchObject({ status: 422, body: { field: 'outTradeNo' } });
  });
});

describe('an order', () => {
  it('is told as WeChat Pay says it now', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    const response = await fetch(`${origin}/orders/${outTradeNo}`);
    const body = orderAnswer.parse(await response.json());
    expect(body).toMatchObject({ tradeState: 'SUCCESS', totalFee: 888, currency: 'HKD', outTradeNo });
    const unknown = await fetch(`${origin}/orders/unheard-of`);
    expect([unknown.status, await unknown.json()]).toMatchObject([422, { errorCode: 'ORDERNOTEXIST' }]);
  });

  it('is given back in parts, each once', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    const part = { outRefundNo: `${outTradeNo}-1`, totalFee: 888, refundFee: 300, currency: 'HKD' };
    for (let time = 1; time <= 2; time += 1) {
      const { status, body } = await post(`/orders/${outTradeNo}/refund`, part);
      expect([status, refundAnswer.parse(body)]).toMatchObject([200, { refundFee: 300 }]);
      expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'paid', kept: 588 });
    }
    const tooMuch = await post(`/orders/${outTradeNo}/refund`, { ...part, outRefundNo: 'more', refundFee: 600 });
    expect(tooMuch).toMatchObject({ status: 502, body: { outcome: 'unknown', errorCode: 'INVALID_REQUEST' } });
    await post(`/orders/${outTradeNo}/refund`, { ...part, outRefundNo: `${outTradeNo}-2`, refundFee: 588 });
    expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'refunded', kept: 0 });
    expect(sandbox.ledger.of(outTradeNo).net).toBe(0);
  });

  it('that is revoked is told as revoked', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, isEnded);
    await clock.wait(clock.now() + 15_000);
    expect(await post(`/orders/${outTradeNo}/reverse`)).toMatchObject({ status: 200 });
    expect(app.get(Till).get(outTradeNo)).toMatchObject({ state: 'revoked', kept: 0 });
  });

  it('is in the list, the newest first', async () => {
    const [first, second] = [await pay(wellKnownAuthCodes.paysAtOnce), await pay(wellKnownAuthCodes.paysAtOnce)];
    const list = (await (await fetch(`${origin}/orders`)).json()) as TillOrder[];
    expect(list.map(({ outTradeNo }) => outTradeNo).slice(0, 2)).toEqual([second, first]);
    for (const order of list) expect(() => tillOrder.parse(order)).not.toThrow();
  });
});

describe('the page', () => {
  it('runs no script but its own, and shows text as text', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce, { description: `<img src=x onerror="alert('1')">&` });
    const response = await fetch(`${origin}/`);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'; script-src 'self'");
    const page = await response.text();
    expect(page).toContain(`data-order="${outTradeNo}"`);
    expect(page).toContain('&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;');
    expect(page).not.toContain('<img');
    for (const name of ['till.js', 'till.css']) {
      expect(await fetch(`${origin}/${name}`)).toHaveProperty('status', 200);
    }
  });

  test.each([
    ['cross-site', 403],
    ['same-site', 403],
    ['same-origin', 422],
    ['none', 422],
  ])('of a %s address gets %i for a charge', async (site, status) => {
    const headers = { 'sec-fetch-site': site };
    const response = await fetch(`${origin}/orders/x/pay`, { method: 'POST', body: '{}', headers });
    expect(response.status).toBe(status);
  });

  it('is told of each order at once, and of each change; it does not keep the server open', async () => {
    const closing = await start();
    closing.clock.hold();
    const at = await closing.app.getUrl();
    const before = await pay(wellKnownAuthCodes.paysAtOnce, {}, at);
    await until(before, isEnded, closing.app);
    const events = await fetch(`${at}/events`);
    const after = await pay(wellKnownAuthCodes.walksAway, {}, at);
    await until(after, ({ steps }) => steps.length > 0, closing.app);
    await closing.app.close();
    const told = await events.text(); // to its end
    expect(told).toContain(`{"id":"order-${before}"`);
    expect(told).toContain('Quick Pay: USERPAYING');
    expect(closing.app.get(Till).get(after)).toMatchObject({ state: 'unresolved' });
  });
});
