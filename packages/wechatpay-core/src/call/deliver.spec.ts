import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { answering } from '../../test/answering.js';
import { failure as rejection } from '../../test/failure.js';
import { expectNoRequest } from '../../test/secrets.js';
import {
  quickPay,
  REVERSE_ORDER,
  reverseOrder,
  WechatPayClient,
  WechatPayResponseError,
  WechatPayTransportError,
  type Transport,
} from '../index.js';

const ORDER = { outTradeNo: '1415717424' };
const UNKNOWN = 'It may have been sent, so its outcome is unknown: query the order, or repeat the call.';

function connect(transport: Transport, timeoutMs = 30): WechatPayClient {
  const apiKey = '192006250b4c09247ec02edce69f6a2d';
  return new WechatPayClient({ appId: 'wx2421b1c4370ec43b', merchantId: '10000100', apiKey, transport, timeoutMs });
}

const failure = (call: Promise<unknown>): Promise<WechatPayTransportError> => rejection(call);

const silent: Transport = () => new Promise(() => undefined);
const kept = new WechatPayTransportError('WECHATPAY_CONNECTION', 'no proxy.', 'not-sent', { cause: withBody() });
const bodyless = 'the transport: a transport must resolve to { status: number, body: Uint8Array }.';

function timers(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
}

function withBody(): Error {
  return Object.assign(new TypeError('ECONNRESET'), { config: { data: '<xml><sign>A1</sign></xml>' }, code: 'X' });
}

