import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Sandbox, type Fault, type Order, type OrderState } from 'wechatpay-sandbox';
import { expectNoSecrets } from '../../test/secrets.js';
import { afterAll, afterEach, beforeAll, describe, expect, it, test } from 'vitest';
import {
  CALL_CHANNEL,
  encodeXml,
  exchangeRate,
  REVERSE_ORDER,
  REVERSE_NOT_AFTER_MS,
  REVERSE_NOT_BEFORE_MS,
  reverseOrder,
  signFields,
  WechatPayBusinessError,
  WechatPayClient,
  WechatPayError,
  WechatPayGatewayError,
  WechatPayRequestError,
  WechatPayResponseError,
  WechatPaySignatureError,
  WechatPayTransportError,
  type CallEvent,
  type ReverseOrderRequest,
  type Transport,
  type WechatPayConfig,
} from '../index.js';

let sandbox: Sandbox;
let client: WechatPayClient;

beforeAll(async () => {
  sandbox = await Sandbox.start();
  client = connect();
});

afterEach(() => {
  sandbox.faults.clear();
});

afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

function connect(config: Partial<WechatPayConfig> = {}): WechatPayClient {
  return new WechatPayClient({ ...sandbox.merchant, ...config });
}

function stateOf({ outTradeNo }: Order): OrderState | undefined {
  return sandbox.orders.get(outTradeNo)?.state;
}

// Every error and every event of this file is searched for secrets.
const events: CallEvent[] = [];
function listen(event: unknown): void {
  expectNoSecrets(event, sandbox.merchant);
  events.push(event as CallEvent);
}
subscribe(CALL_CHANNEL, listen);
afterAll(() => unsubscribe(CALL_CHANNEL, listen));

async function failure(promise: Promise<unknown>): Promise<WechatPayError> {
  const error = await promise.then(
    () => new Error('It did not fail.'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(WechatPayError);
  expectNoSecrets(error, sandbox.merchant);
  return error as WechatPayError;
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

type Expected = readonly [type: new (...parameters: never[]) => WechatPayError, code: string];
const MALFORMED: Expected = [WechatPayResponseError, 'WECHATPAY_MALFORMED_RESPONSE'];
const MISMATCH: Expected = [WechatPaySignatureError, 'WECHATPAY_SIGNATURE_MISMATCH'];
const CONNECTION: Expected = [WechatPayTransportError, 'WECHATPAY_CONNECTION'];
const STATUS: Expected = [WechatPayTransportError, 'WECHATPAY_HTTP_STATUS'];
const REFUSAL: Expected = [WechatPayGatewayError, 'WECHATPAY_GATEWAY_FAIL'];

/** Each way in which the gateway, or somebody on the way, can spoil an answer; and what is made of it. */
const HOSTILE: [Fault, Expected, message?: RegExp][] = [
  [{ kind: 'error', errorCode: 'SYSTEMERROR', effect: true }, [WechatPayBusinessError, 'WECHATPAY_BUSINESS_FAIL']],
  [{ kind: 'error', errorCode: 'SYSTEMERROR', effect: false }, [WechatPayBusinessError, 'WECHATPAY_BUSINESS_FAIL']],
  [{ kind: 'recall' }, [WechatPayBusinessError, 'WECHATPAY_BUSINESS_FAIL']],
  [{ kind: 'cut', effect: true }, CONNECTION],
  [{ kind: 'cut', effect: false }, CONNECTION],
  [{ kind: 'cut', at: 'body' }, CONNECTION],
  [{ kind: 'hang' }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'hang', effect: false }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'hang', at: 'body' }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'delay', delayMs: 60_000 }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'status', status: 502 }, STATUS],
  [{ kind: 'status', status: 504, effect: false }, STATUS],
  [{ kind: 'redirect' }, STATUS],
  [{ kind: 'empty-body' }, MALFORMED],
  [{ kind: 'truncated-xml' }, MALFORMED],
  [{ kind: 'doctype' }, MALFORMED],
  [{ kind: 'entity-bomb' }, MALFORMED],
  [{ kind: 'oversized' }, MALFORMED],
  [{ kind: 'endless' }, MALFORMED],
  [{ kind: 'invalid-utf8' }, MALFORMED],
  [{ kind: 'duplicate-field' }, MALFORMED],
  [{ kind: 'wrong-signature' }, MISMATCH],
  [{ kind: 'missing-signature' }, MISMATCH, /has no signature/],
  [{ kind: 'other-algorithm' }, MISMATCH, /signed with MD5, but the request asked for HMAC-SHA256/],
  [{ kind: 'foreign-merchant' }, MISMATCH],
  [{ kind: 'tampered' }, MISMATCH],
  [{ kind: 'tampered', fields: { result_code: 'FAIL', err_code: 'REVERSE_EXPIRE' } }, MISMATCH],
  [{ kind: 'tampered', fields: { later: 'added' } }, MISMATCH],
  [{ kind: 'foreign-identity' }, MALFORMED, /about another appid/],
  [{ kind: 'foreign-identity', fields: { mch_id: '1' } }, MALFORMED, /about another mch_id/],
  [{ kind: 'foreign-identity', fields: { appid: '' } }, MALFORMED, /about another appid/],
  [{ kind: 'foreign-identity', fields: { mch_id: '' } }, MALFORMED, /about another mch_id/],
  [{ kind: 'foreign-identity', fields: { out_trade_no: '1' } }, MALFORMED, /about another out_trade_no/],
  [{ kind: 'foreign-identity', fields: { result_code: 'MAYBE' } }, MALFORMED, /no result_code/],
  [{ kind: 'foreign-identity', fields: { recall: '' } }, MALFORMED, /no recall/],
  [{ kind: 'foreign-identity', fields: { recall: 'y' } }, MALFORMED, /no recall/],
  [{ kind: 'foreign-identity', fields: { return_code: '' } }, MALFORMED, /no return_code/],
  [{ kind: 'return-fail', returnMessage: '签名失败' }, REFUSAL, /签名失败/],
  [{ kind: 'return-fail', effect: true }, REFUSAL],
  [{ kind: 'return-code', returnCode: 'success' }, REFUSAL],
  [{ kind: 'retmsg', message: 'system error' }, REFUSAL, /system error/],
];

