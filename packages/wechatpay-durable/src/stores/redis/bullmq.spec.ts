import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeStore } from '../../../test/conformance.js';
import {
  finish,
  HOUR_MS,
  later,
  durableOrder,
  TestWorker,
  until,
  untilStatus,
} from '../../../test/conformance/harness.js';
import { failureOf } from '../../../test/failure.js';
import { RedisServer, type RedisServerOptions } from '../../../test/servers/redis.js';
import { BullMqStore } from './bullmq.js';

const DAY_MS = 24 * HOUR_MS;

describe.skipIf(!RedisServer.isAvailable)(`BullMqStore ${RedisServer.reason}`, () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.create();
  });
  afterAll(() => server.dispose());

  const refused = (options: object) => () => new BullMqStore({ connection: server.url, ...options });

  describeStore('as a store', {
    supportsTransactions: false,
    open: async ({ shortLease = false } = {}) => {
      const queue = randomUUID();
      const connection = { host: '127.0.0.1', port: server.port, connectionName: queue };
      const options = { connection, queue, ...(shortLease && { leaseMs: 1000 }) };
      const second = ({ longLease = false } = {}): BullMqStore =>
        new BullMqStore({ ...options, ...(longLease && { leaseMs: 24_000 }) });
      const store = second();
      await store.open();
      return {
        store,
        second,
        anotherProcess: { module: '../src/stores/redis/bullmq.js', className: 'BullMqStore', options },
        dispose: () => store.close(),
        connections: async () => {
          const redis = new Redis(server.url);
          const clients = String(await redis.client('LIST'))
            .trim()
            .split('\n');
          await redis.quit();
          return clients.filter((client) => client.includes(`name=${options.connection.connectionName}`)).length;
        },
        passDays: async (days) => {
          await makeOlder(server, `bull:${options.queue}:`, days * DAY_MS);
          const cleaner = second();
          await cleaner.open();
          await cleaner.close();
        },
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
        open: () => new BullMqStore({ connection: new Redis({ lazyConnect: true }) as never }),
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
        name: 'forbids CONFIG, and has no append-only file',
        server: { args: ['--rename-command', 'CONFIG', ''], isDurable: false },
        message: /appendonly.*allowVolatileRedis/,
      },
    ])('$name is refused, with the remedy, unless that is wanted', async ({ server: options, message }) => {
      const volatile = await RedisServer.create(options);
      try {
        const store = new BullMqStore({ connection: volatile.url });
        await expect(store.open()).rejects.toThrow(message);
        await expect(store.get(randomUUID())).rejects.toThrow(/call open\(\)/);

        const wanted = new BullMqStore({ connection: volatile.url, allowVolatileRedis: true });
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
        const unreachable = new BullMqStore({ connection: 'redis://:s3cret@127.0.0.1:1' });
        const refusing = new BullMqStore({ connection: locked.url.replace('//', '//:s3cret@') });
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
      const store = new BullMqStore({ connection: killed.url });
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
      const store = new BullMqStore({ connection: killed.url });
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

    it('is away does not keep a store from closing', async () => {
      const away = await RedisServer.create();
      const store = new BullMqStore({ connection: away.url });
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

  it('is found in the list once its first step was taken, where enqueue was cut short', async () => {
    const options = { connection: server.url, queue: randomUUID() };
    const store = new BullMqStore(options);
    await store.open();
    const { id, data } = durableOrder();
    await store.enqueue(id, data, 0);
    const redis = new Redis(server.url);
    await redis.del(`bull:${options.queue}:orders:all`, `bull:${options.queue}:orders:open`);
    await redis.quit();
    const worker = await TestWorker.start(store);
    (await worker.next(id)).end({ kind: 'again', data, delayMs: HOUR_MS });
    const stored = await untilStatus(store, id, 'waiting');
    expect(await store.list({ status: 'waiting' })).toEqual([stored]);
    expect(await store.list({})).toEqual([stored]);
    await store.close();
  });
});

async function listAll(store: BullMqStore): Promise<{ id: string }[]> {
  const found: Awaited<ReturnType<BullMqStore['list']>> = [];
  for (;;) {
    const after = found.at(-1);
    const page = await store.list({ limit: 1000, ...(after && { after }) });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

/** As if everything that has ended had done so as much earlier. */
async function makeOlder({ url }: RedisServer, prefix: string, ms: number): Promise<void> {
  const redis = new Redis(url);
  for (const key of ['completed', 'failed', 'orders:cancelled']) {
    for (const id of await redis.zrange(`${prefix}${key}`, '0', '-1')) {
      await redis.zincrby(`${prefix}${key}`, -ms, id);
      await redis.hincrby(`${prefix}${id}`, 'finishedOn', String(-ms));
    }
  }
  await redis.quit();
}
