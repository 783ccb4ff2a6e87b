// As axios.js, with connections kept alive by its own option `httpsAgent`. `security`, which would make an agent for each call, is
// left out then: the agent brings the certificate.
import { Agent } from 'node:https';
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
    httpsAgent: new Agent({ keepAlive: true, maxSockets: 64, cert, key, ca }),
    baseURL: `https://127.0.0.1:${port}/`,
  });
  return {
    call: (out_trade_no) => wxpay.v2.secapi.pay.reverse.post({ appid, mch_id, out_trade_no }),
    isReversed: ({ data }) => data.result_code === 'SUCCESS' && data.recall === 'N' && data.rate === '650000000',
  };
}
