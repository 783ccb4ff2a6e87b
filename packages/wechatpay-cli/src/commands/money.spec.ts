import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sandbox, type Order, type OrderState } from 'wechatpay-sandbox';
import { cli, variablesOf, type Ran } from '../../test/cli.js';
import { typing } from '../../test/typing.js';
import type { Io } from '../index.js';

let sandbox: Sandbox;
let env: Record<string, string>;
beforeAll(async () => {
  sandbox = await Sandbox.start();
  env = variablesOf(sandbox.merchant);
});
afterEach(() => {
  sandbox.reset();
});
afterAll(() => sandbox.stop());

// Nobody waits in earnest: the clocks of both sides are set forward.
const now = (): number => sandbox.clock.now();
const wait = (until: number): Promise<void> => {
  sandbox.clock.advance(Math.max(0, until - now()));
  return Promise.resolve();
};
const wechatpay = (argv: string, given: Partial<Io> = {}): Promise<Ran> =>
  cli(argv.split(' '), env, { now, wait, ...given });
const order = (state: OrderState, outTradeNo = 'T-1'): Order => sandbox.orders.create({ state, outTradeNo });
const paths = (): string[] => sandbox.requests.map(({ path }) => path);
/** Old enough to be reversed: a minute. */
const created = (): string => new Date(Date.now() - 60_000).toISOString();

describe('query', () => {
  it('shows an order, by either number', async () => {
    const { transactionId } = order('paid');
    const ran = await wechatpay('query T-1 --json');
    expect([ran.code, ran.stderr]).toEqual([0, '']);
    expect(ran.json).toMatchObject({
      schema: 'wechatpay-cli/1',
      command: 'query',
      exitCode: 0,
      result: { outTradeNo: 'T-1', transactionId, tradeState: 'SUCCESS', totalFee: 1250, currency: 'HKD' },
    });
    expect(Object.keys(ran.json.result)).not.toContain('openId');
    const { stdout } = await wechatpay(`query --transaction-id ${transactionId}`);
    expect(stdout).toMatch(/^Order +T-1\n(?:.*\n)*State +SUCCESS: paid\nAmount +HKD 12\.50\n/);
  });

  it.each<[string, number, RegExp]>([
    ['query', 2, /Which order/],
    ['query T-1 --transaction-id 42', 2, /not both/],
    ['query nobody', 1, /ORDERNOTEXIST/],
    [`query ${'x'.repeat(33)}`, 2, /outTradeNo/],
  ])('%s ends with %i', async (argv, code, message) => {
    const ran = await wechatpay(argv);
    expect([ran.code, ran.stdout, ran.stderr]).toEqual([code, '', expect.stringMatching(message)]);
  });

  it('tells an answer that cannot be trusted as unknown', async () => {
    order('paid');
    sandbox.faults.add({ kind: 'wrong-signature' });
    const ran = await wechatpay('query T-1 --json');
    expect([ran.code, ran.json.error.code, ran.json.error.outcome]).toEqual([
      3,
      'WECHATPAY_SIGNATURE_MISMATCH',
      'unknown',
    ]);
  });
});

