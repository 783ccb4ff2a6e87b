import { describe, expect, it } from 'vitest';
import { answering, API_KEY, failure } from '../test/answering.js';
import {
  decode,
  encode,
  queryOrder,
  reverseOrder,
  sign,
  WechatPayClient,
  type WechatPayBusinessError,
} from './index.js';

const ORDER = { outTradeNo: '1' };
const HOSTILE: readonly [what: string, text: string][] = [
  ['next line', '\u0085'],
  ['a terminal command of C1', '\u009B31m'],
  ['a line separator', '\u2028'],
  ['a paragraph separator', '\u2029'],
  ['right to left', '\u202E'],
  ['an isolate', '\u2067'],
  ['a mark of direction', '\u200F'],
  ['a byte order mark', '\uFEFF'],
  ['a line break', '\n'],
];

/** A client whose gateway answers with what it makes of each request's fields. */
function replying(answer: (request: Record<string, string>) => Record<string, string>): WechatPayClient {
  return new WechatPayClient({
    appId: 'wx2421b1c4370ec43b',
    merchantId: '10000100',
    apiKey: API_KEY,
    transport: ({ body }) => Promise.resolve({ status: 200, body: Buffer.from(encode(answer(decode(body)))) }),
  });
}

/** As {@link replying}, signed. */
function signing(answer: (request: Record<string, string>) => Record<string, string>): WechatPayClient {
  return replying((request) => {
    const { appid = '', mch_id: merchantId = '' } = request;
    const reply = { return_code: 'SUCCESS', appid, mch_id: merchantId, ...answer(request) };
    return { ...reply, sign: sign(reply, API_KEY, 'HMAC-SHA256') };
  });
}

describe('a signed refusal', () => {
  it('has texts of the documented length in its message and properties; `raw` has all', async () => {
    const long = 'x'.repeat(25_000);
    const { client } = answering({ result_code: 'FAIL', err_code: long, err_code_des: long });
    const error = (await failure(reverseOrder(client, ORDER))) as WechatPayBusinessError;
    expect(error.errorCode).toBe(`${'x'.repeat(31)}…`);
    expect(error.errorDescription).toBe(`${'x'.repeat(127)}…`);
    expect(error.message.length).toBeLessThan(400);
    expect(error.raw.err_code_des).toBe(long);
  });

  it.each(HOSTILE)('shows %s as an escape', async (_, text) => {
    const { client } = answering({ result_code: 'FAIL', err_code: `E${text}`, err_code_des: `no${text}way` });
    const error = (await failure(reverseOrder(client, { outTradeNo: `1${text}` }))) as WechatPayBusinessError;
    for (const shown of [error.message, error.stack ?? '', error.errorCode, error.errorDescription]) {
      expect(shown.split('\n    at ')[0]).not.toContain(text);
    }
    expect(error.message).toMatch(/\\[nu]/);
    expect(error.raw.err_code_des).toBe(`no${text}way`);
  });

  it('that repeats our signature and nonce shows neither, in any case', async () => {
    let secrets: string[] = [];
    const client = signing(({ sign: own = '', nonce_str: nonce = '' }) => {
      secrets = [own, own.toLowerCase(), nonce, nonce.toUpperCase()];
      return {
        result_code: 'FAIL',
        err_code: 'SIGNERROR',
        err_code_des: secrets.join(' '),
        echo: `${'x'.repeat(99)}${own}`,
      };
    });
    const error = (await failure(reverseOrder(client, ORDER))) as WechatPayBusinessError;
    expect(secrets).toHaveLength(4);
    for (const secret of secrets)
      expect(`${error.message} ${error.stack} ${error.errorDescription}`).not.toContain(secret);
    expect(JSON.stringify(error)).not.toContain(secrets[0]);
    expect(JSON.stringify(error)).not.toContain(secrets[1]);
  });

  it('names its code as it is where it is a documented one', async () => {
    const { client } = answering({ result_code: 'FAIL', err_code: 'USERPAYING', err_code_des: '用户支付中' });
    expect(await failure(reverseOrder(client, ORDER))).toMatchObject({
      errorCode: 'USERPAYING',
      errorDescription: '用户支付中',
      message: 'Revoke Order of order 1: USERPAYING ("用户支付中"). Please retry it later',
    });
  });
});

describe('an unsigned refusal', () => {
  it.each(HOSTILE)('shows %s as an escape', async (_, text) => {
    const client = replying(() => ({ return_code: `FAIL${text}`, return_msg: `no${text}way` }));
    const error = await failure(reverseOrder(client, ORDER));
    const { message, returnCode, returnMessage } = error as Record<string, string>;
    for (const shown of [message, returnCode, returnMessage]) expect(shown).not.toContain(text);
  });

  it('is as long as documented, and repeats neither our signature nor our nonce', async () => {
    let secrets: string[] = [];
    const client = replying(({ sign: own = '', nonce_str: nonce = '' }) => {
      secrets = [own, nonce];
      return { return_code: 'FAIL'.repeat(99), return_msg: `${own} ${nonce} ${'x'.repeat(50_000)}` };
    });
    const error = (await failure(reverseOrder(client, ORDER))) as Error & Record<string, string>;
    for (const secret of secrets) expect(JSON.stringify(error)).not.toContain(secret);
    expect(error.message.length).toBeLessThan(400);
    expect(error.returnCode).toHaveLength(16);
    expect(error.returnMessage).toHaveLength(128);
  });

  it.each([
    ['频率限制', 'retry-later'],
    ['签名失败', 'query-order'],
  ])('that says %s advises %s; its outcome stays unknown', async (message, advice) => {
    const client = replying(() => ({ return_code: 'FAIL', return_msg: message }));
    const error = await failure(queryOrder(client, ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_GATEWAY_FAIL', outcome: 'unknown', advice });
  });
});

it('a verified reply that repeats our signature does not pass it on in `raw`', async () => {
  let own = '';
  const client = signing((request) => {
    own = request.sign ?? '';
    return { result_code: 'SUCCESS', recall: 'N', return_msg: own, echo: `sign=${own.toLowerCase()}!` };
  });
  const result = await reverseOrder(client, ORDER);
  expect(JSON.stringify(result).toUpperCase()).not.toContain(own);
  expect(result.raw.echo).toBe('sign=…!');
});
