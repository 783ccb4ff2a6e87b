import type { NestExpressApplication } from '@nestjs/platform-express';
import { Sandbox } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { callRaw } from '../../test/call-api.js';
import { startApp, TOKEN } from '../../test/start-app.js';
import { DemoSandboxModule } from '../demo/demo-sandbox.js';

const DEPLOYED = 'till.shop.example';

let app: NestExpressApplication;
let sandbox: Sandbox;
let origin: string;
let port: string;

beforeAll(async () => {
  app = await startApp(DemoSandboxModule.wechatPay(), { allowedHosts: [DEPLOYED, 'localhost:8443'] });
  sandbox = app.get(Sandbox, { strict: false });
  origin = await app.getUrl();
  ({ port } = new URL(origin));
});
afterAll(async () => {
  await app.close();
});

const authorization = `Bearer ${TOKEN}`;
const json = { 'content-type': 'application/json' };

/** Reverses a paid order, with the token: whether that came through is what the ledger says. */
async function reverse(
  headers: Record<string, string>,
  body = '',
): Promise<{ status: number; text: string; net: number }> {
  const { outTradeNo } = sandbox.orders.create({ state: 'paid', totalFee: 888 });
  const answer = await callRaw(origin, 'POST', `/orders/${outTradeNo}/reverse`, { authorization, ...headers }, body);
  return { ...answer, net: sandbox.ledger.of(outTradeNo).net };
}

// A page of evil.example whose name now leads to 127.0.0.1 is same-origin with what answers there: only the Host header tells.
describe('a foreign Host header', () => {
  const hosts = (): string[] => [
    'evil.example',
    `evil.example:${port}`,
    `localhost.evil.example:${port}`,
    `evil.example.localhost:${port}`,
    `127.0.0.1.evil.example:${port}`,
    `127.0.0.2:${port}`,
    `0.0.0.0:${port}`,
    `2130706433:${port}`,
    'localhost', // of another port
    'localhost:1',
    `localhost:${port}0`,
    `localhost:0${port}`,
    `user@localhost:${port}`,
    `localhost.:${port}`,
    `${DEPLOYED}:${port}`,
    `sub.${DEPLOYED}`,
    `${DEPLOYED}, localhost:${port}`,
    '',
  ];

  it.each(['/', '/till.js', '/orders', '/events', '/docs', '/docs-json', '/health', '/nowhere'])(
    'is refused at GET %s',
    async (path) => {
      for (const host of hosts()) {
        const { status, text } = await callRaw(origin, 'GET', path, { host });
        expect([status, text], host).toEqual([421, expect.stringContaining('ALLOWED_HOSTS')]);
      }
    },
  );

  it('is refused where money would move, token or not; what a proxy may add is not believed', async () => {
    for (const host of hosts()) {
      const added = { 'x-forwarded-host': `localhost:${port}`, forwarded: `host=localhost:${port}` };
      expect(await reverse({ host, ...added }), host).toMatchObject({ status: 421, net: 888 });
    }
  });

  it('of great length is not told in full', async () => {
    const { status, text } = await callRaw(origin, 'GET', '/', { host: `${'x'.repeat(5000)}\u00e9"<b>` });
    expect(status).toBe(421);
    expect(text.length).toBeLessThan(500);
  });
});

describe('the names of this server', () => {
  it.each([
    'localhost:PORT',
    '127.0.0.1:PORT',
    '[::1]:PORT',
    'LocalHost:PORT',
    DEPLOYED,
    DEPLOYED.toUpperCase(),
    'localhost:8443',
  ])('%s is one', async (name) => {
    const host = name.replace('PORT', port);
    expect(await callRaw(origin, 'GET', '/orders', { host })).toHaveProperty('status', 200);
    expect(await reverse({ host, origin: `https://${host}` })).toMatchObject({ status: 200, net: 0 });
  });
});

describe('a call from the page of another site', () => {
  test.each<[string, Record<string, string>]>([
    ['by its Origin', { origin: 'https://evil.example' }],
    ['by its Origin, whose name begins alike', { origin: 'http://localhost:PORT.evil.example' }],
    ['of another port', { origin: 'http://localhost:1' }],
    ['of another name of this machine', { origin: 'http://127.0.0.1:PORT' }],
    ['with an Origin of null', { origin: 'null' }],
    ['of an extension', { origin: 'chrome-extension://abcdefghijklmnop' }],
    ['by Sec-Fetch-Site', { 'sec-fetch-site': 'cross-site' }],
    ['of a neighbouring site', { 'sec-fetch-site': 'same-site' }],
    ['that says two things', { origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
  ])('%s is refused with 403', async (_name, given) => {
    const headers = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, value.replace('PORT', port)]),
    );
    expect(await reverse({ host: `localhost:${port}`, ...headers })).toMatchObject({ status: 403, net: 888 });
    expect(await reverse({ host: `localhost:${port}`, ...headers, ...json }, '{}')).toMatchObject({
      status: 403,
      net: 888,
    });
  });

  test.each([
    'text/plain',
    'text/plain;charset=UTF-8',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
    'application/jsonp',
    '',
  ])('as a form or a beacon sends it, as %j, is refused with 415', async (type) => {
    expect(await reverse(type === '' ? {} : { 'content-type': type }, '{}')).toMatchObject({ status: 415, net: 888 });
  });

  test.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON'])('but not %s', async (type) => {
    expect(await reverse({ 'content-type': type }, '{}')).toMatchObject({ status: 200, net: 0 });
  });

  it.each(['/orders/demo-paid', '/events', '/'])(
    'is refused at GET %s, unless a person follows a link',
    async (path) => {
      const before = sandbox.requests.length;
      for (const site of ['cross-site', 'same-site']) {
        for (const [mode, dest] of [
          ['no-cors', 'image'],
          ['cors', 'empty'],
          ['navigate', 'iframe'],
        ] as const) {
          const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest };
          expect(await callRaw(origin, 'GET', path, headers)).toHaveProperty('status', 403);
        }
        const link = { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
        if (path === '/') expect(await callRaw(origin, 'GET', path, link)).toHaveProperty('status', 200);
      }
      expect(sandbox.requests).toHaveLength(before);
    },
  );

  it('cannot show a page of this server in a frame, or load one as a script', async () => {
    for (const path of ['/', '/till.js', '/docs', '/orders']) {
      const { headers } = await fetch(`${origin}${path}`);
      expect(Object.fromEntries(headers)).toMatchObject({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });
});

test.each(['same-origin', 'none'])('a call of %s comes through', async (site) => {
  expect(
    await reverse({ host: `localhost:${port}`, 'sec-fetch-site': site, origin: `http://localhost:${port}` }),
  ).toMatchObject({ status: 200, net: 0 });
});
