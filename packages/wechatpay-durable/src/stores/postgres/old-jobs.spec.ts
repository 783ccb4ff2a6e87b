import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  becomes,
  durableOrder,
  HOUR_MS,
  paid,
  stuck,
  TestWorker,
  until,
  untilStatus,
} from '../../../test/conformance/harness.js';
import { PostgresServer } from '../../../test/servers/postgres.js';
import { brokenLink } from '../journal.js';
import { PostgresStore } from './postgres.js';

const MINUTE_MS = 60_000;

describe.skipIf(!PostgresServer.isAvailable)(`what earlier versions stored ${PostgresServer.reason}`, () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.create();
  });
  afterAll(() => server.dispose());

  /** A database as an earlier version has left it, with pg-boss as that version had it. */
  async function openOld() {
    const connectionString = await server.createDatabase();
    const boss = new PgBoss({ connectionString, schema: 'wechatpay', schedule: false, supervise: false });
    await boss.start();
    const settings = { retryLimit: 2 ** 31 - 1, retryDelay: 0, retentionSeconds: 1e9, deleteAfterSeconds: 30 * 86_400 };
    await boss.createQueue('orders', { ...settings, heartbeatSeconds: 10 });
    const sql = (text: string): Promise<Record<string, unknown>[]> => server.query(text, connectionString);
    return {
      connectionString,
      boss,
      sql,
      /** @param ageMs since it was enqueued. @param set what was changed of it since. */
      send: async ({ id, data }: { id: string; data: object }, delayMs: number, ageMs: number, set = '') => {
        await boss.send('orders', data, { id, startAfter: `${delayMs} milliseconds` });
        await sql(
          `UPDATE wechatpay.job SET created_on = created_on - ${ageMs} * interval '1 millisecond' ${set} WHERE id = '${id}'`,
        );
      },
      left: async () => (await sql(`SELECT id FROM wechatpay.job WHERE name = 'orders'`)).map(({ id }) => id),
    };
  }

  it('is taken over, with its status, its times and its outcome', async () => {
    const { connectionString, boss, send, left } = await openOld();
    const [waiting, due, active, done, dead, cancelled, young] = Array.from({ length: 7 }, () => durableOrder()) as [
      ReturnType<typeof durableOrder>,
      ...ReturnType<typeof durableOrder>[],
    ];
    const outcomes = { done: { ...done!, data: { ...paid(done!.data), end: 2, endAt: 5 } } };
    await send(waiting, HOUR_MS, 2 * MINUTE_MS);
    await send(due!, 0, 2 * MINUTE_MS);
    await send(active!, 0, 2 * MINUTE_MS, `, state = 'active', started_on = now(), heartbeat_on = now()`);
    await send(outcomes.done, 0, 2 * HOUR_MS, `, state = 'completed', completed_on = created_on - interval '2 hours'`);
    await send({ ...dead!, data: stuck(dead!.data) }, 0, 2 * HOUR_MS, `, state = 'failed', completed_on = now()`);
    await send(cancelled!, HOUR_MS, 2 * MINUTE_MS, `, state = 'cancelled', completed_on = now()`);
    await send(young!, 0, MINUTE_MS); // its payment may be under way, and look for it

    const store = new PostgresStore({ connectionString });
    await store.open();
    expect((await left()).sort()).toEqual([active!.id, young!.id].sort());
    expect(await store.get(waiting.id)).toMatchObject({ status: 'waiting', ...waiting.data });
    const { createdAt, dueAt } = (await store.get(waiting.id))!;
    expect(Math.abs(Date.now() - createdAt.getTime() - 2 * MINUTE_MS)).toBeLessThan(MINUTE_MS);
    expect(Math.abs(dueAt!.getTime() - Date.now() - HOUR_MS)).toBeLessThan(MINUTE_MS);
    const stored = await store.get(done!.id);
    expect(stored).toMatchObject({ status: 'done', ...outcomes.done.data });
    expect(Math.abs(Date.now() - stored!.endedAt!.getTime() - 2 * HOUR_MS)).toBeLessThan(MINUTE_MS);
    expect(await store.get(dead!.id)).toMatchObject({ status: 'dead', outcome: { kind: 'unresolved' } });
    expect(await store.get(cancelled!.id)).toMatchObject({ status: 'cancelled' });
    expect(await store.counts()).toMatchObject({ waiting: 2, active: 0, done: 1, dead: 1, cancelled: 1 });
    expect(await store.find({ transactionId: '4200001234' })).toEqual([stored]);
    const journal = await store.journal(waiting.id);
    expect(journal).toMatchObject([{ kind: 'taken-over', fields: { state: { kind: 'asking' } } }]);
    expect(brokenLink(waiting.id, journal)).toBeUndefined();
    expect(await store.enqueue(done!.id, done!.data, 0)).toBe('duplicate');

    const worker = await TestWorker.start(store);
    const delivery = await worker.next(due!.id);
    delivery.end({ kind: 'done', data: paid(due!.data) });
    await untilStatus(store, due!.id, 'done');
    expect(await store.redrive(dead!.id, ['dead'], becomes(dead!.data))).toBe(true);
    expect((await worker.next(dead!.id)).data).toEqual(dead!.data);
    worker.letGo();
    await store.close();
    await boss.stop({ graceful: false });
  });

  it('and what an earlier version goes on to store is taken over once no payment looks for it any more', async ({
    onTestFinished,
  }) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => void vi.useRealTimers());
    const look = (): Promise<unknown> => vi.advanceTimersByTimeAsync(5_000);
    const { connectionString, boss, send, left } = await openOld();
    const store = new PostgresStore({ connectionString });
    await store.open();
    const worker = await TestWorker.start(store);
    const [first, second] = [durableOrder(), durableOrder()];
    await send(first, 0, 2 * MINUTE_MS);
    await look();
    const delivery = await worker.next(first.id);
    expect(delivery.data).toEqual(first.data);
    delivery.end({ kind: 'done', data: paid(first.data) });
    // An order that this version has had before: it is asked for again.
    await untilStatus(store, first.id, 'done');
    await send(first, 0, 2 * MINUTE_MS);
    await look();
    const again = await worker.next(first.id);
    expect(again.data).toMatchObject({ state: { kind: 'asking' } });
    // And one that it is working on just now: after that.
    await send(first, 0, 2 * MINUTE_MS);
    await look();
    expect(await left()).toEqual([first.id]);
    again.end({ kind: 'done', data: { ...paid(first.data), end: 1, endAt: 5 } });
    await untilStatus(store, first.id, 'done');
    await look();
    const third = await worker.next(first.id);
    third.end({ kind: 'done', data: { ...paid(first.data), end: 1, endAt: 5 } });
    await untilStatus(store, first.id, 'done');
    await send(second, HOUR_MS, 2 * MINUTE_MS);
    await look();
    await until(() => store.get(second.id));
    expect(await store.counts()).toMatchObject({ waiting: 1, active: 0, done: 1 });
    await store.close();
    await boss.stop({ graceful: false });
  });

  it('a reversal that an earlier version was asked for is not lost on an order that is open, or being told', async () => {
    const { connectionString, boss, send, left } = await openOld();
    const store = new PostgresStore({ connectionString });
    await store.open();
    const [kept, untold] = [durableOrder(), durableOrder()];
    const reversed = (id: string): { id: string; data: object } => ({
      id,
      data: { ...durableOrder({ ifPaid: 'reverse' }).data },
    });
    await store.enqueue(kept.id, kept.data, HOUR_MS);
    await store.enqueue(untold.id, { ...paid(untold.data), end: 1, endAt: 5 }, HOUR_MS);
    for (const { id } of [kept, untold]) await send(reversed(id), HOUR_MS, 2 * MINUTE_MS);
    const second = new PostgresStore({ connectionString });
    await second.open();
    expect(await left()).toEqual([]);
    for (const { id } of [kept, untold]) {
      expect(await store.get(id)).toMatchObject({ status: 'waiting', state: { policy: { ifPaid: 'reverse' } } });
      expect(brokenLink(id, await store.journal(id))).toBeUndefined();
    }
    expect(await store.get(untold.id)).not.toHaveProperty('outcome');
    const worker = await TestWorker.start(second);
    for (const { id } of [kept, untold]) (await worker.next(id)).end({ kind: 'done', data: paid(kept.data) });
    for (const { id } of [kept, untold]) await untilStatus(store, id, 'done');
    await store.close();
    await second.close();
    await boss.stop({ graceful: false });
  });

  it('one whose number another row has comes to its end as well', async () => {
    const { connectionString, boss, send } = await openOld();
    const store = new PostgresStore({ connectionString });
    await store.open();
    const [first, same] = [durableOrder(), durableOrder()];
    await store.enqueue(first.id, first.data, HOUR_MS);
    await send({ id: same.id, data: first.data }, 0, 2 * MINUTE_MS);
    const second = new PostgresStore({ connectionString });
    await second.open();
    const worker = await TestWorker.start(second);
    (await worker.next(same.id)).end({ kind: 'done', data: paid(first.data) });
    await untilStatus(store, same.id, 'done');
    expect(worker.problems).toEqual([]);
    await store.close();
    await second.close();
    await boss.stop({ graceful: false });
  });

  it('is taken over once, whoever comes first, and quickly', async () => {
    const { connectionString, boss, sql, left } = await openOld();
    const { id, data } = durableOrder();
    const { outTradeNo } = data.state.order;
    await boss.send('orders', data, { id });
    await sql(
      `INSERT INTO wechatpay.job (id, name, data, state, start_after, created_on, completed_on, keep_until)
       SELECT gen_random_uuid(), name, replace(data::text, '${outTradeNo}', 'X' || n)::jsonb,
         (CASE WHEN n % 2 = 0 THEN 'completed' ELSE 'created' END)::wechatpay.job_state, now() + interval '1 hour',
         now() - interval '1 hour', CASE WHEN n % 2 = 0 THEN now() END, keep_until
       FROM wechatpay.job, generate_series(1, 3000) n WHERE name = 'orders'`,
    );
    await sql(`UPDATE wechatpay.job SET created_on = now() - interval '2 minutes' WHERE id = '${id}'`);
    const stores = [1, 2, 3].map(() => new PostgresStore({ connectionString, poolSize: 2 }));
    await Promise.all(stores.map((store) => store.open()));
    expect(await left()).toEqual([]);
    expect(await stores[0]!.counts()).toMatchObject({ waiting: 1501, done: 1500 });
    const [alarms] = await sql(`SELECT count(*)::int AS count FROM wechatpay.job WHERE name = 'wechatpay-alarms'`);
    expect(alarms).toEqual({ count: 1501 });
    await Promise.all(stores.map((store) => store.close()));
    await boss.stop({ graceful: false });
  });
});

