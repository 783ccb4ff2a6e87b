import { describe, expect, it, test } from 'vitest';
import {
  NOTIFIED_KEY as KEY,
  notifiedClient as client,
  paymentDocument as document,
  refusalOf,
} from '../../test/notified.js';
import made from '../../test/vectors/notifications.json' with { type: 'json' };
import published from '../../test/vectors/products.json' with { type: 'json' };
import {
  comparePayment,
  decodeXml,
  encodeXml,
  readPaymentNotification,
  verifySignature,
  type PaymentNotification,
  type SignType,
  type WechatPayClient,
} from '../index.js';

const PAID: Readonly<Record<string, string>> = made.payment;
const merchant = client();
const hmac = client({ signType: 'HMAC-SHA256' });
const refusal = (body: string | Uint8Array, clients: WechatPayClient | WechatPayClient[] = merchant) =>
  refusalOf(() => readPaymentNotification(clients, body));

describe('published notifications', () => {
  const withDocument = published.vectors.flatMap(({ xml, key, kind, ...vector }) =>
    xml && key && kind.startsWith('payment-notification') ? [{ ...vector, xml, key }] : [],
  );

  test.each(withDocument)('$name is read and verified ($source)', ({ xml, key, algorithm, fields, expected }) => {
    const decoded = decodeXml(xml);
    expect(decoded).toEqual({ ...fields, sign: expected });
    expect(verifySignature(decoded, key, algorithm as SignType)).toBe(true);
    if (key.length !== 32) return; // a key of the documentation that no merchant can have
    const owner = client({ appId: fields.appid ?? '', merchantId: fields.mch_id ?? '', apiKey: key });
    expect(readPaymentNotification(owner, xml)).toMatchObject({
      isPaid: true,
      outTradeNo: fields.out_trade_no,
      transactionId: fields.transaction_id,
      totalFee: Number(fields.total_fee),
      coupons: [
        { couponId: '10000', couponType: 'CASH', couponFee: 4 },
        { couponId: '10001', couponType: 'NO_CASH', couponFee: 5 },
      ],
    });
  });
});

describe('a payment notification', () => {
  it('gives what was paid, by whom and when, and which client it is of', () => {
    const notification = readPaymentNotification(merchant, Buffer.from(document({ sign: made.signs.MD5 })));
    expect(notification).toEqual({
      isPaid: true,
      id: '1900000301//T-0001/4200009999202603010000000001',
      appId: 'wx1111111111111111',
      merchantId: '1900000301',
      outTradeNo: 'T-0001',
      transactionId: '4200009999202603010000000001',
      totalFee: 888,
      currency: 'HKD',
      cashFee: 888,
      openId: 'oTest1',
      isSubscribed: false,
      tradeType: 'JSAPI',
      bankType: 'OTHERS',
      coupons: [],
      paidAt: new Date('2026-03-01T04:00:05Z'),
      raw: PAID,
    });
    expect(notification.client).toBe(merchant);
    expect(JSON.stringify(notification)).not.toContain('client');
    expect({ ...notification }).not.toHaveProperty('client');
  });

  it('is the same whatever the order of its fields', () => {
    const reordered = Object.fromEntries(Object.entries(PAID).reverse());
    const body = encodeXml({ ...reordered, sign: made.signs.MD5 });
    expect(readPaymentNotification(merchant, body)).toEqual(readPaymentNotification(merchant, document()));
  });

  it('of an institution names the sub-merchant', () => {
    const body = document({ sub_mch_id: '1900000401', sub_appid: 'wx4', sub_openid: 'oSub' });
    const { id, subMerchantId, subAppId } = readPaymentNotification(merchant, body);
    expect({ subMerchantId, subAppId }).toEqual({ subMerchantId: '1900000401', subAppId: 'wx4' });
    expect(id).toBe('1900000301/1900000401/T-0001/4200009999202603010000000001');
  });

  it('keeps fields that no page lists, and names those that it cannot read and that only inform', () => {
    const notification = readPaymentNotification(merchant, document({ later: 'added', time_end: 'noon' }));
    expect(notification).toMatchObject({ raw: { later: 'added', time_end: 'noon' }, unreadable: ['time_end'] });
    expect(notification).not.toHaveProperty('paidAt');
  });
});