describe('a hostile gateway', () => {
  test.each(HOSTILE)('%j', async (fault, [type, code], message = /./) => {
    const order = sandbox.orders.create({ state: 'paid' });
    const victim = connect({ timeoutMs: code === 'WECHATPAY_TIMEOUT' ? 2500 : 15_000 });
    sandbox.faults.add(fault);
    const error = await failure(reverseOrder(victim, { outTradeNo: order.outTradeNo }));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code, outcome: 'unknown', order: { outTradeNo: order.outTradeNo } });
    expect(error.name).toBe(type.name);
    expect(error.message).toMatch(message);
    expect('status' in error).toBe(code === 'WECHATPAY_HTTP_STATUS');
    if (fault.kind === 'status') expect(error).toMatchObject({ status: fault.status });
    expect(sandbox.faults.pending).toHaveLength(0);

    // Unknown means unknown: it may have been reversed or not. A second call finds out, and nothing moves twice.
    const effect = 'effect' in fault ? fault.effect : undefined;
    if (effect !== undefined) expect(stateOf(order)).toBe(effect ? 'refunded' : 'paid');
    await expect(reverseOrder(victim, { outTradeNo: order.outTradeNo })).resolves.toMatchObject({ recall: false });
    expect(stateOf(order)).toBe('refunded');
    expect(sandbox.orders.get(order.outTradeNo)?.money).toEqual({ paid: 1250, refunded: 1250 });
    await victim.close();
  });

  it('believes an MD5 reply to an MD5 request only', async () => {
    const client = connect({ signType: 'MD5' });
    sandbox.faults.add({ kind: 'other-algorithm' });
    const error = await failure(reverseOrder(client, { outTradeNo: '1' }));
    expect(error.message).toContain('signed with HMAC-SHA256, but the request asked for MD5');
    await client.close();
  });

  it('cannot break the lines of a log by what it says', async () => {
    sandbox.faults.add({ kind: 'return-fail', returnMessage: 'x\nINFO all is well' });
    const error = await failure(reverseOrder(client, { outTradeNo: '1' }));
    expect(error.message).not.toContain('\n');
  });
});

