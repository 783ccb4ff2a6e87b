// Over 250 lines, as one idea: what every store promises of what it finds, and of what it holds together.
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { DurableRow, OrderStore, ParentCheck, StoreQuery } from '../../src/stores/store.js';
import {
  becomes,
  durableOrder,
  durableRefund,
  entry,
  finish,
  HOUR_MS,
  later,
  MERCHANT,
  paid,
  sent,
  TestWorker,
  untilStatus,
  use,
  useSecond,
  type Conformance,
} from './harness.js';

/** What is found by something else than its id, and what belongs to it. */
export function describeFinding(conformance: Conformance): void {
  const { isShared = true } = conformance;

  describe('when something is looked for', () => {
    it('finds an order by the number of the shop or of the receipt', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const [paidOne, open, elsewhere] = [durableOrder(), durableOrder(), durableOrder({}, '1900009999')];
      // The same number of two merchants.
      const same = { ...elsewhere.data, state: { ...elsewhere.data.state, order: open.data.state.order } };
      await store.enqueue(paidOne.id, paidOne.data, 0);
      const worker = await TestWorker.start(store);
      await finish(store, worker, paidOne, 'done');
      await store.enqueue(open.id, open.data, HOUR_MS);
      await sleep(2);
      await store.enqueue(elsewhere.id, same, HOUR_MS);
      const find = async (query: StoreQuery) => (await store.find(query)).map(({ id }) => id);
      const { outTradeNo } = open.data.state.order;

      expect(await find({ outTradeNo })).toEqual([open.id, elsewhere.id]);
      expect(await find({ outTradeNo, merchantId: '1900009999' })).toEqual([elsewhere.id]);
      expect(await find({ outTradeNo: paidOne.data.state.order.outTradeNo })).toEqual([paidOne.id]);
      expect(await find({ transactionId: '4200001234' })).toEqual([paidOne.id]);
      expect(await find({ transactionId: '4200001234', merchantId: '1900009999' })).toEqual([]);
      expect(await find({ outTradeNo: 'none' })).toEqual([]);
      expect(await find({ transactionId: 'none' })).toEqual([]);
      expect(await store.find({ outTradeNo, merchantId: MERCHANT })).toEqual([await store.get(open.id)]);
    });

    it('refuses another id for the same number, of the same kind', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const [{ id, data }, other] = [durableOrder(), durableOrder()];
      await store.enqueue(id, data, HOUR_MS);
      expect(await store.enqueue(other.id, data, 0)).toBe('duplicate');
      expect(await store.get(other.id)).toBeUndefined();
      const refund = durableRefund(1);
      const request = { ...refund.data.state.request, outRefundNo: data.state.order.outTradeNo };
      const named = { ...refund.data, state: { ...refund.data.state, request } };
      expect(await store.enqueue(refund.id, named, HOUR_MS)).toBe('enqueued');
    });

    it('finds the refunds of an order, and lists them apart', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const order = durableOrder();
      const [one, other] = [durableRefund(10), durableRefund(20)];
      await store.enqueue(order.id, order.data, HOUR_MS);
      for (const { id, data } of [one, other]) {
        await store.enqueue(id, data, HOUR_MS, { parent: { id: order.id, check: () => undefined } });
        await sleep(2);
      }
      const ids = (rows: DurableRow[]): string[] => rows.map(({ id }) => id);

      expect(ids(await store.find({ parentId: order.id }))).toEqual([one.id, other.id]);
      expect(ids(await store.find({ transactionId: '4200001234' }))).toEqual([one.id, other.id]);
      expect(ids(await store.find({ outRefundNo: other.data.state.request.outRefundNo }))).toEqual([other.id]);
      expect(ids(await store.find({ outTradeNo: other.data.state.request.outRefundNo }))).toEqual([]);
      expect(ids(await store.list({ kind: 'refund' }))).toEqual([one.id, other.id]);
      expect(ids(await store.list({ kind: 'order' }))).toEqual([order.id]);
      expect(await store.get(one.id)).toMatchObject({ ...one.data, parentId: order.id, status: 'waiting' });
      await store.reschedule(one.id, 0);
      const worker = await TestWorker.start(store);
      const delivery = await worker.next(one.id);
      expect(delivery.parentId).toBe(order.id);
      expect(delivery.data).toEqual(one.data);
      const outcome = { kind: 'refunded', outRefundNo: 'R1', refundFee: 10 } as const;
      delivery.end({ kind: 'done', data: { ...one.data, outcome } });
      expect(await untilStatus(store, one.id, 'done')).toMatchObject({ outcome });
      // Called off as long as it cannot have been sent.
      const later = durableRefund(30);
      await store.enqueue(later.id, sent(later.data), HOUR_MS);
      expect([await store.cancel(other.id), await store.cancel(later.id)]).toEqual([true, false]);
    });

    it('sets a part going again only if the others leave room for it', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const parentId = durableOrder().id;
      const seen: string[][] = [];
      const onlyOne = (id: string): ParentCheck => ({
        id: parentId,
        check: (siblings) => {
          seen.push(siblings.map((row) => row.id));
          const open = siblings.filter((row) => row.id !== id && row.status !== 'dead');
          if (open.length > 0) throw new RangeError('another one is open');
        },
      });
      const worker = await TestWorker.start(store);
      const parts = [durableRefund(40), durableRefund(40), durableRefund(40)];
      for (const { id, data } of parts) {
        await store.enqueue(id, data, 0, { parent: onlyOne(id) });
        (await worker.next(id)).end({ kind: 'dead', data: { ...data, outcome: { kind: 'unresolved' } } });
        await untilStatus(store, id, 'dead');
      }
      seen.length = 0;
      const again = ({ id, data }: (typeof parts)[number], by: OrderStore): Promise<boolean> =>
        by.redrive(id, ['dead'], becomes(sent(data), 0, [entry('redriven')]), onlyOne(id));
      const results = await Promise.allSettled(parts.map((part, index) => again(part, index % 2 ? store : other)));

      const winner = results.findIndex(({ status }) => status === 'fulfilled');
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(RangeError);
      expect(seen.every((ids) => ids.length === 3)).toBe(true);
      const delivery = await worker.next(parts[winner]!.id);
      expect(delivery.data.state.kind).toBe('checking');
      const loser = parts[(winner + 1) % 3]!;
      expect(await store.get(loser.id)).toMatchObject({ status: 'dead', outcome: { kind: 'unresolved' } });
      expect(await store.journal(loser.id)).toEqual([]);
    });

    it.skipIf(!isShared)(
      'holds an order and its refunds together, whichever is stored first',
      async ({ onTestFinished }) => {
        const underTest = await use(conformance, onTestFinished);
        const { store } = underTest;
        const other = await useSecond(underTest, onTestFinished);
        const families = Array.from({ length: 6 }, () => ({ order: durableOrder(), refund: durableRefund(10) }));
        const alone = (id: string): ParentCheck => ({
          id,
          check: (siblings, parent) => {
            if (siblings.length > 0 || parent) throw new RangeError('the other one is there');
          },
        });
        for (const { order, refund } of families) {
          const results = await Promise.allSettled([
            store.enqueue(order.id, order.data, HOUR_MS, { parent: alone(order.id) }),
            other.enqueue(refund.id, refund.data, HOUR_MS, { parent: alone(order.id) }),
          ]);
          expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        }
        // An order is no part of itself; and set going again, it is checked against its refunds.
        const { id, data } = durableOrder();
        await store.enqueue(id, data, HOUR_MS, { parent: alone(id) });
        expect((await store.get(id))?.parentId).toBeUndefined();
        const noRefund: ParentCheck = {
          id,
          check: (siblings) => {
            if (siblings.length > 0) throw new RangeError('a refund is there');
          },
        };
        expect(await other.redrive(id, ['open'], becomes(data), noRefund)).toBe(true);
        const refund = durableRefund(10);
        await store.enqueue(refund.id, refund.data, HOUR_MS, { parent: { id, check: () => undefined } });
        await expect(other.redrive(id, ['open'], becomes(data), noRefund)).rejects.toThrow(RangeError);
      },
    );

    it('saves what a worker has together with a look at its refunds, whichever is stored first', async ({
      onTestFinished,
    }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const worker = await TestWorker.start(store);
      const orders = ['refund first', 'save first', 'at once', 'at once', 'at once', 'at once'];
      for (const inTurn of orders) {
        const [order, refund] = [durableOrder(), durableRefund(10)];
        const { id } = order;
        await store.enqueue(id, order.data, 0);
        const delivery = await worker.next(id);
        const decided = later(order.data);
        const noRefund: ParentCheck = {
          id,
          check: (siblings) => {
            if (siblings.length > 0) throw new RangeError('a refund is there');
          },
        };
        const undecided: ParentCheck = {
          id,
          check: (_, parent) => {
            if (parent?.state.kind !== 'asking' || 'tradeState' in parent.state) throw new RangeError('it is decided');
          },
        };
        const storeRefund = (): Promise<unknown> =>
          other.enqueue(refund.id, refund.data, HOUR_MS, { parent: undecided });
        const first = inTurn === 'refund first' ? storeRefund() : Promise.resolve();
        await first;
        const saving = delivery.save(decided, [entry('decided')], noRefund);
        if (inTurn === 'save first') await saving;
        const storing = inTurn === 'refund first' ? first : storeRefund();
        const [saved, stored] = await Promise.allSettled([saving, storing]);

        if (inTurn !== 'at once') expect(saved.status).toBe(inTurn === 'save first' ? 'fulfilled' : 'rejected');
        expect([saved, stored].filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const each of [saved, stored])
          if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(RangeError);
        const isSaved = saved.status === 'fulfilled';
        expect(await store.get(id)).toMatchObject({ status: 'active', ...(isSaved ? decided : order.data) });
        expect((await store.journal(id)).map(({ kind }) => kind)).toEqual(isSaved ? ['decided'] : []);
        if (!isSaved) await expect(delivery.save(decided, [], noRefund)).rejects.toThrow(RangeError);
        // The lease is kept: what the worker has is saved, and ends.
        await delivery.save(later(order.data, 7), [entry('asked')]);
        delivery.end({ kind: 'done', data: paid(order.data) });
        await untilStatus(store, id, 'done');
      }
    });

    it('lists what ended in a period, by the time of its end, page by page', async ({ onTestFinished }) => {
      const { store } = await use(conformance, onTestFinished);
      const worker = await TestWorker.start(store);
      const all = [durableOrder(), durableOrder(), durableOrder({}, '1900009999'), durableOrder()];
      for (const { id, data } of all) await store.enqueue(id, data, HOUR_MS);
      const ends: DurableRow[] = [];
      // Not in the order of their creation.
      for (const one of all.toReversed()) {
        await store.reschedule(one.id, 0);
        ends.push(await finish(store, worker, one, ends.length === 1 ? 'dead' : 'done'));
        await sleep(5);
      }
      const open = durableOrder();
      await store.enqueue(open.id, open.data, HOUR_MS);
      const endedAt = (index: number, ms = 0): Date => new Date(ends[index]!.endedAt!.getTime() + ms);
      const ended = { from: endedAt(0), to: endedAt(3, 1) };
      const ids = (rows: DurableRow[]): number[] => rows.map(({ id }) => ends.findIndex((end) => end.id === id));

      expect(ids(await store.list({ ended }))).toEqual([0, 1, 2, 3]);
      expect(ids(await store.list({ ended: { from: endedAt(0, 1), to: endedAt(3) } }))).toEqual([1, 2]);
      expect(ids(await store.list({ ended, status: 'dead' }))).toEqual([1]);
      expect(ids(await store.list({ ended, status: ['dead', 'done'] }))).toEqual([0, 1, 2, 3]);
      expect(ids(await store.list({ ended, merchantId: '1900009999' }))).toEqual([1]);
      const first = await store.list({ ended, limit: 2 });
      expect(ids(first)).toEqual([0, 1]);
      expect(ids(await store.list({ ended, limit: 2, after: first[1]! }))).toEqual([2, 3]);
    });

    it('holds the parts of an order together, also of two who enqueue at a time', async ({ onTestFinished }) => {
      const underTest = await use(conformance, onTestFinished);
      const { store } = underTest;
      const other = isShared ? await useSecond(underTest, onTestFinished) : store;
      const order = durableOrder();
      await store.enqueue(order.id, order.data, HOUR_MS);
      const seen: (string | undefined)[] = [];
      const check: ParentCheck['check'] = (siblings, parent) => {
        seen.push(parent?.id);
        const sum = siblings.reduce((fee, row) => fee + (row.kind === 'refund' ? row.state.request.refundFee : 0), 0);
        if (sum + 40 > 100) throw new RangeError(`${sum} are refunded already`);
      };
      const refunds = Array.from({ length: 12 }, () => durableRefund(40));
      const results = await Promise.allSettled(
        refunds.map(({ id, data }, index) =>
          (index % 2 ? store : other).enqueue(id, data, HOUR_MS, { parent: { id: order.id, check } }),
        ),
      );

      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(RangeError);
        else expect(result.value).toBe('enqueued');
      }
      expect(new Set(seen)).toEqual(new Set([order.id]));
      expect(await store.find({ parentId: order.id })).toHaveLength(2);
      expect(await store.counts()).toMatchObject({ waiting: 3 });
      // The same again is a duplicate, whatever its check would say.
      const stored = (await store.find({ parentId: order.id }))[0]!;
      const again = refunds.find(({ id }) => id === stored.id)!;
      expect(await store.enqueue(again.id, again.data, 0, { parent: { id: order.id, check } })).toBe('duplicate');
      // There need not be a row of the order.
      const alone = durableRefund(1);
      const parents: unknown[] = [];
      const parent: ParentCheck = { id: durableOrder().id, check: (...args) => parents.push(args) };
      expect(await store.enqueue(alone.id, alone.data, HOUR_MS, { parent })).toBe('enqueued');
      expect(parents).toEqual([[[], undefined]]);
    });
  });
}
