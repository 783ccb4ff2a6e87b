import { readFile } from 'node:fs/promises';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Sandbox, wellKnownAuthCodes } from 'wechatpay-sandbox';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { callApi, callRaw } from '../../test/call-api.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { DemoSandboxModule } from '../demo/demo-sandbox.js';

let app: NestExpressApplication;
let sandbox: Sandbox;
let origin: string;

beforeAll(async () => {
  app = await startApp(DemoSandboxModule.wechatPay());
  sandbox = app.get(Sandbox, { strict: false });
  origin = await app.getUrl();
});
afterAll(async () => {
  await app.close();
});

const WRONG = [
  '',
  TOKEN,
  'Bearer',
  'Bearer ',
  'Bearer wrong',
  `Bearer ${TOKEN}1`,
  `Bearer ${TOKEN.slice(1)}`,
  `Basic ${TOKEN}`,
];

test.each<[string, unknown]>([
  ['/orders/tea/pay', { description: 'tea', totalFee: 888, currency: 'HKD', authCode: wellKnownAuthCodes.paysAtOnce }],
  ['/orders/demo-paid/refund', { outRefundNo: 'R-1', totalFee: 888, refundFee: 888, currency: 'HKD' }],
  ['/orders/demo-paid/reverse', {}],
  ['/durable-orders/demo-paid/redrive', {}],
  ['/demo/lose-answer', {}],
  ['/checkout/orders/tea', { description: 'tea', totalFee: 888, currency: 'HKD' }],
])('POST %s wants the token, and sends nothing without it', async (path, body) => {
  const before = sandbox.requests.length;
  for (const token of WRONG) {
    const answer = await callApi(origin, 'POST', path, { body, token });
    expect([answer.status, answer.body], token).toMatchObject([
      401,
      { message: expect.stringContaining('token') as string },
    ]);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    expect(JSON.stringify(answer.body)).not.toContain(TOKEN);
  }
  expect(sandbox.requests).toHaveLength(before);
  const orders = (await callApi(origin, 'GET', '/orders', { token: '' })).body;
  expect(orders).toEqual([]);
});

it('GET /orders/:outTradeNo wants it as well, since it asks WeChat Pay', async () => {
  const before = sandbox.requests.length;
  for (const token of WRONG) {
    expect(await callApi(origin, 'GET', '/orders/demo-paid', { token }), token).toHaveProperty('status', 401);
  }
  expect(sandbox.requests).toHaveLength(before);
  expect(await callApi(origin, 'GET', '/orders/demo-paid')).toHaveProperty('status', 200);
  expect(sandbox.requests).toHaveLength(before + 1);
});

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

const routes = (): NonNullable<Layer['route']>[] => {
  const express = app.getHttpAdapter().getInstance() as unknown as { router: { stack: Layer[] } };
  return express.router.stack.flatMap(({ route }) => (route ? [route] : []));
};

it('no other route asks WeChat Pay for somebody without the token', async () => {
  const before = sandbox.requests.length;
  const looking = routes().filter(({ methods }) => methods.get);
  expect(looking.length).toBeGreaterThanOrEqual(10);
  for (const { path } of looking) {
    const { host } = new URL(origin);
    const { status } = await callRaw(origin, 'GET', path.replace(/:\w+/g, 'demo-paid'), { host }); // some are streams
    expect(status, path).toBeLessThan(500);
  }
  expect(sandbox.requests).toHaveLength(before);
});

it('a proxy that is set up as the README says publishes one order of the checkout, and the notifications', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const published = new RegExp(/location ~ (\S+) \{/.exec(readme)?.[1] ?? 'nothing');
  const paths = [...new Set(routes().map(({ path }) => path))];
  expect(paths.filter((path) => published.test(path.replace(/:\w+/g, 'A1'))).sort()).toEqual([
    '/checkout/:outTradeNo',
    '/checkout/:outTradeNo/events',
    '/wechatpay/payments',
    '/wechatpay/refunds',
  ]);
});

it('so does every other route that is not just for looking at', async () => {
  const changing = routes().flatMap(({ path, methods }) =>
    Object.keys(methods)
      .filter((method) => methods[method] && !['get', 'head'].includes(method))
      .map((method) => [method.toUpperCase(), path] as const),
  );
  expect(changing.length).toBeGreaterThanOrEqual(5);
  // WeChat Pay has no token: it signs what it says.
  const signed = ['/wechatpay/payments', '/wechatpay/refunds'];
  expect(changing.map(([, path]) => path)).toEqual(expect.arrayContaining(signed));
  for (const [method, path] of changing.filter(([, path]) => !signed.includes(path))) {
    const answer = await callApi(origin, method, path.replace(/:\w+/g, 'any'), { token: '' });
    expect(answer.status, `${method} ${path}`).toBe(401);
  }
});

it('the OpenAPI page says so, and has a place for the token', async () => {
  const { paths, components } = (await callApi(origin, 'GET', '/docs-json')).body as {
    paths: Record<string, Record<string, { security?: unknown; responses: Record<string, unknown> }>>;
    components: unknown;
  };
  expect(components).toMatchObject({ securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } });
  for (const [path, operations] of Object.entries(paths)) {
    for (const [method, { security, responses }] of Object.entries(operations)) {
      expect([security, '401' in responses], `${method} ${path}`).toEqual(
        method === 'get' && path !== '/orders/{outTradeNo}' ? [undefined, false] : [[{ bearer: [] }], true],
      );
    }
  }
});
