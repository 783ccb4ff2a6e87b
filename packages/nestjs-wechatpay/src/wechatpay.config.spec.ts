import 'reflect-metadata';
import { WechatPayConfigError, type WechatPayConfig } from 'wechatpay-core';
import { CertificateAuthority, type ClientCertificate } from 'wechatpay-sandbox';
import { afterEach, beforeAll, expect, it, test, vi } from 'vitest';
import { wechatPayConfig } from './wechatpay.config.js';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
let issued: ClientCertificate;
let valid: Record<string, string>;

beforeAll(async () => {
  issued = await new CertificateAuthority().issueClient({ commonName: '10000100' });
  valid = {
    WECHATPAY_APP_ID: 'wx2421b1c4370ec43b',
    WECHATPAY_MERCHANT_ID: '10000100',
    WECHATPAY_API_KEY: API_KEY,
    WECHATPAY_PFX: issued.pfx.toString('base64'),
  };
});

afterEach(() => {
  vi.unstubAllEnvs();
});

function load(environment: Record<string, string>): WechatPayConfig {
  for (const [name, value] of Object.entries({ ...valid, ...environment })) vi.stubEnv(name, value);
  return wechatPayConfig();
}

it('reads the required variables and leaves the rest to the defaults', () => {
  expect(load({})).toEqual({
    appId: 'wx2421b1c4370ec43b',
    merchantId: '10000100',
    apiKey: API_KEY,
    certificate: { pfx: valid.WECHATPAY_PFX },
  });
});

it('reads every variable', () => {
  const config = load({
    WECHATPAY_PFX: '',
    WECHATPAY_CERT: issued.cert,
    WECHATPAY_KEY: Buffer.from(issued.key).toString('base64'),
    WECHATPAY_SIGN_TYPE: 'MD5',
    WECHATPAY_SUB_APP_ID: 'wx2',
    WECHATPAY_SUB_MERCHANT_ID: '1900000109',
    WECHATPAY_BASE_URL: 'https://apihk.mch.weixin.qq.com, https://api.mch.weixin.qq.com',
    WECHATPAY_CA: issued.cert,
    WECHATPAY_PROXY: 'http://proxy.internal:3128',
    WECHATPAY_CONNECT_TIMEOUT_MS: '1000',
    WECHATPAY_TIMEOUT_MS: ' 2000 ',
  });
  expect(config).toMatchObject({
    certificate: { cert: issued.cert.trim() },
    signType: 'MD5',
    subAppId: 'wx2',
    subMerchantId: '1900000109',
    baseUrl: ['https://apihk.mch.weixin.qq.com', 'https://api.mch.weixin.qq.com'],
    ca: issued.cert.trim(),
    proxy: 'http://proxy.internal:3128',
    connectTimeoutMs: 1000,
    timeoutMs: 2000,
  });
});

test.each<[variable: string, environment: Record<string, string>]>([
  ['WECHATPAY_APP_ID', { WECHATPAY_APP_ID: '' }],
  ['WECHATPAY_MERCHANT_ID', { WECHATPAY_MERCHANT_ID: '   ' }],
  ['WECHATPAY_API_KEY', { WECHATPAY_API_KEY: 'short' }],
  ['WECHATPAY_PFX', { WECHATPAY_PFX: '' }],
  ['WECHATPAY_PFX', { WECHATPAY_PFX: '/nowhere/apiclient_cert.p12' }],
  ['WECHATPAY_PASSPHRASE', { WECHATPAY_PASSPHRASE: 'wrong' }],
  ['WECHATPAY_CERT', { WECHATPAY_PFX: '', WECHATPAY_KEY: '/nowhere/key.pem' }],
  ['WECHATPAY_PFX', { WECHATPAY_KEY: 'a key' }],
  ['WECHATPAY_TIMEOUT_MS', { WECHATPAY_TIMEOUT_MS: '0x10' }],
  ['WECHATPAY_SIGN_TYPE', { WECHATPAY_SIGN_TYPE: 'SHA1' }],
  ['WECHATPAY_SUB_APP_ID', { WECHATPAY_SUB_APP_ID: 'x'.repeat(33) }],
  ['WECHATPAY_BASE_URL', { WECHATPAY_BASE_URL: 'http://localhost' }],
  ['WECHATPAY_PROXY', { WECHATPAY_PROXY: 'socks5://proxy' }],
  ['WECHATPAY_CA', { WECHATPAY_CA: '/nowhere/ca.pem' }],
  ['WECHATPAY_TIMEOUT_MS', { WECHATPAY_TIMEOUT_MS: '15s' }],
  ['WECHATPAY_CONNECT_TIMEOUT_MS', { WECHATPAY_CONNECT_TIMEOUT_MS: '0' }],
  ['WECHATPAY_TIMEOUT', { WECHATPAY_TIMEOUT: '1000' }],
  ['WECHATPAY_CONNECT_TIMEOUT', { WECHATPAY_CONNECT_TIMEOUT: '1000' }],
  ['WECHATPAY_MCH_ID', { WECHATPAY_MCH_ID: '10000100' }],
  ['WECHATPAY_PASPHRASE', { WECHATPAY_PASPHRASE: 'x' }],
  ['WECHATPAY_SIGNTYPE', { WECHATPAY_SIGNTYPE: 'MD5' }],
  ['WECHATPAY_BASEURL', { WECHATPAY_BASEURL: 'https://a.example' }],
  ['WECHATPAY_SUB_MCH_ID', { WECHATPAY_SUB_MCH_ID: '1' }],
  ['WECHATPAY_PROXY_URL', { WECHATPAY_PROXY_URL: 'http://proxy.internal:3128' }],
  ['WECHATPAY_PROXY_HOST', { WECHATPAY_PROXY_HOST: 'proxy.internal' }],
  ['WECHATPAY_CERT_PATH', { WECHATPAY_CERT_PATH: '/etc/cert.pem' }],
  ['WECHATPAY_PRIVATE_KEY', { WECHATPAY_PRIVATE_KEY: '/etc/key.pem' }],
])('names %s where %j', (variable, environment) => {
  expect(() => load(environment)).toThrow(WechatPayConfigError);
  expect(() => load(environment)).toThrow(new RegExp(`^${variable}: `));
});

