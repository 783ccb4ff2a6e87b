import { describe, expect, it, test } from 'vitest';
import { answering } from '../../test/answering.js';
import { failure } from '../../test/failure.js';
import { startGateway } from '../../test/start-gateway.js';
import {
  decodeXml,
  QUERY_REFUND,
  queryRefund,
  REFUND_ORDER,
  refundOrder,
  type QueryRefundRequest,
  type RefundOrderRequest,
} from '../index.js';

const REQUEST: RefundOrderRequest = { outTradeNo: '1', outRefundNo: 'R1', totalFee: 888, refundFee: 88 };
const ACCEPTED = {
  transaction_id: '42',
  out_trade_no: '1',
  out_refund_no: 'R1',
  refund_id: '50000',
  refund_fee: '88',
  total_fee: '888',
};

const { sandbox, client } = await startGateway();

describe('at the sandbox', () => {
  it('returns in parts, each once, never more than was paid, and tells how they stand', async () => {
    const { outTradeNo, totalFee } = sandbox.orders.create({ state: 'paid', totalFee: 888 });
    const part = { outTradeNo, totalFee, refundFee: 300 };
    const first = await refundOrder(client, { ...part, outRefundNo: 'P1', refundDescription: 'cold tea' });
    expect(first).toMatchObject({ outRefundNo: 'P1', refundFee: 300, totalFee: 888 });
    // A call whose outcome was unknown is repeated.
    await expect(refundOrder(client, { ...part, outRefundNo: 'P1' })).resolves.toMatchObject({
      refundId: first.refundId,
    });
    await refundOrder(client, { ...part, outRefundNo: 'P2' });
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 600, net: 288 });
    const error = await failure(refundOrder(client, { ...part, outRefundNo: 'P3' }));
    expect(error).toMatchObject({ errorCode: 'INVALID_REQUEST', advice: 'fix-request' });
    expect(sandbox.ledger.of(outTradeNo).net).toBe(288);

    const { refunds, refundCount } = await queryRefund(client, { outTradeNo });
    expect(refundCount).toBe(2);
    expect(refunds).toMatchObject([
      { outRefundNo: 'P1', refundId: first.refundId, refundFee: 300, refundStatus: 'SUCCESS' },
      { outRefundNo: 'P2', refundFee: 300 },
    ]);
    expect(Math.abs(refunds[0]!.succeededAt!.getTime() - sandbox.clock.now())).toBeLessThan(5_000);
    await expect(queryRefund(client, { outRefundNo: 'P2' })).resolves.toMatchObject({
      refunds: [{ outRefundNo: 'P2' }],
    });
    await expect(queryRefund(client, { outTradeNo, offset: 1 })).resolves.toMatchObject({
      refundCount: 1,
      totalRefundCount: 2,
    });
    const paths = sandbox.requests.map(({ path, clientCertificate }) => `${path} ${clientCertificate !== undefined}`);
    expect(new Set(paths)).toEqual(new Set(['/secapi/pay/refund true', '/pay/refundquery false']));
  });
});

it('sends every documented parameter of a refund', async () => {
  const { client, requests } = answering(ACCEPTED);
  await refundOrder(client, {
    ...REQUEST,
    refundCurrency: 'HKD',
    refundDescription: 'cold tea',
    refundAccount: 'REFUND_SOURCE_RECHARGE_FUNDS',
    notifyUrl: 'https://shop.example/refunds',
    subMerchantId: '1900000201',
  });
  expect({ ...decodeXml(requests[0]!.body) }).toMatchObject({
    out_trade_no: '1',
    out_refund_no: 'R1',
    total_fee: '888',
    refund_fee: '88',
    refund_fee_type: 'HKD',
    refund_desc: 'cold tea',
    refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
    notify_url: 'https://shop.example/refunds',
    sub_mch_id: '1900000201',
  });
});

it('reads every documented field of a refund', async () => {
  const { client } = answering({
    ...ACCEPTED,
    settlement_refund_fee: '80',
    settlement_total_fee: '800',
    fee_type: 'HKD',
    cash_fee: '650',
    cash_fee_type: 'CNY',
    cash_refund_fee: '65',
    coupon_refund_fee: '8',
    coupon_refund_count: '1',
    coupon_refund_id_0: '10000',
    coupon_type_0: 'CASH',
    coupon_refund_fee_0: '8',
    rate: '92000000',
  });
  const { raw: _, ...result } = await refundOrder(client, REQUEST);
  expect(result).toEqual({
    appId: client.appId,
    merchantId: client.merchantId,
    transactionId: '42',
    outTradeNo: '1',
    outRefundNo: 'R1',
    refundId: '50000',
    refundFee: 88,
    settlementRefundFee: 80,
    totalFee: 888,
    settlementTotalFee: 800,
    currency: 'HKD',
    cashFee: 650,
    cashCurrency: 'CNY',
    cashRefundFee: 65,
    couponRefundFee: 8,
    coupons: [{ couponId: '10000', couponType: 'CASH', couponFee: 8 }],
    rate: '92000000',
  });
});

