import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import type { ServerOptions } from 'node:https';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { TLSSocket } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { CertificateAuthority } from 'wechatpay-sandbox';
import { describe, expect, it, test, vi } from 'vitest';
import { failure as rejection } from '../../test/failure.js';
import { MERCHANT_ID, ORDER, reversedReply, tlsGateway } from '../../test/tls-gateway.js';
import { closedPort, startPlainServer, startSilentServer, type TestServer } from '../../test/tls-server.js';
import { REVERSE_ORDER, reverseOrder, WechatPayResponseError, type WechatPayTransportError } from '../index.js';

const DAY_MS = 24 * 60 * 60 * 1000;

const stranger = new CertificateAuthority();
const { authority, merchant, secrets, open, connect, serve: listen } = await tlsGateway();

const success: RequestListener = (_, response) => {
  response.setHeader('content-type', 'text/plain');
  response.end(reversedReply());
};

const serve = (listener: RequestListener = success, options: ServerOptions = {}): Promise<TestServer> =>
  listen(listener, options);

const failure = (call: Promise<unknown>): Promise<WechatPayTransportError> => rejection(call, secrets);

it('reads an answer that is there by the time that a process goes on which stood still beyond timeoutMs', async ({
  onTestFinished,
}) => {
  const [RECEIVED, GO, ANSWERED] = [0, 1, 2];
  const flags = new Int32Array(new SharedArrayBuffer(12));
  // A gateway of another thread, which answers the second request while this one stands still.
  const gateway = new Worker(
    `const { once } = require('node:events');
     const { parentPort, workerData } = require('node:worker_threads');
     const { server: certificate, reply, flags } = workerData;
     const set = (index) => { Atomics.store(flags, index, 1); Atomics.notify(flags, index); };
     let requests = 0;
     const server = require('node:https').createServer(certificate, async (request, response) => {
       for await (const _ of request);
       if ((requests += 1) === 2) { set(${RECEIVED}); Atomics.wait(flags, ${GO}, 0); }
       response.end(reply, () => set(${ANSWERED}));
     });
     server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`,
    { eval: true, workerData: { server: await authority.issueServer(), reply: reversedReply(), flags } },
  );
  onTestFinished(() => void gateway.terminate());
  const [port] = (await once(gateway, 'message')) as [number];
  const client = connect(`https://127.0.0.1:${port}`, { timeoutMs: 3_000 });
  await reverseOrder(client, ORDER);
  Atomics.store(flags, ANSWERED, 0);
  const call = reverseOrder(client, ORDER);
  call.catch(() => undefined); // it is awaited below
  while (Atomics.load(flags, RECEIVED) === 0) await nextTurn();
  Atomics.store(flags, GO, 1);
  Atomics.notify(flags, GO);
  Atomics.wait(flags, ANSWERED, 0);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
  await expect(call).resolves.toMatchObject({ recall: false });
});

describe('mutual TLS', () => {
  it('reverses an order with a PKCS#12 and with a PEM certificate', async () => {
    const { baseUrl, requests } = await serve();
    const pem = { cert: merchant.cert, key: merchant.key };
    await expect(reverseOrder(connect(baseUrl), ORDER)).resolves.toMatchObject({ recall: false });
    await expect(reverseOrder(connect(baseUrl, { certificate: pem }), ORDER)).resolves.toMatchObject({ recall: false });
    expect(requests).toHaveLength(2);
  });

  const untrusted: [string, RegExp, () => Promise<ServerOptions>][] = [
    [
      'for another host',
      /ERR_TLS_CERT_ALTNAME_INVALID/,
      () => authority.issueServer({ hosts: ['apihk.mch.weixin.qq.com'] }),
    ],
    [
      'that has expired',
      /CERT_HAS_EXPIRED/,
      () =>
        authority.issueServer({
          notBefore: new Date(Date.now() - 2 * DAY_MS),
          notAfter: new Date(Date.now() - DAY_MS),
        }),
    ],
    ['of a foreign authority', /UNABLE_TO_VERIFY|SELF_SIGNED|UNABLE_TO_GET_ISSUER/, () => stranger.issueServer()],
  ];

  test.each(untrusted)('refuses a server certificate %s, before anything is sent', async (_, message, certificate) => {
    const { baseUrl, requests } = await serve(success, await certificate());
    // There is no switch: not even Node's own.
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(error.message).toMatch(message);
    expect(requests).toHaveLength(0);
  });

  it('refuses a server that speaks TLS 1.1 only', async () => {
    const { baseUrl, requests } = await serve(success, {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    });
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(requests).toHaveLength(0);
  });

  test.each([
    ['TLSv1.2', 'not-sent'],
    // A TLS 1.3 server judges the client's certificate after the client has begun to send.
    ['TLSv1.3', 'unknown'],
  ] as const)('of %s: a server that refuses the client certificate leaves the outcome %s', async (version, outcome) => {
    const { baseUrl, requests } = await serve(success, { ca: stranger.pem, maxVersion: version, minVersion: version });
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome });
    expect(requests).toHaveLength(0);
  });
});

