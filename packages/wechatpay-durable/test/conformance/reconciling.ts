import { expect, it } from 'vitest';
import { statementDay, type StatementRow } from 'wechatpay-core';
import type { ReconciliationKey, ReconciliationStore } from '../../src/index.js';
import type { DurableRow } from '../../src/stores/store.js';
import { durableOrder, finish, HOUR_MS, MERCHANT, TestWorker, use, useSecond, type Conformance } from './harness.js';

const of = (date: string, subMerchantId = ''): { merchantId: string; subMerchantId: string; date: string } => ({
  merchantId: MERCHANT,
  subMerchantId,
  date,
});

/** As whoever reconciles the day does. */
async function keep(days: ReconciliationStore, key: ReconciliationKey, data: object): Promise<void> {
  expect(await days.claim(key, 'keeper', 60_000)).toBe(true);
  expect(await days.put(key, 'keeper', data)).toBe(true);
  await days.release(key, 'keeper');
}

/** Keeps what came of the statements, and lets one process at a time be at a day. */
export function describeReconciling(conformance: Conformance): void {
  it('keeps what came of each day, and gives the days of a period in their order', async ({ onTestFinished }) => {
    const { store } = await use(conformance, onTestFinished);
    const days = store.reconciliations!;
    expect(await days.get(of('20260301'))).toBeUndefined();
    for (const date of ['20260302', '20260228', '20260301']) await keep(days, of(date), { date, note: `"'\\ 茶` });
    await keep(days, of('20260301', '501'), { date: 'of another' });
    await keep(days, of('20260301'), { date: '20260301', note: 'again' });
    expect(await days.get(of('20260301'))).toEqual({ date: '20260301', note: 'again' });
    const period = { merchantId: MERCHANT, subMerchantId: '', from: '20260228', to: '20260301' };
    expect(await days.list(period)).toEqual([
      { date: '20260228', note: `"'\\ 茶` },
      { date: '20260301', note: 'again' },
    ]);
    expect(await days.list({ ...period, merchantId: 'another' })).toEqual([]);
  });

  it('clears away what is older than the journal', async ({ onTestFinished, skip }) => {
    const { store, passDays } = await use(conformance, onTestFinished);
    if (!passDays) return skip('the store cannot be made to look older');
    const days = store.reconciliations!;
    await keep(days, of('20250101'), { is: 'old' });
    await passDays(399);
    await store.prune();
    expect(await days.get(of('20250101'))).toEqual({ is: 'old' });
    await keep(days, of('20260301'), { is: 'new' });
    await passDays(2);
    await store.prune();
    expect(await days.get(of('20250101'))).toBeUndefined();
    expect(await days.get(of('20260301'))).toEqual({ is: 'new' });
  });

  it('lets one at a time have a day, until it is released or lapses', async ({ onTestFinished }) => {
    const underTest = await use(conformance, onTestFinished);
    const days = underTest.store.reconciliations!;
    const second =
      conformance.isShared === false ? days : (await useSecond(underTest, onTestFinished)).reconciliations!;
    const day = of('20260301');
    expect(await days.claim(day, 'one', 60_000)).toBe(true);
    expect(await second.claim(day, 'two', 60_000)).toBe(false);
    expect(await second.claim(of('20260302'), 'two', 60_000)).toBe(true);
    expect(await second.renew(day, 'two', 60_000)).toBe(false);
    expect(await days.renew(day, 'one', 60_000)).toBe(true);
    await second.release(day, 'two');
    expect(await second.claim(day, 'two', 60_000)).toBe(false);
    expect(await second.put(day, 'two', { is: 'of whoever has it not' })).toBe(false);
    expect(await days.put(day, 'one', { is: 'kept' })).toBe(true);
    expect(await second.claim(day, 'two', 60_000)).toBe(false);
    await days.release(day, 'one');
    expect(await second.claim(day, 'two', 1)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    // Whoever lets it lapse has lost it, also where nobody has taken it: somebody may have had it meanwhile.
    expect(await second.renew(day, 'two', 60_000)).toBe(false);
    expect(await second.put(day, 'two', { is: 'too late' })).toBe(false);
    expect(await days.claim(day, 'one', 60_000)).toBe(true);
    expect(await second.put(day, 'two', { is: 'of the one before' })).toBe(false);
    expect(await days.get(day)).toEqual({ is: 'kept' });
    await days.release(day, 'one');
    expect(await days.renew(day, 'one', 60_000)).toBe(false);
    expect(await days.put(day, 'one', { is: 'of nobody' })).toBe(false);
  });

  it('finds orders by either number, and what rows of a statement say of them', async ({ onTestFinished }) => {
    const { store } = await use(conformance, onTestFinished);
    const kept = store.reconciliations!;
    if (!kept.findOrders) return;
    const worker = await TestWorker.start(store);
    const [known, unlisted] = [durableOrder(), durableOrder()];
    for (const { id, data } of [known, unlisted]) {
      await store.enqueue(id, data, 0);
      await finish(store, worker, { id, data }, 'done');
    }
    const outTradeNo = known.data.state.order.outTradeNo;
    const numbers = [
      { outTradeNo, transactionId: '' },
      { outTradeNo: '', transactionId: '4200001234' },
    ];
    const ids = (await kept.findOrders(MERCHANT, numbers)).map(({ id }) => id);
    expect(new Set(ids)).toEqual(new Set([known.id, unlisted.id]));
    expect(await kept.findOrders('another', numbers)).toEqual([]);

    const staged = await kept.stage?.(of('20260301'));
    if (!staged) return;
    const row = {
      ...{ line: 2, tradeTime: new Date('2026-03-01T12:00:00+08:00'), tradeState: 'SUCCESS', outTradeNo },
      ...{ transactionId: '4200001234', totalFee: 100, currency: 'USD', openId: 'o1', raw: {} },
    } as unknown as StatementRow;
    const wrong = { ...row, line: 3, outTradeNo: 'x', totalFee: 7, openId: 'o2' };
    await staged.add([row, wrong]);
    expect(await staged.agreed()).toBe(1);
    const others: StatementRow[] = [];
    for await (const other of staged.others()) others.push(other);
    expect(others).toMatchObject([{ line: 3, outTradeNo: 'x', totalFee: 7, tradeTime: row.tradeTime }]);
    const missing: string[] = [];
    const day = 24 * 60 * 60_000;
    for await (const { id } of staged.unlisted(new Date(Date.now() - day), new Date(Date.now() + day)))
      missing.push(id);
    expect(missing).toEqual([unlisted.id]);
    await staged.drop();
  });

  it('finds the orders that ended on a day, and were made before it, where it says that it does', async ({
    onTestFinished,
  }) => {
    const { store } = await use(conformance, onTestFinished);
    const kept = store.reconciliations!;
    if (!kept.endedLater) return;
    const worker = await TestWorker.start(store);
    const endOf = async (madeHoursAgo: number, kind: 'done' | 'dead', merchantId = MERCHANT): Promise<DurableRow> => {
      const order = durableOrder(undefined, merchantId, new Date(Date.now() - madeHoursAgo * HOUR_MS));
      await store.enqueue(order.id, order.data, 0);
      return finish(store, worker, order, kind);
    };
    const early = [await endOf(24, 'done'), await endOf(72, 'dead'), await endOf(1000, 'done')];
    await endOf(-1, 'done'); // no earlier day, whenever this runs
    await endOf(24, 'done', 'another');
    const open = durableOrder(undefined, MERCHANT, new Date(Date.now() - 24 * HOUR_MS));
    await store.enqueue(open.id, open.data, HOUR_MS);
    const found: string[] = [];
    const look = async (date: string | Date): Promise<void> => {
      for await (const { id } of kept.endedLater!(MERCHANT, statementDay(date))) found.push(id);
    };
    await look(new Date(Date.now() - 48 * HOUR_MS));
    expect(found).toEqual([]);
    for (const date of new Set(early.map(({ endedAt }) => statementDay(endedAt!).date))) await look(date);
    expect(found.toSorted()).toEqual(early.map(({ id }) => id).toSorted());
  });
}
