import { describe, expect, it } from 'vitest';
import { brokenLink } from '../../src/stores/journal.js';
import {
  becomes,
  durableOrder,
  entry,
  finish,
  HOUR_MS,
  later,
  paid,
  TestWorker,
  untilStatus,
  use,
  useSecond,
  type Conformance,
} from './harness.js';

/** What is noted with each change. */
export function describeJournal(conformance: Conformance): void {
  const { isShared = true, supportsTransactions } = conformance;

  describe('as a journal', () => {
    it('keeps what is noted with each change, in order, chained', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      const odd = {
        text: '微信 "\\/\' \u2028 {{}} %s $1',
        z: 1,
        a: { c: [1, { y: 2, x: null }], b: 0.1 },
        not: undefined,
      };
      await store.enqueue(id, data, HOUR_MS, { journal: [entry('enqueued', odd, 1_795_694_400_123)] });
      expect(await store.enqueue(id, data, 0, { journal: [entry('not noted')] })).toBe('duplicate');
      expect(
        await store.amend(
          id,
          becomes(later(data, 1), HOUR_MS, [entry('amended', { n: 1 }), entry('amended', { n: 2 })]),
        ),
      ).toBe(true);
      expect(await store.redrive(id, ['dead'], becomes(data, 0, [entry('not noted')]))).toBe(false);
      expect(await store.redrive(id, ['open'], becomes(data, 0, [entry('redriven')]))).toBe(true);
      const worker = await TestWorker.start(store);
      const delivery = await worker.next(id);
      expect(await store.cancel(id, [entry('not noted')])).toBe(false);
      await delivery.save(later(data, 2), [entry('saved', { n: 3 })]);
      await delivery.save(later(data, 3));
      delivery.end({ kind: 'again', data, delayMs: 0, journal: [entry('again')] });
      const again = await worker.next(id);
      again.end({ kind: 'done', data: paid(data), journal: [entry('done', { by: 'worker' })] });
      await untilStatus(store, id, 'done');

      const entries = await store.journal(id);
      expect(entries.map(({ seq, kind }) => [seq, kind])).toEqual([
        [1, 'enqueued'],
        [2, 'amended'],
        [3, 'amended'],
        [4, 'redriven'],
        [5, 'saved'],
        [6, 'again'],
        [7, 'done'],
      ]);
      expect((await store.get(id))?.journalHead).toEqual({ seq: 7, hash: entries[6]!.hash });
      const { not: _, ...kept } = odd;
      expect(entries[0]).toStrictEqual({
        seq: 1,
        at: 1_795_694_400_123,
        kind: 'enqueued',
        fields: kept,
        hash: entries[0]!.hash,
      });
      expect(entries.map(({ fields }) => fields.n)).toEqual([undefined, 1, 2, undefined, 3, undefined, undefined]);
      expect(brokenLink(id, entries)).toBeUndefined();
      expect(brokenLink(id, entries.with(4, { ...entries[4]!, fields: { n: 4 } }))).toBe(5);
      expect(brokenLink(id, entries.with(0, { ...entries[0]!, at: 1 }))).toBe(1);
      expect(brokenLink(id, entries.toSpliced(2, 1))).toBe(4);
      expect(brokenLink(id, entries.slice(3))).toBeUndefined(); // the rest, where the first are kept no longer
      expect(brokenLink(durableOrder().id, entries)).toBe(1);

      expect(await store.journal(id, { after: 2, limit: 2 })).toEqual(entries.slice(2, 4));
      expect(await store.journal(id, { after: 7 })).toEqual([]);
      expect(await store.journal(durableOrder().id)).toEqual([]);
    });

    it('notes nothing of a change that is not stored', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const refused = durableOrder();
      const check = (): void => {
        throw new RangeError('too much');
      };
      const options = { journal: [entry('enqueued')], parent: { id: durableOrder().id, check } };
      await expect(store.enqueue(refused.id, refused.data, 0, options)).rejects.toThrow('too much');
      expect(await store.journal(refused.id)).toEqual([]);
      const cancelled = durableOrder();
      await store.enqueue(cancelled.id, cancelled.data, HOUR_MS, { journal: [entry('enqueued')] });
      expect(await store.reschedule(cancelled.id, HOUR_MS, [entry('rescheduled')])).toBe(true);
      await store.cancel(cancelled.id, [entry('cancelled')]);
      await store.cancel(cancelled.id, [entry('not noted')]);
      expect(await store.reschedule(cancelled.id, 0, [entry('not noted')])).toBe(false);
      const entries = await store.journal(cancelled.id);
      expect(entries.map(({ kind }) => kind)).toEqual(['enqueued', 'rescheduled', 'cancelled']);
    });

    it('has one chain, also of two who change at a time', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const { id, data } = durableOrder();
      await store.enqueue(id, data, HOUR_MS, { journal: [entry('enqueued')] });
      const changes = await Promise.all(
        Array.from({ length: 10 }, (_, n) =>
          (n % 2 ? store : other).amend(id, becomes(later(data, n), HOUR_MS, [entry('amended', { n })])),
        ),
      );
      expect(changes).toEqual(changes.map(() => true));
      const entries = await store.journal(id);
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 11 }, (_, index) => index + 1));
      expect(new Set(entries.map(({ fields }) => fields.n)).size).toBe(11);
      expect(brokenLink(id, entries)).toBeUndefined();
    });

    it('takes a note of a row in whatever status, and while a worker has it', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const { id, data } = durableOrder();
      const waiting = durableOrder();
      await store.enqueue(id, data, 0, { journal: [entry('enqueued')] });
      await store.enqueue(waiting.id, waiting.data, HOUR_MS);
      const before = await store.get(waiting.id);
      expect(await other.note(waiting.id, [entry('noted'), entry('noted')])).toBe(true);
      const [, last] = await store.journal(waiting.id);
      expect(await store.get(waiting.id)).toEqual({ ...before, journalHead: { seq: 2, hash: last!.hash } });
      expect(await store.note(durableOrder().id, [entry('not noted')])).toBe(false);

      const worker = await TestWorker.start(store);
      const delivery = await worker.next(id);
      expect(await other.note(id, [entry('noted', { n: 1 })])).toBe(true);
      await delivery.save(later(data, 2), [entry('saved', { n: 2 })]);
      const notes = await Promise.all([3, 4, 5].map((n) => (n % 2 ? store : other).note(id, [entry('noted', { n })])));
      expect(notes).toEqual([true, true, true]);
      delivery.end({ kind: 'done', data: paid(data), journal: [entry('done')] });
      const done = await untilStatus(store, id, 'done');
      expect(await other.note(id, [entry('noted', { n: 7 })])).toBe(true);

      const entries = await store.journal(id);
      expect(entries.map(({ kind }) => kind)).toEqual([
        'enqueued',
        'noted',
        'saved',
        ...['noted', 'noted', 'noted'],
        'done',
        'noted',
      ]);
      expect(brokenLink(id, entries)).toBeUndefined();
      expect(await store.get(id)).toEqual({ ...done, journalHead: { seq: 8, hash: entries[7]!.hash } });
      await store.enqueue(waiting.id, waiting.data, 0); // a duplicate: nothing is due sooner by a note
      expect(worker.untaken).toBe(0);
    });

    it('outlives its order, goes on where that comes again, and is cleared away after 400 days', async ({
      onTestFinished,
      skip,
    }) => {
      const { store, passDays } = await use(conformance, onTestFinished);
      if (!passDays) return skip('the store cannot be made to look older');
      const worker = await TestWorker.start(store);
      const one = durableOrder();
      await store.enqueue(one.id, one.data, 0, { journal: [entry('enqueued')] });
      await finish(store, worker, one, 'done');
      await passDays(31);
      expect(await store.prune()).toMatchObject({ orders: 1, journal: 0 });
      expect(await store.get(one.id)).toBeUndefined();
      expect(await store.journal(one.id)).toHaveLength(1);

      expect(await store.enqueue(one.id, one.data, HOUR_MS, { journal: [entry('enqueued')] })).toBe('enqueued');
      await passDays(370);
      await store.amend(one.id, becomes(later(one.data, 1), HOUR_MS, [entry('amended')]));
      expect((await store.journal(one.id)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      expect(await store.prune()).toMatchObject({ orders: 0, journal: 1 });
      const entries = await store.journal(one.id);
      expect(entries.map(({ seq, kind }) => [seq, kind])).toEqual([
        [2, 'enqueued'],
        [3, 'amended'],
      ]);
      expect(brokenLink(one.id, entries)).toBeUndefined();
    });

    it.runIf(supportsTransactions)('is in the transaction of what it notes', async ({ onTestFinished }) => {
      const { store, transaction } = await use(conformance, onTestFinished);
      const { id, data } = durableOrder();
      const failure = new Error('the order could not be stored');
      const rolledBack = transaction!(async (tx) => {
        await store.enqueue(id, data, HOUR_MS, { tx, journal: [entry('enqueued')] });
        throw failure;
      });
      await expect(rolledBack).rejects.toBe(failure);
      expect(await store.journal(id)).toEqual([]);
      await transaction!(async (tx) => {
        await store.enqueue(id, data, HOUR_MS, { tx, journal: [entry('enqueued')] });
      });
      expect(await store.journal(id)).toHaveLength(1);
    });
  });
}
