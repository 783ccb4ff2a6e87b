import { expect, it } from 'vitest';
import { encodeXml, queryOrder, reverseOrder, signFields, WechatPayClient, type Fields } from '../index.js';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const COMMON = { return_code: 'SUCCESS', appid: 'wx2421b1c4370ec43b', mch_id: '10000100' };

/** A client that is answered the same bytes each time. */
function answeredBy(fields: Fields): WechatPayClient {
  const reply = { ...COMMON, nonce_str: 'o5bAKF3o2ypC8hwa', ...fields };
  const body = Buffer.from(encodeXml({ ...reply, sign: signFields(reply, API_KEY, 'MD5') }));
  return new WechatPayClient({
    appId: COMMON.appid,
    merchantId: COMMON.mch_id,
    apiKey: API_KEY,
    signType: 'MD5',
    transport: () => Promise.resolve({ status: 200, body }),
  });
}

const REFUSAL = { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' };
const REVERSED = { result_code: 'SUCCESS', recall: 'N' };

it('a refusal that was another order’s is not believed a second time', async () => {
  const client = answeredBy(REFUSAL);
  await expect(queryOrder(client, { outTradeNo: 'A1' })).rejects.toMatchObject({ outcome: 'rejected' });
  const copied = { code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown', order: { outTradeNo: 'A2' } };
  await expect(queryOrder(client, { outTradeNo: 'A2' })).rejects.toMatchObject(copied);
  // Of its own order it says nothing new, and nothing else.
  await expect(queryOrder(client, { outTradeNo: 'A1' })).rejects.toMatchObject({ outcome: 'rejected' });
});

it('nor is a reversal', async () => {
  const client = answeredBy(REVERSED);
  await expect(reverseOrder(client, { outTradeNo: 'A1' })).resolves.toMatchObject({ recall: false });
  await expect(reverseOrder(client, { outTradeNo: 'A2' })).rejects.toMatchObject({ outcome: 'unknown' });
});

it('one without a nonce is no copy', async () => {
  const unmarked = answeredBy({ ...REFUSAL, nonce_str: '' });
  for (const outTradeNo of ['A1', 'A2']) {
    await expect(queryOrder(unmarked, { outTradeNo })).rejects.toMatchObject({ outcome: 'rejected' });
  }
});
