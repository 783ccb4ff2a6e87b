import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { RedisServer } from '../../../test/servers/redis.js';
import { RedisAudit } from '../../history/redis-audit.js';
import type { Claims } from './claims.js';
import { OLD_MS, type Database, type OldVersion } from './database.js';

const QUEUE = 'wechatpay-orders';
/** What begins the keys of the store. */
const BASE = `wechatpay:${QUEUE}:`;

/** A Redis of the test's own, which writes each change to its append-only file before it acknowledges it. */
export async function createRedisDatabase(): Promise<Database> {
  const server = await RedisServer.create();
  const audit = new RedisAudit(server.port, BASE);
  return {
    port: server.port,
    storeOf: (name, role, port = server.port) => ({
      module: '../../../src/stores/redis/redis-store.js',
      className: 'RedisStore',
      options: {
        connection: { host: '127.0.0.1', port, connectionName: name },
        ...(role !== 'observer' && { pollMs: 200 }),
      },
    }),
    audit,
    claims: redisClaims(server.port),
    crash: () => server.kill(),
    start: async () => {
      await server.start();
      await audit.begin();
    },
    openOld: () => openOld(server.url),
    dispose: async () => {
      audit.close();
      await server.dispose();
    },
  };
}

/** Nothing is staged: a claim is a key that expires. */
function redisClaims(port: number): Claims {
  const withClaims = async <Result>(
    work: (redis: Redis, keys: readonly string[]) => Promise<Result>,
  ): Promise<Result> => {
    const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: null });
    redis.on('error', () => undefined);
    try {
      return await work(redis, await redis.keys(`${BASE}claim:*`));
    } finally {
      redis.disconnect();
    }
  };
  return {
    lapse: () =>
      withClaims(async (redis, keys) => {
        if (keys.length > 0) await redis.del(...keys);
      }),
    age: () => Promise.resolve(),
    left: () => withClaims((_, keys) => Promise.resolve({ claims: keys.length, stagedRows: 0 })),
  };
}

async function openOld(url: string): Promise<OldVersion> {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  connection.on('error', () => undefined);
  const queue = new Queue(QUEUE, { connection });
  queue.on('error', () => undefined);
  await queue.waitUntilReady();
  return {
    enqueue: async (id, data) => {
      await queue.add('order', data, { jobId: id, timestamp: Date.now() - OLD_MS });
    },
    countLeft: async () => Object.values(await queue.getJobCounts()).reduce((sum, count) => sum + count, 0),
    close: async () => {
      await queue.close();
      connection.disconnect();
    },
  };
}
