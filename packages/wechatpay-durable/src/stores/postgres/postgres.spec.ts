import { Client, Pool } from 'pg';
import { getConstructionPlans } from 'pg-boss';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statementDay, WechatPayClient, type StatementRow } from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';
import { describeStore } from '../../../test/conformance.js';
import {
  durableOrder,
  entry,
  finish,
  HOUR_MS,
  TestWorker,
  until,
  untilStatus,
} from '../../../test/conformance/harness.js';
import { failureOf } from '../../../test/failure.js';
import { scripted } from '../../../test/scripted-client.js';
import { PostgresServer } from '../../../test/servers/postgres.js';
import { DurableOrders } from '../../durable-orders.js';
import { brokenLink } from '../journal.js';
import type { SqlExecutor } from '../sql-executor.js';
import type { StagedStatement } from '../store.js';
import { OrderRows } from './order-rows.js';
import { fromPg, fromPgPool, PostgresStore } from './postgres.js';
import { schemaStatements } from './schema.js';

describe.skipIf(!PostgresServer.isAvailable)(`PostgresStore ${PostgresServer.reason}`, () => {
  let server: PostgresServer;
  let connectionString: string;
  let schemas = 0;

  beforeAll(async () => {
    server = await PostgresServer.create();
    connectionString = await server.createDatabase();
  });
  afterAll(() => server.dispose());

  const refused = (options: object) => async () => {
    await new PostgresStore({ connectionString, ...options }).open();
  };

  describeStore('as a store', {
    supportsTransactions: true,
    open: async () => {
      const schema = `store_${(schemas += 1)}`;
      const named = new URL(connectionString);
      named.searchParams.set('application_name', schema);
      const options = { connectionString: named.href, schema, poolSize: 4 };
      const second = ({ longLease = false } = {}): PostgresStore =>
        new PostgresStore({ ...options, ...(longLease && { leaseMs: 40_000 }) });
      const store = second();
      await store.open();
      return {
        store,
        second,
        anotherProcess: { module: '../src/stores/postgres/postgres.js', className: 'PostgresStore', options },
        dispose: () => store.close(),
        transaction: async (work) => {
          const client = new Client({ connectionString });
          await client.connect();
          try {
            await client.query('BEGIN');
            await work({ executeSql: (text: string, values: unknown[]) => client.query(text, values) });
            await client.query('COMMIT');
          } catch (error) {
            await client.query('ROLLBACK');
            throw error;
          } finally {
            await client.end();
          }
        },
        connections: async () => {
          const counted = `SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = '${schema}'`;
          return Number((await server.query(counted))[0]?.count);
        },
        passDays: async (days) => {
          const older = (column: string): string => `${column} = ${column} - interval '${days} days'`;
          const times = ['created_at', 'due_at', 'updated_at', 'ended_at'].map(older);
          await server.query(`UPDATE ${schema}.orders SET ${times.join(', ')}`, connectionString);
          await server.query(`UPDATE ${schema}.journal SET ${older('noted_at')}`, connectionString);
          await server.query(`UPDATE ${schema}.reconciliations SET ${older('updated_at')}`, connectionString);
        },
      };
    },
    badOptions: [
      { name: 'no connection', open: refused({ connectionString: undefined }), message: /^connectionString: give it/ },
      { name: 'an empty one', open: refused({ connectionString: '' }), message: /^connectionString: give it/ },
      { name: 'two connections', open: refused({ connection: {} }), message: /^connectionString: .*or else/ },
      { name: 'a schema with a quote', open: refused({ schema: 'a"b' }), message: /^schema: must be letters/ },
      { name: 'a queue with a quote', open: refused({ queue: "a'b" }), message: /^queue: must be letters/ },
      { name: 'a lease that is too short', open: refused({ leaseMs: 9_000 }), message: /^leaseMs: .*10000 to 3600000/ },
      {
        name: 'a lease of half seconds',
        open: refused({ leaseMs: 10_500 }),
        message: /^leaseMs: must be whole seconds/,
      },
      {
        name: 'the name of an earlier version',
        open: refused({ leaseSeconds: 15 }),
        message: /^leaseSeconds: is unknown.*mean leaseMs\?/,
      },
      {
        name: 'the name of another store',
        open: refused({ queueName: 'hk' }),
        message: /^queueName: is unknown.*mean queue\?/,
      },
      { name: 'keeping for no time', open: refused({ keepDays: 0 }), message: /^keepDays: .*1 to 3650/ },
      { name: 'polling all the time', open: refused({ pollMs: 1 }), message: /^pollMs: .*50 to 60000/ },
      { name: 'no pool', open: refused({ poolSize: 0 }), message: /^poolSize: .*1 to 1000/ },
      { name: 'a typing error', open: refused({ keepDay: 3 }), message: /^keepDay: is unknown.*mean keepDays\?/ },
      {
        name: 'a typing error in the connection',
        open: refused({ connectionString: undefined, connection: { hosts: 'db' } }),
        message: /^connection\.hosts: is unknown.*mean host\?/,
      },
      {
        name: 'a pool as a connection',
        open: refused({ connectionString: undefined, connection: new Pool() }),
        message: /^connection: is an object of a class.*`database`/,
      },
      {
        name: 'a pool as a database',
        open: refused({ connectionString: undefined, database: new Pool() }),
        message: /^database: must be \{ executeSql.*fromPgPool/,
      },
    ],
  });

  it('works in a pool of the application’s own, which it leaves open', async () => {
    const pool = new Pool({ connectionString });
    const store = new PostgresStore({ database: fromPgPool(pool), schema: 'own_pool' });
    await store.open();
    const { id, data } = durableOrder();
    await store.enqueue(id, data, 0);
    expect(await store.get(id)).toMatchObject({ id, status: 'waiting', ...data });
    await finish(store, await TestWorker.start(store), { id, data }, 'done');
    await store.close();
    await pool.query('SELECT 1');
    await pool.end();
  });

  it('outlives a connection of that pool that is lost in the middle of a transaction', async () => {
    const pool = new Pool({ connectionString });
    const db = fromPgPool(pool);
    const lost = db.transaction(async (tx) => {
      const [backend] = (await tx.executeSql('SELECT pg_backend_pid() AS pid')).rows as [{ pid: number }];
      await server.query(`SELECT pg_terminate_backend(${backend.pid})`, connectionString);
      const isThere = (): Promise<boolean> =>
        tx.executeSql('SELECT 1').then(
          () => true,
          () => false,
        );
      await until(async () => ((await isThere()) ? undefined : true));
      await tx.executeSql('SELECT 1');
    });
    await expect(lost).rejects.toThrow();
    expect((await db.transaction((tx) => tx.executeSql('SELECT 1 AS one'))).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  it('makes its schema once, whoever comes first', async () => {
    const stores = Array.from(
      { length: 4 },
      () => new PostgresStore({ connectionString, schema: 'at_once', poolSize: 2 }),
    );
    await Promise.all(stores.map((store) => store.open()));
    const { id, data } = durableOrder();
    const results = await Promise.all(stores.map((store) => store.enqueue(id, data, 0)));
    expect(results.sort()).toEqual(['duplicate', 'duplicate', 'duplicate', 'enqueued']);
    await Promise.all(stores.map((store) => store.close()));
  });

  it('tells a database that is not there, without its password', async () => {
    const store = new PostgresStore({ connectionString: 'postgres://shop:s3cret@127.0.0.1:1/shop' });
    const error = await failureOf(() => store.open());
    expect(error).toMatchObject({ code: 'WECHATPAY_STORE_FAILED', cause: { code: 'ECONNREFUSED' } });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('s3cret');
  });

  it('stores what ended together even where one of them has lost its lease', async () => {
    const store = new PostgresStore({ connectionString, schema: 'together' });
    await store.open();
    const worker = await TestWorker.start(store);
    const all = Array.from({ length: 4 }, () => durableOrder());
    for (const { id, data } of all) await store.enqueue(id, data, 0);
    const deliveries = [];
    for (const { id } of all) deliveries.push(await worker.next(id));
    const lost = all[1]!.id;
    await server.query(`UPDATE together.orders SET lease = lease + 1 WHERE id = '${lost}'`, connectionString);
    for (const { data, end } of deliveries) end({ kind: 'done', data, journal: [entry('done')] });
    for (const { id } of all.filter((one) => one.id !== lost)) await untilStatus(store, id, 'done');
    await until(() => Promise.resolve(worker.problems[0]));
    expect(worker.problems).toMatchObject([{ error: { name: 'LeaseLostError' }, id: lost }]);
    expect(await store.get(lost)).toMatchObject({ status: 'active' });
    expect(await store.journal(lost)).toEqual([]);
    expect(await store.counts()).toMatchObject({ done: 3, active: 1 });
    // Its alarm has lost its sign of life: it goes on elsewhere, or here.
    const again = await worker.next(lost);
    again.end({ kind: 'done', data: again.data });
    await untilStatus(store, lost, 'done');
    await store.close();
  });

  it('and where the database refuses one of them', async () => {
    const store = new PostgresStore({ connectionString, schema: 'refused' });
    await store.open();
    const worker = await TestWorker.start(store);
    const all = Array.from({ length: 4 }, () => durableOrder());
    for (const { id, data } of all) await store.enqueue(id, data, 0);
    const deliveries = [];
    for (const { id } of all) deliveries.push(await worker.next(id));
    const refused = all[1]!.id;
    // As a hand that has written into a journal leaves it.
    await server.query(
      `INSERT INTO refused.journal (order_id, seq, at, kind, fields, hash) VALUES ('${refused}', 1, now(), 'other', '{}', '')`,
      connectionString,
    );
    for (const { data, end } of deliveries) end({ kind: 'done', data, journal: [entry('done')] });
    for (const { id } of all.filter((one) => one.id !== refused)) await untilStatus(store, id, 'done');
    await until(() => Promise.resolve(worker.problems[0]));
    expect(worker.problems).toMatchObject([{ error: { code: '23505' }, id: refused }]);
    worker.letGo();
    await store.close();
  });

  it('clears a journal away from its beginning: what is left after each step has no gap', async () => {
    const store = new PostgresStore({ connectionString, schema: 'steps' });
    await store.open();
    const { id, data } = durableOrder();
    await store.enqueue(id, data, HOUR_MS, {
      journal: [entry('first'), entry('second'), entry('third'), entry('last')],
    });
    // Where others were cleared away before, the first may lie behind the others.
    await server.query(`UPDATE steps.journal SET noted_at = noted_at WHERE seq = 1`, connectionString);
    await server.query(
      `UPDATE steps.journal SET noted_at = now() - interval '401 days' WHERE seq < 4`,
      connectionString,
    );
    await server.query(`UPDATE steps.journal SET noted_at = noted_at WHERE seq = 1`, connectionString);
    const client = new Client({ connectionString });
    await client.connect();
    const gone = await new OrderRows('steps').pruneJournal(fromPg(client), 400, 1);
    await client.end();
    expect(gone).toBeGreaterThan(0);
    const left = await store.journal(id);
    expect(brokenLink(id, left)).toBeUndefined();
    expect(left.at(-1)).toMatchObject({ kind: 'last' });
    expect(Math.abs((await store.now()) - Date.now())).toBeLessThan(5_000);
    await store.close();
  });

  it('holds the refunds of an order together, of two processes and in the shop’s transaction', async () => {
    const processes = await Promise.all(
      [1, 2].map(async () => {
        const store = new PostgresStore({ connectionString, schema: 'refunds', poolSize: 4 });
        const durableOrders = new DurableOrders({ store, clients: scripted([new Error('nobody asks')]).client });
        await durableOrders.start({ work: false });
        return durableOrders;
      }),
    );
    const [one, other] = processes as [DurableOrders, DurableOrders];
    const refund = (orders: DurableOrders, part: number, tx?: SqlExecutor) =>
      orders.refund({ outTradeNo: 'A1', outRefundNo: `R${part}`, totalFee: 888, refundFee: 300 }, { tx });
    const client = new Client({ connectionString });
    await client.connect();
    const tx = { executeSql: (text: string, values?: unknown[]) => client.query(text, values) };
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await expect(refund(one, 0, tx)).rejects.toMatchObject({ field: 'tx', outcome: 'not-sent' });
    await client.query('ROLLBACK');
    await client.query('BEGIN');
    expect(await refund(one, 0, tx)).toMatchObject({ status: 'waiting', state: { kind: 'submitting' } });
    expect(await other.get({ outRefundNo: 'R0' })).toBeUndefined();
    const waiting = refund(other, 1); // until it is known whether R0 is
    await client.query('ROLLBACK');
    await waiting;
    const results = await Promise.allSettled([2, 3, 4, 5].map((part) => refund(part % 2 ? one : other, part)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected')
        expect(result.reason).toMatchObject({ field: 'refundFee', outcome: 'not-sent' });
    }
    const rows = await other.find({ outTradeNo: 'A1', kind: 'refund' });
    const times = rows.map(({ state }) => ('at' in state ? state.at : Number.NaN));
    expect(times[1]! - times[0]!).toBe(60_000);
    expect(await other.counts()).toMatchObject({ waiting: 2 });
    await client.end();
    await Promise.all(processes.map((durableOrders) => durableOrders.stop()));
  });

  describe('with a role that may create nothing', () => {
    const grants = async (database: string, role: string, ...statements: string[]): Promise<string> => {
      await server.query(`CREATE ROLE ${role} LOGIN PASSWORD 'secret'`, database);
      for (const statement of statements) await server.query(statement, database);
      const url = new URL(database);
      [url.username, url.password] = [role, 'secret'];
      return url.href;
    };

    const works = async (connection: string): Promise<void> => {
      const store = new PostgresStore({ connectionString: connection });
      await store.open();
      try {
        const worker = await TestWorker.start(store);
        const [clear, called] = [durableOrder(), durableOrder()];
        await store.enqueue(clear.id, clear.data, 0);
        await store.enqueue(called.id, called.data, HOUR_MS);
        expect(await store.cancel(called.id)).toBe(true);
        await finish(store, worker, clear, 'done');
        expect(worker.problems).toEqual([]);
      } finally {
        await store.close();
      }
    };

    it('works where another role has made schema and tables', async () => {
      const database = await server.createDatabase();
      const maker = new PostgresStore({ connectionString: database });
      await maker.open();
      await maker.close();
      // The statements of the guide.
      await works(
        await grants(
          database,
          'cashier',
          'GRANT USAGE ON SCHEMA wechatpay TO cashier',
          'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA wechatpay TO cashier',
        ),
      );
    });

    it('works where a person has made the tables, by the statements of the guide', async () => {
      const database = await server.createDatabase();
      await server.query(getConstructionPlans('wechatpay'), database);
      await server.query(schemaStatements('wechatpay').join(';\n'), database);
      await works(
        await grants(
          database,
          'till',
          'GRANT USAGE ON SCHEMA wechatpay TO till',
          'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA wechatpay TO till',
        ),
      );
    });

    it('works where the schema is its own, and the database is not', async () => {
      const database = await server.createDatabase();
      await works(await grants(database, 'owner', 'CREATE SCHEMA wechatpay AUTHORIZATION owner'));
    });

    it('clears away orders also where it may not touch the newer tables', async () => {
      const database = await server.createDatabase();
      const maker = new PostgresStore({ connectionString: database });
      await maker.open();
      await maker.close();
      const connection = await grants(
        database,
        'older',
        'GRANT USAGE ON SCHEMA wechatpay TO older',
        'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA wechatpay TO older',
        'REVOKE ALL ON wechatpay.reconciliations, wechatpay.statement_rows FROM older',
      );
      const store = new PostgresStore({ connectionString: connection });
      await store.open();
      try {
        const worker = await TestWorker.start(store);
        const old = durableOrder();
        await store.enqueue(old.id, old.data, 0);
        await finish(store, worker, old, 'done');
        await server.query(`UPDATE wechatpay.orders SET ended_at = ended_at - interval '31 days'`, database);
        expect(await failureOf(() => store.prune())).toMatchObject({ code: 'WECHATPAY_STORE_FAILED' });
        expect(await store.get(old.id)).toBeUndefined();
      } finally {
        await store.close();
      }
    });

    it('says which rights it lacks, and leaves no connection open', async () => {
      const database = await server.createDatabase();
      const connection = await grants(database, 'guest');
      await expect(new PostgresStore({ connectionString: connection }).open()).rejects.toThrow(
        /role lacks a right.*grant: USAGE ON SCHEMA wechatpay/,
      );
      expect(await server.query(`SELECT pid FROM pg_stat_activity WHERE usename = 'guest'`)).toEqual([]);
    });
  });

  /** A sandbox that runs by a clock, and durable orders in a schema of their own, which have been started. */
  async function openShop(
    schema: string,
    now: () => number,
  ): Promise<{ sandbox: Sandbox; merchantId: string; store: PostgresStore; durableOrders: DurableOrders }> {
    const sandbox = await Sandbox.create({ now });
    const { appId, merchantId, apiKey } = sandbox.merchant;
    const client = new WechatPayClient({
      ...{ appId, merchantId, apiKey },
      now,
      transport: ({ path, body }) => {
        const reply = sandbox.handle({ path, body });
        return reply.kind === 'reply' ? Promise.resolve(reply) : Promise.reject(new Error(reply.kind));
      },
    });
    const store = new PostgresStore({ connectionString, schema, pollMs: 50 });
    const durableOrders = new DurableOrders({ store, clients: client });
    await durableOrders.start();
    return { sandbox, merchantId, store, durableOrders };
  }

  it('reconciles a day by a join over the rows of its statement', async ({ onTestFinished }) => {
    const day = statementDay(new Date());
    const { date } = day;
    let now = day.from.getTime() + 12 * HOUR_MS;
    const { sandbox, merchantId, store, durableOrders } = await openShop('reconciled', () => now);
    onTestFinished(() => durableOrders.stop());
    for (const outTradeNo of ['one', 'other', 'missing']) {
      const { authCode } = sandbox.customers.create({ behaviour: 'pays-at-once' });
      const order = { outTradeNo, body: 'tea', totalFee: 888, currency: 'HKD', spbillCreateIp: '203.0.113.7' };
      await durableOrders.pay({ ...order, authCode });
      await expect.poll(async () => (await durableOrders.get({ outTradeNo }))?.status).toBe('done');
    }
    sandbox.orders.create({ state: 'paid', outTradeNo: 'stranger', createdAt: now });
    // Paid with another amount than it should cost, which is accepted.
    for (const outTradeNo of ['less', 'altered']) {
      const order = { outTradeNo, currency: 'HKD', totalFee: 800 };
      sandbox.orders.create({ ...order, state: 'paid', createdAt: now });
      const policy = { ifPaid: 'keep', ifAmountDiffers: 'accept' } as const;
      await durableOrders.enqueue({ ...order, totalFee: 888, orderCreatedAt: new Date(now - 5 * 60_000), policy });
      await expect.poll(async () => (await durableOrders.get({ outTradeNo }))?.status).toBe('done');
    }
    now = day.until.getTime() + 11 * HOUR_MS;
    sandbox.statements.addFault(
      { kind: 'row-missing', row: 2, hidden: true },
      { kind: 'amount-altered', row: 4, amount: 888 },
    );
    const reconciled = await durableOrders.reconcile({ date });
    expect(reconciled).toMatchObject({ rows: 5, agreed: 3, differing: 3 });
    expect(reconciled.differences.map(({ outTradeNo, class: of, status }) => `${outTradeNo} ${of} ${status}`)).toEqual([
      'stranger statement-only needs-person',
      'altered amount-differs needs-person',
      'missing book-only carried',
    ]);
    expect(await durableOrders.reconciliation({ date })).toEqual(reconciled);
    const [left] = await server.query('SELECT count(*)::int AS count FROM reconciled.statement_rows', connectionString);
    expect(left).toEqual({ count: 0 });

    // What a crash of the database does to an unlogged table.
    const crash = (): Promise<unknown> => server.query('TRUNCATE reconciled.statement_rows', connectionString);
    const row = {
      ...{ line: 2, tradeTime: day.from, tradeState: 'SUCCESS', outTradeNo: 'x', transactionId: '42' },
      ...{ totalFee: 888, currency: 'HKD', openId: 'o1', raw: {} },
    } as unknown as StatementRow;
    const message = expect.stringMatching(/^Of 1 staged rows .* has 0/) as string;
    const vanished = { code: 'WECHATPAY_STORE_FAILED', message };
    const staged = async (): Promise<StagedStatement> => {
      const rows = await store.reconciliations.stage!({ merchantId, subMerchantId: '', date });
      await rows.add([row]);
      return rows;
    };
    const early = await staged();
    await crash();
    expect(await failureOf(() => early.agreed())).toMatchObject(vanished);
    const late = await staged();
    expect(await late.agreed()).toBe(0);
    await crash();
    const first = (rows: AsyncIterable<unknown>): Promise<unknown> => rows[Symbol.asyncIterator]().next();
    expect(await failureOf(() => first(late.others()))).toMatchObject(vanished);
    expect(await failureOf(() => first(late.unlisted(day.from, day.until)))).toMatchObject(vanished);
  });

  it('claims what was stored and ended after its own day was compared, and nothing else of that day', async ({
    onTestFinished,
  }) => {
    const today = statementDay(new Date());
    const yesterday = statementDay(new Date(today.from.getTime() - HOUR_MS));
    let now = yesterday.from.getTime() + 12 * HOUR_MS;
    const { sandbox, durableOrders } = await openShop('later', () => now);
    onTestFinished(() => durableOrders.stop());
    const days = { yesterday: 1, 'long-ago': 5, today: 0 };
    const createdAt = (outTradeNo: keyof typeof days): number =>
      today.from.getTime() + 11 * HOUR_MS - days[outTradeNo] * 24 * HOUR_MS;
    const names = Object.keys(days) as (keyof typeof days)[];
    for (const outTradeNo of names) {
      sandbox.orders.create({ state: 'paid', outTradeNo, totalFee: 888, createdAt: createdAt(outTradeNo) });
    }
    now = yesterday.until.getTime() + 11 * HOUR_MS;
    expect(await durableOrders.reconcile({ date: yesterday.date })).toMatchObject({ rows: 1, differing: 1 });
    now += HOUR_MS;
    for (const outTradeNo of names) {
      const order = { outTradeNo, totalFee: 888, currency: 'HKD', orderCreatedAt: new Date(createdAt(outTradeNo)) };
      await durableOrders.enqueue({ ...order, policy: { ifPaid: 'keep' } });
      await expect.poll(async () => (await durableOrders.get({ outTradeNo }))?.status).toBe('done');
    }
    now = today.until.getTime() + 11 * HOUR_MS;
    const { differences } = await durableOrders.reconcile({ date: today.date });
    expect(
      differences.map(({ outTradeNo, class: of, status, matchedIn }) => [outTradeNo, of, status, matchedIn]),
    ).toEqual([
      ['yesterday', 'book-only', 'matched', yesterday.date],
      ['long-ago', 'book-only', 'matched', statementDay(new Date(createdAt('long-ago'))).date],
    ]);
  });
});
