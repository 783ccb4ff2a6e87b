import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { Sandbox, wellKnownAuthCodes, type DirectReply, type DirectRequest, type Merchant } from '../../src/index.js';
import { decode } from '../../src/wire/xml.js';
import { purchase, signedRequest, signWith, toXml, type Fields } from '../client.js';
import { edited, fieldNames, fieldValue, hostile, spend } from './grammar.js';

const prototype = Object.getOwnPropertyNames(Object.prototype).sort().join();
const paths = ['/pay/micropay', '/pay/orderquery', '/secapi/pay/reverse', '/secapi/pay/refund', '/pay/refundquery'];

let sandbox: Sandbox;
let institution: Merchant;
beforeAll(async () => {
  sandbox = await Sandbox.create({ now: () => Date.UTC(2026, 0, 31) });
  institution = await sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1' }] });
});

function begin(): void {
  sandbox.reset();
  sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
  sandbox.orders.create({ state: 'not-paid', outTradeNo: 'cake' });
  sandbox.orders.create({ state: 'paid', outTradeNo: 'tea', merchant: institution, subMerchantId: '1' });
}

/** Everything that a call may not change unless it was signed. */
function book(): string {
  return JSON.stringify([sandbox.orders.list(), sandbox.ledger.list()]);
}

/** Sends a request and looks at what must hold of any. */
function judge(request: DirectRequest): DirectReply {
  const before = book();
  const reply = sandbox.handle(request);
  expect(Object.getOwnPropertyNames(Object.prototype).sort().join()).toBe(prototype);
  if (reply.kind !== 'reply') throw new Error('a connection broke without a fault');
  expect([200, 400, 404, 413]).toContain(reply.status);

  const { fields } = sandbox.requests.at(-1)!;
  const merchant = sandbox.merchants.get(fields.mch_id);
  const signType = fields.sign_type === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5';
  if (book() !== before) {
    // Signed as this file signs, not as the gateway does.
    expect(merchant).toBeDefined();
    expect(fields.sign).toBe(signWith(fields, merchant!.apiKey, signType));
    expect(request.method ?? 'POST').toBe('POST');
    if (request.path.startsWith('/secapi/')) expect(request.clientCertificate).toBe(merchant!.merchantId);
  }
  const answered = decode(reply.body).fields ?? {};
  if (answered.return_code === 'SUCCESS') {
    const keys = sandbox.merchants.list().map(({ apiKey }) => signWith(answered, apiKey, signType));
    expect(keys).toContain(answered.sign);
  }
  for (const { outTradeNo, merchantId, money } of sandbox.orders.list()) {
    const { paid, returned } = sandbox.ledger.of(outTradeNo, sandbox.merchants.get(merchantId));
    expect(money).toEqual({ paid, refunded: returned });
    expect(returned).toBeLessThanOrEqual(paid);
  }
  return reply;
}

const anyPath = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...paths) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '/', '/__proto__', '/pay', '/secapi/', '//pay/micropay', '/pay/micropay?a'),
  },
);
const anyMethod = fc.oneof(
  { weight: 9, arbitrary: fc.constant('POST') },
  { weight: 1, arbitrary: fc.constantFrom('GET', '', '__proto__') },
);
const anyCertificate = fc.constantFrom('mine', 'none', 'institution', '__proto__');
const certificates = (name: string): { clientCertificate?: string } => {
  if (name === 'none') return {};
  if (name === 'mine') return { clientCertificate: sandbox.merchant.merchantId };
  return { clientCertificate: name === 'institution' ? institution.merchantId : name };
};

it('answers any text and any bytes, and moves nothing', () => {
  const body = fc.oneof(hostile, fc.uint8Array({ maxLength: 200 }));
  fc.assert(
    fc.property(anyPath, anyMethod, anyCertificate, body, (path, method, certificate, bytes) => {
      begin();
      const before = book();
      judge({ path, method, body: bytes, ...certificates(certificate) });
      expect(book()).toBe(before);
    }),
    spend,
  );
});

/** A request that is right but for some fields, signed over what it says. */
const anyCall = fc.record({
  path: fc.constantFrom(...paths),
  base: fc.constantFrom<Fields>(
    purchase(wellKnownAuthCodes.paysAtOnce, 'new'),
    purchase(wellKnownAuthCodes.walksAway, 'cake'),
    { out_trade_no: 'tea' },
    { out_trade_no: 'tea', out_refund_no: 'a', total_fee: '1250', refund_fee: '50' },
    { out_refund_no: 'a' },
  ),
  changes: fc.array(fc.tuple(fc.constantFrom(...fieldNames.filter((name) => name !== 'sign')), fieldValue), {
    maxLength: 3,
  }),
  signType: fc.constantFrom(undefined, 'HMAC-SHA256' as const),
  by: fc.constantFrom('merchant', 'institution'),
});

type Call = typeof anyCall extends fc.Arbitrary<infer T> ? T : never;

function bodyOf({ base, changes, signType, by }: Call): string {
  const merchant = by === 'merchant' ? sandbox.merchant : institution;
  const own = by === 'merchant' ? {} : { sub_mch_id: '1' };
  const fields = { ...base, ...own, ...Object.fromEntries(changes) };
  return toXml(signedRequest(sandbox, fields, { merchant, ...(signType && { signType }) }));
}

it('answers signed calls whatever their fields say, and keeps its books', () => {
  let moved = 0;
  fc.assert(
    fc.property(fc.array(anyCall, { minLength: 1, maxLength: 6 }), (calls) => {
      begin();
      const before = book();
      for (const call of calls) {
        const certificate = call.by === 'merchant' ? 'mine' : 'institution';
        judge({ path: call.path, body: bodyOf(call), ...certificates(certificate) });
      }
      if (book() !== before) moved += 1;
    }),
    spend,
  );
  expect(moved).toBeGreaterThan(0);
});

it('believes no call that was changed after it was signed', () => {
  const seen = { moved: 0, kept: 0 };
  // The body is made inside: its merchant is known only when the sandbox runs.
  fc.assert(
    fc.property(anyCall, fc.gen(), (call, generate) => {
      begin();
      const before = book();
      const body = generate(edited, fc.constant(bodyOf(call)));
      judge({ path: call.path, body, ...certificates(call.by === 'merchant' ? 'mine' : 'institution') });
      seen[book() === before ? 'kept' : 'moved'] += 1;
    }),
    spend,
  );
  // Some edits leave the meaning as it is, so that the property has been at work on both sides.
  expect(seen.kept).toBeGreaterThan(0);
  expect(seen.moved).toBeGreaterThan(0);
});
