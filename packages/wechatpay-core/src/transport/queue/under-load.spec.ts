import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import { CertificateAuthority } from 'wechatpay-sandbox';
import { failure } from '../../../test/failure.js';
import { listen as listenOn, startTlsServer, type TestServer } from '../../../test/tls-server.js';
import {
  CALL_CHANNEL,
  encodeXml,
  LOAD_CHANNEL,
  queryOrder,
  quickPay,
  reverseOrder,
  signFields,
  validateConfig,
  WechatPayClient,
  WechatPayOverloadedError,
  WechatPayTransportError,
  type CallEvent,
  type LoadEvent,
  type Transport,
  type WechatPayConfig,
} from '../../index.js';

const SETTINGS = {
  appId: 'wx2421b1c4370ec43b',
  merchantId: '10000100',
  apiKey: '192006250b4c09247ec02edce69f6a2d',
} as const;

function signedReply(fields: Record<string, string> = {}): Buffer {
  const reply = {
    return_code: 'SUCCESS',
    appid: SETTINGS.appId,
    mch_id: SETTINGS.merchantId,
    result_code: 'SUCCESS',
    recall: 'N',
    ...fields,
  };
  return Buffer.from(encodeXml({ ...reply, sign: signFields(reply, SETTINGS.apiKey, 'HMAC-SHA256') }));
}

/** A gateway that answers when it is told to, and what it was sent. */
function holding(settings: Partial<WechatPayConfig> = {}): {
  client: WechatPayClient;
  sent: string[];
  answer: (fields?: Record<string, string>) => void;
} {
  const sent: string[] = [];
  const held: ((body: Buffer) => void)[] = [];
  const transport: Transport = ({ body }) => {
    sent.push(/<out_trade_no>(.*?)</.exec(body)?.[1] ?? '');
    return new Promise((resolve) => {
      held.push((answered) => {
        resolve({ status: 200, body: answered });
      });
    });
  };
  const client = new WechatPayClient({ ...SETTINGS, transport, ...settings });
  return { client, sent, answer: (fields) => held.shift()?.(signedReply(fields)) };
}

