import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { StoreFilter, DurableRow } from '../../src/stores/store.js';
import { finish, HOUR_MS, MERCHANT, durableOrder, TestWorker, untilStatus, use, type Conformance } from './harness.js';

/** What is found of what is stored. */
export function describeLooking(conformance: Conformance): void {
  describe('when asked', () => {
    it('lists by status, merchant and age, the oldest first', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const worker = await TestWorker.start(store);
      const ids: Record<string, string> = {};
      for (const kind of ['done', 'dead', 'active'] as const) {
        const { id, data } = durableOrder();
        await store.enqueue(id, data, 0);
        ids[kind] = id;
        if (kind === 'active') await worker.next(id);
        else await finish(store, worker, { id, data }, kind);
        await sleep(2);
      }
      const cancelled = durableOrder();
      await store.enqueue(cancelled.id, cancelled.data, HOUR_MS);
      await store.cancel(cancelled.id);
      await sleep(5);
      const cut = new Date();
      await sleep(5);
      const [waiting, elsewhere] = [durableOrder(), durableOrder({}, '1900009999')];
      await store.enqueue(waiting.id, waiting.data, HOUR_MS);
      await sleep(2);
      await store.enqueue(elsewhere.id, elsewhere.data, HOUR_MS);
      const order = [ids.done, ids.dead, ids.active, cancelled.id, waiting.id, elsewhere.id];
      const list = async (filter: StoreFilter) => (await store.list(filter)).map(({ id }) => order.indexOf(id)).join();

      expect(await list({})).toBe('0,1,2,3,4,5');
      expect(await list({ status: 'done' })).toBe('0');
      expect(await list({ status: 'dead' })).toBe('1');
      expect(await list({ status: 'active' })).toBe('2');
      expect(await list({ status: 'cancelled' })).toBe('3');
      expect(await list({ status: 'waiting' })).toBe('4,5');
      expect(await list({ status: ['waiting', 'active'] })).toBe('2,4,5');
      expect(await list({ status: ['cancelled', 'dead'] })).toBe('1,3');
      expect(await list({ merchantId: '1900009999' })).toBe('5');
      expect(await list({ merchantId: MERCHANT, status: 'waiting' })).toBe('4');
      expect(await list({ createdBefore: cut })).toBe('0,1,2,3');
      expect(await list({ createdBefore: cut, status: 'waiting' })).toBe('');
      expect(await list({ limit: 2 })).toBe('0,1');
      for (const stored of await store.list({})) expect(stored).toEqual(await store.get(stored.id));
      expect(await store.get(durableOrder().id)).toBeUndefined();
    });

    it('pages through all of them, each once', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const all = Array.from({ length: 60 }, (_, index) => durableOrder({}, index % 3 ? MERCHANT : '1900009999'));
      // At a time, so that many have the same `createdAt`.
      await Promise.all(all.map(({ id, data }) => store.enqueue(id, data, HOUR_MS)));
      const pages = async (filter: StoreFilter): Promise<DurableRow[]> => {
        const page = await store.list(filter);
        const last = page.at(-1);
        return last ? [...page, ...(await pages({ ...filter, after: last }))] : [];
      };

      const found = await pages({ limit: 7 });
      expect(found.map(({ id }) => id).sort()).toEqual(all.map(({ id }) => id).sort());
      const times = found.map(({ createdAt }) => createdAt.getTime());
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      const some = await pages({ limit: 7, merchantId: '1900009999', status: 'waiting' });
      expect(some).toEqual(found.filter(({ merchantId }) => merchantId === '1900009999'));
      expect(some).toHaveLength(20);
    });

    it('counts what there is', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const none = { waiting: 0, active: 0, done: 0, dead: 0, cancelled: 0, lateMs: 0 };
      expect(await store.counts()).toEqual(none);

      const [first, due, cancelled] = [durableOrder(), durableOrder(), durableOrder()];
      await store.enqueue(first.id, first.data, HOUR_MS);
      await sleep(2);
      await store.enqueue(cancelled.id, cancelled.data, HOUR_MS);
      await store.cancel(cancelled.id);
      expect((await store.counts()).lateMs).toBe(0);
      await store.enqueue(due.id, due.data, 0);
      const counts = await store.counts();
      expect(counts).toMatchObject({ waiting: 2, active: 0, done: 0, dead: 0, cancelled: 1 });
      expect(counts.oldestOpenAt).toEqual((await store.get(first.id))?.createdAt);

      const worker = await TestWorker.start(store);
      await store.reschedule(first.id, 0);
      const { end } = await worker.next(first.id);
      const active = await worker.next(due.id);
      expect(await store.counts()).toMatchObject({ ...none, active: 2, cancelled: 1 });
      end({ kind: 'dead', data: first.data });
      await untilStatus(store, first.id, 'dead');
      const after = await store.counts();
      expect(after).toMatchObject({ ...none, active: 1, dead: 1, cancelled: 1 });
      expect(after.oldestOpenAt).toEqual((await store.get(due.id))?.createdAt);
      active.end({ kind: 'done', data: due.data });
      await untilStatus(store, due.id, 'done');
      expect(await store.counts()).toEqual({ ...none, done: 1, dead: 1, cancelled: 1 });
    });

    it.each([0, 50])('tells how late the most overdue one is, due after %i ms', async (delayMs) => {
      const { store, dispose } = await conformance.open();
      try {
        for (const delay of [HOUR_MS, delayMs]) {
          const { id, data } = durableOrder();
          await store.enqueue(id, data, delay);
        }
        const dueAt = Date.now() + delayMs;
        await sleep(delayMs + 250);
        const askedAt = Date.now();
        const { lateMs } = await store.counts();
        expect(lateMs).toBeGreaterThanOrEqual(askedAt - dueAt - 2);
        expect(lateMs).toBeLessThan(20_000);
      } finally {
        await dispose();
      }
    });
  });
}
