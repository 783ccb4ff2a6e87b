// Each call in a process of its own, before a WeChat Pay on this machine and a PostgreSQL: DATABASE_URL=postgres://… npm test
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Sandbox } from 'wechatpay-sandbox';

const { DATABASE_URL } = process.env;
assert(DATABASE_URL, 'DATABASE_URL: of an empty database, as in postgres://postgres:secret@localhost/test');

const sandbox = await Sandbox.start();
const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
const env = {
  PATH: process.env.PATH,
  DATABASE_URL,
  WECHATPAY_APP_ID: appId,
  WECHATPAY_MERCHANT_ID: merchantId,
  WECHATPAY_API_KEY: apiKey,
  WECHATPAY_PFX: certificate.pfx.toString('base64'),
  WECHATPAY_CA: ca,
  WECHATPAY_BASE_URL: baseUrl,
};

after(() => sandbox.stop());

const run = promisify(execFile);
const program = fileURLToPath(new URL('../src/call.js', import.meta.url));

/** It resolves once the process has ended, which it does by itself: no connection and no timer is left for a freeze. */
async function call(name: string, event: object): Promise<object> {
  const { stdout } = await run(process.execPath, [program, name, JSON.stringify(event)], { env, timeout: 240_000 });
  const { statusCode, body } = JSON.parse(stdout) as { statusCode: number; body: string };
  return { statusCode, ...(JSON.parse(body) as object) };
}

const tea = (outTradeNo: string) => ({
  outTradeNo,
  totalFee: 888,
  body: 'tea',
  authCode: sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode,
});

test('paid', async () => {
  assert.deepEqual(await call('pay', tea('F-1')), { statusCode: 200, outcome: 'paid' });
  assert.deepEqual(await call('look', { outTradeNo: 'F-1' }), { statusCode: 200, outcome: 'paid' });
});

test('the answer is lost: pending, never charged twice, and resolved by the schedule', async () => {
  sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' }); // the customer pays, and the line breaks
  assert.deepEqual(await call('pay', tea('F-2')), { statusCode: 202, outcome: 'pending' });
  assert.equal(Object(await call('pay', tea('F-2'))).statusCode, 409);
  while (Object(await call('look', { outTradeNo: 'F-2' })).outcome === 'pending') {
    assert.equal(Object(await call('resolveOrders', { limitMs: 30_000 })).dead, 0);
  }
  assert.deepEqual(await call('look', { outTradeNo: 'F-2' }), { statusCode: 200, outcome: 'paid' });
  assert.equal(sandbox.ledger.of('F-2').paid, 888);
});
