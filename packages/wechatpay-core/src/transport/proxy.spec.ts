import type { TLSSocket } from 'node:tls';
import { inspect } from 'node:util';
import { describe, expect, it, test, vi } from 'vitest';
import { CertificateAuthority } from 'wechatpay-sandbox';
import { startProxy, type TestProxy } from '../../test/proxy-server.js';
import { failure as rejection } from '../../test/failure.js';
import { MERCHANT_ID, ORDER, reversedReply, tlsGateway } from '../../test/tls-gateway.js';
import { closedPort, type TestServer } from '../../test/tls-server.js';
import { reverseOrder, type WechatPayClient, WechatPayConfigError, type WechatPayError } from '../index.js';

const PASSWORD = 'p@ss:wörd-of-the-proxy';
const CREDENTIALS = `till:${PASSWORD}`;

const { authority, server, secrets, open, connect, serve: listen } = await tlsGateway();

/** A gateway, and whether each request came with the merchant's certificate. */
async function serve(certificate = server): Promise<TestServer & { shown: (string | undefined)[] }> {
  const shown: (string | undefined)[] = [];
  const started = await listen((request, response) => {
    shown.push((request.socket as TLSSocket).getPeerX509Certificate()?.subject);
    response.end(reversedReply());
  }, certificate);
  return { ...started, shown };
}

async function proxied(options?: Parameters<typeof startProxy>[0]): Promise<TestProxy> {
  const proxy = await startProxy(options);
  open.push(proxy);
  return proxy;
}

/** The URL of a proxy, with these credentials in it. */
function withCredentials(url: string, credentials = CREDENTIALS): string {
  const [user = '', ...rest] = credentials.split(':');
  return url.replace('//', `//${encodeURIComponent(user)}:${encodeURIComponent(rest.join(':'))}@`);
}

async function failure(call: Promise<unknown>): Promise<WechatPayError> {
  const error = await rejection(call, secrets);
  expectNoPassword(error);
  return error;
}

function expectNoPassword(shown: unknown): void {
  const text = inspect(shown, { depth: null, showHidden: true }) + JSON.stringify(shown);
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD), Buffer.from(CREDENTIALS).toString('base64')]) {
    expect(text).not.toContain(form);
  }
}

