import { describe, expect, it, test } from 'vitest';
import { answering } from '../../test/answering.js';
import { failure } from '../../test/failure.js';
import { startGateway } from '../../test/start-gateway.js';
import { decodeXml, QUICK_PAY, quickPay, type QuickPayRequest } from '../index.js';

const PURCHASE: QuickPayRequest = {
  outTradeNo: '1415757673',
  body: 'tea',
  totalFee: 888,
  authCode: '120061098828009406',
  spbillCreateIp: '14.17.22.52',
};
const PAID = {
  transaction_id: '42',
  out_trade_no: '1415757673',
  total_fee: '888',
  fee_type: 'HKD',
  time_end: '20141111170043',
};

const { sandbox, client } = await startGateway();

describe('at the sandbox', () => {
  it('charges the customer, without a client certificate', async () => {
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    const result = await quickPay(client, {
      ...PURCHASE,
      authCode,
      currency: 'HKD',
      attach: 'table 7',
      deviceInfo: 'till 1',
    });
    expect(result).toMatchObject({
      outTradeNo: PURCHASE.outTradeNo,
      totalFee: 888,
      currency: 'HKD',
      attach: 'table 7',
      deviceInfo: 'till 1',
      tradeType: 'MICROPAY',
      coupons: [],
    });
    expect(Math.abs(result.paidAt!.getTime() - sandbox.clock.now())).toBeLessThan(5_000);
    expect(sandbox.requests.at(-1)).not.toHaveProperty('clientCertificate');
    expect(sandbox.ledger.of(PURCHASE.outTradeNo)).toMatchObject({ net: 888 });
  });

  test.each([
    ['types a password', { behaviour: 'pays-after', ms: 60_000 }, 'USERPAYING', 'unknown', 'query-order'],
    ['has too little', { behaviour: 'balance-too-low' }, 'NOTENOUGH', 'rejected', 'change-payment'],
  ] as const)('a customer who %s', async (_, behaviour, errorCode, outcome, advice) => {
    const { authCode } = sandbox.customers.create(behaviour);
    const error = await failure(quickPay(client, { ...PURCHASE, outTradeNo: errorCode, authCode }));
    expect(error).toMatchObject({ errorCode, outcome, advice, order: { outTradeNo: errorCode } });
  });

  it('the same number again may be this very payment: unknown', async () => {
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    const error = await failure(quickPay(client, { ...PURCHASE, authCode }));
    expect(error).toMatchObject({ outcome: 'unknown', advice: 'query-order' });
    expect(sandbox.ledger.of(PURCHASE.outTradeNo)).toMatchObject({ net: 888 });
  });
});

it('sends every documented parameter', async () => {
  const { client, requests } = answering(PAID);
  await quickPay(client, {
    ...PURCHASE,
    currency: 'HKD',
    detail: '{"mcc":"5812"}',
    deviceInfo: 'till 1',
    attach: 'table 7',
    goodsTag: 'WXG',
    limitPay: 'no_credit',
    timeStart: new Date('2026-11-23T16:00:00Z'),
    timeExpire: new Date('2026-11-23T16:10:00Z'),
    sceneInfo: '{}',
    subMerchantId: '1900000201',
    subAppId: 'wx201',
  });
  const { nonce_str: _, sign, ...fields } = decodeXml(requests[0]!.body);
  expect(requests[0]!.path).toBe('/pay/micropay');
  expect({ ...fields }).toEqual({
    version: '1.0',
    appid: client.appId,
    mch_id: client.merchantId,
    sign_type: 'HMAC-SHA256',
    out_trade_no: '1415757673',
    body: 'tea',
    total_fee: '888',
    fee_type: 'HKD',
    auth_code: '120061098828009406',
    spbill_create_ip: '14.17.22.52',
    detail: '{"mcc":"5812"}',
    device_info: 'till 1',
    attach: 'table 7',
    goods_tag: 'WXG',
    limit_pay: 'no_credit',
    time_start: '20261124000000',
    time_expire: '20261124001000',
    scene_info: '{}',
    sub_mch_id: '1900000201',
    sub_appid: 'wx201',
  });
  expect(sign).toHaveLength(64);
});

