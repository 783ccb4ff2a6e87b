import { setTimeout as sleep } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { Queue, UnrecoverableError, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { describeStore } from '../../../test/conformance.js';
import {
  becomes,
  finish,
  HOUR_MS,
  later,
  durableOrder,
  entry,
  TestWorker,
  until,
  untilStatus,
} from '../../../test/conformance/harness.js';
import { failureOf } from '../../../test/failure.js';
import { scripted } from '../../../test/scripted-client.js';
import { RedisServer, type RedisServerOptions } from '../../../test/servers/redis.js';
import { DurableOrders } from '../../durable-orders.js';
import { brokenLink } from '../journal.js';
import { RedisStore } from './redis-store.js';

const DAY_MS = 24 * HOUR_MS;

describe.skipIf(!RedisServer.isAvailable)(`RedisStore ${RedisServer.reason}`, () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.create();
  });
  afterAll(() => server.dispose());

  const refused = (options: object) => () => new RedisStore({ connection: server.url, ...options });

  describeStore('as a store', {
    supportsTransactions: false,
    open: async ({ shortLease = false } = {}) => {
      const queue = randomUUID();
      const connection = { host: '127.0.0.1', port: server.port, connectionName: queue };
      const options = { connection, queue, ...(shortLease && { leaseMs: 1000 }) };
      const second = ({ longLease = false } = {}): RedisStore =>
        new RedisStore({ ...options, ...(longLease && { leaseMs: 24_000 }) });
      const store = second();
      await store.open();
      return {
        store,
        second,
        anotherProcess: { module: '../src/stores/redis/redis-store.js', className: 'RedisStore', options },
        dispose: () => store.close(),
        connections: async () => {
          const redis = new Redis(server.url);
          const clients = String(await redis.client('LIST'))
            .trim()
            .split('\n');
          await redis.quit();
          return clients.filter((client) => client.includes(`name=${options.connection.connectionName}`)).length;
        },
        passDays: (days) => makeOlder(server, `wechatpay:${queue}:`, days * DAY_MS),
      };
    },
    badOptions: [
      {
        name: 'an invalid connection',
        open: refused({ connection: 'localhost' }),
        message: /^connection: .*redis:/,
      },
      {
        name: 'a connection that is open already',
        open: () => new RedisStore({ connection: new Redis({ lazyConnect: true }) as never }),
        message: /^connection: is an object of a class.*options of ioredis/,
      },
      {
        name: 'an option that ioredis does not have',
        open: refused({ connection: { hosts: 'redis' } }),
        message: /^connection\.hosts: is unknown.*mean host\?/,
      },
      {
        name: 'an option that the store decides',
        open: refused({ connection: { lazyConnect: false } }),
        message: /^connection\.lazyConnect: is decided by the store/,
      },
      { name: 'a queue name with a colon', open: refused({ queue: 'a:b' }), message: /^queue: .*without/ },
      {
        name: 'the name of an earlier version',
        open: refused({ queueName: 'a' }),
        message: /^queueName: is unknown.*mean queue\?/,
      },
      {
        name: 'the name of another store',
        open: refused({ leaseSeconds: 10 }),
        message: /^leaseSeconds: is unknown.*mean leaseMs\?/,
      },
      { name: 'keeping for no time', open: refused({ keepDays: 0 }), message: /^keepDays: .*1 to 3650/ },
      { name: 'a journal for no time', open: refused({ journalDays: 0 }), message: /^journalDays: .*1 to 3650/ },
      { name: 'looking all the time', open: refused({ pollMs: 1 }), message: /^pollMs: .*50 to 60000/ },
      { name: 'fewer replicas than none', open: refused({ replicas: -1 }), message: /^replicas: .*0 to 10/ },
      { name: 'a typing error', open: refused({ keepDay: 3 }), message: /^keepDay: is unknown.*mean keepDays\?/ },
      { name: 'a lease that is too short', open: refused({ leaseMs: 10 }), message: /^leaseMs: .*1000 to 60000/ },
    ],
  });

  describe.concurrent('on a Redis that', () => {
    it.each<{ name: string; server: RedisServerOptions; message: RegExp }>([
      { name: 'has no append-only file', server: { isDurable: false }, message: /appendonly.*"appendonly yes"/ },
      {
        name: 'evicts keys',
        server: { args: ['--maxmemory-policy', 'allkeys-lru'] },
        message: /allkeys-lru.*"maxmemory-policy noeviction"/,
      },
      {
        name: 'evicts what has an expiry, as https://github.com/taskforcesh/bullmq/issues/1046 tells',
        server: { args: ['--maxmemory-policy', 'volatile-lru'] },
        message: /volatile-lru.*"maxmemory-policy noeviction"/,
      },
      {
        name: 'forbids CONFIG, and has no append-only file',
        server: { args: ['--rename-command', 'CONFIG', ''], isDurable: false },
        message: /appendonly.*allowVolatileRedis/,
      },
    ])('$name is refused, with the remedy, unless that is wanted', async ({ server: options, message }) => {
      const volatile = await RedisServer.create(options);
      try {
        const store = new RedisStore({ connection: volatile.url });
        await expect(store.open()).rejects.toThrow(message);
        await expect(store.get(randomUUID())).rejects.toThrow(/not open/);

        const wanted = new RedisStore({ connection: volatile.url, allowVolatileRedis: true });
        await wanted.open();
        const { id, data } = durableOrder();
        expect(await wanted.enqueue(id, data, 0)).toBe('enqueued');
        await wanted.close();
      } finally {
        await volatile.dispose();
      }
    });

    it('is not there, or refuses the password, is told without the password', async () => {
      const locked = await RedisServer.create({ args: ['--requirepass', 'right'] });
      try {
        const unreachable = new RedisStore({ connection: 'redis://:s3cret@127.0.0.1:1' });
        const refusing = new RedisStore({ connection: locked.url.replace('//', '//:s3cret@') });
        for (const [store, message] of [
          [unreachable, /ECONNREFUSED/],
          [refusing, /WRONGPASS|NOAUTH/],
        ] as const) {
          const error = await failureOf(() => store.open());
          expect(error).toBeInstanceOf(Error);
          expect((error as Error).message).toMatch(message);
          expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('s3cret');
        }
      } finally {
        await locked.dispose();
      }
    });

    it('is killed while it is written to loses nothing that it has acknowledged', async () => {
      const killed = await RedisServer.create();
      const store = new RedisStore({ connection: killed.url });
      try {
        await store.open();
        const acknowledged: string[] = [];
        const write = async (): Promise<void> => {
          for (;;) {
            const { id, data } = durableOrder();
            if ((await store.enqueue(id, data, HOUR_MS)) === 'enqueued') acknowledged.push(id);
          }
        };
        const writers = Array.from({ length: 8 }, () => write());
        await until(() => Promise.resolve(acknowledged.length > 300 ? true : undefined));
        await killed.kill();
        const ends = await Promise.allSettled(writers);
        expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
        await killed.start();

        await until(() => store.counts().catch(() => undefined));
        for (const id of acknowledged) expect(await store.get(id)).toMatchObject({ status: 'waiting' });
        const listed = new Set((await listAll(store)).map(({ id }) => id));
        expect(acknowledged.filter((id) => !listed.has(id))).toEqual([]);
      } finally {
        await store.close();
        await killed.dispose();
      }
    });

    it('goes away and comes back is worked on again, in the same lease', async () => {
      const killed = await RedisServer.create();
      const store = new RedisStore({ connection: killed.url });
      try {
        await store.open();
        const [first, second] = [durableOrder(), durableOrder()];
        await store.enqueue(first.id, first.data, 0);
        const worker = await TestWorker.start(store);
        const delivery = await worker.next(first.id);
        await killed.kill();
        await expect(store.enqueue(second.id, second.data, 0)).rejects.toThrow();
        await expect(store.get(first.id)).rejects.toThrow();
        expect(worker.problems).not.toEqual([]);
        await killed.start();

        await until(() =>
          delivery.save(later(first.data)).then(
            () => true,
            () => undefined,
          ),
        );
        delivery.end({ kind: 'done', data: later(first.data) });
        await until(() => store.get(first.id).then((found) => (found?.status === 'done' ? found : undefined)));
        await store.enqueue(second.id, second.data, 0);
        await finish(store, worker, second, 'done');
      } finally {
        await store.close();
        await killed.dispose();
      }
    });

    it('is full charges nobody, and loses no step: https://github.com/OptimalBits/bull/issues/416', async () => {
      const full = await RedisServer.create({ args: ['--maxmemory-policy', 'noeviction'] });
      const store = new RedisStore({ connection: full.url });
      const redis = new Redis(full.url);
      const { client, calls } = scripted([{ trade_state: 'SUCCESS' }]);
      const durableOrders = new DurableOrders({ store, clients: client });
      try {
        await durableOrders.start({ work: false });
        const one = durableOrder();
        await store.enqueue(one.id, one.data, 0);
        const worker = await TestWorker.start(store);
        const delivery = await worker.next(one.id);
        await redis.config('SET', 'maxmemory', '1');
        const request = { outTradeNo: 'A1', body: 'tea', totalFee: 888, currency: 'HKD' } as const;
        const paying = durableOrders.pay({ ...request, spbillCreateIp: '203.0.113.7', authCode: '134567890123456789' });
        await expect(paying).rejects.toMatchObject({ code: 'WECHATPAY_STORE_FAILED', outcome: 'not-sent' });
        expect(calls).toEqual([]);
        // Whoever posts a notification, or notes anything, is told so: WeChat Pay posts it again.
        await expect(store.reschedule(one.id, 0, [entry('notified')])).resolves.toBe(false); // a worker has it
        await expect(store.note(one.id, [entry('noted')])).rejects.toMatchObject({ code: 'WECHATPAY_STORE_FAILED' });
        await expect(delivery.save(later(one.data))).rejects.toThrow(/OOM/);
        await redis.config('SET', 'maxmemory', '0');
        await delivery.save(later(one.data));
        delivery.end({ kind: 'done', data: later(one.data) });
        await untilStatus(store, one.id, 'done');
      } finally {
        redis.disconnect();
        await durableOrders.stop();
        await full.dispose();
      }
    });

    it('is away does not keep a store from closing', async () => {
      const away = await RedisServer.create();
      const store = new RedisStore({ connection: away.url });
      await store.open();
      const { id, data } = durableOrder();
      await store.enqueue(id, data, 0);
      const worker = await TestWorker.start(store);
      const delivery = await worker.next(id);
      await away.dispose();
      const closing = store.close();
      delivery.end({ kind: 'done', data });
      await closing;
    });
  });

  it('takes on what is due although its alarm was lost', async () => {
    const options = { connection: server.url, queue: randomUUID() };
    const store = new RedisStore(options);
    await store.open();
    try {
      const [before, after] = [durableOrder(), durableOrder()];
      await store.enqueue(before.id, before.data, 0);
      await forget(server, `bull:${options.queue}-alarms:*`);
      const worker = await TestWorker.start(store);
      await finish(store, worker, before, 'done');
      // What the worker waits at is lost as well.
      await store.enqueue(after.id, after.data, 1500);
      await forget(server, `bull:${options.queue}-alarms:*`);
      await finish(store, worker, after, 'done');
    } finally {
      await store.close();
    }
  });

  it('goes on with all others where somebody has deleted a row', async () => {
    const options = { connection: server.url, queue: randomUUID(), leaseMs: 1000 };
    const store = new RedisStore(options);
    await store.open();
    const redis = new Redis(server.url);
    const lose = ({ id }: { id: string }): Promise<number> => redis.del(`wechatpay:${options.queue}:row:${id}`);
    try {
      const [due, leased, other] = [durableOrder(), durableOrder(), durableOrder()];
      await store.enqueue(due.id, due.data, 0);
      await lose(due);
      await store.enqueue(leased.id, leased.data, 0);
      const worker = await TestWorker.start(store);
      const delivery = await worker.next(leased.id);
      await lose(leased);
      await store.enqueue(other.id, other.data, 1500); // the lease of the one before has lapsed by then
      await finish(store, worker, other, 'done');
      delivery.end({ kind: 'done', data: delivery.data });
    } finally {
      redis.disconnect();
      await store.close();
    }
  });

  it('wakes a worker of another process when something is due, long before it looks by itself', async () => {
    const options = { connection: server.url, queue: randomUUID(), pollMs: 60_000 };
    const [store, other] = [new RedisStore(options), new RedisStore(options)];
    await Promise.all([store.open(), other.open()]);
    try {
      const worker = await TestWorker.start(other);
      const [now, later] = [durableOrder(), durableOrder()];
      await store.enqueue(now.id, now.data, 0);
      await store.enqueue(later.id, later.data, 1000);
      await finish(other, worker, now, 'done');
      await finish(other, worker, later, 'done');
    } finally {
      await Promise.all([store.close(), other.close()]);
    }
  });

  it('reads no more rows for a page than it returns, however many there are', async () => {
    const own = await RedisServer.create({ isDurable: false });
    const store = new RedisStore({ connection: own.url, allowVolatileRedis: true });
    const redis = new Redis(own.url);
    try {
      await store.open();
      const all = Array.from({ length: 600 }, (_, index) =>
        durableOrder({}, index % 100 ? '1900000001' : '1900000002'),
      );
      await Promise.all(all.map(({ id, data }) => store.enqueue(id, data, HOUR_MS)));
      const commands = async (ask: () => Promise<unknown>): Promise<number> => {
        await redis.config('RESETSTAT');
        await ask();
        const stats = await redis.info('commandstats');
        return [...stats.matchAll(/^cmdstat_\w+:calls=(\d+)/gm)].reduce((sum, [, calls]) => sum + Number(calls), 0);
      };
      const [first] = await store.list({ limit: 1 });
      const page = await store.list({ limit: 300 });
      expect(await commands(() => store.list({ limit: 5 }))).toBeLessThan(60);
      expect(await commands(() => store.list({ limit: 5, after: page.at(-1)! }))).toBeLessThan(150);
      expect(await commands(() => store.list({ limit: 5, merchantId: '1900000002', status: 'waiting' }))).toBeLessThan(
        20,
      );
      expect(await commands(() => store.find({ transactionId: '4200001234' }))).toBeLessThan(10);
      expect(await commands(() => store.get(first!.id))).toBeLessThan(10);
      expect(await commands(() => store.counts())).toBeLessThan(40);
    } finally {
      await store.close();
      redis.disconnect();
      await own.dispose();
    }
  });

  it('has what the replica confirmed after a fail-over to it, and fails where none confirms', async () => {
    const primary = await RedisServer.create();
    const replica = await RedisServer.create({ args: ['--replicaof', '127.0.0.1', String(primary.port)] });
    const before = new RedisStore({ connection: primary.url, replicas: 1 });
    const after = new RedisStore({ connection: replica.url, replicas: 1 });
    const redis = new Redis(replica.url);
    try {
      await before.open();
      await until(async () => ((await redis.info('replication')).includes('master_link_status:up') ? true : undefined));
      const all = Array.from({ length: 40 }, () => durableOrder());
      await Promise.all(all.map(({ id, data }) => before.enqueue(id, data, HOUR_MS)));
      await primary.kill();
      await redis.replicaof('NO', 'ONE');

      await after.open();
      for (const { id, data } of all) expect(await after.get(id)).toMatchObject({ status: 'waiting', ...data });
      const { id, data } = durableOrder();
      await expect(after.enqueue(id, data, HOUR_MS)).rejects.toThrow(/0 of 1 confirmed it.*replicas/);
      // It is stored nevertheless: an order that was not charged ends closed.
      expect(await after.get(id)).toMatchObject({ status: 'waiting' });
    } finally {
      await before.close();
      await after.close();
      redis.disconnect();
      await replica.dispose();
      await primary.dispose();
    }
  });

  it('does once what the driver sends twice, where the connection was lost before the reply', async () => {
    const queue = randomUUID();
    const way = await losing(server.port, ['lost-enqueued', 'lost-amended', 'lost-saved']);
    const store = new RedisStore({ connection: `redis://127.0.0.1:${way.port}`, queue });
    try {
      await store.open();
      const [warm, { id, data }] = [durableOrder(), durableOrder()];
      // Redis knows the scripts.
      await store.enqueue(warm.id, warm.data, HOUR_MS);
      await store.reschedule(warm.id, HOUR_MS);

      expect(await store.enqueue(id, data, HOUR_MS, { journal: [entry('lost-enqueued')] })).toBe('enqueued');
      expect(await store.amend(id, becomes(later(data, 1), 0, [entry('lost-amended')]))).toBe(true);
      const worker = await TestWorker.start(store);
      const delivery = await worker.next(id);
      await delivery.save(later(data, 2), [entry('lost-saved')]);
      delivery.end({ kind: 'done', data });
      await untilStatus(store, id, 'done');
      expect((await store.journal(id)).map(({ kind }) => kind)).toEqual([
        'lost-enqueued',
        'lost-amended',
        'lost-saved',
      ]);
      expect(way.lost).toEqual(['lost-enqueued', 'lost-amended', 'lost-saved']);
    } finally {
      await store.close();
      way.close();
    }
  });

  it('clears away a long journal in small steps, and goes on with its number', async () => {
    const queue = randomUUID();
    const store = new RedisStore({ connection: server.url, queue });
    await store.open();
    try {
      const { id, data } = durableOrder();
      const entries = Array.from({ length: 250 }, (_, n) => entry('noted', { n }));
      await store.enqueue(id, data, HOUR_MS, { journal: entries });
      await makeOlder(server, `wechatpay:${queue}:`, 401 * DAY_MS);
      await store.amend(id, becomes(later(data, 1), HOUR_MS, [entry('amended')]));
      expect(await store.prune()).toEqual({ orders: 0, journal: 250 });
      expect(await store.journal(id)).toMatchObject([{ seq: 251, kind: 'amended' }]);
      await makeOlder(server, `wechatpay:${queue}:`, 401 * DAY_MS);
      expect(await store.prune()).toEqual({ orders: 0, journal: 1 });
      await store.cancel(id, [entry('cancelled')]);
      expect((await store.journal(id)).map(({ seq }) => seq)).toEqual([252]);
    } finally {
      await store.close();
    }
  });

  it('goes on where a fail-over has taken back what a worker stored: nobody else’s change is overwritten', async () => {
    const options = { connection: server.url, queue: randomUUID() };
    const store = new RedisStore(options);
    await store.open();
    const redis = new Redis(server.url);
    try {
      const { id, data } = durableOrder();
      await store.enqueue(id, data, 0);
      const worker = await TestWorker.start(store);
      const delivery = await worker.next(id);
      await delivery.save(later(data, 1));
      // As a replica that had everything but the last change, and another worker of it that changed as often.
      await redis.hset(`wechatpay:${options.queue}:row:${id}`, 'version', randomUUID());
      await expect(delivery.save(later(data, 2))).rejects.toMatchObject({ name: 'LeaseLostError' });
      delivery.end({ kind: 'dead', data });
      const again = await worker.next(id);
      expect(again.data).toEqual(later(data, 1));
      again.end({ kind: 'done', data });
      await untilStatus(store, id, 'done');
    } finally {
      await store.close();
      redis.disconnect();
    }
  });

  describe('on what the earlier version kept as jobs', () => {
    it('takes all of them over, and leaves none behind', async () => {
      const name = randomUUID();
      const redis = new Redis(server.url);
      const queue = new Queue(name, { connection: redis });
      const [delayed, due, done] = [durableOrder(), durableOrder(), durableOrder()];
      const [dead, cancelled] = [durableOrder(), durableOrder()];
      const store = new RedisStore({ connection: server.url, queue: name });
      try {
        const add = ({ id, data }: { id: string; data: object }, delay: number) =>
          queue.add('x', data, { jobId: id, delay, timestamp: Date.now() - 2 * 60_000 });
        // Ends as a worker of that version does.
        for (const [order, kind] of [
          [done, 'done'],
          [dead, 'dead'],
        ] as const) {
          await add(order, 0);
          const worker = new Worker(name, null, { connection: { host: '127.0.0.1', port: server.port } });
          const job = await worker.getNextJob('token');
          if (kind === 'done') await job.moveToCompleted(null, 'token', false);
          else await job.moveToFailed(new UnrecoverableError('unresolved'), 'token', false);
          await worker.close();
        }
        await add(cancelled, HOUR_MS);
        await redis.zrem(`bull:${name}:delayed`, cancelled.id);
        await redis.hset(`bull:${name}:${cancelled.id}`, 'finishedOn', Date.now());
        await redis.zadd(`bull:${name}:orders:cancelled`, Date.now(), cancelled.id);
        await add(delayed, HOUR_MS);
        await add(due, 0);

        const other = new Worker(name, null, { connection: { host: '127.0.0.1', port: server.port } });
        await other.waitUntilReady();
        await other.getNextJob('other', { block: false });
        await expect(store.open()).rejects.toThrow(/^queue: .*earlier version \(1 of its workers\): stop/);
        await other.close();
        await forget(server, `bull:${name}:${due.id}:lock`);

        await store.open();
        const statuses = [
          [delayed, 'waiting'],
          [due, 'waiting'],
          [done, 'done'],
          [dead, 'dead'],
          [cancelled, 'cancelled'],
        ] as const;
        for (const [order, status] of statuses) {
          expect(await store.get(order.id)).toMatchObject({ status, ...order.data });
          expect(await store.enqueue(order.id, order.data, 0)).toBe('duplicate');
        }
        expect(await store.counts()).toMatchObject({ waiting: 2, active: 0, done: 1, dead: 1, cancelled: 1 });
        expect(Object.values(await queue.getJobCounts()).every((count) => count === 0)).toBe(true);
        expect(await redis.keys(`bull:${name}:orders:*`)).toEqual([]);
        const worker = await TestWorker.start(store);
        await finish(store, worker, delayed, 'done');
        await finish(store, worker, due, 'done');
      } finally {
        await store.close();
        await queue.close();
        redis.disconnect();
      }
    });

    it('takes over what a process stores there that was not stopped, once no payment looks for it', async () => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      const name = randomUUID();
      const redis = new Redis(server.url);
      const queue = new Queue(name, { connection: redis });
      const store = new RedisStore({ connection: server.url, queue: name });
      try {
        await store.open();
        const worker = await TestWorker.start(store);
        const [old, young] = [durableOrder(), durableOrder()];
        const before = Date.now() - 121_000;
        await queue.add('x', young.data, { jobId: young.id, delay: HOUR_MS });
        await queue.add('x', old.data, { jobId: old.id, delay: HOUR_MS, timestamp: before });
        await minuteByMinute(finish(store, worker, old, 'done'));
        expect(await store.get(old.id)).toMatchObject({ createdAt: new Date(before) });
        expect(await store.get(young.id)).toBeUndefined();
        await expect.poll(() => queue.getDelayedCount()).toBe(1);
        // A reversal that it is asked for then is not lost, whatever became of the order here.
        const { data } = durableOrder({ ifPaid: 'reverse' });
        await queue.add('x', data, { jobId: old.id, delay: HOUR_MS, timestamp: before + 1 });
        const again = await minuteByMinute(worker.next(old.id));
        expect(again.data).toMatchObject({ state: { policy: { ifPaid: 'reverse' } } });
        expect(brokenLink(old.id, await store.journal(old.id))).toBeUndefined();
        again.end({ kind: 'done', data: again.data });
        await untilStatus(store, old.id, 'done');
        expect(worker.problems).toEqual([]);
      } finally {
        vi.useRealTimers();
        await store.close();
        await queue.close();
        redis.disconnect();
      }
    });
  });
});