describe('reverse', () => {
  it('asks first, shows whose and how much, reverses, and proves it', async () => {
    const paid = order('paid');
    const ran = await wechatpay(`reverse T-1 --yes --json --created ${created()}`);
    expect([ran.code, ran.json.result.proven, ran.json.result.outcome]).toEqual([0, true, { kind: 'reversed' }]);
    expect(paid.money).toEqual({ paid: 1250, refunded: 1250 });
    expect(paths()[0]).toBe('/pay/orderquery');
    expect(paths().at(-1)).toBe('/pay/orderquery');
    for (const shown of ['T-1', 'HKD 12.50', sandbox.merchant.merchantId, 'localhost', 'not WeChat Pay itself']) {
      expect(ran.stderr).toContain(shown);
    }
  });

  it('proves it where the answer to the reversal was lost', async () => {
    const paid = order('paid');
    sandbox.faults.add({ kind: 'cut' }, { path: '/secapi/pay/reverse' });
    const ran = await wechatpay(`reverse T-1 --yes --json --created ${created()} --watch`);
    expect([ran.code, ran.json.result.proven]).toEqual([0, true]);
    expect(paid.money.refunded).toBe(1250);
    const steps = ran.stdout
      .trim()
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { step: string }).step);
    expect(steps).toContain('reverse');
  });

  it('sends nothing without --yes where nobody can be asked, and with --dry-run', async () => {
    const paid = order('paid');
    const alone = await wechatpay('reverse T-1');
    expect([alone.code, alone.stderr]).toEqual([2, expect.stringContaining('--yes')]);
    const dry = await wechatpay('reverse T-1 --dry-run --yes --json');
    expect([dry.code, dry.json.result]).toEqual([0, { outTradeNo: 'T-1', dryRun: true, sent: false }]);
    expect([paid.state, new Set(paths())]).toEqual(['paid', new Set(['/pay/orderquery'])]);
  });

  it('does nothing to an order that has an end, or is refunded in part', async () => {
    order('reversed');
    expect(await wechatpay('reverse T-1 --json')).toMatchObject({
      code: 0,
      json: { result: { sent: false, proven: true } },
    });
    order('paid', 'T-2');
    await wechatpay('refund T-2 --amount 1.00 --yes');
    expect(await wechatpay('reverse T-2 --yes --json')).toMatchObject({
      code: 1,
      json: { error: { code: 'USE_REFUND' } },
    });
  });

  it('changes nothing where the first question has no answer', async () => {
    order('paid');
    sandbox.faults.add({ kind: 'cut' });
    const ran = await wechatpay('reverse T-1 --yes --json');
    expect([ran.code, ran.json.error.message]).toEqual([1, expect.stringContaining('Nothing was changed')]);
    expect(paths()).toEqual(['/pay/orderquery']);
  });
});

describe('a person at a terminal', () => {
  it.each<[string, string, number, OrderState]>([
    ['Enter', '\r', 1, 'paid'],
    ['n', 'n', 1, 'paid'],
    ['Ctrl-C', '\u0003', 130, 'paid'],
    ['y', 'y', 0, 'refunded'],
  ])('%s ends with the right code, and the default is No', async (_, keys, code, state) => {
    const paid = order('paid');
    const ran = await wechatpay(`reverse T-1 --created ${created()}`, typing(keys, 'Go on?'));
    expect([ran.code, paid.state]).toEqual([code, state]);
  });
});