test.each<[field: string, change: Record<string, unknown>, message: RegExp]>([
  ['outTradeNo', { outTradeNo: undefined }, /give at least one/],
  ['outRefundNo', { outRefundNo: undefined }, /is missing/],
  ['outRefundNo', { outRefundNo: 'x'.repeat(33) }, /more than 32/],
  ['refundFee', { refundFee: 889 }, /more than totalFee/],
  ['refundFee', { refundFee: 0 }, /1 or more/],
  ['totalFee', { totalFee: Number.NaN }, /whole number/],
  ['refundCurrency', { refundCurrency: 'hkd' }, /three capital letters of ISO 4217, as in HKD; this one is "hkd"/],
  ['refundCurency', { refundCurency: 'HKD' }, /is unknown.*Did you mean refundCurrency/],
  ['refundDescription', { refundDescription: '<![CDATA[tea]]>' }, /wrapped in CDATA/],
])('refuses a wrong %s before anything is sent: %j', async (field, change, message) => {
  const { client, requests } = answering(ACCEPTED);
  const error = await failure(refundOrder(client, { ...REQUEST, ...change }));
  expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
  expect((error as Error).message).toMatch(message);
  expect(requests).toEqual([]);
});

test.each([
  ['without refund_id', { refund_id: '' }],
  ['without out_refund_no', { out_refund_no: '' }],
  ['without transaction_id', { transaction_id: '' }],
  ['without out_trade_no', { out_trade_no: '' }],
  ['about another refund', { out_refund_no: 'R2' }],
  ['about another order', { out_trade_no: '2' }],
  ['of another amount', { refund_fee: '87' }],
  ['of an invalid amount', { refund_fee: '0.88' }],
  ['of an invalid order amount', { total_fee: '8.88' }],
  ['in an invalid currency', { fee_type: 'dollars' }],
])('a success %s is no answer: unknown', async (_, change) => {
  const error = await failure(refundOrder(answering({ ...ACCEPTED, ...change }).client, REQUEST));
  expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
});

test.each([
  ...Object.entries(REFUND_ORDER.errorCodes).map(([code, row]) => [code, row, 'refund'] as const),
  ...Object.entries(QUERY_REFUND.errorCodes).map(([code, row]) => [code, row, 'query'] as const),
])('%s is told as its row says', async (errorCode, row, kind) => {
  const { client } = answering({ result_code: 'FAIL', err_code: errorCode, err_code_des: 'no' });
  const call = kind === 'refund' ? refundOrder(client, REQUEST) : queryRefund(client, { outTradeNo: '1' });
  expect(await failure(call)).toMatchObject({ errorCode, outcome: row.outcome, advice: row.advice });
});

it('the pool that pays refunds fills with the next sales: NOTENOUGH is for later, with the same number', async () => {
  const { client } = answering({ result_code: 'FAIL', err_code: 'NOTENOUGH' });
  const error = await failure(refundOrder(client, REQUEST));
  expect(error).toMatchObject({ outcome: 'rejected', advice: 'retry-later' });
  expect((error as Error).message).toContain('Call again later with the same outRefundNo');
});

it('amounts that only inform are left out and named where they cannot be read', async () => {
  const { client } = answering({
    ...ACCEPTED,
    cash_refund_fee: '0.65',
    settlement_refund_fee: 'x',
    coupon_refund_fee: '1.0',
  });
  await expect(refundOrder(client, REQUEST)).resolves.toMatchObject({
    refundFee: 88,
    unreadable: ['settlement_refund_fee', 'cash_refund_fee', 'coupon_refund_fee'],
  });
});

