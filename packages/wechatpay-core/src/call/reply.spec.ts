import { describe, expect, it } from 'vitest';
import { answering, API_KEY } from '../../test/answering.js';
import { failure } from '../../test/failure.js';
import {
  decodeXml,
  encodeXml,
  queryOrder,
  queryRefund,
  refundOrder,
  reverseOrder,
  signFields,
  WechatPayClient,
  type SignType,
  type WechatPayBusinessError,
  type WechatPayConfig,
} from '../index.js';

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
    transport: ({ body }) => Promise.resolve({ status: 200, body: Buffer.from(encodeXml(answer(decodeXml(body)))) }),
  });
}

/** As {@link replying}, signed. */
function signing(answer: (request: Record<string, string>) => Record<string, string>): WechatPayClient {
  return replying((request) => {
    const { appid = '', mch_id: merchantId = '' } = request;
    const reply = { return_code: 'SUCCESS', appid, mch_id: merchantId, ...answer(request) };
    return { ...reply, sign: signFields(reply, API_KEY, 'HMAC-SHA256') };
  });
}

describe('a signed refusal', () => {
  it('has texts of the documented length in its message and properties; `raw` has all', async () => {
    const long = 'x'.repeat(25_000);
    const { client } = answering({ result_code: 'FAIL', err_code: long, err_code_des: long });
    const error = await failure<WechatPayBusinessError>(reverseOrder(client, ORDER));
    expect(error.errorCode).toBe(`${'x'.repeat(31)}…`);
    expect(error.errorDescription).toBe(`${'x'.repeat(127)}…`);
    expect(error.message.length).toBeLessThan(400);
    expect(error.raw.err_code_des).toBe(long);
  });

  it.each(HOSTILE)('shows %s as an escape', async (_, text) => {
    const { client } = answering({ result_code: 'FAIL', err_code: `E${text}`, err_code_des: `no${text}way` });
    const error = await failure<WechatPayBusinessError>(reverseOrder(client, { outTradeNo: `1${text}` }));
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
    const error = await failure<WechatPayBusinessError>(reverseOrder(client, ORDER));
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
    const { message, returnCode, returnMessage } = error as unknown as Record<string, string>;
    for (const shown of [message, returnCode, returnMessage]) expect(shown).not.toContain(text);
  });

  it('is as long as documented, and repeats neither our signature nor our nonce', async () => {
    let secrets: string[] = [];
    const client = replying(({ sign: own = '', nonce_str: nonce = '' }) => {
      secrets = [own, nonce];
      return { return_code: 'FAIL'.repeat(99), return_msg: `${own} ${nonce} ${'x'.repeat(50_000)}` };
    });
    const error = (await failure(reverseOrder(client, ORDER))) as unknown as Error & Record<string, string>;
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

/** A client whose gateway answers so, byte for byte. */
function answeringWith(status: number, body: string, config: Partial<WechatPayConfig> = {}): WechatPayClient {
  return new WechatPayClient({
    appId: 'wx2421b1c4370ec43b',
    merchantId: '10000100',
    apiKey: API_KEY,
    ...config,
    transport: () => Promise.resolve({ status, body: Buffer.from(body) }),
  });
}

describe('an answer that is no reply', () => {
  it.each([
    [502, '<html>Bad Gateway</html>', ''],
    [
      400,
      '<html><title>400 No required SSL certificate was sent</title></html>',
      ' No client certificate arrived: check `certificate`.',
    ],
    [
      400,
      '<html><title>400 The SSL certificate error</title></html>',
      " The client certificate was refused: use this merchant's, from the Merchant Platform.",
    ],
    [201, '<xml><return_code>SUCCESS</return_code></xml>', ''],
  ])('HTTP %i: its outcome is unknown; %s', async (status, body, hint) => {
    expect(await failure(queryOrder(answeringWith(status, body), ORDER))).toMatchObject({
      code: 'WECHATPAY_HTTP_STATUS',
      outcome: 'unknown',
      status,
      message:
        `Query Order of order 1: the gateway answered HTTP ${status}.${hint} ` +
        'The outcome is unknown: query the order, or repeat the call.',
    });
  });

  it.each(['<xml><a>1</a></xml>', '<xml><return_code></return_code></xml>'])(
    'without return_code: %s',
    async (body) => {
      expect(await failure(queryOrder(answeringWith(200, body), ORDER))).toMatchObject({
        code: 'WECHATPAY_MALFORMED_RESPONSE',
        outcome: 'unknown',
        message: 'Query Order of order 1: the reply has no return_code. Its outcome is unknown: query the order.',
      });
    },
  );

  it.each([
    ['<return_code>FAIL</return_code><return_msg>no</return_msg>', 'FAIL', 'no'],
    ['<return_code>FAIL</return_code><retmsg>no such key</retmsg><retcode>1</retcode>', 'FAIL', 'no such key'],
    ['<return_code>FAIL</return_code>', 'FAIL', ''],
    ['<return_code>success</return_code><return_msg>OK</return_msg>', 'success', 'OK'],
  ])('whose return_code is not SUCCESS says nothing about the order: %s', async (fields, returnCode, returnMessage) => {
    expect(await failure(queryOrder(answeringWith(200, `<xml>${fields}</xml>`), ORDER))).toMatchObject({
      code: 'WECHATPAY_GATEWAY_FAIL',
      outcome: 'unknown',
      returnCode,
      returnMessage,
      message:
        `Query Order of order 1: the gateway answered return_code "${returnCode}", "${returnMessage}". ` +
        'That is unsigned, so the outcome is unknown: query the order.',
    });
  });
});

describe('the signature', () => {
  const REPLY = {
    return_code: 'SUCCESS',
    result_code: 'SUCCESS',
    appid: 'wx2421b1c4370ec43b',
    mch_id: '10000100',
    out_trade_no: '1',
    trade_state: 'NOTPAY',
  };
  const signedBy = (key: string, signType: SignType): string =>
    encodeXml({ ...REPLY, sign: signFields(REPLY, key, signType) });

  it.each<[what: string, body: string, signType: SignType]>([
    ['the reply has no signature', encodeXml(REPLY), 'HMAC-SHA256'],
    ['the reply has no signature', encodeXml({ ...REPLY, sign: '' }), 'HMAC-SHA256'],
    ['the reply is signed with MD5, but the request asked for HMAC-SHA256', signedBy(API_KEY, 'MD5'), 'HMAC-SHA256'],
    ['the reply is signed with HMAC-SHA256, but the request asked for MD5', signedBy(API_KEY, 'HMAC-SHA256'), 'MD5'],
    [
      'the signature of the reply does not hold; if it never does, check apiKey',
      signedBy('x'.repeat(32), 'HMAC-SHA256'),
      'HMAC-SHA256',
    ],
  ])('%s: nothing is believed', async (what, body, signType) => {
    expect(await failure(queryOrder(answeringWith(200, body, { signType }), ORDER))).toMatchObject({
      code: 'WECHATPAY_SIGNATURE_MISMATCH',
      outcome: 'unknown',
      message: `Query Order of order 1: ${what}. Nothing in it was believed: its outcome is unknown; query the order.`,
    });
  });

  it.each<[SignType]>([['MD5'], ['HMAC-SHA256']])(
    'of the algorithm that was asked is believed, and left out: %s',
    async (signType) => {
      const client = answeringWith(200, signedBy(API_KEY, signType), { signType });
      expect((await queryOrder(client, ORDER)).raw).toStrictEqual(REPLY);
    },
  );

  it('a text that is shorter than our signature stays as it is, one as long is looked at', async () => {
    let own = '';
    const client = signing((request) => {
      own = request.sign ?? '';
      return {
        result_code: 'SUCCESS',
        out_trade_no: '1',
        trade_state: 'NOTPAY',
        a: own,
        b: own.slice(1),
        c: `${own}${own}`,
      };
    });
    const { raw } = await queryOrder(client, ORDER);
    expect(raw).toMatchObject({ a: '…', b: own.slice(1), c: '……' });
  });
});

describe('whom and what it is about', () => {
  const PAID = { result_code: 'SUCCESS', out_trade_no: '1', transaction_id: '42', trade_state: 'NOTPAY' };
  const request = { outTradeNo: '1', transactionId: '42', subMerchantId: '1900000201', subAppId: 'wx3' };

  it.each(['appid', 'mch_id', 'sub_appid', 'sub_mch_id', 'transaction_id', 'out_trade_no'])(
    'another %s than asked is another reply',
    async (name) => {
      const error = await failure(
        queryOrder(
          signing(() => ({ ...PAID, [name]: '9' })),
          request,
        ),
      );
      expect(error).toMatchObject({
        code: 'WECHATPAY_MALFORMED_RESPONSE',
        outcome: 'unknown',
        message: expect.stringContaining(
          `the reply is about another ${name} than the request. Its outcome is unknown: query the order.`,
        ) as string,
      });
    },
  );

  it.each(['appid', 'mch_id'])('none without its %s', async (name) => {
    const error = await failure(
      queryOrder(
        signing(() => ({ ...PAID, [name]: '' })),
        request,
      ),
    );
    expect((error as Error).message).toContain(`about another ${name} than`);
  });

  it('one without the others, or with one that nobody asked for, is about the same', async () => {
    const more = { sub_appid: 'wx4', sub_mch_id: '5' };
    await expect(
      queryOrder(
        signing(() => PAID),
        request,
      ),
    ).resolves.toMatchObject({ tradeState: 'NOTPAY' });
    await expect(
      queryOrder(
        signing(() => ({ ...PAID, ...more })),
        ORDER,
      ),
    ).resolves.toMatchObject({
      subAppId: 'wx4',
      subMerchantId: '5',
    });
  });

  it('a refund: another out_refund_no or refund_id is another refund', async () => {
    const accepted = { ...PAID, refund_id: '50000', out_refund_no: 'R1', refund_fee: '1' };
    const asked = { outTradeNo: '1', outRefundNo: 'R1', totalFee: 1, refundFee: 1 };
    await expect(
      refundOrder(
        signing(() => accepted),
        asked,
      ),
    ).resolves.toMatchObject({ refundId: '50000' });
    const other = await failure(
      refundOrder(
        signing(() => ({ ...accepted, out_refund_no: 'R2' })),
        asked,
      ),
    );
    expect((other as Error).message).toContain('about another out_refund_no than');
    const listed = { ...PAID, refund_id: '50001', refund_id_0: '50000', out_refund_no_0: 'R1' };
    const query = await failure(
      queryRefund(
        signing(() => listed),
        { refundId: '50000' },
      ),
    );
    expect((query as Error).message).toContain('about another refund_id than');
  });
});

describe('result_code', () => {
  it.each(['', 'success', 'PROCESSING'])(
    '%j is neither SUCCESS nor FAIL: its outcome is unknown',
    async (resultCode) => {
      expect(await failure(queryOrder(answering({ result_code: resultCode }).client, ORDER))).toMatchObject({
        code: 'WECHATPAY_MALFORMED_RESPONSE',
        outcome: 'unknown',
        message:
          'Query Order of order 1: the reply has no result_code of SUCCESS or FAIL. Its outcome is unknown: query the order.',
      });
    },
  );

  it.each([
    ['Y', true, 'reverse-again'],
    ['N', false, 'query-order'],
    ['', undefined, 'query-order'],
    ['y', undefined, 'query-order'],
  ])('FAIL with an unknown code and recall %j: its outcome is unknown', async (recall, expected, advice) => {
    const { client } = answering({ result_code: 'FAIL', err_code: 'NEW_CODE', err_code_des: 'new', recall });
    const error = await failure(reverseOrder(client, ORDER));
    expect(error).toMatchObject({
      code: 'WECHATPAY_BUSINESS_FAIL',
      outcome: 'unknown',
      errorCode: 'NEW_CODE',
      errorDescription: 'new',
      advice,
      message: 'Revoke Order of order 1: NEW_CODE ("new"). Query the order.',
    });
    expect((error as WechatPayBusinessError).recall).toBe(expected);
  });

  it.each([
    ['toString', 'toString ("")'],
    ['__proto__', '__proto__ ("")'],
    ['', 'FAIL without err_code ("")'],
    ['no such code', '"no such code" ("")'],
    ['X'.repeat(32), `${'X'.repeat(32)} ("")`],
    ['X-', '"X-" ("")'],
    ['-X', '"-X" ("")'],
  ])('FAIL with the code %j is no documented one', async (errorCode, said) => {
    const { client } = answering({ result_code: 'FAIL', err_code: errorCode });
    expect(await failure(queryOrder(client, ORDER))).toMatchObject({
      outcome: 'unknown',
      advice: 'query-order',
      errorCode,
      message: `Query Order of order 1: ${said}. Query the order.`,
    });
  });

  it('FAIL without anything else', async () => {
    const { client } = answering({ result_code: 'FAIL' });
    const error = await failure<WechatPayBusinessError>(queryOrder(client, ORDER));
    expect(error).toMatchObject({ outcome: 'unknown', errorCode: '', errorDescription: '' });
    expect(error.raw).toMatchObject({ result_code: 'FAIL' });
  });

  it('a documented code has its outcome and its advice', async () => {
    const { client } = answering({ result_code: 'FAIL', err_code: 'ORDERNOTEXIST' });
    expect(await failure(queryOrder(client, ORDER))).toMatchObject({
      outcome: 'rejected',
      advice: 'fix-request',
      message: 'Query Order of order 1: ORDERNOTEXIST (""). Check the order number',
    });
  });
});