describe('through a proxy', () => {
  it('mutual TLS goes from end to end: the proxy sees the host’s name, and no byte of a request', async () => {
    const [gateway, proxy] = [await serve(), await proxied()];
    const client = connect(gateway.baseUrl, { proxy: proxy.url });
    await expect(reverseOrder(client, ORDER)).resolves.toMatchObject({ recall: false });
    expect(proxy.targets).toEqual([new URL(gateway.baseUrl).host]);
    expect(gateway.shown).toEqual([expect.stringContaining(MERCHANT_ID)]);
    expect(proxy.passed().length).toBeGreaterThan(500);
    expect(proxy.passed().toString('latin1')).not.toMatch(/xml|1415717424|secapi/);
  });

  it('a tunnel is kept alive over calls in a row', async () => {
    const [gateway, proxy] = [await serve(), await proxied()];
    const client = connect(gateway.baseUrl, { proxy: proxy.url });
    for (let call = 0; call < 10; call += 1) await reverseOrder(client, ORDER);
    expect(proxy.targets.length).toBeLessThanOrEqual(2);
    await client.close();
    await vi.waitUntil(() => proxy.openConnections() === 0, 20_000);
  });

  it('it gives its user and password, also with special characters, and shows them nowhere', async () => {
    const [gateway, proxy] = [await serve(), await proxied({ credentials: CREDENTIALS })];
    const client = connect(gateway.baseUrl, { proxy: withCredentials(proxy.url) });
    await expect(reverseOrder(client, ORDER)).resolves.toMatchObject({ recall: false });
    expectNoPassword(client);
  });

  it('a proxy may speak TLS itself, and is verified', async () => {
    const gateway = await serve();
    const [proxy, stranger] = [
      await proxied({ tls: { ...server } }),
      await proxied({ tls: { ...(await new CertificateAuthority().issueServer()) } }),
    ];
    expect(proxy.url).toMatch(/^https:/);
    await expect(reverseOrder(connect(gateway.baseUrl, { proxy: proxy.url }), ORDER)).resolves.toMatchObject({
      recall: false,
    });
    const error = await failure(reverseOrder(connect(gateway.baseUrl, { proxy: stranger.url }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(error.message).toMatch(/the proxy https:\/\/localhost:\d+ failed: \w*(?:SELF_SIGNED|UNABLE_TO)/);
    expect(stranger.targets).toEqual([]);
  });

  test.each([
    ['for another host', { hosts: ['apihk.mch.weixin.qq.com'] }, authority],
    ['of a foreign authority', {}, new CertificateAuthority()],
  ])('a server certificate %s is refused, before anything is sent', async (_, options, issuer) => {
    const [gateway, proxy] = [await serve(await issuer.issueServer(options)), await proxied()];
    vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
    const error = await failure(reverseOrder(connect(gateway.baseUrl, { proxy: proxy.url }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(proxy.targets).toHaveLength(1);
    expect(gateway.requests).toEqual([]);
  });

  it('the authority inside a PKCS#12 file vouches for no server there either', async () => {
    const [gateway, proxy] = [await serve(), await proxied()];
    const { pfx } = await authority.issueClient({ commonName: MERCHANT_ID, withAuthority: true });
    const ca = new CertificateAuthority().pem;
    const error = await failure(
      reverseOrder(connect(gateway.baseUrl, { proxy: proxy.url, certificate: { pfx }, ca }), ORDER),
    );
    expect(error.message).toContain('ERR_UNTRUSTED_ROOT');
    expect(gateway.requests).toEqual([]);
  });
});

describe('nothing is sent, and the message says why, where the proxy', () => {
  const answering =
    (line: string): ((socket: NodeJS.WritableStream) => void) =>
    (socket) => {
      socket.end(`${line}\r\n\r\n`);
    };

  test.each<[string, Parameters<typeof startProxy>[0], string | undefined, RegExp]>([
    ['wants credentials', { credentials: CREDENTIALS }, undefined, /HTTP 407 .* give them in `proxy`/],
    ['refuses the credentials', { credentials: CREDENTIALS }, 'till:wrong', /HTTP 407 .* check them/],
    ['forbids the host', { answer: answering('HTTP/1.1 403 Forbidden') }, CREDENTIALS, /HTTP 403 .* allow this host/],
    ['cannot reach the host', { answer: answering('HTTP/1.1 502 Bad Gateway') }, undefined, /HTTP 502 to CONNECT/],
    ['sends elsewhere', { answer: answering('HTTP/1.1 302 Found\r\nlocation: /login') }, undefined, /HTTP 302/],
    ['only goes on', { answer: answering('HTTP/1.1 100 Continue') }, undefined, /HTTP 100/],
    ['speaks no HTTP', { answer: answering('SSH-2.0-OpenSSH_9.2') }, undefined, /failed: HPE_\w+; check `proxy`/],
    ['hangs up', { answer: (socket) => socket.destroy() }, undefined, /failed: ECONNRESET; check `proxy`/],
  ])('%s', async (_, options, credentials, message) => {
    const [gateway, proxy] = [await serve(), await proxied(options)];
    const url = credentials === undefined ? proxy.url : withCredentials(proxy.url, credentials);
    const error = await failure(reverseOrder(connect(gateway.baseUrl, { proxy: url }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(`the proxy ${proxy.url} `);
    expect(gateway.connections()).toBe(0);
  });

  it('cannot be reached', async () => {
    const gateway = await serve();
    const proxy = (await closedPort()).replace('https:', 'http:');
    const error = await failure(reverseOrder(connect(gateway.baseUrl, { proxy: withCredentials(proxy) }), ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' });
    expect(error.message).toContain(`the proxy ${proxy} failed: ECONNREFUSED; check \`proxy\``);
  });

  it('has a name that does not resolve', async () => {
    const error = await failure(
      reverseOrder(connect('https://localhost', { proxy: 'http://proxy.invalid:3128' }), ORDER),
    );
    expect(error.message).toMatch(/the proxy http:\/\/proxy\.invalid:3128 failed: (?:ENOTFOUND|EAI_AGAIN)/);
  });

  it.each(['says nothing', 'opens a tunnel to what says nothing'])('%s: within connectTimeoutMs', async (what) => {
    const proxy = await proxied({
      answer: (socket) => {
        if (what !== 'says nothing') socket.write('HTTP/1.1 200 OK\r\n\r\n');
      },
    });
    const client = connect('https://localhost', { proxy: proxy.url, connectTimeoutMs: 100 });
    const error = await failure(reverseOrder(client, ORDER));
    expect(error).toMatchObject({ code: 'WECHATPAY_TIMEOUT', outcome: 'not-sent' });
    expect(error.message).toContain(`through the proxy ${proxy.url} within connectTimeoutMs, 100 ms`);
    await vi.waitUntil(() => proxy.openConnections() === 0, 20_000);
  });
});

it('closing ends the attempts to reach a proxy that says nothing', async () => {
  const proxy = await proxied({ answer: () => undefined });
  const client = connect('https://localhost', { proxy: proxy.url, timeoutMs: 300, connectTimeoutMs: 3_600_000 });
  await failure(reverseOrder(client, ORDER));
  await client.close();
  await vi.waitUntil(() => proxy.openConnections() === 0, 20_000);
});

it('goes to the next host where a proxy allows that one only', async () => {
  const gateway = await serve();
  const proxy = await proxied();
  const client = connect([await closedPort(), gateway.baseUrl], { proxy: proxy.url });
  await expect(reverseOrder(client, ORDER)).resolves.toMatchObject({ recall: false });
  expect(proxy.targets).toHaveLength(2);
});

describe('the setting', () => {
  test.each([
    'proxy.internal:3128',
    'socks5://proxy.internal:1080',
    `http://till:${PASSWORD}@proxy.internal:99999`,
    'http://till:%E0%A4%A@proxy.internal:3128',
    'http://proxy.internal:3128/path',
    '',
    true,
    3128,
    null,
  ])('refuses %j, and does not repeat it', (proxy) => {
    const making = (): WechatPayClient => connect('https://localhost', { proxy: proxy as never });
    expect(making).toThrow(WechatPayConfigError);
    expect(making).toThrow(/^proxy: must be the URL of an HTTP proxy/);
    try {
      making();
    } catch (error) {
      expectNoPassword(error);
    }
  });

  it('is refused beside a custom transport, which would not read it', () => {
    const transport = (): Promise<never> => Promise.reject(new Error('not called'));
    expect(() => connect('https://localhost', { transport, proxy: 'http://localhost:3128' })).toThrow(
      /^proxy: is not read beside a custom `transport`/,
    );
    expect(() => connect('https://localhost', { transport, proxy: false })).not.toThrow();
  });

  it('is not taken from the environment; that the environment names one is said once, without its value', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning);
    process.on('warning', onWarning);
    vi.stubEnv('HTTPS_PROXY', withCredentials('http://localhost:3128'));
    vi.stubEnv('NO_PROXY', '10.0.0.1, .internal,.example');
    const gateway = await serve();
    connect('https://gateway.example', {});
    connect(gateway.baseUrl, { proxy: false });
    connect(gateway.baseUrl, { proxy: 'http://localhost:3128' });
    await new Promise(setImmediate);
    expect(warnings).toEqual([]);

    for (const client of [connect(gateway.baseUrl, {}), connect(gateway.baseUrl, {})]) {
      await expect(reverseOrder(client, ORDER)).resolves.toMatchObject({ recall: false });
    }
    process.off('warning', onWarning);
    expect(warnings).toEqual([
      expect.objectContaining({
        code: 'WECHATPAY_PROXY_IGNORED',
        message: expect.stringMatching(
          /^HTTPS_PROXY is set.*`proxy: process\.env\.HTTPS_PROXY`.*`proxy: false`/,
        ) as string,
      }),
    ]);
    expectNoPassword(warnings);
  });
});
