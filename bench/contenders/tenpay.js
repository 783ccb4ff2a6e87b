// As its README sets it up. It signs with MD5 unless told otherwise.
import { readFileSync } from 'node:fs';
import Tenpay from 'tenpay';
import { merchant, PATH } from '../documents.js';

export function open({ port, pfxFile }) {
  const { appId: appid, merchantId: mchid, apiKey: partnerKey } = merchant;
  const api = new Tenpay({ appid, mchid, partnerKey, pfx: readFileSync(pfxFile) });
  api.urls.reverse = `https://127.0.0.1:${port}${PATH}`; // it has no setting for the gateway's address
  return {
    call: (out_trade_no) => api.reverse({ out_trade_no }),
    isReversed: ({ result_code, recall, rate }) => result_code === 'SUCCESS' && recall === 'N' && rate === '650000000',
  };
}
