import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:tls';
import fc from 'fast-check';
import { CertificateAuthority } from 'wechatpay-sandbox';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { isWechatPayError, quickPay, reverseOrder, WechatPayClient } from '../src/index.js';
import { payment } from './truth/deeds.js';
import { Order } from './truth/keeper.js';
import { signed, write, type Wire } from './truth/wire.js';

// A real server over TLS, which takes the whole request and cuts the connection at any byte of its reply.

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const settings = { appId: 'wx2421b1c4370ec43b', merchantId: '10000100', apiKey: API_KEY };

const order = new Order('1415717424', '4200001415717424');
Object.assign(order, { amount: 888, currency: 'HKD' });
const common = {
  return_code: 'SUCCESS',
  appid: settings.appId,
  mch_id: settings.merchantId,
  nonce_str: 'o5bAKF3o2ypC',
};
const xml = (fields: Wire): string => write(signed({ ...common, ...fields }, API_KEY)).toString('latin1');
const PAID = xml({ result_code: 'SUCCESS', ...payment(order) });
const DECLINED = xml({ result_code: 'FAIL', err_code: 'NOTENOUGH' });
const REVERSED = xml({ result_code: 'SUCCESS', recall: 'N' });

const FRAMINGS: Readonly<Record<string, (body: string) => string>> = {
  'by its length': (body) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  'in chunks': (body) => {
    const chunks = [body.slice(0, 100), body.slice(100)].map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
    return `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`;
  },
  'until it closes': (body) => `HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${body}`,
};

let server: Server;
let client: WechatPayClient;
let reply = '';
let isReset = false;
let requests = 0;

beforeAll(async () => {
  const authority = new CertificateAuthority();
  const [certificate, merchant] = await Promise.all([
    authority.issueServer(),
    authority.issueClient({ commonName: settings.merchantId }),
  ]);
  // Only reversals and refunds come with a certificate.
  server = createServer(
    { ...certificate, ca: authority.pem, requestCert: true, rejectUnauthorized: false },
    (socket) => {
      let request = '';
      socket.on('error', () => undefined);
      socket.on('data', (bytes: Buffer) => {
        request += bytes.toString('latin1');
        if (!request.includes('</xml>')) return;
        request = '';
        requests += 1;
        if (isReset) socket.write(reply, 'latin1', () => socket.destroy());
        else socket.end(reply, 'latin1');
      });
    },
  ).listen(0, 'localhost');
  await once(server, 'listening');
  client = new WechatPayClient({
    ...settings,
    certificate: { pfx: merchant.pfx },
    ca: authority.pem,
    baseUrl: `https://localhost:${(server.address() as AddressInfo).port}`,
  });
});

afterAll(async () => {
  await client.close();
  server.close();
});

const CALLS: Readonly<Record<string, readonly [body: string, call: () => Promise<unknown>]>> = {
  'a payment': [PAID, pay],
  'a decline': [DECLINED, pay],
  'a reversal': [REVERSED, reverse],
};

function reverse(): Promise<unknown> {
  return reverseOrder(client, { outTradeNo: order.outTradeNo });
}

function pay(): Promise<unknown> {
  return quickPay(client, {
    outTradeNo: order.outTradeNo,
    body: 'tea',
    totalFee: 888,
    currency: 'HKD',
    spbillCreateIp: '203.0.113.7',
    authCode: '134567890123456789',
  });
}

const combinations = Object.keys(CALLS).flatMap((call) => Object.keys(FRAMINGS).map((framing) => ({ call, framing })));

it(
  'the outcome of a call is unknown wherever its reply is cut, and the whole reply is believed',
  { timeout: 0 },
  async () => {
    for (const { call, framing } of combinations) {
      const [body, run] = CALLS[call]!;
      [reply, isReset] = [FRAMINGS[framing]!(body), false];
      const outcome = await run().catch((error: unknown) => error);
      if (call === 'a decline') expect(outcome).toMatchObject({ outcome: 'rejected', errorCode: 'NOTENOUGH' });
      else expect(outcome, `${call}, ${framing}`).not.toBeInstanceOf(Error);
    }
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...combinations),
        fc.boolean(),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        async ({ call, framing }, hasReset, part) => {
          // One that is answered lies between two that are cut: a gateway that answers nobody is asked no more.
          [reply, isReset] = [FRAMINGS['by its length']!(REVERSED), false];
          await reverse();
          const [body, run] = CALLS[call]!;
          const whole = FRAMINGS[framing]!(body);
          [reply, isReset, requests] = [whole.slice(0, Math.floor(whole.length * part)), hasReset, 0];
          const outcome = await run().then(
            () => 'believed',
            (error: unknown) => (isWechatPayError(error) ? error.outcome : error),
          );
          expect(outcome).toBe('unknown');
          expect(requests, 'nothing is sent twice in secret').toBe(1);
        },
      ),
      { numRuns: 150, seed: Number(process.env.JUDGE_SEED ?? 1) },
    );
  },
);
