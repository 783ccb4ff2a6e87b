import { afterEach, describe, expect, it, vi } from 'vitest';
import { chooseGateway } from './gateway.js';
import { readAllowedHosts, readPort, readPublicUrl, readSpeed, readToken, SettingError } from './settings.js';

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('NODE_ENV without a WECHATPAY_* variable', () => {
  it.each(['production', 'Production', 'prod', 'staging', 'live'])(
    '%s: the sandbox is refused',
    async (environment) => {
      vi.stubEnv('NODE_ENV', environment);
      await expect(chooseGateway()).rejects.toThrow(SettingError);
      await expect(chooseGateway()).rejects.toThrow(
        new RegExp(`^NODE_ENV: is "${environment}".*WECHATPAY_MERCHANT_ID`, 's'),
      );
    },
  );

  it.each(['', 'development', 'test'])('%j: the sandbox stands in', async (environment) => {
    vi.stubEnv('NODE_ENV', environment);
    expect((await chooseGateway()).demo).toBeDefined();
  });
});

describe('what no setting may be', () => {
  it.each(['https://till.shop.example', 'till.shop.example/', '*', 'a b', 'till.shop.example:port'])(
    'ALLOWED_HOSTS: %j',
    (host) => {
      expect(() => readAllowedHosts(`till.shop.example,${host}`)).toThrow(
        `ALLOWED_HOSTS: ${JSON.stringify(host)} is not a host`,
      );
    },
  );

  it.each(['short', 'with a space in it', 'ünïcödé-letters', 'x'.repeat(201)])('TILL_TOKEN: %j', (token) => {
    expect(() => readToken(token)).toThrow(/^TILL_TOKEN: must be 12 to 200/);
  });

  it.each([
    'shop.example',
    'http://shop.example',
    'ftp://shop.example',
    'https://shop.example/?m=1',
    'https://shop.example/?',
    'https://shop.example/#a',
    'https://user@shop.example',
  ])('PUBLIC_URL: %j', (url) => {
    expect(() => readPublicUrl(url)).toThrow(`PUBLIC_URL: ${JSON.stringify(url)} is not where WeChat Pay`);
  });

  it.each(['65536', '-1', '80.5', 'http'])('PORT: %j', (port) => {
    expect(() => readPort(port)).toThrow(`PORT: must be a number from 0 to 65535, not "${port}"`);
  });

  it.each(['0', '100', '-1', 'fast'])('DEMO_SPEED: %j', (speed) => {
    expect(() => readSpeed(speed)).toThrow(`DEMO_SPEED: must be a number from 1 to 99, not "${speed}"`);
  });
});

it('is what it says, or the default where it says nothing', () => {
  expect(readAllowedHosts('till.shop.example, [2001:db8::1]:8443,')).toEqual([
    'till.shop.example',
    '[2001:db8::1]:8443',
  ]);
  expect(readToken('known-to-the-shop')).toBe('known-to-the-shop');
  expect(readToken()).toMatch(/^[\w-]{20}$/);
  expect(readPublicUrl()).toBeUndefined();
  expect(readPublicUrl('https://shop.example/till/')).toBe('https://shop.example/till');
  expect(readPublicUrl('http://localhost:3000')).toBe('http://localhost:3000');
  expect([readPort(), readPort('0'), readPort('65535')]).toEqual([3000, 0, 65_535]);
  expect([readSpeed(), readSpeed('1'), readSpeed('99')]).toEqual([1, 1, 99]);
});
