import { inspect } from 'node:util';
import { describe, expect, it, vi } from 'vitest';
import { answering } from '../test/answering.js';
import { failure } from '../test/failure.js';
import * as ours from './index.js';

// The second copy: the same sources, evaluated again, as where a package manager installs two.
vi.resetModules();
const theirs = await import('./index.js');
const OPTIONS = {
  appId: 'wx2421b1c4370ec43b',
  merchantId: '10000100',
  apiKey: '192006250b4c09247ec02edce69f6a2d',
} as const;

describe('two installed copies', () => {
  it('are two: instanceof fails between them', () => {
    expect(theirs.WechatPayError).not.toBe(ours.WechatPayError);
    expect(new theirs.WechatPayRequestError('field', 'is wrong.')).not.toBeInstanceOf(ours.WechatPayError);
  });

  it.each([
    new theirs.WechatPayConfigError('field', 'is wrong.'),
    new theirs.WechatPayRequestError('field', 'is wrong.'),
    new theirs.WechatPayTransportError('WECHATPAY_TIMEOUT', 'late.', 'unknown'),
    new theirs.WechatPayResponseError('odd.'),
    new theirs.WechatPaySignatureError('wrong.'),
    new theirs.WechatPayNotificationError('malformed', 'no.'),
    new theirs.WechatPayGatewayError('no.', { returnCode: 'FAIL', returnMessage: 'no' }),
    new theirs.WechatPayBusinessError('no.', 'rejected', {
      errorCode: 'NOTENOUGH',
      errorDescription: '',
      recall: undefined,
      advice: 'change-payment',
      raw: {},
    }),
  ])('know an error of the other: $name', (error) => {
    expect(ours.isWechatPayError(error)).toBe(true);
  });

  it('share a client: the error of an operation stays what it is, its outcome too', async () => {
    const client = new theirs.WechatPayClient({
      ...OPTIONS,
      transport: () => Promise.reject(new Error('Nothing may be sent.')),
    });
    expect(ours.isWechatPayClient(client)).toBe(true);
    const error = await failure(ours.queryOrder(client, {} as never));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'outTradeNo' });
  });

  it('share what signs for the phone and reads notifications, and show it nowhere', () => {
    const client = new theirs.WechatPayClient({ ...OPTIONS, transport: () => Promise.reject(new Error('not called')) });
    expect(ours.jsapiPayParameters(client, 'wx1').paySign).toMatch(/^[0-9A-F]{64}$/);
    const paid = { return_code: 'SUCCESS', result_code: 'SUCCESS', appid: OPTIONS.appId, mch_id: OPTIONS.merchantId };
    const fields = { ...paid, out_trade_no: '1', transaction_id: '2', total_fee: '3' };
    const body = ours.encodeXml({ ...fields, sign: ours.signFields(fields, OPTIONS.apiKey, 'HMAC-SHA256') });
    expect(ours.readPaymentNotification(client, body).client).toBe(client);
    const shown = `${inspect(client, { depth: null, showHidden: true, getters: true })}${JSON.stringify(client)}`;
    expect(shown).not.toContain(OPTIONS.apiKey);
    expect(Reflect.ownKeys(client)).not.toContainEqual(expect.any(Symbol));
  });

  it('a refusal that a reply brings is read by its code', async () => {
    const { client } = answering({ result_code: 'FAIL', err_code: 'NOTENOUGH' });
    const error = await failure(theirs.quickPay(client, PURCHASE));
    expect(ours.isWechatPayError(error) && error.code === 'WECHATPAY_BUSINESS_FAIL' && error.advice).toBe(
      'change-payment',
    );
  });
});

const PURCHASE = {
  outTradeNo: '1415757673',
  body: 'tea',
  totalFee: 888,
  authCode: '120061098828009406',
  spbillCreateIp: '14.17.22.52',
};

describe('isWechatPayError', () => {
  const reversed = Proxy.revocable({}, {});
  reversed.revoke();
  it.each([
    undefined,
    null,
    'WECHATPAY_TIMEOUT',
    new Error('x'),
    { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' },
    { [Symbol.for('wechatpay-core.error')]: 999 },
  ])('says no to %j', (value) => {
    expect(ours.isWechatPayError(value)).toBe(false);
  });

  it('says no to a reversed proxy', () => {
    expect(ours.isWechatPayError(reversed.proxy)).toBe(false);
  });

  it('is invisible: no log shows the mark', () => {
    const error = new ours.WechatPayResponseError('odd.');
    expect(Object.getOwnPropertySymbols(error)).toEqual([]);
    expect(Object.keys(error)).not.toContain('Symbol(wechatpay-core.error)');
  });
});

describe('assertWechatPayClient', () => {
  it('takes a client of either copy', () => {
    const { client } = answering({});
    const check: (value: unknown) => void = theirs.assertWechatPayClient;
    expect(() => {
      check(client);
    }).not.toThrow();
  });

  it.each([
    [undefined, /^client: must be a WechatPayClient; make one/],
    [{ call: () => undefined }, /^client: must be a WechatPayClient; make one/],
    [
      { [Symbol.for('wechatpay-core.client')]: 999 },
      /^client: was made by another installed copy.*npm ls wechatpay-core/,
    ],
  ])('refuses %j', (value, message) => {
    expect(() => {
      ours.assertWechatPayClient(value);
    }).toThrow(message);
  });

  it('names the setting as the caller does', () => {
    expect(() => {
      ours.assertWechatPayClient(undefined, 'merchants[0].client');
    }).toThrow(/^merchants\[0\]\.client: /);
  });
});
