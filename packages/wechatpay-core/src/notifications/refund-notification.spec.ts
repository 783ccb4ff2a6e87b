import { createCipheriv } from 'node:crypto';
import { describe, expect, it, test } from 'vitest';
import {
  encryptRefundInfo as encrypt,
  NOTIFIED_KEY as KEY,
  notifiedClient as client,
  refundDocument as document,
  refusalOf,
} from '../../test/notified.js';
import made from '../../test/vectors/notifications.json' with { type: 'json' };
import published from '../../test/vectors/products.json' with { type: 'json' };
import { encodeXml, readRefundNotification, type WechatPayClient } from '../index.js';

const merchant = client();

const inner = (fields: Readonly<Record<string, string>>): string =>
  encrypt(encodeXml({ out_refund_no: 'R-0001', ...fields }).replaceAll(/(<\/?)xml>/g, '$1root>'));

function problemOf(body: string | Uint8Array, clients: WechatPayClient | WechatPayClient[] = merchant): unknown {
  const refused = refusalOf(() => readRefundNotification(clients, body));
  expect(refused?.message).toMatch(/^Refund notification: /);
  return refused?.problem;
}

describe('published refund notifications', () => {
  const vectors = published.vectors.flatMap(({ kind, key, fields, expected, ...vector }) =>
    kind === 'refund-notification' && key && typeof expected === 'object' && 'fields' in expected
      ? [{ ...vector, key, reqInfo: (fields as { req_info: string }).req_info, inside: expected.fields }]
      : [],
  );

  test.each(vectors)('$name ($source)', ({ key, reqInfo, inside, xml }) => {
    const owner = client({ appId: 'wx2421b1c4370ec43b', merchantId: '10000100', apiKey: key });
    const body = xml ?? document({ appid: 'wx2421b1c4370ec43b', mch_id: '10000100', req_info: reqInfo });
    const hint = readRefundNotification(owner, body);
    expect(hint.raw).toEqual(inside);
    expect(hint).toMatchObject({
      isVerified: false,
      outRefundNo: inside.out_refund_no,
      refundId: inside.refund_id,
      refundFee: Number(inside.refund_fee),
      refundStatus: 'SUCCESS',
    });
  });

  it('one that is no document of a refund, by its root, is not read (hpyer/node-easywechat@d039978)', () => {
    const [vector] = published.vectors.filter(({ name }) => name === 'node-easywechat, short plaintext');
    const owner = client({ apiKey: vector?.key ?? '' });
    const reqInfo = (vector?.fields as { req_info?: string }).req_info ?? '';
    expect(problemOf(document({ req_info: reqInfo }), owner)).toBe('undecipherable');
  });

  it('the placeholder of the documentation is not decipherable', () => {
    const [vector] = published.vectors.filter(({ kind }) => kind === 'refund-notification-invalid');
    const reqInfo = (vector?.fields as { req_info?: string }).req_info ?? '';
    expect(problemOf(document({ req_info: reqInfo }))).toBe('undecipherable');
  });
});

