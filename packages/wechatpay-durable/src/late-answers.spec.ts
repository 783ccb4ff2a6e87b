import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DurableOrders } from './index.js';
import { MemoryStore } from './stores/memory.js';
import { openShop, pathsOf, SPEED, TOTAL_FEE, type Shop } from '../test/shop.js';

/** Quick Pay is under way for as long as the test wants; its durable order ends meanwhile. */
async function openSlowShop(
  options: { store?: MemoryStore } = {},
): Promise<{ shop: Shop; arrive: (isLost: boolean) => void; isOnItsWay: () => boolean }> {
  let arrive: ((isLost: boolean) => void) | undefined;
  const shop = await openShop({
    ...options,
    hold: ({ path }) =>
      path === '/pay/micropay'
        ? new Promise<void>((resolve) => {
            arrive = (isLost) => {
              if (isLost) shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
              resolve();
            };
          })
        : undefined,
  });
  return { shop, arrive: (isLost) => arrive?.(isLost), isOnItsWay: () => arrive !== undefined };
}

/** A charge whose answer is not there when its durable order has ended as closed. */
async function payUntilClosed(shop: Shop): Promise<{ paying: ReturnType<DurableOrders['pay']> }> {
  const closed = shop.end('A1');
  const paying = shop.durableOrders.pay(shop.request('A1'));
  expect((await closed).outcome).toEqual({ kind: 'closed', found: false });
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
  return { paying };
}

describe('a charge whose durable order has ended', () => {
  it.each([
    ['with a clear answer', false],
    ['with an answer that is lost', true],
  ])('%s is looked after: its money goes back', async (_, isLost) => {
    const { shop, arrive } = await openSlowShop();
    const { paying } = await payUntilClosed(shop);
    const end = shop.end('A1');
    arrive(isLost);
    expect((await paying).outcome.kind).toBe('pending');
    expect((await end).outcome.kind).toBe('reversed');
    expect(shop.sandbox.ledger.of('A1')).toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE });
  });

  it.each([
    ['with a clear answer', false],
    ['with an answer that is lost', true],
  ])('%s while the store is away is looked after once it is back', async (_, isLost) => {
    class LeavingStore extends MemoryStore {
      isAway = false;

      override async get(id: string): ReturnType<MemoryStore['get']> {
        if (this.isAway) throw new Error('the store is away');
        return super.get(id);
      }
    }
    const store = new LeavingStore();
    const { shop, arrive } = await openSlowShop({ store });
    const { paying } = await payUntilClosed(shop);
    store.isAway = true;
    const end = shop.end('A1');
    arrive(isLost);
    expect((await paying).outcome.kind).toBe('pending');
    store.isAway = false;
    expect((await end).outcome.kind).toBe('reversed');
    expect(shop.sandbox.ledger.of('A1')).toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE });
  });

  it('and was called off meanwhile is looked after', async () => {
    const { shop, arrive, isOnItsWay } = await openSlowShop();
    const paying = shop.durableOrders.pay(shop.request('A1'));
    await expect.poll(isOnItsWay, { interval: 1 }).toBe(true);
    expect(await shop.durableOrders.cancel({ outTradeNo: 'A1' })).toBe(true);
    const end = shop.end('A1');
    arrive(true);
    expect((await paying).outcome.kind).toBe('pending');
    expect((await end).outcome.kind).toBe('reversed');
    expect(shop.sandbox.ledger.of('A1').net).toBe(0);
  });

  it('is looked after to its end where the process stops meanwhile', async () => {
    class FarStore extends MemoryStore {
      isFar = false;

      override async get(id: string): ReturnType<MemoryStore['get']> {
        if (this.isFar) await sleep(300);
        return super.get(id);
      }
    }
    const store = new FarStore();
    const { shop, arrive } = await openSlowShop({ store });
    const { paying } = await payUntilClosed(shop);
    store.isFar = true;
    const stopping = shop.durableOrders.stop();
    arrive(false);
    expect((await paying).outcome.kind).toBe('pending');
    await stopping;
    const next = new DurableOrders({ store: store.share(), clients: shop.client, speed: SPEED });
    await next.start();
    await expect
      .poll(() => shop.sandbox.ledger.of('A1'))
      .toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE })
      .finally(() => next.stop());
  });

  it('and whose store never comes back is told as a problem when the process stops', async () => {
    class LostStore extends MemoryStore {
      isAway = false;

      override async get(id: string): ReturnType<MemoryStore['get']> {
        if (this.isAway) throw new Error('the store is away');
        return super.get(id);
      }
    }
    const store = new LostStore();
    const { shop, arrive, isOnItsWay } = await openSlowShop({ store });
    const paying = shop.durableOrders.pay(shop.request('A1'));
    await expect.poll(isOnItsWay, { interval: 1 }).toBe(true);
    store.isAway = true;
    arrive(true);
    expect((await paying).outcome.kind).toBe('pending');
    await shop.durableOrders.stop();
    const problems = shop.events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));
    expect(problems).toContainEqual(expect.stringMatching(/Order A1 may be paid/));
  });
});

describe('a charge that could be answered after its durable order has ended', () => {
  class SlowStore extends MemoryStore {
    constructor(readonly storingMs: number) {
      super();
    }

    override async enqueue(...args: Parameters<MemoryStore['enqueue']>): ReturnType<MemoryStore['enqueue']> {
      const result = await super.enqueue(...args);
      await sleep(this.storingMs / SPEED); // it is stored, and the word of it comes late
      return result;
    }
  }

  it.each([
    ['15 s', 15_000, 16_000],
    ['30 s', 30_000, 6_000],
  ])('is not sent with a time-out of %s', async (_, timeoutMs, storingMs) => {
    const shop = await openShop({ store: new SlowStore(storingMs), settings: { timeoutMs } });
    const { outcome } = await shop.durableOrders.pay(shop.request('A1'));
    expect(outcome).toMatchObject({ kind: 'declined', error: { outcome: 'not-sent' } });
    expect(pathsOf(shop)).not.toContain('/pay/micropay');
    expect(await shop.durableOrders.get({ outTradeNo: 'A1' })).not.toMatchObject({ status: 'waiting' });
  });

  it('is not sent where the clock was set back meanwhile', async () => {
    let offsetMs = 0;
    const start = Date.now();
    const store = new SlowStore(20_000);
    const shop = await openShop({ store, settings: { now: () => start + (Date.now() - start) * SPEED + offsetMs } });
    const paying = shop.durableOrders.pay(shop.request('A1'));
    offsetMs = -60_000;
    expect((await paying).outcome).toMatchObject({ kind: 'declined', error: { outcome: 'not-sent' } });
    expect(pathsOf(shop)).not.toContain('/pay/micropay');
  });
});
