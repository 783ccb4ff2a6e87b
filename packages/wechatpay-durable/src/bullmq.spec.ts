import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeEngine } from '../test/conformance.js';
import { finish, HOUR_MS, later, reversal, TestWorker, until, untilStatus } from '../test/conformance/harness.js';
import { RedisServer, type RedisServerOptions } from '../test/servers/redis.js';
import { BullMqEngine } from './bullmq.js';

const DAY_MS = 24 * HOUR_MS;

describe.skipIf(!RedisServer.isAvailable)(`BullMqEngine ${RedisServer.reason}`, () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.create();
  });
  afterAll(() => server.dispose());

  const refused = (options: object) => () => new BullMqEngine({ connection: server.url, ...options });

  describeEngine('as an engine', {
    supportsTransactions: false,
    open: async ({ shortLease = false } = {}) => {
      const queueName = randomUUID();
      const connection = { host: '127.0.0.1', port: server.port, connectionName: queueName };
      const options = { connection, queueName, ...(shortLease && { leaseMs: 1000 }) };
      const second = ({ longLease = false } = {}): BullMqEngine =>
        new BullMqEngine({ ...options, ...(longLease && { leaseMs: 24_000 }) });
      const engine = second();
      await engine.open();
      return {
        engine,
        second,
        anotherProcess: { module: '../src/bullmq.js', className: 'BullMqEngine', options },
        dispose: () => engine.close(),
        connections: async () => {
          const redis = new Redis(server.url);
          const clients = String(await redis.client('LIST'))
            .trim()
            .split('\n');
          await redis.quit();
          return clients.filter((client) => client.includes(`name=${options.connection.connectionName}`)).length;
        },
        passDays: async (days) => {
          await makeOlder(server, `bull:${options.queueName}:`, days * DAY_MS);
          const cleaner = second();
          await cleaner.open();
          await cleaner.close();
        },
      };
    },
    badOptions: [
      {
        name: 'a connection that is none',
        open: refused({ connection: 'localhost' }),
        message: /^connection: .*redis:/,
      },
      {
        name: 'a connection that is open already',
        open: () => new BullMqEngine({ connection: new Redis({ lazyConnect: true }) as never }),
        message: /^connection: is an object of a class.*options of ioredis/,
      },
      {
        name: 'an option that ioredis does not have',
        open: refused({ connection: { hosts: 'redis' } }),
        message: /^connection\.hosts: is unknown.*mean host\?/,
      },
      {
        name: 'an option that the engine decides',
        open: refused({ connection: { lazyConnect: false } }),
        message: /^connection\.lazyConnect: is decided by the engine/,
      },
      { name: 'a queue name with a colon', open: refused({ queueName: 'a:b' }), message: /^queueName: .*without/ },
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
        const engine = new BullMqEngine({ connection: volatile.url });
        await expect(engine.open()).rejects.toThrow(message);
        await expect(engine.get(randomUUID())).rejects.toThrow(/call open\(\)/);

        const wanted = new BullMqEngine({ connection: volatile.url, allowVolatileRedis: true });
        await wanted.open();
        const { id, data } = reversal();
        expect(await wanted.enqueue(id, data, 0)).toBe('enqueued');
        await wanted.close();
      } finally {
        await volatile.dispose();
      }
    });

    it('is not there, or refuses the password, is told without the password', async () => {
      const locked = await RedisServer.create({ args: ['--requirepass', 'right'] });
      try {
        const unreachable = new BullMqEngine({ connection: 'redis://:s3cret@127.0.0.1:1' });
        const refusing = new BullMqEngine({ connection: locked.url.replace('//', '//:s3cret@') });
        for (const [engine, message] of [
          [unreachable, /ECONNREFUSED/],
          [refusing, /WRONGPASS|NOAUTH/],
        ] as const) {
          const error: unknown = await engine.open().catch((thrown: unknown) => thrown);
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
      const engine = new BullMqEngine({ connection: killed.url });
      try {
        await engine.open();
        const acknowledged: string[] = [];
        const write = async (): Promise<void> => {
          for (;;) {
            const { id, data } = reversal();
            if ((await engine.enqueue(id, data, HOUR_MS)) === 'enqueued') acknowledged.push(id);
          }
        };
        const writers = Array.from({ length: 8 }, () => write());
        await until(() => Promise.resolve(acknowledged.length > 300 ? true : undefined));
        await killed.kill();
        const ends = await Promise.allSettled(writers);
        expect(ends.every(({ status }) => status === 'rejected')).toBe(true);
        await killed.start();

        await until(() => engine.counts().catch(() => undefined));
        for (const id of acknowledged) expect(await engine.get(id)).toMatchObject({ status: 'waiting' });
        const listed = new Set((await listAll(engine)).map(({ id }) => id));
        expect(acknowledged.filter((id) => !listed.has(id))).toEqual([]);
      } finally {
        await engine.close();
        await killed.dispose();
      }
    });

    it('goes away and comes back is worked on again, in the same lease', async () => {
      const killed = await RedisServer.create();
      const engine = new BullMqEngine({ connection: killed.url });
      try {
        await engine.open();
        const [first, second] = [reversal(), reversal()];
        await engine.enqueue(first.id, first.data, 0);
        const worker = await TestWorker.start(engine);
        const delivery = await worker.next(first.id);
        await killed.kill();
        await expect(engine.enqueue(second.id, second.data, 0)).rejects.toThrow();
        await expect(engine.get(first.id)).rejects.toThrow();
        expect(worker.problems).not.toEqual([]);
        await killed.start();

        await until(() =>
          delivery.save(later(first.data)).then(
            () => true,
            () => undefined,
          ),
        );
        delivery.end({ kind: 'done', data: later(first.data) });
        await until(() => engine.get(first.id).then((found) => (found?.status === 'done' ? found : undefined)));
        await engine.enqueue(second.id, second.data, 0);
        await finish(engine, worker, second, 'done');
      } finally {
        await engine.close();
        await killed.dispose();
      }
    });

    it('is away does not keep an engine from closing', async () => {
      const away = await RedisServer.create();
      const engine = new BullMqEngine({ connection: away.url });
      await engine.open();
      const { id, data } = reversal();
      await engine.enqueue(id, data, 0);
      const worker = await TestWorker.start(engine);
      const delivery = await worker.next(id);
      await away.dispose();
      const closing = engine.close();
      delivery.end({ kind: 'done', data });
      await closing;
    });
  });

  it('is found in the list once its first step was taken, where enqueue was cut short', async () => {
    const options = { connection: server.url, queueName: randomUUID() };
    const engine = new BullMqEngine(options);
    await engine.open();
    const { id, data } = reversal();
    await engine.enqueue(id, data, 0);
    const redis = new Redis(server.url);
    await redis.del(`bull:${options.queueName}:reversals:all`, `bull:${options.queueName}:reversals:open`);
    await redis.quit();
    const worker = await TestWorker.start(engine);
    (await worker.next(id)).end({ kind: 'again', data, delayMs: HOUR_MS });
    const stored = await untilStatus(engine, id, 'waiting');
    expect(await engine.list({ status: 'waiting' })).toEqual([stored]);
    expect(await engine.list({})).toEqual([stored]);
    await engine.close();
  });
});

async function listAll(engine: BullMqEngine): Promise<{ id: string }[]> {
  const found: Awaited<ReturnType<BullMqEngine['list']>> = [];
  for (;;) {
    const after = found.at(-1);
    const page = await engine.list({ limit: 1000, ...(after && { after }) });
    if (page.length === 0) return found;
    found.push(...page);
  }
}

/** As if everything that has ended had done so as much earlier. */
async function makeOlder({ url }: RedisServer, prefix: string, ms: number): Promise<void> {
  const redis = new Redis(url);
  for (const key of ['completed', 'failed', 'reversals:cancelled']) {
    for (const id of await redis.zrange(`${prefix}${key}`, '0', '-1')) {
      await redis.zincrby(`${prefix}${key}`, -ms, id);
      await redis.hincrby(`${prefix}${id}`, 'finishedOn', String(-ms));
    }
  }
  await redis.quit();
}
