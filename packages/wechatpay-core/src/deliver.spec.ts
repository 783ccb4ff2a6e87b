import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, it, test } from 'vitest';
import { answering } from '../test/answering.js';
import {
  REVERSE,
  reverseOrder,
  WechatPayClient,
  WechatPayTransportError,
  type Transport,
  type WechatPayError,
} from './index.js';

const ORDER = { outTradeNo: '1415717424' };
const UNKNOWN = 'It may have been sent, so its outcome is unknown: query the order, or repeat the call.';

function connect(transport: Transport, timeoutMs = 30): WechatPayClient {
  const apiKey = '192006250b4c09247ec02edce69f6a2d';
  return new WechatPayClient({ appId: 'wx2421b1c4370ec43b', merchantId: '10000100', apiKey, transport, timeoutMs });
}

async function failure(promise: Promise<unknown>): Promise<WechatPayError & WechatPayTransportError> {
  return promise.then(
    () => {
      throw new Error('It did not fail.');
    },
    (reason: unknown) => reason as WechatPayError & WechatPayTransportError,
  );
}

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

describe('a mistake in an operation of one’s own', () => {
  const mistake = (): never => {
    throw new TypeError('a mistake');
  };

  it('before sending is not-sent', async () => {
    const { client, requests } = answering({});
    const before = await failure(client.call({ ...REVERSE, toFields: mistake }, ORDER));
    expect(before).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'request' });
    expect(before.message).toContain('cannot be read; give a plain object of documented properties.');
    expect(before.cause).toBeInstanceOf(TypeError);
    const number = await failure(client.call({ ...REVERSE, toFields: () => ({ total_fee: 1 as never }) }, ORDER));
    expect(number).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field: 'total_fee' });
    expect(number.message).toContain('must be a string.');
    expect(requests).toEqual([]);
  });

  it('after sending is unknown', async () => {
    const { client } = answering({});
    const after = await failure(client.call({ ...REVERSE, toResult: mistake }, ORDER));
    expect(after).toMatchObject({ code: 'WECHATPAY_MALFORMED_RESPONSE', outcome: 'unknown' });
    expect(after.message).toContain('the reply could not be read. Its outcome is unknown: query the order.');
  });
});

test.each([
  ['a line break cannot break the lines of a log', { outTradeNo: 'a\nb' }, 'Revoke Order of order "a\\nb": no answer'],
  ['a number that is too long is not repeated', { outTradeNo: 'x'.repeat(33) }, 'Revoke Order: outTradeNo: has more'],
  ['nor one that is none', { outTradeNo: 7 as never }, 'Revoke Order: outTradeNo: must be a string'],
  ['nor an empty one', { outTradeNo: '' }, 'Revoke Order: outTradeNo: is empty'],
])('in messages, %s', async (_, request, message) => {
  const error = await failure(reverseOrder(connect(silent), request));
  expect(error.message).toContain(message);
  expect(error.stack).toContain(error.message);
});