test.each<[field: string, change: Record<string, unknown>, message: RegExp]>([
  ['outTradeNo', { outTradeNo: undefined }, /is missing/],
  ['body', { body: null }, /is missing/],
  ['body', { body: 'x'.repeat(129) }, /more than 128/],
  ['totalFee', { totalFee: 8.88 }, /HKD 8.88 is 888/],
  ['totalFee', { totalFee: '888' }, /whole number/],
  ['totalFee', { totalFee: 0 }, /1 or more/],
  ['totalFee', { totalFee: 2 ** 53 }, /whole number/],
  ['authCode', { authCode: 120061098828009406 }, /could lose digits/],
  ['spbillCreateIp', { spbillCreateIp: '' }, /is empty/],
  ['timeStart', { timeStart: '20261124000000' }, /valid Date/],
  ['timeExpire', { timeExpire: new Date(Number.NaN) }, /valid Date/],
  ['timeExpire', { timeExpire: new Date(8.64e15) }, /valid Date/],
  ['timeStart', { timeStart: new Date('1969-12-31T15:59:59Z') }, /valid Date/],
  ['totalFee', { totalFee: -1 }, /1 or more/],
  ['currency', { currency: 'hkd' }, /three capital letters of ISO 4217, as in HKD; this one is "hkd"/],
  ['currency', { currency: 'HKDX' }, /three capital letters/],
  ['currency', { currency: 344 }, /three capital letters/],
  ['currency', { currency: 'x'.repeat(5000) }, /this one is "x{15}…"/],
  ['detail', { detail: '<![CDATA[{"mcc":"5812"}]]>' }, /wrapped in CDATA; give the text itself/],
  ['attach', { attach: '\n<![CDATA[x' }, /wrapped in CDATA/],
  ['subMchId', { subMchId: '1900000202' }, /is unknown.*Did you mean subMerchantId\?/],
  ['fee_type', { fee_type: 'HKD' }, /is unknown.*Did you mean currency\?/],
  ['authCode', { authCode: '' }, /18 digits that begin with 1: it is empty/],
  ['authCode', { authCode: ' \r\n' }, /it is empty/],
  ['authCode', { authCode: '12006109882800940' }, /it has 17 characters and begins with "12"/],
  ['authCode', { authCode: '120061098828009406120061098828009406' }, /it has 36 characters/],
  ['authCode', { authCode: '280061098828009406' }, /begins with "28". Scan the customer's code again/],
  ['authCode', { authCode: 'https://wx.example/p' }, /it has 20 characters and begins with "ht"/],
  ['authCode', { authCode: '1200610988 28009406' }, /no payment code/],
  ['authCode', { authCode: '１２0061098828009406' }, /no payment code/],
])('refuses a wrong %s before anything is sent: %j', async (field, change, message) => {
  const { client, requests } = answering(PAID);
  const error = await failure(quickPay(client, { ...PURCHASE, ...change }));
  expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
  expect((error as Error).message).toMatch(message);
  expect(requests).toEqual([]);
});

it.each(['\r\n', '\t', '\0', ' ', '\u0003', '\uFEFF', '\u3000'])(
  'a scanner may end, or begin, the code with %j',
  async (space) => {
    const { client, requests } = answering(PAID);
    await quickPay(client, { ...PURCHASE, authCode: `${space}${PURCHASE.authCode}${space}${space}` });
    expect(decodeXml(requests[0]!.body).auth_code).toBe(PURCHASE.authCode);
  },
);

it.each(['10', '11', '12', '13', '14', '15'])('takes a code that begins with %s', async (prefix) => {
  const { client, requests } = answering(PAID);
  await quickPay(client, { ...PURCHASE, authCode: `${prefix}0061098828009406` });
  expect(requests).toHaveLength(1);
});

it('a code that is refused is to be scanned again, and no message holds all of it', async () => {
  const authCode = '28006109882800940';
  const error = await failure(quickPay(answering(PAID).client, { ...PURCHASE, authCode }));
  expect(error).toMatchObject({ advice: 'scan-again', outcome: 'not-sent' });
  expect(JSON.stringify(error)).not.toContain(authCode.slice(2));
});

it('what only informs is left out and named where it cannot be read', async () => {
  const { client } = answering({ ...PAID, time_end: '2014-11-11T17:00:43Z', coupon_fee: '1.00' });
  const result = await quickPay(client, PURCHASE);
  expect(result).toMatchObject({ totalFee: 888, currency: 'HKD', unreadable: ['coupon_fee', 'time_end'] });
  expect(result).not.toHaveProperty('paidAt');
});

test.each([
  ['total_fee', '8.88'],
  ['fee_type', 'hkd'],
])('a %s of %s decides, and cannot be read: unknown', async (name, value) => {
  const error = await failure(quickPay(answering({ ...PAID, [name]: value }).client, PURCHASE));
  expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
});

test.each([
  ['transaction_id', { ...PAID, transaction_id: '' }],
  ['out_trade_no', { ...PAID, out_trade_no: '' }],
])('a success without %s is no payment: unknown', async (_, reply) => {
  const error = await failure(quickPay(answering(reply).client, PURCHASE));
  expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
});

it('a reply about another order is not taken for an answer', async () => {
  const error = await failure(quickPay(answering({ ...PAID, out_trade_no: '2' }).client, PURCHASE));
  expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
});

test.each(Object.entries(QUICK_PAY.errorCodes))('%s is told as its row says', async (errorCode, row) => {
  const { client } = answering({ result_code: 'FAIL', err_code: errorCode, err_code_des: 'no' });
  expect(await failure(quickPay(client, PURCHASE))).toMatchObject({
    errorCode,
    outcome: row.outcome,
    advice: row.advice,
  });
});

it('only refusals that say that nothing was paid are `rejected`', () => {
  const unknown = Object.entries(QUICK_PAY.errorCodes).filter(([, { outcome }]) => outcome === 'unknown');
  expect(unknown.map(([code]) => code).sort()).toEqual([
    'BANKERROR',
    'INVALID_REQUEST',
    'ORDERPAID',
    'OUT_TRADE_NO_USED',
    'SYSTEMERROR',
    'TRADE_ERROR',
    'USERPAYING',
  ]);
});
