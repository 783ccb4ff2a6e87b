import { decodeXml, encodeXml, signFields, WechatPayClient, type WechatPayConfig } from 'wechatpay-core';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';

/** A verified answer by its fields, or an error of the transport. */
export type Answer = Readonly<Record<string, string>> | Error;

export interface Scripted {
  readonly client: WechatPayClient;
  /** What was asked. */
  readonly calls: { readonly path: string; readonly fields: Record<string, string> }[];
  /** The client's clock, to be set. */
  readonly clock: { time: number };
}

/** A client whose gateway gives these answers in turn, correctly signed; the last one holds on. Its clock stands still. */
export function scripted(
  answers: readonly [Answer, ...Answer[]],
  { onCall, ...config }: Partial<WechatPayConfig> & { onCall?: (path: string) => void } = {},
): Scripted {
  const calls: Scripted['calls'] = [];
  const clock = { time: Date.UTC(2026, 10, 23) };
  const client = new WechatPayClient({
    appId: 'wx2421b1c4370ec43b',
    merchantId: '10000100',
    apiKey: API_KEY,
    now: () => clock.time,
    ...config,
    transport: ({ path, body }) => {
      const fields = decodeXml(body);
      const answer = answers[Math.min(calls.length, answers.length - 1)] ?? {};
      calls.push({ path, fields });
      onCall?.(path);
      if (answer instanceof Error) return Promise.reject(answer);
      const { appid = '', mch_id: merchantId = '', out_trade_no: outTradeNo = '' } = fields;
      const parties = { appid, mch_id: merchantId, out_trade_no: outTradeNo };
      const reply = { return_code: 'SUCCESS', result_code: 'SUCCESS', ...parties, ...answer };
      const signed = { ...reply, sign: signFields(reply, API_KEY, 'HMAC-SHA256') };
      return Promise.resolve({ status: 200, body: Buffer.from(encodeXml(signed)) });
    },
  });
  return { client, calls, clock };
}
