import { encodeXml, signFields, WechatPayClient, type TransportRequest, type WechatPayConfig } from '../src/index.js';

const APP_ID = 'wx2421b1c4370ec43b';
const MERCHANT_ID = '10000100';
export const API_KEY = '192006250b4c09247ec02edce69f6a2d';

/** A client whose gateway answers with these fields, correctly signed, whatever it is asked; and what it was asked. */
export function answering(
  fields: Record<string, string>,
  onRequest: (path: string) => void = () => undefined,
  config: Partial<WechatPayConfig> = {},
): { client: WechatPayClient; requests: TransportRequest[] } {
  const requests: TransportRequest[] = [];
  const reply = { return_code: 'SUCCESS', appid: APP_ID, mch_id: MERCHANT_ID, result_code: 'SUCCESS', ...fields };
  const body = Buffer.from(encodeXml({ ...reply, sign: signFields(reply, API_KEY, 'HMAC-SHA256') }));
  const client = new WechatPayClient({
    appId: APP_ID,
    merchantId: MERCHANT_ID,
    apiKey: API_KEY,
    ...config,
    transport: (request) => {
      requests.push(request);
      onRequest(request.path);
      return Promise.resolve({ status: 200, body });
    },
  });
  return { client, requests };
}
