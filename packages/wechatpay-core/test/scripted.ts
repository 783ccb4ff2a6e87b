import { decodeXml, encodeXml, signFields, WechatPayClient, type WechatPayConfig } from '../src/index.js';
import { API_KEY } from './answering.js';

/** A verified answer by its fields, what is made of a request, or an error of the transport. */
export type Answer =
  Readonly<Record<string, string>> | Error | typeof SILENCE | ((sent: Readonly<Record<string, string>>) => Answer);

/** No answer comes. */
export const SILENCE = Symbol('silence');

export interface Scripted {
  readonly client: WechatPayClient;
  /** What was asked: the path, the fields, and when, by the client's clock. */
  readonly calls: { readonly path: string; readonly fields: Record<string, string>; readonly at: number }[];
  /** The client's clock, to be set. */
  readonly clock: { time: number };
  /** As the option of resolving: the clock jumps. */
  readonly wait: (until: number) => Promise<void>;
}

/** A client whose gateway gives these answers in turn, correctly signed; the last one holds on. Its clock stands still. */
export function scripted(
  answers: readonly [Answer, ...Answer[]],
  { time = Date.UTC(2026, 10, 23), ...config }: Partial<WechatPayConfig> & { time?: number } = {},
): Scripted {
  const calls: Scripted['calls'] = [];
  const clock = { time };
  const client = new WechatPayClient({
    appId: 'wx2421b1c4370ec43b',
    merchantId: '10000100',
    apiKey: API_KEY,
    now: () => clock.time,
    ...config,
    transport: ({ path, body }) => {
      const fields = decodeXml(body);
      let answer = answers[Math.min(calls.length, answers.length - 1)] ?? {};
      calls.push({ path, fields, at: clock.time });
      while (typeof answer === 'function') answer = answer(fields);
      if (answer === SILENCE) return new Promise(() => undefined);
      if (answer instanceof Error) return Promise.reject(answer);
      const { appid = '', mch_id: merchantId = '', out_trade_no: outTradeNo = '' } = fields;
      const parties = { appid, mch_id: merchantId, out_trade_no: outTradeNo };
      const reply = { return_code: 'SUCCESS', result_code: 'SUCCESS', ...parties, ...answer };
      const signed = { ...reply, sign: signFields(reply, API_KEY, 'HMAC-SHA256') };
      return Promise.resolve({ status: 200, body: Buffer.from(encodeXml(signed)) });
    },
  });
  const wait = (until: number): Promise<void> => {
    clock.time = until;
    return Promise.resolve();
  };
  return { client, calls, clock, wait };
}

export const refusal = (errorCode: string, more: Readonly<Record<string, string>> = {}): Answer => ({
  result_code: 'FAIL',
  err_code: errorCode,
  err_code_des: 'no',
  ...more,
});
