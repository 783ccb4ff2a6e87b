import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { queryRefund, refund, reverse, signWith, type Fields } from '../../test/client.js';
import { Sandbox, type Order } from '../index.js';

const start = Date.UTC(2026, 0, 31, 17, 30, 5);
let sandbox: Sandbox;
let order: Order;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start, refundDelayMs: 60_000 });
});
beforeEach(() => {
  sandbox.reset();
  order = sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
});
afterAll(() => sandbox.stop());

const ask = async (fields: Fields): Promise<Fields> => (await queryRefund(sandbox, fields)).fields;
const returnPart = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i += 1) await refund(sandbox, 'tea', `refund ${i}`, i + 1);
};

describe('Query Refund', () => {
  it.each(['MD5', 'HMAC-SHA256'] as const)('answers with the fields of the page, signed with %s', async (signType) => {
    await returnPart(2);
    sandbox.clock.advance(60_000);
    const { fields } = await queryRefund(sandbox, { out_trade_no: 'tea' }, { signType });
    const { sign, nonce_str: nonce, ...rest } = fields;
    const [first, second] = order.refunds;
    expect(rest).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: sandbox.merchant.appId,
      mch_id: sandbox.merchant.merchantId,
      result_code: 'SUCCESS',
      transaction_id: order.transactionId,
      out_trade_no: 'tea',
      total_fee: '1250',
      fee_type: 'HKD',
      cash_fee: '1250',
      cash_fee_type: 'HKD',
      total_refund_count: '2',
      refund_count: '2',
      out_refund_no_0: 'refund 0',
      refund_id_0: first?.refundId,
      refund_channel_0: 'ORIGINAL',
      refund_fee_0: '1',
      refund_status_0: 'SUCCESS',
      refund_recv_accout_0: 'balance of the user',
      refund_success_time_0: '2026-02-01 01:31:05',
      out_refund_no_1: 'refund 1',
      refund_id_1: second?.refundId,
      refund_channel_1: 'ORIGINAL',
      refund_fee_1: '2',
      refund_status_1: 'SUCCESS',
      refund_recv_accout_1: 'balance of the user',
      refund_success_time_1: '2026-02-01 01:31:05',
    });
    expect(nonce).toMatch(/^\w{32}$/);
    expect(sign).toBe(signWith(fields, sandbox.merchant.apiKey, signType));
  });

  it('says PROCESSING, without a time, until the delay is over', async () => {
    await returnPart(1);
    sandbox.clock.advance(59_999);
    const fields = await ask({ out_trade_no: 'tea' });
    expect(fields.refund_status_0).toBe('PROCESSING');
    expect(fields).not.toHaveProperty('refund_success_time_0');
  });

  it('goes by the narrowest number', async () => {
    await returnPart(3);
    const refundId = order.refunds[2]!.refundId;
    const numbers = { out_refund_no: 'refund 1', transaction_id: order.transactionId, out_trade_no: 'tea' };
    const seen = [
      await ask({ ...numbers, refund_id: refundId }),
      await ask(numbers),
      await ask({ transaction_id: order.transactionId, out_trade_no: 'unheard-of' }),
    ];
    expect(seen.map((fields) => [fields.refund_count, fields.total_refund_count, fields.refund_fee_0])).toEqual([
      ['1', '3', '3'],
      ['1', '3', '2'],
      ['3', '3', '1'],
    ]);
  });

  it.each([
    { offset: undefined, count: '10', first: 'refund 0' },
    { offset: '10', count: '10', first: 'refund 10' },
    { offset: '20', count: '3', first: 'refund 20' },
    { offset: '23', count: '0', first: undefined },
  ])('gives ten at a time from offset $offset', async ({ offset, count, first }) => {
    await returnPart(23);
    const fields = await ask({ out_trade_no: 'tea', ...(offset !== undefined && { offset }) });
    expect([fields.refund_count, fields.total_refund_count, fields.out_refund_no_0]).toEqual([count, '23', first]);
  });

  it.each([
    [{}, 'PARAM_ERROR'],
    [{ out_trade_no: 'tea', offset: '2' }, 'PARAM_ERROR'],
    [{ out_trade_no: 'tea', offset: '-1' }, 'PARAM_ERROR'],
    [{ out_trade_no: 'unheard-of' }, 'REFUNDNOTEXIST'],
    [{ out_trade_no: 'cake' }, 'REFUNDNOTEXIST'],
    [{ out_refund_no: 'unheard-of', out_trade_no: 'tea' }, 'REFUNDNOTEXIST'],
    [{ refund_id: '1', out_trade_no: 'tea' }, 'REFUNDNOTEXIST'],
    [{ transaction_id: '1', out_trade_no: 'tea' }, 'INVALID_TRANSACTIONID'],
  ] as [Fields, string][])('with %j answers %s', async (fields, answer) => {
    await returnPart(1);
    sandbox.orders.create({ state: 'paid', outTradeNo: 'cake' });
    expect((await ask(fields)).err_code).toBe(answer);
  });

  it('knows nothing of what a reversal returned', async () => {
    await reverse(sandbox, 'tea');
    expect((await ask({ out_trade_no: 'tea' })).err_code).toBe('REFUNDNOTEXIST');
  });

  it('knows the refund of an order that was created as refunded', async () => {
    sandbox.orders.create({ state: 'refunded', outTradeNo: 'cake' });
    expect(await ask({ out_trade_no: 'cake' })).toMatchObject({ refund_count: '1', refund_fee_0: '1250' });
  });

  it('shows a merchant its own only', async () => {
    await returnPart(1);
    const merchant = await sandbox.merchants.create();
    for (const fields of [{ out_refund_no: 'refund 0' }, { refund_id: order.refunds[0]!.refundId }]) {
      expect((await queryRefund(sandbox, fields, { merchant })).fields.err_code).toBe('REFUNDNOTEXIST');
    }
  });
});