/** Until it is there, the duties of each minute are done, of a clock that has stopped: one may take longer than the next is due. */
async function minuteByMinute<Value>(wanted: Promise<Value>): Promise<Value> {
  for (;;) {
    await vi.advanceTimersByTimeAsync(60_000);
    const found = await Promise.race([wanted.then((value) => ({ value })), sleep(100)]);
    if (found) return found.value;
  }
}

async function listAll(store: RedisStore): Promise<{ id: string }[]> {
  const found: Awaited<ReturnType<RedisStore['list']>> = [];
  for (;;) {
    const after = found.at(-1);
    const page = await store.list({ limit: 1000, ...(after && { after }) });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

/** A way to Redis on which the connection is lost once what holds one of these was done, and before the reply: of each, once. */
async function losing(port: number, texts: string[]): Promise<{ port: number; lost: string[]; close: () => void }> {
  const lost: string[] = [];
  const way = createServer((client) => {
    const redis = connect(port, '127.0.0.1');
    let isLosing = false;
    client.on('data', (data) => {
      const text = texts.find((each) => !lost.includes(each) && data.includes(each));
      if (text !== undefined) {
        isLosing = true;
        lost.push(text);
      }
      redis.write(data);
    });
    redis.on('data', (data) => {
      if (isLosing) client.destroy();
      else client.write(data);
    });
    for (const [one, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      one.on('error', () => undefined).on('close', () => other.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  return { port: (way.address() as AddressInfo).port, lost, close: () => way.close() };
}

async function forget({ url }: RedisServer, pattern: string): Promise<void> {
  const redis = new Redis(url);
  const keys = await redis.keys(pattern);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
}

/** As if everything that has ended had done so as much earlier, and what is noted had been noted then. */
async function makeOlder({ url }: RedisServer, base: string, ms: number): Promise<void> {
  const redis = new Redis(url);
  for (const key of await redis.keys(`${base}ended:*`)) {
    for (const id of await redis.zrange(key, '0', '-1')) await redis.zincrby(key, -ms, id);
  }
  for (const key of await redis.keys(`${base}row:*`)) {
    const ended = await redis.hget(key, 'ended');
    if (ended) await redis.hset(key, 'ended', Number(ended) - ms);
  }
  for (const id of await redis.zrange(`${base}journals`, '0', '-1')) {
    await redis.zincrby(`${base}journals`, -ms, id);
    const entries = await redis.lrange(`${base}journal:${id}`, '0', '-1');
    for (const [index, entry] of entries.entries()) {
      const [noted = '', ...rest] = entry.split(' ');
      await redis.lset(`${base}journal:${id}`, index, [Number(noted) - ms, ...rest].join(' '));
    }
  }
  for (const key of await redis.keys(`${base}day:*`)) await redis.pexpire(key, (await redis.pttl(key)) - ms);
  await redis.quit();
}