// Troubles that others met in public, by the report.
describe('reported troubles', () => {
  const twoOrders = 'https://github.com/hpyer/node-easywechat/issues/47';
  it(`the second notification is not read as the first (${twoOrders})`, () => {
    const first = document();
    const second = document({ out_trade_no: 'T-0002', total_fee: '250', transaction_id: '42' });
    const read = [first, second, first].map((body) => readPaymentNotification(merchant, body));
    expect(read.map(({ outTradeNo, raw }) => [outTradeNo, raw.total_fee])).toEqual([
      ['T-0001', '888'],
      ['T-0002', '250'],
      ['T-0001', '888'],
    ]);
    expect(new Set(read.map(({ id }) => id)).size).toBe(2);
  });

  const quotedXml = 'https://github.com/binarywang/weixin-java-pay-demo/issues/117';
  it(`a document in quotation marks is refused, and the message shows how it begins (${quotedXml})`, () => {
    const refused = refusal(JSON.stringify(document()));
    expect(refused?.problem).toBe('malformed');
    expect(refused?.message).toContain('it begins with "\\"<xml>');
  });

  test.each([
    ['a byte order mark', '\uFEFF'],
    ['a line feed', '\n'],
  ])(`%s before the document is read over (${quotedXml})`, (_, before) => {
    expect(readPaymentNotification(merchant, Buffer.from(before + document()))).toMatchObject({ isPaid: true });
  });

  const otherAlgorithm = 'https://github.com/binarywang/WxJava/issues/1585';
  describe(`the algorithm is the order's, and no sign_type or length chooses it (${otherAlgorithm})`, () => {
    const signedHmac = document({ sign: made.signs['HMAC-SHA256'] });
    it('HMAC for an order of HMAC', () => {
      expect(readPaymentNotification(hmac, signedHmac)).toMatchObject({ isPaid: true, totalFee: 888 });
    });
    test.each<[string, WechatPayClient, string, string]>([
      ['MD5 for an order of HMAC', hmac, document({ sign: made.signs.MD5 }), 'it is signed with MD5'],
      ['HMAC for an order of MD5', merchant, signedHmac, 'it is signed with HMAC-SHA256'],
      ['MD5, and says so', hmac, document({ sign_type: 'MD5' }), 'it is signed with MD5'],
    ])('%s is refused, and the message says which it is', (_, owner, body, words) => {
      const refused = refusal(body, owner);
      expect(refused?.problem).toBe('wrong-signature');
      expect(refused?.message).toContain(words);
    });
  });

  const signTypeSigned = 'https://github.com/helei112g/payment/issues/211';
  it(`sign_type takes part in the signature where it is there (${signTypeSigned})`, () => {
    const body = document({ sign_type: 'MD5', sign: made.signs.withSignTypeMD5 });
    expect(readPaymentNotification(merchant, body)).toMatchObject({ isPaid: true });
    const added = document({ sign_type: 'MD5', sign: made.signs.MD5 });
    expect(refusal(added)?.problem).toBe('wrong-signature');
  });

  const failedPayment = 'https://github.com/befinal/node-tenpay/issues/36';
  it(`a signed failure is told as not paid, not as forged (${failedPayment})`, () => {
    const body = document({ result_code: 'FAIL', err_code: 'X', err_code_des: 'no' });
    expect(readPaymentNotification(merchant, body)).toMatchObject({
      isPaid: false,
      outTradeNo: 'T-0001',
      errorCode: 'X',
      errorDescription: 'no',
    });
  });

  const seenTable = 'https://github.com/RivenLau/orion-key/pull/39';
  it(`a failure has another identity than the success that follows it (${seenTable})`, () => {
    const failed = readPaymentNotification(merchant, document({ result_code: 'FAIL' }));
    const paid = readPaymentNotification(merchant, document());
    expect(failed.id).not.toBe(paid.id);
    expect(readPaymentNotification(merchant, document({ nonce_str: 'n9' })).id).toBe(paid.id);
  });

  const paidTwice = 'https://github.com/YunaiV/ruoyi-vue-pro/pull/1156';
  it(`two payments have two identities, also of one order number (${paidTwice})`, () => {
    const ids = [
      {},
      { transaction_id: '42' },
      { out_trade_no: 'T-0001b' },
      { sub_mch_id: '8' },
      { out_trade_no: 'T/0001' },
    ];
    expect(new Set(ids.map((changes) => readPaymentNotification(merchant, document(changes)).id)).size).toBe(5);
  });
});

