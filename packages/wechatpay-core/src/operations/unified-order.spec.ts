import { describe, expect, expectTypeOf, it, test } from 'vitest';
import { answering } from '../../test/answering.js';
import { startGateway } from '../../test/start-gateway.js';
import {
  closeOrder,
  queryOrder,
  UNIFIED_ORDER,
  unifiedOrder,
  WechatPayBusinessError,
  WechatPayClient,
  WechatPayRequestError,
  WechatPayResponseError,
  type UnifiedOrderRequest,
} from '../index.js';

const { sandbox, client, failure } = await startGateway();

const ORDER = {
  body: 'a cup of tea',
  totalFee: 888,
  currency: 'HKD',
  notifyUrl: 'https://shop.example/wechatpay/payments',
  spbillCreateIp: '203.0.113.7',
};
let count = 0;
const next = (): string => `U-${(count += 1)}`;
const native = (changes: object = {}): UnifiedOrderRequest & { tradeType: 'NATIVE'; productId: string } => ({
  ...ORDER,
  outTradeNo: next(),
  tradeType: 'NATIVE',
  productId: 'tea',
  ...changes,
});
const sentLast = (): Readonly<Record<string, string>> => sandbox.requests.at(-1)?.fields ?? {};

describe('makes an order', () => {
  it('of NATIVE: the text of a QR code, that the customer pays', async () => {
    const { outTradeNo, ...request } = native();
    const { codeUrl, prepayId, tradeType } = await unifiedOrder(client, { outTradeNo, ...request });
    expect(tradeType).toBe('NATIVE');
    expect(codeUrl).toMatch(/^weixin:/);
    expect(prepayId).toMatch(/^wx/);
    sandbox.payer(codeUrl).pay();
    await expect(queryOrder(client, { outTradeNo })).resolves.toMatchObject({
      tradeState: 'SUCCESS',
      tradeType: 'NATIVE',
      totalFee: 888,
      currency: 'HKD',
    });
  });

  test.each<[string, object, object]>([
    ['JSAPI', { openId: 'oTest1' }, {}],
    ['APP', {}, {}],
    ['MWEB', { sceneInfo: '{"h5_info":{"type":"Wap"}}' }, { mwebUrl: expect.stringMatching(/^https:/) as string }],
  ])('of %s', async (tradeType, needed, returned) => {
    const result = await unifiedOrder(client, { ...native(), productId: undefined, tradeType, ...needed } as never);
    expect(result).toMatchObject({ tradeType, prepayId: expect.stringMatching(/^wx/) as string, ...returned });
    expect(result).not.toHaveProperty('codeUrl');
  });

  it('with every documented field, under its name on the wire', async () => {
    const outTradeNo = next();
    await unifiedOrder(client, {
      ...native({ outTradeNo }),
      detail: '{"goods_detail":[]}',
      deviceInfo: 'WEB',
      attach: 'table 7',
      goodsTag: 'WXG',
      limitPay: 'no_credit',
      timeStart: new Date('2026-03-01T04:00:05Z'),
      timeExpire: new Date('2026-03-01T16:40:00Z'),
      openId: 'oTest1',
      sceneInfo: '{}',
    });
    const { appid, mch_id, nonce_str, sign, ...sent } = sentLast();
    expect([appid, mch_id]).toEqual([client.appId, client.merchantId]);
    expect([nonce_str, sign].every(Boolean)).toBe(true);
    expect(sent).toEqual({
      version: '1.0',
      out_trade_no: outTradeNo,
      body: 'a cup of tea',
      total_fee: '888',
      fee_type: 'HKD',
      trade_type: 'NATIVE',
      notify_url: 'https://shop.example/wechatpay/payments',
      spbill_create_ip: '203.0.113.7',
      detail: '{"goods_detail":[]}',
      device_info: 'WEB',
      attach: 'table 7',
      goods_tag: 'WXG',
      limit_pay: 'no_credit',
      time_start: '20260301120005',
      time_expire: '20260302004000',
      product_id: 'tea',
      openid: 'oTest1',
      scene_info: '{}',
      sign_type: 'HMAC-SHA256',
    });
  });

  it('for a sub-merchant, by the customer as its app knows them', async () => {
    const institution = await sandbox.merchants.create({
      subMerchants: [{ subMerchantId: '1900000401', subAppId: 'wx4' }],
    });
    const shared = new WechatPayClient({ ...institution, subMerchantId: '1900000401', subAppId: 'wx4' });
    const request = { ...ORDER, outTradeNo: next(), tradeType: 'JSAPI', subOpenId: 'oSub' } as const;
    await expect(unifiedOrder(shared, request)).resolves.toMatchObject({
      subMerchantId: '1900000401',
      subAppId: 'wx4',
    });
    expect(sentLast()).toMatchObject({ sub_openid: 'oSub', sub_mch_id: '1900000401', sub_appid: 'wx4' });
    await shared.close();
  });

  it('again, with the same request: it is the same order', async () => {
    const request = native();
    const first = await unifiedOrder(client, request);
    await expect(unifiedOrder(client, request)).resolves.toMatchObject({ prepayId: first.prepayId });
  });

  it('whose result has what its trade type returns, by its type', async () => {
    const result = await unifiedOrder(client, native());
    expectTypeOf(result.codeUrl).toEqualTypeOf<string>();
  });
});

