import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WechatPayModule } from 'nestjs-wechatpay';
import { Sandbox, wellKnownAuthCodes, type Fault } from 'wechatpay-sandbox';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import { callApi } from '../../test/call-api.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { readProblem } from '../../test/problem.js';
import { TickingClock } from '../../test/ticking-clock.js';
import { merchantOf } from '../demo/demo-sandbox.js';
import { health } from '../health/health.schemas.js';
import { Till } from '../till/till.js';
import { toAnswer, type TillOrderAnswer } from '../till/till.order.js';
import { putEmptyDatabase } from '../../../../packages/wechatpay-durable/test/empty-database.js';
import { tillOrder } from './orders.schemas.js';
import { durableOrder, type Reversal } from './durable-orders.schemas.js';

// The gateway outlives the application, as the real one does.
const clock = new TickingClock(20);
let sandbox: Sandbox;
let app: NestExpressApplication;
let folder: string;

beforeAll(async () => {
  sandbox = await Sandbox.start({ now: clock.now });
  folder = await mkdtemp(join(tmpdir(), 'till-'));
  await putEmptyDatabase(folder);
  app = await start();
});
afterEach(() => {
  sandbox.faults.clear();
});
afterAll(async () => {
  await app.close();
  await sandbox.stop();
  await rm(folder, { recursive: true });
});

function start(): Promise<NestExpressApplication> {
  const wechatPay = WechatPayModule.forRoot({ ...merchantOf(sandbox), now: clock.now });
  return startApp(wechatPay, { folder, demo: { clock, customers: [] } });
}

async function call(method: string, path: string, body?: unknown, token?: string): Promise<[number, unknown]> {
  const answer = await callApi(await app.getUrl(), method, path, { body, token });
  return [answer.status, answer.body];
}

let orders = 0;
async function pay(authCode: string): Promise<string> {
  orders += 1;
  const outTradeNo = `R${orders}`;
  const request = { description: 'tea', totalFee: 888, currency: 'HKD', authCode };
  expect(await call('POST', `/orders/${outTradeNo}/pay`, request)).toMatchObject([202, { state: 'paying' }]);
  return outTradeNo;
}

async function orderOf(outTradeNo: string): Promise<TillOrderAnswer | undefined> {
  const [, list] = (await call('GET', '/orders')) as [number, TillOrderAnswer[]];
  for (const order of list) expect(() => tillOrder.parse(order)).not.toThrow();
  return list.find((order) => order.outTradeNo === outTradeNo);
}

async function durableOrders(query = ''): Promise<Reversal[]> {
  const [status, list] = await call('GET', `/durable-orders${query}`);
  expect(status).toBe(200);
  return (list as unknown[]).map((one) => durableOrder.parse(one));
}

const until = (outTradeNo: string, order: Partial<TillOrderAnswer>): Promise<void> =>
  expect.poll(() => orderOf(outTradeNo), { timeout: 20_000 }).toMatchObject(order);

/** A fault of the order that is paid next: a worker may still ask about those before it. */
function strikeNext(path: string, fault: Fault): void {
  const outTradeNo = `R${orders + 1}`;
  sandbox.faults.add(fault, { path, when: ({ fields }) => fields.out_trade_no === outTradeNo });
}

/** A payment whose answer is lost, and of which WeChat Pay then refuses to say anything. */
async function payToDeath(): Promise<string> {
  strikeNext('/pay/micropay', { kind: 'cut' });
  strikeNext('/pay/orderquery', { kind: 'error', errorCode: 'PARAM_ERROR' });
  const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
  await until(outTradeNo, { state: 'needs-attention' });
  return outTradeNo;
}

describe('a dead durable order', () => {
  it('says why, and goes on for who has the token', async () => {
    const outTradeNo = await payToDeath();
    expect(await orderOf(outTradeNo)).not.toHaveProperty('kept');
    await expect
      .poll(() => durableOrders('?status=dead'))
      .toMatchObject([
        { outTradeNo, outcome: 'needs-attention', reason: expect.stringContaining('PARAM_ERROR') as string },
      ]);
    const [, report] = await call('GET', '/health');
    expect(health.parse(report).details.durableOrders).toMatchObject({ status: 'degraded', dead: 1 });

    const path = `/durable-orders/${outTradeNo}/redrive`;
    for (const token of ['', TOKEN, 'Bearer', 'Bearer wrong', `Bearer ${TOKEN}1`, `Basic ${TOKEN}`]) {
      expect(await call('POST', path, {}, token)).toMatchObject([401, { message: /token/ }]);
    }
    const [status, redriven] = await call('POST', path, {}, `Bearer ${TOKEN}`);
    expect([status, durableOrder.parse(redriven)]).toMatchObject([200, { outTradeNo }]);
    await until(outTradeNo, { state: 'paid', kept: 888 });
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 0, net: 888 });

    const [again, refusal] = await call('POST', path, {}, `Bearer ${TOKEN}`);
    expect([again, readProblem(refusal)]).toMatchObject([422, { field: 'outTradeNo', outcome: 'not-sent' }]);
  });

  test.each<[field: string, body: unknown]>([
    ['refundWhenExpired', { refundWhenExpired: 'yes' }],
    ['subMerchantId', { subMerchantId: 1 }],
    ['deadline', { deadline: 1 }],
  ])('is not redriven with a wrong %s', async (field, body) => {
    const answer = await call('POST', '/durable-orders/R1/redrive', body, `Bearer ${TOKEN}`);
    expect(answer).toMatchObject([422, { field, outcome: 'not-sent' }]);
  });
});