// What is signed by the merchant's own key, and is not the payment that the shop waits for.
describe('a proper signature of another payment', () => {
  const foreign = 'https://github.com/jeequan/jeepay/pull/106';
  const order = { outTradeNo: 'T-0001', totalFee: 888, currency: 'HKD' };
  test.each<[Readonly<Record<string, string>>, object]>([
    [{ total_fee: '1' }, { field: 'totalFee', expected: 888, received: 1 }],
    [{ fee_type: 'CNY' }, { field: 'currency', expected: 'HKD', received: 'CNY' }],
    [{ out_trade_no: 'T-0002' }, { field: 'outTradeNo', expected: 'T-0001', received: 'T-0002' }],
    [{ sub_mch_id: '1900000401' }, { field: 'subMerchantId', expected: undefined, received: '1900000401' }],
  ])(`%j is read, and differs from the order (${foreign})`, (changes, difference) => {
    const notification = readPaymentNotification(merchant, document(changes));
    expect(notification.isPaid && comparePayment(notification, order)).toEqual([difference]);
  });

  it(`and of another appid is not even read (${foreign})`, () => {
    expect(refusal(document({ appid: 'wx9' }))?.problem).toBe('another-app');
  });
});

describe('of several clients', () => {
  const other = client({ merchantId: '1900000302', appId: 'wx2', apiKey: 'x'.repeat(32) });
  const newKey = client({ apiKey: 'y'.repeat(32) });
  const secondApp = client({ appId: 'wx3' });
  const clients = [other, newKey, secondApp, merchant, hmac];

  test.each<[string, string, WechatPayClient]>([
    ['merchant', document({ mch_id: '1900000302', appid: 'wx2' }, 'x'.repeat(32)), other],
    ['appid', document({ appid: 'wx3' }), secondApp],
    ['old API key', document(), merchant],
    ['new API key', document({}, 'y'.repeat(32)), newKey],
    ['algorithm', document({}, KEY, 'HMAC-SHA256'), hmac],
  ])('takes the one of the %s', (_, body, owner) => {
    expect(readPaymentNotification(clients, body).client).toBe(owner);
  });

  // A query through the client of another sub-merchant would ask for that one's order of the same number.
  describe('of an institution', () => {
    const [all, first, second] = [undefined, '8', '9'].map((subMerchantId) => client({ subMerchantId })) as [
      WechatPayClient,
      WechatPayClient,
      WechatPayClient,
    ];
    test.each<[string, WechatPayClient[], string, WechatPayClient]>([
      ['the one of its sub-merchant', [all, first, second], '9', second],
      ['the one that serves all', [first, all, second], '7', all],
      ['the one of no sub-merchant', [first, second, all], '', all],
      ['the only one, where it names no sub-merchant', [first], '', first],
    ])('takes %s', (_, clients, subMerchantId, owner) => {
      expect(readPaymentNotification(clients, document({ sub_mch_id: subMerchantId })).client).toBe(owner);
    });

    it('takes none of another sub-merchant', () => {
      const refused = refusal(document({ sub_mch_id: '7' }), [first, second]);
      expect(refused?.problem).toBe('unknown-merchant');
      expect(refused?.message).toContain('of sub_mch_id "7", and no client is of that sub-merchant');
    });
  });

  it("does not take another merchant's key for a merchant", () => {
    const body = document({ mch_id: '1900000302', appid: 'wx2' });
    expect(refusal(body, clients)?.problem).toBe('wrong-signature');
  });
});

