import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, reverse, signWith } from '../../test/client.js';
import { Sandbox, type OrderState } from '../index.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterAll(() => sandbox.stop());

describe('Revoke Order', () => {
  const rows: { state: OrderState; becomes: OrderState; fields: Record<string, string>; refunded: number }[] = [
    { state: 'paid', becomes: 'refunded', fields: { result_code: 'SUCCESS', recall: 'N' }, refunded: 1250 },
    { state: 'not-paid', becomes: 'closed', fields: { result_code: 'SUCCESS', recall: 'N' }, refunded: 0 },
    { state: 'closed', becomes: 'closed', fields: { result_code: 'SUCCESS', recall: 'N' }, refunded: 0 },
    { state: 'reversed', becomes: 'reversed', fields: { result_code: 'SUCCESS', recall: 'N' }, refunded: 0 },
    { state: 'refunded', becomes: 'refunded', fields: { result_code: 'SUCCESS', recall: 'N' }, refunded: 1250 },
    {
      state: 'user-paying',
      becomes: 'user-paying',
      fields: { result_code: 'FAIL', err_code: 'USERPAYING', err_code_des: 'User is paying', recall: 'Y' },
      refunded: 0,
    },
  ];

  it.each(rows)('leaves an order that is $state as $becomes, however often it is called', async (row) => {
    const order = sandbox.orders.create({ state: row.state });
    const first = await reverse(sandbox, order.outTradeNo);
    const after = structuredClone(order);
    const second = await reverse(sandbox, order.outTradeNo);

    for (const reply of [first, second]) {
      expect(reply.status).toBe(200);
      expect(reply.fields).toMatchObject({ return_code: 'SUCCESS', return_msg: 'OK', ...row.fields });
    }
    expect(order.state).toBe(row.becomes);
    expect(order.money.refunded).toBe(row.refunded);
    expect(order).toEqual(after);
  });

  it('answers with the fields of the page, signed over the raw values', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    const { fields, headers } = await reverse(sandbox, order.outTradeNo);
    const { sign, nonce_str: nonce, ...rest } = fields;

    expect(rest).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: sandbox.merchant.appId,
      mch_id: sandbox.merchant.merchantId,
      result_code: 'SUCCESS',
      recall: 'N',
    });
    expect(nonce).toMatch(/^[0-9a-zA-Z]{32}$/);
    expect(sign).toBe(signWith(fields, sandbox.merchant.apiKey));
    expect(headers['content-type']).toBe('text/plain');
  });

  it.each(['MD5', 'HMAC-SHA256'] as const)('signs with the algorithm of the request: %s', async (signType) => {
    const order = sandbox.orders.create({ state: 'paid' });
    const { fields } = await reverse(sandbox, order.outTradeNo, { signType });
    expect(fields.sign).toBe(signWith(fields, sandbox.merchant.apiKey, signType));
    expect(fields.result_code).toBe('SUCCESS');
  });

  it('repeats the rate of an order that has one', async () => {
    const order = sandbox.orders.create({ state: 'paid', rate: '650000000' });
    expect((await reverse(sandbox, order.outTradeNo)).fields.rate).toBe('650000000');
  });

  it('takes transaction_id over out_trade_no', async () => {
    const meant = sandbox.orders.create({ state: 'paid' });
    const other = sandbox.orders.create({ state: 'paid' });
    const reply = await call(sandbox, { transaction_id: meant.transactionId, out_trade_no: other.outTradeNo });
    expect(reply.fields.result_code).toBe('SUCCESS');
    expect(meant.state).toBe('refunded');
    expect(other.state).toBe('paid');
  });

  const ages: { ageMs: number; errorCode: string | undefined; recall: string }[] = [
    { ageMs: -1, errorCode: 'INVALID_REQUEST', recall: 'Y' },
    { ageMs: 0, errorCode: 'INVALID_REQUEST', recall: 'Y' },
    { ageMs: 14_999, errorCode: 'INVALID_REQUEST', recall: 'Y' },
    { ageMs: 15_000, errorCode: undefined, recall: 'N' },
    { ageMs: 7 * 86_400_000, errorCode: undefined, recall: 'N' },
    { ageMs: 7 * 86_400_000 + 1, errorCode: 'REVERSE_EXPIRE', recall: 'N' },
  ];
  it.each(ages)('at the age of $ageMs ms answers $errorCode', async ({ ageMs, errorCode, recall }) => {
    const now = Date.UTC(2026, 0, 31);
    await using still = await Sandbox.start({ now: () => now, authority: sandbox.authority });
    const order = still.orders.create({ state: 'paid', createdAt: now - ageMs });
    const { fields } = await reverse(still, order.outTradeNo);
    expect([fields.err_code, fields.recall]).toEqual([errorCode, recall]);
    expect(order.state).toBe(errorCode === undefined ? 'refunded' : 'paid');
    expect(order.history.every(({ at }) => at.getTime() <= now || ageMs < 0)).toBe(true);
  });

  it('reverses a young order where the 15 s are not enforced', async () => {
    await using lenient = await Sandbox.start({ enforceReverseDelay: false, authority: sandbox.authority });
    const order = lenient.orders.create({ state: 'paid', createdAt: lenient.clock.now() });
    expect((await reverse(lenient, order.outTradeNo)).fields.result_code).toBe('SUCCESS');
  });
});