describe('a transport of one’s own', () => {
  test.each<[string, Transport, code: string, outcome: string, message: string]>([
    ['never answers', silent, 'WECHATPAY_TIMEOUT', 'unknown', `no answer within 30 ms. ${UNKNOWN}`],
    [
      'rejects',
      () => Promise.reject(withBody()),
      'WECHATPAY_CONNECTION',
      'unknown',
      `the transport: it failed. ${UNKNOWN}`,
    ],
    [
      'throws',
      () => {
        throw withBody();
      },
      'WECHATPAY_CONNECTION',
      'unknown',
      `the transport: it failed. ${UNKNOWN}`,
    ],
    [
      'throws an error of ours',
      () => Promise.reject(Object.freeze(kept)),
      'WECHATPAY_CONNECTION',
      'not-sent',
      'no proxy.',
    ],
    [
      'answers nothing',
      () => Promise.resolve(undefined as never),
      'WECHATPAY_CONNECTION',
      'unknown',
      `${bodyless} ${UNKNOWN}`,
    ],
    [
      'answers a text',
      () => Promise.resolve({ status: 200, body: 'x' as never }),
      'WECHATPAY_CONNECTION',
      'unknown',
      `${bodyless} ${UNKNOWN}`,
    ],
    [
      'answers a status that is a text',
      () => Promise.resolve({ status: '200' as never, body: Buffer.from('x') }),
      'WECHATPAY_CONNECTION',
      'unknown',
      `${bodyless} ${UNKNOWN}`,
    ],
  ])('that %s', async (_, transport, code, outcome, message) => {
    // Twice: an error that a transport keeps and throws again is told of each call anew.
    for (const outTradeNo of ['1', '2']) {
      const error = await failure(reverseOrder(connect(transport), { outTradeNo }));
      expect(error).toMatchObject({ code, outcome, order: { outTradeNo } });
      expect(error.message).toBe(`Revoke Order of order ${outTradeNo}: ${message}`);
      expect(error.cause).toBeInstanceOf(Error);
      expect(inspect(error, { depth: null })).not.toContain('<sign>');
      expect(error).not.toHaveProperty('status');
    }
  });

  it('keeps name, code and message of what a transport threw', async () => {
    const error = await failure(
      reverseOrder(
        connect(() => Promise.reject(withBody())),
        ORDER,
      ),
    );
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'ECONNRESET', code: 'X' });
    const ours = await failure(
      reverseOrder(
        connect(() => Promise.reject(kept)),
        ORDER,
      ),
    );
    expect(ours.cause).toMatchObject({ name: 'TypeError', message: 'ECONNRESET', code: 'X' });
  });

  it('keeps a status, and takes no outcome but the two that a transport can know', async () => {
    const made = new WechatPayTransportError('WECHATPAY_HTTP_STATUS', 'no.', 'rejected' as never, { status: 407 });
    const error = await failure(
      reverseOrder(
        connect(() => Promise.reject(made)),
        ORDER,
      ),
    );
    expect(error).toMatchObject({ status: 407, outcome: 'unknown' });
  });

  it('ends when the caller aborts, and is not called where the caller had aborted before', async () => {
    let sent = 0;
    const client = connect(() => {
      sent += 1;
      return new Promise(() => undefined);
    }, 60_000);
    const abort = new AbortController();
    const call = failure(reverseOrder(client, ORDER, { signal: abort.signal }));
    const reason = new Error('closing time');
    abort.abort(reason);
    const error = await call;
    expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'unknown', cause: reason });
    expect(error.message).toBe(`Revoke Order of order 1415717424: aborted by the caller. ${UNKNOWN}`);
    const late = await failure(reverseOrder(client, ORDER, { signal: abort.signal }));
    expect(late).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'not-sent', cause: reason });
    expect(late.message).toBe('Revoke Order of order 1415717424: aborted by the caller. Nothing was sent.');
    expect(sent).toBe(1);
  });

  it.each(['ignores it', 'throws it'])('a reason to abort decides no outcome, where the transport %s', async (what) => {
    const abort = new AbortController();
    const transport: Transport = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          if (what === 'throws it') reject(signal.reason as Error); // as fetch does
        });
        // Of another call, which was not sent; and while this one begins.
        abort.abort(new WechatPayTransportError('WECHATPAY_CONNECTION', 'no proxy.', 'not-sent'));
      });
    const error = await failure(reverseOrder(connect(transport, 60_000), ORDER, { signal: abort.signal }));
    expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'unknown' });
  });

  it('knows better than a time-out, where it says that nothing was sent', async () => {
    const careful: Transport = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => {
          reject(new WechatPayTransportError('WECHATPAY_TIMEOUT', 'still in the queue.', 'not-sent'));
        });
      });
    expect(await failure(reverseOrder(connect(careful), ORDER))).toMatchObject({ outcome: 'not-sent' });
  });

  it('is let go of: neither timer nor listener stays behind a call', async () => {
    const { client } = answering({ recall: 'N' });
    const { signal } = new AbortController();
    const before = timers();
    for (let call = 0; call < 50; call += 1) await reverseOrder(client, ORDER, { signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    expect(timers() - before).toBeLessThan(25); // the test runner has some of its own
  });

  it('is given a signal by many calls at once, without a warning of Node.js', async () => {
    const warnings: string[] = [];
    const onWarning = ({ name }: Error): void => void warnings.push(name);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    const client = connect(silent);
    await Promise.all(Array.from({ length: 20 }, () => failure(reverseOrder(client, ORDER, { signal }))));
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});

describe('what a custom transport throws repeats neither the request nor the API key', () => {
  const API_KEY = '192006250b4c09247ec02edce69f6a2d';
  const ours = (message: string, cause?: unknown): Error =>
    new WechatPayTransportError('WECHATPAY_CONNECTION', message, 'not-sent', { cause });
  const signOf = (body: string): string => /<sign>(\w+)</.exec(body)?.[1] ?? '';
  const hiding = (body: string): Error => {
    const error = new Error('hidden');
    for (const name of ['message', 'cause', 'code', 'name'] as const) {
      Object.defineProperty(error, name, {
        get() {
          throw new Error(body);
        },
      });
    }
    return error;
  };

  test.each<[string, (body: string) => unknown]>([
    ['in properties', (body) => Object.assign(new Error('failed'), { config: { data: body }, request: { body } })],
    ['in its message', (body) => new Error(`POST failed: ${body}`)],
    ['in its name and code', (body) => Object.assign(new Error('failed'), { name: body, code: signOf(body) })],
    ['in a cause', (body) => new TypeError('fetch failed', { cause: Object.assign(new Error(body), { body }) })],
    [
      'in causes of causes',
      (body) =>
        [1, 2, 3, 4, 5, 6].reduce<Error>(
          (cause) => new Error('failed', { cause }),
          Object.assign(new Error(body), { body }),
        ),
    ],
    ['in an AggregateError', (body) => new AggregateError([new Error(body), body, { body }], 'all failed')],
    ['as a text', (body) => body],
    ['as an object', (body) => ({ body, message: body, cause: { body } })],
    ['as a function', (body) => Object.assign(() => body, { body })],
    ['as a symbol', (body) => Symbol(body)],
    ['as a Buffer', (body) => Buffer.from(body)],
    ['as a Buffer in a message', (body) => new Error(`sent ${JSON.stringify(Buffer.from(body))}`)],
    ['inspected', (body) => new Error(inspect(Buffer.from(body)))],
    ['in base64', (body) => new Error(`sent ${Buffer.from(body).toString('base64')}`)],
    ['in base64, behind other bytes', (body) => new Error(Buffer.from(`POST /x ${body}`).toString('base64'))],
    ['in hex', (body) => new Error(`sent ${Buffer.from(body).toString('hex')}`)],
    ['in JSON', (body) => new Error(JSON.stringify({ data: body }))],
    ['as a form', (body) => new Error(new URLSearchParams({ body }).toString())],
    ['in lower case', (body) => new Error(body.toLowerCase())],
    ['its sign alone', (body) => new Error(`bad sign ${signOf(body)}`)],
    ['half of its sign', (body) => new Error(`bad sign ${signOf(body).slice(0, 32)}`)],
    ['its sign in groups', (body) => new Error(`bad sign ${signOf(body).replaceAll(/.{8}/g, '$& ')}`)],
    ['the API key', () => new Error(`key=${API_KEY}`, { cause: API_KEY })],
    ['an error of ours with it', (body) => ours(`proxy said ${body}`, new Error(body))],
    ['a malformed answer of ours with it', (body) => new WechatPayResponseError(`no XML: ${body}`, { body })],
    ['a TypeError like ours', (body) => new TypeError(`a transport must not say ${body}`)],
    ['from getters that throw', hiding],
    ['from a proxy', (body) => new Proxy(new Error(body), { get: () => body, getPrototypeOf: () => Error.prototype })],
    [
      'endlessly',
      (body) => {
        const error: Error & { body?: string } = Object.assign(new Error('failed'), { body });
        error.cause = error;
        return error;
      },
    ],
  ])('%s', async (_, thrown) => {
    const bodies: string[] = [];
    const failing: Transport = ({ body }) => {
      bodies.push(body);
      throw thrown(body);
    };
    const error = await failure(reverseOrder(connect(failing), ORDER));
    expectNoRequest(error, bodies[0]!, API_KEY);
    // The caller's reason for aborting may be such an error too.
    const abort = new AbortController();
    const aborting: Transport = ({ body }) => {
      bodies.push(body);
      abort.abort(thrown(body));
      return new Promise(() => undefined);
    };
    const aborted = await failure(reverseOrder(connect(aborting, 60_000), ORDER, { signal: abort.signal }));
    expect(aborted).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'unknown' });
    expectNoRequest(aborted, bodies[1]!, API_KEY);
  });

  it('what else it says, its causes too, reaches the caller', async () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:3128'), { code: 'ECONNREFUSED', data: 'x' });
    const both = new AggregateError([refused, 'no route'], 'both addresses failed');
    const thrown = new TypeError('fetch failed', { cause: new Error('proxy failed', { cause: both }) });
    const error = await failure(
      reverseOrder(
        connect(() => Promise.reject(thrown)),
        ORDER,
      ),
    );
    expect(error.cause).toMatchObject({ name: 'TypeError', message: 'fetch failed' });
    const { cause } = (error.cause as Error).cause as { cause: AggregateError };
    expect(cause.message).toBe('both addresses failed');
    expect(cause.errors).toEqual([
      expect.objectContaining({ code: 'ECONNREFUSED', message: 'connect ECONNREFUSED 10.0.0.1:3128' }),
      'no route',
    ]);
    expect(inspect(error, { depth: null })).not.toContain('data');
  });

  it('cannot break the lines of a log', async () => {
    const error = await failure(
      reverseOrder(
        connect(() => Promise.reject(ours('no\nproxy\u2028\u202e.'))),
        ORDER,
      ),
    );
    expect(error.message).toBe('Revoke Order of order 1415717424: no proxy .');
  });
});

