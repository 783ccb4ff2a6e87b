import { describe, expect, it } from 'vitest';
import { checkRefundPart, type KnownRefundPart, type RefundableOrder, type RefundAndResolveRequest } from '../index.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const NOW = Date.UTC(2026, 10, 27);
const request: RefundAndResolveRequest = {
  outTradeNo: 'T-0001',
  outRefundNo: 'R-0003',
  totalFee: 888,
  refundFee: 300,
  refundCurrency: 'HKD',
};
const part = (outRefundNo: string, refundFee: number, more: Partial<KnownRefundPart> = {}): KnownRefundPart => ({
  outRefundNo,
  refundFee,
  ...more,
});
const check = (
  change: Partial<RefundAndResolveRequest> = {},
  order: Partial<RefundableOrder> = {},
): ReturnType<typeof checkRefundPart> =>
  checkRefundPart(
    { ...request, ...change } as RefundAndResolveRequest,
    { totalFee: 888, currency: 'HKD', parts: [], ...order },
    NOW,
  );

describe('a further part is allowed', () => {
  it('up to what was paid', () => {
    const parts = [part('R-0001', 500), part('R-0002', 88)];
    expect(check({}, { parts })).toEqual({ kind: 'allowed', notBefore: NOW, remaining: 0 });
    expect(check({ refundFee: 301 }, { parts })).toMatchObject({ kind: 'refused', reason: 'more-than-left' });
  });

  it('a minute after the last one, whichever that is', () => {
    const parts = [
      part('R-0001', 1, { submittedAt: NOW - 10_000 }),
      part('R-0002', 1, { submittedAt: NOW - 30_000 }),
      part('R-0004', 1),
    ];
    expect(check({}, { parts })).toMatchObject({ kind: 'allowed', notBefore: NOW + 50_000 });
  });

  it('where the money of another did not leave', () => {
    const parts = [part('R-0001', 888, { refundStatus: 'REFUNDCLOSE' }), part('R-0002', 888, { refundStatus: 'FAIL' })];
    expect(check({}, { parts })).toMatchObject({ kind: 'allowed', remaining: 588 });
  });

  it('as the 50th, and not as the 51st', () => {
    const parts = Array.from({ length: 49 }, (_, index) => part(`P${index}`, 1));
    expect(check({}, { parts })).toMatchObject({ kind: 'allowed' });
    expect(check({}, { parts: [...parts, part('P49', 1)] })).toMatchObject({
      kind: 'refused',
      reason: 'too-many-parts',
    });
  });
});

it.each(['PROCESSING', 'SUCCESS', 'CHANGE', undefined] as const)('a part counts whose state is %s', (refundStatus) => {
  const parts = [part('R-0001', 600, { refundStatus })];
  expect(check({}, { parts })).toMatchObject({ kind: 'refused', reason: 'more-than-left' });
});

it('the same number again is the same refund, and with another amount none', () => {
  const same = part('R-0003', 300);
  expect(check({}, { parts: [part('R-0001', 588), same] })).toEqual({ kind: 'known', part: same });
  expect(check({ refundFee: 301 }, { parts: [same] })).toMatchObject({ kind: 'refused', reason: 'number-used' });
});

it.each([
  ['total-differs', { totalFee: 900 }, {}, 'totalFee'],
  ['currency-differs', { refundCurrency: 'CNY' }, {}, 'refundCurrency'],
  ['too-late', {}, { paidAt: new Date(NOW - 365 * DAY - 1) }, 'paidAt'],
  ['too-late', { paidAt: new Date(NOW - 365 * DAY - 1) }, {}, 'paidAt'],
] as const)('%s', (reason, change, order, field) => {
  const verdict = check(change, order);
  expect(verdict).toMatchObject({ kind: 'refused', reason });
  expect(verdict).toHaveProperty('message', expect.stringContaining(`${field}: `));
});

it('a payment of a year, to the millisecond, may still be refunded', () => {
  expect(check({}, { paidAt: new Date(NOW - 365 * DAY) }).kind).toBe('allowed');
});

it.each([
  ['refundFee', { refundFee: 889 }, {}],
  ['refundFee', { refundFee: -1 }, {}],
  ['refundNo', { refundNo: 'R' }, {}],
  ['totalFee', {}, { totalFee: 8.88 }],
  ['paidAt', {}, { paidAt: 5 }],
  ['parts', {}, { parts: undefined }],
  ['parts[0]', {}, { parts: [part('R-0001', 0)] }],
  ['parts[0]', {}, { parts: [part('R-0001', 1.5)] }],
  ['parts[0]', {}, { parts: [{ refundFee: 5 }] }],
  ['parts[1]', {}, { parts: [part('R-0001', 5), null] }],
  ['parts[0]', {}, { parts: [part('R-0001', 5, { submittedAt: NaN })] }],
  ['refunds', {}, { refunds: [] }],
] as [string, object, object][])('%s is refused by name', (field, change, order) => {
  expect(() => check(change, order)).toThrow(field);
});
