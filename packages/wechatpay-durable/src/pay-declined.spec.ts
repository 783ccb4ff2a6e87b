import { describe, expect, it } from 'vitest';
import { CREATED, DAY_MS, NOT_SENT, openCounter, PAID, REFUSED, REQUEST, TIMEOUT } from '../test/counter.js';
import { LoggedStore } from '../test/logged-store.js';
import { type Answer } from '../test/scripted-client.js';

// What becomes of a refusal: nothing is said to be declined before a query has confirmed it.

describe('a refusal', () => {
  it('of the gateway that a query confirms is declined, and its durable order called off', async () => {
    for (const answer of [
      { trade_state: 'CLOSED' },
      { trade_state: 'REVOKED' },
      { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' },
    ]) {
      const { store, calls, durableOrders, stored } = await openCounter([REFUSED, answer]);
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
      const { store, durableOrders, stored } = await openCounter([REFUSED, { trade_state: tradeState }]);
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
    class BusyStore extends LoggedStore {
      override amend(): Promise<boolean> {
        this.log.push('amend');
        return Promise.resolve(false);
      }
    }
    const { store, durableOrders } = await openCounter([REFUSED, { trade_state: 'NOTPAY' }], {
      store: new BusyStore(),
    });
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
      const shop = await openCounter([REFUSED, { trade_state: 'NOTPAY' }], {
        onCall: () => {
          shop.store.pretended = { outcome };
        },
      });
      expect((await shop.durableOrders.pay(REQUEST)).outcome.kind).toBe(kind);
    }
  });

  it.each<[what: string, answer: Answer]>([
    ['says that it is paid', { trade_state: 'SUCCESS', ...PAID }],
    ['is not answered', TIMEOUT],
  ])('of the gateway where the query %s is pending: its durable order goes on', async (_, answer) => {
    const { store, durableOrders, stored } = await openCounter([REFUSED, answer]);
    const result = await durableOrders.pay(REQUEST);
    expect(result).toMatchObject({ outcome: { kind: 'pending', error: { errorCode: 'NOTENOUGH' } } });
    expect(store.log).toEqual(['enqueue', 'call', 'call', 'reschedule']);
    expect(stored()?.status).toBe('waiting');
  });

  it('is pending where the caller aborts before a query has confirmed it', async () => {
    const abort = new AbortController();
    const { calls, durableOrders } = await openCounter([REFUSED, { trade_state: 'NOTPAY' }], {
      onCall: () => {
        abort.abort();
      },
    });
    expect((await durableOrders.pay(REQUEST, { signal: abort.signal })).outcome.kind).toBe('pending');
    expect(calls).toHaveLength(1);
  });

  it('before anything was sent is declined without a query', async () => {
    const { store, durableOrders, stored } = await openCounter([NOT_SENT]);
    expect(await durableOrders.pay(REQUEST)).toMatchObject({
      outcome: { kind: 'declined', error: { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } },
    });
    expect(store.log).toEqual(['enqueue', 'call', 'cancel']);
    expect(stored()?.status).toBe('cancelled');
  });

  it('is declined also where its durable order cannot be called off: that finds out the same', async () => {
    class BrokenStore extends LoggedStore {
      override cancel(): Promise<never> {
        return Promise.reject(new Error('the store is away'));
      }
    }
    const { durableOrders } = await openCounter([NOT_SENT], { store: new BrokenStore() });
    expect((await durableOrders.pay(REQUEST)).outcome.kind).toBe('declined');
  });
});
