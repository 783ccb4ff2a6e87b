import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { OrderHandler } from '../../src/stores/store.js';
import {
  becomes,
  finish,
  HOUR_MS,
  later,
  paid,
  durableOrder,
  stuck,
  TestWorker,
  until,
  untilStatus,
  use,
  useSecond,
  type Conformance,
} from './harness.js';

/** What a worker is given, and what becomes of what it returns. */
export function describeLeasing(conformance: Conformance): void {
  const { isShared = true } = conformance;

  describe('as a worker', () => {
    it('delivers again what a handler threw at, within 15 s, from what was last saved', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      await store.enqueue(id, data, 0);
      const worker = await TestWorker.start(store);
      const first = await worker.next(id);
      const saved = later(data);
      await first.save(saved);
      first.fail(new Error('the database of the shop is away'));
      const thrownAt = Date.now();

      const again = await worker.next(id);

      expect(again.at - thrownAt).toBeLessThan(15_000);
      expect(again.data).toEqual(saved);
      expect(worker.problems.map(({ error, id: about }) => [error.message, about])).toEqual([
        [expect.stringContaining('the database of the shop is away'), id],
      ]);
      again.end({ kind: 'done', data });
      await untilStatus(store, id, 'done');
    });

    it('runs nothing before its time', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const worker = await TestWorker.start(store);
      const { id, data } = durableOrder();
      const enqueuedAt = Date.now();
      await store.enqueue(id, data, 700);

      const first = await worker.next(id);
      expect(first.at - enqueuedAt).toBeGreaterThanOrEqual(698); // two clocks, rounded to milliseconds
      const endedAt = Date.now();
      first.end({ kind: 'again', data, delayMs: 900 });
      const again = await worker.next(id);
      expect(again.at - endedAt).toBeGreaterThanOrEqual(898);
      again.end({ kind: 'done', data });
    });

    it('lets one worker at a time have each', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const stores = isShared ? [underTest.store, await useSecond(underTest, onTestFinished)] : [underTest.store];
      const active = new Set<string>();
      const rounds = new Map<string, number>();
      const overlaps: string[] = [];
      const handler: OrderHandler = async ({ id, data }) => {
        if (active.has(id)) overlaps.push(id);
        active.add(id);
        await sleep(20);
        active.delete(id);
        const round = (rounds.get(id) ?? 0) + 1;
        rounds.set(id, round);
        return round < 3 ? { kind: 'again', data, delayMs: 0 } : { kind: 'done', data };
      };
      const all = Array.from({ length: 20 }, () => durableOrder());
      await Promise.all(all.map(({ id, data }) => underTest.store.enqueue(id, data, 0)));
      for (const store of stores) await store.process(handler, { concurrency: 8, onProblem: () => undefined });

      await until(async () => ((await underTest.store.counts()).done === all.length ? true : undefined));
      expect(overlaps).toEqual([]);
      expect([...rounds.values()]).toEqual(all.map(() => 3));
    });

    it('works on as many at a time as it is told', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const all = Array.from({ length: 5 }, () => durableOrder());
      for (const { id, data } of all) await store.enqueue(id, data, 0);
      const worker = await TestWorker.start(store, 2);
      const [first, second] = [await worker.next(), await worker.next()];
      await sleep(1500);
      expect(worker.untaken).toBe(0);
      for (const { data, end } of [first, second]) end({ kind: 'done', data });
      for (let rest = 0; rest < 3; rest += 1) {
        const { data, end } = await worker.next();
        end({ kind: 'done', data });
      }
    });

    it('stores what is saved, and keeps the lease', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      await store.enqueue(id, data, 0);
      const worker = await TestWorker.start(store);
      const delivery = await worker.next(id);
      expect(delivery.data).toEqual(data);
      expect(delivery.signal.aborted).toBe(false);

      for (const now of [1, 2]) {
        await delivery.save(later(data, now));
        expect(await store.get(id)).toMatchObject({ status: 'active', ...later(data, now) });
      }
      expect(worker.untaken).toBe(0);
      delivery.end({ kind: 'done', data });
      await untilStatus(store, id, 'done');
      await expect(delivery.save(later(data))).rejects.toMatchObject({ name: 'LeaseLostError' });
      expect(await store.get(id)).toMatchObject({ status: 'done', ...data });
    });

    it('stores what a verdict says', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      const next = later(data);
      await store.enqueue(id, data, 0);
      const worker = await TestWorker.start(store);
      const endedAt = Date.now();
      (await worker.next(id)).end({ kind: 'again', data: next, delayMs: HOUR_MS });

      const waiting = await untilStatus(store, id, 'waiting');
      expect(waiting).toMatchObject({ id, ...next });
      expect(waiting.dueAt!.getTime() - endedAt).toBeGreaterThanOrEqual(HOUR_MS - 2);
      expect(waiting.dueAt!.getTime() - Date.now()).toBeLessThanOrEqual(HOUR_MS + 2);
      expect(waiting.endedAt).toBeUndefined();

      await store.reschedule(id, 0);
      const dead = await finish(store, worker, { id, data }, 'dead');
      expect(dead).toMatchObject({ id, status: 'dead', ...stuck(data), createdAt: waiting.createdAt });
      expect(dead.dueAt).toBeUndefined();
      expect(Math.abs(dead.endedAt!.getTime() - Date.now())).toBeLessThan(20_000);

      await store.redrive(id, ['dead'], becomes(next));
      const done = await finish(store, worker, { id, data }, 'done');
      expect(done).toMatchObject({ id, status: 'done', ...paid(data), createdAt: waiting.createdAt });
      expect(done.endedAt!.getTime()).toBeGreaterThanOrEqual(dead.endedAt!.getTime());
    });

    it('finishes the current step when it closes, and begins no other', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const all = [durableOrder(), durableOrder()];
      for (const { id, data } of all) await store.enqueue(id, data, 0);
      const worker = await TestWorker.start(store, 1);
      const { id, data, signal, save, end } = await worker.next();

      let isClosed = false;
      const aborted = once(signal, 'abort');
      const closing = store.close().then(() => {
        isClosed = true;
      });
      await aborted;
      await sleep(300);
      expect(isClosed).toBe(false);
      await save(later(data, 1));
      end({ kind: 'again', data: later(data, 2), delayMs: HOUR_MS });
      await closing;

      const second = await useSecond(underTest, onTestFinished);
      expect(await second.get(id)).toMatchObject({ status: 'waiting', ...later(data, 2) });
      expect((await second.counts()).waiting).toBe(2);
      expect(worker.untaken).toBe(0);
    });
  });
}