describe('errors', () => {
  it('say in message and stack which call failed, for which order, and give all but the cause to JSON', async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'USERPAYING' });
    const error = await failure(reverseOrder(client, { outTradeNo: '1415717424' }));
    expect(error.message).toMatch(/^Revoke Order of order 1415717424: USERPAYING /);
    expect(error.stack?.split('\n')[0]).toBe(`WechatPayBusinessError: ${error.message}`);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: 'WechatPayBusinessError',
      message: error.message,
      code: 'WECHATPAY_BUSINESS_FAIL',
      outcome: 'rejected',
      advice: 'retry-later',
      order: { outTradeNo: '1415717424' },
    });
  });

  it.each(['apiKey', 'key', 'cert'] as const)('a search for secrets finds the %s', (secret) => {
    const { apiKey, certificate } = sandbox.merchant;
    const { cert, key } = certificate;
    const error = new Error('x', { cause: new Error({ apiKey, cert, key }[secret]) });
    expect(() => {
      expectNoSecrets(error, sandbox.merchant);
    }).toThrow();
  });
});

describe('diagnostics', () => {
  it('tells of each call on a diagnostics channel', async () => {
    expect(CALL_CHANNEL).toBe('wechatpay:call');
    events.length = 0;
    const order = sandbox.orders.create({ state: 'paid' });
    await reverseOrder(client, { outTradeNo: order.outTradeNo });
    sandbox.faults.add({ kind: 'error', errorCode: 'USERPAYING' });
    await failure(reverseOrder(client, { transactionId: order.transactionId }));

    const common = {
      operation: 'Revoke Order',
      path: '/secapi/pay/reverse',
      merchantId: client.merchantId,
      durationMs: expect.toSatisfy((ms: number) => ms > 0 && ms < 60_000) as number,
    };
    expect(events).toEqual([
      { ...common, order: { outTradeNo: order.outTradeNo }, outcome: 'succeeded', recall: false },
      {
        ...common,
        order: { transactionId: order.transactionId },
        outcome: 'rejected',
        code: 'WECHATPAY_BUSINESS_FAIL',
        errorCode: 'USERPAYING',
        recall: true,
      },
    ]);
  });

  it('tells of a call that is refused before anything is sent, by the order that it names', async () => {
    events.length = 0;
    const request = { outTradeNo: 'o-1', orderCreatedAt: new Date() };
    await failure(reverseOrder(client, request));
    expect(events).toMatchObject([
      { order: { outTradeNo: 'o-1' }, outcome: 'not-sent', code: 'WECHATPAY_INVALID_REQUEST' },
    ]);
  });
});

