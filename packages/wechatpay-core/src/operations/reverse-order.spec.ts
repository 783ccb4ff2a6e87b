import type { Order, OrderState } from 'wechatpay-sandbox';
import { describe, expect, it, test } from 'vitest';
import { startGateway } from '../../test/start-gateway.js';
import {
  exchangeRate,
  REVERSE_NOT_AFTER_MS,
  REVERSE_NOT_BEFORE_MS,
  REVERSE_ORDER,
  reverseOrder,
  WechatPayBusinessError,
  WechatPayClient,
  WechatPayRequestError,
  WechatPaySignatureError,
  type ReverseOrderRequest,
} from '../index.js';

const { sandbox, client, connect, failure } = await startGateway();

function stateOf({ outTradeNo }: Order): OrderState | undefined {
  return sandbox.orders.get(outTradeNo)?.state;
}

describe('reverses', () => {
  test.each([
    ['paid', 'refunded', { paid: 1250, refunded: 1250 }],
    ['not-paid', 'closed', { paid: 0, refunded: 0 }],
    ['closed', 'closed', { paid: 0, refunded: 0 }],
    ['refunded', 'refunded', { paid: 1250, refunded: 1250 }],
  ] as const)('a %s order: it is %s afterwards', async (state, afterwards, money) => {
    const order = sandbox.orders.create({ state, totalFee: 1250 });
    await expect(reverseOrder(client, { outTradeNo: order.outTradeNo })).resolves.toMatchObject({ recall: false });
    expect(stateOf(order)).toBe(afterwards);
    expect(sandbox.orders.get(order.outTradeNo)?.money).toEqual(money);
  });

  it('twice, with the same answer and one refund', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    const first = await reverseOrder(client, { outTradeNo: order.outTradeNo });
    const second = await reverseOrder(client, { transactionId: order.transactionId });
    expect(second).toMatchObject({ resultCode: first.resultCode, recall: first.recall });
    expect(sandbox.orders.get(order.outTradeNo)?.money).toEqual({ paid: 1250, refunded: 1250 });
  });

  it('by transactionId where both identifiers are given', async () => {
    const [meant, other] = [sandbox.orders.create({ state: 'paid' }), sandbox.orders.create({ state: 'paid' })];
    await reverseOrder(client, { transactionId: meant.transactionId, outTradeNo: other.outTradeNo });
    expect([stateOf(meant), stateOf(other)]).toEqual(['refunded', 'paid']);
  });

  it.each(['MD5', 'HMAC-SHA256'] as const)('with %s', async (signType) => {
    const order = sandbox.orders.create({ state: 'paid' });
    const signing = connect({ signType });
    await reverseOrder(signing, { outTradeNo: order.outTradeNo });
    await signing.close();
    expect(stateOf(order)).toBe('refunded');
    expect(sandbox.requests.at(-1)?.fields.sign_type).toBe(signType);
  });

  it.each(['0012', '12345678901234567890123456789012', 'a&<>"\'b', ' x ', '订单🐼'])(
    'an order whose number is %j',
    async (outTradeNo) => {
      const order = sandbox.orders.create({ state: 'paid', outTradeNo });
      await reverseOrder(client, { outTradeNo });
      expect(stateOf(order)).toBe('refunded');
    },
  );

  it('and gives every documented field', async () => {
    const order = sandbox.orders.create({ state: 'paid', rate: '650000000' });
    sandbox.faults.add({
      kind: 'extra-field',
      fields: { err_code: 'NONE', err_code_des: 'none', sub_appid: 'wx3', sub_mch_id: '8', later: 'added', empty: '' },
    });
    const { raw, nonceStr, ...result } = await reverseOrder(client, { outTradeNo: order.outTradeNo });
    expect(result).toEqual({
      returnCode: 'SUCCESS',
      returnMessage: 'OK',
      resultCode: 'SUCCESS',
      appId: client.appId,
      merchantId: client.merchantId,
      subAppId: 'wx3',
      subMerchantId: '8',
      errorCode: 'NONE',
      errorDescription: 'none',
      recall: false,
      rate: '650000000',
    });
    expect(nonceStr).toMatch(/^\S{1,32}$/);
    expect(raw).toMatchObject({ recall: 'N', later: 'added', empty: '', nonce_str: nonceStr });
    expect(raw).not.toHaveProperty('sign');
  });

  it('recall Y in a success is said, and nothing else is', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ kind: 'recall', resultCode: 'SUCCESS' });
    await expect(reverseOrder(client, { outTradeNo: order.outTradeNo })).resolves.toMatchObject({ recall: true });
  });

  it('a reply with an empty field, which takes no part in the signature', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add({ kind: 'empty-field' });
    await expect(reverseOrder(client, { outTradeNo: order.outTradeNo })).resolves.toMatchObject({ recall: false });
    sandbox.faults.add({ kind: 'empty-field', field: 'sub_appid' });
    await expect(reverseOrder(client, { outTradeNo: order.outTradeNo })).resolves.not.toHaveProperty('subAppId');
  });

  it('an order whose other identifier is null or undefined', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    const request = { outTradeNo: order.outTradeNo, transactionId: null, subAppId: undefined };
    await expect(reverseOrder(client, request as never)).resolves.toMatchObject({ recall: false });
  });
});

