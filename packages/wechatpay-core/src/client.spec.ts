import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { faultCatalogue, type Fault, type Order, type OrderState } from 'wechatpay-sandbox';
import { afterAll, describe, expect, it, test } from 'vitest';
import { expectNoSecrets } from '../test/secrets.js';
import { startGateway } from '../test/start-gateway.js';
import {
  CALL_CHANNEL,
  encodeXml,
  reverseOrder,
  signFields,
  WechatPayBusinessError,
  type WechatPayClient,
  type WechatPayError,
  WechatPayGatewayError,
  WechatPayResponseError,
  WechatPaySignatureError,
  WechatPayTransportError,
  type CallEvent,
  type Transport,
} from './index.js';

// What holds of every call, tried with Revoke Order.
const { sandbox, client, connect, failure } = await startGateway();

function stateOf({ outTradeNo }: Order): OrderState | undefined {
  return sandbox.orders.get(outTradeNo)?.state;
}

// Every event of this file is searched for secrets.
const events: CallEvent[] = [];
function listen(event: unknown): void {
  expectNoSecrets(event, sandbox.merchant);
  events.push(event as CallEvent);
}
subscribe(CALL_CHANNEL, listen);
afterAll(() => unsubscribe(CALL_CHANNEL, listen));

type Expected = readonly [type: new (...parameters: never[]) => WechatPayError, code: string];
const MALFORMED: Expected = [WechatPayResponseError, 'WECHATPAY_MALFORMED_RESPONSE'];
const MISMATCH: Expected = [WechatPaySignatureError, 'WECHATPAY_SIGNATURE_MISMATCH'];
const CONNECTION: Expected = [WechatPayTransportError, 'WECHATPAY_CONNECTION'];
const STATUS: Expected = [WechatPayTransportError, 'WECHATPAY_HTTP_STATUS'];
const REFUSAL: Expected = [WechatPayGatewayError, 'WECHATPAY_GATEWAY_FAIL'];

/** Each way in which the gateway, or somebody on the way, can spoil an answer; and what is made of it. */
const HOSTILE: [Fault, Expected, message?: RegExp][] = [
  [{ kind: 'error', errorCode: 'SYSTEMERROR', effect: true }, [WechatPayBusinessError, 'WECHATPAY_BUSINESS_FAIL']],
  [{ kind: 'error', errorCode: 'SYSTEMERROR', effect: false }, [WechatPayBusinessError, 'WECHATPAY_BUSINESS_FAIL']],
  [{ kind: 'recall' }, [WechatPayBusinessError, 'WECHATPAY_BUSINESS_FAIL']],
  [{ kind: 'cut', effect: true }, CONNECTION],
  [{ kind: 'cut', effect: false }, CONNECTION],
  [{ kind: 'cut', at: 'body' }, CONNECTION],
  [{ kind: 'hang' }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'hang', effect: false }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'hang', at: 'body' }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'delay', delayMs: 60_000 }, [WechatPayTransportError, 'WECHATPAY_TIMEOUT']],
  [{ kind: 'status', status: 502 }, STATUS],
  [{ kind: 'status', status: 504, effect: false }, STATUS],
  [{ kind: 'redirect' }, STATUS],
  [{ kind: 'empty-body' }, MALFORMED],
  [{ kind: 'truncated-xml' }, MALFORMED],
  [{ kind: 'doctype' }, MALFORMED],
  [{ kind: 'entity-bomb' }, MALFORMED],
  [{ kind: 'oversized' }, MALFORMED],
  [{ kind: 'endless' }, MALFORMED],
  [{ kind: 'invalid-utf8' }, MALFORMED],
  [{ kind: 'duplicate-field' }, MALFORMED],
  [{ kind: 'wrong-signature' }, MISMATCH],
  [{ kind: 'missing-signature' }, MISMATCH, /has no signature/],
  [{ kind: 'other-algorithm' }, MISMATCH, /signed with MD5, but the request asked for HMAC-SHA256/],
  [{ kind: 'foreign-merchant' }, MISMATCH],
  [{ kind: 'tampered' }, MISMATCH],
  [{ kind: 'tampered', fields: { result_code: 'FAIL', err_code: 'REVERSE_EXPIRE' } }, MISMATCH],
  [{ kind: 'tampered', fields: { later: 'added' } }, MISMATCH],
  [{ kind: 'foreign-identity' }, MALFORMED, /about another appid/],
  [{ kind: 'foreign-identity', fields: { mch_id: '1' } }, MALFORMED, /about another mch_id/],
  [{ kind: 'foreign-identity', fields: { appid: '' } }, MALFORMED, /about another appid/],
  [{ kind: 'foreign-identity', fields: { mch_id: '' } }, MALFORMED, /about another mch_id/],
  [{ kind: 'foreign-identity', fields: { out_trade_no: '1' } }, MALFORMED, /about another out_trade_no/],
  [{ kind: 'foreign-identity', fields: { result_code: 'MAYBE' } }, MALFORMED, /no result_code/],
  [{ kind: 'foreign-identity', fields: { recall: '' } }, MALFORMED, /no recall/],
  [{ kind: 'foreign-identity', fields: { recall: 'y' } }, MALFORMED, /no recall/],
  [{ kind: 'foreign-identity', fields: { return_code: '' } }, MALFORMED, /no return_code/],
  [{ kind: 'return-fail', returnMessage: '签名失败' }, REFUSAL, /签名失败/],
  [{ kind: 'return-fail', effect: true }, REFUSAL],
  [{ kind: 'return-code', returnCode: 'success' }, REFUSAL],
  [{ kind: 'retmsg', message: 'system error' }, REFUSAL, /system error/],
];

