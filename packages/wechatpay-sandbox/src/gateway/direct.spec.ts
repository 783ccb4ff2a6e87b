import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { post, purchase, signedRequest, signWith, toXml, type Fields } from '../../test/client.js';
import { directly, fieldsOf } from '../../test/direct.js';
import { faultCatalogue, Sandbox, wellKnownAuthCodes } from '../index.js';

const start = Date.UTC(2026, 0, 31);
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.start({ now: () => start });
});
beforeEach(() => {
  sandbox.reset();
});
afterAll(() => sandbox.stop());

/** A call of each endpoint that would succeed, and what it would have done to the money. */
const calls: { path: string; fields: Fields; returned: number; paid: number }[] = [
  { path: '/pay/micropay', fields: purchase(wellKnownAuthCodes.paysAtOnce, 'new'), paid: 1250, returned: 0 },
  { path: '/pay/orderquery', fields: { out_trade_no: 'tea' }, paid: 0, returned: 0 },
  { path: '/secapi/pay/reverse', fields: { out_trade_no: 'tea' }, paid: 0, returned: 1250 },
  {
    path: '/secapi/pay/refund',
    fields: { out_trade_no: 'tea', out_refund_no: 'a', total_fee: '1250', refund_fee: '50' },
    paid: 0,
    returned: 50,
  },
  { path: '/pay/refundquery', fields: { out_trade_no: 'cake' }, paid: 0, returned: 0 },
];

/** What has moved since the orders were entered. */
function moved(): { paid: number; returned: number } {
  const sum = (kinds: string[]): number =>
    sandbox.ledger
      .list()
      .slice(3)
      .filter(({ kind }) => kinds.includes(kind))
      .reduce((total, { amount }) => total + amount, 0);
  return { paid: sum(['payment']), returned: sum(['refund', 'reversal']) };
}

function enterOrders(): void {
  sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
  sandbox.orders.create({ state: 'refunded', outTradeNo: 'cake' });
}

describe('sandbox.handle', () => {
  it.each(calls)('answers $path as the server does', async ({ path, fields }) => {
    enterOrders();
    const overTls = await post(sandbox, path, fields);
    sandbox.reset();
    enterOrders();
    const reply = directly(sandbox, path, fields);
    expect(reply).toMatchObject({ kind: 'reply', status: 200, headers: { 'Content-Type': 'text/plain' } });
    expect(fieldsOf(reply).result_code).toBe('SUCCESS');
    expect(Object.keys(fieldsOf(reply))).toEqual(Object.keys(overTls.fields));
    expect(sandbox.requests).toMatchObject([{ path, method: 'POST', answer: 'SUCCESS' }]);
  });

  it.each([
    { name: 'no certificate', request: { path: '/secapi/pay/reverse', body: 'x' }, status: 400 },
    { name: 'an unknown path', request: { path: '/pay/unheard-of?a=b', body: 'x' }, status: 404 },
    { name: 'a long body', request: { path: '/pay/micropay', body: 'x'.repeat(65 * 1024) }, status: 413 },
  ])('refuses $name as the server does', ({ request, status }) => {
    expect(sandbox.handle(request)).toMatchObject({ kind: 'reply', status });
    expect(sandbox.requests.at(-1)?.answer).toBe(`HTTP ${status}`);
  });

  it('takes another merchant’s certificate, another method, bytes and a query', async () => {
    const other = await sandbox.merchants.create();
    const body = Buffer.from(toXml(signedRequest(sandbox, { out_trade_no: 'tea' })));
    const request = { path: '/secapi/pay/reverse?x=1', body, clientCertificate: other.merchantId };
    expect(fieldsOf(sandbox.handle(request)).err_code).toBe('INVALID_REQUEST');
    expect(fieldsOf(sandbox.handle({ ...request, method: 'GET' })).err_code).toBe('REQUIRE_POST_METHOD');
  });

  it('needs no server', async () => {
    const lines: string[] = [];
    const alone = await Sandbox.create({ authority: sandbox.authority, log: (line) => lines.push(line) });
    expect(alone.baseUrl).toBe('https://wechatpay-sandbox.invalid');
    expect(alone.merchant.baseUrl).toBe(alone.baseUrl);
    expect(fieldsOf(directly(alone, '/pay/orderquery', { out_trade_no: 'tea' })).err_code).toBe('ORDERNOTEXIST');
    expect(lines).toEqual(['POST /pay/orderquery "tea" -> ORDERNOTEXIST (The order does not exist)']);
    expect(alone.handshakes).toBe(0);
    await alone.stop();
  });

  it('throws what a predicate of a fault throws', () => {
    const when = (): boolean => {
      throw new Error('a mistake in the test');
    };
    sandbox.faults.add({ kind: 'cut' }, { when });
    expect(() => directly(sandbox, '/pay/orderquery', { out_trade_no: 'tea' })).toThrow('a mistake in the test');
  });
});

