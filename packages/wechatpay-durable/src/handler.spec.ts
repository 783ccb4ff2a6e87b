import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  WechatPayTransportError,
  type ResolutionPolicy,
  type ResolutionState,
  type WechatPayConfig,
} from 'wechatpay-core';
import { startResolution } from 'wechatpay-core/resolution';
import { LoggedStore } from '../test/logged-store.js';
import { scripted, type Answer } from '../test/scripted-client.js';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  type DurableOrdersOptions,
  type DurableData,
  type DurableOrderData,
  type DurableOrderEvent,
  type Verdict,
} from './index.js';

// What a worker does with one durable order, as an store sees it: what it is given, what it saves, and its verdict.

const CREATED = Date.UTC(2026, 10, 23);
const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const MERCHANT = '10000100';
const PAYMENT = { transactionId: '42', totalFee: 888, currency: 'HKD' };
const PAID = { trade_state: 'SUCCESS', transaction_id: '42', total_fee: '888', fee_type: 'HKD' };
const state = (tradeState: string): Answer => ({ trade_state: tradeState });
const NOT_SENT = new WechatPayTransportError('WECHATPAY_CONNECTION', 'no connection', 'not-sent');

const cleanups: (() => void)[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const clean of cleanups.splice(0)) clean();
});

const stateOf = (policy: Partial<ResolutionPolicy> = {}, deadline = CREATED + 7 * DAY): ResolutionState =>
  startResolution({ outTradeNo: '1415717424', orderCreatedAt: new Date(CREATED) }, deadline, policy);

/** A worker that is given one durable order. */
async function openWorker(
  answers: [Answer, ...Answer[]],
  {
    onResolved,
    onSave = () => Promise.resolve(),
    speed = 1,
    ...config
  }: Partial<WechatPayConfig> & Partial<DurableOrdersOptions> & { onSave?: () => Promise<void> } = {},
) {
  const log: string[] = [];
  const events: DurableOrderEvent[] = [];
  const listen = (event: unknown): void => {
    events.push(event as DurableOrderEvent);
    log.push((event as DurableOrderEvent).kind);
  };
  subscribe(DURABLE_ORDER_CHANNEL, listen);
  cleanups.push(() => unsubscribe(DURABLE_ORDER_CHANNEL, listen));
  const { client, calls, clock } = scripted(answers, { ...config, onCall: (path) => log.push(path) });
  const store = new LoggedStore();
  const durableOrders = new DurableOrders({ store, clients: client, speed, ...(onResolved && { onResolved }) });
  await durableOrders.start();
  cleanups.push(() => void durableOrders.stop());
  const saved: DurableOrderData[] = [];
  const work = (data: DurableData, signal = new AbortController().signal): Promise<Verdict> =>
    store.handler({
      id: 'R',
      data,
      signal,
      save: (given) => {
        const next = given as DurableOrderData;
        saved.push(next);
        log.push(`save ${next.outcome?.kind ?? next.state.kind}`);
        return onSave();
      },
    });
  return { work, log, events, saved, calls, clock };
}

const given = (start: ResolutionState = stateOf(), more: Partial<DurableOrderData> = {}): DurableOrderData => ({
  merchantId: MERCHANT,
  state: start,
  ...more,
});
const problemsOf = (events: readonly DurableOrderEvent[]): Error[] =>
  events.flatMap((event) => (event.kind === 'problem' ? [event.error] : []));