it.each(['"', "'"])('takes quotes that an env file has kept off: %s', (quote) => {
  const quoted = (value: string): string => `${quote}${value}${quote}`;
  const { subMerchantId, subAppId, signType, proxy } = load({
    WECHATPAY_SUB_MERCHANT_ID: quoted('1900000201'),
    WECHATPAY_SUB_APP_ID: quoted('wx3'),
    WECHATPAY_SIGN_TYPE: quoted('MD5'),
    WECHATPAY_PROXY: quoted('false'),
  });
  expect({ subMerchantId, subAppId, signType, proxy }).toEqual({
    subMerchantId: '1900000201',
    subAppId: 'wx3',
    signType: 'MD5',
    proxy: false,
  });
});

it.each([
  'WECHATPAY_NOTIFY_HOST',
  'WECHATPAY_NOTIFY_URL',
  'WECHATPAY_API_V3_KEY',
  'WECHATPAY_APIV3_KEY',
  'WECHATPAY_HK_API_KEY',
  'WECHATPAY_API_KEY_OLD',
  'WECHATPAY_API_KEY_FILE',
  'WECHATPAY_DATABASE_URL',
  'WECHATPAY_ENABLED',
])('leaves %s to the application', (variable) => {
  expect(() => load({ [variable]: 'x' })).not.toThrow();
});

it('says what was meant by a variable that is nearly a known one, and takes an empty one for not set', () => {
  expect(() => load({ WECHATPAY_TIMEOUT: '1000' })).toThrow(
    /^WECHATPAY_TIMEOUT: is unknown, and nothing would read it\. Did you mean WECHATPAY_TIMEOUT_MS\?/,
  );
  expect(() => load({ WECHATPAY_TIMEOUT: '' })).not.toThrow();
});

it('names every variable that is missing, and each as missing', () => {
  let error: unknown;
  try {
    load(Object.fromEntries(Object.keys(valid).map((name) => [name, ''])));
  } catch (thrown) {
    error = thrown;
  }
  const missing = expect.stringMatching(/^is missing[;,]/) as string;
  expect((error as WechatPayConfigError).problems).toEqual([
    { field: 'WECHATPAY_APP_ID', problem: missing },
    { field: 'WECHATPAY_MERCHANT_ID', problem: missing },
    { field: 'WECHATPAY_API_KEY', problem: missing },
    { field: 'WECHATPAY_PFX', problem: missing },
  ]);
  expect((error as WechatPayConfigError).message.split('\n')).toHaveLength(4);
});

it('says what is wrong with PEM text that an env file has cut, without showing it', () => {
  const [first = '', second = ''] = issued.key.split('\n');
  const cut = { WECHATPAY_PFX: '', WECHATPAY_CERT: issued.cert, WECHATPAY_KEY: `${first}\n${second}` };
  expect(() => load(cut)).toThrow(/^WECHATPAY_KEY: begins with -----BEGIN PRIVATE KEY----- and has no line -----END/);
  expect(() => load(cut)).not.toThrow(second);
});