describe('sandbox.reset', () => {
  it('forgets everything but the merchants', async () => {
    const authority = sandbox.authority;
    await using own = await Sandbox.start({ authority, now: () => start });
    const merchant = await own.merchants.create();
    const order = own.orders.create({ state: 'paid', outTradeNo: 'tea', merchant });
    const { authCode } = own.customers.create({ behaviour: 'pays-at-once' });
    own.faults.add({ kind: 'cut' });
    own.clock.advance(5_000);
    directly(own, '/pay/orderquery', { out_trade_no: 'x' });
    own.reset();
    expect([own.orders.list(), own.ledger.list(), own.customers.list(), own.faults.pending, own.requests]).toEqual([
      [],
      [],
      [],
      [],
      [],
    ]);
    expect([own.clock.now(), own.merchants.list().length]).toEqual([start, 2]);
    expect(own.orders.getByTransactionId(order.transactionId)).toBeUndefined();
    const reply = directly(own, '/pay/micropay', purchase(authCode, 'tea'), merchant);
    expect(fieldsOf(reply).err_code).toBe('AUTH_CODE_INVALID');
    expect((await post(own, '/pay/orderquery', { out_trade_no: 'tea' })).fields.err_code).toBe('ORDERNOTEXIST');
  });
});

const faults = Object.values(faultCatalogue).map(({ examples: [plainest] }) => plainest);

describe.each(calls)('$path', ({ path, fields, paid, returned }) => {
  it.each(faults)('meets the fault $kind, with its effect and without', (fault) => {
    for (const effect of [undefined, true, false]) {
      sandbox.reset();
      enterOrders();
      sandbox.faults.add({ ...fault, ...(effect !== undefined && { effect }) }, { path: '/elsewhere' });
      sandbox.faults.add({ ...fault, ...(effect !== undefined && { effect }) }, { path });
      const reply = directly(sandbox, path, fields);
      const happens = effect ?? faultCatalogue[fault.kind].takesEffect;
      expect(moved()).toEqual(happens ? { paid, returned } : { paid: 0, returned: 0 });
      expect(sandbox.requests.at(-1)?.fault).toBe(fault.kind);
      expect(sandbox.faults.pending).toHaveLength(1);

      const isWhole = reply.kind === 'reply' && reply.delayMs === undefined;
      expect(isWhole).toBe(!['cut', 'hang', 'endless', 'delay'].includes(fault.kind));
      // Whatever was lost: the same call again gets through, and nothing moves twice.
      const again = fieldsOf(directly(sandbox, path, fields));
      expect(again.err_code ?? again.result_code).toBe(happens && paid > 0 ? 'ORDERPAID' : 'SUCCESS');
      expect(moved()).toEqual({ paid, returned });
    }
  });

  it('contradicts itself where a fault says so, in what its replies have', () => {
    enterOrders();
    const decisive = path === '/secapi/pay/reverse' ? 'recall' : 'result_code';
    sandbox.faults.add({ kind: 'duplicate-field', effect: false });
    const reply = directly(sandbox, path, fields);
    expect(reply.body.toString().match(new RegExp(`<${decisive}>`, 'g'))).toHaveLength(2);

    sandbox.faults.add({ kind: 'tampered', effect: false });
    const tampered = fieldsOf(directly(sandbox, path, fields));
    expect(tampered[decisive]).toBe(decisive === 'recall' ? 'Y' : 'FAIL');
    expect(tampered.sign).not.toBe(signWith(tampered, sandbox.merchant.apiKey));

    sandbox.faults.add({ kind: 'error', errorCode: 'SYSTEMERROR' });
    expect('recall' in fieldsOf(directly(sandbox, path, fields))).toBe(decisive === 'recall');
  });
});

