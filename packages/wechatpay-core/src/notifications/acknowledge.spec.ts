import { describe, expect, it, test } from 'vitest';
import { acknowledge, comparePayment, refuse, type ExpectedPayment, type RefusalReason } from '../index.js';

const xml = (code: string, words: string): string =>
  `<xml><return_code><![CDATA[${code}]]></return_code><return_msg><![CDATA[${words}]]></return_msg></xml>`;

describe('the answer to a notification', () => {
  const created = 'https://github.com/hpyer/node-easywechat/issues/28';
  it(`is status 200, XML, and the page's acknowledgement in one line (${created})`, () => {
    expect(acknowledge()).toEqual({
      status: 200,
      headers: { 'Content-Type': 'text/xml; charset=utf-8' },
      body: xml('SUCCESS', 'OK'),
    });
  });

  test.each<[RefusalReason | undefined, string]>([
    [undefined, 'Temporarily unavailable'],
    ['unavailable', 'Temporarily unavailable'],
    ['invalid', 'Invalid notification'],
    ['unknown-order', 'Unknown order'],
  ])('that refuses as %j has fixed words', (reason, words) => {
    expect(refuse(reason)).toMatchObject({ status: 200, body: xml('FAIL', words) });
  });

  const leak = 'https://github.com/ai-shifu/ai-shifu/pull/1598';
  test.each(['connect ECONNREFUSED 10.0.0.5:5432', 'constructor', new Error('SELECT *'), null])(
    `never holds the text of an error: %s (${leak})`,
    (reason) => {
      expect(refuse(reason as never).body).toBe(xml('FAIL', 'Temporarily unavailable'));
    },
  );
});

describe('comparePayment', () => {
  const paid = { outTradeNo: 'T-0001', totalFee: 888, currency: 'HKD', transactionId: '42', coupons: [] };
  const order = { outTradeNo: 'T-0001', totalFee: 888, currency: 'HKD' };

  it('finds nothing where all is as ordered', () => {
    expect(comparePayment(paid, order)).toEqual([]);
    expect(
      comparePayment({ ...paid, subMerchantId: '8' }, { ...order, subMerchantId: '8', transactionId: '42' }),
    ).toEqual([]);
  });

  const foreign = 'https://github.com/jeequan/jeepay/pull/106';
  test.each<[string, object, object, unknown, unknown]>([
    ['totalFee', { totalFee: 1 }, {}, 888, 1],
    ['currency', { currency: 'CNY' }, {}, 'HKD', 'CNY'],
    ['currency', { currency: undefined }, {}, 'HKD', undefined],
    ['outTradeNo', { outTradeNo: 'T-0002' }, {}, 'T-0001', 'T-0002'],
    ['subMerchantId', { subMerchantId: '8' }, {}, undefined, '8'],
    ['subMerchantId', {}, { subMerchantId: '8' }, '8', undefined],
    ['transactionId', {}, { transactionId: '43' }, '43', '42'],
  ])(`names what differs in %s: %j, %j (${foreign})`, (field, changed, expectedChanges, expected, received) => {
    const expectedPayment = { ...order, ...expectedChanges } as ExpectedPayment;
    expect(comparePayment({ ...paid, ...changed }, expectedPayment)).toEqual([{ field, expected, received }]);
  });

  test.each<[object, RegExp]>([
    [{ outTradeNo: 'T-0001', totalFee: 888 }, /^currency: is missing/],
    [{ ...order, feeType: 'HKD' }, /^feeType: is unknown/],
  ])('refuses %j', (expected, message) => {
    expect(() => comparePayment(paid, expected as never)).toThrow(message);
  });
});