describe('refund', () => {
  it('refunds a part and proves it; the same command again refunds nothing more', async () => {
    const paid = order('paid');
    const ran = await wechatpay('refund T-1 --amount 3.00 --yes --json');
    expect([ran.code, ran.json.result]).toEqual([
      0,
      expect.objectContaining({ refundFee: 300, currency: 'HKD', proven: true, knownBefore: false }),
    ]);
    expect(ran.stderr).toMatch(/Left after it +HKD 9\.50/);
    const again = await wechatpay('refund T-1 --amount 3.00 --yes --json');
    expect([again.code, again.json.result.knownBefore]).toEqual([0, true]);
    expect(again.json.result.outRefundNo).toBe(ran.json.result.outRefundNo);
    expect(paid.money.refunded).toBe(300);
    const { stdout } = await wechatpay('query-refund T-1');
    expect(stdout).toContain(`${String(ran.json.result.outRefundNo)}  SUCCESS  HKD 3.00`);
  });

  it('refunds all, once, also where it is asked for twice', async () => {
    const paid = order('paid');
    expect((await wechatpay('refund T-1 --all --yes')).code).toBe(0);
    expect((await wechatpay('refund T-1 --all --yes --json')).json.result).toMatchObject({
      knownBefore: true,
      proven: true,
    });
    expect([paid.money.refunded, paid.refunds.length]).toEqual([1250, 1]);
  });

  it('refunds what is left, also where that is as much as a part before it', async () => {
    const paid = order('paid');
    await wechatpay('refund T-1 --amount 6.25 --yes');
    const ran = await wechatpay('refund T-1 --all --yes --json');
    expect([ran.code, ran.json.result]).toEqual([0, expect.objectContaining({ refundFee: 625, knownBefore: false })]);
    expect((await wechatpay('refund T-1 --all --yes --json')).code).toBe(0);
    expect([paid.money.refunded, paid.refunds.length]).toEqual([1250, 2]);
  });

  it('refunds nothing where an answer does not tell how much went back before', async () => {
    const paid = order('paid');
    await wechatpay('refund T-1 --amount 3.00 --yes');
    sandbox.faults.add({ kind: 'foreign-identity', fields: { refund_fee_0: '' } }, { path: '/pay/refundquery' });
    const ran = await wechatpay('refund T-1 --amount 1.00 --yes');
    expect([ran.code, paid.money.refunded]).toEqual([1, 300]);
  });

  it('is another refund of another sub-merchant', async () => {
    const institution = await sandbox.merchants.create({
      subMerchants: [{ subMerchantId: '1900000201' }, { subMerchantId: '1900000202' }],
    });
    const numbers = [];
    for (const { subMerchantId } of institution.subMerchants) {
      sandbox.orders.create({ state: 'paid', outTradeNo: 'T-1', merchant: institution, subMerchantId });
      const variables = { ...variablesOf(institution), WECHATPAY_SUB_MERCHANT_ID: subMerchantId };
      const ran = await cli('refund T-1 --amount 3.00 --yes --json'.split(' '), variables, { now, wait });
      numbers.push(ran.json.result.outRefundNo);
    }
    expect(new Set(numbers).size).toBe(2);
  });

  it('refunds no more than is left', async () => {
    const paid = order('paid');
    await wechatpay('refund T-1 --amount 12.00 --yes');
    const ran = await wechatpay('refund T-1 --amount 1.00 --yes --json');
    expect([ran.code, ran.json.error.code, paid.money.refunded]).toEqual([1, 'MORE_THAN_LEFT', 1200]);
  });

  it.each<[string, number, RegExp]>([
    ['refund T-1 --yes', 2, /How much/],
    ['refund T-1 --all --amount 1.00 --yes', 2, /How much/],
    ['refund T-1 --amount 3 --yes', 2, /all its decimals/],
    ['refund T-1 --amount 12.51 --yes', 1, /more than is left of it: HKD 12\.50/],
    ['refund T-1 --amount 3.00', 2, /--yes/],
    ['refund T-2 --all --yes', 1, /cannot be refunded/],
  ])('%s ends with %i and refunds nothing', async (argv, code, message) => {
    const paid = order('paid');
    order('not-paid', 'T-2');
    const ran = await wechatpay(argv);
    expect([ran.code, ran.stderr, paid.money.refunded]).toEqual([code, expect.stringMatching(message), 0]);
  });

  it('tells a refund that has no end in time as unknown', async () => {
    order('paid');
    sandbox.faults.add({ kind: 'cut' }, { times: 20, path: '/secapi/pay/refund' });
    const ran = await wechatpay('refund T-1 --all --yes --json --timeout 1');
    expect([ran.code, ran.json.result.proven]).toEqual([3, false]);
  });
});

