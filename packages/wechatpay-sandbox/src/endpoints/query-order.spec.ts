import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { post, queryOrder, quickPay, refund, reverse, signWith, type Fields } from '../../test/client.js';
import { Sandbox, wellKnownAuthCodes, type OrderState } from '../index.js';

const start = Date.UTC(2026, 0, 31, 17, 30, 5);
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start });
});
beforeEach(() => {
  sandbox.reset();
});
afterAll(() => sandbox.stop());

const tradeState = async (outTradeNo: string): Promise<string | undefined> => {
  const { fields } = await queryOrder(sandbox, outTradeNo);
  expect(fields.trade_state).toBe(sandbox.orders.get(outTradeNo)?.tradeState);
  return fields.trade_state;
};

describe('Query Order', () => {
  it.each(['MD5', 'HMAC-SHA256'] as const)('tells of a payment with all fields, signed with %s', async (signType) => {
    const order = sandbox.orders.create({ state: 'paid', outTradeNo: 'tea', rate: '650000000', createdAt: start });
    const { fields } = await queryOrder(sandbox, 'tea', { signType });
    const { sign, nonce_str: nonce, openid, ...rest } = fields;
    expect(rest).toEqual({
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: sandbox.merchant.appId,
      mch_id: sandbox.merchant.merchantId,
      result_code: 'SUCCESS',
      trade_state: 'SUCCESS',
      trade_state_desc: 'Payment successful',
      is_subscribe: 'N',
      trade_type: 'MICROPAY',
      bank_type: 'OTHERS',
      fee_type: 'HKD',
      total_fee: '1250',
      cash_fee_type: 'HKD',
      cash_fee: '1250',
      rate: '650000000',
      transaction_id: order.transactionId,
      out_trade_no: 'tea',
      time_end: '20260201013005',
    });
    expect([nonce, openid]).toEqual([expect.stringMatching(/^\w{32}$/), expect.stringMatching(/^o\w{27}$/)]);
    expect(sign).toBe(signWith(fields, sandbox.merchant.apiKey, signType));
    expect((await queryOrder(sandbox, 'tea')).fields.openid).toBe(openid);
  });

  it('repeats what Submit Quick Pay said, with the time of the payment', async () => {
    const more = { attach: 'table 4', device_info: 'till 2' };
    const { fields: paid } = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', { fields: more });
    const { fields } = await queryOrder(sandbox, 'tea');
    expect({ ...fields, nonce_str: '', sign: '' }).toMatchObject({ ...paid, nonce_str: '', sign: '' });

    await quickPay(sandbox, wellKnownAuthCodes.paysAfter10s, 'cake');
    sandbox.clock.advance(60_000);
    expect((await queryOrder(sandbox, 'cake')).fields.time_end).toBe('20260201013015');
  });

  const states: { state: OrderState; says: string }[] = [
    { state: 'paid', says: 'SUCCESS' },
    { state: 'user-paying', says: 'USERPAYING' },
    { state: 'not-paid', says: 'NOTPAY' },
    { state: 'closed', says: 'CLOSED' },
    { state: 'reversed', says: 'REVOKED' },
    { state: 'refunded', says: 'REFUND' },
  ];
  it.each(states)(
    'says $says of an order that is $state, however often, and moves nothing',
    async ({ state, says }) => {
      const order = sandbox.orders.create({ state, outTradeNo: 'tea' });
      const before = structuredClone(order);
      expect([await tradeState('tea'), await tradeState('tea')]).toEqual([says, says]);
      expect(order).toEqual(before);
    },
  );

  it.each([
    { state: 'paid', then: 'refunded' },
    { state: 'not-paid', then: 'closed' },
  ] as const)('says REVOKED of an order that was $state when the merchant reversed it', async ({ state, then }) => {
    const order = sandbox.orders.create({ state, outTradeNo: 'tea' });
    await reverse(sandbox, 'tea');
    expect([await tradeState('tea'), order.state]).toEqual(['REVOKED', then]);
  });

  it('says PAYERROR of a customer who refused, until WeChat Pay reverses the order', async () => {
    await quickPay(sandbox, wellKnownAuthCodes.refuses, 'tea');
    const says: (string | undefined)[] = [];
    for (const ms of [4_999, 1, 39_999, 1]) {
      sandbox.clock.advance(ms);
      says.push(await tradeState('tea'));
    }
    expect(says).toEqual(['USERPAYING', 'PAYERROR', 'PAYERROR', 'REVOKED']);
  });

  it('says REFUND from the first partial refund on, and still who paid what', async () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
    await refund(sandbox, 'tea', 'sugar', 250);
    expect(await tradeState('tea')).toBe('REFUND');
    expect((await queryOrder(sandbox, 'tea')).fields).toMatchObject({ total_fee: '1250', trade_type: 'MICROPAY' });
  });

  it('returns no more than the number and attach of what is not paid', async () => {
    await quickPay(sandbox, wellKnownAuthCodes.walksAway, 'tea', { fields: { attach: 'table 4' } });
    const { fields } = await queryOrder(sandbox, 'tea');
    expect(Object.keys(fields).sort()).toEqual([
      'appid',
      'attach',
      'mch_id',
      'nonce_str',
      'out_trade_no',
      'result_code',
      'return_code',
      'return_msg',
      'sign',
      'trade_state',
      'trade_state_desc',
    ]);
  });

  it('takes transaction_id over out_trade_no', async () => {
    const meant = sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
    const ask = { transaction_id: meant.transactionId, out_trade_no: 'unheard-of' };
    expect((await post(sandbox, '/pay/orderquery', ask)).fields.out_trade_no).toBe('tea');
  });

  it('answers ORDERNOTEXIST to a number that is unknown, or another merchant’s', async () => {
    const merchant = await sandbox.merchants.create();
    const foreign = sandbox.orders.create({ state: 'paid', outTradeNo: 'theirs', merchant });
    const asked: Fields[] = [
      { out_trade_no: 'unheard-of' },
      { out_trade_no: 'theirs' },
      { transaction_id: foreign.transactionId },
      { transaction_id: '1' },
    ];
    for (const ask of asked) {
      const { fields } = await post(sandbox, '/pay/orderquery', ask);
      expect(fields).toMatchObject({ err_code: 'ORDERNOTEXIST', err_code_des: 'The order does not exist' });
      expect(fields.sign).toBe(signWith(fields, sandbox.merchant.apiKey));
    }
    expect((await queryOrder(sandbox, 'theirs', { merchant })).fields.trade_state).toBe('SUCCESS');
  });

  it('answers PARAM_ERROR without a number', async () => {
    expect((await post(sandbox, '/pay/orderquery', {})).fields.err_code).toBe('PARAM_ERROR');
  });

  it('finds an institution’s order under its sub-merchant only', async () => {
    const merchant = await sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1' }, { subMerchantId: '2' }] });
    sandbox.orders.create({ state: 'paid', outTradeNo: 'tea', merchant, subMerchantId: '1' });
    const ask = (sub_mch_id: string): Promise<{ fields: Fields }> =>
      queryOrder(sandbox, 'tea', { merchant, fields: { sub_mch_id } });
    expect((await ask('1')).fields).toMatchObject({ trade_state: 'SUCCESS', sub_mch_id: '1' });
    expect((await ask('2')).fields.err_code).toBe('ORDERNOTEXIST');
  });
});