describe('a mistake in an operation of one’s own', () => {
  const mistake = (): never => {
    throw new TypeError('a mistake');
  };

  it('before sending is not-sent', async () => {
    const { client, requests } = answering({});
    const before = await failure(client.call({ ...REVERSE_ORDER, toFields: mistake }, ORDER));
    expect(before).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'request' });
    expect(before.message).toContain('cannot be read; give a plain object of documented properties.');
    expect(before.cause).toBeInstanceOf(TypeError);
    const number = await failure(client.call({ ...REVERSE_ORDER, toFields: () => ({ total_fee: 1 as never }) }, ORDER));
    expect(number).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'total_fee' });
    expect(number.message).toContain('must be a string.');
    expect(requests).toEqual([]);
  });

  it('after sending is unknown', async () => {
    const { client } = answering({});
    const after = await failure(client.call({ ...REVERSE_ORDER, toResult: mistake }, ORDER));
    expect(after).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
    expect(after.message).toContain('the reply could not be read. Its outcome is unknown: query the order.');
  });
});

test.each([
  ['a line break cannot break the lines of a log', { outTradeNo: 'a\nb' }, 'Revoke Order of order "a\\nb": no answer'],
  ['a number that is too long is not repeated', { outTradeNo: 'x'.repeat(33) }, 'Revoke Order: outTradeNo: has more'],
  ['nor one that is invalid', { outTradeNo: 7 as never }, 'Revoke Order: outTradeNo: must be a string'],
  ['nor an empty one', { outTradeNo: '' }, 'Revoke Order: outTradeNo: is empty'],
])('in messages, %s', async (_, request, message) => {
  const error = await failure(reverseOrder(connect(silent), request));
  expect(error.message).toContain(message);
  expect(error.stack).toContain(error.message);
});

