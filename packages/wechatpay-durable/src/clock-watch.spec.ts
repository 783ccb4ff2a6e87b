import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openClockedShop, SECOND, type ClockedShop } from '../test/clocked-shop.js';
import { MemoryStore } from './stores/memory.js';

const CHECK_MS = 30_000;
const problemsOf = ({ events }: ClockedShop): string[] =>
  events.flatMap((event) => (event.kind === 'problem' ? [event.error.message] : []));

/** A store whose clock is told, and can be set apart from the clients'. */
class ClockedStore extends MemoryStore {
  aheadMs = 0;
  error: Error | undefined;
  clock: () => number = () => 0;

  now(): Promise<number> {
    return this.error ? Promise.reject(this.error) : Promise.resolve(this.clock() + this.aheadMs);
  }
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

async function openWatched(speed = 1): Promise<{ shop: ClockedShop; store: ClockedStore }> {
  const store = new ClockedStore();
  const shop = await openClockedShop({ store, works: false, speed });
  store.clock = () => shop.clock.time;
  return { shop, store };
}

describe('the clock of a client', () => {
  it('is held against the store’s again and again: told once for each merchant, and again after it was right', async () => {
    const { shop, store } = await openWatched();
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    store.aheadMs = 5 * SECOND;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    expect(problemsOf(shop)).toEqual([]);
    store.aheadMs = 6 * SECOND;
    await vi.advanceTimersByTimeAsync(10 * CHECK_MS);
    expect(problemsOf(shop)).toHaveLength(2);
    expect(problemsOf(shop)[0]).toMatch(/^The clock of merchant \d+'s client is [56]\.\d s behind the store's.*NTP/);
    store.aheadMs = 0;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    store.aheadMs = -60 * SECOND;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    expect(problemsOf(shop).slice(2)).toHaveLength(2);
    expect(problemsOf(shop)[2]).toMatch(/60\.\d s ahead of/);
  });

  it('is not judged by a store that fails, and not where it goes at another speed', async () => {
    const { shop, store } = await openWatched();
    store.error = new Error('connection lost');
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    expect(shop.events).toMatchObject([{ kind: 'problem', error: { code: 'WECHATPAY_STORE_FAILED' } }]);
    const fast = await openWatched(10);
    fast.store.aheadMs = 60 * SECOND;
    await vi.advanceTimersByTimeAsync(CHECK_MS);
    expect(problemsOf(fast.shop).filter((text) => text.includes('clock'))).toEqual([]);
  });

  it('is watched no longer once the durable orders stop', async () => {
    const { shop, store } = await openWatched();
    await shop.durableOrders.stop();
    store.aheadMs = 60 * SECOND;
    await vi.advanceTimersByTimeAsync(10 * CHECK_MS);
    expect(problemsOf(shop)).toEqual([]);
  });
});
