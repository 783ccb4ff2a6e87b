import { createServer } from 'node:tls';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { CertificateAuthority } from 'wechatpay-sandbox';
import { expect, it } from 'vitest';
import {
  encodeXml,
  reverseOrder,
  signFields,
  WechatPayClient,
  WechatPayError,
  type ReverseOrderResult,
} from '../../src/index.js';
import { corpus, edited, hostile, spend } from './hostile-xml.js';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const settings = { appId: 'wx2421b1c4370ec43b', merchantId: '10000100', apiKey: API_KEY };

const fields = {
  return_code: 'SUCCESS',
  return_msg: 'OK',
  appid: settings.appId,
  mch_id: settings.merchantId,
  nonce_str: 'o5bAKF3o2ypC8hwa',
  result_code: 'SUCCESS',
  recall: 'N',
};
const genuine = encodeXml({ ...fields, sign: signFields(fields, API_KEY, 'HMAC-SHA256') });
const refused = { ...fields, result_code: 'FAIL', err_code: 'USERPAYING', recall: 'Y' };
const refusal = encodeXml({ ...refused, sign: signFields(refused, API_KEY, 'HMAC-SHA256') });

/**
 * An answer is believed only where it says, field by field, what was signed. A field without a value takes no part in a signature, so
 * that anybody may have added one: it says nothing, and decides nothing.
 */
function judge(outcome: ReverseOrderResult | WechatPayError): void {
  if (!(outcome instanceof Error)) {
    const { raw, returnCode, resultCode, recall } = outcome;
    expect(Object.fromEntries(Object.entries(raw).filter(([, value]) => value !== ''))).toEqual(fields);
    expect([returnCode, resultCode, recall]).toEqual(['SUCCESS', 'SUCCESS', false]);
    return;
  }
  expect(outcome).toBeInstanceOf(WechatPayError);
  if (outcome.code === 'WECHATPAY_BUSINESS_FAIL') expect(outcome).toMatchObject({ raw: refused });
  else expect(outcome.outcome).toBe('unknown');
}

async function reverse(client: WechatPayClient): Promise<ReverseOrderResult | WechatPayError> {
  return reverseOrder(client, { outTradeNo: '1415717424' }).catch((error: unknown) => error as WechatPayError);
}

/** A gateway that answers nobody, or throttles, is asked no more for a while: by a new client it is. */
const isSpared = (outcome: ReverseOrderResult | WechatPayError): boolean =>
  outcome instanceof Error && outcome.code === 'WECHATPAY_OVERLOADED';

it('believes no forged reply', async () => {
  let body = '';
  let status = 200;
  const open = (): WechatPayClient =>
    new WechatPayClient({ ...settings, transport: () => Promise.resolve({ status, body: Buffer.from(body) }) });
  let client = open();
  const seen = { believed: 0, refused: 0 };
  const reply = fc.oneof(hostile, edited(fc.constantFrom(genuine, refusal, ...corpus)));
  await fc.assert(
    fc.asyncProperty(reply, fc.constantFrom(200, 200, 200, 200, 302, 400, 502), async (text, code) => {
      body = text;
      status = code;
      let outcome = await reverse(client);
      if (isSpared(outcome)) outcome = await reverse((client = open()));
      seen[outcome instanceof Error ? 'refused' : 'believed'] += 1;
      judge(outcome);
    }),
    { ...spend, examples: [[genuine.replace('</return_code>', '</return_code><xml/>'), 200]] },
  );
  // Some edits leave the meaning as it is (white space between fields): the property has been at work on both sides.
  expect(seen.refused).toBeGreaterThan(0);
  expect(seen.believed).toBeGreaterThan(0);
});

const HTTP_PARTS = [
  ...[
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.0 200 OK\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 204 No Content\r\n',
    'HTTP/2 200\r\n',
  ],
  ...[
    'HTTP/1.1 302 Found\r\nlocation: /\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n',
    'HTTP/1.1 999 ?\r\n',
  ],
  ...[
    `content-length: ${genuine.length}\r\n`,
    'content-length: 10\r\n',
    'content-length: -1\r\n',
    'content-length: 99999999999\r\n',
  ],
  ...[
    'transfer-encoding: chunked\r\n',
    'connection: close\r\n',
    'content-encoding: gzip\r\n',
    'x: \0\r\n',
    ': \r\n',
    'a\r\n',
  ],
  ...[
    '\r\n',
    '\n',
    '\r\n\r\n',
    '0\r\n\r\n',
    '5\r\n<xml>\r\n',
    'ffffffffffffffff\r\n',
    `${genuine.length.toString(16)}\r\n`,
    genuine,
    refusal,
  ],
  ...['<xml>', '\0', 'x'.repeat(70_000)],
];

it('ends every call, whatever bytes come over the wire, and believes only the genuine reply', async () => {
  const authority = new CertificateAuthority();
  const [certificate, merchant] = await Promise.all([
    authority.issueServer(),
    authority.issueClient({ commonName: settings.merchantId }),
  ]);
  let answer = '';
  const server = createServer({ ...certificate, ca: authority.pem, requestCert: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.end(answer, 'latin1');
    });
  }).listen(0, 'localhost');
  await once(server, 'listening');
  const open = (): WechatPayClient =>
    new WechatPayClient({
      ...settings,
      certificate: { pfx: merchant.pfx },
      ca: authority.pem,
      baseUrl: `https://localhost:${(server.address() as AddressInfo).port}`,
      timeoutMs: 10_000,
    });
  let client = open();

  const head = fc.constantFrom(
    `HTTP/1.1 200 OK\r\ncontent-length: ${genuine.length}\r\n\r\n${genuine}`,
    `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${genuine.length.toString(16)}\r\n${genuine}\r\n0\r\n\r\n`,
    `HTTP/1.1 200 OK\r\n\r\n${refusal}`,
  );
  const wire = fc.oneof(
    fc.array(fc.constantFrom(...HTTP_PARTS), { maxLength: 8 }).map((parts) => parts.join('')),
    edited(head),
    head,
  );
  await fc.assert(
    fc.asyncProperty(wire, async (bytes) => {
      answer = bytes;
      let outcome = await reverse(client);
      if (isSpared(outcome)) {
        await client.close();
        outcome = await reverse((client = open()));
      }
      judge(outcome);
      // The server always closes: nothing is left to wait for.
      expect(outcome).not.toMatchObject({ code: 'WECHATPAY_TIMEOUT' });
    }),
    spend,
  );
  await client.close();
  server.close();
});
