// The whole application, before a WeChat Pay on this machine: real TLS, real signatures, a ledger. Only the store is in memory, and
// time passes when the test says so.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { Sandbox } from 'wechatpay-sandbox';
import { createApp } from '../src/app.js';

const sandbox = await Sandbox.start();
const now = (): number => sandbox.clock.now();
const client = new WechatPayClient({ ...sandbox.merchant, now });
const orders = new DurableOrders({ store: new MemoryStore({ now }), clients: client });
const app = createApp(orders, 'https://shop.example/wechatpay/payments');

after(async () => {
  await app.close();
  await client.close();
  await sandbox.stop();
});

const sell = (outTradeNo: string) =>
  app.inject({ method: 'POST', url: `/orders/${outTradeNo}`, payload: { totalFee: 888, body: 'tea' } });
const look = async (outTradeNo: string): Promise<string> =>
  (await app.inject(`/orders/${outTradeNo}`)).json<{ status: string }>().status;

/** Posts to the application what WeChat Pay would. */
async function notify(outTradeNo: string, fault?: 'forged'): Promise<string> {
  const order = sandbox.orders.get(outTradeNo);
  const { headers, body } = sandbox.notification({ order, ...(fault && { fault }) });
  return (await app.inject({ method: 'POST', url: '/wechatpay/payments', headers, payload: body })).body;
}

test('the customer scans and pays; the notification has the order asked for', async () => {
  const response = await sell('C-1');
  assert.equal(response.statusCode, 201);
  sandbox.payer(response.json<{ codeUrl: string }>().codeUrl).pay();
  assert.equal(await look('C-1'), 'waiting'); // what the phone shows proves nothing
  assert.match(await notify('C-1'), /SUCCESS/);
  await orders.wait({ outTradeNo: 'C-1' });
  assert.equal(await look('C-1'), 'paid');
  assert.equal(sandbox.ledger.of('C-1').net, 888);
});

test('no notification arrives: the order is asked for all the same', async () => {
  sandbox.payer((await sell('C-2')).json<{ codeUrl: string }>().codeUrl).pay();
  sandbox.clock.advance(60_000);
  await orders.wait({ outTradeNo: 'C-2' });
  assert.equal(await look('C-2'), 'paid');
});

test('a forged notification changes nothing', async () => {
  await sell('C-3');
  assert.match(await notify('C-3', 'forged'), /FAIL/);
  assert.equal(await look('C-3'), 'waiting');
});

test('the answer of Unified Order is lost: nobody is shown a code, and the order is closed', async () => {
  sandbox.faults.add({ kind: 'cut' }, { path: '/pay/unifiedorder' });
  assert.equal((await sell('C-4')).statusCode, 503);
  assert.equal((await sell('C-4')).statusCode, 409); // a new try takes a new number
  sandbox.clock.advance(15 * 60_000);
  const closed = orders.wait({ outTradeNo: 'C-4' });
  const isClosed = closed.then(() => true);
  // Closed, and proven closed a minute later: time goes on until then.
  while (!(await Promise.race([isClosed, new Promise((resolve) => setTimeout(resolve, 50, false))])))
    sandbox.clock.advance(30_000);
  assert.equal(await look('C-4'), 'not-paid');
  assert.equal(sandbox.ledger.of('C-4').net, 0);
});

test('a request that is wrong is refused before anything is sent', async () => {
  const response = await app.inject({ method: 'POST', url: '/orders/C-5', payload: { totalFee: '8.88', body: 'tea' } });
  assert.equal(response.statusCode, 400);
});