describe('close', () => {
  it.each<OrderState>(['not-paid', 'user-paying'])('closes an order that is %s, and proves it', async (state) => {
    sandbox.orders.create({ state, outTradeNo: 'T-1', createdAt: Date.now() - 600_000 });
    const ran = await wechatpay('close T-1 --yes --json');
    expect([ran.code, ran.json.result.proven, ran.json.result.tradeState]).toEqual([0, true, 'CLOSED']);
    expect((await wechatpay('close T-1 --json')).json.result.sent).toBe(false);
  });

  it('does not know, where it was sent and nobody can be asked afterwards', async () => {
    sandbox.orders.create({ state: 'not-paid', outTradeNo: 'T-1', createdAt: Date.now() - 600_000 });
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/closeorder' });
    let asked = 0;
    sandbox.faults.add({ kind: 'cut' }, { when: ({ path }) => path === '/pay/orderquery' && (asked += 1) > 1 });
    const ran = await wechatpay('close T-1 --yes --json');
    expect([ran.code, ran.json.error.message]).toEqual([3, expect.stringContaining('It may have happened')]);
  });

  it('refuses one that is paid', async () => {
    order('paid');
    expect(await wechatpay('close T-1 --yes --json')).toMatchObject({
      code: 1,
      json: { error: { code: 'NOT_CLOSABLE' } },
    });
    expect(paths()).toEqual(['/pay/orderquery']);
  });
});

it.each(['query T-1', 'reverse T-1 --yes', 'refund T-1 --all --yes', 'close T-1 --yes'])(
  'Ctrl-C before anything was sent ends %s with 130',
  async (argv) => {
    order('paid');
    const ran = await wechatpay(argv, { signal: AbortSignal.abort() });
    expect([ran.code, paths().filter((path) => path !== '/pay/orderquery')]).toEqual([130, []]);
  },
);

describe('resolve', () => {
  it('keeps what is paid, and asks nobody for it', async () => {
    const paid = order('paid');
    const ran = await wechatpay('resolve T-1 --json');
    expect([ran.code, ran.json.result.outcome, paid.state]).toEqual([
      0,
      { kind: 'paid', payment: expect.objectContaining({ totalFee: 1250 }) as object },
      'paid',
    ]);
  });

  it.each<[string, string, number, string]>([
    ['', '', 0, 'paid'],
    [' as a dry run', ' --dry-run', 0, 'paid'],
    [' of which another amount is told', ' --amount 8.88', 3, 'unresolved'],
  ])(
    'what was said to be paid%s is not reversed, though nobody can be asked after that',
    async (_, more, code, kind) => {
      const paid = order('paid');
      let asked = 0;
      sandbox.faults.add(
        { kind: 'cut' },
        { times: 1_000, when: ({ path }) => path === '/pay/orderquery' && (asked += 1) > 1 },
      );
      sandbox.clock.advance(60_000);
      const ran = await wechatpay(`resolve T-1${more} --json`);
      expect([ran.code, ran.json.result.outcome]).toEqual([code, expect.objectContaining({ kind }) as object]);
      expect([paid.money, new Set(paths())]).toEqual([{ paid: 1250, refunded: 0 }, new Set(['/pay/orderquery'])]);
    },
  );

  it('reverses what is not paid in time, and tells each step', async () => {
    const open = order('not-paid');
    const ran = await wechatpay(`resolve T-1 --yes --watch --created ${created()}`);
    expect([ran.code, open.state]).toEqual([0, 'closed']);
    expect(ran.stderr).toMatch(/^\d{4}-.*Z reverse: reversed, recall false$/m);
    expect(ran.stdout).toMatch(/^Proven: It is (?:reversed|not paid)/);
  });

  it('wants to know the currency of an amount, where the answer tells none', async () => {
    order('not-paid');
    const ran = await wechatpay('resolve T-1 --amount 8.88 --yes');
    expect([ran.code, ran.stderr]).toEqual([2, expect.stringContaining('--currency')]);
    const told = await wechatpay(`resolve T-1 --amount 888 --currency JPY --yes --created ${created()}`);
    expect(told.code).toBe(0);
  });

  it('leaves another amount to a person', async () => {
    order('paid');
    const ran = await wechatpay('resolve T-1 --amount 8.88 --json');
    expect([ran.code, ran.json.result.proven]).toEqual([4, false]);
  });

  it('stops when it is told to, and does not know', async () => {
    order('user-paying');
    const ran = await wechatpay('resolve T-1 --yes --timeout 1 --json');
    expect([ran.code, ran.json.result.outcome]).toEqual([3, expect.objectContaining({ kind: 'unresolved' })]);
  });
});
