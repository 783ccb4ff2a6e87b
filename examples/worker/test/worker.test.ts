// The processes themselves, before a WeChat Pay on this machine and a PostgreSQL: DATABASE_URL=postgres://… npm test
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Sandbox } from 'wechatpay-sandbox';

const { DATABASE_URL } = process.env;
assert(DATABASE_URL, 'DATABASE_URL: of an empty database, as in postgres://postgres:secret@localhost/test');

const sandbox = await Sandbox.start();
const { appId, merchantId, apiKey, certificate, ca, baseUrl } = sandbox.merchant;
const env = {
  PATH: process.env.PATH,
  DATABASE_URL,
  PORT: '0',
  HEALTH_PORT: '0',
  WECHATPAY_APP_ID: appId,
  WECHATPAY_MERCHANT_ID: merchantId,
  WECHATPAY_API_KEY: apiKey,
  WECHATPAY_PFX: certificate.pfx.toString('base64'),
  WECHATPAY_CA: ca,
  WECHATPAY_BASE_URL: baseUrl,
};
const started = new Set<ChildProcess>();

after(async () => {
  for (const child of started) child.kill('SIGTERM');
  await Promise.all([...started].map((child) => child.exitCode ?? child.signalCode ?? once(child, 'exit')));
  await sandbox.stop();
});

/** Starts a process of the shop. @returns it, and the first line that it wrote */
async function start(name: 'web' | 'worker'): Promise<[ChildProcess, string]> {
  const file = fileURLToPath(new URL(`../src/${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  started.add(child);
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  return [child, line];
}

async function startWeb(): Promise<[ChildProcess, string]> {
  const [child, line] = await start('web');
  return [child, `http://127.0.0.1:${line.replace(/\D/g, '')}`];
}

const pay = (origin: string, outTradeNo: string): Promise<Response> => {
  const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
  const body = JSON.stringify({ authCode, totalFee: 888, body: 'tea' });
  return fetch(`${origin}/orders/${outTradeNo}/pay`, { method: 'POST', body });
};

async function outcomeOf(origin: string, outTradeNo: string): Promise<string> {
  for (;;) {
    const { outcome } = (await (await fetch(`${origin}/orders/${outTradeNo}`)).json()) as { outcome: string };
    if (outcome !== 'pending') return outcome;
    await setTimeout(200);
  }
}

test('paid: a worker writes it into the books', async () => {
  const [, origin] = await startWeb();
  await start('worker');
  assert.deepEqual(await (await pay(origin, 'W-1')).json(), { outcome: 'paid' });
  assert.equal(await outcomeOf(origin, 'W-1'), 'paid');
  assert.equal((await pay(origin, 'W-1')).status, 409);
  assert.equal(sandbox.ledger.of('W-1').paid, 888);
});

test('kill -9 while a customer is charged: a worker resolves the order', async () => {
  const [web, origin] = await startWeb();
  sandbox.faults.add({ kind: 'hang' }, { path: '/pay/micropay' }); // the customer pays, and no answer comes
  const lost = pay(origin, 'W-2').catch(() => 'no answer');
  while (sandbox.ledger.of('W-2').paid === 0) await setTimeout(20);
  web.kill('SIGKILL');
  assert.equal(await lost, 'no answer');

  const [, another] = await startWeb();
  assert.equal(await outcomeOf(another, 'W-2'), 'paid'); // after 15 s
  assert.equal(sandbox.ledger.of('W-2').net, 888);
});
