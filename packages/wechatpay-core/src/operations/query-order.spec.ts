import { describe, expect, it, test } from 'vitest';
import { answering } from '../../test/answering.js';
import { failure } from '../../test/failure.js';
import { startGateway } from '../../test/start-gateway.js';
import { QUERY_ORDER, queryOrder, WechatPayBusinessError, type QueryOrderRequest } from '../index.js';

const ORDER = { outTradeNo: '1415757673' };
const PAID = {
  trade_state: 'SUCCESS',
  trade_state_desc: 'Payment successful',
  openid: 'oUpF8uN95-Ptaags6E_roPHg7AG0',
  is_subscribe: 'N',
  trade_type: 'MICROPAY',
  bank_type: 'CCB_DEBIT',
  total_fee: '888',
  fee_type: 'HKD',
  cash_fee: '650',
  cash_fee_type: 'CNY',
  rate: '92000000',
  coupon_fee: '100',
  coupon_count: '2',
  coupon_id_0: '10000',
  coupon_type_0: 'CASH',
  coupon_fee_0: '60',
  coupon_id_1: '10001',
  coupon_fee_1: '40',
  transaction_id: '1217752501201407033233368018',
  out_trade_no: '1415757673',
  attach: '',
  time_end: '20141111170043',
};

const { sandbox, client } = await startGateway();

describe('at the sandbox', () => {
  test.each([
    ['paid', 'SUCCESS'],
    ['not-paid', 'NOTPAY'],
    ['user-paying', 'USERPAYING'],
    ['closed', 'CLOSED'],
    ['reversed', 'REVOKED'],
  ] as const)('an order that is %s is %s, without a client certificate', async (state, tradeState) => {
    const { outTradeNo, transactionId } = sandbox.orders.create({ state });
    await expect(queryOrder(client, { outTradeNo })).resolves.toMatchObject({ tradeState });
    await expect(queryOrder(client, { outTradeNo, transactionId })).resolves.toMatchObject({ tradeState });
    const byTransactionId = queryOrder(client, { transactionId });
    if (state === 'paid') {
      await expect(byTransactionId).resolves.toMatchObject({ tradeState });
    } else {
      // Such a reply does not say which order it is about.
      const error = await failure(byTransactionId);
      expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
      expect((error as Error).message).toContain('Query by outTradeNo');
    }
    expect(sandbox.requests.at(-1)).toMatchObject({ path: '/pay/orderquery' });
    expect(sandbox.requests.at(-1)).not.toHaveProperty('clientCertificate');
  });

  it('an order that is not there is a signed refusal', async () => {
    const error = await failure(queryOrder(client, { outTradeNo: 'nobody-has-this' }));
    expect(error).toBeInstanceOf(WechatPayBusinessError);
    expect(error).toMatchObject({ errorCode: 'ORDERNOTEXIST', outcome: 'rejected', recall: undefined });
  });
});

it('reads every documented field', async () => {
  const { client } = answering(PAID);
  const { raw, ...result } = await queryOrder(client, ORDER);
  expect(result).toEqual({
    appId: client.appId,
    merchantId: client.merchantId,
    tradeState: 'SUCCESS',
    tradeStateDescription: 'Payment successful',
    openId: PAID.openid,
    isSubscribed: false,
    tradeType: 'MICROPAY',
    bankType: 'CCB_DEBIT',
    totalFee: 888,
    currency: 'HKD',
    cashFee: 650,
    cashCurrency: 'CNY',
    rate: '92000000',
    couponFee: 100,
    coupons: [
      { couponId: '10000', couponType: 'CASH', couponFee: 60 },
      { couponId: '10001', couponFee: 40 },
    ],
    transactionId: '1217752501201407033233368018',
    outTradeNo: '1415757673',
    paidAt: new Date('2014-11-11T17:00:43+08:00'),
  });
  expect(raw).toMatchObject({ coupon_count: '2', time_end: '20141111170043' });
});

test.each([
  ['an undocumented state', { trade_state: 'PAID' }, /trade_state is "PAID", which is no documented value/],
  [
    'a hostile state',
    { trade_state: `\u202E${'x'.repeat(99)}` },
    /trade_state is "\\u202ex{25}…", which is no documented value/,
  ],
  ['no state', { trade_state: '' }, /has no trade_state/],
  ['an invalid amount', { total_fee: '8.88' }, /total_fee is "8.88", which is no whole number/],
  ['a negative amount', { total_fee: '-1' }, /total_fee is "-1", which is no whole number/],
  ['an amount beyond what a number holds', { total_fee: '9007199254740993' }, /total_fee is "9007199254740993"/],
  [
    'a word for an amount',
    { total_fee: 'x1' },
    /total_fee is "x1", which is no whole number. Its outcome is unknown: query the order/,
  ],
  ['a currency in small letters', { fee_type: 'hkd' }, /fee_type is "hkd", which is no currency/],
  ['no order number', { out_trade_no: '' }, /has no out_trade_no, so that it may be about another order/],
  [
    'no transaction_id of a paid order',
    { transaction_id: '' },
    /has no transaction_id, so that it may be about another/,
  ],
  ['another order number', { out_trade_no: '2' }, /about another out_trade_no/],
])('%s is no answer: the outcome is unknown', async (_, change, message) => {
  const { client } = answering({ ...PAID, ...change });
  const error = await failure(queryOrder(client, ORDER));
  expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
  expect((error as Error).message).toMatch(message);
});

test.each([
  ['a time in ISO form', { time_end: '2014-11-11T17:00:43+08:00' }, ['time_end']],
  ['an invalid month', { time_end: '20141331170043' }, ['time_end']],
  ['an invalid day', { time_end: '20150229170043' }, ['time_end']],
  ['a time with more behind it', { time_end: '201411111700431' }, ['time_end']],
  ['a time with more before it', { time_end: '120141111170043' }, ['time_end']],
  ['a word for a time', { time_end: 'yesterday' }, ['time_end']],
  ['coupons with decimals', { coupon_fee: '1.00', coupon_fee_0: '0.60' }, ['coupon_fee', 'coupon_fee_0']],
  [
    'a resolution amount with a word',
    { settlement_total_fee: 'x', cash_fee: '1x' },
    ['settlement_total_fee', 'cash_fee'],
  ],
  ['neither Y nor N', { is_subscribe: 'maybe' }, ['is_subscribe']],
])('%s decides nothing: it is left out and named', async (_, change, unreadable) => {
  const { client } = answering({ ...PAID, ...change });
  const result = await queryOrder(client, ORDER);
  expect(result).toMatchObject({ tradeState: 'SUCCESS', totalFee: 888, currency: 'HKD', unreadable, raw: change });
  expect(Object.values(result)).not.toContain(NaN);
  if ('time_end' in change) expect(result).not.toHaveProperty('paidAt');
});

it('a reply whose fields can all be read names none', async () => {
  expect(await queryOrder(answering(PAID).client, ORDER)).not.toHaveProperty('unreadable');
});

test.each(Object.entries(QUERY_ORDER.errorCodes))('%s is told as its row says', async (errorCode, row) => {
  const { client } = answering({ result_code: 'FAIL', err_code: errorCode, err_code_des: 'no' });
  expect(await failure(queryOrder(client, ORDER))).toMatchObject({
    errorCode,
    outcome: row.outcome,
    advice: row.advice,
  });
});

it('refuses a request without a number, before anything is sent', async () => {
  const { client, requests } = answering(PAID);
  expect(await failure(queryOrder(client, {} as QueryOrderRequest))).toMatchObject({
    field: 'outTradeNo',
    outcome: 'not-sent',
  });
  expect(requests).toEqual([]);
});
