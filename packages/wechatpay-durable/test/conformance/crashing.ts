import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { AnotherProcess } from './another-process.js';
import { finish, later, durableOrder, TestWorker, untilStatus, use, useSecond, type Conformance } from './harness.js';

const TAKEOVER_MS = 15_000;

/** Workers that vanish, or stand still for too long. */
export function describeCrashing(conformance: Conformance): void {
  const { isShared = true, isDurable = true } = conformance;

  describe('where a worker vanishes', () => {
    it.skipIf(!isShared)('keeps a lease for as long as the handler takes', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      await underTest.store.enqueue(id, data, 0);
      const worker = await TestWorker.start(underTest.store);
      const delivery = await worker.next(id);
      const other = await TestWorker.start(await useSecond(underTest, onTestFinished));

      await sleep(TAKEOVER_MS + 1000);

      expect([worker.untaken, other.untaken]).toEqual([0, 0]);
      await delivery.save(later(data));
      delivery.end({ kind: 'again', data, delayMs: 0 });
      const next = await Promise.race([worker.next(id), other.next(id)]);
      expect(next.data).toEqual(data);
    });

    it.skipIf(!isShared)('lets each worker have its own length of lease', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished, { shortLease: true });
      const long = await useSecond(underTest, onTestFinished, { longLease: true });
      const { id, data } = durableOrder();
      await underTest.store.enqueue(id, data, 0);
      const patient = await TestWorker.start(long);
      const delivery = await patient.next(id);
      // One with a shorter lease comes, and looks for what has lapsed.
      const short = await useSecond(underTest, onTestFinished);
      const worker = await TestWorker.start(short);

      await sleep(TAKEOVER_MS + 1000);

      expect([worker.untaken, patient.untaken]).toEqual([0, 0]);
      await delivery.save(later(data));
      delivery.end({ kind: 'done', data });
      await untilStatus(short, id, 'done');
    });

    it.skipIf(!isShared || !isDurable)(
      'takes over within 15 s, from what was last saved',
      async ({ onTestFinished }) => {
        const { store, anotherProcess } = await use(conformance, onTestFinished);
        const { id, data } = durableOrder();
        const saved = later(data);
        await store.enqueue(id, data, 0);
        const other = await AnotherProcess.start(anotherProcess!);
        onTestFinished(() => other.kill());
        expect(await other.next('leased')).toEqual({ kind: 'leased', id, data });
        expect(await other.save(saved)).toEqual({ kind: 'saved' });
        const worker = await TestWorker.start(store);

        await other.kill();
        const killedAt = Date.now();
        const delivery = await worker.next(id);

        expect(delivery.at - killedAt).toBeLessThan(TAKEOVER_MS);
        expect(delivery.data).toEqual(saved);
        delivery.end({ kind: 'done', data: saved });
        await untilStatus(store, id, 'done');
      },
    );

    it.skipIf(!isDurable)('never counts it as a failure, however often that happens', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished, { shortLease: true });
      const { id, data } = durableOrder();
      await underTest.store.enqueue(id, data, 0);
      await underTest.store.close();
      let saved = data;
      for (let crash = 1; crash <= 3; crash += 1) {
        const other = await AnotherProcess.start(underTest.anotherProcess!);
        onTestFinished(() => other.kill());
        expect(await other.next('leased')).toEqual({ kind: 'leased', id, data: saved });
        saved = later(data, crash);
        expect(await other.save(saved)).toEqual({ kind: 'saved' });
        await other.kill();
      }

      const store = await useSecond(underTest, onTestFinished);
      const worker = await TestWorker.start(store);
      expect(await store.counts()).toMatchObject({ dead: 0, done: 0, cancelled: 0 });
      const delivery = await worker.next(id);
      expect(delivery.data).toEqual(saved);
      delivery.end({ kind: 'done', data: saved });
      await untilStatus(store, id, 'done');
    });

    it.skipIf(!isShared || !isDurable)(
      'lets one that lost its lease neither save nor end',
      async ({ onTestFinished }) => {
        const { store, anotherProcess } = await use(conformance, onTestFinished, { shortLease: true });
        const { id, data } = durableOrder();
        const newer = later(data, 1);
        await store.enqueue(id, data, 0);
        const other = await AnotherProcess.start(anotherProcess!);
        onTestFinished(() => other.kill());
        await other.next('leased');

        other.pause();
        const worker = await TestWorker.start(store);
        const delivery = await worker.next(id);
        await delivery.save(newer);
        other.resume();

        expect(await other.save(later(data, 2))).toEqual({ kind: 'refused', errorName: 'LeaseLostError' });
        other.end({ kind: 'dead', data });
        await other.next('problem');
        expect(await store.get(id)).toMatchObject({ status: 'active', ...newer });
        delivery.end({ kind: 'done', data: newer });
        expect(await untilStatus(store, id, 'done')).toMatchObject(newer);
      },
    );

    it('goes on with what was enqueued before the store was closed', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      await underTest.store.enqueue(id, data, 300);
      await underTest.store.close();

      const store = await useSecond(underTest, onTestFinished);
      expect(await store.get(id)).toMatchObject({ id, status: 'waiting', ...data });
      await finish(store, await TestWorker.start(store), { id, data }, 'done');
    });
  });
}
