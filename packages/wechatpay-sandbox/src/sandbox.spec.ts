import { createConnection } from 'node:net';
import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reverse, send, signedRequest, toXml, withCertificate } from '../test/client.js';
import { CertificateAuthority, Sandbox } from './index.js';

let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start();
});
afterAll(() => sandbox.stop());

const port = (of: Sandbox): number => Number(new URL(of.baseUrl).port);

describe('Sandbox.start', () => {
  it('gives a merchant whose settings can be spread into a client’s', () => {
    const { appId, merchantId, apiKey, baseUrl, ca, certificate } = { ...sandbox.merchant };
    expect(appId).toMatch(/^wx[0-9a-f]{16}$/);
    expect(merchantId).toMatch(/^19\d{8}$/);
    expect(apiKey).toMatch(/^[0-9a-zA-Z]{32}$/);
    expect(baseUrl).toMatch(/^https:\/\/localhost:\d+$/);
    expect([baseUrl, ca]).toEqual([sandbox.baseUrl, sandbox.ca]);
    expect(certificate.passphrase).toBe(merchantId);
    expect(sandbox.merchants.list()).toEqual([sandbox.merchant]);
  });

  it('takes the merchant, the authority and the port that it is given', async () => {
    const merchant = { merchantId: '1900000109', appId: 'wx8888888888888888', apiKey: 'k'.repeat(32), passphrase: 'x' };
    const first = await Sandbox.start({ merchant, authority: sandbox.authority });
    expect(first.merchant).toMatchObject({
      merchantId: '1900000109',
      appId: 'wx8888888888888888',
      apiKey: 'k'.repeat(32),
    });
    expect(first.merchant.certificate.passphrase).toBe('x');
    expect(first.ca).toBe(sandbox.ca);
    await expect(Sandbox.start({ port: port(first), authority: sandbox.authority })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await first.stop();
    await using second = await Sandbox.start({ port: port(first), authority: sandbox.authority });
    expect(port(second)).toBe(port(first));
  });

  it('names itself after the address that it listens on', async () => {
    await using named = await Sandbox.start({ host: '127.0.0.2', authority: sandbox.authority });
    expect(named.baseUrl).toBe(`https://127.0.0.2:${port(named)}`);
    expect((await reverse(named, 'x')).status).toBe(200);
  });

  it('refuses a merchant that could not be', async () => {
    await expect(sandbox.merchants.create({ apiKey: 'short' })).rejects.toThrow('apiKey has 32 characters, not 5');
    const { merchantId } = sandbox.merchant;
    await expect(sandbox.merchants.create({ merchantId })).rejects.toThrow(`merchant ${merchantId} exists already`);
  });
});

describe('sandbox.stop', () => {
  it('ends connections in any state, and does no harm the second time', async () => {
    const own = await Sandbox.start({ authority: sandbox.authority });
    const closed = Promise.all(
      [
        createConnection(port(own), '127.0.0.1'),
        connect({ port: port(own), host: '127.0.0.1', ca: own.ca, servername: 'localhost' }),
      ].map(async (socket) => {
        await new Promise((resolve) =>
          socket.once(socket.constructor.name === 'TLSSocket' ? 'secureConnect' : 'connect', resolve),
        );
        return new Promise((resolve) =>
          socket
            .on('error', () => undefined)
            .once('close', resolve)
            .resume(),
        );
      }),
    );
    await reverse(own, 'x');
    await Promise.all([own.stop(), own.stop()]);
    await closed;
    await own.stop();
    await expect(reverse(own, 'x')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('sandbox.clock', () => {
  it('makes an order old enough, and then too old, without a wait', async () => {
    await using own = await Sandbox.start({ authority: sandbox.authority, now: () => 1_000_000 });
    const order = own.orders.create({ state: 'user-paying', createdAt: own.clock.now() });
    expect((await reverse(own, order.outTradeNo)).fields.err_code).toBe('INVALID_REQUEST');
    own.clock.advance(15_000);
    expect(own.clock.now()).toBe(1_015_000);
    expect((await reverse(own, order.outTradeNo)).fields.err_code).toBe('USERPAYING');
    own.clock.advance(7 * 86_400_000);
    expect((await reverse(own, order.outTradeNo)).fields.err_code).toBe('REVERSE_EXPIRE');
    expect(own.requests.map(({ at }) => at.getTime())).toEqual([1_000_000, 1_015_000, 605_815_000]);
    expect(() => {
      own.clock.advance(NaN);
    }).toThrow(TypeError);
  });
});

describe('sandbox.requests', () => {
  it('keeps the last 1,000, or as many as it is told', async () => {
    const { authority } = sandbox;
    const ask = (own: Sandbox, times: number): void => {
      for (let n = 0; n < times; n += 1) own.handle({ path: `/${n}`, body: '' });
    };
    const own = await Sandbox.create({ authority });
    ask(own, 1_200);
    expect(own.requests).toHaveLength(1_000);
    expect([own.requests[0], own.requests.at(-1)]).toMatchObject([{ path: '/200' }, { path: '/1199' }]);
    const few = await Sandbox.create({ authority, keepRequests: 2 });
    ask(few, 3);
    expect(few.requests.map(({ path }) => path)).toEqual(['/1', '/2']);
    const all = await Sandbox.create({ authority, keepRequests: Infinity });
    ask(all, 1_200);
    expect(all.requests).toHaveLength(1_200);
    for (const keepRequests of [-1, 1.5, NaN]) {
      await expect(Sandbox.create({ authority, keepRequests })).rejects.toThrow(
        `keepRequests: must be a whole number from 0, or Infinity; got ${keepRequests}.`,
      );
    }
  });

  it('tells what came and what became of it, in order, and no key', async () => {
    const lines: string[] = [];
    await using own = await Sandbox.start({ authority: sandbox.authority, log: (line) => lines.push(line) });
    const order = own.orders.create({ state: 'paid', outTradeNo: '007' });
    await reverse(own, order.outTradeNo);
    await reverse(own, 'a\nb');
    await send(own, 'x');
    await send(own, 'x', { path: '/?a=b' });

    expect(own.requests).toMatchObject([
      {
        method: 'POST',
        path: '/secapi/pay/reverse',
        fields: { out_trade_no: '007', mch_id: own.merchant.merchantId },
        clientCertificate: own.merchant.merchantId,
        answer: 'SUCCESS',
      },
      { fields: { out_trade_no: 'a\nb' }, answer: 'INVALID_REQUEST (Invalid request: out_trade_no is unknown)' },
      { fields: {}, answer: 'HTTP 400' },
      { path: '/', answer: 'HTTP 404' },
    ]);
    expect(JSON.stringify(own.requests)).not.toContain(own.merchant.apiKey);
    expect(lines).toEqual([
      'POST /secapi/pay/reverse "007" -> SUCCESS',
      'POST /secapi/pay/reverse "a\\nb" -> INVALID_REQUEST (Invalid request: out_trade_no is unknown)',
      'POST /secapi/pay/reverse "" -> HTTP 400',
      'POST / "" -> HTTP 404',
    ]);
  });
});

describe('connections', () => {
  it('are kept alive, and counted', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const before = sandbox.handshakes;
    for (let i = 0; i < 3; i += 1) await reverse(sandbox, 'x', { request: { agent } });
    expect(sandbox.handshakes - before).toBe(1);
    agent.destroy();
    await reverse(sandbox, 'x');
    expect(sandbox.handshakes - before).toBe(2);
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'that resume a session of %s still show the certificate',
    async (version) => {
      const agent = new Agent({ keepAlive: false, minVersion: version, maxVersion: version });
      for (let i = 0; i < 3; i += 1) {
        expect((await reverse(sandbox, 'x', { request: { agent } })).fields.err_code).toBe('INVALID_REQUEST');
      }
    },
  );
});

describe('a hostile request', () => {
  const body = (size: number): Buffer => Buffer.alloc(size, 'x');

  it('is let in up to 64 KiB, and refused beyond', async () => {
    const limit = 64 * 1024;
    const let_in = await send(sandbox, body(limit), withCertificate(sandbox.merchant));
    expect(let_in.fields.err_code).toBe('PARAM_ERROR');
    for (const size of [limit + 1, 900 * 1024]) {
      const refused = await send(sandbox, body(size), withCertificate(sandbox.merchant));
      expect([refused.status, refused.headers.connection]).toEqual([413, 'close']);
    }
    expect(sandbox.requests.at(-1)?.answer).toBe('HTTP 413');
  });

  it('that never ends is cut off', async () => {
    const socket = connect({ port: port(sandbox), host: '127.0.0.1', ca: sandbox.ca, servername: 'localhost' });
    socket.on('error', () => undefined);
    socket.write('POST /secapi/pay/reverse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const pour = (): void => {
      while (!socket.destroyed && socket.write(`1000\r\n${'x'.repeat(0x1000)}\r\n`));
    };
    socket.on('drain', pour);
    pour();
    await new Promise((resolve) => socket.resume().once('close', resolve));
  });

  it('that stops half-way leaves the gateway as it was', async () => {
    const before = sandbox.requests.length;
    const socket = connect({ port: port(sandbox), host: '127.0.0.1', ca: sandbox.ca, servername: 'localhost' });
    await new Promise((resolve) => socket.once('secureConnect', resolve));
    socket.write('POST /secapi/pay/reverse HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n<xml>');
    while (sandbox.requests.length === before) await new Promise(setImmediate);
    socket.destroy();
    expect((await reverse(sandbox, 'x')).status).toBe(200);
  });

  it.each(['no HTTP at all\r\n\r\n', 'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n'])(
    '%j is answered with a 400',
    async (text) => {
      const socket = connect({ port: port(sandbox), host: '127.0.0.1', ca: sandbox.ca, servername: 'localhost' });
      socket.end(text);
      const chunks: Buffer[] = [];
      for await (const chunk of socket as AsyncIterable<Buffer>) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toMatch(/^HTTP\/1.1 400 Bad Request/);
    },
  );

  it.each(['/', '/secapi', '/secapi/pay/reverse/', '//secapi/pay/reverse', '/%', '/_sandbox/orders'])(
    'to %s finds nothing',
    async (path) => {
      const reply = await send(sandbox, 'x', withCertificate(sandbox.merchant, { path }));
      expect([reply.status, reply.headers['content-type']]).toEqual([404, 'text/html']);
    },
  );

  it('does not let one order be reversed twice by two calls at once', async () => {
    const order = sandbox.orders.create({ state: 'paid' });
    const replies = await Promise.all(Array.from({ length: 8 }, () => reverse(sandbox, order.outTradeNo)));
    expect(new Set(replies.map(({ fields }) => fields.result_code))).toEqual(new Set(['SUCCESS']));
    expect(new Set(replies.map(({ fields }) => fields.nonce_str)).size).toBe(8);
    expect(order.history).toHaveLength(2);
  });
});

it('shares an authority between sandboxes, whose merchants stay strangers to each other', async () => {
  const authority = await CertificateAuthority.create();
  await using one = await Sandbox.start({ authority });
  await using two = await Sandbox.start({ authority });
  const reply = await send(two, toXml(signedRequest(one, { out_trade_no: 'x' })), withCertificate(one.merchant));
  expect(reply.fields).toEqual({
    return_code: 'FAIL',
    return_msg: 'INVALID_REQUEST: Invalid request: mch_id is unknown',
  });
});
