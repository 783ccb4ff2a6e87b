import { afterAll, beforeAll, expect, it } from 'vitest';
import { Sandbox } from 'wechatpay-sandbox';
import { cli, variablesOf, type Ran } from '../../test/cli.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterAll(() => sandbox.stop());

const rate = (argv: string): Promise<Ran> =>
  cli(['exchange-rate', ...argv.split(' ')], variablesOf(sandbox.merchant), { now: () => sandbox.clock.now() });

it('tells the rate of a day, and that it is for reference', async () => {
  const { code, json } = await rate('usd 20260301 --json');
  expect([code, json.result]).toEqual([
    0,
    { currency: 'USD', rate: '720000100', decimal: '7.200001', rateDate: '20260301' },
  ]);
  const { stdout } = await rate('USD 2026-03-01');
  expect(stdout).toBe(
    'Rate        1 USD = 7.200001 CNY\nOf the day  20260301\n' +
      'For reference: the rate of a payment stands in the answer to that payment.\n',
  );
});

it.each<[string, number]>([
  ['XAU', 1],
  ['dollars', 2],
  ['USD 2026-02-30', 2],
])('%s ends with %i', async (argv, code) => {
  expect((await rate(argv)).code).toBe(code);
});
