import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  DEFAULT_RESOLUTION_POLICY,
  WechatPayClient,
  WechatPayTransportError,
  type QuickPayRequest,
  type WechatPayConfig,
} from 'wechatpay-core';
import { MapStore } from '../test/map-store.js';
import { scripted, type Answer } from '../test/scripted-client.js';
import { DurableOrders, durableOrderId, type DurablePayOptions, type DurableOrdersOptions } from './index.js';

// What stands between the cashier and the charge, step by step: a store that is a Map, a gateway that says what it is told.

const CREATED = Date.UTC(2026, 10, 23);
const DAY_MS = 24 * 60 * 60 * 1000;
const REQUEST: QuickPayRequest = {
  outTradeNo: '1415717424',
  body: 'tea',
  totalFee: 888,
  currency: 'HKD',
  authCode: '120061098828009406',
  spbillCreateIp: '203.0.113.7',
};
const PAID = { transaction_id: '42', total_fee: '888', fee_type: 'HKD' };
const PAYMENT = { transactionId: '42', totalFee: 888, currency: 'HKD' };
const REFUSED = { result_code: 'FAIL', err_code: 'NOTENOUGH' };
const TIMEOUT = new WechatPayTransportError('WECHATPAY_TIMEOUT', 'no answer', 'unknown');
const NOT_SENT = new WechatPayTransportError('WECHATPAY_CONNECTION', 'no connection', 'not-sent');

const open: DurableOrders[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  for (const durableOrders of open.splice(0)) await durableOrders.stop();
});

async function openShop(
  answers: [Answer, ...Answer[]],
  {
    store = new MapStore(),
    speed = 1,
    onCall = () => undefined,
    ...config
  }: Partial<WechatPayConfig> & { store?: MapStore; onCall?: () => void } & Pick<DurableOrdersOptions, 'speed'> = {},
) {
  const { client, calls, clock } = scripted(answers, {
    ...config,
    onCall: () => {
      store.log.push('call');
      onCall();
    },
  });
  const durableOrders = new DurableOrders({ store, clients: client, speed });
  await durableOrders.start({ work: false });
  open.push(durableOrders);
  const stored = () => [...store.stored.values()][0];
  return { store, client, calls, clock, durableOrders, stored };
}

