import { createServer, type AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WechatPayModule } from 'nestjs-wechatpay';
import { Sandbox, type Fault } from 'wechatpay-sandbox';
import { afterAll, beforeAll, expect, it, test } from 'vitest';
import { callApi } from '../../test/call-api.js';
import { startApp } from '../../test/start-app.js';
import { DemoSandboxModule, merchantOf } from '../demo/demo-sandbox.js';
import { readProblem } from '../../test/problem.js';
import { reverseAnswer } from '../orders/orders.schemas.js';

let app: NestExpressApplication;
let sandbox: Sandbox;

beforeAll(async () => {
  app = await startApp(DemoSandboxModule.wechatPay());
  sandbox = app.get(Sandbox, { strict: false });
});

afterAll(async () => {
  await app.close();
});

async function reverse(
  order: string,
  body?: string,
  at = app,
): Promise<{ status: number; body: unknown; retryAfter: string | null }> {
  const answer = await callApi(await at.getUrl(), 'POST', `/orders/${order}/reverse`, { body });
  return { status: answer.status, body: answer.body, retryAfter: answer.headers.get('retry-after') };
}

test.each([
  ['demo-paid', 200, 'refunded'],
  ['demo-unpaid', 200, 'closed'],
  ['demo-paying', 409, 'user-paying'],
  ['demo-expired', 409, 'paid'],
])('%s ends in %i, and is then %s', async (order, status, state) => {
  await expect(reverse(order)).resolves.toMatchObject({ status });
  expect(sandbox.orders.get(order)!.state).toBe(state);
});

const error = (errorCode: string, recall = false): Fault => ({ kind: 'error', errorCode, recall });

test.each<[string, Fault | undefined]>([
  ['a success', undefined],
  ['a success with recall', { kind: 'recall', resultCode: 'SUCCESS' }],
  ...['USERPAYING', 'REVERSE_EXPIRE', 'PARAM_ERROR', 'SIGNERROR', 'INVALID_REQUEST', 'SYSTEMERROR', 'UNLISTED'].map(
    (code): [string, Fault] => [code, error(code)],
  ),
  ['an unlisted code with recall', error('UNLISTED', true)],
  ['a FAIL without a code', error('')],
  ['a cut connection', { kind: 'cut' }],
  ['an unsigned refusal', { kind: 'return-fail' }],
  ['a wrong signature', { kind: 'wrong-signature' }],
  ['an empty body', { kind: 'empty-body' }],
])('%s: the body is as documented, and the status tells about the money', async (_name, fault) => {
  const { outTradeNo } = sandbox.orders.create({ state: 'paid' });
  if (fault) sandbox.faults.add(fault);
  const { status, body, retryAfter } = await reverse(outTradeNo);
  if (status === 200) {
    expect(() => reverseAnswer.parse(body)).not.toThrow();
    return;
  }
  const { outcome, retryAfterSeconds, order } = readProblem(body);
  expect([502, 504].includes(status)).toBe(outcome === 'unknown');
  expect(retryAfter).toBe(retryAfterSeconds === undefined ? null : String(retryAfterSeconds));
  expect(order).toEqual({ outTradeNo });
});

it('answers 503 where the gateway accepts no connection in time: nothing was sent', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => silent.once('listening', resolve));
  const baseUrl = `https://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const patient = await startApp(WechatPayModule.forRoot({ ...merchantOf(sandbox), baseUrl, connectTimeoutMs: 100 }));
  const answer = await reverse('1', undefined, patient);
  expect(answer).toMatchObject({
    status: 503,
    retryAfter: '5',
    body: { code: 'WECHATPAY_TIMEOUT', outcome: 'not-sent', advice: 'retry-later' },
  });
  await patient.close();
  silent.close();
});

test.each([
  ['outTradeNo', 'x'.repeat(33), '{}'],
  ['transaction_id', '1', '{"transaction_id":"1"}'],
  ['orderCreatedAt', '1', '{"orderCreatedAt":"2025-02-20"}'],
  ['body', '1', '[]'],
])('names the field %s in `field`', async (field, order, body) => {
  await expect(reverse(order, body)).resolves.toMatchObject({ status: 422, body: { field, outcome: 'not-sent' } });
});

it('answers 400 to what is no JSON', async () => {
  await expect(reverse('1', '{')).resolves.toMatchObject({ status: 400, body: { statusCode: 400 } });
});

it('ends a call in flight before it closes the gateway', async () => {
  const closing = await startApp(DemoSandboxModule.wechatPay());
  const arrived = new Promise<void>((resolve) => {
    closing.get(Sandbox, { strict: false }).faults.add(
      { kind: 'delay', delayMs: 200 },
      {
        when: () => {
          resolve();
          return true;
        },
      },
    );
  });
  const answer = reverse('demo-paid', undefined, closing);
  await arrived;
  await closing.close();
  await expect(answer).resolves.toMatchObject({ status: 200, body: { recall: false } });
});
