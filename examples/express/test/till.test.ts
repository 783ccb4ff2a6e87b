// The whole application, before a WeChat Pay on this machine: real TLS, real signatures, a ledger. Only the store is in memory, and
// time passes when the test says so.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox } from 'wechatpay-sandbox';
import { createApp } from '../src/app.js';

const sandbox = await Sandbox.start();
const now = (): number => sandbox.clock.now();
const client = new WechatPayClient({ ...sandbox.merchant, now });
const orders = new DurableOrders({ store: new MemoryStore({ now }), clients: client });
const server = createApp(orders).listen(0, '127.0.0.1');

before(async () => {
  await orders.start();
  if (!server.listening) await once(server, 'listening');
});
after(async () => {
  server.close();
  server.closeAllConnections();
  await orders.stop();
  await client.close();
  await sandbox.stop();
});

async function call(method: string, path: string, body?: object): Promise<{ http: number; status?: string }> {
  const { port } = server.address() as AddressInfo;
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  });
  const { status } = (await response.json()) as { status?: string };
  return { http: response.status, ...(status !== undefined && { status }) };
}

/** Scans the code of a customer who pays at once. */
const tea = () => ({
  totalFee: 888,
  body: 'tea',
  authCode: sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode,
});

test('paid', async () => {
  assert.deepEqual(await call('POST', '/orders/T-1/pay', tea()), { http: 200, status: 'paid' });
  assert.equal(sandbox.ledger.of('T-1').net, 888);
});

test('the answer is lost: not known, never charged twice, and paid in the end', async () => {
  sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' }); // the customer pays, and the line breaks
  assert.deepEqual(await call('POST', '/orders/T-2/pay', tea()), { http: 202, status: 'pending' });
  assert.deepEqual(await call('POST', '/orders/T-2/pay', tea()), { http: 409 }); // a second click
  assert.deepEqual(await call('GET', '/orders/T-2'), { http: 200, status: 'pending' });
  sandbox.clock.advance(60_000);
  await orders.wait({ outTradeNo: 'T-2' });
  assert.deepEqual(await call('GET', '/orders/T-2'), { http: 200, status: 'paid' });
  assert.equal(sandbox.ledger.of('T-2').paid, 888);
});

test('the customer has too little money', async () => {
  const { authCode } = sandbox.customers.create({ behaviour: 'balance-too-low' });
  assert.deepEqual(await call('POST', '/orders/T-3/pay', { ...tea(), authCode }), { http: 200, status: 'not-paid' });
  assert.equal(sandbox.ledger.of('T-3').net, 0);
});

test('reversed: what was paid goes back', async () => {
  await call('POST', '/orders/T-4/pay', tea());
  assert.deepEqual(await call('POST', '/orders/T-4/reverse'), { http: 202, status: 'pending' });
  sandbox.clock.advance(60_000);
  await orders.wait({ outTradeNo: 'T-4' });
  assert.deepEqual(await call('GET', '/orders/T-4'), { http: 200, status: 'not-paid' });
  assert.equal(sandbox.ledger.of('T-4').net, 0);
});

test('a request that is wrong is refused before anything is sent', async () => {
  assert.equal((await call('POST', '/orders/T-5/pay', { ...tea(), totalFee: '8.88' })).http, 400);
  assert.equal((await call('GET', '/orders/T-5')).http, 404);
});
