import { inspect } from 'node:util';
import { expect, it, test } from 'vitest';
import * as core from './index.js';
import { WechatPayClient, WechatPayConfigError, type Transport, type WechatPayConfig } from './index.js';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const transport: Transport = () => Promise.reject(new Error('not called here'));
const valid: WechatPayConfig = { appId: 'wx2421b1c4370ec43b', merchantId: '10000100', apiKey: API_KEY, transport };

test.each<[field: string, change: Record<string, unknown>, message?: RegExp]>([
  ['appId', { appId: undefined }],
  ['appId', { appId: '' }],
  ['appId', { appId: 'x'.repeat(33) }],
  ['appId', { appId: 'wx1 ' }],
  ['merchantId', { merchantId: 10000100 }, /must be a string/],
  ['merchantId', { merchantId: '商户' }],
  ['subMerchantId', { subMerchantId: '' }],
  ['subAppId', { subAppId: 'x'.repeat(33) }],
  ['apiKey', { apiKey: undefined }, /32-character API key/],
  ['apiKey', { apiKey: 'short' }, /this one has 5/],
  ['apiKey', { apiKey: `${API_KEY}\n` }, /this one has 33/],
  ['previousApiKey', { previousApiKey: 'x' }, /must be an object/],
  ['previousApiKey.apiKey', { previousApiKey: { until: new Date() } }, /is missing; it is the 32-character/],
  ['previousApiKey.apiKey', { previousApiKey: { apiKey: API_KEY, until: new Date() } }, /is the same as apiKey/],
  ['previousApiKey.until', { previousApiKey: { apiKey: 'x'.repeat(32), until: new Date('x') } }, /valid Date/],
  [
    'previousApiKey.expires',
    { previousApiKey: { apiKey: 'x'.repeat(32), until: new Date(), expires: 1 } },
    /is unknown/,
  ],
  ['certificate', { transport: undefined }, /is missing/],
  ['certificate', { certificate: '/path/apiclient_cert.p12' }, /\{ pfx \}/],
  ['signType', { signType: 'SHA1' }, /'HMAC-SHA256' or 'MD5'/],
  ['baseUrl', { baseUrl: 'http://apihk.mch.weixin.qq.com' }, /https: origin/],
  ['baseUrl', { baseUrl: 'apihk.mch.weixin.qq.com' }],
  ['baseUrl', { baseUrl: 'https://apihk.mch.weixin.qq.com/secapi/pay/reverse' }, /without a path/],
  ['baseUrl', { baseUrl: [] }, /empty list/],
  ['baseUrl', { baseUrl: ['https://api.mch.weixin.qq.com', 'ftp://x'] }],
  ['baseUrl', { baseUrl: null }, /https: origin/],
  ['baseUrl', { baseUrl: [443] }, /https: origin/],
  ['now', { now: 0 }, /must be a function/],
  ['transport', { transport: 'https' }, /must be a function/],
  ['ca', { ca: 'LS0tLS1CRUdJTi' }],
  ['ca', { ca: Buffer.from('not a certificate') }, /PEM/],
  ['ca', { ca: '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----' }, /cannot be read/],
  ['ca', { ca: null }, /is missing/],
  ['now', { now: () => new Date(Number.NaN) }, /milliseconds since 1970/],
  ['apiKey', { apiKey: `${API_KEY.slice(1)} ` }, /a space or a character outside of ASCII/],
  ['certificate', { certificate: { pfx: undefined } }, /is missing/],
  ['connectTimeoutMs', { connectTimeoutMs: 0 }, /it is 0\.$/],
  ['connectTimeoutMs', { connectTimeoutMs: '5000' }, /whole number of milliseconds/],
  ['timeoutMs', { timeoutMs: 2 ** 31 }],
  ['timeoutMs', { timeoutMs: Number.NaN }, /it is NaN/],
  ['appId', { appId: null }, /^appId: is missing;/],
  ['merchantId', { merchantId: undefined }, /^merchantId: is missing;/],
  ['merchantId', { merchantId: '' }, /^merchantId: is empty;/],
  ['apiKey', { apiKey: '' }, /^apiKey: is empty;/],
  [
    'now',
    {
      now: () => {
        throw new Error('no clock');
      },
    },
    /threw an error/,
  ],
  ['apikey', { apikey: API_KEY }, /is unknown.*Did you mean apiKey\?$/],
  ['mch_id', { mch_id: '10000100' }, /Did you mean merchantId\?$/],
  ['timeout', { timeout: 1000 }, /Did you mean timeoutMs\?$/],
  ['pfx', { pfx: 'cert.p12' }, /Did you mean certificate\?$/],
  ['retries', { retries: 3 }, /^retries: is unknown, and nothing would read it\. Valid properties: appId, merchantId/],
  ['certificate.p12', { certificate: { pfx: 'x', p12: 'x' } }, /Did you mean pfx\?$/m],
  ['certificate.password', { certificate: { pfx: 'x', password: 'x' } }, /Did you mean passphrase\?$/m],
  ['certificate.pfx', { certificate: { pfx: 'x', cert: 'x', key: 'x' } }, /beside cert or key/],
  ['certificate', { certificate: {} }, /is missing; give \{ pfx \}/],
])('refuses a wrong %s: %j', (field, change, message = /./) => {
  const config = { ...valid, ...change };
  expect(() => new WechatPayClient(config)).toThrow(WechatPayConfigError);
  try {
    new WechatPayClient(config);
  } catch (error) {
    expect(error).toMatchObject({
      field,
      name: 'WechatPayConfigError',
      code: 'WECHATPAY_INVALID_CONFIG',
      outcome: 'not-sent',
    });
    expect((error as Error).message).toMatch(new RegExp(`^${field}: `));
    expect((error as Error).message).toMatch(message);
    expect(inspect(error)).not.toContain(API_KEY);
  }
});