describe('takes the steps that are due', () => {
  it('asks when the store says that it is due, also where the clock was set back to before the order', async () => {
    const { work, calls, clock } = await openWorker([
      state('USERPAYING'),
      state('USERPAYING'),
      state('PAYERROR'),
      { recall: 'N' },
      state('REVOKED'),
    ]);
    clock.time = CREATED - 3_600 * SECOND;
    let elapsedMs = 5 * SECOND;
    let verdict = await work(given());
    const asked: [ms: number, calls: number][] = [[elapsedMs, calls.length]];
    while (verdict.kind === 'again') {
      elapsedMs += verdict.delayMs;
      clock.time += verdict.delayMs;
      verdict = await work(verdict.data);
      asked.push([elapsedMs, calls.length]);
    }
    // From 5 s on, every 5 s; the reversal not before 15 s.
    expect(asked).toEqual([
      [5_000, 1],
      [10_000, 2],
      [15_000, 5],
    ]);
    expect(verdict.data.outcome).toEqual({ kind: 'reversed' });
  });

  it('and comes again when the next one is', async () => {
    const { work, log, events, clock, saved } = await openWorker([state('USERPAYING')], { speed: 10 });
    clock.time = CREATED + 5 * SECOND;
    const verdict = await work(given(stateOf(), { end: 3, endAt: 5 }));
    expect(verdict).toMatchObject({
      kind: 'again',
      data: { merchantId: MERCHANT, state: { kind: 'asking', tradeState: 'USERPAYING' }, end: 3, endAt: 5 },
      delayMs: 500,
    });
    expect(log).toEqual(['/pay/orderquery', 'step']);
    expect(saved).toEqual([]);
    expect(events).toMatchObject([
      {
        kind: 'step',
        id: 'R',
        merchantId: MERCHANT,
        outTradeNo: '1415717424',
        step: { step: { kind: 'query' }, event: { kind: 'queried' }, state: { kind: 'asking' } },
        dueAt: new Date(CREATED + 10 * SECOND),
      },
    ]);
  });

  it('not earlier', async () => {
    const { work, calls, clock } = await openWorker([PAID]);
    clock.time = CREATED + 3_500;
    expect(await work(given())).toEqual({ kind: 'again', data: given(), delayMs: 1_500 });
    expect(calls).toEqual([]);
  });

  it('stores what is decided before the next is taken', async () => {
    const { work, log, saved, clock } = await openWorker([state('NOTPAY'), { recall: 'N' }, state('REVOKED')]);
    clock.time = CREATED + 60 * SECOND;
    const verdict = await work(given());
    expect(log).toEqual([
      '/pay/orderquery',
      'step',
      'save reversing',
      '/secapi/pay/reverse',
      'step',
      'save checking',
      '/pay/orderquery',
      'step',
    ]);
    expect(saved[0]).toStrictEqual({ merchantId: MERCHANT, state: expect.anything() as unknown });
    expect(verdict).toMatchObject({ kind: 'done', data: { outcome: { kind: 'reversed' } } });
  });

  it('asks before it does what another may have done', async () => {
    const { work, log, clock } = await openWorker([state('REVOKED')]);
    clock.time = CREATED + 60 * SECOND;
    const due: ResolutionState = { ...stateOf(), kind: 'reversing', at: CREATED + 45 * SECOND, attempts: 0 };
    expect(await work(given(due))).toMatchObject({ kind: 'done', data: { outcome: { kind: 'reversed' } } });
    expect(log[0]).toBe('/pay/orderquery');
  });

  it('returns the lease, due at once, when it is to stop', async () => {
    const { work, calls, clock } = await openWorker([state('PAYERROR')]);
    clock.time = CREATED + 60 * SECOND;
    expect(await work(given(), AbortSignal.abort())).toEqual({ kind: 'again', data: given(), delayMs: 0 });
    expect(calls).toEqual([]);
  });

  it('spreads reverses: no two orders in step', async () => {
    for (const [random, delayMs] of [
      [0, 1_500],
      [1, 2_500],
    ] as const) {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const { work, clock } = await openWorker([state('NOTPAY'), { recall: 'Y' }]);
      clock.time = CREATED + 60 * SECOND;
      expect(await work(given())).toMatchObject({ kind: 'again', delayMs });
    }
  });

  it('where it cannot be saved, nothing more is done', async () => {
    const lost = new Error('the lease is lost');
    const { work, calls, clock } = await openWorker([state('PAYERROR')], { onSave: () => Promise.reject(lost) });
    clock.time = CREATED + 60 * SECOND;
    await expect(work(given())).rejects.toBe(lost);
    expect(calls).toHaveLength(1);
  });
});