describe('a transport of one’s own', () => {
  const connectBy = (transport: Transport): WechatPayClient => connect({ transport, certificate: undefined as never });

  it('is given the path and a signed document, and needs no certificate', async () => {
    const seen: string[] = [];
    const custom = connectBy(({ path, body }) => {
      seen.push(path, body);
      return Promise.resolve({ status: 200, body: Buffer.from('<xml><return_code>FAIL</return_code></xml>') });
    });
    await expect(failure(reverseOrder(custom, { outTradeNo: '007' }))).resolves.toBeInstanceOf(WechatPayGatewayError);
    expect(seen[0]).toBe('/secapi/pay/reverse');
    expect(seen[1]).toMatch(/<out_trade_no>007<\/out_trade_no>.*<sign>[0-9A-F]{64}<\/sign>/);
    await custom.close();
  });

  /** A client whose gateway signs these fields, whatever it is asked. */
  const answering = (fields: Record<string, string>): WechatPayClient => {
    const { appId, merchantId, apiKey } = sandbox.merchant;
    const reply = {
      return_code: 'SUCCESS',
      appid: appId,
      mch_id: merchantId,
      result_code: 'SUCCESS',
      recall: 'N',
      ...fields,
    };
    const body = Buffer.from(encodeXml({ ...reply, sign: signFields(reply, apiKey, 'HMAC-SHA256') }));
    return connectBy(() => Promise.resolve({ status: 200, body }));
  };

  test.each(['sub_appid', 'sub_mch_id', 'transaction_id', 'out_trade_no'])(
    'a signed reply about another %s is not taken for an answer',
    async (name) => {
      const request = { outTradeNo: '1', transactionId: '2', subMerchantId: '3', subAppId: '4' };
      const own = { out_trade_no: '1', transaction_id: '2', sub_mch_id: '3', sub_appid: '4' };
      await expect(reverseOrder(answering(own), request)).resolves.toMatchObject({ recall: false });
      const error = await failure(reverseOrder(answering({ ...own, [name]: 'another' }), request));
      expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
      expect(error.message).toContain(`about another ${name}`);
    },
  );

  it('a signed failure that says nothing more leaves everything open', async () => {
    const error = await failure(reverseOrder(answering({ result_code: 'FAIL', recall: '' }), { outTradeNo: '1' }));
    expect(error).toMatchObject({ errorCode: '', errorDescription: '', outcome: 'unknown', advice: 'query-order' });
    expect((error as WechatPayBusinessError).recall).toBeUndefined();
    expect(error.message).toBe('Revoke Order of order 1: FAIL without err_code (""). Query the order.');
  });

  test.each([
    ['<xml><return_code>FAIL</return_code></xml>', 'FAIL', ''],
    ['<xml><return_code>FAIL</return_code><return_msg>no</return_msg></xml>', 'FAIL', 'no'],
    ['<xml><return_code>ERROR</return_code><retmsg>no</retmsg></xml>', 'ERROR', 'no'],
  ])('%s keeps what the gateway said, unverified', async (body, returnCode, returnMessage) => {
    const custom = connectBy(() => Promise.resolve({ status: 200, body: Buffer.from(body) }));
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error).toMatchObject({ returnCode, returnMessage, outcome: 'unknown' });
    expect(error.message).toMatch(/unsigned, so the outcome is unknown: query the order\.$/);
  });

  it('says no more of an unsigned refusal than the page allows, and no signature that it echoes', async () => {
    const custom = connectBy(({ body }) => {
      const echo = /<sign>([0-9A-F]{64})/.exec(body)![1]!;
      const xml = encodeXml({ return_code: 'FAIL', return_msg: `sign_${echo} ${'x'.repeat(60_000)}` });
      return Promise.resolve({ status: 200, body: Buffer.from(xml) });
    });
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error.message).not.toMatch(/[0-9A-F]{32}/);
    expect(error.message.length).toBeLessThan(400);
  });

  test.each([
    ['No required SSL certificate was sent', / No client certificate arrived: check `certificate`\. /],
    ['The SSL certificate error', / The client certificate was refused: use this merchant's/],
    [
      'Bad Request',
      /^Revoke Order of order 1: the gateway answered HTTP 400\. The outcome is unknown: query the order/,
    ],
  ])('HTTP 400 "%s" names the remedy', async (page, message) => {
    const body = Buffer.from(`<html><head><title>400 ${page}</title></head></html>`);
    const custom = connectBy(() => Promise.resolve({ status: 400, body }));
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_HTTP_STATUS', status: 400, outcome: 'unknown' });
    expect(error.message).toMatch(message);
  });

  it('is closed with the client', async () => {
    let closed = 0;
    const close = (): Promise<void> => {
      closed += 1;
      return Promise.resolve();
    };
    await connectBy(Object.assign(() => Promise.reject(new Error('not called')), { close })).close();
    expect(closed).toBe(1);
  });

  it.each([undefined, null, {}, { status: 200 }, { status: 200, body: null }, { status: 200, body: 5 }])(
    'that answers %j leaves the outcome unknown',
    async (answer) => {
      const custom = connectBy(() => Promise.resolve(answer as never));
      const error = await failure(reverseOrder(custom, { outTradeNo: '1' }, null as never));
      expect(error).toMatchObject({ outcome: 'unknown', order: { outTradeNo: '1' } });
    },
  );

  it('that fails in its own way leaves the outcome unknown', async () => {
    const custom = connectBy(() => Promise.reject(new Error('proxy down')));
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'unknown', cause: new Error('proxy down') });
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