// Troubles that others met in public, by the report.
describe('reported troubles', () => {
  test.each<[string, string, Date, string]>([
    [
      "in Beijing's time",
      'https://github.com/wechatpy/wechatpy/issues/140',
      new Date('2026-03-01T16:40:00Z'),
      '20260302004000',
    ],
    [
      'of 14 digits',
      'https://github.com/egzosn/pay-java-parent/issues/18',
      new Date('2026-03-01T04:00:05Z'),
      '20260301120005',
    ],
  ])('time_expire is %s (%s)', async (_, __, timeExpire, sent) => {
    await unifiedOrder(client, native({ timeExpire }));
    expect(sentLast().time_expire).toBe(sent);
  });

  const usedNumber = 'https://github.com/yansongda/pay/issues/705';
  test.each([{ totalFee: 889 }, { body: 'coffee' }, { tradeType: 'MWEB', sceneInfo: '{}' }])(
    `the same number with %j is refused, and the first order stays (${usedNumber})`,
    async (changes) => {
      const request = native();
      const { codeUrl } = await unifiedOrder(client, request);
      const error = await failure(unifiedOrder(client, { ...request, ...changes } as never));
      expect(error).toMatchObject({ errorCode: 'OUT_TRADE_NO_USED', outcome: 'rejected', advice: 'new-order' });
      expect(error.message).toContain('close the earlier order');
      expect(sandbox.payer(codeUrl).order).toMatchObject({ state: 'not-paid', totalFee: 888 });
    },
  );

  it(`the same refusal as "201" says that the earlier order may be paid (${usedNumber})`, async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'INVALID_REQUEST' });
    const error = await failure(unifiedOrder(client, native()));
    expect(error).toMatchObject({ outcome: 'unknown', advice: 'fix-request' });
    expect(error.message).toContain('query and close the earlier order');
  });

  const mappedAddress = 'https://github.com/supersheep/wechat-pay/issues/8';
  const longAddress = 'https://github.com/JeffreySu/WeiXinMPSDK/issues/1471';
  test.each([
    ['::ffff:101.226.125.108', '101.226.125.108', mappedAddress],
    ['::FFFF:101.226.125.108', '101.226.125.108', mappedAddress],
    ['2001:db8:203:4e90:2535:6ee1:61ac:ffe5', '2001:db8:203:4e90:2535:6ee1:61ac:ffe5', longAddress],
    ['fe80::1%eth0', 'fe80::1', longAddress],
  ])('the address %s is sent as %s (%s)', async (spbillCreateIp, sent) => {
    await unifiedOrder(client, native({ spbillCreateIp }));
    expect(sentLast().spbill_create_ip).toBe(sent);
  });

  const neededFields = 'https://github.com/smartwalle/wxpay/issues/14';
  test.each<[string, object, RegExp]>([
    ['openId', { tradeType: 'JSAPI' }, /is missing, and so is subOpenId; give one of them: .* of JSAPI/],
    ['productId', { tradeType: 'NATIVE', productId: undefined }, /requires it of NATIVE/],
    ['sceneInfo', { tradeType: 'MWEB' }, /requires it of MWEB/],
  ])(`%s, which one trade type needs, is refused by name (${neededFields})`, async (field, changes, message) => {
    const before = sandbox.requests.length;
    const error = await failure(unifiedOrder(client, native(changes)));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field });
    expect(error.message).toMatch(message);
    expect(sandbox.requests).toHaveLength(before);
  });

  const noMwebUrl = 'https://github.com/helei112g/payment/issues/112';
  test.each([
    ['MWEB', 'mweb_url', { prepay_id: 'wx1' }],
    ['NATIVE', 'code_url', { prepay_id: 'wx1' }],
    ['APP', 'prepay_id', {}],
  ])(
    `a success of %s without %s is an error that names it: the order is there (${noMwebUrl})`,
    async (tradeType, name, fields) => {
      const { client: answered } = answering({ trade_type: tradeType, ...fields });
      const error = await failure(unifiedOrder(answered, native({ tradeType, sceneInfo: '{}' })));
      expect(error).toBeInstanceOf(WechatPayResponseError);
      expect(error).toMatchObject({ outcome: 'unknown' });
      expect(error.message).toContain(`no ${name}. The order may be there and can be paid: query it and close it.`);
    },
  );

  const noQuery = 'https://github.com/EasyWeChat/docs/issues/190';
  test.each<[string, RegExp | undefined]>([
    ['https://shop.example/n?m=301', /put it into the path/],
    ['https://shop.example/n?', /put it into the path/],
    ['https://shop.example/n#m', /put it into the path/],
    ['https://shop.example/n/301', undefined],
    ['http://shop.example/n', /must begin with https:/],
    ['/n', /must be an absolute URL/],
    ['shop.example/n', /must be an absolute URL/],
    [' https://shop.example/n', /must be an absolute URL/],
    ['https://商店.example/n', /in ASCII/],
    ['https://user:secret@shop.example/n', /user or a password/],
    ['javascript:alert(1)', /must begin with https:/],
    ['http://localhost:3000/n', undefined],
    ['http://127.0.0.1:3000/n', undefined],
    ['http://localhost.shop.example/n', /must begin with https:/],
  ])(`the notifyUrl %s (${noQuery})`, (notifyUrl, message) => {
    const check = (): void => {
      client.check(UNIFIED_ORDER, native({ notifyUrl }));
    };
    if (message === undefined) expect(check).not.toThrow();
    else {
      expect(check).toThrow(WechatPayRequestError);
      expect(check).toThrow(/notifyUrl: /);
      expect(check).toThrow(message);
    }
  });

  const bodyLength = 'https://developers.weixin.qq.com/community/pay/doc/000ac2f693c4e881fc38cd5795b400';
  test.each([42, 43, 128])(
    `a body of %i Chinese characters is sent whole: WeChat Pay decides (${bodyLength})`,
    async (length) => {
      await unifiedOrder(client, native({ body: '茶'.repeat(length) }));
      expect(sentLast().body).toBe('茶'.repeat(length));
    },
  );

  const longDetail = 'https://developers.weixin.qq.com/community/personal/oCJUsw9hrrC2APu77qgfD6Kpwklo/question';
  it(`"post data empty", unsigned, leaves the outcome unknown; signed, it advises a shorter detail (${longDetail})`, async () => {
    sandbox.faults.add({ kind: 'return-fail', returnMessage: 'post data empty' });
    const unsigned = await failure(unifiedOrder(client, native({ detail: 'x'.repeat(4_500) })));
    expect(unsigned).toMatchObject({ code: 'WECHATPAY_GATEWAY_FAIL', outcome: 'unknown' });
    sandbox.faults.add({ kind: 'error', errorCode: 'POST_DATA_EMPTY' });
    const signed = await failure(unifiedOrder(client, native({ detail: 'x'.repeat(4_500) })));
    expect(signed.message).toContain('shorten detail');
  });

  const queryIsNotPaid = 'https://github.com/lokielse/omnipay-wechatpay/issues/32';
  it(`a query that succeeds says NOTPAY of an order that nobody has paid (${queryIsNotPaid})`, async () => {
    const request = native();
    await unifiedOrder(client, request);
    const { tradeState } = await queryOrder(client, { outTradeNo: request.outTradeNo });
    expect(tradeState).toBe('NOTPAY');
  });

  const longAfterExpiry = 'https://developers.weixin.qq.com/community/personal/oCJUsw2DtGm6ToFzKRjUWVpnbwoQ/answer';
  it(`an hour after time_expire it still says NOTPAY, until the order is closed (${longAfterExpiry})`, async () => {
    const request = native({ timeExpire: new Date(sandbox.clock.now() + 600_000) });
    const { codeUrl } = await unifiedOrder(client, request);
    sandbox.clock.advance(3_600_000);
    const { outTradeNo } = request;
    expect((await queryOrder(client, { outTradeNo })).tradeState).toBe('NOTPAY');
    expect(() => {
      sandbox.payer(codeUrl).pay();
    }).toThrow('has expired');
    await closeOrder(client, { outTradeNo });
    expect((await queryOrder(client, { outTradeNo })).tradeState).toBe('CLOSED');
  });

  const paidAfterExpiry = 'https://developers.weixin.qq.com/community/pay/doc/000c0c4e78c2c03cc17a63d4551400';
  it(`who has begun to pay before time_expire pays after it: a close says ORDERPAID (${paidAfterExpiry})`, async () => {
    const request = native({ timeExpire: new Date(sandbox.clock.now() + 600_000) });
    const { codeUrl } = await unifiedOrder(client, request);
    sandbox.clock.advance(641_000);
    sandbox.payer(codeUrl).payLate();
    const error = await failure(closeOrder(client, { outTradeNo: request.outTradeNo }));
    expect(error).toMatchObject({ errorCode: 'ORDERPAID', advice: 'query-order' });
    expect((await queryOrder(client, { outTradeNo: request.outTradeNo })).tradeState).toBe('SUCCESS');
  });
});

