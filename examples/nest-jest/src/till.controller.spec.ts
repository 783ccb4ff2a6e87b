// The application as it is, before a WeChat Pay in this process: no certificate, no environment, no database. Time passes when the test says so.
import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { overrideWechatPay, WechatPayTesting } from 'nestjs-wechatpay/testing';
import { AppModule } from './app.module';

let wechatPay: WechatPayTesting;
let app: INestApplication;

beforeAll(async () => {
  wechatPay = await WechatPayTesting.start();
  const module = await overrideWechatPay(Test.createTestingModule({ imports: [AppModule] }), wechatPay).compile();
  app = module.createNestApplication({ forceCloseConnections: true, logger: false });
  await app.listen(0, '127.0.0.1');
}, 60_000);

afterAll(async () => {
  await app.close();
  await wechatPay.stop();
});

async function call(method: string, path: string, body?: object): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${await app.getUrl()}${path}`, {
    method,
    headers,
    ...(body && { body: JSON.stringify(body) }),
  });
  return response.json();
}

/** What a till sends when it has scanned a customer who pays at once. */
function tea(): object {
  const { authCode } = wechatPay.sandbox.customers.create({ behaviour: 'pays-at-once' });
  return { authCode, totalFee: 888, body: 'tea' };
}

test('paid', async () => {
  expect(await call('POST', '/orders/N-1/pay', tea())).toEqual({ outcome: 'paid' });
  expect(wechatPay.sandbox.ledger.of('N-1').net).toBe(888);
}, 60_000);

test('the answer is lost: pending, never charged twice, and paid in the end', async () => {
  wechatPay.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' }); // the customer pays, and the line breaks
  expect(await call('POST', '/orders/N-2/pay', tea())).toEqual({ outcome: 'pending' });
  expect(await call('POST', '/orders/N-2/pay', tea())).toMatchObject({ outcome: 'not-sent' }); // a second click
  await wechatPay.pass(60_000);
  expect(await call('GET', '/orders/N-2')).toEqual({ outcome: 'paid' });
  expect(wechatPay.sandbox.ledger.of('N-2').paid).toBe(888);
}, 60_000);

test('a request that is wrong is refused before anything is sent', async () => {
  expect(await call('POST', '/orders/N-3/pay', { ...tea(), totalFee: '8.88' })).toMatchObject({ outcome: 'not-sent' });
}, 60_000);
