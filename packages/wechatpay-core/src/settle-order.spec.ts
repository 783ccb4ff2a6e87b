import { Sandbox } from 'wechatpay-sandbox';
import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import {
  DEFAULT_SETTLE_POLICY,
  payAndSettle,
  settleOrder,
  startSettlement,
  WechatPayClient,
  WechatPayRequestError,
  type PayAndSettleOptions,
  type SettleOptions,
  type SettleState,
  type WechatPayBusinessError,
} from './index.js';

// Over real TLS, by the sandbox's clock, which `wait` moves.
let sandbox: Sandbox;
let client: WechatPayClient;
beforeAll(async () => {
  sandbox = await Sandbox.start();
  client = new WechatPayClient({ ...sandbox.merchant, now: () => sandbox.clock.now() });
});
afterAll(async () => {
  await client.close();
  await sandbox.stop();
});

const jump: SettleOptions = {
  wait: (until) => {
    sandbox.clock.advance(until - sandbox.clock.now());
    return Promise.resolve();
  },
};

let orders = 0;
function purchase(behaviour: Parameters<Sandbox['customers']['create']>[0]) {
  orders += 1;
  const { authCode } = sandbox.customers.create(behaviour);
  return {
    outTradeNo: `S${orders}`,
    body: 'tea',
    totalFee: 888,
    currency: 'HKD',
    authCode,
    spbillCreateIp: '203.0.113.7',
  };
}

describe('payAndSettle', () => {
  test.each([
    ['pays at once', { behaviour: 'pays-at-once' }, 'paid', 888],
    ['types a password', { behaviour: 'pays-after', ms: 12_000 }, 'paid', 888],
    ['pays after some queries', { behaviour: 'pays-after-queries', queries: 3 }, 'paid', 888],
    ['refuses', { behaviour: 'refuses', ms: 7_000 }, 'revoked', 0],
    ['has too little', { behaviour: 'balance-too-low' }, 'declined', 0],
    ['walks away', { behaviour: 'walks-away' }, 'revoked', 0],
  ] as const)('a customer who %s', async (_, behaviour, kind, net) => {
    const request = purchase(behaviour);
    const { outcome } = await payAndSettle(client, request, jump);
    expect(outcome.kind).toBe(kind);
    expect(sandbox.ledger.of(request.outTradeNo).net).toBe(net);
  });

  it('never charges the same number twice, and takes the earlier payment for what it is', async () => {
    const request = purchase({ behaviour: 'pays-at-once' });
    await payAndSettle(client, request, jump);
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    const again = await payAndSettle(client, { ...request, authCode }, jump);
    expect(again.outcome.kind).toBe('paid');
    expect(sandbox.ledger.of(request.outTradeNo)).toMatchObject({ paid: 888, net: 888 });
    const dearer = await payAndSettle(client, { ...request, authCode, totalFee: 999 }, jump);
    expect(dearer.outcome.kind).toBe('needs-attention');
  });

  it('tells why Quick Pay was not clear, before the first step', async () => {
    const told: string[] = [];
    const options: PayAndSettleOptions = {
      ...jump,
      onUnclear: (error) => void told.push((error as WechatPayBusinessError).errorCode),
      onStep: ({ step }) => void told.push(step.kind),
    };
    await payAndSettle(client, purchase({ behaviour: 'pays-after', ms: 1 }), options);
    expect(told).toEqual(['USERPAYING', 'query']);
    await payAndSettle(client, purchase({ behaviour: 'pays-at-once' }), options);
    await payAndSettle(client, purchase({ behaviour: 'balance-too-low' }), options);
    expect(told).toHaveLength(2);
  });

  it('throws what must not be sent', async () => {
    const request = { ...purchase({ behaviour: 'pays-at-once' }), totalFee: 8.88 };
    await expect(payAndSettle(client, request)).rejects.toBeInstanceOf(WechatPayRequestError);
  });

  it('settles in institutional mode, each sub-merchant its own order', async () => {
    const institution = await sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1900000201' }] });
    const shared = new WechatPayClient({ ...institution, now: () => sandbox.clock.now() });
    const request = { ...purchase({ behaviour: 'walks-away' }), subMerchantId: '1900000201' };
    await expect(payAndSettle(shared, request, jump)).resolves.toMatchObject({ outcome: { kind: 'revoked' } });
    expect(sandbox.requests.at(-1)?.fields.sub_mch_id).toBe('1900000201');
    await shared.close();
  });
});

