import { expect, it, test } from 'vitest';
import { configFromEnvironment, readEnvironment } from './index.js';

// Each variable and each fault is tested where NestJS reads them: nestjs-wechatpay/src/wechatpay.config.spec.ts.
const sound = { APP_ID: 'wx2421b1c4370ec43b', MERCHANT_ID: '10000100', API_KEY: '192006250b4c09247ec02edce69f6a2d' };

function variables(prefix: string, more: Record<string, string> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries({ ...sound, ...more }).map(([name, value]) => [prefix + name, value]));
}

it('reads another merchant by another prefix, and nothing of the first', () => {
  const environment = {
    ...variables('WECHATPAY_'),
    ...variables('WECHATPAY_HK_', { MERCHANT_ID: '1900000109', SIGN_TYPE: 'MD5' }),
  };
  const { settings, problems } = readEnvironment(environment, { prefix: 'WECHATPAY_HK_' });
  expect(settings).toMatchObject({ merchantId: '1900000109', signType: 'MD5', certificate: undefined });
  expect(problems).toEqual([
    { field: 'WECHATPAY_HK_PFX', problem: expect.stringContaining('WECHATPAY_HK_CERT') as string },
  ]);
  expect(readEnvironment(environment).settings).toMatchObject({ merchantId: '10000100', signType: undefined });
});

it('reads the key before a change, and names each half of it that is wrong', () => {
  const read = (more: Record<string, string>): ReturnType<typeof readEnvironment> =>
    readEnvironment(variables('WECHATPAY_', { CERT: 'x', ...more }));
  const [PREVIOUS_API_KEY, PREVIOUS_API_KEY_UNTIL] = ['k'.repeat(32), '2027-03-02T08:00:00+08:00'];
  const whole = read({ PREVIOUS_API_KEY, PREVIOUS_API_KEY_UNTIL });
  expect(whole.settings.previousApiKey).toEqual({ apiKey: PREVIOUS_API_KEY, until: new Date('2027-03-02T00:00:00Z') });
  const wrong = (more: Record<string, string>): string[] =>
    read(more).problems.flatMap(({ field }) => (field.includes('PREVIOUS') ? field : []));
  expect(wrong({ PREVIOUS_API_KEY, PREVIOUS_API_KEY_UNTIL })).toEqual([]);
  expect(wrong({ PREVIOUS_API_KEY })).toEqual(['WECHATPAY_PREVIOUS_API_KEY_UNTIL']);
  expect(wrong({ PREVIOUS_API_KEY, PREVIOUS_API_KEY_UNTIL: '2027-03-02T00:00:00' })).toEqual([
    'WECHATPAY_PREVIOUS_API_KEY_UNTIL',
  ]);
  expect(wrong({ PREVIOUS_API_KEY_UNTIL })).toEqual(['WECHATPAY_PREVIOUS_API_KEY']);
});

it('names a mistyped variable with its prefix', () => {
  const environment = variables('SHOP_', { TIMEOUT: '1000' });
  expect(() => configFromEnvironment(environment, { prefix: 'SHOP_' })).toThrow(
    /^SHOP_TIMEOUT: .*Did you mean SHOP_TIMEOUT_MS\?/,
  );
});

test.each([{ prefix: 'wechatpay_' }, { prefix: 'WECHATPAY' }, { prefix: 1 }, { perfix: 'A_' }])(
  'refuses the options %j',
  (options) => {
    expect(() => readEnvironment({}, options as never)).toThrow(/prefix/);
  },
);
