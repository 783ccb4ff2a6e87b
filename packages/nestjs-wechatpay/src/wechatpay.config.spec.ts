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
  ['WECHATPAY_CA', { WECHATPAY_CA: '/nowhere/ca.pem' }],
  ['WECHATPAY_TIMEOUT_MS', { WECHATPAY_TIMEOUT_MS: '15s' }],
  ['WECHATPAY_CONNECT_TIMEOUT_MS', { WECHATPAY_CONNECT_TIMEOUT_MS: '0' }],
])('names %s where %j', (variable, environment) => {
  expect(() => load(environment)).toThrow(WechatPayConfigError);
  expect(() => load(environment)).toThrow(new RegExp(`^${variable}: `));
});
