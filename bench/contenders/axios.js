// As its README sets it up. It signs with MD5 unless told otherwise. `serial`, `privateKey` and `certs` are for API v3,
// which it cannot be made without.
import { Wechatpay } from 'wechatpay-axios-plugin';
import { merchant } from '../documents.js';

export function open({ port, ca, cert, key, serialNumber }) {
  const { appId: appid, merchantId: mch_id, apiKey: secret } = merchant;
  const wxpay = new Wechatpay({
    mchid: mch_id,
    serial: serialNumber,
    privateKey: key,
    certs: { PUB_KEY_ID_0: cert },
    secret,
    merchant: { cert, key, ca },
    baseURL: `https://127.0.0.1:${port}/`,
  });
  return {
    call: (out_trade_no) => wxpay.v2.secapi.pay.reverse.post({ appid, mch_id, out_trade_no }, { security: true }),
    isReversed: ({ data }) => data.result_code === 'SUCCESS' && data.recall === 'N' && data.rate === '650000000',
  };
}