describe('an end', () => {
  it('is stored before it is told, and told before it is an end', async () => {
    const told: unknown[] = [];
    const { work, log, events, saved, clock } = await openWorker([PAID], {
      onResolved: async (resolved) => {
        await Promise.resolve();
        log.push('told');
        told.push(resolved);
      },
    });
    clock.time = CREATED + 5 * SECOND;
    const verdict = await work(given(stateOf(), { end: 1, endAt: 5 }));
    const outcome = { kind: 'paid', payment: PAYMENT };
    expect(log).toEqual(['/pay/orderquery', 'step', 'save paid', 'told']);
    expect(saved).toMatchObject([
      { merchantId: MERCHANT, outcome, end: 2, endAt: clock.time, state: { kind: 'ended' } },
    ]);
    const endedAt = new Date(CREATED + 5 * SECOND);
    const order = { outTradeNo: '1415717424' };
    expect(told).toStrictEqual([{ id: 'R', merchantId: MERCHANT, order, outcome, end: 2, endedAt }]);
    expect(verdict).toMatchObject({ kind: 'done', data: saved[0] as object });
    expect(events[0]).not.toHaveProperty('dueAt');
    if (verdict.kind !== 'again') verdict.onStored?.();
    expect(events.at(-1)).toStrictEqual({
      kind: 'resolved',
      id: 'R',
      merchantId: MERCHANT,
      outTradeNo: '1415717424',
      outcome,
      end: 2,
      endedAt,
    });
  });

  it('nobody is told of needs no storing in between', async () => {
    const { work, log, clock } = await openWorker([PAID]);
    clock.time = CREATED + 5 * SECOND;
    expect(await work(given())).toMatchObject({ kind: 'done', data: { end: 1, endAt: clock.time } });
    expect(log).toEqual(['/pay/orderquery', 'step']);
  });

  it.each<[string, Answer]>([
    ['needs-attention', { result_code: 'FAIL', err_code: 'PARAM_ERROR' }],
    ['refund-required', PAID],
  ])('that needs a person is dead: %s', async (kind, answer) => {
    const { work, clock } = await openWorker([answer]);
    clock.time = CREATED + 8 * DAY;
    const start = stateOf({ ifPaid: 'reverse' }, CREATED + 30 * DAY);
    expect(await work(given(start))).toMatchObject({ kind: 'dead', data: { outcome: { kind } } });
  });

  it('is the deadline, with the last error', async () => {
    const { work, clock, calls } = await openWorker([NOT_SENT]);
    clock.time = CREATED + 7 * DAY;
    expect(await work(given())).toMatchObject({ kind: 'dead', data: { outcome: { kind: 'unresolved' } } });
    expect(calls).toEqual([]);
  });

  it.each<[what: string, onResolved: () => Promise<void> | void]>([
    ['throws', () => fail()],
    ['rejects', () => Promise.reject(DOWN)],
  ])('whose `onResolved` %s is told again in 10 s, as the same end', async (_, onResolved) => {
    const { work, events, saved, clock } = await openWorker([PAID], { onResolved, speed: 2 });
    clock.time = CREATED + 5 * SECOND;
    const verdict = await work(given());
    expect(verdict).toMatchObject({ kind: 'again', delayMs: 5_000, journal: [{ kind: 'telling-failed' }] });
    expect(verdict.data).toEqual(saved[0]);
    expect(events.at(-1)).toMatchObject({ kind: 'problem', id: 'R' });
    expect(problemsOf(events)).toMatchObject([
      { message: 'onResolved failed for durable order R, and is called again.', cause: DOWN },
    ]);
  });

  it('that is stored is told, without a call: the same number and time', async () => {
    const told: unknown[] = [];
    const onResolved = (resolved: unknown): void => void told.push(resolved);
    const { work, calls, clock } = await openWorker([PAID], { onResolved });
    clock.time = CREATED + DAY;
    const ended: ResolutionState = { ...stateOf(), kind: 'ended', outcome: { kind: 'reversed' } };
    const data = given(ended, { outcome: { kind: 'reversed' }, end: 4, endAt: CREATED + 7 });
    expect(await work(data)).toMatchObject({ kind: 'done', data });
    expect(told).toMatchObject([{ end: 4, endedAt: new Date(CREATED + 7), outcome: { kind: 'reversed' } }]);
    expect(calls).toEqual([]);
    // Also of a merchant that has no client here.
    expect(await work({ ...data, merchantId: '1' })).toMatchObject({ kind: 'done', data: { merchantId: '1' } });
    expect(told).toHaveLength(2);
  });

  const DOWN = new Error('the shop’s database is away');
  const fail = (): never => {
    throw DOWN;
  };
});

