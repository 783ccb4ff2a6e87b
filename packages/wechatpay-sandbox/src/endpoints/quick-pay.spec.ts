import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { post, purchase, queryOrder, quickPay, reverse, send, signWith, type Fields } from '../../test/client.js';
import { Sandbox, wellKnownAuthCodes, type CustomerOptions, type Merchant, type OrderState } from '../index.js';

const start = Date.UTC(2026, 0, 31, 17, 30, 5);
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start });
});
beforeEach(() => {
  sandbox.reset();
});
afterAll(() => sandbox.stop());

const scan = (options: CustomerOptions, outTradeNo = 'tea'): Promise<{ fields: Fields }> =>
  quickPay(sandbox, sandbox.customers.create(options).authCode, outTradeNo);
const stateOf = (outTradeNo = 'tea'): OrderState | undefined => sandbox.orders.get(outTradeNo)?.state;

describe('Submit Quick Pay', () => {
  it.each(['MD5', 'HMAC-SHA256'] as const)(
    'answers a payment with the fields of the page, signed with %s',
    async (signType) => {
      const customer = sandbox.customers.create({ behaviour: 'pays-at-once' });
      const more = { attach: 'table 4', device_info: 'till 2' };
      const reply = await quickPay(sandbox, customer.authCode, 'tea', { fields: more, signType });
      const { sign, nonce_str: nonce, transaction_id: transactionId, ...rest } = reply.fields;
      expect(rest).toEqual({
        return_code: 'SUCCESS',
        return_msg: 'OK',
        appid: sandbox.merchant.appId,
        mch_id: sandbox.merchant.merchantId,
        result_code: 'SUCCESS',
        device_info: 'till 2',
        openid: customer.openId,
        is_subscribe: 'N',
        trade_type: 'MICROPAY',
        bank_type: 'OTHERS',
        fee_type: 'HKD',
        total_fee: '1250',
        cash_fee_type: 'HKD',
        cash_fee: '1250',
        out_trade_no: 'tea',
        attach: 'table 4',
        time_end: '20260201013005',
      });
      expect([nonce, transactionId]).toEqual([
        expect.stringMatching(/^\w{32}$/),
        expect.stringMatching(/^42000\d{23}$/),
      ]);
      expect(sign).toBe(signWith(reply.fields, sandbox.merchant.apiKey, signType));
      expect(sandbox.orders.get('tea')).toMatchObject({
        state: 'paid',
        transactionId,
        currency: 'HKD',
        totalFee: 1250,
      });
      expect(sandbox.ledger.of('tea')).toEqual({ paid: 1250, returned: 0, net: 1250 });
      expect(sandbox.requests.at(-1)).toMatchObject({ answer: 'SUCCESS' });
    },
  );

  it('takes CNY where no currency is given, and a detail and a version where they are', async () => {
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    const more = { fee_type: '', version: '1.0', detail: '{"goods_detail":[],"mcc":"5812"}' };
    const reply = await post(sandbox, '/pay/micropay', purchase(authCode, 'tea', more));
    expect(reply.fields).toMatchObject({ result_code: 'SUCCESS', fee_type: 'CNY' });
  });

  const behaviours: { options: CustomerOptions; answer: string; states: [atMs: number, state: OrderState][] }[] = [
    { options: { behaviour: 'pays-at-once' }, answer: 'SUCCESS', states: [[0, 'paid']] },
    {
      options: { behaviour: 'pays-after', ms: 10_000 },
      answer: 'USERPAYING',
      states: [
        [0, 'user-paying'],
        [9_999, 'user-paying'],
        [10_000, 'paid'],
        [99_000, 'paid'],
      ],
    },
    {
      options: { behaviour: 'pays-after', ms: 45_000 },
      answer: 'USERPAYING',
      states: [
        [44_999, 'user-paying'],
        [45_000, 'paid'],
      ],
    },
    {
      options: { behaviour: 'pays-after', ms: 45_001 },
      answer: 'USERPAYING',
      states: [
        [44_999, 'user-paying'],
        [45_000, 'reversed'],
        [99_000, 'reversed'],
      ],
    },
    {
      options: { behaviour: 'refuses' },
      answer: 'USERPAYING',
      states: [
        [4_999, 'user-paying'],
        [5_000, 'not-paid'],
        [45_000, 'reversed'],
      ],
    },
    {
      options: { behaviour: 'refuses', ms: 46_000 },
      answer: 'USERPAYING',
      states: [
        [44_999, 'user-paying'],
        [46_000, 'reversed'],
      ],
    },
    {
      options: { behaviour: 'balance-too-low' },
      answer: 'NOTENOUGH',
      states: [
        [0, 'not-paid'],
        [45_000, 'reversed'],
      ],
    },
    {
      options: { behaviour: 'walks-away' },
      answer: 'USERPAYING',
      states: [
        [44_999, 'user-paying'],
        [45_000, 'reversed'],
      ],
    },
  ];
  it.each(behaviours)('of a customer who $options.behaviour ($options.ms) answers $answer', async (row) => {
    const { fields } = await scan(row.options);
    expect(fields.err_code ?? fields.result_code).toBe(row.answer);
    expect(fields).not.toHaveProperty('recall');
    expect(fields.sign).toBe(signWith(fields, sandbox.merchant.apiKey));
    for (const [atMs, state] of row.states) {
      sandbox.clock.advance(start + atMs - sandbox.clock.now());
      expect([atMs, stateOf()]).toEqual([atMs, state]);
    }
    const isPaid = row.states.at(-1)?.[1] === 'paid';
    expect(sandbox.ledger.of('tea').net).toBe(isPaid ? 1250 : 0);
  });

  it.each([0, 1, 3])('of a customer who pays after %s queries answers USERPAYING so often', async (queries) => {
    expect((await scan({ behaviour: 'pays-after-queries', queries })).fields.err_code).toBe('USERPAYING');
    for (let i = 0; i < queries; i += 1) {
      expect(sandbox.ledger.of('tea').paid).toBe(0);
      expect((await queryOrder(sandbox, 'tea')).fields.trade_state).toBe('USERPAYING');
    }
    // Between the last query and whatever comes next the money has moved.
    expect(sandbox.ledger.of('tea').paid).toBe(1250);
    expect((await queryOrder(sandbox, 'tea')).fields.trade_state).toBe('SUCCESS');
  });

  it('is reversed like any order: not while a password is typed, with the money back once it was', async () => {
    await scan({ behaviour: 'pays-after', ms: 20_000 });
    expect((await reverse(sandbox, 'tea')).fields.err_code).toBe('INVALID_REQUEST');
    sandbox.clock.advance(15_000);
    expect((await reverse(sandbox, 'tea')).fields).toMatchObject({ err_code: 'USERPAYING', recall: 'Y' });
    sandbox.clock.advance(5_000);
    expect((await reverse(sandbox, 'tea')).fields).toMatchObject({ result_code: 'SUCCESS', recall: 'N' });
    expect(sandbox.orders.get('tea')?.history.map(({ event }) => event)).toEqual(['created', 'paid', 'reversed']);
    expect(sandbox.ledger.list().map(({ kind, at }) => [kind, at.getTime() - start])).toEqual([
      ['payment', 20_000],
      ['reversal', 20_000],
    ]);
  });

  it.each([
    { behaviour: 'refuses', ms: 46_000 },
    { behaviour: 'pays-after', ms: 46_000 },
  ] as const)('lets nothing happen after the 45 s to a customer who $behaviour', async (options) => {
    await scan(options);
    sandbox.clock.advance(3_600_000);
    expect(sandbox.orders.get('tea')?.history.map(({ event }) => event)).toEqual(['created', 'expired']);
  });

  it('lets the gateway reverse what is not paid, and the merchant reverse it again', async () => {
    await scan({ behaviour: 'walks-away' });
    sandbox.clock.advance(60_000);
    expect((await reverse(sandbox, 'tea')).fields).toMatchObject({ result_code: 'SUCCESS', recall: 'N' });
    const { history, tradeState } = sandbox.orders.get('tea')!;
    expect(tradeState).toBe('REVOKED');
    expect(history.map(({ event, state, at }) => [event, state, at.getTime() - start])).toEqual([
      ['created', 'user-paying', 0],
      ['expired', 'reversed', 45_000],
    ]);
  });
});

