import type { Sandbox } from 'wechatpay-sandbox';
import { describe, expect, it, test } from 'vitest';
import {
  DEFAULT_RESOLUTION_POLICY,
  payAndResolve,
  resumeResolution,
  resolveOrder,
  WechatPayClient,
  WechatPayRequestError,
  type PayAndResolveOptions,
  type TakenStep,
  type Resolution,
  type ResolveOrderOptions,
  type ResolveOrderRequest,
  type ResolutionState,
  type WechatPayBusinessError,
} from '../index.js';
import { readResolutionState, startResolution } from './index.js';
import { answering } from '../../test/answering.js';
import { startGateway } from '../../test/start-gateway.js';

// Over real TLS, by the sandbox's clock, which `wait` moves.
const { sandbox, client } = await startGateway(({ clock }) => ({ now: () => clock.now() }));

const jump: ResolveOrderOptions = {
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

describe('payAndResolve', () => {
  test.each([
    ['pays at once', { behaviour: 'pays-at-once' }, 'paid', 888],
    ['types a password', { behaviour: 'pays-after', ms: 12_000 }, 'paid', 888],
    ['pays after some queries', { behaviour: 'pays-after-queries', queries: 3 }, 'paid', 888],
    ['refuses', { behaviour: 'refuses', ms: 7_000 }, 'reversed', 0],
    ['has too little', { behaviour: 'balance-too-low' }, 'declined', 0],
    ['walks away', { behaviour: 'walks-away' }, 'reversed', 0],
  ] as const)('a customer who %s', async (_, behaviour, kind, net) => {
    const request = purchase(behaviour);
    const { outcome } = await payAndResolve(client, request, jump);
    expect(outcome.kind).toBe(kind);
    expect(sandbox.ledger.of(request.outTradeNo).net).toBe(net);
  });

  it('never charges the same number twice, and takes the earlier payment for what it is', async () => {
    const request = purchase({ behaviour: 'pays-at-once' });
    await payAndResolve(client, request, jump);
    const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
    const again = await payAndResolve(client, { ...request, authCode }, jump);
    expect(again.outcome.kind).toBe('paid');
    expect(sandbox.ledger.of(request.outTradeNo)).toMatchObject({ paid: 888, net: 888 });
    const dearer = await payAndResolve(client, { ...request, authCode, totalFee: 999 }, jump);
    expect(dearer.outcome.kind).toBe('needs-attention');
  });

  it('tells why Quick Pay was not clear, before the first step', async () => {
    const told: string[] = [];
    const options: PayAndResolveOptions = {
      ...jump,
      onUnclear: (error) => void told.push((error as WechatPayBusinessError).errorCode),
      onStep: ({ step }) => void told.push(step.kind),
    };
    await payAndResolve(client, purchase({ behaviour: 'pays-after', ms: 1 }), options);
    expect(told).toEqual(['USERPAYING', 'query']);
    await payAndResolve(client, purchase({ behaviour: 'pays-at-once' }), options);
    await payAndResolve(client, purchase({ behaviour: 'balance-too-low' }), options);
    expect(told).toHaveLength(2);
  });

  it('throws what must not be sent', async () => {
    const request = { ...purchase({ behaviour: 'pays-at-once' }), totalFee: 8.88 };
    await expect(payAndResolve(client, request)).rejects.toBeInstanceOf(WechatPayRequestError);
  });

  it('resolves in institutional mode, each sub-merchant its own order', async () => {
    const institution = await sandbox.merchants.create({ subMerchants: [{ subMerchantId: '1900000201' }] });
    const shared = new WechatPayClient({ ...institution, now: () => sandbox.clock.now() });
    const request = { ...purchase({ behaviour: 'walks-away' }), subMerchantId: '1900000201' };
    await expect(payAndResolve(shared, request, jump)).resolves.toMatchObject({ outcome: { kind: 'reversed' } });
    expect(sandbox.requests.at(-1)?.fields.sub_mch_id).toBe('1900000201');
    await shared.close();
  });
});

/** What no function of resolving takes, by the field that it names. */
const WRONG_OPTIONS: readonly [field: string, options: unknown][] = [
  ['signal', { signal: new AbortController() }],
  ['deadline', { deadline: new Date(Number.NaN) }],
  ['deadline', { deadline: '2026-11-26' }],
  ['deadline', { deadline: Date.now() }],
  ['queryEveryMs', { queryEveryMs: 0 }],
  ['backoffMs', { backoffMs: '2000' }],
  ['onStep', { onStep: 'log' }],
  ['wait', { wait: 5 }],
  ['queryEvery', { queryEvery: 5_000 }],
  ['options', null],
];

/** A deadline that is not over yet, and is once the first query is waited for. */
const soonAfter = (date: Date): Date => new Date(date.getTime() + 4_000);

const STORED = startResolution({ outTradeNo: '1', orderCreatedAt: new Date() }, Date.now() + 60_000);

describe('resolveOrder', () => {
  it('tells each step, and waits until it is stored before the next', async () => {
    const request = purchase({ behaviour: 'walks-away' });
    const orderCreatedAt = new Date(sandbox.clock.now());
    await payAndResolve(client, request, { ...jump, deadline: soonAfter(orderCreatedAt) });
    const told: string[] = [];
    let storing = false;
    await resolveOrder(
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

  it('stops at an abort at once, also while it waits, and resumes from the state', async () => {
    const request = purchase({ behaviour: 'pays-after', ms: 8_000 });
    const orderCreatedAt = new Date(sandbox.clock.now());
    await payAndResolve(client, request, { ...jump, deadline: soonAfter(orderCreatedAt) });
    const abort = new AbortController();
    const running = resolveOrder(client, { outTradeNo: request.outTradeNo, orderCreatedAt }, { signal: abort.signal });
    abort.abort();
    const { outcome, state } = await running; // by a timer of 5 s that is not waited for
    expect(outcome.kind).toBe('unresolved');
    const stored = JSON.parse(JSON.stringify(state)) as ResolutionState;
    await expect(resumeResolution(client, stored, jump)).resolves.toMatchObject({ outcome: { kind: 'paid' } });
  });

  it('refunds in full past the 7 days, once, whoever asks again', async () => {
    const createdAt = sandbox.clock.now() - 8 * 24 * 60 * 60 * 1000;
    const { outTradeNo } = sandbox.orders.create({ state: 'paid', totalFee: 888, createdAt });
    const order = { outTradeNo, orderCreatedAt: new Date(createdAt) };
    const options = { ...jump, ifPaid: 'reverse' as const, refundWhenExpired: true };
    sandbox.faults.add({ kind: 'cut' }, { path: '/secapi/pay/refund' });
    const { outcome } = await resolveOrder(client, order, options);
    expect(outcome).toMatchObject({ kind: 'refunded', outRefundNo: expect.stringMatching(/^settle/) as string });
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
    await expect(resolveOrder(client, order, options)).resolves.toMatchObject({ outcome: { kind: 'refunded' } });
    expect(sandbox.ledger.of(outTradeNo)).toEqual({ paid: 888, returned: 888, net: 0 });
  });

  test.each<[field: string, order: unknown, options: ResolveOrderOptions]>([
    ['order', null, {}],
    ['order', 'S1', {}],
    ['order', STORED, {}],
    ['order', { version: 1 }, {}],
    ['outTradeNo', { orderCreatedAt: new Date() }, {}],
    ['orderCreatedAt', { outTradeNo: '1', orderCreatedAt: 'now' }, {}],
    ['transactionId', { outTradeNo: '1', orderCreatedAt: new Date(), transactionId: '4' }, {}],
    ['subMchId', { outTradeNo: '1', orderCreatedAt: new Date(), subMchId: '4' }, {}],
    ...WRONG_OPTIONS.map(([field, options]): [string, unknown, ResolveOrderOptions] => [
      field,
      { outTradeNo: '1', orderCreatedAt: new Date() },
      options as ResolveOrderOptions,
    ]),
  ])('refuses a wrong %s before anything is sent', async (field, order, options) => {
    const before = sandbox.requests.length;
    await expect(resolveOrder(client, order as ResolveOrderRequest, options)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      field,
    });
    expect(sandbox.requests).toHaveLength(before);
  });
});

describe('resumeResolution', () => {
  it('has a deadline of its own: a spent one is not taken over', async () => {
    const request = purchase({ behaviour: 'pays-after', ms: 8_000 });
    const orderCreatedAt = new Date(sandbox.clock.now());
    const first = await payAndResolve(client, request, { ...jump, deadline: soonAfter(orderCreatedAt) });
    expect(first).toMatchObject({ outcome: { kind: 'unresolved' } });
    sandbox.clock.advance(60_000);
    const { state } = first as Resolution;
    await expect(resumeResolution(client, state, jump)).resolves.toMatchObject({ outcome: { kind: 'paid' } });
  });

  it('takes the rules that it is given: what was kept is returned', async () => {
    const request = purchase({ behaviour: 'pays-after', ms: 1 });
    const kept = (await payAndResolve(client, request, jump)) as Resolution;
    const sent = sandbox.requests.length;
    await expect(resumeResolution(client, kept.state)).resolves.toEqual({ outcome: kept.outcome, state: kept.state });
    expect(sandbox.requests).toHaveLength(sent);
    const given = await resumeResolution(client, kept.state, { ...jump, ifPaid: 'reverse' });
    expect(given.outcome).toEqual({ kind: 'reversed' });
    expect(sandbox.ledger.of(request.outTradeNo).net).toBe(0);
  });

  test.each<[field: string, state: unknown, options?: ResolveOrderOptions]>([
    ['state', null],
    ['state', 'S1'],
    ['state', { outTradeNo: '1', orderCreatedAt: new Date() }],
    ['state', { version: 3 }],
    ['state', { version: 1 }],
    ...(
      [
        { order: null },
        { orderCreatedAt: 'now' },
        { deadline: null },
        { policy: undefined },
        { kind: 'paying' },
        { kind: 'toString' },
        { at: null },
        { kind: 'refunding', attempts: 0, refundFee: 1 },
        { kind: 'reversing' },
        { kind: 'checking', attempts: 0, notBefore: 0 },
        { kind: 'ended' },
        { sent: undefined },
        { sent: { reverse: 1 } },
        { sent: { reverse: false, refundFee: null } },
        { kind: 'ended', outcome: { kind: 'PAID' } },
      ] satisfies Record<string, unknown>[]
    ).map((change): [string, unknown] => ['state', { ...STORED, ...change }]),
    ['outTradeNo', { ...STORED, order: {} }],
    ['totalFee', { ...STORED, totalFee: 8.88 }],
    ['backoffMs', { ...STORED, policy: { ...DEFAULT_RESOLUTION_POLICY, backoffMs: -1 } }],
    ...WRONG_OPTIONS.map(([field, options]): [string, unknown, ResolveOrderOptions] => [
      field,
      STORED,
      options as ResolveOrderOptions,
    ]),
  ])('refuses a wrong %s before anything is sent', async (field, state, options) => {
    const before = sandbox.requests.length;
    await expect(resumeResolution(client, state as ResolutionState, options)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      field,
    });
    expect(sandbox.requests).toHaveLength(before);
  });

  it('asks for the stored order and no other: a stray identifier is not read', () => {
    const order = { ...STORED.order, transactionId: '99' };
    expect(readResolutionState({ ...STORED, order })).toEqual(STORED);
  });

  it('fills in the rules that a stored policy does not have yet', () => {
    const { ifAmountDiffers: _, ...policy } = DEFAULT_RESOLUTION_POLICY;
    expect(readResolutionState({ ...STORED, policy })).toEqual(STORED);
  });
});

describe('a callback that throws', () => {
  const broken = (): never => {
    throw new Error('out of order');
  };

  it.each(['onUnclear', 'onStep', 'wait'] as const)('%s stops nothing, and is told', async (callback) => {
    const request = purchase({ behaviour: 'pays-after', ms: 2_000 });
    const wait: ResolveOrderOptions['wait'] =
      callback === 'wait'
        ? (until) => {
            sandbox.clock.advance(until - sandbox.clock.now());
            return broken();
          }
        : jump.wait;
    const result = await payAndResolve(client, request, { wait, ...(callback !== 'wait' && { [callback]: broken }) });
    expect(result).toMatchObject({
      outcome: { kind: 'paid' },
      callbackErrors: [{ callback, error: expect.objectContaining({ message: 'out of order' }) as Error }],
    });
  });

  it('a clock stops nothing either: it goes by what the clock said last', async () => {
    const request = purchase({ behaviour: 'pays-after', ms: 1 });
    const orderCreatedAt = new Date(sandbox.clock.now());
    const options = { ...jump, deadline: soonAfter(orderCreatedAt) };
    const { state } = (await payAndResolve(client, request, options)) as Resolution;
    sandbox.clock.advance(10_000);
    const onStep = ({ event }: TakenStep): void => {
      expect(event).toMatchObject({ kind: 'queried', tradeState: 'SUCCESS' });
    };
    let readings = 0;
    const late = new WechatPayClient({
      ...sandbox.merchant,
      now: () => {
        readings += 1;
        if (readings > 3 && readings % 3 === 0) throw new Error('out of order');
        return readings > 3 && readings % 4 === 0 ? Number.NaN : sandbox.clock.now();
      },
    });
    await expect(resumeResolution(late, state, { ...jump, onStep })).resolves.toMatchObject({
      outcome: { kind: 'paid' },
      callbackErrors: expect.arrayContaining([expect.objectContaining({ callback: 'now' })]) as unknown,
    });
    await late.close();
  });
});

describe('a callback that never returns', () => {
  const never = (): Promise<never> => new Promise(() => undefined);

  it('onUnclear is not waited for', async () => {
    const request = purchase({ behaviour: 'pays-after', ms: 1 });
    const result = await payAndResolve(client, request, { ...jump, onUnclear: never });
    expect(result.outcome.kind).toBe('paid');
  });

  it.each(['onStep', 'wait'] as const)('%s ends with an abort', async (callback) => {
    const { outTradeNo } = sandbox.orders.create({ state: 'not-paid', totalFee: 888, createdAt: sandbox.clock.now() });
    const abort = new AbortController();
    const options = {
      ...jump,
      signal: abort.signal,
      [callback]: () => {
        setImmediate(() => {
          abort.abort();
        });
        return never();
      },
    };
    const order = { outTradeNo, orderCreatedAt: new Date(sandbox.clock.now()) };
    await expect(resolveOrder(client, order, options)).resolves.toMatchObject({ outcome: { kind: 'unresolved' } });
  });
});

it('a clock that is set back does not stop time', async () => {
  let back = 0;
  const odd = new WechatPayClient({ ...sandbox.merchant, now: () => sandbox.clock.now() - back });
  const request = purchase({ behaviour: 'walks-away' });
  const result = await payAndResolve(odd, request, {
    wait: async (until) => {
      back = 3_600_000;
      await Promise.resolve();
      expect(until - sandbox.clock.now()).toBeLessThan(60_000);
      back = 0;
      sandbox.clock.advance(Math.max(0, until - sandbox.clock.now()));
    },
    onStep: () => {
      back = 3_600_000;
    },
  });
  expect(result.outcome.kind).toBe('reversed');
  await odd.close();
});

it('reads a request once, and what it inherits: an instance of a class', async () => {
  class Sale {
    outTradeNo = purchase({ behaviour: 'pays-at-once' }).outTradeNo;
    body = 'tea';
    totalFee = 888;
    authCode = sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode;
    spbillCreateIp = '203.0.113.7';
    get currency(): string {
      return this.body === 'tea' ? 'HKD' : 'CNY';
    }
  }
  await payAndResolve(client, new Sale(), jump);
  expect(sandbox.requests.at(-1)?.fields).toMatchObject({ fee_type: 'HKD' });
});

describe('a reversal that was not sent does not count as sent', () => {
  it.each(['deadline', 'abort'] as const)('where the run ends by %s before it', async (by) => {
    const createdAt = sandbox.clock.now();
    const order = sandbox.orders.create({ state: 'not-paid', totalFee: 888, createdAt });
    const { outTradeNo } = order;
    const abort = new AbortController();
    const { outcome, state } = await resolveOrder(
      client,
      { outTradeNo, orderCreatedAt: new Date(createdAt) },
      {
        ...jump,
        reverseAfterMs: 6_000,
        signal: abort.signal,
        deadline: new Date(createdAt + (by === 'deadline' ? 12_000 : 60_000)),
        onStep: ({ state: after }) => {
          if (by === 'abort' && after.kind === 'reversing') abort.abort();
        },
      },
    );
    expect(outcome.kind).toBe('unresolved');
    expect(state).toMatchObject({ kind: 'checking', sent: { reverse: false } });
    sandbox.orders.pay(order);
    await expect(resumeResolution(client, state, jump)).resolves.toMatchObject({ outcome: { kind: 'paid' } });
  });
});

describe('everything is checked before the customer is charged', () => {
  test.each<[field: string, change: object, options: unknown]>([
    ...WRONG_OPTIONS.map(([field, options]): [string, object, unknown] => [field, {}, options]),
    ['onUnclear', {}, { onUnclear: true }],
    ['ifPaid', {}, { ifPaid: 'reverse' }],
    ['ifAmountDiffers', {}, { ifAmountDiffers: 'accept' }],
    ['options', {}, 7],
    ['currency', { currency: 'hkd' }, {}],
    ['totalFee', { totalFee: 0 }, {}],
  ])('%s', async (field, change, options) => {
    const request = { ...purchase({ behaviour: 'pays-at-once' }), ...change };
    const before = sandbox.requests.length;
    await expect(payAndResolve(client, request, options as PayAndResolveOptions)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      outcome: 'not-sent',
      field,
    });
    expect(sandbox.requests).toHaveLength(before);
  });
});

it('takes no refusal for a failure that a query has not confirmed', async () => {
  const request = purchase({ behaviour: 'pays-at-once' });
  sandbox.faults.add({ kind: 'error', errorCode: 'NOTENOUGH', effect: true }, { path: '/pay/micropay' });
  const result = await payAndResolve(client, request, jump);
  expect(result.outcome).toMatchObject({ kind: 'paid', payment: { totalFee: 888 } });
  const poor = purchase({ behaviour: 'balance-too-low' });
  sandbox.faults.add({ kind: 'status', status: 502 }, { path: '/pay/orderquery' });
  await expect(payAndResolve(client, poor, jump)).resolves.toMatchObject({ outcome: { kind: 'reversed' } });
});

describe('a payment with another amount than asked', () => {
  const signedAs = (fields: Record<string, string>) => {
    const paths: string[] = [];
    const { client: odd } = answering(
      { transaction_id: '42', trade_state: 'SUCCESS', total_fee: '888', fee_type: 'HKD', ...fields },
      (path) => paths.push(path),
      { now: () => sandbox.clock.now() },
    );
    return { odd, paths };
  };

  it.each([
    [{ total_fee: '1' }, 'needs-attention', ['/pay/micropay', '/pay/orderquery', '/pay/orderquery']],
    [{ fee_type: 'CNY' }, 'needs-attention', ['/pay/micropay', '/pay/orderquery', '/pay/orderquery']],
    [{ total_fee: '' }, 'needs-attention', ['/pay/micropay', '/pay/orderquery', '/pay/orderquery']],
    [{ trade_state: 'REFUND' }, 'needs-attention', undefined],
    [{ refund_id: '50' }, 'paid', ['/pay/micropay', '/pay/orderquery']],
    [{ fee_type: '' }, 'paid', ['/pay/micropay']],
    [{}, 'paid', ['/pay/micropay']],
  ])('%j: %s', async (fields, kind, calls) => {
    const request = purchase({ behaviour: 'pays-at-once' });
    const { odd, paths } = signedAs({ out_trade_no: request.outTradeNo, ...fields });
    const { outcome } = await payAndResolve(odd, request, jump);
    expect(outcome.kind).toBe(kind);
    if (calls) expect(paths).toEqual(calls);
    if (outcome.kind === 'needs-attention') {
      expect(outcome.amounts?.expected).toEqual({ totalFee: 888, currency: 'HKD' });
    }
  });
});