it('names everything that is missing or wrong in one error, the first as its field', () => {
  let error: unknown;
  try {
    new WechatPayClient({ baseUrl: 'http://x', certificate: { cert: '', key: undefined }, apikey: API_KEY } as never);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({
    field: 'apikey',
    problems: [
      { field: 'apikey', problem: expect.stringContaining('Did you mean apiKey?') as string },
      { field: 'appId', problem: expect.stringMatching(/^is missing;/) as string },
      { field: 'merchantId', problem: expect.stringMatching(/^is missing;/) as string },
      { field: 'apiKey', problem: expect.stringMatching(/^is missing;/) as string },
      { field: 'certificate.cert', problem: expect.stringMatching(/^is empty;/) as string },
      { field: 'certificate.key', problem: expect.stringMatching(/^is missing;/) as string },
      { field: 'baseUrl', problem: expect.stringMatching(/^must be an https: origin/) as string },
    ],
  });
  const { message, problems } = error as WechatPayConfigError;
  expect(message).toBe(problems.map(({ field, problem }) => `${field}: ${problem}`).join('\n'));
  expect(inspect(error)).not.toContain(API_KEY);
});

it('refuses a setting whose getter throws, by name', () => {
  const config = Object.defineProperty({ ...valid }, 'signType', {
    enumerable: true,
    get() {
      throw new Error('not loaded yet');
    },
  });
  expect(() => new WechatPayClient(config)).toThrow(/^signType: cannot be read: its getter threw\./);
});

test.each([undefined, null, 'wx1'])('refuses %j for settings', (config) => {
  expect(() => new WechatPayClient(config as never)).toThrow(/^config: must be an object/);
});

it('talks to the gateway for servers outside of mainland China unless told otherwise', () => {
  expect(new WechatPayClient(valid).baseUrls).toEqual(['https://apihk.mch.weixin.qq.com']);
});

it('takes several hosts, each once', () => {
  const baseUrl = ['https://a.example', 'https://b.example/', 'https://a.example:443'];
  expect(new WechatPayClient({ ...valid, baseUrl }).baseUrls).toEqual(['https://a.example', 'https://b.example']);
});

it('shows no secret of a client in inspect or JSON', () => {
  const client = new WechatPayClient({ ...valid, subMerchantId: '1' });
  const shown = inspect(client, { depth: null, showHidden: true }) + JSON.stringify(client);
  expect(shown).toContain('10000100');
  expect(shown).not.toContain(API_KEY);
});

test.each(
  Object.entries(core)
    .filter(([, exported]) => typeof exported === 'object' && 'path' in exported && 'errorCodes' in exported)
    .map(([name]) => name.toLowerCase().replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase())),
)('limits takes every operation by the name of its function: %s', (operation) => {
  expect(core).toHaveProperty(operation);
  expect(() => {
    core.validateConfig({ ...valid, limits: { [operation]: { perSecond: 10 } } });
  }).not.toThrow();
});
