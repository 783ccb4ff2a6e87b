import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sandbox, type Behaviour } from 'wechatpay-sandbox';
import { cli, variablesOf, type Ran } from '../../test/cli.js';
import { typing } from '../../test/typing.js';
import type { Io } from '../index.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
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
const GOODS = ['--amount', '8.88', '--currency', 'HKD', '--body', 'Tea'];
const pay = (argv: string, given: Partial<Io> = {}): Promise<Ran> =>
  cli(['pay', 'T-1', ...GOODS, ...argv.split(' ').filter(Boolean)], variablesOf(sandbox.merchant), {
    now,
    wait,
    ...given,
  });
const codeOf = (behaviour: Behaviour): string => sandbox.customers.create(behaviour).authCode;
const paths = (): string[] => sandbox.requests.map(({ path }) => path);

describe('a customer', () => {
  it('pays at once, after the plan was shown, and the answer proves it', async () => {
    const ran = await pay(`--auth-code ${codeOf({ behaviour: 'pays-at-once' })} --yes --json`);
    expect([ran.code, ran.json.result]).toEqual([
      0,
      {
        outTradeNo: 'T-1',
        outcome: {
          kind: 'paid',
          payment: { transactionId: sandbox.orders.get('T-1')?.transactionId, totalFee: 888, currency: 'HKD' },
        },
        proven: true,
        tradeState: 'SUCCESS',
      },
    ]);
    expect(paths()).toEqual(['/pay/orderquery', '/pay/micropay']);
    for (const shown of ['T-1', 'HKD 8.88', 'Tea', sandbox.merchant.merchantId, 'not WeChat Pay itself']) {
      expect(ran.stderr).toContain(shown);
    }
  });

  it('types a password, which the cashier is told of', async () => {
    const ran = await pay(`--auth-code ${codeOf({ behaviour: 'pays-after', ms: 8_000 })} --yes`);
    expect([ran.code, ran.stdout]).toEqual([0, expect.stringMatching(/^Proven: The customer paid.*\n.*T-1\n/)]);
    expect(ran.stderr).toContain('asked for the password');
  });

  it('has paid, where the answer was lost', async () => {
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
    const ran = await pay(`--auth-code ${codeOf({ behaviour: 'pays-at-once' })} --yes --json`);
    expect([ran.code, ran.json.result.proven, sandbox.orders.get('T-1')?.money.paid]).toEqual([0, true, 888]);
    expect(paths().filter((path) => path === '/pay/micropay')).toHaveLength(1);
  });

  it.each<[Behaviour, string]>([
    [{ behaviour: 'walks-away' }, 'reversed'],
    [{ behaviour: 'refuses' }, 'reversed'],
    [{ behaviour: 'balance-too-low' }, 'declined'],
  ])('does not pay (%j): nothing can be paid any more, and that is proven', async (behaviour, kind) => {
    const ran = await pay(`--auth-code ${codeOf(behaviour)} --yes --json`);
    const { outcome, proven } = ran.json.result;
    expect([ran.code, proven, outcome]).toEqual([1, true, expect.objectContaining({ kind })]);
    const order = sandbox.orders.get('T-1');
    expect([order?.tradeState, order?.money]).toEqual(['REVOKED', { paid: 0, refunded: 0 }]);
  });

  it('shows a code that has expired: told why, with what to do', async () => {
    const ran = await pay('--auth-code 130000000000000008 --yes --json');
    expect([ran.code, ran.json.result.outcome]).toEqual([
      1,
      {
        kind: 'declined',
        error: expect.objectContaining({ errorCode: 'AUTHCODEEXPIRE', advice: 'scan-again' }) as object,
      },
    ]);
    expect(sandbox.orders.get('T-1')).toBeUndefined();
  });

  it('has no end in time: unknown', async () => {
    const ran = await pay(`--auth-code ${codeOf({ behaviour: 'walks-away' })} --yes --json --timeout 1`);
    expect([ran.code, ran.json.result.proven]).toEqual([3, false]);
  });
});

describe('nothing is charged', () => {
  it('under a number that is there, whoever paid it', async () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'T-1', totalFee: 888 });
    const ran = await pay(`--auth-code ${codeOf({ behaviour: 'pays-at-once' })} --yes --json`);
    expect([ran.code, ran.json.error.code, paths()]).toEqual([1, 'NUMBER_USED', ['/pay/orderquery']]);
  });

  it.each<[string, number, RegExp]>([
    ['', 2, /--auth-code/],
    ['--auth-code 130000000000000001', 2, /--yes/],
    ['--auth-code 4711 --yes', 1, /authCode: is no payment code/],
    ['--auth-code 130000000000000001 --ip nowhere --yes', 2, /spbillCreateIp/],
    ['--auth-code 130000000000000001 --amount 8 --yes', 2, /all its decimals/],
    ['--dry-run', 0, /HKD 8\.88/],
  ])('by: pay %s', async (argv, code, message) => {
    const ran = await pay(argv);
    expect([ran.code, ran.stderr]).toEqual([code, expect.stringMatching(message)]);
    expect(paths().filter((path) => path !== '/pay/orderquery')).toEqual([]);
  });

  it('where the first question has no answer', async () => {
    sandbox.faults.add({ kind: 'cut' });
    const ran = await pay(`--auth-code ${codeOf({ behaviour: 'pays-at-once' })} --yes`);
    expect([ran.code, paths()]).toEqual([1, ['/pay/orderquery']]);
  });
});

it('the code is scanned at the terminal, and not shown there', async () => {
  const authCode = codeOf({ behaviour: 'pays-at-once' });
  const person = typing(`${authCode}\r`, 'Scan');
  const ran = await pay('--yes', person);
  expect([ran.code, sandbox.orders.get('T-1')?.state]).toEqual([0, 'paid']);
  expect(person.shown()).not.toContain(authCode);
});