describe('a clear payment', () => {
  it('has its durable order stored before the charge, and ended after it', async () => {
    const { store, calls, durableOrders, stored, clock } = await openShop([PAID]);
    const request = { ...REQUEST, subMerchantId: '1900000201', subAppId: 'wx3' };
    const result = await durableOrders.pay(request, { policy: { backoffMs: 7 } });
    expect(result).toMatchObject({ outcome: { kind: 'paid' }, result: { transactionId: '42', totalFee: 888 } });
    expect(Object.keys(result)).toEqual(['outcome', 'result']);
    expect(store.log).toEqual(['enqueue', 'call', 'amend']);
    expect(calls).toMatchObject([{ path: '/pay/micropay', fields: { total_fee: '888', sub_mch_id: '1900000201' } }]);
    expect(stored()).toMatchObject({
      merchantId: '10000100',
      outcome: { kind: 'paid', payment: PAYMENT },
      end: 1,
      endAt: clock.time,
      delayMs: 0,
      state: {
        order: { outTradeNo: '1415717424', subMerchantId: '1900000201', subAppId: 'wx3' },
        orderCreatedAt: CREATED,
        totalFee: 888,
        currency: 'HKD',
        policy: { ...DEFAULT_RESOLUTION_POLICY, backoffMs: 7 },
        deadline: CREATED + 7 * DAY_MS,
      },
    });
  });

  it('knows no sub-merchant and no currency that nobody gave', async () => {
    const { durableOrders, stored } = await openShop([{ transaction_id: '42', total_fee: '888' }]);
    const { currency: _, ...request } = REQUEST;
    expect((await durableOrders.pay(request)).outcome.kind).toBe('paid');
    expect(stored()?.state.order).toStrictEqual({ outTradeNo: '1415717424' });
    expect(stored()?.outcome).toStrictEqual({ kind: 'paid', payment: { transactionId: '42', totalFee: 888 } });
    expect(stored()?.state).not.toHaveProperty('currency');
  });

  it.each([undefined, null])('of an order whose sub-merchant is %s is found as the client’s own', async (own) => {
    for (const subMerchantId of [undefined, '1900000202']) {
      const { store, durableOrders, stored } = await openShop([PAID], { subMerchantId });
      expect((await durableOrders.pay({ ...REQUEST, subMerchantId: own as undefined })).outcome.kind).toBe('paid');
      expect(stored()?.state.order.subMerchantId).toBe(subMerchantId);
      expect(store.log).toEqual(['enqueue', 'call', 'amend']);
      for (const named of [undefined, null, subMerchantId]) {
        const order = { outTradeNo: REQUEST.outTradeNo, subMerchantId: named as undefined };
        expect(await durableOrders.get(order)).toMatchObject({ outcome: { kind: 'paid' } });
      }
      expect(stored()?.id).toBe(
        durableOrderId({ outTradeNo: REQUEST.outTradeNo, merchantId: '10000100', subMerchantId }),
      );
    }
    const order = { outTradeNo: '1', merchantId: '2' };
    expect(durableOrderId({ ...order, subMerchantId: own as undefined })).toBe(durableOrderId(order));
  });

  it('of a request whose sub-merchant is null, as in a row of a database, is that of the client', async () => {
    const { durableOrders, stored } = await openShop([PAID], { subMerchantId: '1900000201' });
    expect((await durableOrders.pay({ ...REQUEST, subMerchantId: null as never })).outcome.kind).toBe('paid');
    expect(stored()?.state.order).toEqual({ outTradeNo: '1415717424', subMerchantId: '1900000201' });
    const order = { outTradeNo: '1415717424', merchantId: null as never, subMerchantId: null as never };
    expect((await durableOrders.get(order))?.outcome).toMatchObject({ kind: 'paid' });
    expect(await durableOrders.cancel({ ...order, outTradeNo: '2' })).toBe(false);
  });

  it('is taken on by no worker before 15 s', async () => {
    const delays: number[] = [];
    class WatchingStore extends MapStore {
      override enqueue(...args: Parameters<MapStore['enqueue']>): ReturnType<MapStore['enqueue']> {
        delays.push(args[2]);
        return super.enqueue(...args);
      }
    }
    const { durableOrders } = await openShop([PAID], { store: new WatchingStore() });
    await durableOrders.pay(REQUEST);
    expect(delays).toEqual([15_000]);
  });
});

describe('nothing is sent', () => {
  it.each<[message: string, request: unknown, options?: unknown]>([
    ['totalFee: ', { ...REQUEST, totalFee: 8.88 }],
    ['authCode: ', { ...REQUEST, authCode: '5' }],
    ['ifPaid: ', REQUEST, { policy: { ifPaid: 'keep' } }],
    ['Did you mean backoffMs?', REQUEST, { policy: { backofMs: 1 } }],
    [
      'signal: must be an AbortSignal; of an AbortController, give its `signal`.',
      REQUEST,
      { signal: new AbortController() },
    ],
    ['backoffMs: ', REQUEST, { policy: { backoffMs: 0 } }],
  ])('and no order number used up: %s', async (message, request, options) => {
    const { store, calls, durableOrders } = await openShop([PAID]);
    await expect(durableOrders.pay(request as QuickPayRequest, options as DurablePayOptions)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      outcome: 'not-sent',
      message: expect.stringContaining(message) as string,
    });
    expect(store.stored.size).toBe(0);
    expect(calls).toEqual([]);
  });

  it('for a number that was charged before', async () => {
    const { calls, durableOrders } = await openShop([PAID]);
    await durableOrders.pay(REQUEST);
    await expect(durableOrders.pay(REQUEST)).rejects.toMatchObject({
      field: 'outTradeNo',
      message: expect.stringContaining('was charged before; take a new number, or see how that one stands.') as string,
    });
    expect(calls).toHaveLength(1);
  });

  it('where the durable order cannot be stored', async () => {
    class BrokenStore extends MapStore {
      override enqueue(): Promise<never> {
        return Promise.reject(new Error('the store is away'));
      }
    }
    const { calls, durableOrders } = await openShop([PAID], { store: new BrokenStore() });
    await expect(durableOrders.pay(REQUEST)).rejects.toThrow('the store is away');
    expect(calls).toEqual([]);
  });

  it('once the caller has aborted: declined, and called off', async () => {
    const { store, calls, durableOrders } = await openShop([PAID]);
    const { outcome } = await durableOrders.pay(REQUEST, { signal: AbortSignal.abort() });
    expect(outcome).toMatchObject({ kind: 'declined', error: { code: 'WECHATPAY_ABORTED', outcome: 'not-sent' } });
    expect(calls).toEqual([]);
    expect(store.log).toEqual(['enqueue', 'cancel']);
  });
});

