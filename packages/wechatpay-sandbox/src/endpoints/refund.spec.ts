import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  post,
  queryRefund,
  refund,
  reverse,
  send,
  signedRequest,
  signWith,
  toXml,
  type Fields,
} from '../../test/client.js';
import { Sandbox, type OrderState } from '../index.js';

const start = Date.UTC(2026, 0, 31, 17, 30, 5);
const dayMs = 86_400_000;
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start });
});
beforeEach(() => {
  sandbox.reset();
  sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
});
afterAll(() => sandbox.stop());

const returnPart = async (outRefundNo: string, refundFee: number, fields: Fields = {}): Promise<string | undefined> => {
  const reply = await refund(sandbox, 'tea', outRefundNo, refundFee, { fields });
  expect(reply.fields.sign).toBe(signWith(reply.fields, sandbox.merchant.apiKey));
  return reply.fields.err_code ?? reply.fields.result_code;
};

describe('Submit Refund', () => {
  it.each(['MD5', 'HMAC-SHA256'] as const)('answers with the fields of the page, signed with %s', async (signType) => {
    const order = sandbox.orders.create({ state: 'paid', outTradeNo: 'cake', rate: '650000000' });
    const { fields } = await refund(sandbox, 'cake', 'crumb', 250, { signType });
    const { sign, nonce_str: nonce, refund_id: refundId, ...rest } = fields;
    expect(rest).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: sandbox.merchant.appId,
      mch_id: sandbox.merchant.merchantId,
      result_code: 'SUCCESS',
      transaction_id: order.transactionId,
      out_trade_no: 'cake',
      out_refund_no: 'crumb',
      refund_fee: '250',
      refund_fee_type: 'HKD',
      total_fee: '1250',
      fee_type: 'HKD',
      cash_fee: '1250',
      cash_fee_type: 'HKD',
      cash_refund_fee: '250',
      rate: '650000000',
    });
    expect([nonce, refundId]).toEqual([expect.stringMatching(/^\w{32}$/), expect.stringMatching(/^50000\d{23}$/)]);
    expect(sign).toBe(signWith(fields, sandbox.merchant.apiKey, signType));
    expect(order).toMatchObject({ state: 'paid', tradeState: 'REFUND', money: { paid: 1250, refunded: 250 } });
    expect(order.refunds).toEqual([{ outRefundNo: 'crumb', refundId, amount: 250, at: new Date(start) }]);
    expect(sandbox.ledger.list().at(-1)).toEqual({
      at: new Date(start),
      merchantId: sandbox.merchant.merchantId,
      outTradeNo: 'cake',
      kind: 'refund',
      amount: 250,
      currency: 'HKD',
      refundNumber: 'crumb',
    });
  });

  it('takes parts until nothing is left', async () => {
    expect([await returnPart('a', 1000), await returnPart('b', 251)]).toEqual(['SUCCESS', 'INVALID_REQUEST']);
    expect(sandbox.orders.get('tea')?.state).toBe('paid');
    expect([await returnPart('b', 250), await returnPart('c', 1)]).toEqual(['SUCCESS', 'TRADE_STATE_ERROR']);
    expect(sandbox.orders.get('tea')).toMatchObject({ state: 'refunded', tradeState: 'REFUND' });
    expect(sandbox.ledger.of('tea')).toEqual({ paid: 1250, returned: 1250, net: 0 });
  });

  it('is the same refund again under the same number, even when nothing could be refunded any more', async () => {
    const first = await refund(sandbox, 'tea', 'all', 1250);
    sandbox.clock.advance(400 * dayMs);
    const again = await refund(sandbox, 'tea', 'all', 1250);
    expect({ ...again.fields, nonce_str: '', sign: '' }).toEqual({ ...first.fields, nonce_str: '', sign: '' });
    expect(sandbox.ledger.of('tea').returned).toBe(1250);
  });

  it('answers another amount under the same number with REFUND_FEE_MISMATCH, another order with INVALID_REQUEST', async () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'cake' });
    await returnPart('a', 100);
    expect(await returnPart('a', 101)).toBe('REFUND_FEE_MISMATCH');
    expect((await refund(sandbox, 'cake', 'a', 100)).fields.err_code).toBe('INVALID_REQUEST');
    expect(sandbox.ledger.of('tea').returned + sandbox.ledger.of('cake').returned).toBe(100);
  });

  it('may come twice after a reply was lost', async () => {
    sandbox.faults.add({ kind: 'cut' });
    await expect(refund(sandbox, 'tea', 'a', 100)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(sandbox.ledger.of('tea').returned).toBe(100);
    expect(await returnPart('a', 100)).toBe('SUCCESS');
    expect(sandbox.ledger.of('tea').returned).toBe(100);
  });

  it('takes 50 refunds of an order', async () => {
    for (let i = 0; i < 50; i += 1) expect(await returnPart(`refund ${i}`, 1)).toBe('SUCCESS');
    expect(await returnPart('one more', 1)).toBe('INVALID_REQUEST');
    expect(await returnPart('refund 7', 1)).toBe('SUCCESS');
    expect(sandbox.ledger.of('tea').returned).toBe(50);
  });

  it.each([
    { ageMs: 365 * dayMs, answer: 'SUCCESS' },
    { ageMs: 365 * dayMs + 1, answer: 'TRADE_OVERDUE' },
  ])('of an order $ageMs ms old answers $answer', async ({ ageMs, answer }) => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'old', createdAt: start - ageMs });
    const { fields } = await refund(sandbox, 'old', 'a', 1250);
    expect(fields.err_code ?? fields.result_code).toBe(answer);
  });

  const states: OrderState[] = ['user-paying', 'not-paid', 'closed', 'reversed', 'refunded'];
  it.each(states)('of an order that is %s answers TRADE_STATE_ERROR', async (state) => {
    sandbox.orders.create({ state, outTradeNo: 'cake' });
    const before = sandbox.ledger.list();
    expect((await refund(sandbox, 'cake', 'a', 1)).fields.err_code).toBe('TRADE_STATE_ERROR');
    expect(sandbox.ledger.list()).toEqual(before);
  });

  it('and Revoke Order never return more than was paid together', async () => {
    await returnPart('a', 250);
    await reverse(sandbox, 'tea');
    expect(await returnPart('b', 1)).toBe('TRADE_STATE_ERROR');
    expect(sandbox.ledger.list().map(({ kind, amount }) => [kind, amount])).toEqual([
      ['payment', 1250],
      ['refund', 250],
      ['reversal', 1000],
    ]);
  });

  it.each([
    [{ total_fee: '1251' }, 'REFUND_FEE_MISMATCH'],
    [{ refund_fee: '1251' }, 'PARAM_ERROR'],
    [{ refund_fee: '0' }, 'PARAM_ERROR'],
    [{ refund_fee: '-1' }, 'PARAM_ERROR'],
    [{ refund_fee: '1.5' }, 'PARAM_ERROR'],
    [{ refund_fee: '' }, 'PARAM_ERROR'],
    [{ total_fee: '' }, 'PARAM_ERROR'],
    [{ out_refund_no: '' }, 'PARAM_ERROR'],
    [{ out_refund_no: 'x'.repeat(33) }, 'PARAM_ERROR'],
    [{ refund_fee_type: 'USD' }, 'PARAM_ERROR'],
    [{ refund_desc: 'x'.repeat(81) }, 'PARAM_ERROR'],
    [{ out_trade_no: '' }, 'PARAM_ERROR'],
    [{ out_trade_no: 'unheard-of' }, 'ORDERNOTEXIST'],
    [{ transaction_id: '1' }, 'INVALID_TRANSACTIONID'],
    [{ refund_fee_type: 'HKD', refund_desc: 'too sweet', notify_url: 'https://a.example/' }, 'SUCCESS'],
  ] as [Fields, string][])('with %j answers %s', async (fields, answer) => {
    expect(await returnPart('a', 100, fields)).toBe(answer);
    expect(sandbox.ledger.of('tea').returned).toBe(answer === 'SUCCESS' ? 100 : 0);
  });

  it('needs the certificate of the merchant', async () => {
    const fields = { out_trade_no: 'tea', out_refund_no: 'a', total_fee: '1250', refund_fee: '1250' };
    const body = toXml(signedRequest(sandbox, fields));
    expect((await send(sandbox, body, { path: '/secapi/pay/refund' })).status).toBe(400);
    const { cert, key } = (await sandbox.merchants.create()).certificate;
    const foreign = await post(sandbox, '/secapi/pay/refund', fields, { request: { cert, key } });
    expect(foreign.fields.err_code).toBe('INVALID_REQUEST');
    expect(sandbox.ledger.of('tea').returned).toBe(0);
  });

  it('finds an institution’s order and refund under its sub-merchant only', async () => {
    const merchant = await sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1' }, { subMerchantId: '2' }] });
    for (const subMerchantId of ['1', '2']) {
      sandbox.orders.create({ state: 'paid', outTradeNo: 'same', merchant, subMerchantId });
      const options = { merchant, fields: { sub_mch_id: subMerchantId } };
      expect((await refund(sandbox, 'same', 'same', 100, options)).fields.result_code).toBe('SUCCESS');
      const asked = await queryRefund(sandbox, { out_refund_no: 'same' }, options);
      expect(asked.fields).toMatchObject({ refund_fee_0: '100', sub_mch_id: subMerchantId });
    }
    expect(sandbox.ledger.of('same', merchant, '1').returned).toBe(100);
  });

  it('never returns more than was paid, whatever is refunded how often under which number', async () => {
    const anyRefunds = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.integer({ min: 1, max: 1300 })), {
      maxLength: 12,
    });
    await fc.assert(
      fc.asyncProperty(anyRefunds, async (refunds) => {
        sandbox.reset();
        sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
        for (const [number, amount] of refunds) await returnPart(number, amount);
        const { returned } = sandbox.ledger.of('tea');
        expect(returned).toBeLessThanOrEqual(1250);
        expect(sandbox.orders.get('tea')?.money.refunded).toBe(returned);
        const numbers = sandbox.orders.get('tea')?.refunds.map(({ outRefundNo }) => outRefundNo) ?? [];
        expect(new Set(numbers).size).toBe(numbers.length);
      }),
      { numRuns: 20 },
    );
  });
});