describe('refuses before anything is sent', () => {
  test.each<[string, object, RegExp]>([
    ['outTradeNo', { outTradeNo: undefined }, /is missing/],
    ['outTradeNo', { outTradeNo: 'x'.repeat(33) }, /more than 32/],
    ['body', { body: '' }, /is empty/],
    ['body', { body: 'x'.repeat(129) }, /more than 128/],
    ['totalFee', { totalFee: 8.88 }, /whole number/],
    ['currency', { currency: 'hkd' }, /ISO 4217/],
    ['tradeType', { tradeType: 'MICROPAY' }, /is "MICROPAY"\. Valid values: JSAPI, NATIVE, APP, MWEB/],
    ['tradeType', { tradeType: undefined }, /is missing/],
    ['notifyUrl', { notifyUrl: undefined }, /is missing/],
    ['notifyUrl', { notifyUrl: `https://shop.example/${'n'.repeat(256)}` }, /more than 256/],
    ['spbillCreateIp', { spbillCreateIp: '203.0.113.7, 10.0.0.2' }, /one IP address.*"203\.0\.113\.7, 10\.0\.0\.2"/],
    ['spbillCreateIp', { spbillCreateIp: 'localhost' }, /one IP address/],
    ['timeExpire', { timeExpire: '20260302004000' }, /valid Date/],
    ['timeExpire', { timeStart: new Date(2e12), timeExpire: new Date(2e12) }, /not after timeStart/],
    ['openid', { openid: 'o' }, /Did you mean openId/],
    ['attach', { attach: 'a&out_trade_no=2' }, /Write it without "&"/],
  ])('%s in %j', async (field, changes, message) => {
    const before = sandbox.requests.length;
    const error = await failure(unifiedOrder(client, native(changes)));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
    expect(error.message).toMatch(message);
    expect(sandbox.requests).toHaveLength(before);
  });
});