async function listen<Event>(name: string, run: () => Promise<unknown>): Promise<Event[]> {
  const events: Event[] = [];
  const onEvent = (event: unknown): void => void events.push(event as Event);
  subscribe(name, onEvent);
  await run();
  unsubscribe(name, onEvent);
  return events;
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

describe('a client of which more is asked than its connections carry', () => {
  it('lets calls wait, in order, reversals and queries first', async () => {
    const { client, sent, answer } = holding({ maxConnections: 1 });
    const pay = (outTradeNo: string): Promise<unknown> =>
      quickPay(client, {
        outTradeNo,
        body: 'x',
        totalFee: 1,
        spbillCreateIp: '127.0.0.1',
        authCode: '134567890123456789',
      });
    const calls = [pay('1'), pay('2'), pay('3'), reverseOrder(client, { outTradeNo: '4' })].map((call) =>
      failure(call),
    );
    await turn();
    expect(sent).toEqual(['1']);
    expect(client.load()).toMatchObject({ inFlight: 1, waiting: 3, maxConnections: 1, maxQueued: 1_000 });
    const events = await listen<CallEvent>(CALL_CHANNEL, async () => {
      for (let n = 0; n < 4; n += 1) {
        answer({ result_code: 'FAIL', err_code: 'SYSTEMERROR' });
        await sleep(5);
      }
    });
    await Promise.all(calls);
    expect(sent).toEqual(['1', '4', '2', '3']);
    expect(events[0]).not.toHaveProperty('waitedMs');
    expect(events[3]?.waitedMs).toBeGreaterThan(5);
  });

  it('sends none that finds the queue full: nothing was sent, try again', async () => {
    const { client, sent } = holding({ maxConnections: 1, maxQueued: 0 });
    void failure(reverseOrder(client, { outTradeNo: '1' }));
    const error = await failure<WechatPayOverloadedError>(reverseOrder(client, { outTradeNo: '2' }));
    expect(error).toBeInstanceOf(WechatPayOverloadedError);
    expect(error).toMatchObject({
      code: 'WECHATPAY_OVERLOADED',
      outcome: 'not-sent',
      advice: 'retry-later',
      reason: 'queue-full',
      order: { outTradeNo: '2' },
    });
    expect(error.retryAfterMs).toBeGreaterThan(0);
    expect(error.message).toBe(
      'Revoke Order of order 2: as many calls wait as `maxQueued` allows. ' +
        `Nothing was sent. Try again in ${error.retryAfterMs} ms.`,
    );
    expect(sent).toEqual(['1']);
  });

  it('sends none that its caller aborts while it waits', async () => {
    const { client, sent, answer } = holding({ maxConnections: 1 });
    const first = reverseOrder(client, { outTradeNo: '1' });
    const abort = new AbortController();
    const second = failure(reverseOrder(client, { outTradeNo: '2' }, { signal: abort.signal }));
    const third = reverseOrder(client, { outTradeNo: '3' });
    abort.abort(new Error('closing time'));
    expect(await second).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'not-sent' });
    answer();
    await first;
    await sleep(5);
    answer();
    await third;
    expect(sent).toEqual(['1', '3']);
  });

  it('sends none that waits for longer than it may', async () => {
    const { client, sent } = holding({ maxConnections: 1, timeoutMs: 400 });
    const first = failure(reverseOrder(client, { outTradeNo: '1' }));
    const second = await failure(reverseOrder(client, { outTradeNo: '2' }));
    expect(second).toMatchObject({ code: 'WECHATPAY_OVERLOADED', reason: 'gateway-slow', outcome: 'not-sent' });
    expect(await first).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' });
    expect(sent).toEqual(['1']);
  });

  it('counts the wait into timeoutMs', async () => {
    const { client, answer } = holding({ maxConnections: 1, timeoutMs: 400 });
    const first = reverseOrder(client, { outTradeNo: '1' });
    const startedAt = performance.now();
    const second = failure(reverseOrder(client, { outTradeNo: '2' }));
    await sleep(100);
    answer();
    await first;
    expect(await second).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' });
    expect(performance.now() - startedAt).toBeGreaterThan(390);
    expect(performance.now() - startedAt).toBeLessThan(480 + 2_000); // the second sleep of 400 ms would come on top
  });

  it('sends, once it closes, neither what waits nor what comes, and waits for what is under way', async () => {
    const { client, sent, answer } = holding({ maxConnections: 1 });
    const underWay = reverseOrder(client, { outTradeNo: '1' });
    const waiting = failure(reverseOrder(client, { outTradeNo: '2' }));
    let isClosed = false;
    const closed = client.close().then(() => (isClosed = true));
    for (const error of [await waiting, await failure(reverseOrder(client, { outTradeNo: '3' }))]) {
      expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
      expect((error as Error).message).toContain('the client is closed. Nothing was sent.');
    }
    expect(isClosed).toBe(false);
    answer();
    await underWay;
    await closed;
    expect(sent).toEqual(['1']);
  });

  it('sends none that was refused, aborted or closed while the limiter was asked about it', async () => {
    const allowed: (() => void)[] = [];
    const limiter = (): Promise<number> =>
      new Promise((resolve) => {
        allowed.push(() => {
          resolve(0);
        });
      });
    const { client, sent } = holding({ limiter, timeoutMs: 200 });
    const refused = failure(reverseOrder(client, { outTradeNo: '1' }));
    const abort = new AbortController();
    const aborted = failure(reverseOrder(client, { outTradeNo: '2' }, { signal: abort.signal }));
    abort.abort();
    expect(await refused).toMatchObject({ code: 'WECHATPAY_OVERLOADED', reason: 'throttled', outcome: 'not-sent' });
    const closed = failure(reverseOrder(client, { outTradeNo: '3' }));
    await client.close();
    expect(allowed).toHaveLength(3);
    for (const allow of allowed) allow();
    expect(await aborted).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'not-sent' });
    expect(await closed).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    await turn();
    expect(sent).toEqual([]);
  });

  it('sends none too late, whatever a clock of its own says', async () => {
    const { client, sent } = holding({ maxConnections: 1, timeoutMs: 300, now: () => 1_800_000_000_000 });
    const first = failure(reverseOrder(client, { outTradeNo: '1' }));
    const second = await failure(reverseOrder(client, { outTradeNo: '2' }));
    expect(second).toMatchObject({ code: 'WECHATPAY_OVERLOADED', reason: 'gateway-slow', outcome: 'not-sent' });
    await first;
    expect(sent).toEqual(['1']);
  });

  it('refuses what cannot be sent before it waits', async () => {
    const { client, sent } = holding({ maxConnections: 1 });
    void failure(reverseOrder(client, { outTradeNo: '1' }));
    const error = await failure(reverseOrder(client, { outTradeNo: '\u0000' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' });
    expect(client.load()).toMatchObject({ inFlight: 1, waiting: 0 });
    expect(sent).toEqual(['1']);
  });
});

describe('a gateway that answers nobody', () => {
  it('is left alone but for a probe; state and reason are told, and an answer ends it', async () => {
    let isUp = false;
    let sent = 0;
    const transport: Transport = () => {
      sent += 1;
      if (isUp) return Promise.resolve({ status: 200, body: signedReply() });
      return Promise.reject(new WechatPayTransportError('WECHATPAY_CONNECTION', 'no route.', 'not-sent'));
    };
    let now = Date.now();
    const client = new WechatPayClient({ ...SETTINGS, transport, now: () => now });
    const events = await listen<LoadEvent>(LOAD_CHANNEL, async () => {
      for (let n = 0; n < 5; n += 1) await failure(reverseOrder(client, { outTradeNo: '1' }));
      expect(client.load().circuit).toEqual({ state: 'open', reason: 'no-connection', forMs: 0 });
      const error = await failure<WechatPayOverloadedError>(reverseOrder(client, { outTradeNo: '1' }));
      expect(error).toMatchObject({ outcome: 'not-sent', reason: 'circuit-open', retryAfterMs: 500 });
      expect(sent).toBe(5);
      now += 500;
      await failure(reverseOrder(client, { outTradeNo: '1' }));
      expect(sent).toBe(6);
      isUp = true;
      now += 500;
      await reverseOrder(client, { outTradeNo: '1' });
      await reverseOrder(client, { outTradeNo: '1' });
    });
    expect(events).toEqual([
      { kind: 'circuit', merchantId: '10000100', state: 'open', reason: 'no-connection', forMs: 0 },
      { kind: 'circuit', merchantId: '10000100', state: 'closed' },
    ]);
  });
});

describe('limits', () => {
  test.each([
    ['FREQUENCY_LIMITED, signed', signedReply({ result_code: 'FAIL', err_code: 'FREQUENCY_LIMITED' }), 200],
    [
      'its unsigned form',
      Buffer.from('<xml><return_code>FAIL</return_code><return_msg><![CDATA[频率限制]]></return_msg></xml>'),
      200,
    ],
    ['HTTP 429', Buffer.from('slow down'), 429],
  ])('are learnt from %s, of this operation of this merchant', async (_, body, status) => {
    const client = new WechatPayClient({ ...SETTINGS, transport: () => Promise.resolve({ status, body }) });
    const events = await listen<LoadEvent>(LOAD_CHANNEL, () => failure(reverseOrder(client, { outTradeNo: '1' })));
    expect(events).toMatchObject([
      { kind: 'throttled', merchantId: '10000100', operation: '/secapi/pay/reverse', perSecond: 1 },
    ]);
    expect(client.load().throttled).toMatchObject([{ merchantId: '10000100', operation: '/secapi/pay/reverse' }]);
  });

  it('that are known hold', async () => {
    const times: number[] = [];
    const transport: Transport = () => {
      times.push(performance.now());
      return Promise.resolve({ status: 200, body: signedReply() });
    };
    const client = new WechatPayClient({ ...SETTINGS, transport, limits: { reverseOrder: { perSecond: 3 } } });
    const startedAt = performance.now();
    const calls = Array.from({ length: 5 }, () => reverseOrder(client, { outTradeNo: '1' }));
    expect(times).toHaveLength(3);
    await Promise.all(calls);
    expect(times).toHaveLength(5);
    expect(times[3]! - startedAt).toBeGreaterThanOrEqual(999);
  });

  it('of the application are asked before each call', async () => {
    const asked: unknown[] = [];
    const transport: Transport = () => Promise.resolve({ status: 200, body: signedReply() });
    const limiter: WechatPayConfig['limiter'] = (call) => {
      asked.push(call);
      if (asked.length === 2) throw new Error(`no database, ${SETTINGS.apiKey}`);
      return 0;
    };
    const client = new WechatPayClient({ ...SETTINGS, transport, limiter });
    const events = await listen<LoadEvent>(LOAD_CHANNEL, async () => {
      await reverseOrder(client, { outTradeNo: '1' });
      await reverseOrder(client, { outTradeNo: '1' });
    });
    expect(asked).toEqual(Array(2).fill({ merchantId: '10000100', operation: '/secapi/pay/reverse' }));
    expect(events).toMatchObject([{ kind: 'limiter-failed' }]);
    expect(inspect(events, { depth: null })).not.toContain(SETTINGS.apiKey);
  });
});

test.each<[string, Partial<Record<keyof WechatPayConfig, unknown>>, string]>([
  ['no connection', { maxConnections: 0 }, 'maxConnections: must be a whole number from 1 to 1000; it is 0.'],
  ['half a place', { maxQueued: 0.5 }, 'maxQueued: must be a whole number from 0 to 100000; it is 0.5.'],
  ['limits that are invalid', { limits: 3 }, 'limits: must be an object, as in { refundOrder: { perSecond: 150 } }.'],
  ['a limit of an unknown operation', { limits: { refunds: { perSecond: 1 } } }, 'limits.refunds: is unknown'],
  ['a limit that is a number', { limits: { refundOrder: 150 } }, 'limits.refundOrder: must be an object'],
  ['a limit of nothing', { limits: { refundOrder: {} } }, 'limits.refundOrder.perSecond: is missing'],
  ['a limit a minute', { limits: { refundOrder: { perMinute: 1 } } }, 'limits.refundOrder.perMinute: is unknown'],
  [
    'a limit of 0',
    { limits: { '/a': { perSecond: 0 } } },
    'limits./a.perSecond: must be a whole number from 1 to 10000',
  ],
  ['an invalid limiter', { limiter: 1 }, 'limiter: must be a function'],
])('refuses %s', (_, settings, message) => {
  const transport: Transport = () => Promise.reject(new Error());
  expect(() => {
    validateConfig({ ...SETTINGS, transport, ...settings } as WechatPayConfig);
  }).toThrow(message);
});

describe('over TLS', () => {
  let server: TestServer;
  let ca: string;

  beforeAll(async () => {
    const authority = await CertificateAuthority.create();
    ca = authority.pem;
    server = await startTlsServer(await authority.issueServer(), (_, response) => {
      setTimeout(() => response.end(signedReply({ trade_state: 'NOTPAY', out_trade_no: '1' })), 30);
    });
  });
  afterAll(() => server.close());

  it('a call that is aborted while its connection is opened leaves the connection to the next one', async () => {
    const authority = await CertificateAuthority.create();
    const { cert, key } = await authority.issueClient({ commonName: SETTINGS.merchantId });
    const settings = { ...SETTINGS, certificate: { cert, key }, ca, baseUrl: server.baseUrl, maxConnections: 1 };
    const client = new WechatPayClient(settings);
    const [connections, requests] = [server.connections(), server.requests.length];
    const abort = new AbortController();
    const aborted = failure(queryOrder(client, { outTradeNo: '1' }, { signal: abort.signal }));
    const next = queryOrder(client, { outTradeNo: '1' });
    abort.abort();
    expect(await aborted).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'not-sent' });
    await next;
    await client.close();
    expect(server.connections() - connections).toBe(1);
    expect(server.requests.length - requests).toBe(1);
  });

  it('a call whose connection is ready too late is not sent, and leaves the connection to the next one', async () => {
    const authority = await CertificateAuthority.create();
    const { cert, key } = await authority.issueClient({ commonName: SETTINGS.merchantId });
    // Nothing goes through for 2.3 s: the network is slow, or everybody opens connections.
    const slow = createServer((near) => {
      const far = connect(Number(new URL(server.baseUrl).port), 'localhost');
      for (const socket of [near, far]) socket.on('error', () => undefined);
      setTimeout(() => near.pipe(far).pipe(near), 2_300);
    });
    const { baseUrl, connections, close } = await listenOn(slow);
    const settings = { ...SETTINGS, certificate: { cert, key }, ca, baseUrl, maxConnections: 1, timeoutMs: 4_000 };
    const client = new WechatPayClient(settings);
    const requests = server.requests.length;
    const error = await failure(queryOrder(client, { outTradeNo: '1' }));
    expect(error).toMatchObject({ code: 'WECHATPAY_OVERLOADED', reason: 'gateway-slow', outcome: 'not-sent' });
    expect(server.requests.length).toBe(requests);
    await queryOrder(client, { outTradeNo: '1' });
    expect(server.requests.length - requests).toBe(1);
    expect(connections()).toBe(1);
    await client.close();
    await close();
  });

  it('calls that wait and are aborted cost no connection, live or new', async () => {
    const authority = await CertificateAuthority.create();
    const { cert, key } = await authority.issueClient({ commonName: SETTINGS.merchantId });
    const client = new WechatPayClient({
      ...SETTINGS,
      certificate: { cert, key },
      ca,
      baseUrl: server.baseUrl,
      maxConnections: 4,
    });
    const [connections, requests] = [server.connections(), server.requests.length];
    for (let round = 0; round < 5; round += 1) {
      const abort = new AbortController();
      const kept = Array.from({ length: 8 }, () => queryOrder(client, { outTradeNo: '1' }));
      const aborted = Array.from({ length: 50 }, () =>
        failure(queryOrder(client, { outTradeNo: '1' }, { signal: abort.signal })),
      );
      setTimeout(() => {
        abort.abort();
      }, 20);
      const errors = await Promise.all(aborted);
      for (const error of errors) expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'not-sent' });
      await Promise.all(kept);
    }
    await client.close();
    expect(server.requests.length - requests).toBe(40);
    expect(server.connections() - connections).toBe(4);
  });
});
