import type { NestExpressApplication } from '@nestjs/platform-express';
import { Sandbox, type Fault, type OrderState } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { WechatPayModule } from 'nestjs-wechatpay';
import { callApi, type Answer } from '../test/call-api.js';
import { startApp } from '../test/start-app.js';
import { merchantOf } from './demo/demo-sandbox.js';
import { health } from './health/health.schemas.js';

const DAY_MS = 24 * 60 * 60 * 1000;

let sandbox: Sandbox;
let app: NestExpressApplication;
let now = Date.now;

beforeAll(async () => {
  sandbox = await Sandbox.start();
  app = await start(sandbox.baseUrl);
});

afterAll(async () => {
  await app.close();
  await sandbox.stop();
});

function start(baseUrl: string, timeoutMs = 15_000): Promise<NestExpressApplication> {
  return startApp(WechatPayModule.forRoot({ ...merchantOf(sandbox), baseUrl, timeoutMs, now: () => now() }));
}

async function call(path: string, body?: unknown, to = app): Promise<Answer> {
  return callApi(await to.getUrl(), 'POST', path, { body });
}

describe('POST /orders/:outTradeNo/reverse', () => {
  it('refunds a paid order', async () => {
    const order = sandbox.orders.create({ state: 'paid', rate: '92000000' });
    const { status, body } = await call(`/orders/${order.outTradeNo}/reverse`);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { resultCode: 'SUCCESS', recall: false, rate: '92000000' },
    });
    expect(body).not.toHaveProperty('raw');
    expect(order.state).toBe('refunded');
  });

  it('takes what is known of the order in a body', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    const { transactionId, createdAt } = order;
    const answer = await call(`/orders/${order.outTradeNo}/reverse`, {
      transactionId,
      orderCreatedAt: createdAt.toISOString(),
    });
    expect(answer).toMatchObject({ status: 200, body: { recall: false } });
    expect(order.state).toBe('refunded');
  });

  it.each(['paid', 'not-paid', 'user-paying'] as const)(
    'reverses nothing where the transactionId is of another order, which is %s',
    async (state) => {
      const [order, other] = [sandbox.orders.create({ state: 'paid' }), sandbox.orders.create({ state })];
      const before = sandbox.requests.length;
      const answer = await call(`/orders/${order.outTradeNo}/reverse`, { transactionId: other.transactionId });
      expect(answer).toMatchObject({ status: 422, body: { field: 'transactionId', outcome: 'not-sent' } });
      expect([order.state, other.state]).toEqual(['paid', state]);
      expect(sandbox.requests.slice(before).map(({ path }) => path)).toEqual(['/pay/orderquery']);
    },
  );

  it('reverses nothing where nobody has the transactionId, or nobody can say whose it is', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    const path = `/orders/${order.outTradeNo}/reverse`;
    const before = sandbox.requests.length;
    expect(await call(path, { transactionId: '42' })).toMatchObject({
      status: 422,
      body: { field: 'transactionId', outcome: 'not-sent' },
    });
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/orderquery' });
    expect(await call(path, { transactionId: order.transactionId })).toMatchObject({ status: 502 });
    expect(order.state).toBe('paid');
    expect(sandbox.requests.slice(before).map(({ path }) => path)).toEqual(['/pay/orderquery', '/pay/orderquery']);
  });

  it('names the order by its number in the path alone', async () => {
    const { outTradeNo, transactionId } = sandbox.orders.create({ state: 'paid' });
    await call(`/orders/${outTradeNo}/reverse`, { transactionId });
    const { path, fields } = sandbox.requests.at(-1)!;
    expect([path, fields.out_trade_no, fields.transaction_id]).toEqual(['/secapi/pay/reverse', outTradeNo, undefined]);
  });

  it('passes on that WeChat Pay asks to be called again', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ kind: 'recall', resultCode: 'SUCCESS' });
    await expect(call(`/orders/${order.outTradeNo}/reverse`)).resolves.toMatchObject({
      status: 200,
      body: { recall: true },
    });
  });

  test.each<[string, unknown]>([
    ['transactionId', { transactionId: 4_200_000_000 }],
    ['transactionId', { transactionId: 'x'.repeat(33) }],
    ['orderCreatedAt', { orderCreatedAt: 'yesterday' }],
    ['subMerchantId', { subMerchantId: '' }],
    ['transaction_id', { transaction_id: '1' }],
  ])('answers 422 and names %s in %j', async (field, request) => {
    const before = sandbox.requests.length;
    const { status, body } = await call('/orders/1/reverse', request);
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' },
    });
    expect(body).toHaveProperty('detail', expect.stringContaining(field));
    expect(sandbox.requests).toHaveLength(before);
  });

  it('answers 422 for an order number that is too long', async () => {
    await expect(call(`/orders/${'x'.repeat(33)}/reverse`)).resolves.toMatchObject({
      status: 422,
      body: { outcome: 'not-sent' },
    });
  });

  it('answers 422 for a reversal that comes too early, with the time when it may', async () => {
    const createdAt = new Date();
    const answer = await call('/orders/1/reverse', { orderCreatedAt: createdAt.toISOString() });
    expect(answer).toMatchObject({ status: 422, body: { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' } });
    expect(answer.body).toHaveProperty(
      'detail',
      expect.stringContaining(new Date(createdAt.getTime() + 15_000).toISOString()),
    );
  });

  const states: [OrderState, age: number, number, Record<string, unknown>][] = [
    ['user-paying', 60_000, 409, { errorCode: 'USERPAYING', outcome: 'rejected', advice: 'retry-later', recall: true }],
    ['paid', 8 * DAY_MS, 409, { errorCode: 'REVERSE_EXPIRE', outcome: 'rejected', advice: 'refund', recall: false }],
  ];

  test.each(states)('a %s order of %i ms ends in %i', async (state, age, status, expected) => {
    const order = sandbox.orders.create({ state, createdAt: Date.now() - age });
    const answer = await call(`/orders/${order.outTradeNo}/reverse`);
    expect(answer).toMatchObject({ status, body: { ...expected, order: { outTradeNo: order.outTradeNo } } });
    expect(answer.headers.get('retry-after')).toBe(state === 'user-paying' ? '5' : null);
  });

  it('an unknown order ends in 502', async () => {
    await expect(call('/orders/nobody-has-it/reverse')).resolves.toMatchObject({
      status: 502,
      body: { errorCode: 'INVALID_REQUEST', outcome: 'unknown', advice: 'fix-request' },
    });
  });

  const error = (errorCode: string, recall = false): Fault => ({ kind: 'error', errorCode, recall });
  test.each<[Fault, number, Record<string, unknown>]>([
    [error('PARAM_ERROR'), 422, { outcome: 'rejected', advice: 'fix-request' }],
    [error('INVALID_TRANSACTIONID'), 422, { outcome: 'rejected', advice: 'fix-request' }],
    [error('SIGNERROR'), 422, { outcome: 'rejected', advice: 'fix-request' }],
    [error('REQUIRE_POST_METHOD'), 422, { outcome: 'rejected', advice: 'fix-request' }],
    [error('INVALID_REQUEST'), 502, { outcome: 'unknown', advice: 'fix-request' }],
    [error('SYSTEMERROR', true), 502, { outcome: 'unknown', advice: 'query-order', recall: true }],
    [error('TRADE_ERROR'), 502, { outcome: 'unknown', advice: 'query-order' }],
    [error('TRADE_ERROR', true), 502, { outcome: 'unknown', advice: 'reverse-again', retryAfterSeconds: 5 }],
    [{ kind: 'cut' }, 502, { code: 'WECHATPAY_CONNECTION', outcome: 'unknown', advice: 'query-order' }],
    [
      { kind: 'status', status: 502 },
      502,
      { code: 'WECHATPAY_HTTP_STATUS', outcome: 'unknown', advice: 'query-order' },
    ],
    [{ kind: 'wrong-signature' }, 502, { code: 'WECHATPAY_SIGNATURE_MISMATCH', outcome: 'unknown' }],
    [{ kind: 'truncated-xml' }, 502, { code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' }],
    [{ kind: 'return-fail' }, 502, { code: 'WECHATPAY_GATEWAY_FAIL', outcome: 'unknown' }],
  ])('%j ends in %i', async (fault, status, expected) => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add(fault);
    const answer = await call(`/orders/${order.outTradeNo}/reverse`);
    expect(answer).toMatchObject({ status, body: { ...expected, order: { outTradeNo: order.outTradeNo } } });
    expect(JSON.stringify(answer.body)).not.toContain(sandbox.merchant.apiKey);
  });

  it('a gateway that does not answer in time ends in 504, outcome unknown', async () => {
    const impatient = await start(sandbox.baseUrl, 2000);
    sandbox.faults.add({ kind: 'hang' });
    await expect(call('/orders/1/reverse', undefined, impatient)).resolves.toMatchObject({
      status: 504,
      body: { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown', advice: 'query-order' },
    });
    await impatient.close();
  });

  it('a gateway that cannot be reached ends in 503: nothing was sent', async () => {
    const gone = await Sandbox.start();
    await gone.stop();
    const cutOff = await start(gone.baseUrl);
    const answer = await call('/orders/1/reverse', undefined, cutOff);
    expect(answer).toMatchObject({
      status: 503,
      body: { outcome: 'not-sent', advice: 'retry-later', retryAfterSeconds: 5 },
    });
    expect(answer.headers.get('retry-after')).toBe('5');
    await cutOff.close();
  });
});

describe('GET /health', () => {
  it('counts the durable orders', async () => {
    const response = await fetch(`${await app.getUrl()}/health`);
    const { details } = health.parse(await response.json());
    expect(details.durableOrders).toEqual({
      status: 'up',
      waiting: 0,
      active: 0,
      done: 0,
      dead: 0,
      cancelled: 0,
      lateMs: 0,
    });
  });

  it('is up, and degraded once the certificate has expired, for which no restart helps', async () => {
    const check = async (): Promise<[number, unknown]> => {
      const response = await fetch(`${await app.getUrl()}/health`);
      return [response.status, await response.json()];
    };
    expect(await check()).toMatchObject([
      200,
      { status: 'ok', details: { wechatpay: { status: 'up', merchantId: sandbox.merchant.merchantId } } },
    ]);
    now = () => Date.now() + 100 * 365 * DAY_MS;
    expect(await check()).toMatchObject([200, { status: 'degraded', details: { wechatpay: { status: 'degraded' } } }]);
    now = Date.now;
  });
});

describe('the OpenAPI page', () => {
  it('is at /docs, and documents every status with its shape', async () => {
    const origin = await app.getUrl();
    expect((await fetch(`${origin}/docs`)).status).toBe(200);
    const document = (await (await fetch(`${origin}/docs-json`)).json()) as {
      paths: Record<string, { post: { responses: Record<string, unknown> } }>;
    };
    const { responses } = document.paths['/orders/{outTradeNo}/reverse']!.post;
    expect(Object.keys(responses)).toEqual([
      '200',
      '202',
      '400',
      '401',
      '403',
      '409',
      '415',
      '421',
      '422',
      '500',
      '502',
      '503',
      '504',
    ]);
    expect(document).toHaveProperty(['components', 'schemas', 'Problem', 'properties', 'advice', 'enum']);
    expect(document).toHaveProperty(
      ['components', 'schemas', 'ReverseRequest', 'properties', 'orderCreatedAt', 'format'],
      'date-time',
    );
    expect(document.paths).toHaveProperty('/health');
  });
});
