import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Sandbox } from 'wechatpay-sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';

const consumer = (name: string): string => fileURLToPath(new URL(`../consumers/${name}`, import.meta.url));
const run = promisify(execFile);

let sandbox: Sandbox;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  sandbox = await Sandbox.start();
  const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
  env = {
    ...process.env,
    WECHATPAY_APP_ID: appId,
    WECHATPAY_MERCHANT_ID: merchantId,
    WECHATPAY_API_KEY: apiKey,
    WECHATPAY_PFX: certificate.pfx.toString('base64'),
    WECHATPAY_CA: ca,
    WECHATPAY_BASE_URL: baseUrl,
  };
});

afterAll(async () => {
  await sandbox.stop();
});

it('a plain CommonJS script requires the core and reverses an order', async () => {
  const order = sandbox.orders.create({ state: 'paid' });
  const { stdout } = await run(process.execPath, [consumer('plain-script.cjs'), order.outTradeNo], { env });
  expect(JSON.parse(stdout)).toEqual({ resultCode: 'SUCCESS', recall: false });
  expect(order.state).toBe('refunded');
});

it('a plain CommonJS script sees a refusal as one of our errors', async () => {
  const order = sandbox.orders.create({ state: 'user-paying' });
  const failed: unknown = await run(process.execPath, [consumer('plain-script.cjs'), order.outTradeNo], { env }).catch(
    (error: unknown) => error,
  );
  expect(JSON.parse((failed as { stdout: string }).stdout)).toMatchObject({
    name: 'WechatPayBusinessError',
    errorCode: 'USERPAYING',
    outcome: 'rejected',
    recall: true,
  });
});

it('an Express application imports the core and reverses an order, and ends when told to', async () => {
  const app = spawn(process.execPath, [consumer('express-app.js')], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(app, 'exit');
  const [origin] = (await once(createInterface(app.stdout), 'line')) as [string];

  const order = sandbox.orders.create({ state: 'not-paid' });
  const response = await fetch(`${origin}/orders/${order.outTradeNo}/reverse`, { method: 'POST' });
  expect([response.status, await response.json()]).toEqual([200, { recall: false }]);
  expect(order.state).toBe('closed');

  sandbox.faults.add({ kind: 'cut' });
  const failed = await fetch(`${origin}/orders/${order.outTradeNo}/reverse`, { method: 'POST' });
  expect([failed.status, await failed.json()]).toMatchObject([502, { outcome: 'unknown' }]);

  app.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});