const STORED = startSettlement({ outTradeNo: '1', orderCreatedAt: new Date() }, Date.now() + 60_000);

describe('settleOrder', () => {
  it('tells each step, and waits until it is stored before the next', async () => {
    const request = purchase({ behaviour: 'walks-away' });
    const orderCreatedAt = new Date(sandbox.clock.now());
    await payAndSettle(client, request, { ...jump, deadline: orderCreatedAt });
    const told: string[] = [];
    let storing = false;
    await settleOrder(
      client,
      { outTradeNo: request.outTradeNo, orderCreatedAt },
      {
        ...jump,
        onStep: async ({ step, event }) => {
          expect(storing).toBe(false);
          storing = true;
          await new Promise((resolve) => setImmediate(resolve));
          storing = false;
          told.push(`${step.kind}: ${event.kind === 'queried' ? event.tradeState : event.kind}`);
        },
      },
    );
    expect(told.slice(0, 2)).toEqual(['query: USERPAYING', 'query: USERPAYING']);
    expect(told.length).toBeGreaterThan(8);
  });

  it('stops at an abort at once, also while it waits, and goes on from the state', async () => {
    const request = purchase({ behaviour: 'pays-after', ms: 8_000 });
    const orderCreatedAt = new Date(sandbox.clock.now());
    await payAndSettle(client, request, { ...jump, deadline: orderCreatedAt });
    const abort = new AbortController();
    const running = settleOrder(client, { outTradeNo: request.outTradeNo, orderCreatedAt }, { signal: abort.signal });
    abort.abort();
    const { outcome, state } = await running; // by a timer of 5 s that is not waited for
    expect(outcome.kind).toBe('unresolved');
    const stored = JSON.parse(JSON.stringify(state)) as SettleState;
    await expect(settleOrder(client, stored, jump)).resolves.toMatchObject({ outcome: { kind: 'paid' } });
  });

  it('refunds in full past the 7 days, once, whoever asks again', async () => {
    const createdAt = sandbox.clock.now() - 8 * 24 * 60 * 60 * 1000;
    const { outTradeNo } = sandbox.orders.create({ state: 'paid', totalFee: 888, createdAt });
    const order = { outTradeNo, orderCreatedAt: new Date(createdAt) };
    const options = { ...jump, ifPaid: 'revoke' as const, refundWhenExpired: true };
    sandbox.faults.add({ kind: 'cut' }, { path: '/secapi/pay/refund' });
    const { outcome } = await settleOrder(client, order, options);
    expect(outcome).toMatchObject({ kind: 'refunded', outRefundNo: expect.stringMatching(/^settle/) as string });
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
    await expect(settleOrder(client, order, options)).resolves.toMatchObject({ outcome: { kind: 'refunded' } });
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
  });

  test.each<[field: string, order: unknown, options: SettleOptions]>([
    ['order', null, {}],
    ['order', 'S1', {}],
    ['outTradeNo', { orderCreatedAt: new Date() }, {}],
    ['orderCreatedAt', { outTradeNo: '1', orderCreatedAt: 'now' }, {}],
    ['signal', { outTradeNo: '1', orderCreatedAt: new Date() }, { signal: new AbortController() as never }],
    ['deadline', { outTradeNo: '1', orderCreatedAt: new Date() }, { deadline: new Date(Number.NaN) }],
    ['state', { version: 2 }, {}],
    ['state', { version: 1 }, {}],
    ...(
      [
        { order: null },
        { orderCreatedAt: 'now' },
        { policy: undefined },
        { policy: { ...DEFAULT_SETTLE_POLICY, backoffMs: undefined } },
        { next: { kind: 'pay', at: 0 } },
        { next: { kind: 'query', at: null } },
        { next: { kind: 'refund', at: 0 } },
        { attempts: null },
        { notBefore: null },
        { mustRevoke: undefined },
        { expired: 0 },
      ] satisfies Record<string, unknown>[]
    ).map((change): [string, unknown, SettleOptions] => ['state', { ...STORED, ...change }, {}]),
    ['outTradeNo', { ...STORED, order: {} }, {}],
    ['backoffMs', { ...STORED, policy: { ...DEFAULT_SETTLE_POLICY, backoffMs: -1 } }, {}],
    ['deadline', STORED, { deadline: new Date(Number.NaN) }],
  ])('refuses a wrong %s before anything is sent', async (field, order, options) => {
    const before = sandbox.requests.length;
    await expect(settleOrder(client, order as SettleState, options)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      field,
    });
    expect(sandbox.requests).toHaveLength(before);
  });
});