describe('a fault that breaks the connection', () => {
  it.each(['cut', 'hang'] as const)('comes back as a %s, with what had arrived', (kind) => {
    sandbox.faults.add({ kind });
    expect(directly(sandbox, '/pay/orderquery', {})).toEqual({ kind, body: Buffer.alloc(0) });
    sandbox.faults.add({ kind, at: 'body' });
    const torn = directly(sandbox, '/pay/orderquery', {});
    expect(torn).toMatchObject({ kind, status: 200 });
    expect(torn.body.toString()).toMatch(/^<xml>\n<return_code>/);
    expect(torn.body.toString()).not.toContain('</xml>');
  });

  it('comes back as late, without a wait, or as endless', () => {
    sandbox.faults.add({ kind: 'delay', delayMs: 3_600_000 });
    expect(directly(sandbox, '/pay/orderquery', {})).toMatchObject({ kind: 'reply', delayMs: 3_600_000 });
    sandbox.faults.add({ kind: 'endless' });
    expect(directly(sandbox, '/pay/orderquery', {})).toMatchObject({ kind: 'endless', status: 200 });
  });
});

describe('the gateway as a whole', () => {
  const anyStep = fc.oneof(
    fc.record({ call: fc.constant('pay' as const), code: fc.constantFrom(...Object.values(wellKnownAuthCodes)) }),
    ...(['pay/orderquery', 'secapi/pay/reverse', 'pay/refundquery'] as const).map((call) =>
      fc.record({ call: fc.constant(call) }),
    ),
    fc.record({
      call: fc.constant('refund' as const),
      number: fc.constantFrom('a', 'b'),
      fee: fc.constantFrom(1, 600, 1250),
    }),
    fc.record({
      call: fc.constant('wait' as const),
      ms: fc.constantFrom(1, 4_999, 5_000, 15_000, 45_000, 7 * 86_400_000),
    }),
    fc.record({ call: fc.constant('fault' as const), fault: fc.constantFrom(...faults), effect: fc.boolean() }),
  );

  it('keeps its books through 5,000 sequences of calls, customers and faults', { timeout: 180_000 }, () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 15 }), (steps) => {
        sandbox.reset();
        for (const step of steps) {
          const ask = { out_trade_no: 'tea' };
          if (step.call === 'wait') sandbox.clock.advance(step.ms);
          else if (step.call === 'fault') sandbox.faults.add({ ...step.fault, effect: step.effect });
          else if (step.call === 'pay') directly(sandbox, '/pay/micropay', purchase(step.code, 'tea'));
          else if (step.call === 'refund') {
            const amounts = { total_fee: '1250', refund_fee: String(step.fee), out_refund_no: step.number };
            directly(sandbox, '/secapi/pay/refund', { ...ask, ...amounts });
          } else directly(sandbox, `/${step.call}`, ask);
        }
        const order = sandbox.orders.get('tea');
        const movements = sandbox.ledger.list();
        const { paid, returned } = sandbox.ledger.of('tea');
        seen.add(order?.tradeState ?? 'none');
        expect(movements.filter(({ kind }) => kind === 'payment').length).toBeLessThanOrEqual(1);
        expect(returned).toBeLessThanOrEqual(paid);
        expect(order?.money ?? { paid: 0, refunded: 0 }).toEqual({ paid, refunded: returned });
        const times = movements.map(({ at }) => at.getTime());
        expect(times).toEqual([...times].sort((a, b) => a - b));
        // 45 s later nothing is open any more.
        sandbox.clock.advance(45_000);
        expect(['user-paying', 'not-paid']).not.toContain(order?.state);
      }),
      { numRuns: 5_000 },
    );
    expect([...seen].sort()).toEqual(
      ['NOTPAY', 'PAYERROR', 'REFUND', 'REVOKED', 'SUCCESS', 'USERPAYING', 'none'].sort(),
    );
  });
});
