// Over 250 lines, as one idea: what every store promises of what it keeps.
import { setTimeout as sleep } from 'node:timers/promises';
import { advanceResolution } from 'wechatpay-core/resolution';
import { describe, expect, it } from 'vitest';
import type { Amendment, DurableOrderData, DurableRow, OrderHandler } from '../../src/stores/store.js';
import {
  becomes,
  finish,
  HOUR_MS,
  later,
  paid,
  durableOrder,
  entry,
  stuck,
  TestWorker,
  until,
  untilStatus,
  use,
  useSecond,
  type Conformance,
} from './harness.js';

/** What is stored once, called off, moved and set going again. */
export function describeStoring(conformance: Conformance): void {
  const { isShared = true, supportsTransactions } = conformance;

  describe('as a store', () => {
    it('stores one of each id, whatever became of it', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const waiting = durableOrder();
      const [done, dead, cancelled] = [durableOrder(), durableOrder(), durableOrder()];
      expect(await store.enqueue(waiting.id, waiting.data, HOUR_MS)).toBe('enqueued');
      expect(await store.enqueue(cancelled.id, cancelled.data, HOUR_MS)).toBe('enqueued');
      expect(await store.cancel(cancelled.id)).toBe(true);
      const worker = await TestWorker.start(store);
      for (const [{ id, data }, kind] of [
        [done, 'done'],
        [dead, 'dead'],
      ] as const) {
        expect(await store.enqueue(id, data, 0)).toBe('enqueued');
        await finish(store, worker, { id, data }, kind);
      }

      for (const { id } of [waiting, done, dead, cancelled]) {
        const before = await store.get(id);
        expect(await store.enqueue(id, durableOrder().data, 0)).toBe('duplicate');
        expect(await store.get(id)).toEqual(before);
      }
      expect(worker.untaken).toBe(0);
    });

    it('stores one of each id, where two enqueue it at a time', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const other = isShared ? await useSecond(underTest, onTestFinished) : underTest.store;
      for (const delayMs of [0, HOUR_MS]) {
        const all = Array.from({ length: 20 }, () => durableOrder());
        const twice = await Promise.all(
          all.map(({ id, data }) =>
            Promise.all([underTest.store.enqueue(id, data, delayMs), other.enqueue(id, data, delayMs)]),
          ),
        );
        expect(twice.map((results) => results.sort())).toEqual(all.map(() => ['duplicate', 'enqueued']));
      }
      expect(await other.counts()).toMatchObject({ waiting: 40 });
    });

    it('returns to the letter what it was given', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder({ ifPaid: 'reverse' }, '测试商户');
      const message = `${'微信支付 – 支付失败 🧾 "\\/\' \r\n\t \u2028 \u007f {{}} %s $1 é e\u0301 '.repeat(150)}!`;
      expect(message.length).toBeGreaterThan(6000);
      const error = { code: 'WECHATPAY_CONNECTION', outcome: 'unknown', message } as const;
      const state = advanceResolution(
        data.state,
        { kind: 'failed', step: 'query', error: { ...error } },
        { now: Date.now(), jitter: 0.123456789 },
      );
      const long: DurableOrderData = { ...data, state };
      expect(long.state.lastError?.message).toBe(message);
      await store.enqueue(id, long, 0);
      expect(await store.get(id)).toMatchObject(long);

      const worker = await TestWorker.start(store);
      const delivery = await worker.next(id);
      expect(delivery.data).toEqual(long);
      await delivery.save({ ...long, merchantId: MERCHANT_AFTER });
      expect(await store.get(id)).toMatchObject({ ...long, merchantId: MERCHANT_AFTER });
      delivery.end({ kind: 'dead', data: { ...long, outcome: { kind: 'unresolved', error } } });
      const dead = await untilStatus(store, id, 'dead');
      expect(dead.outcome).toEqual({ kind: 'unresolved', error });
      expect(dead.state).toEqual(long.state);
    });

    it('calls off one that waits, as long as no reversal was decided', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      const mustRevoke = durableOrder({ ifPaid: 'reverse' });
      await store.enqueue(id, data, HOUR_MS);
      await store.enqueue(mustRevoke.id, mustRevoke.data, HOUR_MS);

      expect(await store.cancel(mustRevoke.id)).toBe(false);
      expect((await store.get(mustRevoke.id))?.status).toBe('waiting');
      expect(await store.cancel(durableOrder().id)).toBe(false);
      expect(await store.cancel(id)).toBe(true);
      const cancelled = await store.get(id);
      expect(cancelled).toMatchObject({ id, status: 'cancelled', ...data });
      expect(Math.abs(cancelled!.endedAt!.getTime() - Date.now())).toBeLessThan(10_000);
      expect(cancelled!.dueAt).toBeUndefined();
      expect(await store.cancel(id)).toBe(false);
      expect(await store.reschedule(id, 0)).toBe(false);
      expect(await store.redrive(id, ['dead'], becomes(data))).toBe(false);
    });

    it('amends one that waits, as long as no reversal was decided', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const worker = await TestWorker.start(store);
      const { id, data } = durableOrder();
      const mustRevoke = durableOrder({ ifPaid: 'reverse' });
      await store.enqueue(id, data, HOUR_MS);
      await store.enqueue(mustRevoke.id, mustRevoke.data, HOUR_MS);

      expect(await store.amend(mustRevoke.id, becomes(data, 0))).toBe(false);
      expect(await store.get(mustRevoke.id)).toMatchObject({ status: 'waiting', ...mustRevoke.data });
      expect(await store.amend(durableOrder().id, becomes(data, 0))).toBe(false);
      expect(await store.amend(id, becomes(later(data, 1), 2 * HOUR_MS))).toBe(true);
      const stored = await store.get(id);
      expect(stored).toMatchObject({ status: 'waiting', ...later(data, 1) });
      expect(stored!.dueAt!.getTime()).toBeGreaterThan(Date.now() + 1.5 * HOUR_MS);

      expect(await store.amend(id, becomes(paid(data), 0))).toBe(true);
      const delivery = await worker.next(id);
      expect(delivery.data).toEqual(paid(data));
      expect(await store.amend(id, becomes(data, 0))).toBe(false);
      delivery.end({ kind: 'done', data: paid(data) });
      await untilStatus(store, id, 'done');
      expect(await store.amend(id, becomes(data, 0))).toBe(false);
      expect(await store.get(id)).toMatchObject(paid(data));
    });

    it('calls off, moves and amends none that has an outcome, told or not', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const unresolved = durableOrder();
      for (const [id, data] of [
        [durableOrder().id, paid(durableOrder().data)],
        [durableOrder().id, { ...paid(durableOrder().data), end: 1, endAt: Date.now() }],
        [unresolved.id, stuck(unresolved.data)],
      ] as const) {
        await store.enqueue(id, data, HOUR_MS);
        const before = await store.get(id);
        expect(await store.cancel(id)).toBe(false);
        expect(await store.amend(id, becomes(later(data), 0))).toBe(false);
        expect(await store.reschedule(id, 0)).toBe(false);
        expect(await store.get(id)).toEqual(before);
      }
    });

    it('sets one that waits going again, with or without an outcome as it is told', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const worker = await TestWorker.start(store);
      const decided = durableOrder({ ifPaid: 'reverse' });
      const untold = durableOrder();
      const outcome = { ...paid(untold.data), end: 1, endAt: 5 };
      await store.enqueue(decided.id, decided.data, HOUR_MS);
      await store.enqueue(untold.id, outcome, HOUR_MS);
      expect(await store.redrive(decided.id, ['untold', 'dead'], becomes(later(decided.data, 1)))).toBe(false);
      expect(await store.redrive(untold.id, ['open', 'done'], becomes(untold.data))).toBe(false);
      expect(await store.get(untold.id)).toMatchObject({ status: 'waiting', ...outcome });

      for (const [{ id, data }, from] of [
        [decided, 'open'],
        [untold, 'untold'],
      ] as const) {
        const again = { ...later(data, 1), end: 1, endAt: 5 };
        expect(await store.redrive(id, [from], becomes(again))).toBe(true);
        const delivery = await worker.next(id);
        expect(delivery.data).toEqual(again);
        expect(await store.redrive(id, ['open', 'untold'], becomes(data))).toBe(false); // a worker has it
        delivery.end({ kind: 'done', data: { ...paid(data), end: 2, endAt: 6 } });
        expect(await untilStatus(store, id, 'done')).toMatchObject({ end: 2, endAt: 6 });
      }
    });

    it('makes each change of what is stored then: none is lost of many at once', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const { id, data } = durableOrder();
      await store.enqueue(id, { ...data, end: 1, endAt: 1 }, HOUR_MS);
      const again = (row: DurableRow): Amendment => {
        const endAt = (row.endAt ?? 0) + 1;
        return { data: { ...data, end: endAt, endAt }, delayMs: HOUR_MS, journal: [entry('again', { endAt })] };
      };
      const results = await Promise.all(
        Array.from({ length: 9 }, (_, n) => {
          const by = n % 2 ? store : other;
          if (n % 3 === 0) return by.redrive(id, ['open'], again);
          return n % 3 === 1 ? by.amend(id, again) : by.reschedule(id, (row) => HOUR_MS + (row.endAt ?? 0));
        }),
      );
      expect(results).toEqual(results.map(() => true));
      expect(await store.get(id)).toMatchObject({ status: 'waiting', end: 7, endAt: 7 });
      const noted = (await store.journal(id)).map(({ fields }) => fields.endAt);
      expect(noted).toEqual([2, 3, 4, 5, 6, 7]);

      // What a worker has stored in the meantime is what a change is made of.
      const worker = await TestWorker.start(store);
      await store.reschedule(id, 0);
      const delivery = await worker.next(id);
      expect(await Promise.all([store.amend(id, again), other.redrive(id, ['open'], again)])).toEqual([false, false]);
      delivery.end({ kind: 'again', data: { ...data, end: 40, endAt: 40 }, delayMs: HOUR_MS });
      await untilStatus(store, id, 'waiting');
      expect(await other.amend(id, again)).toBe(true);
      expect(await store.get(id)).toMatchObject({ end: 41 });

      // A change that thinks better of it, or throws.
      const before = await store.get(id);
      expect([await store.amend(id, () => undefined), await store.redrive(id, ['open'], () => undefined)]).toEqual([
        false,
        false,
      ]);
      const broken = (): never => {
        throw new RangeError('no');
      };
      for (const change of [
        () => store.amend(id, broken),
        () => store.redrive(id, ['open'], broken),
        () => store.reschedule(id, broken),
      ]) {
        await expect(change()).rejects.toThrow(RangeError);
      }
      expect(await store.get(id)).toEqual(before);
    });

    it('opens once and closes once, however many ask for it at a time', async ({ onTestFinished, skip }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store, connections } = underTest;
      if (!connections) return skip('it has no connections');
      await store.close();
      expect(await connections()).toBe(0);
      await Promise.all([store.open(), store.open()]);
      const { id, data } = durableOrder();
      expect(await store.enqueue(id, data, HOUR_MS)).toBe('enqueued');
      await store.close();
      expect(await connections()).toBe(0);
      await Promise.all([store.open(), store.close()]); // stopped while it starts
      await expect(store.get(id)).rejects.toThrow(/not open/);
      expect(await connections()).toBe(0);
      await Promise.all([store.open(), store.close(), store.open()]);
      expect(await store.get(id)).toMatchObject({ status: 'waiting' });
      await Promise.all([store.close(), store.close()]);
      expect(await connections()).toBe(0);
    });

    it('calls off none that a worker has, or that has ended', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const worker = await TestWorker.start(store);
      for (const kind of ['done', 'dead'] as const) {
        const { id, data } = durableOrder();
        await store.enqueue(id, data, 0);
        const delivery = await worker.next(id);
        expect(await store.cancel(id)).toBe(false);
        expect(await store.reschedule(id, 0)).toBe(false);
        expect(await store.redrive(id, ['dead'], becomes(data))).toBe(false);
        delivery.end({ kind, data });
        await untilStatus(store, id, kind);
        expect(await store.cancel(id)).toBe(false);
        expect(await store.reschedule(id, 0)).toBe(false);
      }
    });

    it('calls off, or delivers: never both', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const all = Array.from({ length: 30 }, () => durableOrder());
      const delivered = new Set<string>();
      const handler: OrderHandler = ({ id, data }) => {
        delivered.add(id);
        return Promise.resolve({ kind: 'done', data } as const);
      };
      await Promise.all(all.map(({ id, data }, index) => store.enqueue(id, data, index * 5)));
      await store.process(handler, { concurrency: 4, onProblem: () => undefined });
      const isCancelled = new Map<string, boolean>();
      for (const { id } of all.toReversed()) isCancelled.set(id, await other.cancel(id));

      await until(async () => {
        const { done, cancelled } = await other.counts();
        return done + cancelled === all.length ? true : undefined;
      });
      for (const { id } of all) {
        expect(isCancelled.get(id)).toBe(!delivered.has(id));
        expect((await other.get(id))?.status).toBe(isCancelled.get(id) ? 'cancelled' : 'done');
      }
    });

    it('moves the next step of one that waits', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const [sooner, laterOn, between] = [durableOrder(), durableOrder(), durableOrder()];
      const worker = await TestWorker.start(store);
      await store.enqueue(sooner.id, sooner.data, HOUR_MS);
      await sleep(200); // the worker has gone to sleep for the hour
      const askedAt = Date.now();
      expect(await store.reschedule(sooner.id, 0)).toBe(true);
      const first = await worker.next(sooner.id);
      expect(first.at - askedAt).toBeLessThan(5_000);

      await store.enqueue(laterOn.id, laterOn.data, 2_000);
      expect(await store.reschedule(laterOn.id, HOUR_MS)).toBe(true);
      expect(await store.reschedule(durableOrder().id, 0)).toBe(false);
      await store.enqueue(between.id, between.data, 2_100);
      await worker.next(between.id);
      expect(worker.untaken).toBe(0);
      const stored = await store.get(laterOn.id);
      expect(stored?.status).toBe('waiting');
      expect(Math.abs(stored!.dueAt!.getTime() - askedAt - HOUR_MS)).toBeLessThan(20_000);
    });

    it('sets a dead one going again, once, with what it is told', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const { id, data } = durableOrder();
      const worker = await TestWorker.start(store);
      await store.enqueue(id, data, 0);
      await finish(store, worker, { id, data }, 'dead');

      const twice = await Promise.all([
        store.redrive(id, ['dead'], becomes(later(data, 1))),
        other.redrive(id, ['dead'], becomes(later(data, 1))),
      ]);
      expect(twice.sort()).toEqual([false, true]);
      const delivery = await worker.next(id);
      expect(delivery.data).toEqual(later(data, 1));
      expect(await store.redrive(id, ['dead'], becomes(data))).toBe(false);
      expect((await store.get(id))?.endedAt).toBeUndefined();
      delivery.end({ kind: 'done', data });
      await untilStatus(store, id, 'done');
      expect(await store.redrive(id, ['dead'], becomes(data))).toBe(false);
      expect(await store.redrive(durableOrder().id, ['dead'], becomes(data))).toBe(false);
      expect(worker.untaken).toBe(0);
    });

    it('sets one that is done or was called off going again, where that is asked for', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const worker = await TestWorker.start(store);
      const [cancelled, done] = [durableOrder(), durableOrder()];
      await store.enqueue(cancelled.id, cancelled.data, HOUR_MS);
      await store.cancel(cancelled.id);
      await store.enqueue(done.id, done.data, 0);
      await finish(store, worker, done, 'done');

      for (const { id, data, from } of [
        { ...cancelled, from: 'cancelled' as const },
        { ...done, from: 'done' as const },
      ]) {
        expect(await store.redrive(id, ['dead'], becomes(later(data, 1)))).toBe(false);
        expect(await store.redrive(id, ['dead', from], becomes(later(data, 1)))).toBe(true);
        const delivery = await worker.next(id);
        expect(delivery.data).toEqual(later(data, 1));
        delivery.end({ kind: 'done', data: paid(data) });
        expect(await untilStatus(store, id, 'done')).toMatchObject(paid(data));
      }
      expect(await store.counts()).toMatchObject({ waiting: 0, active: 0, done: 2, dead: 0, cancelled: 0 });
    });

    it('keeps dead ones for ever, and those that ended for 30 days', async ({ onTestFinished, skip }) => {
      const { store, passDays } = await use(conformance, onTestFinished);
      if (!passDays) return skip('the store cannot be made to look older');
      const worker = await TestWorker.start(store);
      const [waiting, cancelled, done, dead] = [durableOrder(), durableOrder(), durableOrder(), durableOrder()];
      await store.enqueue(waiting.id, waiting.data, 100 * 24 * HOUR_MS);
      await store.enqueue(cancelled.id, cancelled.data, HOUR_MS);
      await store.cancel(cancelled.id);
      await store.enqueue(done.id, done.data, 0);
      await finish(store, worker, done, 'done');
      await store.enqueue(dead.id, dead.data, 0);
      await finish(store, worker, dead, 'dead');

      await passDays(29);
      await store.prune();
      for (const { id } of [waiting, cancelled, done, dead]) expect(await store.get(id)).toBeDefined();
      await passDays(2);
      await store.prune();
      expect(await store.get(done.id)).toBeUndefined();
      expect(await store.get(cancelled.id)).toBeUndefined();
      expect((await store.get(dead.id))?.status).toBe('dead');
      expect((await store.get(waiting.id))?.status).toBe('waiting');
      const kept = (await store.list({})).map(({ id }) => id);
      expect(kept).not.toContain(done.id);
      expect(kept).toEqual(expect.arrayContaining([waiting.id, dead.id]));
      expect(await store.enqueue(done.id, done.data, HOUR_MS)).toBe('enqueued');
      expect(await store.get(done.id)).toMatchObject({ status: 'waiting' });
    });

    it.runIf(supportsTransactions)('enqueues in a transaction', async ({ onTestFinished }) => {
      const { store, transaction } = await use(conformance, onTestFinished);
      const [kept, dropped] = [durableOrder(), durableOrder()];
      await transaction!(async (tx) => {
        expect(await store.enqueue(kept.id, kept.data, 0, { tx })).toBe('enqueued');
        expect(await store.get(kept.id)).toBeUndefined();
      });
      const failure = new Error('the order could not be stored');
      const rolledBack = transaction!(async (tx) => {
        await store.enqueue(dropped.id, dropped.data, 0, { tx });
        throw failure;
      });
      await expect(rolledBack).rejects.toBe(failure);

      expect(await store.get(dropped.id)).toBeUndefined();
      expect(await store.enqueue(dropped.id, dropped.data, HOUR_MS)).toBe('enqueued');
      expect(await store.get(kept.id)).toMatchObject({ status: 'waiting', ...kept.data });
      await finish(store, await TestWorker.start(store), kept, 'done');
    });

    it.skipIf(supportsTransactions)('says so where it has no transactions', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      await expect(store.enqueue(id, data, 0, { tx: {} as never })).rejects.toThrow(
        /^tx: .*(transaction|PostgresStore)/,
      );
      expect(await store.get(id)).toBeUndefined();
    });

    it.each(conformance.badOptions ?? [])('refuses $name', async ({ open, message }) => {
      const error: unknown = await Promise.resolve()
        .then(open)
        .then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
      expect(error).toBeInstanceOf(Error);
      expect((error as Error).message).toMatch(message);
    });
  });
}

const MERCHANT_AFTER = '商户🀄';