describe('queryRefund', () => {
  const LIST = {
    transaction_id: '42',
    out_trade_no: '1',
    refund_count: '2',
    total_refund_count: '12',
    out_refund_no_0: 'R1',
    refund_id_0: '50000',
    refund_fee_0: '88',
    refund_status_0: 'SUCCESS',
    refund_recv_accout_0: 'user_balance',
    refund_success_time_0: '2016-07-25 15:26:26',
    coupon_refund_id_0_0: '10000',
    coupon_refund_fee_0_0: '8',
    coupon_type_0_0: 'CASH',
    out_refund_no_1: 'R2',
    refund_id_1: '50001',
    refund_fee_1: '12',
    refund_status_1: 'PROCESSING',
  };

  it('reads indexed fields as a list, and those of coupons in it', async () => {
    const { refunds, totalRefundCount } = await queryRefund(answering(LIST).client, { outTradeNo: '1' });
    expect(totalRefundCount).toBe(12);
    expect(refunds).toEqual([
      {
        refundId: '50000',
        outRefundNo: 'R1',
        refundFee: 88,
        refundStatus: 'SUCCESS',
        refundReceivingAccount: 'user_balance',
        succeededAt: new Date('2016-07-25T15:26:26+08:00'),
        coupons: [{ couponId: '10000', couponType: 'CASH', couponFee: 8 }],
      },
      { refundId: '50001', outRefundNo: 'R2', refundFee: 12, refundStatus: 'PROCESSING', coupons: [] },
    ]);
  });

  it.each(['3', '1', '4294967296', 'two'])(
    'a refund_count of %s, which is not what came, is no answer',
    async (count) => {
      const error = await failure(queryRefund(answering({ ...LIST, refund_count: count }).client, { outTradeNo: '1' }));
      expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE' });
    },
  );

  const ONE = {
    transaction_id: '42',
    out_trade_no: '1',
    refund_count: '1',
    out_refund_no_0: 'R1',
    refund_id_0: '50000',
    refund_fee_0: '88',
    refund_status_0: 'SUCCESS',
  };
  it.each<[what: string, request: QueryRefundRequest, change: Record<string, string>, message: RegExp]>([
    ['another refund', { outRefundNo: 'R1' }, { out_refund_no_0: 'R2' }, /about another out_refund_no/],
    ['another refund_id', { refundId: '50000' }, { refund_id_0: '50001' }, /about another refund_id/],
    [
      'one refund more than was asked for',
      { outRefundNo: 'R1' },
      { refund_count: '2', out_refund_no_1: 'R2', refund_id_1: '50001' },
      /about another out_refund_no/,
    ],
    ['another order', { outTradeNo: '1' }, { out_trade_no: '2' }, /about another out_trade_no/],
    ['an order without number', { outTradeNo: '1' }, { out_trade_no: '' }, /has no out_trade_no/],
    ['an order without transaction_id', { transactionId: '42' }, { transaction_id: '' }, /has no transaction_id/],
    ['a refund without its amount', { outTradeNo: '1' }, { refund_fee_0: '' }, /has no refund_fee_0/],
    ['a refund without its state', { outTradeNo: '1' }, { refund_status_0: '' }, /has no refund_status_0/],
    ['a refund without its number', { outTradeNo: '1' }, { out_refund_no_0: '' }, /has no out_refund_no_0/],
    ['no refund at all', { outRefundNo: 'R1' }, { refund_count: '1', out_refund_no_0: '' }, /has no out_refund_no_0/],
    [
      'one refund twice',
      { outTradeNo: '1' },
      {
        refund_count: '2',
        out_refund_no_1: 'R1',
        refund_id_1: '50000',
        refund_fee_1: '88',
        refund_status_1: 'SUCCESS',
      },
      /lists a refund twice/,
    ],
    [
      'an invalid state',
      { outTradeNo: '1' },
      { refund_status_0: 'DONE' },
      /refund_status_0 is "DONE", which is no doc/,
    ],
    ['an invalid amount', { outTradeNo: '1' }, { refund_fee_0: '0.88' }, /refund_fee_0 is "0.88", which is no whole/],
    ['an invalid total', { outTradeNo: '1' }, { total_refund_count: 'one' }, /total_refund_count is "one"/],
  ])('a reply about %s is no answer', async (_, request, change, message) => {
    const error = await failure(queryRefund(answering({ ...ONE, ...change }).client, request));
    expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
    expect((error as Error).message).toMatch(message);
  });

  it('what only informs is left out and named where it cannot be read', async () => {
    const change = { refund_success_time_0: '2016-07-25T15:26:26Z', coupon_refund_fee_0: '1.00', cash_fee: 'x' };
    const { client } = answering({ ...ONE, ...change });
    const { refunds, unreadable } = await queryRefund(client, { outRefundNo: 'R1' });
    expect(refunds).toEqual([
      { refundId: '50000', outRefundNo: 'R1', refundFee: 88, refundStatus: 'SUCCESS', coupons: [] },
    ]);
    expect(unreadable).toEqual(['coupon_refund_fee_0', 'refund_success_time_0', 'cash_fee']);
  });

  it.each([
    ['outRefundNo', {}],
    ['offset', { outTradeNo: '1', offset: -1 }],
    ['offset', { outTradeNo: '1', offset: 0.5 }],
    ['offset', { outTradeNo: '1', offset: '1' }],
    ['refundId', { refundId: 50000 }],
  ])('refuses a wrong %s before anything is sent: %j', async (field, request) => {
    const { client, requests } = answering(LIST);
    const error = await failure(queryRefund(client, request as QueryRefundRequest));
    expect(error).toMatchObject({ field, outcome: 'not-sent' });
    expect(requests).toEqual([]);
  });

  it('takes an offset of 0', async () => {
    const { client, requests } = answering(LIST);
    await queryRefund(client, { outTradeNo: '1', offset: 0 });
    expect(decodeXml(requests[0]!.body).offset).toBe('0');
  });
});
