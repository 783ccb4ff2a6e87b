import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { PgBoss } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AnotherProcess } from '../../../test/conformance/another-process.js';
import { durableOrder, HOUR_MS, TestWorker, until, untilStatus } from '../../../test/conformance/harness.js';
import { PostgresServer } from '../../../test/servers/postgres.js';
import { PostgresStore } from './postgres.js';

// Troubles that others had in public with queues on PostgreSQL, each with the report's address.

const PROCESSES = 6;

describe.skipIf(!PostgresServer.isAvailable)(`on PostgreSQL ${PostgresServer.reason}`, () => {
  let server: PostgresServer;

  beforeAll(async () => {
    server = await PostgresServer.create();
  });
  afterAll(() => server.dispose());

  it('six at the first start, one of which dies in the middle, make one version: https://github.com/decocms/studio/pull/6435', async () => {
    const connectionString = await server.createDatabase();
    const dying = new Client({ connectionString });
    dying.on('error', () => undefined);
    await dying.connect();
    await dying.query('CREATE SCHEMA wechatpay');
    // As a process that begins to make the tables.
    await dying.query('BEGIN');
    await dying.query(`SELECT pg_advisory_xact_lock(hashtextextended('wechatpay-durable wechatpay', 0))`);
    await dying.query('CREATE TABLE wechatpay.orders_version (version integer NOT NULL)');
    const { rows } = await dying.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const stores = Array.from({ length: PROCESSES }, () => new PostgresStore({ connectionString, poolSize: 2 }));
    const opened = Promise.all(stores.map((store) => store.open()));
    const waiting = `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
    await until(async () => ((await server.query(waiting, connectionString)).length > 0 ? true : undefined));
    await server.query(`SELECT pg_terminate_backend(${rows[0]!.pid})`, connectionString);
    await opened;
    expect(await server.query('SELECT version FROM wechatpay.orders_version', connectionString)).toHaveLength(1);
    expect(await server.query('SELECT version FROM wechatpay.version', connectionString)).toHaveLength(1);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('no lock stays with a connection that goes back to its pool: https://github.com/goauthentik/authentik/issues/23876', async () => {
    const connectionString = await server.createDatabase();
    const store = new PostgresStore({ connectionString, poolSize: 3 });
    // In the mode of a pooler that shares connections between transactions, such a lock would be another's.
    const kept = `SELECT a.query FROM pg_locks l JOIN pg_stat_activity a USING (pid)
      WHERE l.locktype = 'advisory' AND a.state = 'idle' AND a.datname = current_database()`;
    const found: unknown[] = [];
    const over = new AbortController();
    const watching = (async () => {
      while (!over.signal.aborted) found.push(...(await server.query(kept, connectionString)));
    })();
    await store.open();
    const worker = await TestWorker.start(store);
    const all = Array.from({ length: 8 }, () => durableOrder());
    await Promise.all(
      all.map(({ id, data }) => store.enqueue(id, data, 0, { parent: { id, check: () => undefined } })),
    );
    for (const { id, data } of all) (await worker.next(id)).end({ kind: 'done', data });
    for (const { id } of all) await untilStatus(store, id, 'done');
    over.abort();
    await watching;
    expect(found).toEqual([]);
    await store.close();
  });

  it('old workers poll while new ones start, in either order: https://github.com/timgit/pg-boss/issues/832', async () => {
    const connectionString = await server.createDatabase();
    const startOld = async (): Promise<PgBoss> => {
      const boss = new PgBoss({ connectionString, schema: 'wechatpay', schedule: false, supervise: false });
      await boss.start();
      await boss.createQueue('orders', { retryLimit: 1000, retentionSeconds: 1e9, deleteAfterSeconds: 30 * 86_400 });
      await boss.work('orders', { pollingIntervalSeconds: 0.5, batchSize: 3 }, () => sleep(5));
      return boss;
    };
    const before = await Promise.all([startOld(), startOld()]);
    const all = Array.from({ length: 60 }, () => durableOrder());
    for (const { id, data } of all) await before[0].send('orders', data, { id });
    await server.query(
      `UPDATE wechatpay.job SET created_on = created_on - interval '1 hour' WHERE name = 'orders'`,
      connectionString,
    );
    const stores = Array.from({ length: 2 }, () => new PostgresStore({ connectionString, poolSize: 3 }));
    const [after] = await Promise.all([startOld(), ...stores.map((store) => store.open())]);
    const jobs = async (): Promise<unknown[]> =>
      (await server.query(`SELECT id FROM wechatpay.job WHERE name = 'orders'`, connectionString)).map(({ id }) => id);
    for (const { id } of all) {
      const row = await stores[0]!.get(id);
      if (!row) expect(await jobs()).toContain(id); // as it was: it is theirs, or taken over later
    }
    const [{ deadlocks }] = (await server.query(
      'SELECT deadlocks::int AS deadlocks FROM pg_stat_database WHERE datname = current_database()',
      connectionString,
    )) as [{ deadlocks: number }];
    expect(deadlocks).toBe(0);
    await Promise.all([...before, after].map((boss) => boss.stop({ graceful: false })));
    await Promise.all(stores.map((store) => store.close()));
  });

  it('a database that is read-only for a while fills no log: https://github.com/graphile/worker/issues/224', async () => {
    const connectionString = await server.createDatabase();
    const writable = new URL(connectionString);
    writable.searchParams.set('options', '-c default_transaction_read_only=off');
    const setReadOnly = async (value: 'on' | 'off'): Promise<void> => {
      await server.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`, writable.href);
      await server.query('SELECT pg_reload_conf()', writable.href);
    };
    const store = new PostgresStore({ connectionString, poolSize: 3, pollMs: 50 });
    await store.open();
    const worker = await TestWorker.start(store);
    const all = Array.from({ length: 10 }, () => durableOrder());
    for (const { id, data } of all) await store.enqueue(id, data, HOUR_MS);
    const SECONDS = 4;
    try {
      await setReadOnly('on');
      const move = (): Promise<unknown> => store.reschedule(all[0]!.id, HOUR_MS).catch(() => 'refused');
      await expect.poll(move, { timeout: 5_000 }).toBe('refused');
      const told = worker.problems.length;
      await sleep(SECONDS * 1000);
      expect(worker.problems.length - told).toBeLessThanOrEqual(2 * SECONDS);
    } finally {
      await setReadOnly('off');
    }
    await until(() => store.reschedule(all[1]!.id, 0).catch(() => undefined));
    const delivery = await worker.next(all[1]!.id);
    delivery.end({ kind: 'done', data: delivery.data });
    await untilStatus(store, all[1]!.id, 'done');
    await store.close();
  });

  it('all workers die while the database restarts: others go on, unasked: https://github.com/graphile/worker/issues/449', async () => {
    const own = await PostgresServer.create();
    const connectionString = await own.createDatabase();
    const options = { connectionString, poolSize: 2 };
    const store = new PostgresStore(options);
    const started: AnotherProcess[] = [];
    try {
      await store.open();
      const all = [durableOrder(), durableOrder()];
      for (const { id, data } of all) await store.enqueue(id, data, 0);
      const place = { module: '../src/stores/postgres/postgres.js', className: 'PostgresStore', options };
      started.push(...(await Promise.all([AnotherProcess.start(place), AnotherProcess.start(place)])));
      await Promise.all(started.map((one) => one.next('leased')));
      await own.crash();
      await Promise.all([own.start(), ...started.map((one) => one.kill())]);
      // A minute later: nobody has given a sign of life.
      await own.query(`UPDATE wechatpay.job SET heartbeat_on = heartbeat_on - interval '1 minute'`, connectionString);
      const worker = await TestWorker.start(store);
      for (const { id } of all) {
        const { data, end } = await worker.next(id);
        end({ kind: 'done', data });
        await untilStatus(store, id, 'done');
      }
    } finally {
      await Promise.all(started.map((one) => one.kill()));
      await store.close().catch(() => undefined);
      await own.dispose();
    }
  });
});
