import { afterAll, beforeAll, expect, it } from 'vitest';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';
import { cli, variablesOf } from '../../test/cli.js';
import { typing } from '../../test/typing.js';

// Troubles that others had at a command line, as they told of them in public, each with the right end.

let sandbox: Sandbox;
let other: Merchant;
beforeAll(async () => {
  sandbox = await Sandbox.start();
  other = await sandbox.merchants.create();
});
afterAll(() => sandbox.stop());

const SOURCES = [
  'https://github.com/s5no5t/contentful-clean-space/issues/6',
  'https://github.com/aws/copilot-cli/issues/5258',
];
const OLD_MERCHANT = 'https://github.com/binarywang/weixin-java-pay-demo/issues/102';
const NEW_CERTIFICATE = [
  'https://github.com/wechatpay-apiv3/wechatpay-java/issues/202',
  'https://github.com/wechatpay-apiv3/wechatpay-apache-httpclient/issues/50',
];

it.each(['close T-1', 'refund T-1 --all', 'reverse T-1', 'resolve T-1', 'query T-1'])(
  `%s has no merchant for a default where there are several (${SOURCES.join(', ')})`,
  async (argv) => {
    const env = { ...variablesOf(sandbox.merchant), ...variablesOf(other, 'WECHATPAY_HK_') };
    const { length } = sandbox.requests;
    for (const yes of [[], ['--yes'].filter(() => !argv.startsWith('query'))]) {
      const ran = await cli([...argv.split(' '), ...yes], env, typing('\r\r', 'Which merchant'));
      expect([ran.code, sandbox.requests.length]).toEqual([2, length]);
    }
  },
);

it(`a named merchant takes its own key and host, and nothing of another (${SOURCES.join(', ')})`, async () => {
  const { merchant } = sandbox;
  const order = sandbox.orders.create({ state: 'paid', outTradeNo: 'T-2', merchant: other });
  const env = { ...variablesOf(merchant), ...variablesOf(other, 'WECHATPAY_HK_') };
  const ran = await cli(['query', 'T-2', '--merchant', 'hk', '--json'], env);
  expect([ran.code, ran.json.result.merchantId]).toEqual([0, other.merchantId]);
  expect((await cli(['query', 'T-2', '--merchant', 'default'], env)).code).toBe(1);
  // Without its host, it would be the one of the documentation: nothing is taken from the other merchant.
  const { WECHATPAY_HK_API_KEY: _, ...withoutKey } = env;
  expect((await cli(['refund', 'T-2', '--all', '--yes', '--merchant', 'hk'], withoutKey)).code).toBe(2);
  expect(order.money.refunded).toBe(0);
});

it(`Enter, twice, is No (${SOURCES.join(', ')})`, async () => {
  const order = sandbox.orders.create({ state: 'paid', outTradeNo: 'T-3' });
  const person = typing('\r\r', 'Go on?');
  const ran = await cli(['refund', 'T-3', '--all'], variablesOf(sandbox.merchant), person);
  expect([ran.code, order.money.refunded]).toEqual([1, 0]);
  for (const shown of [sandbox.merchant.merchantId, 'localhost', 'HKD 12.50']) expect(person.shown()).toContain(shown);
});

it(`an order of the merchant before is asked for and refunded by that one alone (${OLD_MERCHANT})`, async () => {
  const order = sandbox.orders.create({ state: 'paid', outTradeNo: 'T-4', merchant: other });
  const env = { ...variablesOf(sandbox.merchant), ...variablesOf(other, 'WECHATPAY_OLD_') };
  expect((await cli(['refund', 'T-4', '--all', '--yes', '--merchant', 'default'], env)).code).toBe(1);
  const { length } = sandbox.requests;
  const ran = await cli(['refund', 'T-4', '--all', '--yes', '--merchant', other.merchantId, '--json'], env, {
    now: () => sandbox.clock.now(),
    wait: (until) => {
      sandbox.clock.advance(Math.max(0, until - sandbox.clock.now()));
      return Promise.resolve();
    },
  });
  expect([ran.code, ran.json.result.proven, order.money.refunded]).toEqual([0, true, 1250]);
  const asked = sandbox.requests.slice(length).map(({ fields, answer }) => `${fields.mch_id ?? ''} ${answer ?? ''}`);
  expect(asked.filter((line) => !line.startsWith(other.merchantId))).toEqual([]);
});

it.each<[number, string | undefined]>([
  [29, 'certificate-expires-soon'],
  [31, undefined],
])(`a certificate that is good for %i days is told of in time (${NEW_CERTIFICATE.join(', ')})`, async (days, cause) => {
  const { merchantId } = sandbox.merchant;
  const notAfter = new Date(Date.now() + days * 24 * 60 * 60 * 1_000);
  const { pfx } = await sandbox.authority.issueClient({ commonName: merchantId, passphrase: merchantId, notAfter });
  const env = { ...variablesOf(sandbox.merchant), WECHATPAY_PFX: pfx.toString('base64') };
  const { json } = await cli(['doctor', '--offline', '--json'], env);
  const causes = (json.result.findings as { cause?: string }[]).map((finding) => finding.cause);
  expect(causes.includes('certificate-expires-soon')).toBe(cause !== undefined);
  // The next command reads the file anew: nothing has to be started again.
  expect((await cli(['reverse', 'T-1', '--merchant', 'default', '--dry-run'], env)).code).toBe(0);
});
