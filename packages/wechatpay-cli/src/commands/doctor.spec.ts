import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sandbox } from 'wechatpay-sandbox';
import { cli, variablesOf, type Ran } from '../../test/cli.js';
import { MISCONFIGURATIONS, type Planted, type World } from '../../test/misconfigurations.js';
import { Servers } from '../../test/servers.js';
import { CAUSES } from '../doctor/finding.js';

const DAY_MS = 86_400_000;
const guide = readFileSync(fileURLToPath(new URL('../../../../docs/guides/doctor.md', import.meta.url)), 'utf8');
const servers = new Servers();
let world: World;

beforeAll(async () => {
  const sandbox = await Sandbox.start();
  const { authority, merchant } = sandbox;
  const client = (notBefore: number, notAfter: number): ReturnType<typeof authority.issueClient> =>
    authority.issueClient({
      commonName: merchant.merchantId,
      notBefore: new Date(Date.now() + notBefore * DAY_MS),
      notAfter: new Date(Date.now() + notAfter * DAY_MS),
    });
  const [other, institution, expired, future, soon, elsewhere, outdated, honest] = await Promise.all([
    sandbox.merchants.create(),
    sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1900000201' }] }),
    client(-30, -1),
    client(1, 30),
    client(-1, 10),
    authority.issueServer({ hosts: ['apihk.mch.weixin.qq.com'] }),
    authority.issueServer({ notBefore: new Date(0), notAfter: new Date(DAY_MS) }),
    authority.issueServer(),
  ]);
  world = { sandbox, other, institution, expired, future, soon, elsewhere, outdated, honest, servers };
});
afterEach(() => {
  world.sandbox.reset();
});
afterAll(async () => {
  await servers.stop();
  await world.sandbox.stop();
});

function examine({ env = {}, io = {} }: Planted, ...more: string[]): Promise<Ran> {
  return cli(['doctor', '--json', ...more], { ...variablesOf(world.sandbox.merchant), ...env }, io);
}

interface Found {
  readonly check: string;
  readonly status: string;
  readonly cause?: string;
  readonly remedy?: string;
}

const findingsOf = ({ json }: Ran): readonly Found[] => json.result.findings as Found[];

it('finds nothing wrong where nothing is, and says what it looked at', async () => {
  const ran = await examine({});
  expect([ran.code, ran.json.result.healthy, ran.json.result.cause]).toEqual([0, true, null]);
  expect(findingsOf(ran).map(({ check, status }) => `${check} ${status}`)).toEqual([
    'runtime ok',
    'settings ok',
    'api-key ok',
    'certificate ok',
    'dns ok',
    'tcp ok',
    'tls ok',
    'clock ok',
    'gateway ok',
  ]);
  const { paths, orders } = {
    paths: world.sandbox.requests.map(({ path }) => path),
    orders: world.sandbox.orders.list(),
  };
  expect(paths).toEqual(['/', '/pay/orderquery', '/secapi/pay/reverse']);
  expect(orders).toEqual([]);
});

describe.each(MISCONFIGURATIONS)('$what', ({ cause, is, plant, what }) => {
  it(`is ${cause}`, async () => {
    const ran = await examine(await plant(world));
    const { secrets } = { secrets: [world.sandbox.merchant.apiKey, world.other.apiKey, 'user:word'] };
    for (const secret of secrets) expect(ran.stdout + ran.stderr).not.toContain(secret);
    const found = findingsOf(ran);
    // The first that is wrong is the one to begin with; a warning stands alone.
    const first = found.find(({ status }) => status === is);
    expect({ cause: first?.cause, hasRemedy: (first?.remedy ?? '').length > 10 }).toEqual({ cause, hasRemedy: true });
    if (is === 'failed') expect([ran.code, ran.json.result.cause]).toEqual([1, cause]);
    else if (cause !== 'api-key-placeholder')
      expect(found.filter(({ status }) => status === 'failed').length).toBeLessThan(2);
  });

  it('stands in the guide', () => {
    expect(guide).toMatch(new RegExp(`^\\| ${escape(what)} +\\| \`${cause}\``, 'm'));
  });
});

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

it('goes through a proxy, where one is set', async () => {
  const ran = await examine({ env: { WECHATPAY_PROXY: `http://127.0.0.1:${await servers.proxy()}` } });
  expect(findingsOf(ran).map(({ check, status }) => `${check} ${status}`)).toEqual([
    ...['runtime ok', 'settings ok', 'api-key ok', 'certificate ok', 'proxy ok', 'tls ok', 'clock ok', 'gateway ok'],
  ]);
});

it('asks nobody with --offline', async () => {
  const ran = await examine({ env: { WECHATPAY_BASE_URL: 'https://nobody.invalid' } }, '--offline');
  expect([ran.code, findingsOf(ran).filter(({ status }) => status === 'skipped').length]).toEqual([0, 2]);
});

it('every cause is planted, or said to be out of reach of a test', () => {
  // A dropped packet, an algorithm that a gateway refuses, an answer without a Date and the core's future settings cannot be had here.
  const outOfReach = ['connection-timeout', 'sign-type-refused', 'no-date', 'setting-wrong', 'certificate-incomplete'];
  const planted = MISCONFIGURATIONS.map(({ cause }) => cause);
  expect(CAUSES.filter((cause) => !planted.includes(cause)).sort()).toEqual(outOfReach.sort());
});

it('speaks to people, in their language', async () => {
  const env = { ...variablesOf(world.sandbox.merchant), WECHATPAY_API_KEY: 'short' };
  const english = await cli(['doctor', '--offline'], env);
  expect(english.stdout).toMatch(
    /FAILED +API key +WECHATPAY_API_KEY: has not 32 characters\n.*\n +Remedy: Copy the API key/,
  );
  const chinese = await cli(['doctor', '--offline'], { ...env, LANG: 'zh_CN.UTF-8' });
  expect(chinese.stdout).toMatch(/失败 API 密钥 +WECHATPAY_API_KEY: 不是 32 个字符\n +原文：/);
});

it('says in Chinese what it saw, where all is well', async () => {
  const { stdout } = await cli(['doctor'], { ...variablesOf(world.sandbox.merchant), LANG: 'zh_CN.UTF-8' });
  // Names, numbers and codes alone are the same in each language.
  const english = /\b(?:serial|issued|valid|here|there|are|the|and|within|proven)\b/;
  expect(stdout.split('\n').filter((line) => english.test(line))).toEqual([]);
  expect(stdout).toContain('一切正常。');
});