describe('a code', () => {
  it('works once', async () => {
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    await quickPay(sandbox, authCode, 'one');
    const again = await quickPay(sandbox, authCode, 'two');
    expect(again.fields).toMatchObject({ err_code: 'AUTH_CODE_ERROR', err_code_des: 'Wrong code: a code works once' });
    expect(sandbox.orders.get('two')).toBeUndefined();
  });

  it('is not used up by a call that had no effect', async () => {
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    sandbox.faults.add({ kind: 'cut', effect: false });
    await expect(quickPay(sandbox, authCode, 'tea')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(sandbox.orders.get('tea')).toBeUndefined();
    expect((await quickPay(sandbox, authCode, 'tea')).fields.result_code).toBe('SUCCESS');
  });

  it.each([
    { name: 'in its last millisecond', validForMs: 60_000, after: 59_999, answer: 'SUCCESS' },
    { name: 'a minute old', validForMs: undefined, after: 60_000, answer: 'AUTHCODEEXPIRE' },
    { name: 'that was never valid', validForMs: 0, after: 0, answer: 'AUTHCODEEXPIRE' },
  ])('$name answers $answer', async ({ validForMs, after, answer }) => {
    const validity = validForMs === undefined ? {} : { validForMs };
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once', ...validity });
    sandbox.clock.advance(after);
    const { fields } = await quickPay(sandbox, authCode, 'tea');
    expect(fields.err_code ?? fields.result_code).toBe(answer);
  });

  it.each([
    ['130000000000000099', 'no customer has this code'],
    ['090000000000000001', 'no code of WeChat Pay'],
    ['160000000000000001', 'no code of WeChat Pay'],
    ['13000000000000001', 'no code of WeChat Pay'],
    ['13000000000000000x', 'no code of WeChat Pay'],
  ])('%s answers AUTH_CODE_INVALID: %s', async (authCode, why) => {
    const { fields } = await quickPay(sandbox, authCode, 'tea');
    expect(fields).toMatchObject({ err_code: 'AUTH_CODE_INVALID', err_code_des: `Invalid code: ${why}` });
    expect(sandbox.orders.list()).toEqual([]);
  });

  it.each([
    ['paysAtOnce', 'SUCCESS'],
    ['paysAfter10s', 'USERPAYING'],
    ['paysAfter40s', 'USERPAYING'],
    ['paysAfter2Queries', 'USERPAYING'],
    ['refuses', 'USERPAYING'],
    ['balanceTooLow', 'NOTENOUGH'],
    ['walksAway', 'USERPAYING'],
    ['expired', 'AUTHCODEEXPIRE'],
  ] as const)('that is well known (%s) answers %s, as often as it is scanned', async (name, answer) => {
    for (const outTradeNo of ['one', 'two']) {
      const { fields } = await quickPay(sandbox, wellKnownAuthCodes[name], outTradeNo);
      expect(fields.err_code ?? fields.result_code).toBe(answer);
    }
  });

  it('is well known in full', () => {
    expect(Object.keys(wellKnownAuthCodes)).toHaveLength(8);
    for (const authCode of Object.values(wellKnownAuthCodes)) expect(authCode).toMatch(/^1[0-5]\d{16}$/);
  });
});

describe('a number that is in use', () => {
  const states: { state: OrderState; answer: string }[] = [
    { state: 'paid', answer: 'ORDERPAID' },
    { state: 'refunded', answer: 'ORDERPAID' },
    { state: 'closed', answer: 'ORDERCLOSED' },
    { state: 'reversed', answer: 'ORDERREVERSED' },
    { state: 'user-paying', answer: 'OUT_TRADE_NO_USED' },
    { state: 'not-paid', answer: 'SUCCESS' },
  ];
  it.each(states)('by an order that is $state answers $answer', async ({ state, answer }) => {
    sandbox.orders.create({ state, outTradeNo: 'tea' });
    const { fields } = await scan({ behaviour: 'pays-at-once' });
    expect(fields.err_code ?? fields.result_code).toBe(answer);
    expect(sandbox.ledger.list().filter(({ kind }) => kind === 'payment').length).toBeLessThanOrEqual(1);
  });

  it.each(['paid', 'not-paid'] as const)(
    'by an order that was %s and reversed answers ORDERREVERSED',
    async (state) => {
      sandbox.orders.create({ state, outTradeNo: 'tea' });
      await reverse(sandbox, 'tea');
      expect((await scan({ behaviour: 'pays-at-once' })).fields.err_code).toBe('ORDERREVERSED');
    },
  );

  it('answers the same call again with USERPAYING, and another one with OUT_TRADE_NO_USED', async () => {
    const { authCode } = sandbox.customers.create({ behaviour: 'walks-away' });
    await quickPay(sandbox, authCode, 'tea');
    expect((await quickPay(sandbox, authCode, 'tea')).fields.err_code).toBe('USERPAYING');
    const changes: Fields[] = [{ total_fee: '1251' }, { fee_type: 'USD' }, { body: 'a cake' }];
    const other = { auth_code: sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode };
    for (const change of [...changes, other]) {
      const { fields } = await quickPay(sandbox, authCode, 'tea', { fields: change });
      expect([change, fields.err_code]).toEqual([change, 'OUT_TRADE_NO_USED']);
    }
    expect(sandbox.ledger.list()).toEqual([]);
  });

  it('takes another code where the balance was too low, within the same 45 s', async () => {
    const { authCode } = sandbox.customers.create({ behaviour: 'balance-too-low' });
    await quickPay(sandbox, authCode, 'tea');
    expect((await quickPay(sandbox, authCode, 'tea')).fields.err_code).toBe('AUTH_CODE_ERROR');
    expect((await scan({ behaviour: 'pays-at-once' }, 'tea')).fields.result_code).toBe('SUCCESS');
    expect(sandbox.orders.get('tea')?.history.map(({ event }) => event)).toEqual(['created', 'retried', 'paid']);

    await scan({ behaviour: 'balance-too-low' }, 'cake');
    sandbox.clock.advance(40_000);
    expect((await scan({ behaviour: 'pays-after', ms: 6_000 }, 'cake')).fields.err_code).toBe('USERPAYING');
    sandbox.clock.advance(6_000);
    expect(stateOf('cake')).toBe('reversed');
    expect((await scan({ behaviour: 'pays-at-once' }, 'cake')).fields.err_code).toBe('ORDERREVERSED');
    expect(sandbox.ledger.of('cake').paid).toBe(0);
  });

  it('is another merchant’s affair', async () => {
    const merchant = await sandbox.merchants.create();
    const code = (): string => sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode;
    await quickPay(sandbox, code(), 'tea');
    expect((await quickPay(sandbox, code(), 'tea', { merchant })).fields.result_code).toBe('SUCCESS');
    expect([sandbox.ledger.of('tea').net, sandbox.ledger.of('tea', merchant).net]).toEqual([1250, 1250]);
  });
});

describe('a request that is not as the page wants it', () => {
  it.each(['body', 'out_trade_no', 'total_fee', 'spbill_create_ip', 'auth_code', 'appid', 'nonce_str'])(
    'answers LACK_PARAMS without %s',
    async (name) => {
      const { fields } = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', { fields: { [name]: '' } });
      expect(fields).toMatchObject({
        err_code: 'LACK_PARAMS',
        err_code_des: `Lack of parameters: ${name} is required`,
      });
    },
  );

  it.each([
    ['total_fee', '0'],
    ['total_fee', '-1'],
    ['total_fee', '12.50'],
    ['total_fee', '1e3'],
    ['total_fee', '01'],
    ['total_fee', '9'.repeat(16)],
    ['fee_type', 'hkd'],
    ['version', '2.0'],
    ['time_expire', '2026-01-31'],
    ['body', '茶'.repeat(129)],
    ['detail', 'x'.repeat(6001)],
    ['attach', 'x'.repeat(129)],
    ['out_trade_no', 'x'.repeat(33)],
  ])('answers PARAM_ERROR where %s is %s', async (name, value) => {
    const { fields } = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', { fields: { [name]: value } });
    expect([fields.err_code, fields.err_code_des]).toEqual(['PARAM_ERROR', expect.stringContaining(name)]);
    expect(sandbox.ledger.list()).toEqual([]);
  });

  it('answers APPID_MCHID_NOT_MATCH and SIGNERROR, signed', async () => {
    const foreign = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', { fields: { appid: 'wx1' } });
    expect(foreign.fields.err_code).toBe('APPID_MCHID_NOT_MATCH');
    const changed = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', { afterSigning: { total_fee: '1' } });
    expect(changed.fields.err_code).toBe('SIGNERROR');
    for (const { fields } of [foreign, changed]) {
      expect(fields.sign).toBe(signWith(fields, sandbox.merchant.apiKey));
    }
  });

  it('answers whom it cannot know without a signature', async () => {
    const path = '/pay/micropay';
    expect((await send(sandbox, 'tea', { path })).fields.return_msg).toMatch(/^XML_FORMAT_ERROR: /);
    expect((await send(sandbox, Buffer.of(0xff), { path })).fields.return_msg).toMatch(/^NOT_UTF8: /);
    expect((await send(sandbox, '', { path, method: 'GET' })).fields.return_msg).toMatch(/^REQUIRE_POST_METHOD: /);
    const { fields } = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', { fields: { mch_id: '1' } });
    expect(fields).toEqual({
      return_code: 'FAIL',
      return_msg: 'MCHID_NOT_EXIST: MCHID does not exist: mch_id is unknown',
    });
  });
});

describe('an institution', () => {
  let institution: Merchant;
  beforeAll(async () => {
    institution = await sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1' }, { subMerchantId: '2' }] });
  });

  it('charges for each of its sub-merchants', async () => {
    for (const sub_mch_id of ['1', '2']) {
      const reply = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', {
        merchant: institution,
        fields: { sub_mch_id },
      });
      expect(reply.fields).toMatchObject({ result_code: 'SUCCESS', sub_mch_id, mch_id: institution.merchantId });
    }
    expect(sandbox.ledger.of('tea', institution, '2').net).toBe(1250);
    expect(sandbox.ledger.of('tea', institution).net).toBe(2500);
    expect(sandbox.ledger.list().map(({ subMerchantId }) => subMerchantId)).toEqual(['1', '2']);
  });

  it('names one', async () => {
    const reply = await quickPay(sandbox, wellKnownAuthCodes.paysAtOnce, 'tea', { merchant: institution });
    expect(reply.fields.err_code).toBe('PARAM_ERROR');
  });
});