describe('institutional mode', () => {
  it('reverses orders of many sub-merchants on one client', async () => {
    const institution = await sandbox.merchants.create({
      subMerchants: [{ subMerchantId: '1900000201', subAppId: 'wx201' }, { subMerchantId: '1900000202' }],
    });
    const shared = new WechatPayClient({ ...institution, subMerchantId: '1900000202' });
    const orders = ['1900000201', '1900000202'].map((subMerchantId) =>
      sandbox.orders.create({ state: 'paid', merchant: institution, subMerchantId, outTradeNo: 'same-number' }),
    );
    const overriding = { outTradeNo: 'same-number', subMerchantId: '1900000201', subAppId: 'wx201' };
    await expect(reverseOrder(shared, overriding)).resolves.toMatchObject({
      subMerchantId: '1900000201',
      subAppId: 'wx201',
    });
    expect(orders.map(({ state }) => state)).toEqual(['refunded', 'paid']);
    await expect(reverseOrder(shared, { outTradeNo: 'same-number' })).resolves.toMatchObject({
      subMerchantId: '1900000202',
    });
    expect(orders.map(({ state }) => state)).toEqual(['refunded', 'refunded']);
    await shared.close();
  });

  it('refuses a subAppId without a subMerchantId, which its page calls required', async () => {
    const error = await failure(reverseOrder(client, { outTradeNo: '1', subAppId: 'wx201' }));
    expect(error).toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      field: 'subMerchantId',
      name: 'WechatPayRequestError',
    });
    expect(error.message).toContain('institutional mode needs both');
  });
});