describe('whom it trusts', () => {
  it('accepts a server whose certificate leads to a root of `ca` by an intermediate authority', async () => {
    const intermediate = new CertificateAuthority({ issuer: authority });
    const { baseUrl } = await serve(success, await intermediate.issueServer());
    await expect(reverseOrder(connect(baseUrl), ORDER)).resolves.toMatchObject({ recall: false });
    // An intermediate authority alone, or one root of several, can be trusted too.
    const ca = `${stranger.pem}\n# ours\n${authority.pem}`;
    await expect(reverseOrder(connect(baseUrl, { ca }), ORDER)).resolves.toMatchObject({ recall: false });
  });

  // Node.js would: it adds what a PKCS#12 file holds to whom it trusts.
  test.each([
    ['beside a `ca`', (): string => stranger.pem],
    ['where the system’s roots are trusted', () => undefined],
  ])('does not trust the authority inside a PKCS#12 file, %s', async (_, ca) => {
    const { baseUrl, requests } = await serve();
    const { pfx } = await authority.issueClient({ commonName: MERCHANT_ID, withAuthority: true });
    const error = await failure(reverseOrder(connect(baseUrl, { certificate: { pfx }, ca: ca() }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(error.message).toContain('ERR_UNTRUSTED_ROOT');
    expect(String(error.cause)).toContain('set `ca`');
    expect(requests).toHaveLength(0);
    await expect(reverseOrder(connect(baseUrl, { certificate: { pfx } }), ORDER)).resolves.toMatchObject({
      recall: false,
    });
  });

  it('nor one that only has the name of a trusted root', async () => {
    const [trusted, namesake] = ['', ''].map(() => new CertificateAuthority({ commonName: 'One Root' }));
    const { pfx } = await namesake!.issueClient({
      commonName: MERCHANT_ID,
      withAuthority: true,
    });
    const { baseUrl, requests } = await serve(success, await namesake!.issueServer());
    const ca = trusted!.pem;
    const error = await failure(reverseOrder(connect(baseUrl, { certificate: { pfx }, ca }), ORDER));
    expect(error.outcome).toBe('not-sent');
    expect(requests).toHaveLength(0);
  });

  it('shows the client certificate only below /secapi/, where the gateway demands it', async () => {
    const shown: boolean[] = [];
    const { baseUrl } = await serve(
      (request, response) => {
        shown.push((request.socket as TLSSocket).getPeerX509Certificate() !== undefined);
        success(request, response);
      },
      { rejectUnauthorized: false },
    );
    const client = connect(baseUrl);
    await reverseOrder(client, ORDER);
    await client.call({ ...REVERSE_ORDER, path: '/pay/orderquery' }, ORDER);
    expect(shown).toEqual([true, false]);
  });
});

describe('says not-sent where that is certain', () => {
  it('nothing listens', async () => {
    const error = await failure(reverseOrder(connect(await closedPort()), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent', order: ORDER });
    expect(error.message).toMatch(/^Revoke Order of order 1415717424: .*ECONNREFUSED.*Nothing was sent\.$/);
  });

  it('the name does not resolve', async () => {
    const error = await failure(reverseOrder(connect('https://gateway.invalid'), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
  });

  it('the server hangs up during the handshake', async () => {
    const { baseUrl } = await serve(success, {
      SNICallback: (_, done) => {
        done(new Error('no'));
      },
    });
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
  });

  it('the handshake does not end within connectTimeoutMs', async () => {
    const { baseUrl, close } = await startSilentServer();
    open.push({ close });
    const error = await failure(reverseOrder(connect(baseUrl, { connectTimeoutMs: 50 }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'not-sent' });
    expect(error.message).toContain('connectTimeoutMs');
  });

  test.each([
    [
      'the name does not resolve',
      'https://gateway.invalid',
      /(?:ENOTFOUND|EAI_AGAIN), the host name cannot be resolved; check `baseUrl`, the DNS/,
    ],
    ['nothing listens', closedPort, /ECONNREFUSED, the host cannot be reached; check `baseUrl`, the firewall/],
    [
      'the server is not trusted',
      async () => (await serve(success, await stranger.issueServer())).baseUrl,
      /, the server's certificate is not trusted; .* give its root certificate as `ca`/,
    ],
    [
      'it is another host',
      async () => (await serve(success, await authority.issueServer({ hosts: ['a.example'] }))).baseUrl,
      /ERR_TLS_CERT_ALTNAME_INVALID, the server's certificate is for another host; check `baseUrl`/,
    ],
    [
      'its certificate is out of date',
      async () => {
        const [notBefore, notAfter] = [2, 1].map((days) => new Date(Date.now() - days * DAY_MS));
        return (await serve(success, await authority.issueServer({ notBefore: notBefore!, notAfter: notAfter! })))
          .baseUrl;
      },
      /CERT_HAS_EXPIRED, the server's certificate is not valid at this time; check this machine's clock/,
    ],
    [
      'it speaks no TLS',
      async () => {
        const plain = await startPlainServer();
        open.push(plain);
        return plain.baseUrl;
      },
      /, the server does not speak TLS 1.2 or later; check `baseUrl`/,
    ],
  ])('and names the remedy: %s', async (_, baseUrl, message) => {
    const error = await failure(reverseOrder(connect(typeof baseUrl === 'string' ? baseUrl : await baseUrl()), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(error.message).toMatch(message);
  });

  it('the whole call times out while connecting', async () => {
    const { baseUrl, close } = await startSilentServer();
    const client = connect(baseUrl, { timeoutMs: 50 });
    const error = await failure(reverseOrder(client, ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'not-sent' });
    await close();
  });

  it('the caller had aborted before', async () => {
    const { baseUrl, requests } = await serve();
    const error = await failure(reverseOrder(connect(baseUrl), ORDER, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'not-sent' });
    expect(requests).toHaveLength(0);
  });

  it('the caller aborts while connecting, and nothing is sent later either', async () => {
    const abort = new AbortController();
    let finishHandshake: (() => void) | undefined;
    const { baseUrl, requests, handshakes } = await serve(success, {
      SNICallback: (_, done) => {
        const finish = (): void => {
          done(null);
        };
        if (abort.signal.aborted) {
          finish();
          return;
        }
        finishHandshake = finish;
        abort.abort();
      },
    });
    const client = connect(baseUrl);
    const error = await failure(reverseOrder(client, ORDER, { signal: abort.signal }));
    expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'not-sent' });
    finishHandshake?.();
    await reverseOrder(client, { outTradeNo: '2' });
    expect(handshakes()).toBeGreaterThan(0);
    expect(requests).toEqual([expect.stringContaining('<out_trade_no>2</out_trade_no>')]);
  });

  it('the client was closed', async () => {
    const { baseUrl, requests } = await serve();
    const client = connect(baseUrl);
    await client.close();
    const error = await failure(reverseOrder(client, ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(error.message).toContain('the client is closed');
    expect(requests).toHaveLength(0);
  });
});

describe('says unknown once a byte was sent', () => {
  it('the answer does not come within timeoutMs', async () => {
    const { baseUrl, requests } = await serve(() => undefined);
    const error = await failure(reverseOrder(connect(baseUrl, { timeoutMs: 2000 }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' });
    expect(error.message).toMatch(/no answer within 2000 ms.*query the order/);
    expect(requests).toHaveLength(1);
  });

  it('the answer stops half-way', async () => {
    const { baseUrl } = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('<xml><return_code>');
    });
    const error = await failure(reverseOrder(connect(baseUrl, { timeoutMs: 2000 }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' });
  });

  it.each([undefined, null, 'a text', new DOMException('a time-out of their own', 'TimeoutError')])(
    'the caller aborts (%s)',
    async (reason) => {
      const abort = new AbortController();
      const { baseUrl } = await serve(() => {
        abort.abort(reason);
      });
      const error = await failure(reverseOrder(connect(baseUrl), ORDER, { signal: abort.signal }));
      expect(error).toMatchObject({ code: 'WECHATPAY_ABORTED', outcome: 'unknown' });
    },
  );

  test.each([
    ['before a byte', ''],
    ['in the headers', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n'],
    ['in the body', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n<xml>'],
    ['in a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10\r\n<xml>'],
    ['by what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    [
      'by a bad chunk around a reply',
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n<xml><sign>${'A1'.repeat(32)}</sign></xml>`,
    ],
  ])('the connection is cut %s', async (_, bytes) => {
    const { baseUrl, requests } = await serve((request) => {
      request.socket.end(bytes);
    });
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'unknown' });
    expect(requests).toHaveLength(1);
  });

  it('more than 64 KiB come', async () => {
    const { baseUrl } = await serve((_, response) => {
      const more = (): void => {
        while (response.write('x'.repeat(16 * 1024)));
      };
      response.on('drain', more);
      more();
    });
    const error: unknown = await reverseOrder(connect(baseUrl), ORDER).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WechatPayResponseError);
    expect(error).toMatchObject({ outcome: 'unknown' });
    expect((error as Error).message).toMatch(/larger than 65536 bytes.*query the order/);
  });

  test.each<[string, RequestListener]>([
    ['is larger than 64 KiB', (_, response) => response.writeHead(502).end('x'.repeat(1024 * 1024))],
    [
      'has no end',
      (_, response) => {
        response.writeHead(502);
        const more = (): void => {
          while (response.write('x'.repeat(16 * 1024)));
        };
        response.on('drain', more);
        more();
      },
    ],
    [
      'breaks off',
      (request, response) => {
        response.writeHead(502, { 'content-length': '1000' });
        response.write('<html>', () => request.socket.destroy());
      },
    ],
  ])('the page of an HTTP error %s: its status is told', async (_, listener) => {
    const { baseUrl } = await serve(listener);
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_HTTP_STATUS', outcome: 'unknown', status: 502 });
  });

  test.each([301, 302, 307, 308])('the gateway redirects with %i: it is not followed', async (status) => {
    const elsewhere = await serve();
    const { baseUrl } = await serve((_, response) => {
      response.writeHead(status, { location: `${elsewhere.baseUrl}/secapi/pay/reverse` }).end();
    });
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_HTTP_STATUS', outcome: 'unknown', status });
    expect(elsewhere.requests).toHaveLength(0);
  });
});

describe('interim responses that nobody asked for are read past', () => {
  const CONTINUE = 'HTTP/1.1 100 Continue\r\n\r\n';

  test.each<[string, string[]]>([
    ['100 Continue', [CONTINUE]],
    ['with a field, of HTTP/1.0', ['HTTP/1.0 100 Go on\r\nserver: nginx\r\n\r\n']],
    ['three of them', [CONTINUE.repeat(3)]],
    ['in pieces', Array.from(CONTINUE.repeat(2))],
    ['102 Processing', ['HTTP/1.1 102 Processing\r\n\r\n']],
    ['103 Early Hints', ['HTTP/1.1 103 Early Hints\r\nlink: </style.css>\r\n\r\n']],
    ['by turns', [`HTTP/1.1 102 Processing\r\n\r\n${CONTINUE}`]],
  ])('%s', async (_, pieces) => {
    const { baseUrl, requests, handshakes } = await serve((request, response) => {
      void (async () => {
        request.socket.setNoDelay(true);
        for (const piece of pieces) {
          await new Promise<void>((resolve) => request.socket.write(piece, () => setImmediate(resolve)));
        }
        success(request, response);
      })();
    });
    const client = connect(baseUrl);
    for (let call = 0; call < 5; call += 1) {
      await expect(reverseOrder(client, ORDER)).resolves.toMatchObject({ recall: false });
    }
    expect(requests).toHaveLength(5);
    expect(handshakes()).toBeLessThanOrEqual(2); // the connection is kept
  });

  test.each([
    ['only these', CONTINUE, 'the connection broke'],
    ['half of one', 'HTTP/1.1 100 Cont', 'the connection broke'],
    ['one without end', `HTTP/1.1 100 Continue\r\n${'x: y\r\n'.repeat(10_000)}`, 'the connection broke'],
  ])('%s are no answer', async (_, bytes, message) => {
    const { baseUrl } = await serve((request) => {
      request.socket.end(bytes);
    });
    const error = await failure(reverseOrder(connect(baseUrl), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'unknown' });
    expect(error.message).toContain(message);
  });
});

describe('connections', () => {
  it('keeps one alive over calls in a row', async () => {
    const { baseUrl, handshakes, requests } = await serve();
    const client = connect(baseUrl);
    for (let call = 0; call < 20; call += 1) await reverseOrder(client, ORDER);
    expect(requests).toHaveLength(20);
    // Two, since the next call begins a moment before undici counts the first connection as free.
    expect(handshakes()).toBeLessThanOrEqual(2);
  });

  it('opens no more than 64 for 200 calls at once', async () => {
    const { baseUrl, handshakes, requests } = await serve();
    // So many handshakes at once take a busy machine longer than the default.
    const client = connect(baseUrl, { timeoutMs: 60_000, connectTimeoutMs: 60_000 });
    await Promise.all(Array.from({ length: 200 }, () => reverseOrder(client, ORDER)));
    expect(requests).toHaveLength(200);
    expect(handshakes()).toBeLessThanOrEqual(64);
  });

  it('close waits for a call in flight', async () => {
    let answer: (() => void) | undefined;
    const { baseUrl } = await serve((request, response) => {
      answer = () => {
        success(request, response);
      };
    });
    const client = connect(baseUrl);
    const call = reverseOrder(client, ORDER);
    await vi.waitFor(() => {
      expect(answer).toBeDefined();
    });
    const closed = client.close();
    await expect(failure(reverseOrder(client, ORDER))).resolves.toMatchObject({ outcome: 'not-sent' });
    answer?.();
    await expect(call).resolves.toMatchObject({ recall: false });
    await closed;
  });

  it.each(['has timed out', 'is in flight'])(
    'close ends with the calls, while a host never shakes hands: a call %s',
    async (state) => {
      const silent = await startSilentServer();
      open.push(silent);
      const client = connect(silent.baseUrl, { timeoutMs: 200, connectTimeoutMs: 3_600_000 });
      const call = failure(reverseOrder(client, ORDER));
      if (state === 'has timed out') await call;
      await client.close();
      await expect(call).resolves.toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'not-sent' });
      await vi.waitUntil(() => silent.openConnections() === 0, 20_000);
    },
  );
});

describe('several hosts', () => {
  it('goes to the next where nothing was sent, and remembers for a minute', async () => {
    const [first, second] = [await serve(success, await stranger.issueServer()), await serve()];
    let now = Date.now();
    const client = connect([first.baseUrl, second.baseUrl], { now: () => now });
    await reverseOrder(client, ORDER);
    const attempts = first.connections();
    expect(attempts).toBe(1);
    await reverseOrder(client, ORDER);
    expect(first.connections()).toBe(1);
    now += 60_001;
    await reverseOrder(client, ORDER);
    expect(first.connections()).toBe(2);
    expect(first.requests).toHaveLength(0);
    expect(second.requests).toHaveLength(3);
  });

  test.each<[string, RequestListener]>([
    ['cuts the connection', (request) => request.socket.destroy()],
    ['answers 502', (_, response) => response.writeHead(502).end()],
    ['answers nonsense', (_, response) => response.end('nonsense')],
  ])('never sends a request to a second host once the first has it, and %s', async (_, listener) => {
    const [first, second] = [await serve(listener), await serve()];
    const error: unknown = await reverseOrder(connect([first.baseUrl, second.baseUrl]), ORDER).catch((e: unknown) => e);
    expect(error).toMatchObject({ outcome: 'unknown' });
    expect(first.requests).toHaveLength(1);
    expect(second.requests).toHaveLength(0);
  });

  it('says so where no host can be reached, and tries them all again the next time', async () => {
    const certificate = await stranger.issueServer();
    const hosts = [await serve(success, certificate), await serve(success, certificate)];
    const client = connect(hosts.map(({ baseUrl }) => baseUrl));
    for (const call of [1, 2]) {
      const error = await failure(reverseOrder(client, ORDER));
      expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
      expect(hosts.map(({ connections }) => connections())).toEqual([call, call]);
    }
  });
});