describe('a refund notification', () => {
  it('is a hint, with all that it says', () => {
    const hint = readRefundNotification(merchant, Buffer.from(document()));
    expect(hint).toMatchObject({
      isVerified: false,
      id: '1900000301//R-0001/SUCCESS',
      appId: 'wx1111111111111111',
      merchantId: '1900000301',
      outRefundNo: 'R-0001',
      refundId: '50000000000000000000000000001',
      outTradeNo: 'T-0001',
      transactionId: '4200009999202603010000000001',
      refundStatus: 'SUCCESS',
      totalFee: 888,
      refundFee: 300,
      refundedAt: new Date('2026-03-01T04:30:00Z'),
    });
    expect(hint.client).toBe(merchant);
    expect({ ...hint }).not.toHaveProperty('client');
  });

  it('has every documented field', () => {
    const reqInfo = inner({
      ...{ refund_id: '50', out_trade_no: 'T-0001', transaction_id: '42', refund_status: 'CHANGE' },
      ...{
        total_fee: '888',
        settlement_total_fee: '800',
        refund_fee: '300',
        settlement_refund_fee: '280',
        cash_refund_fee: '270',
      },
      ...{
        success_time: '2026-03-01 12:30:00',
        refund_recv_accout: 'balance',
        refund_account: 'REFUND_SOURCE_RECHARGE_FUNDS',
      },
      refund_request_source: 'VENDOR_PLATFORM',
    });
    const { raw, ...hint } = readRefundNotification(merchant, document({ req_info: reqInfo }));
    expect(Object.keys(raw)).toHaveLength(14);
    expect(hint).toEqual({
      isVerified: false,
      id: '1900000301//R-0001/CHANGE',
      appId: 'wx1111111111111111',
      merchantId: '1900000301',
      outRefundNo: 'R-0001',
      refundId: '50',
      outTradeNo: 'T-0001',
      transactionId: '42',
      refundStatus: 'CHANGE',
      totalFee: 888,
      settlementTotalFee: 800,
      refundFee: 300,
      settlementRefundFee: 280,
      cashRefundFee: 270,
      refundedAt: new Date('2026-03-01T04:30:00Z'),
      refundReceivedAccount: 'balance',
      refundAccount: 'REFUND_SOURCE_RECHARGE_FUNDS',
      refundRequestSource: 'VENDOR_PLATFORM',
    });
  });

  it('of an institution names the sub-merchant, and is for the client of it', () => {
    const [first, second] = ['8', '9'].map((subMerchantId) => client({ subMerchantId })) as [
      WechatPayClient,
      WechatPayClient,
    ];
    const hint = readRefundNotification([first, second], document({ sub_mch_id: '9', sub_appid: 'wx4' }));
    expect(hint).toMatchObject({ subMerchantId: '9', subAppId: 'wx4', id: '1900000301/9/R-0001/SUCCESS' });
    expect(hint.client).toBe(second);
  });

  const lineBreaks = 'https://github.com/yansongda/pay/pull/185';
  it(`is read with line breaks in its base64 (${lineBreaks})`, () => {
    const wrapped = made.reqInfo.replaceAll(/(.{76})/g, '$1\r\n');
    expect(readRefundNotification(merchant, document({ req_info: wrapped }))).toMatchObject({ outRefundNo: 'R-0001' });
  });

  const wrongKeys = 'https://github.com/binarywang/WxJava/issues/930';
  test.each<[string, string]>([
    ['of another key', encrypt('<root><out_refund_no>R-0001</out_refund_no></root>', 'z'.repeat(32))],
    ['encrypted with the raw key', rawKey('<root><out_refund_no>R-0001</out_refund_no></root>')],
    ['with a character cut out', made.reqInfo.slice(1)],
    ['with its last block cut off', Buffer.from(made.reqInfo, 'base64').subarray(0, -16).toString('base64')],
    ['of 15 bytes', Buffer.alloc(15).toString('base64')],
    ['that is empty', ''],
    ['that is no base64', `${made.reqInfo.slice(0, -1)}!`],
    ['that is no XML inside', encrypt('R-0001')],
    ['with a DOCTYPE inside', encrypt('<!DOCTYPE root SYSTEM "file:///etc/passwd"><root></root>')],
    ['that is no UTF-8 inside', encrypt(Buffer.from([0xff, 0xfe]))],
    ['with the root of a reply inside', encrypt('<xml><out_refund_no>R-0001</out_refund_no></xml>')],
  ])(`req_info %s is not read, and no error says why (${wrongKeys})`, (_, reqInfo) => {
    expect(problemOf(document({ req_info: reqInfo }))).toBe('undecipherable');
  });

  it('is read with the key of its time, where the old and the new one are given', () => {
    const renewed = client({ apiKey: 'y'.repeat(32) });
    expect(readRefundNotification([renewed, merchant], document()).client).toBe(merchant);
    expect(problemOf(document(), [renewed])).toBe('undecipherable');
  });

  const statuses = 'https://github.com/dromara/payment-spring-boot/issues/8';
  test.each(['SUCCESS', 'CHANGE', 'REFUNDCLOSE', 'X_NEW'])(`of the status %s is passed on (${statuses})`, (status) => {
    const hint = readRefundNotification(merchant, document({ req_info: inner({ refund_status: status }) }));
    expect(hint).toMatchObject({ refundStatus: status, id: `1900000301//R-0001/${status}` });
  });

  // What is decrypted are bytes, and they are UTF-8 whatever the system's language is.
  it('gives Chinese words to the letter (https://github.com/binarywang/WxJava/issues/830)', () => {
    expect(readRefundNotification(merchant, document()).refundReceivedAccount).toBe('支付用户零钱');
  });

  test.each<[string, string, string]>([
    ['another merchant', 'unknown-merchant', document({ mch_id: '1900000399' })],
    ['another appid', 'another-app', document({ appid: 'wx9' })],
    ['return_code FAIL', 'malformed', document({ return_code: 'FAIL' })],
    ['no number of the refund', 'malformed', document({ req_info: inner({ out_refund_no: '' }) })],
    ['an amount that is no whole number', 'malformed', document({ req_info: inner({ refund_fee: '3.00' }) })],
    ['a DOCTYPE', 'malformed', `<!DOCTYPE xml>${document()}`],
    ['half of a document', 'malformed', document().slice(0, 300)],
  ])('with %s is not read: %s', (_, problem, body) => {
    expect(problemOf(body)).toBe(problem);
  });
});

function rawKey(text: string): string {
  const cipher = createCipheriv('aes-256-ecb', KEY, null);
  return Buffer.concat([cipher.update(text), cipher.final()]).toString('base64');
}