describe('refuses before anything is sent', () => {
  test.each<[field: string, request: unknown, message: RegExp]>([
    ['request', undefined, /must be an object such as \{ transactionId: … \}/],
    ['request', null, /must be an object/],
    ['request', '1415717424', /must be an object/],
    ['outTradeNo', {}, /give at least one of the two/],
    ['outTradeNo', { outTradeNo: undefined, transactionId: undefined }, /give at least one/],
    ['outTradeNo', { outTradeNo: '' }, /empty/],
    ['outTradeNo', { outTradeNo: 1415717424 }, /must be a string; as a number it could lose digits/],
    ['outTradeNo', { outTradeNo: 'x'.repeat(33) }, /more than 32 characters/],
    ['transactionId', { transactionId: 'x'.repeat(33), outTradeNo: '1' }, /more than 32 characters/],
    ['transactionId', { transactionId: {} }, /must be a string/],
    ['subMerchantId', { outTradeNo: '1', subMerchantId: 'x'.repeat(33) }, /more than 32/],
    ['subAppId', { outTradeNo: '1', subMerchantId: '2', subAppId: 'x'.repeat(33) }, /more than 32/],
    ['outTradeNo', { outTradeNo: 'a\u0007b' }, /character that XML cannot carry/],
    ['orderCreatedAt', { outTradeNo: '1', orderCreatedAt: '2026-11-23' }, /must be a valid Date/],
    ['orderCreatedAt', { outTradeNo: '1', orderCreatedAt: new Date(Number.NaN) }, /must be a valid Date/],
  ])('%s in %j', async (field, request, message) => {
    const before = sandbox.requests.length;
    const error = await failure(reverseOrder(client, request as ReverseOrderRequest));
    expect(error).toBeInstanceOf(WechatPayRequestError);
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
    expect(error.message).toMatch(message);
    expect(sandbox.requests).toHaveLength(before);
  });

  it('an invalid signal', async () => {
    const before = sandbox.requests.length;
    const error = await failure(reverseOrder(client, { outTradeNo: '1' }, { signal: new AbortController() as never }));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'signal' });
    expect(sandbox.requests).toHaveLength(before);
  });

  it('holds to the limits of the page', () => {
    expect([REVERSE_NOT_BEFORE_MS, REVERSE_NOT_AFTER_MS]).toEqual([15_000, 604_800_000]);
  });

  // Today, because the sandbox's certificates are of today.
  const created = new Date().setUTCHours(0, 0, 0, 0);
  test.each([
    ['just before 15 s', REVERSE_NOT_BEFORE_MS - 1, /reverse at \d{4}-\d\d-\d\dT00:00:15.000Z or later/],
    ['at 15 s', REVERSE_NOT_BEFORE_MS, undefined],
    ['at 7 days', REVERSE_NOT_AFTER_MS, undefined],
    ['just after 7 days', REVERSE_NOT_AFTER_MS + 1, /too late to reverse; refund the order/],
    ['before it was created', -1000, /or later/],
  ])('a reversal %s, where orderCreatedAt is given', async (_, age, message) => {
    const order = sandbox.orders.create({ state: 'paid' });
    const timed = connect({ now: () => created + age });
    const call = reverseOrder(timed, { outTradeNo: order.outTradeNo, orderCreatedAt: new Date(created) });
    if (message === undefined) {
      await expect(call).resolves.toMatchObject({ recall: false });
    } else {
      const error = await failure(call);
      expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'orderCreatedAt' });
      expect(error.message).toMatch(message);
      expect(error).toMatchObject({ advice: age < REVERSE_NOT_BEFORE_MS ? 'retry-later' : 'refund' });
      expect(stateOf(order)).toBe('paid');
    }
    await timed.close();
  });
});

