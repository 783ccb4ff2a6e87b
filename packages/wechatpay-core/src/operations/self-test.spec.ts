import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';
import { expectNoSecrets } from '../../test/secrets.js';
import { selfTest, WechatPayClient, type SelfTestReport, type Transport, type WechatPayConfig } from '../index.js';

const WRONG_CERTIFICATE = {
  outcome: 'wrong-certificate',
  checks: { apiKey: 'proven', identity: 'proven', certificate: 'refused' },
};

let sandbox: Sandbox;
let other: Merchant;
let institution: Merchant;
const clients: WechatPayClient[] = [];

beforeAll(async () => {
  sandbox = await Sandbox.start();
  other = await sandbox.merchants.create();
  institution = await sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1900000201' }] });
});
afterEach(async () => {
  sandbox.reset();
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(() => sandbox.stop());

function test(
  changes: Partial<WechatPayConfig> = {},
  options?: Parameters<typeof selfTest>[1],
): Promise<SelfTestReport> {
  const client = new WechatPayClient({ ...sandbox.merchant, ...changes });
  clients.push(client);
  return selfTest(client, options);
}

it('proves key, appid, mch_id and certificate by two questions about an order that cannot exist', async () => {
  expect(await test()).toEqual({
    outcome: 'ok',
    checks: { apiKey: 'proven', identity: 'proven', certificate: 'proven' },
    message: expect.stringContaining('API key, appid, mch_id and certificate are proven') as string,
  });
  const requests = sandbox.requests.slice(-2);
  expect(requests.map(({ path, clientCertificate }) => ({ path, clientCertificate }))).toEqual([
    { path: '/pay/orderquery', clientCertificate: undefined },
    { path: '/secapi/pay/reverse', clientCertificate: sandbox.merchant.merchantId },
  ]);
  // WeChat Pay's own numbers are digits, so that no order has one with letters.
  for (const { fields } of requests) {
    expect(fields.transaction_id).toMatch(/^selftest[0-9a-f]{24}$/);
    expect(fields.out_trade_no).toBeUndefined();
  }
});

it('takes another number each time', async () => {
  await test();
  await test();
  expect(new Set(sandbox.requests.slice(-4).map(({ fields }) => fields.transaction_id)).size).toBe(2);
});

describe.each<['MD5' | 'HMAC-SHA256']>([['MD5'], ['HMAC-SHA256']])('with %s', (signType) => {
  it("tells another merchant's certificate", async () => {
    const { pfx, passphrase } = other.certificate;
    expect(await test({ signType, certificate: { pfx, passphrase } })).toMatchObject({
      outcome: 'wrong-certificate',
      checks: { apiKey: 'proven', identity: 'proven', certificate: 'refused' },
      message: expect.stringMatching(/certificate.*of this merchant.*Merchant Platform/) as string,
    });
  });

  it('tells a wrong API key', async () => {
    const report = await test({ signType, apiKey: other.apiKey });
    expect(report).toMatchObject({
      outcome: 'wrong-key',
      checks: { apiKey: 'refused', identity: 'unproven', certificate: 'unproven' },
      message: expect.stringMatching(/API key/) as string,
    });
    expectNoSecrets(report, other);
  });
});

it('tells an appid of another merchant', async () => {
  expect(await test({ appId: other.appId })).toMatchObject({
    outcome: 'identity-mismatch',
    checks: { apiKey: 'proven', identity: 'refused', certificate: 'unproven' },
    message: expect.stringMatching(/appid.*mch_id/) as string,
  });
});

it('tells a merchant that the gateway does not know', async () => {
  const { pfx, passphrase } = sandbox.merchant.certificate;
  const report = await test({ merchantId: '1900009999', certificate: { pfx, passphrase } });
  expect(report).toMatchObject({ outcome: 'identity-mismatch', checks: { identity: 'refused' } });
});

it('tells a gateway that cannot be reached, and asks no more', async () => {
  const report = await test({ baseUrl: 'https://127.0.0.1:9', connectTimeoutMs: 1000 });
  expect(report).toMatchObject({
    outcome: 'unreachable',
    checks: { apiKey: 'unproven', identity: 'unproven', certificate: 'unproven' },
    error: { code: 'WECHATPAY_CONNECTION' },
  });
});

it("asks for an institution's sub-merchant, that of the client or another", async () => {
  expect((await test({ ...institution, subMerchantId: '1900000201' })).outcome).toBe('ok');
  expect((await test({ ...institution }, { subMerchantId: '1900000201' })).outcome).toBe('ok');
  expect(await test({ ...institution })).toMatchObject({
    outcome: 'unproven',
    checks: { apiKey: 'proven', identity: 'unproven' },
    message: expect.stringContaining('PARAM_ERROR') as string,
  });
});

it('ends when the caller aborts', async () => {
  const report = await test({}, { signal: AbortSignal.abort() });
  expect(report).toMatchObject({ outcome: 'unreachable', error: { code: 'WECHATPAY_ABORTED' } });
});

it('refuses an option that it does not read, by name', async () => {
  await expect(test({}, { subMchId: '1' } as never)).rejects.toThrow(/^subMchId: .*Did you mean subMerchantId\?/);
  await expect(selfTest({} as never)).rejects.toThrow(/^client: must be a WechatPayClient/);
});

describe('what a gateway may answer', () => {
  const fail = (returnMessage: string) =>
    `<xml><return_code>FAIL</return_code><return_msg>${returnMessage}</return_msg></xml>`;
  const html = '<html><body>400 The SSL certificate error</body></html>';
  type Case = [name: string, path: string, answer: { status?: number; body: string } | Error, expected: object];
  const cases: Case[] = [
    ['签名错误', '/pay/orderquery', { body: fail('签名错误') }, { outcome: 'wrong-key' }],
    [
      'appid and mch_id',
      '/pay/orderquery',
      { body: fail('appid and mch_id not match') },
      { outcome: 'identity-mismatch' },
    ],
    ['商户号', '/pay/orderquery', { body: fail('商户号该产品权限未开通') }, { outcome: 'unproven' }],
    ['频率限制', '/pay/orderquery', { body: fail('频率限制') }, { outcome: 'unproven' }],
    ['502', '/pay/orderquery', { status: 502, body: '' }, { outcome: 'unreachable' }],
    ['no XML', '/pay/orderquery', { body: 'welcome to our hotel' }, { outcome: 'unproven' }],
    ['certificate not match', '/secapi/pay/reverse', { body: fail('certificate not match') }, WRONG_CERTIFICATE],
    ['证书验证失败', '/secapi/pay/reverse', { body: fail('证书验证失败') }, WRONG_CERTIFICATE],
    ['an SSL error page', '/secapi/pay/reverse', { status: 400, body: html }, WRONG_CERTIFICATE],
    ['503', '/secapi/pay/reverse', { status: 503, body: '' }, { outcome: 'unreachable', checks: { apiKey: 'proven' } }],
    [
      'no reason',
      '/secapi/pay/reverse',
      { body: fail('') },
      { outcome: 'unproven', checks: { certificate: 'unproven' } },
    ],
    [
      'a TLS alert',
      '/secapi/pay/reverse',
      Object.assign(new Error('ssl3_read_bytes:tlsv13 alert certificate required'), {
        code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      }),
      WRONG_CERTIFICATE,
    ],
    ['a closed connection', '/secapi/pay/reverse', new Error('closed'), { outcome: 'unreachable' }],
  ];

  it.each(cases)('%s to %s', async (_, path, answer, expected) => {
    const transport: Transport = (request) => {
      if (request.path !== path) {
        const { body, path: address } = request;
        const sent = sandbox.handle({ path: address, body, clientCertificate: sandbox.merchant.merchantId });
        return sent.kind === 'reply' ? Promise.resolve(sent) : Promise.reject(new Error(sent.kind));
      }
      if (answer instanceof Error) return Promise.reject(answer);
      return Promise.resolve({ status: answer.status ?? 200, body: Buffer.from(answer.body) });
    };
    expect(await test({ transport })).toMatchObject(expected);
  });
});