it.each<[field: string, order: object]>([
  ['subMerchantId', { outTradeNo: 'A1', subAppId: 'wx3' }],
  ['outTradeNo', { outTradeNo: 'x&out_trade_no=A' }],
  ['outTradeNo', { outTradeNo: 'x'.repeat(33) }],
])('an order that no query may name is not stored: %s', async (field, order) => {
  const { store, durableOrders } = await openShop([PAID]);
  const intent = { ...order, orderCreatedAt: new Date(CREATED) } as { outTradeNo: string; orderCreatedAt: Date };
  for (const stored of [durableOrders.enqueue(intent), durableOrders.reverse(intent)]) {
    await expect(stored).rejects.toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
  }
  expect(store.log).toEqual([]);
});

describe('a durable order that took long to be stored', () => {
  /** Storing takes so long, by the client's clock and by a timer. */
  async function openSlow(byClock: unknown, byTimer: number, { timeoutMs = 15_000, speed = 1, isLost = false } = {}) {
    class SlowStore extends MapStore {
      override async enqueue(...args: Parameters<MapStore['enqueue']>): ReturnType<MapStore['enqueue']> {
        time = byClock;
        timer += byTimer;
        return super.enqueue(...args);
      }

      override cancel(id: string): Promise<boolean> {
        return isLost ? Promise.reject(new Error('the store is away')) : super.cancel(id);
      }
    }
    let time: unknown = CREATED;
    let timer = 1_000;
    vi.spyOn(performance, 'now').mockImplementation(() => timer);
    const now = (): number => {
      if (time instanceof Error) throw time;
      return time as number;
    };
    return openShop([PAID], { store: new SlowStore(), now, timeoutMs, speed });
  }

  it.each<[what: string, byClock: unknown, byTimer: number, options: object]>([
    ['by the clock', CREATED + 15_001, 0, {}],
    ['by a timer, where the clock was set back', CREATED - 60_000, 15_001, {}],
    ['by a timer, where the clock fails', new Error('clock'), 15_001, {}],
    ['by a timer, where the clock gives no time', Number.NaN, 15_001, {}],
    ['by a timer, on a clock that goes faster', CREATED, 1_501, { speed: 10 }],
    ['for a client that waits longer for its answer', CREATED + 5_001, 0, { timeoutMs: 30_000 }],
  ])('is no durable order: nothing is sent, %s', async (_, byClock, byTimer, options) => {
    for (const isLost of [false, true]) {
      const { store, calls, durableOrders } = await openSlow(byClock, byTimer, { ...options, isLost });
      const { outcome } = await durableOrders.pay(REQUEST);
      const seconds = 'timeoutMs' in options ? 5 : 15;
      expect(outcome).toMatchObject({
        kind: 'declined',
        error: {
          code: 'WECHATPAY_TIMEOUT',
          outcome: 'not-sent',
          message: expect.stringContaining(
            `The durable order of order 1415717424 took more than ${seconds} s to be stored. Nothing was sent.`,
          ) as string,
        },
      });
      expect(calls).toEqual([]);
      if (!isLost) expect(store.log).toEqual(['enqueue', 'cancel']);
    }
  });

  it.each<[what: string, byClock: unknown, byTimer: number, options: object]>([
    ['at the latest', CREATED + 15_000, 15_000, {}],
    ['on a clock that goes slower', CREATED, 29_000, { speed: 0.5 }],
    ['at the latest, for a client that waits longer', CREATED + 5_000, 0, { timeoutMs: 30_000 }],
  ])('is one while there is time: %s', async (_, byClock, byTimer, options) => {
    const { calls, durableOrders } = await openSlow(byClock, byTimer, options);
    expect((await durableOrders.pay(REQUEST)).outcome.kind).toBe('paid');
    expect(calls).toHaveLength(1);
  });
});