describe('signed refusals', () => {
  test.each(Object.entries(REVERSE_ORDER.errorCodes))(
    '%s: outcome, advice and solution are as its row says',
    async (errorCode, row) => {
      sandbox.faults.add({ kind: 'error', errorCode });
      const order = sandbox.orders.create({ state: 'paid' });
      const error = await failure(reverseOrder(client, { outTradeNo: order.outTradeNo }));
      expect(error).toBeInstanceOf(WechatPayBusinessError);
      expect(error).toMatchObject({
        code: 'WECHATPAY_BUSINESS_FAIL',
        errorCode,
        errorDescription: row.description,
        outcome: row.outcome,
        advice: row.advice,
        order: { outTradeNo: order.outTradeNo },
        raw: { result_code: 'FAIL', err_code: errorCode },
      });
      expect(error.message).toContain(order.outTradeNo);
      expect(error.message).toContain(row.solution);
    },
  );

  // The page's table, word for word, and what we make of it.
  test.each([
    [
      'SYSTEMERROR',
      'API return error',
      'System timed out',
      'Try to call the Query Order API again',
      'unknown',
      'query-order',
    ],
    [
      'INVALID_TRANSACTIONID',
      'Invalid transaction_id',
      'Requested parameters are not correct',
      'Parameter error. Check transaction_id again.',
      'rejected',
      'fix-request',
    ],
    [
      'PARAM_ERROR',
      'Parameter error',
      'Requested parameters are not correct',
      'Parameter error. Check parameters again.',
      'rejected',
      'fix-request',
    ],
    [
      'REQUIRE_POST_METHOD',
      'Use post method',
      'Data is not transferred by post',
      'Check whether data is submitted via POST method',
      'rejected',
      'fix-request',
    ],
    [
      'SIGNERROR',
      'Signature error',
      'Incorrect signature result',
      'Check whether signature parameter and method comply with signature algorithm requirements',
      'rejected',
      'fix-request',
    ],
    [
      'INVALID_REQUEST',
      'Invalid request',
      'Merchant’s backend system issue',
      'Please check the request parameters, whether the parameters are correct or whether the right certificate is used',
      'unknown',
      'fix-request',
    ],
    [
      'REVERSE_EXPIRE',
      'The order is out of reverse limit date',
      'The Revoke API should be called within 7 days',
      'Please check whether the order is in 7 days. If you truly want to revoke the order, please refund it.',
      'rejected',
      'refund',
    ],
    [
      'USERPAYING',
      'User is paying',
      'Transaction in paying progress cannot be revoked',
      'Please retry it later',
      'rejected',
      'retry-later',
    ],
  ])('%s has the row of the page', (errorCode, description, reason, solution, outcome, advice) => {
    expect(REVERSE_ORDER.errorCodes[errorCode]).toEqual({ description, reason, solution, outcome, advice });
    expect(Object.keys(REVERSE_ORDER.errorCodes)).toHaveLength(8);
  });

  test.each([
    [true, 'reverse-again'],
    [false, 'query-order'],
  ] as const)('a code that no page lists is unknown; with recall %s the advice is %s', async (recall, advice) => {
    for (const errorCode of ['TRADE_ERROR', 'constructor', '']) {
      sandbox.faults.add({ kind: 'error', errorCode, recall });
      const error = await failure(reverseOrder(client, { outTradeNo: '1' }));
      expect(error).toMatchObject({ code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', errorCode, recall, advice });
    }
  });

  it('a code that no page lists, without a recall, is to be queried', async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'TRADE_ERROR' });
    sandbox.faults.add({ kind: 'error', errorCode: 'NEW', recall: true });
    await expect(failure(reverseOrder(client, { outTradeNo: '1' }))).resolves.toMatchObject({ advice: 'query-order' });
  });

  const causes: [
    string,
    string,
    boolean,
    (order: Order) => Promise<ReverseOrderRequest> | ReverseOrderRequest,
    OrderState?,
  ][] = [
    ['a customer who is paying', 'USERPAYING', true, ({ outTradeNo }) => ({ outTradeNo }), 'user-paying'],
    [
      'an unknown transaction',
      'INVALID_TRANSACTIONID',
      false,
      () => ({ transactionId: '4200000000000000000000000000' }),
    ],
    ['an unknown order', 'INVALID_REQUEST', false, () => ({ outTradeNo: 'nobody-has-it' })],
    ['an order older than 7 days', 'REVERSE_EXPIRE', false, () => ({ outTradeNo: daysOld(8).outTradeNo })],
    ['an order younger than 15 s', 'INVALID_REQUEST', true, () => ({ outTradeNo: daysOld(0).outTradeNo })],
  ];
  const daysOld = (days: number): Order =>
    sandbox.orders.create({ state: 'paid', createdAt: sandbox.clock.now() - days * 86_400_000 });

  test.each(causes)('the gateway itself refuses %s with %s', async (_, errorCode, recall, request, state = 'paid') => {
    const order = sandbox.orders.create({ state });
    const error = await failure(reverseOrder(client, await request(order)));
    expect(error).toMatchObject({ code: 'WECHATPAY_BUSINESS_FAIL', errorCode, recall });
    expect(stateOf(order)).toBe(state);
  });

  it("another merchant's certificate is refused", async () => {
    const other = await sandbox.merchants.create();
    const wrong = connect({ certificate: other.certificate });
    const error = await failure(reverseOrder(wrong, { outTradeNo: '1' }));
    expect(error.outcome).toBe('unknown');
    await wrong.close();
  });

  it('a wrong API key shows as a signature that does not hold, and nothing is reversed', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    const wrong = connect({ apiKey: 'x'.repeat(32) });
    const error = await failure(reverseOrder(wrong, { outTradeNo: order.outTradeNo }));
    expect(error).toBeInstanceOf(WechatPaySignatureError);
    expect(error.message).toContain('check apiKey');
    expect(stateOf(order)).toBe('paid');
    await wrong.close();
  });
});

test.each([
  ['650000000', '6.5'],
  ['100000000', '1'],
  ['1', '0.00000001'],
  ['0', '0'],
  ['089900000', '0.899'],
  ['0001234500000000', '12345'],
  ['12345678901234567890', '123456789012.3456789'],
])('exchangeRate of %s is %s', (rate, decimal) => {
  expect(exchangeRate(rate)).toBe(decimal);
});

test.each(['', '6.5', '-1', '1e8', ' 1'])('exchangeRate refuses %j', (rate) => {
  expect(() => exchangeRate(rate)).toThrow(RangeError);
});
