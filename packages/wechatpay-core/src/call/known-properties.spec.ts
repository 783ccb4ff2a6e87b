import { expect, it } from 'vitest';
import { findUnknownProperty, nearestName } from './known-properties.js';

const KNOWN = ['outTradeNo', 'transactionId', 'subMerchantId', 'subAppId', 'currency', 'timeoutMs'];

it.each([
  ['subMchId', 'subMerchantId'],
  ['sub_mch_id', 'subMerchantId'],
  ['out_trade_no', 'outTradeNo'],
  ['outTradeNO', 'outTradeNo'],
  ['outradeNo', 'outTradeNo'],
  ['timeout', 'timeoutMs'],
  ['fee_type', 'currency'],
  ['feeType', 'currency'],
  ['constructor', undefined],
  ['zzz', undefined],
  ['', undefined],
])('for %j suggests %j', (typed, meant) => {
  expect(nearestName(typed, KNOWN, { currency: 'fee_type' })).toBe(meant);
});

it('names the unknown property, what is valid, and what was meant', () => {
  expect(findUnknownProperty({ outTradeNo: '1', subMchId: '2' }, KNOWN)).toEqual({
    name: 'subMchId',
    problem:
      'is unknown, and nothing would read it. Valid properties: outTradeNo, transactionId, subMerchantId, subAppId, ' +
      'currency, timeoutMs. Did you mean subMerchantId?',
  });
});

it('finds nothing where each property is known', () => {
  expect(findUnknownProperty({ outTradeNo: '1', subAppId: undefined }, KNOWN)).toBeUndefined();
});
