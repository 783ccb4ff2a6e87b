// The merchant and the documents of Revoke Order. Signed with node:crypto alone, so that no contender is favoured and a
// mistake in one of them does not hide.
import { createHash, createHmac } from 'node:crypto';

export const PATH = '/secapi/pay/reverse';
export const QUERY_PATH = '/pay/orderquery';
export const OUT_TRADE_NO = '1415757673';

export const merchant = {
  appId: 'wx2421b1c4370ec43b',
  merchantId: '10000100',
  apiKey: '192006250b4c09247ec02edce69f6a2d',
};

/** The fields of a request as wechatpay-core sends it. */
export function requestFields(signType) {
  return signed(
    {
      appid: merchant.appId,
      mch_id: merchant.merchantId,
      transaction_id: '1008450740201411110005820873',
      out_trade_no: OUT_TRADE_NO,
      nonce_str: 'b7ffb16a7150cf08639db472c5f5bdae',
      sign_type: signType,
    },
    signType,
  );
}

/** Now, in China: what was paid long before it was asked for would be another payment. */
const PAID_AT = new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 19).replace(/\D/g, '');
const NONCE = 'o5bAKF3o2ypC8hwa';

/** The fields of a reply: the documentation's example and the rate, which it lists and the example lacks. */
export function replyFields(signType, nonce = NONCE) {
  return signed(
    {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: merchant.appId,
      mch_id: merchant.merchantId,
      nonce_str: nonce,
      result_code: 'SUCCESS',
      recall: 'N',
      rate: '650000000',
    },
    signType,
  );
}

/** The fields of a reply to Query Order: the order was paid. */
export function queryReplyFields(signType, nonce = NONCE) {
  return signed(
    {
      return_code: 'SUCCESS',
      appid: merchant.appId,
      mch_id: merchant.merchantId,
      nonce_str: nonce,
      result_code: 'SUCCESS',
      trade_state: 'SUCCESS',
      transaction_id: '1217752501201407033233368018',
      out_trade_no: OUT_TRADE_NO,
      total_fee: '888',
      fee_type: 'HKD',
      cash_fee: '888',
      time_end: PAID_AT,
    },
    signType,
  );
}

/** As the documentation's example is written: a line for each field, CDATA. */
export function toXml(fields) {
  const lines = Object.entries(fields).map(([name, value]) => `<${name}><![CDATA[${value}]]></${name}>`);
  return `<xml>\n${lines.join('\n')}\n</xml>`;
}

/** The text that a signature is made over. */
export function signedText(fields) {
  const names = Object.keys(fields).filter((name) => name !== 'sign');
  return `${names
    .sort()
    .map((name) => `${name}=${fields[name]}&`)
    .join('')}key=${merchant.apiKey}`;
}

/** The bare hash of a text: below this no signature can be. */
export function bareHash(text, signType) {
  const hash = signType === 'MD5' ? createHash('md5') : createHmac('sha256', merchant.apiKey);
  return hash.update(text).digest('hex');
}

function signed(fields, signType) {
  return { ...fields, sign: bareHash(signedText(fields), signType).toUpperCase() };
}
