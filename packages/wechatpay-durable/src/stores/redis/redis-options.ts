import { checkOptions, checkWhole, wrong } from '../options.js';
import { checkConnection, type RedisConnection } from './redis-connection.js';

export interface RedisStoreOptions {
  /**
   * Where Redis is: a URL, as in `rediss://user:password@host:6379/0`, or options of ioredis. No cluster, and no connection that
   * is open already: the store opens its own, three of a worker, and closes them.
   */
  readonly connection: string | RedisConnection;
  /**
   * Durable orders of one name are worked on by the workers of that name. It is part of every key: `wechatpay:<queue>:…`, and of
   * BullMQ's queue of alarms, `<queue>-alarms`.
   *
   * @default 'wechatpay-orders'
   */
  readonly queue?: string | undefined;
  /** For how long what is done or cancelled is kept: 1 to 3650 days. What is dead stays. @default 30 */
  readonly keepDays?: number | undefined;
  /** For how long journal entries are kept, and refunds, those for a year at least: 1 to 3650 days. @default 400 */
  readonly journalDays?: number | undefined;
  /**
   * How often a worker looks for what is due although no alarm has gone off: in milliseconds, 50 to 60000. An alarm that was lost
   * makes a step so much later.
   *
   * @default 1000
   */
  readonly pollMs?: number | undefined;
  /** Without a sign of life for so long, a worker has lost what it had: in milliseconds, 1000 to 60000. @default 8000 */
  readonly leaseMs?: number | undefined;
  /**
   * How many replicas must have a change before it counts (`WAIT`), 0 to 10: where they do not confirm it within a second, the call
   * fails, and nothing is charged. It makes a loss at a fail-over less likely; Redis does not exclude it.
   *
   * @default 0
   * @see https://redis.io/docs/latest/commands/wait/ (WAIT)
   */
  readonly replicas?: number | undefined;
  /**
   * Takes a Redis that can lose what it has acknowledged: one without an append-only file, or one that evicts keys. For demos.
   *
   * @default false
   */
  readonly allowVolatileRedis?: boolean | undefined;
}

/** With each default applied. */
export type Settings = { readonly [Name in keyof RedisStoreOptions]-?: NonNullable<RedisStoreOptions[Name]> };

const NAMES = [
  'connection',
  'queue',
  'keepDays',
  'journalDays',
  'pollMs',
  'leaseMs',
  'replicas',
  'allowVolatileRedis',
] satisfies (keyof RedisStoreOptions)[];

/** @throws {WechatPayConfigError} an option that is unknown, or out of range. */
export function resolveOptions(options: RedisStoreOptions): Settings {
  checkOptions(options, NAMES, { otherNames: { queue: 'queueName', leaseMs: 'leaseSeconds' } });
  const { connection, queue = 'wechatpay-orders', keepDays = 30, journalDays = 400 } = options;
  const { pollMs = 1000, leaseMs = 8_000, replicas = 0 } = options;
  checkConnection(connection);
  if (typeof queue !== 'string' || queue === '' || queue.includes(':')) {
    throw wrong('queue', "must be a name without ':'.");
  }
  checkWhole('keepDays', keepDays, 1, 3650);
  checkWhole('journalDays', journalDays, 1, 3650);
  checkWhole('pollMs', pollMs, 50, 60_000);
  checkWhole('leaseMs', leaseMs, 1000, 60_000);
  checkWhole('replicas', replicas, 0, 10);
  const allowVolatileRedis = options.allowVolatileRedis === true;
  return { connection, queue, keepDays, journalDays, pollMs, leaseMs, replicas, allowVolatileRedis };
}