describe('is not believed', () => {
  const lines = (body: string, field: string): string => body.replace(new RegExp(`<${field}>.*?</${field}>`), '');
  test.each<[what: string, problem: string, body: string | Uint8Array]>([
    ['a changed amount', 'wrong-signature', document({ total_fee: '1', sign: made.signs.MD5 })],
    ['an added field', 'wrong-signature', document({ coupon_fee: '1', sign: made.signs.MD5 })],
    ['a removed field', 'wrong-signature', lines(document(), 'cash_fee')],
    ['no signature', 'wrong-signature', lines(document(), 'sign')],
    ['a signature in lower case', 'wrong-signature', document({ sign: made.signs.MD5.toLowerCase() })],
    ['a signature of another key', 'wrong-signature', document({}, 'z'.repeat(32))],
    ['another merchant', 'unknown-merchant', document({ mch_id: '1900000399' })],
    ['no merchant', 'unknown-merchant', lines(document(), 'mch_id')],
    ['another appid, signed by the merchant', 'another-app', document({ appid: 'wx9' })],
    ['half of the document', 'malformed', document().slice(0, 200)],
    ['half of it, as bytes', 'malformed', Buffer.from(document()).subarray(0, 200)],
    ['nothing', 'malformed', ''],
    ['a DOCTYPE', 'malformed', `<!DOCTYPE xml [<!ENTITY a "b">]>${document()}`],
    ['an external entity', 'malformed', `<!DOCTYPE xml SYSTEM "file:///etc/passwd">${document()}`],
    ['more than 64 KiB', 'malformed', document({ attach: 'x'.repeat(64 * 1024) })],
    ['a field twice', 'malformed', document().replace('</xml>', '<total_fee>1</total_fee></xml>')],
    ['nesting', 'malformed', '<xml><a><b>1</b></a></xml>'],
    ['JSON', 'malformed', '{"id":"EV-2018022511223320873"}'],
    ['no UTF-8', 'malformed', Buffer.concat([Buffer.from('<xml><a>'), Buffer.from([0xff]), Buffer.from('</a></xml>')])],
    ['return_code FAIL, signed', 'malformed', document({ return_code: 'FAIL' })],
    ['no result_code', 'malformed', document({ result_code: '' })],
    ['an amount that is no whole number', 'malformed', document({ total_fee: '8.88' })],
    ['no amount', 'malformed', document({ total_fee: '' })],
    ['no transaction_id', 'malformed', document({ transaction_id: '' })],
    ['no out_trade_no', 'malformed', document({ out_trade_no: '' })],
    ['a failure that names no order', 'malformed', document({ out_trade_no: '', result_code: 'FAIL' })],
    ['a reply of Query Order that is not paid', 'malformed', document({ trade_state: 'NOTPAY' })],
    ['a reply of Submit Refund', 'malformed', document({ refund_id: '50', refund_fee: '888' })],
    ['a reply of Revoke Order', 'malformed', document({ recall: 'N' })],
    ['a text that can be cut in two ways', 'malformed', document({ attach: 'a&out_trade_no=T-0002' })],
  ])('%s: %s', (_, problem, body) => {
    const refused = refusal(body);
    expect(refused?.problem).toBe(problem);
    expect(refused?.message).toMatch(/^Payment notification/);
  });

  it('what a key was rotated for, once its client is gone', () => {
    const renewed = client({ apiKey: 'y'.repeat(32) });
    expect(refusal(document(), [renewed])?.problem).toBe('wrong-signature');
    expect(readPaymentNotification([renewed, merchant], document())).toMatchObject({ isPaid: true });
  });

  test.each<[string, unknown, unknown, RegExp]>([
    ['a parsed body', merchant, { xml: {} }, /^body: must be the bytes .* body parser/],
    ['no body', merchant, undefined, /^body: must be the bytes/],
    ['no client', [], document(), /^clients: is empty/],
    ['settings in the place of a client', { apiKey: KEY }, document(), /^clients: must be a WechatPayClient/],
  ])('%s is a mistake of the caller', (_, clients, body, message) => {
    const read = (): PaymentNotification => readPaymentNotification(clients as WechatPayClient, body as string);
    expect(read).toThrow(message);
  });
});