describe('a refusal', () => {
  it('of the gateway that a query confirms is declined, and its durable order called off', async () => {
    for (const answer of [
      { trade_state: 'CLOSED' },
      { trade_state: 'REVOKED' },
      { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' },
    ]) {
      const { store, calls, durableOrders, stored } = await openShop([REFUSED, answer]);
      const result = await durableOrders.pay({ ...REQUEST, subMerchantId: '1900000201' });
      expect(result).toMatchObject({ outcome: { kind: 'declined', error: { errorCode: 'NOTENOUGH' } } });
      expect(Object.keys(result.outcome)).toEqual(['kind', 'error']);
      expect(store.log).toEqual(['enqueue', 'call', 'call', 'cancel']);
      expect(calls[1]).toMatchObject({
        path: '/pay/orderquery',
        fields: { out_trade_no: '1415717424', sub_mch_id: '1900000201' },
      });
      expect(stored()?.status).toBe('cancelled');
    }
  });

  it.each(['NOTPAY', 'PAYERROR'])(
    'of an order that stays open, %s, is declined at once, and its durable order stays to reverse it, not before 15 s',
    async (tradeState) => {
      const { store, durableOrders, stored } = await openShop([REFUSED, { trade_state: tradeState }]);
      const { outcome } = await durableOrders.pay(REQUEST, { policy: { backoffMs: 7 } });
      expect(outcome).toMatchObject({ kind: 'declined', error: { errorCode: 'NOTENOUGH' } });
      expect(store.log).toEqual(['enqueue', 'call', 'call', 'amend']);
      expect(stored()).toMatchObject({
        status: 'waiting',
        delayMs: 15_000,
        state: {
          kind: 'checking',
          at: CREATED + 15_000,
          notBefore: CREATED + 15_000,
          policy: { ifPaid: 'reverse', backoffMs: 7 },
          deadline: CREATED + 7 * DAY_MS,
        },
      });
    },
  );

  it('of an order that stays open is pending where its durable order cannot be told to reverse it', async () => {
    class BusyStore extends MapStore {
      override amend(): Promise<boolean> {
        this.log.push('amend');
        return Promise.resolve(false);
      }
    }
    const { store, durableOrders } = await openShop([REFUSED, { trade_state: 'NOTPAY' }], { store: new BusyStore() });
    expect((await durableOrders.pay(REQUEST)).outcome).toMatchObject({
      kind: 'pending',
      error: { errorCode: 'NOTENOUGH' },
    });
    expect(store.log).toEqual(['enqueue', 'call', 'call', 'amend', 'reschedule']);
  });

  it('of an order that a worker has ended meanwhile is what that end says', async () => {
    for (const [outcome, kind] of [
      [{ kind: 'closed', found: true }, 'declined'],
      [{ kind: 'paid', payment: {} }, 'pending'],
    ] as const) {
      const shop = await openShop([REFUSED, { trade_state: 'NOTPAY' }], {
        onCall: () => {
          for (const [id, stored] of shop.store.stored) shop.store.stored.set(id, { ...stored, outcome });
        },
      });
      expect((await shop.durableOrders.pay(REQUEST)).outcome.kind).toBe(kind);
    }
  });

  it.each<[what: string, answer: Answer]>([
    ['says that it is paid', { trade_state: 'SUCCESS', ...PAID }],
    ['is not answered', TIMEOUT],
  ])('of the gateway where the query %s is pending: its durable order goes on', async (_, answer) => {
    const { store, durableOrders, stored } = await openShop([REFUSED, answer]);
    const result = await durableOrders.pay(REQUEST);
    expect(result).toMatchObject({ outcome: { kind: 'pending', error: { errorCode: 'NOTENOUGH' } } });
    expect(store.log).toEqual(['enqueue', 'call', 'call', 'reschedule']);
    expect(stored()?.status).toBe('waiting');
  });

  it('is pending where the caller aborts before a query has confirmed it', async () => {
    const abort = new AbortController();
    const { calls, durableOrders } = await openShop([REFUSED, { trade_state: 'NOTPAY' }], {
      onCall: () => {
        abort.abort();
      },
    });
    expect((await durableOrders.pay(REQUEST, { signal: abort.signal })).outcome.kind).toBe('pending');
    expect(calls).toHaveLength(1);
  });

  it('before anything was sent is declined without a query', async () => {
    const { store, durableOrders, stored } = await openShop([NOT_SENT]);
    expect(await durableOrders.pay(REQUEST)).toMatchObject({
      outcome: { kind: 'declined', error: { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } },
    });
    expect(store.log).toEqual(['enqueue', 'call', 'cancel']);
    expect(stored()?.status).toBe('cancelled');
  });

  it('is declined also where its durable order cannot be called off: that finds out the same', async () => {
    class BrokenStore extends MapStore {
      override cancel(): Promise<never> {
        return Promise.reject(new Error('the store is away'));
      }
    }
    const { durableOrders } = await openShop([NOT_SENT], { store: new BrokenStore() });
    expect((await durableOrders.pay(REQUEST)).outcome.kind).toBe('declined');
  });
});

describe('an answer that is not clear', () => {
  it('is pending, and its durable order takes its first step as soon as the policy lets it', async () => {
    const { store, durableOrders, stored } = await openShop([TIMEOUT]);
    const result = await durableOrders.pay(REQUEST);
    expect(result).toMatchObject({ outcome: { kind: 'pending', error: { code: 'WECHATPAY_TIMEOUT' } } });
    expect(Object.keys(result)).toEqual(['outcome']);
    expect(Object.keys(result.outcome)).toEqual(['kind', 'error']);
    expect(store.log).toEqual(['enqueue', 'call', 'reschedule']);
    expect(stored()).toMatchObject({ status: 'waiting', delayMs: 5_000 });
  });

  it('is asked for as soon where the clock was set back after the durable order was stored', async () => {
    const shop = await openShop([TIMEOUT], {
      onCall: () => {
        shop.clock.time = CREATED - 3_600_000;
      },
    });
    expect((await shop.durableOrders.pay(REQUEST)).outcome.kind).toBe('pending');
    expect(shop.stored()).toMatchObject({ status: 'waiting', delayMs: 5_000 });
  });

  it('returns what comes once its durable order has ended', async () => {
    class EndedStore extends MapStore {
      override async enqueue(...args: Parameters<MapStore['enqueue']>): ReturnType<MapStore['enqueue']> {
        const result = await super.enqueue(...args);
        if (result === 'enqueued') await super.cancel(args[0]);
        return result;
      }
    }
    const shop = await openShop([TIMEOUT], { store: new EndedStore() });
    const request = { ...REQUEST, subMerchantId: '1900000201', subAppId: 'wx3' };
    expect((await shop.durableOrders.pay(request)).outcome.kind).toBe('pending');
    await expect
      .poll(() => shop.stored())
      .toMatchObject({
        status: 'waiting',
        state: {
          kind: 'checking',
          order: { outTradeNo: '1415717424', subMerchantId: '1900000201' },
          policy: { ifPaid: 'reverse' },
          totalFee: 888,
          currency: 'HKD',
        },
      });
  });

  it('of a client with a mistake is pending too: it may have come after the request was sent', async () => {
    class MistakenClient extends WechatPayClient {
      override call(): Promise<never> {
        return Promise.reject(new TypeError('mistake'));
      }
    }
    const store = new MapStore();
    const client = new MistakenClient({
      appId: 'wx2421b1c4370ec43b',
      merchantId: '10000100',
      apiKey: '192006250b4c09247ec02edce69f6a2d',
      now: () => CREATED,
      transport: () => Promise.reject(new Error('not called')),
    });
    const durableOrders = new DurableOrders({ store, clients: client });
    expect(await durableOrders.pay(REQUEST)).toStrictEqual({ outcome: { kind: 'pending' } });
    expect(store.log).toEqual(['enqueue', 'reschedule']);
  });

  it('tells what is wrong with the merchant, where all its calls fail', async () => {
    const { durableOrders, clock } = await openShop([TIMEOUT]);
    const outcomes = [];
    for (let number = 0; number < 6; number += 1) {
      outcomes.push((await durableOrders.pay({ ...REQUEST, outTradeNo: `A${number}` })).outcome);
      clock.time += 20_000;
    }
    expect(outcomes[0]).not.toHaveProperty('merchantProblem');
    expect(outcomes[5]).toMatchObject({ merchantProblem: { merchantId: '10000100', code: 'WECHATPAY_TIMEOUT' } });
  });

  it('and not what is wrong with another', async () => {
    const store = new MapStore();
    const broken = scripted([TIMEOUT], { merchantId: '10000101' });
    const { client } = scripted([TIMEOUT]);
    const durableOrders = new DurableOrders({ store, clients: [broken.client, client] });
    await durableOrders.start({ work: false });
    open.push(durableOrders);
    for (let number = 0; number < 6; number += 1) {
      await durableOrders.pay({ ...REQUEST, outTradeNo: `A${number}` }, { merchantId: '10000101' });
      broken.clock.time += 20_000;
    }
    expect(durableOrders.merchantProblems()).toHaveLength(1);
    expect((await durableOrders.pay(REQUEST, { merchantId: '10000100' })).outcome).not.toHaveProperty(
      'merchantProblem',
    );
  });
});

describe('a clear payment that its durable order cannot keep', () => {
  it.each<[what: string, change: object]>([
    ['of another amount', { total_fee: '1' }],
    ['of an unknown amount', { total_fee: '' }],
    ['in another currency', { fee_type: 'CNY' }],
  ])('%s is pending: its durable order asks', async (_, change) => {
    const { store, durableOrders, stored } = await openShop([{ ...PAID, ...change }]);
    expect(await durableOrders.pay(REQUEST)).toMatchObject({
      outcome: { kind: 'pending', error: { outcome: 'unknown' } },
    });
    expect(store.log).toEqual(['enqueue', 'call', 'reschedule']);
    expect(stored()?.outcome).toBeUndefined();
  });

  it('since a worker has it is pending, and looked after', async () => {
    class BusyStore extends MapStore {
      override amend(): Promise<boolean> {
        this.log.push('amend');
        return Promise.resolve(false);
      }
    }
    const { store, durableOrders } = await openShop([PAID], { store: new BusyStore() });
    expect(await durableOrders.pay(REQUEST)).toStrictEqual({ outcome: { kind: 'pending' } });
    expect(store.log).toEqual(['enqueue', 'call', 'amend', 'reschedule']);
  });

  class LeavingStore extends MapStore {
    constructor(public away: number) {
      super();
    }

    override amend(...args: Parameters<MapStore['amend']>): Promise<boolean> {
      this.away -= 1;
      if (this.away >= 0) return Promise.reject(new Error('the store is away'));
      return super.amend(...args);
    }
  }

  it('a store that comes back soon is waited for', async () => {
    const { durableOrders, stored } = await openShop([PAID], { store: new LeavingStore(1) });
    const startedAt = Date.now();
    expect((await durableOrders.pay(REQUEST)).outcome.kind).toBe('paid');
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(450);
    expect(stored()?.outcome).toMatchObject({ kind: 'paid' });
  });

  it.each<[what: string, answers: [Answer, ...Answer[]], outcome: string]>([
    ['a clear payment', [PAID], 'pending'],
    ['an unclear one', [TIMEOUT], 'pending'],
    ['a refusal of an order that stays open', [REFUSED, { trade_state: 'NOTPAY' }], 'pending'],
    ['a refusal', [REFUSED, { trade_state: 'CLOSED' }], 'declined'],
  ])('a store that never answers holds up nobody for more than 5 s: %s', async (_, answers, kind) => {
    class SilentStore extends MapStore {
      isSilent = false;
      #answer<Result>(given: Promise<Result>): Promise<Result> {
        return this.isSilent ? new Promise(() => undefined) : given;
      }
      override get(id: string): ReturnType<MapStore['get']> {
        return this.#answer(super.get(id));
      }
      override amend(...args: Parameters<MapStore['amend']>): Promise<boolean> {
        return this.#answer(super.amend(...args));
      }
      override cancel(id: string): Promise<boolean> {
        return this.#answer(super.cancel(id));
      }
    }
    const store = new SilentStore();
    const shop = await openShop(answers, {
      store,
      onCall: () => {
        store.isSilent = true;
      },
    });
    open.splice(open.indexOf(shop.durableOrders), 1); // its payment goes on looking for the store for ever
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      let outcome: unknown;
      void shop.durableOrders.pay(REQUEST).then((payment) => {
        outcome = payment.outcome;
      });
      await vi.advanceTimersByTimeAsync(4_900);
      expect(outcome).toBeUndefined();
      await vi.advanceTimersByTimeAsync(200);
      expect(outcome).toMatchObject({ kind });
    } finally {
      vi.useRealTimers();
    }
  });

  it('after four tries it is pending: nobody knows', async () => {
    const store = new LeavingStore(100);
    const { durableOrders } = await openShop([PAID], { store });
    expect((await durableOrders.pay(REQUEST)).outcome.kind).toBe('pending');
    expect(store.away).toBe(96);
    expect(store.log).toEqual(['enqueue', 'call', 'reschedule']);
  });
});
