import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_RESOLUTION_POLICY, type QuickPayRequest } from 'wechatpay-core';
import { CREATED, DAY_MS, openCounter, PAID, PAYMENT, REQUEST } from '../test/counter.js';
import { LoggedStore } from '../test/logged-store.js';
import { durableOrderId, type DurablePayOptions } from './index.js';

// What stands before the charge, and a payment that is clear.

describe('a clear payment', () => {
  it('has its durable order stored before the charge, and ended after it', async () => {
    const { store, calls, durableOrders, stored, clock } = await openCounter([PAID]);
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
    const { durableOrders, stored } = await openCounter([{ transaction_id: '42', total_fee: '888' }]);
    const { currency: _, ...request } = REQUEST;
    expect((await durableOrders.pay(request)).outcome.kind).toBe('paid');
    expect(stored()?.state.order).toStrictEqual({ outTradeNo: '1415717424' });
    expect(stored()?.outcome).toStrictEqual({ kind: 'paid', payment: { transactionId: '42', totalFee: 888 } });
    expect(stored()?.state).not.toHaveProperty('currency');
  });

  it.each([undefined, null])('of an order whose sub-merchant is %s is found as the client’s own', async (own) => {
    for (const subMerchantId of [undefined, '1900000202']) {
      const { store, durableOrders, stored } = await openCounter([PAID], { subMerchantId });
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
    const { durableOrders, stored } = await openCounter([PAID], { subMerchantId: '1900000201' });
    expect((await durableOrders.pay({ ...REQUEST, subMerchantId: null as never })).outcome.kind).toBe('paid');
    expect(stored()?.state.order).toEqual({ outTradeNo: '1415717424', subMerchantId: '1900000201' });
    const order = { outTradeNo: '1415717424', merchantId: null as never, subMerchantId: null as never };
    expect((await durableOrders.get(order))?.outcome).toMatchObject({ kind: 'paid' });
    expect(await durableOrders.cancel({ ...order, outTradeNo: '2' })).toBe(false);
  });

  it('is taken on by no worker before 15 s', async () => {
    const delays: number[] = [];
    class WatchingStore extends LoggedStore {
      override enqueue(...args: Parameters<LoggedStore['enqueue']>): ReturnType<LoggedStore['enqueue']> {
        delays.push(args[2]);
        return super.enqueue(...args);
      }
    }
    const { durableOrders } = await openCounter([PAID], { store: new WatchingStore() });
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
    const { store, calls, durableOrders } = await openCounter([PAID]);
    await expect(durableOrders.pay(request as QuickPayRequest, options as DurablePayOptions)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      outcome: 'not-sent',
      message: expect.stringContaining(message) as string,
    });
    expect(store.stored.size).toBe(0);
    expect(calls).toEqual([]);
  });

  it('for a number that was charged before', async () => {
    const { calls, durableOrders } = await openCounter([PAID]);
    await durableOrders.pay(REQUEST);
    await expect(durableOrders.pay(REQUEST)).rejects.toMatchObject({
      field: 'outTradeNo',
      message: expect.stringContaining(
        'was charged before: see how that one stands before another payment is taken for it.',
      ) as string,
    });
    expect(calls).toHaveLength(1);
  });

  it('where the durable order cannot be stored', async () => {
    class BrokenStore extends LoggedStore {
      override enqueue(): Promise<never> {
        return Promise.reject(new Error('the store is away'));
      }
    }
    const { calls, durableOrders } = await openCounter([PAID], { store: new BrokenStore() });
    await expect(durableOrders.pay(REQUEST)).rejects.toThrow('the store is away');
    expect(calls).toEqual([]);
  });

  it('once the caller has aborted: declined, and called off', async () => {
    const { store, calls, durableOrders } = await openCounter([PAID]);
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
  const { store, durableOrders } = await openCounter([PAID]);
  const intent = { ...order, orderCreatedAt: new Date(CREATED) } as { outTradeNo: string; orderCreatedAt: Date };
  for (const stored of [durableOrders.enqueue(intent), durableOrders.reverse(intent)]) {
    await expect(stored).rejects.toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', field });
  }
  expect(store.log).toEqual([]);
});

describe('a durable order that took long to be stored', () => {
  /** Storing takes so long, by the client's clock and by a timer. */
  async function openSlow(byClock: unknown, byTimer: number, { timeoutMs = 15_000, speed = 1, isLost = false } = {}) {
    class SlowStore extends LoggedStore {
      override async enqueue(...args: Parameters<LoggedStore['enqueue']>): ReturnType<LoggedStore['enqueue']> {
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
    return openCounter([PAID], { store: new SlowStore(), now, timeoutMs, speed });
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