describe.skipIf(!PostgresServer.isAvailable)(`the upkeep of a worker ${PostgresServer.reason}`, () => {
  it('sets an alarm that was lost, sums up the tally, and looks at the clock', async () => {
    const server = await PostgresServer.create();
    const connectionString = await server.createDatabase();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const store = new PostgresStore({ connectionString });
      await store.open();
      const worker = await TestWorker.start(store);
      const [lost, active, cancelled] = [durableOrder(), durableOrder(), durableOrder()];
      for (const { id, data } of [lost, active, cancelled]) await store.enqueue(id, data, HOUR_MS);
      await store.cancel(cancelled.id);
      await server.query('DELETE FROM wechatpay.job', connectionString);
      const older = `due_at = now() - interval '2 minutes', updated_at = now() - interval '2 minutes'`;
      await server.query(`UPDATE wechatpay.orders SET ${older} WHERE id <> '${cancelled.id}'`, connectionString);
      await server.query(`UPDATE wechatpay.orders SET status = 'active' WHERE id = '${active.id}'`, connectionString);
      await server.query(`INSERT INTO wechatpay.tally VALUES ('cancelled', 2), ('cancelled', -2)`, connectionString);
      expect((await store.counts()).lateMs).toBeGreaterThan(MINUTE_MS);

      await vi.advanceTimersByTimeAsync(MINUTE_MS);
      for (const { id } of [lost, active]) {
        const delivery = await worker.next(id);
        delivery.end({ kind: 'done', data: delivery.data });
        await untilStatus(store, id, 'done');
      }
      const tally = await server.query('SELECT * FROM wechatpay.tally', connectionString);
      expect(tally.filter(({ status }) => status === 'cancelled')).toHaveLength(1);
      expect(await store.counts()).toMatchObject({ done: 2, cancelled: 1 });
      expect(worker.problems).toEqual([]);
      await store.close();
    } finally {
      vi.useRealTimers();
      await server.dispose();
    }
  });
});