describe('signed refusals', () => {
  test.each(Object.entries(UNIFIED_ORDER.errorCodes))(
    '%s: outcome and advice are as its row says',
    async (errorCode, row) => {
      sandbox.faults.add({ kind: 'error', errorCode });
      const error = await failure(unifiedOrder(client, native()));
      expect(error).toBeInstanceOf(WechatPayBusinessError);
      expect(error).toMatchObject({ errorCode, outcome: row.outcome, advice: row.advice });
      expect(error.message).toContain(row.solution);
    },
  );

  // The codes of the page, and what each means for an order that may be paid.
  test.each([
    ['NOAUTH', 'rejected', 'fix-request'],
    ['NOTENOUGH', 'rejected', 'change-payment'],
    ['ORDERPAID', 'unknown', 'query-order'],
    ['ORDERCLOSED', 'rejected', 'new-order'],
    ['SYSTEMERROR', 'unknown', 'retry-later'],
    ['APPID_NOT_EXIST', 'rejected', 'fix-request'],
    ['MCHID_NOT_EXIST', 'rejected', 'fix-request'],
    ['APPID_MCHID_NOT_MATCH', 'rejected', 'fix-request'],
    ['LACK_PARAMS', 'rejected', 'fix-request'],
    ['OUT_TRADE_NO_USED', 'rejected', 'new-order'],
    ['SIGNERROR', 'rejected', 'fix-request'],
    ['XML_FORMAT_ERROR', 'rejected', 'fix-request'],
    ['REQUIRE_POST_METHOD', 'rejected', 'fix-request'],
    ['POST_DATA_EMPTY', 'rejected', 'fix-request'],
    ['NOT_UTF8', 'rejected', 'fix-request'],
  ])('%s is %s: %s', (errorCode, outcome, advice) => {
    expect(UNIFIED_ORDER.errorCodes[errorCode]).toMatchObject({ outcome, advice });
  });

  it('a code that no page lists is unknown: the order may be there', async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'NEW' });
    await expect(failure(unifiedOrder(client, native()))).resolves.toMatchObject({
      outcome: 'unknown',
      advice: 'query-order',
    });
  });

  it('the reply to an order of another trade type is not believed', async () => {
    const { client: answered } = answering({ trade_type: 'APP', prepay_id: 'wx1', code_url: 'weixin://x' });
    const error = await failure(unifiedOrder(answered, native()));
    expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
  });
});