describe('what this worker cannot work on', () => {
  const unreadable = { version: 3, deadline: CREATED + DAY } as unknown as ResolutionState;
  const spoilt = { version: 3 } as unknown as ResolutionState;

  it.each<[what: string, data: DurableOrderData, message: string]>([
    ['a merchant', given(stateOf(), { merchantId: '1' }), 'Merchant 1 has no client here.'],
    ['a state', given(unreadable), 'state: is not a state that this version of wechatpay-core can read: version is'],
  ])('is left to another, seconds later, and up to a minute while nobody takes it on: %s', async (_, data, message) => {
    vi.spyOn(Date, 'now').mockReturnValue(CREATED);
    for (const [random, sinceMs, delayMs] of [
      [0, undefined, 1_250],
      [0.5, undefined, 2_500],
      [1, undefined, 3_750],
      [0.5, 5_000, 2_500],
      [0.5, 5_002, 2_501],
      [0.5, 60_000, 30_000],
      [0.5, DAY, 30_000],
      [1, DAY, 45_000],
    ] as const) {
      vi.spyOn(Math, 'random').mockReturnValue(random);
      const { work, events, saved } = await openWorker([PAID], { speed: 2 });
      const before = sinceMs === undefined ? data : { ...data, unreadableSince: CREATED - sinceMs };
      const left = { ...data, unreadableSince: CREATED - (sinceMs ?? 0) };
      const { journal = [], ...verdict } = await work(before);
      expect(verdict).toEqual({ kind: 'again', data: left, delayMs });
      expect(journal.map(({ kind }) => kind)).toEqual(sinceMs === undefined ? ['left'] : []);
      expect(events.at(-1)).toMatchObject({ kind: 'problem', id: 'R' });
      expect(problemsOf(events)[0]?.message).toContain(`Durable order R is left to another worker: ${message}`);
      expect(saved).toEqual([]);
    }
  });

  it.each<[what: string, data: DurableOrderData, code: string]>([
    ['a merchant', given(stateOf({}, CREATED + DAY), { merchantId: '1' }), 'WECHATPAY_INVALID_CONFIG'],
    ['a state', given(unreadable), 'WECHATPAY_INVALID_REQUEST'],
  ])('is told as unresolved from its deadline on: %s', async (_, data, code) => {
    const now = vi.spyOn(Date, 'now');
    const { work, clock } = await openWorker([PAID]);
    for (const [time, kind] of [
      [CREATED + DAY - 1, 'again'],
      [CREATED + DAY, 'dead'],
    ] as const) {
      now.mockReturnValue(time);
      clock.time = time;
      const verdict = await work(data);
      expect(verdict.kind).toBe(kind);
      if (kind !== 'dead') continue;
      expect(verdict.data).toMatchObject({
        outcome: { kind: 'unresolved', error: { code, outcome: 'not-sent', message: expect.any(String) as string } },
        end: 1,
        endAt: time,
      });
    }
  });

  it('a state without a deadline has 7 days from the first time that it was not read', async () => {
    const { work, clock } = await openWorker([PAID]);
    for (const unread of [spoilt, null as unknown as ResolutionState]) {
      clock.time = CREATED;
      const first = await work(given(unread));
      expect(first).toMatchObject({ kind: 'again', data: { unreadableSince: CREATED } });
      clock.time = CREATED + 7 * DAY - 1;
      const second = await work(first.data);
      expect(second).toMatchObject({ kind: 'again', data: { unreadableSince: CREATED } });
      clock.time = CREATED + 7 * DAY;
      expect(await work(second.data)).toMatchObject({ kind: 'dead', data: { outcome: { kind: 'unresolved' } } });
    }
  });
});

describe('a clock that fails', () => {
  it.each<[what: string, reading: unknown, cause: string]>([
    ['throws', new Error('out of order'), 'out of order'],
    ['gives no time', Number.NaN, 'it gave NaN'],
  ])('%s: this machine’s is used from then on, and that is told once', async (_, reading, cause) => {
    let isBroken = false;
    const now = (): number => {
      if (!isBroken) return CREATED;
      if (reading instanceof Error) throw reading;
      return reading as number;
    };
    vi.spyOn(Date, 'now').mockReturnValue(CREATED + 5 * SECOND);
    const { work, events } = await openWorker([state('USERPAYING')], { now });
    isBroken = true;
    expect(await work(given())).toMatchObject({ kind: 'again', delayMs: 5_000 });
    const problems = problemsOf(events);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.message).toBe(`The clock of merchant ${MERCHANT} failed: this machine's is used.`);
    expect(problems[0]?.cause).toMatchObject({ message: cause });
    expect(events[0]).toMatchObject({ kind: 'problem', id: 'R' });
  });
});