it('a thenable that throws once it has resolved is an answer, and no exception that nobody catches', async () => {
  const thrown: unknown[] = [];
  const onUncaught = (error: unknown): void => void thrown.push(error);
  process.on('unhandledRejection', onUncaught);
  let reads = 0;
  const answer = {
    then(resolve: (value: unknown) => void) {
      reads += 1;
      if (reads > 1) throw new Error('read twice');
      resolve({ status: 502, body: new Uint8Array() });
      throw new Error('too late');
    },
  };
  const error = await failure(
    reverseOrder(
      connect(() => answer as never),
      ORDER,
    ),
  );
  expect(error).toMatchObject({ code: 'WECHATPAY_HTTP_STATUS', outcome: 'unknown' });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', onUncaught);
  expect(thrown).toEqual([]);
  expect(reads).toBe(1);
});

it('a signal that cannot be listened to is refused before anything is sent, and leaves no timer', async () => {
  const { signal } = new AbortController();
  signal.addEventListener = () => {
    throw new Error('not today');
  };
  const before = timers();
  let sent = 0;
  const client = connect(() => {
    sent += 1;
    return Promise.reject(new Error('no answer'));
  });
  const error = await failure(reverseOrder(client, ORDER, { signal }));
  expect(timers()).toBe(before);
  expect(error).toMatchObject({ outcome: 'not-sent' });
  expect(sent).toBe(0);
});

describe('a payment code in a transport’s message, however it is spelled, is left out', () => {
  const CODE = '134567890123456789';
  const each = (spell: (code: number) => string): string =>
    Array.from(CODE, (digit) => spell(digit.charCodeAt(0))).join('');
  test.each<[string, string]>([
    ['as it is', CODE],
    ['six digits of it', CODE.slice(3, 9)],
    ['in pieces of eleven', `${CODE.slice(0, 11)}; ${CODE.slice(11)}`],
    ['full-width', each((code) => String.fromCharCode(code + 0xfee0))],
    ['hex escapes', each((code) => `\\x${code.toString(16)}`)],
    ['unicode escapes', each((code) => `\\u00${code.toString(16)}`)],
    ['octal escapes', each((code) => `\\${code.toString(8)}`)],
    ['octal escapes of three digits', each((code) => `\\0${code.toString(8)}`)],
    ['entities', each((code) => `&#x${code.toString(16)};`)],
    ['full-width octal escapes', each((code) => `＼${code.toString(8)}`)],
  ])('%s', async (_, spelled) => {
    const client = connect(() => Promise.reject(new Error(`sent ${spelled}`)));
    const request = { ...ORDER, body: 'tea', totalFee: 1, authCode: CODE, spbillCreateIp: '::1' };
    const { cause } = await failure(quickPay(client, request));
    expect((cause as Error).message).toBe('(left out: it may repeat the request)');
  });
});
