import { beforeEach, describe, expect, it, test } from 'vitest';
import { failure } from '../../test/failure.js';
import { startGateway } from '../../test/start-gateway.js';
import {
  encodeXml,
  exchangeRate,
  queryExchangeRate,
  signFields,
  WechatPayClient,
  type QueryExchangeRateRequest,
} from '../index.js';

const { sandbox, client } = await startGateway((gateway) => ({ now: () => gateway.clock.now() }));
const today = (): string => new Date(sandbox.clock.now() + 8 * 3_600_000).toISOString().slice(0, 10);

beforeEach(() => {
  sandbox.reset();
});

describe('the rate of a day', () => {
  it('is a verified answer', async () => {
    const found = await queryExchangeRate(client, { currency: 'USD', date: '20260301' });
    expect(found).toMatchObject({
      currency: 'USD',
      rate: '720000100',
      rateDate: '20260301',
      appId: sandbox.merchant.appId,
    });
    expect(exchangeRate(found.rate)).toBe('7.200001');
  });

  it('is asked for without nonce and algorithm, so with MD5, whatever the client signs with', async () => {
    await queryExchangeRate(client, { currency: 'HKD', date: new Date('2026-02-28T16:00:00Z') });
    const { fields } = sandbox.requests.at(-1)!;
    expect(Object.keys(fields).sort()).toEqual(['appid', 'date', 'fee_type', 'mch_id', 'sign']);
    expect(fields).toMatchObject({ date: '20260301', fee_type: 'HKD' });
    expect(fields.sign).toMatch(/^[0-9A-F]{32}$/);
  });

  it('is that of today in Beijing where no day is named, and of the day before until 10:00', async () => {
    const midnight = Date.parse(`${today()}T00:00:00+08:00`);
    sandbox.clock.advance(midnight + 9 * 3_600_000 - sandbox.clock.now());
    const { rateDate } = await queryExchangeRate(client, { currency: 'USD' });
    expect(sandbox.requests.at(-1)?.fields.date).toBe(today().replaceAll('-', ''));
    expect(rateDate).toBe(new Date(midnight - 16 * 3_600_000).toISOString().slice(0, 10).replaceAll('-', ''));
  });

  it('of a currency without one is a signed refusal', async () => {
    expect(await failure(queryExchangeRate(client, { currency: 'XAU' }))).toMatchObject({
      code: 'WECHATPAY_BUSINESS_FAIL',
      errorCode: 'PARAM_ERROR',
    });
  });

  test.each([
    [{}, 'currency'],
    [{ currency: 'usd' }, 'currency'],
    [{ currency: 'USD', date: '20260230' }, 'date'],
    [{ currency: 'USD', fee_type: 'USD' }, 'fee_type'],
  ])('%j is refused', async (request, field) => {
    const error = await failure(queryExchangeRate(client, request as unknown as QueryExchangeRateRequest));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field });
  });

  it('spoiled in its signature is refused', async () => {
    sandbox.faults.add({ kind: 'wrong-signature' });
    const error = await failure(queryExchangeRate(client, { currency: 'USD' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_SIGNATURE_MISMATCH' });
  });
});

describe('an answer', () => {
  const merchant = {
    appId: 'wx2421b1c4370ec43b',
    merchantId: '1900000109',
    apiKey: '192006250b4c09247ec02edce69f6a2d',
  };
  const ask = async (
    changes: Record<string, string | undefined>,
    signType: 'MD5' | 'HMAC-SHA256' = 'MD5',
  ): Promise<unknown> => {
    const fields = {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: merchant.appId,
      mch_id: merchant.merchantId,
      fee_type: 'USD',
      rate_time: '20260301',
      rate: '650000000',
      ...changes,
    };
    const body = Buffer.from(encodeXml({ ...fields, sign: signFields(fields, merchant.apiKey, signType) }));
    const by = new WechatPayClient({ ...merchant, transport: () => Promise.resolve({ status: 200, body }) });
    return queryExchangeRate(by, { currency: 'USD' }).finally(() => by.close());
  };

  it('without result_code, as its page has it, is a success', async () => {
    expect(await ask({})).toMatchObject({ rate: '650000000' });
    expect(await ask({ result_code: 'SUCCESS' })).toMatchObject({ rate: '650000000' });
  });

  test.each([
    ['another currency', { fee_type: 'HKD' }, 'WECHATPAY_MALFORMED_RESPONSE'],
    ['no currency', { fee_type: undefined }, 'WECHATPAY_MALFORMED_RESPONSE'],
    ['no rate', { rate: undefined }, 'WECHATPAY_MALFORMED_RESPONSE'],
    ['a rate that is no number', { rate: '6.5' }, 'WECHATPAY_MALFORMED_RESPONSE'],
    ['another merchant', { mch_id: '1' }, 'WECHATPAY_MALFORMED_RESPONSE'],
    ['no merchant', { mch_id: undefined }, 'WECHATPAY_MALFORMED_RESPONSE'],
    ['a refusal', { result_code: 'FAIL', err_code: 'SYSTEMERROR' }, 'WECHATPAY_BUSINESS_FAIL'],
    ['another result_code', { result_code: 'MAYBE' }, 'WECHATPAY_MALFORMED_RESPONSE'],
  ])('with %s is refused', async (_, changes, code) => {
    expect(await failure(ask(changes))).toMatchObject({ code });
  });

  it('signed with another algorithm than the request is refused', async () => {
    expect(await failure(ask({}, 'HMAC-SHA256'))).toMatchObject({ code: 'WECHATPAY_SIGNATURE_MISMATCH' });
  });
});