/** What WeChat Pay may add to a reply without spoiling it. */
const HARMLESS: readonly Fault[] = [{ kind: 'extra-field' }, { kind: 'empty-field' }];

describe('a hostile gateway', () => {
  it.each(HARMLESS)('$kind: its reply is sound all the same', async (fault) => {
    const { outTradeNo } = sandbox.orders.create({ state: 'paid' });
    sandbox.faults.add(fault);
    await expect(reverseOrder(client, { outTradeNo })).resolves.toMatchObject({ recall: false });
    expect(sandbox.faults.pending).toHaveLength(0);
  });

  it('knows each fault that the sandbox can play', () => {
    const kinds = new Set<string>([...HOSTILE.map(([{ kind }]) => kind), ...HARMLESS.map(({ kind }) => kind)]);
    expect(Object.keys(faultCatalogue).filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  test.each(HOSTILE)('%j', async (fault, [type, code], message = /./) => {
    const order = sandbox.orders.create({ state: 'paid' });
    const victim = connect({ timeoutMs: code === 'WECHATPAY_TIMEOUT' ? 2500 : 15_000 });
    sandbox.faults.add(fault);
    const error = await failure(reverseOrder(victim, { outTradeNo: order.outTradeNo }));
    expect(error).toBeInstanceOf(type);
    expect(error).toMatchObject({ code, outcome: 'unknown', order: { outTradeNo: order.outTradeNo } });
    expect(error.name).toBe(type.name);
    expect(error.message).toMatch(message);
    expect('status' in error).toBe(code === 'WECHATPAY_HTTP_STATUS');
    if (fault.kind === 'status') expect(error).toMatchObject({ status: fault.status });
    expect(sandbox.faults.pending).toHaveLength(0);

    // Unknown means unknown: it may have been reversed or not. A second call finds out, and nothing moves twice.
    const effect = 'effect' in fault ? fault.effect : undefined;
    if (effect !== undefined) expect(stateOf(order)).toBe(effect ? 'refunded' : 'paid');
    await expect(reverseOrder(victim, { outTradeNo: order.outTradeNo })).resolves.toMatchObject({ recall: false });
    expect(stateOf(order)).toBe('refunded');
    expect(sandbox.orders.get(order.outTradeNo)?.money).toEqual({ paid: 1250, refunded: 1250 });
    await victim.close();
  });

  it('believes an MD5 reply to an MD5 request only', async () => {
    const client = connect({ signType: 'MD5' });
    sandbox.faults.add({ kind: 'other-algorithm' });
    const error = await failure(reverseOrder(client, { outTradeNo: '1' }));
    expect(error.message).toContain('signed with HMAC-SHA256, but the request asked for MD5');
    await client.close();
  });

  it('cannot break the lines of a log by what it says', async () => {
    sandbox.faults.add({ kind: 'return-fail', returnMessage: 'x\nINFO all is well' });
    const error = await failure(reverseOrder(client, { outTradeNo: '1' }));
    expect(error.message).not.toContain('\n');
  });
});

describe('errors', () => {
  it('say in message and stack which call failed, for which order, and give all but the cause to JSON', async () => {
    sandbox.faults.add({ kind: 'error', errorCode: 'USERPAYING' });
    const error = await failure(reverseOrder(client, { outTradeNo: '1415717424' }));
    expect(error.message).toMatch(/^Revoke Order of order 1415717424: USERPAYING /);
    expect(error.stack?.split('\n')[0]).toBe(`WechatPayBusinessError: ${error.message}`);
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({
      name: 'WechatPayBusinessError',
      message: error.message,
      code: 'WECHATPAY_BUSINESS_FAIL',
      outcome: 'rejected',
      advice: 'retry-later',
      order: { outTradeNo: '1415717424' },
    });
  });

  it.each(['apiKey', 'key', 'cert'] as const)('a search for secrets finds the %s', (secret) => {
    const { apiKey, certificate } = sandbox.merchant;
    const { cert, key } = certificate;
    const error = new Error('x', { cause: new Error({ apiKey, cert, key }[secret]) });
    expect(() => {
      expectNoSecrets(error, sandbox.merchant);
    }).toThrow();
  });
});

describe('diagnostics', () => {
  it('tells of each call on a diagnostics channel', async () => {
    expect(CALL_CHANNEL).toBe('wechatpay:call');
    events.length = 0;
    const order = sandbox.orders.create({ state: 'paid' });
    await reverseOrder(client, { outTradeNo: order.outTradeNo });
    sandbox.faults.add({ kind: 'error', errorCode: 'USERPAYING' });
    await failure(reverseOrder(client, { transactionId: order.transactionId }));

    const common = {
      operation: 'Revoke Order',
      path: '/secapi/pay/reverse',
      merchantId: client.merchantId,
      durationMs: expect.toSatisfy((ms: number) => ms > 0 && ms < 60_000) as number,
    };
    expect(events).toEqual([
      { ...common, order: { outTradeNo: order.outTradeNo }, outcome: 'succeeded', recall: false },
      {
        ...common,
        order: { transactionId: order.transactionId },
        outcome: 'rejected',
        code: 'WECHATPAY_BUSINESS_FAIL',
        errorCode: 'USERPAYING',
        recall: true,
      },
    ]);
  });

  it('tells of a call that is refused before anything is sent, by the order that it names', async () => {
    events.length = 0;
    const request = { outTradeNo: 'o-1', orderCreatedAt: new Date() };
    await failure(reverseOrder(client, request));
    expect(events).toMatchObject([
      { order: { outTradeNo: 'o-1' }, outcome: 'not-sent', code: 'WECHATPAY_INVALID_REQUEST' },
    ]);
  });
});

describe('a custom transport', () => {
  const connectBy = (transport: Transport): WechatPayClient => connect({ transport, certificate: undefined as never });

  it('is given the path and a signed document, and needs no certificate', async () => {
    const seen: string[] = [];
    const custom = connectBy(({ path, body }) => {
      seen.push(path, body);
      return Promise.resolve({ status: 200, body: Buffer.from('<xml><return_code>FAIL</return_code></xml>') });
    });
    await expect(failure(reverseOrder(custom, { outTradeNo: '007' }))).resolves.toBeInstanceOf(WechatPayGatewayError);
    expect(seen[0]).toBe('/secapi/pay/reverse');
    expect(seen[1]).toMatch(/<out_trade_no>007<\/out_trade_no>.*<sign>[0-9A-F]{64}<\/sign>/);
    await custom.close();
  });

  /** A client whose gateway signs these fields, whatever it is asked. */
  const answering = (fields: Record<string, string>): WechatPayClient => {
    const { appId, merchantId, apiKey } = sandbox.merchant;
    const reply = {
      return_code: 'SUCCESS',
      appid: appId,
      mch_id: merchantId,
      result_code: 'SUCCESS',
      recall: 'N',
      ...fields,
    };
    const body = Buffer.from(encodeXml({ ...reply, sign: signFields(reply, apiKey, 'HMAC-SHA256') }));
    return connectBy(() => Promise.resolve({ status: 200, body }));
  };

  test.each(['sub_appid', 'sub_mch_id', 'transaction_id', 'out_trade_no'])(
    'a signed reply about another %s is not taken for an answer',
    async (name) => {
      const request = { outTradeNo: '1', transactionId: '2', subMerchantId: '3', subAppId: '4' };
      const own = { out_trade_no: '1', transaction_id: '2', sub_mch_id: '3', sub_appid: '4' };
      await expect(reverseOrder(answering(own), request)).resolves.toMatchObject({ recall: false });
      const error = await failure(reverseOrder(answering({ ...own, [name]: 'another' }), request));
      expect(error).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
      expect(error.message).toContain(`about another ${name}`);
    },
  );

  it('a signed failure that says nothing more leaves everything open', async () => {
    const error = await failure(reverseOrder(answering({ result_code: 'FAIL', recall: '' }), { outTradeNo: '1' }));
    expect(error).toMatchObject({ errorCode: '', errorDescription: '', outcome: 'unknown', advice: 'query-order' });
    expect((error as WechatPayBusinessError).recall).toBeUndefined();
    expect(error.message).toBe('Revoke Order of order 1: FAIL without err_code (""). Query the order.');
  });

  test.each([
    ['<xml><return_code>FAIL</return_code></xml>', 'FAIL', ''],
    ['<xml><return_code>FAIL</return_code><return_msg>no</return_msg></xml>', 'FAIL', 'no'],
    ['<xml><return_code>ERROR</return_code><retmsg>no</retmsg></xml>', 'ERROR', 'no'],
  ])('%s keeps what the gateway said, unverified', async (body, returnCode, returnMessage) => {
    const custom = connectBy(() => Promise.resolve({ status: 200, body: Buffer.from(body) }));
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error).toMatchObject({ returnCode, returnMessage, outcome: 'unknown' });
    expect(error.message).toMatch(/unsigned, so the outcome is unknown: query the order\.$/);
  });

  it('says no more of an unsigned refusal than the page allows, and no signature that it echoes', async () => {
    const custom = connectBy(({ body }) => {
      const echo = /<sign>([0-9A-F]{64})/.exec(body)![1]!;
      const xml = encodeXml({ return_code: 'FAIL', return_msg: `sign_${echo} ${'x'.repeat(60_000)}` });
      return Promise.resolve({ status: 200, body: Buffer.from(xml) });
    });
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error.message).not.toMatch(/[0-9A-F]{32}/);
    expect(error.message.length).toBeLessThan(400);
  });

  test.each([
    ['No required SSL certificate was sent', / No client certificate arrived: check `certificate`\. /],
    ['The SSL certificate error', / The client certificate was refused: use this merchant's/],
    [
      'Bad Request',
      /^Revoke Order of order 1: the gateway answered HTTP 400\. The outcome is unknown: query the order/,
    ],
  ])('HTTP 400 "%s" names the remedy', async (page, message) => {
    const body = Buffer.from(`<html><head><title>400 ${page}</title></head></html>`);
    const custom = connectBy(() => Promise.resolve({ status: 400, body }));
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_HTTP_STATUS', status: 400, outcome: 'unknown' });
    expect(error.message).toMatch(message);
  });

  it('is closed with the client', async () => {
    let closed = 0;
    const close = (): Promise<void> => {
      closed += 1;
      return Promise.resolve();
    };
    await connectBy(Object.assign(() => Promise.reject(new Error('not called')), { close })).close();
    expect(closed).toBe(1);
  });

  it.each([undefined, null, {}, { status: 200 }, { status: 200, body: null }, { status: 200, body: 5 }])(
    'that answers %j leaves the outcome unknown',
    async (answer) => {
      const custom = connectBy(() => Promise.resolve(answer as never));
      const error = await failure(reverseOrder(custom, { outTradeNo: '1' }, null as never));
      expect(error).toMatchObject({ outcome: 'unknown', order: { outTradeNo: '1' } });
    },
  );

  it('that fails in its own way leaves the outcome unknown', async () => {
    const custom = connectBy(() => Promise.reject(new Error('proxy down')));
    const error = await failure(reverseOrder(custom, { outTradeNo: '1' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'unknown', cause: new Error('proxy down') });
  });
});