describe('GET /durable-orders', () => {
  it('filters by state, merchant and age', async () => {
    const outTradeNo = await pay(wellKnownAuthCodes.paysAtOnce);
    await until(outTradeNo, { state: 'paid' });
    const { merchantId } = sandbox.merchant;
    const named = async (query: string): Promise<boolean> =>
      (await durableOrders(query)).some((one) => one.outTradeNo === outTradeNo);
    const past = new Date(Date.now() - 60_000).toISOString();
    const future = new Date(Date.now() + 60_000).toISOString();
    for (const query of ['', '?status=done', `?merchantId=${merchantId}`, `?createdBefore=${future}`]) {
      expect(await named(query), query).toBe(true);
    }
    for (const query of ['?status=dead', '?merchantId=1', `?createdBefore=${past}`]) {
      expect(await named(query), query).toBe(false);
    }
    expect(await durableOrders('?limit=1')).toHaveLength(1);
  });

  test.each([
    ['status', 'status=lost'],
    ['limit', 'limit=0'],
    ['limit', 'limit=many'],
    ['createdBefore', 'createdBefore=yesterday'],
    ['state', 'state=dead'],
  ])('names a wrong %s', async (field, query) => {
    expect(await call('GET', `/durable-orders?${query}`)).toMatchObject([422, { field, outcome: 'not-sent' }]);
  });
});

const LEFT = 'Paid. The customer may have left: check before you hand over the goods.';

it('after a restart, each order goes on, or is told as far as it is known', async () => {
  const paid = await pay(wellKnownAuthCodes.paysAtOnce);
  const refused = await pay(wellKnownAuthCodes.balanceTooLow);
  const tooOld = await pay(wellKnownAuthCodes.expired);
  await until(paid, { state: 'paid' });
  await until(tooOld, { state: 'declined' });
  // On a machine that is slow, it may have been reversed by now.
  await until(refused, { state: expect.stringMatching(/^(declined|reversed)$/) as TillOrderAnswer['state'] });
  strikeNext('/pay/micropay', { kind: 'cut' });
  const found = await pay(wellKnownAuthCodes.paysAtOnce);
  await until(found, { state: 'paid', kept: 888 });
  const dead = await payToDeath();
  const late = await pay(wellKnownAuthCodes.paysAfter40s);
  const pending = await pay(wellKnownAuthCodes.walksAway);
  await until(late, { remedy: 'Ask the customer for the password.' });
  await until(pending, { remedy: 'Ask the customer for the password.' });

  expect(await orderOf(paid)).toMatchObject({ remedy: 'Hand over the goods.' });

  await app.close();
  app = await start();
  const told: TillOrderAnswer[] = [];
  app.get(Till).changes.subscribe((order) => told.push(toAnswer(order)));
  const resumed = await orderOf(pending);
  expect(resumed).toMatchObject({ state: 'paying', totalFee: 888 });
  expect(['Ask', undefined]).toContain(resumed?.next?.text); // nothing is next while a worker asks, as it may at once
  expect(await orderOf(pending)).not.toHaveProperty('description');
  await until(pending, { state: 'reversed', kept: 0 });
  await until(late, { state: 'paid', kept: 888, remedy: LEFT });
  expect(await orderOf(dead)).toMatchObject({ state: 'needs-attention' });

  // One that was declined and could still be paid has been reversed since; another is as it was.
  await until(refused, { state: 'reversed', kept: 0 });
  expect(await orderOf(tooOld)).toMatchObject({ state: 'declined', kept: 0 });

  // A refund is stored, so what the shop has is known; what was returned elsewhere is, once it is asked for.
  for (const [outTradeNo, state, answer] of [
    [paid, 'paid', { state: 'paid', kept: 888, remedy: LEFT }],
    [found, 'paid', { state: 'paid', kept: 888, remedy: LEFT }],
  ] as const) {
    const before = await orderOf(outTradeNo);
    expect(before).toMatchObject({ state, remedy: LEFT, kept: 888 });
    expect(await call('GET', `/orders/${outTradeNo}`)).toHaveProperty('0', 200);
    expect(await orderOf(outTradeNo)).toMatchObject(answer);
  }

  const request = { description: 'tea', totalFee: 888, currency: 'HKD', authCode: wellKnownAuthCodes.paysAtOnce };
  expect(await call('POST', `/orders/${refused}/pay`, request)).toMatchObject([409, { field: 'outTradeNo' }]);
  // Of no order whose customer was here before the restart.
  for (const { remedy } of told) expect(remedy).not.toMatch(/^Hand over|password/);
  expect(await (await fetch(await app.getUrl())).text()).not.toMatch(/>Hand over|password\./);
});

it('says so as well of an order that was found paid long after it was charged', async () => {
  const outTradeNo = await payToDeath();
  const { createdAt } = (await orderOf(outTradeNo))!;
  await expect.poll(() => clock.now(), { timeout: 60_000 }).toBeGreaterThan(new Date(createdAt).getTime() + 90_000);
  sandbox.faults.clear();
  expect(await call('POST', `/durable-orders/${outTradeNo}/redrive`, {})).toHaveProperty('0', 200);
  await until(outTradeNo, { state: 'paid', kept: 888, remedy: LEFT });
});
