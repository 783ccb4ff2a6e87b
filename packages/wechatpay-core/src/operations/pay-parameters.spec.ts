import { describe, expect, it, test } from 'vitest';
import { NOTIFIED_KEY as KEY, notifiedClient } from '../../test/notified.js';
import published from '../../test/vectors/products.json' with { type: 'json' };
import {
  appPayParameters,
  jsapiPayParameters,
  jssdkPayParameters,
  miniProgramPayParameters,
  signFields,
  type SignType,
  type WechatPayClient,
  type WechatPayConfig,
} from '../index.js';

const PREPAY_ID = 'wx01200005000000aa';
const client = (changes: Partial<WechatPayConfig> = {}): WechatPayClient =>
  notifiedClient({ signType: 'HMAC-SHA256', now: () => 1_772_337_605_999, ...changes });

describe('published parameters', () => {
  const jsapi = published.vectors.flatMap(({ kind, key, fields, expected, ...vector }) =>
    kind.startsWith('jsapi-params') && key ? [{ ...vector, key, fields, expected }] : [],
  );
  test.each(jsapi)('$name ($source)', ({ key, fields, algorithm, expected }) => {
    expect(signFields(fields, key, algorithm as SignType)).toBe(expected);
    if (key.length !== 32) return; // a key that no merchant can have
    const { appId = '', timeStamp, nonceStr, package: prepay = '' } = fields;
    const owner = client({ apiKey: key, signType: algorithm as SignType, now: () => Number(timeStamp) * 1000 });
    const options = { appId, nonceStr };
    const prepayId = prepay.replace('prepay_id=', '');
    expect(jsapiPayParameters(owner, prepayId, options)).toEqual({ ...fields, paySign: expected });
    expect(miniProgramPayParameters(owner, prepayId, options).paySign).toBe(expected);
  });

  const app = published.vectors.filter(({ kind }) => kind === 'app-params-peer');
  test.each(app)('$name ($source)', ({ key, fields, expected }) => {
    const {
      appid: appId,
      partnerid: partnerId,
      prepayid = '',
      noncestr: nonceStr,
      timestamp,
    } = fields as Record<string, string>;
    const owner = client({ apiKey: key ?? '', signType: 'MD5', now: () => Number(timestamp) * 1000 });
    expect(appPayParameters(owner, prepayid, { appId, partnerId, nonceStr })).toEqual({ ...fields, sign: expected });
  });
});

// Computed with two independent programs.
describe('what the phone is given', () => {
  const orderSignedHmac = 'https://github.com/wxpay/WXPay-SDK-Java/issues/4';
  test.each<[SignType, string]>([
    ['HMAC-SHA256', 'F0E93B66579E9378194B23D0186DF6FB0CA460E0E29F04A73F929D71464FBBF6'],
    ['MD5', '5523D6A9C923189669215C1CE17B62FA'],
  ])(`is signed with the algorithm of the order: %s (${orderSignedHmac})`, (signType, paySign) => {
    const owner = client({ signType });
    expect(jsapiPayParameters(owner, PREPAY_ID, { nonceStr: 'n2' })).toEqual({
      appId: 'wx1111111111111111',
      timeStamp: '1772337605',
      nonceStr: 'n2',
      package: 'prepay_id=wx01200005000000aa',
      signType,
      paySign,
    });
  });

  const spellings = 'https://github.com/w7corp/easywechat/issues/1547';
  it(`has the names of its caller, and one signature (${spellings})`, () => {
    const common = { nonceStr: 'n2', package: 'prepay_id=wx01200005000000aa', signType: 'MD5' };
    const paySign = '5523D6A9C923189669215C1CE17B62FA';
    const owner = client({ signType: 'MD5' });
    const options = { nonceStr: 'n2' };
    expect(miniProgramPayParameters(owner, PREPAY_ID, options)).toEqual({
      timeStamp: '1772337605',
      ...common,
      paySign,
    });
    expect(jssdkPayParameters(owner, PREPAY_ID, options)).toEqual({ timestamp: '1772337605', ...common, paySign });
  });

  const lowerCase = 'https://github.com/yorkie/react-native-wechat/issues/203';
  test.each<[SignType, string]>([
    ['MD5', '4246C75F42EDCB27C5C4AEC484417B25'],
    ['HMAC-SHA256', '2CCD4A45160326E01A06D7A1D90AD7C10AA156EB80AAA76F4F9FDC2D25F2A4B7'],
  ])(`in an app has names in lower case, %s (${lowerCase})`, (signType, sign) => {
    expect(appPayParameters(client({ signType }), PREPAY_ID, { nonceStr: 'n2' })).toEqual({
      appid: 'wx1111111111111111',
      partnerid: '1900000301',
      prepayid: PREPAY_ID,
      package: 'Sign=WXPay',
      noncestr: 'n2',
      timestamp: '1772337605',
      sign,
    });
  });

  const comesBack = 'https://github.com/fudiwei/DotNetCore.SKIT.FlurlHttpClient.Wechat/issues/126';
  it(`is fresh each time, for one prepayId (${comesBack})`, () => {
    let now = 1_772_337_605_000;
    const owner = client({ now: () => now });
    const first = jsapiPayParameters(owner, PREPAY_ID);
    now += 600_000;
    const second = jsapiPayParameters(owner, PREPAY_ID);
    expect(second.package).toBe(first.package);
    expect([second.timeStamp, first.timeStamp]).toEqual(['1772338205', '1772337605']);
    expect(second.nonceStr).not.toBe(first.nonceStr);
    expect(second.paySign).not.toBe(first.paySign);
    expect(first.nonceStr).toMatch(/^[0-9a-f]{32}$/);
  });

  it('is for the appid of the sub-merchant where that is given', () => {
    const { appId, paySign, ...rest } = jsapiPayParameters(client(), PREPAY_ID, { appId: 'wx4', nonceStr: 'n' });
    expect(appId).toBe('wx4');
    expect(paySign).toBe(signFields({ appId, ...rest }, KEY, 'HMAC-SHA256'));
  });
});

describe('refuses', () => {
  const owner = client();
  test.each<[string, unknown, unknown, RegExp]>([
    ['no prepayId', undefined, undefined, /^prepayId: must be a text/],
    ['an empty one', '', undefined, /^prepayId: must be a text/],
    ['one that would add a field to what is signed', 'wx1&package=x', undefined, /^prepayId: holds a character/],
    ['one that is too long', 'x'.repeat(65), undefined, /^prepayId: has more than 64/],
    ['an unknown option', PREPAY_ID, { appid: 'wx4' }, /^appid: is unknown.*Did you mean appId\?$/],
    ['an empty option', PREPAY_ID, { appId: '' }, /^appId: must be a text/],
  ])('%s', (_, prepayId, options, message) => {
    expect(() => jsapiPayParameters(owner, prepayId as string, options as object)).toThrow(message);
  });

  it('what is no client', () => {
    expect(() => appPayParameters({ apiKey: KEY } as never, PREPAY_ID)).toThrow(/^client: must be a WechatPayClient/);
  });
});
