import { describe, expect, it, vi } from 'vitest';
import { WechatPayClient } from 'wechatpay-core';
import { CREATED, open, openCounter, PAID, REFUSED, REQUEST, TIMEOUT } from '../test/counter.js';
import { LoggedStore } from '../test/logged-store.js';
import { scripted, type Answer } from '../test/scripted-client.js';
import { DurableOrders } from './index.js';

// What becomes of an answer that is not clear, or that the store cannot keep.

describe('an answer that is not clear', () => {
  it('is pending, and its durable order takes its first step as soon as the policy lets it', async () => {
    const { store, durableOrders, stored } = await openCounter([TIMEOUT]);
    const result = await durableOrders.pay(REQUEST);
    expect(result).toMatchObject({ outcome: { kind: 'pending', error: { code: 'WECHATPAY_TIMEOUT' } } });
    expect(Object.keys(result)).toEqual(['outcome']);
    expect(Object.keys(result.outcome)).toEqual(['kind', 'error']);
    expect(store.log).toEqual(['enqueue', 'call', 'reschedule']);
    expect(stored()).toMatchObject({ status: 'waiting', delayMs: 5_000 });
  });

  it('is asked for as soon where the clock was set back after the durable order was stored', async () => {
    const shop = await openCounter([TIMEOUT], {
      onCall: () => {
        shop.clock.time = CREATED - 3_600_000;
      },
    });
    expect((await shop.durableOrders.pay(REQUEST)).outcome.kind).toBe('pending');
    expect(shop.stored()).toMatchObject({ status: 'waiting', delayMs: 5_000 });
  });

  it('returns what comes once its durable order has ended', async () => {
    class EndedStore extends LoggedStore {
      override async enqueue(...args: Parameters<LoggedStore['enqueue']>): ReturnType<LoggedStore['enqueue']> {
        const result = await super.enqueue(...args);
        if (result === 'enqueued') await super.cancel(args[0]);
        return result;
      }
    }
    const shop = await openCounter([TIMEOUT], { store: new EndedStore() });
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
    const store = new LoggedStore();
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
    const { durableOrders, clock } = await openCounter([TIMEOUT]);
    const outcomes = [];
    for (let number = 0; number < 6; number += 1) {
      outcomes.push((await durableOrders.pay({ ...REQUEST, outTradeNo: `A${number}` })).outcome);
      clock.time += 20_000;
    }
    expect(outcomes[0]).not.toHaveProperty('merchantProblem');
    expect(outcomes[5]).toMatchObject({ merchantProblem: { merchantId: '10000100', code: 'WECHATPAY_TIMEOUT' } });
  });

  it('and not what is wrong with another', async () => {
    const store = new LoggedStore();
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
    const { store, durableOrders, stored } = await openCounter([{ ...PAID, ...change }]);
    expect(await durableOrders.pay(REQUEST)).toMatchObject({
      outcome: { kind: 'pending', error: { outcome: 'unknown' } },
    });
    expect(store.log).toEqual(['enqueue', 'call', 'reschedule']);
    expect(stored()?.outcome).toBeUndefined();
  });

  it('since a worker has it is pending, and looked after', async () => {
    class BusyStore extends LoggedStore {
      override amend(): Promise<boolean> {
        this.log.push('amend');
        return Promise.resolve(false);
      }
    }
    const { store, durableOrders } = await openCounter([PAID], { store: new BusyStore() });
    expect(await durableOrders.pay(REQUEST)).toStrictEqual({ outcome: { kind: 'pending' } });
    expect(store.log).toEqual(['enqueue', 'call', 'amend', 'reschedule']);
  });

  class LeavingStore extends LoggedStore {
    constructor(public away: number) {
      super();
    }

    override amend(...args: Parameters<LoggedStore['amend']>): Promise<boolean> {
      this.away -= 1;
      if (this.away >= 0) return Promise.reject(new Error('the store is away'));
      return super.amend(...args);
    }
  }

  it('a store that comes back soon is waited for', async () => {
    const { durableOrders, stored } = await openCounter([PAID], { store: new LeavingStore(1) });
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
    class SilentStore extends LoggedStore {
      isSilent = false;
      #answer<Result>(given: Promise<Result>): Promise<Result> {
        return this.isSilent ? new Promise(() => undefined) : given;
      }
      override get(id: string): ReturnType<LoggedStore['get']> {
        return this.#answer(super.get(id));
      }
      override amend(...args: Parameters<LoggedStore['amend']>): Promise<boolean> {
        return this.#answer(super.amend(...args));
      }
      override cancel(id: string): Promise<boolean> {
        return this.#answer(super.cancel(id));
      }
    }
    const store = new SilentStore();
    const shop = await openCounter(answers, {
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
    const { durableOrders } = await openCounter([PAID], { store });
    expect((await durableOrders.pay(REQUEST)).outcome.kind).toBe('pending');
    expect(store.away).toBe(96);
    expect(store.log).toEqual(['enqueue', 'call', 'reschedule']);
  });
});
