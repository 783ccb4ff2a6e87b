import { checkOptions, checkWhole, wrong } from '../options.js';
import { checkConnection, type RedisConnection } from './redis-connection.js';

export interface BullMqStoreOptions {
  /**
   * Where Redis is: a URL, as in `rediss://user:password@host:6379/0`, or options of ioredis. No cluster, and no connection that
   * is open already: the store opens its own, three of a worker, and closes them.
   */
  readonly connection: string | RedisConnection;
  /** Durable orders of one name are worked on by the workers of that name: BullMQ's queue. @default 'wechatpay-orders' */
  readonly queue?: string | undefined;
  /** How long those that are done or cancelled are kept, 1 to 3650 days; the dead ones are kept for ever. @default 30 */
  readonly keepDays?: number | undefined;
  /**
   * For how long a worker has a durable order without a sign of life, in milliseconds, 1000 to 60000. Another one takes over after
   * one and a half times as long.
   *
   * @default 8000
   */
  readonly leaseMs?: number | undefined;
  /**
   * Takes a Redis that can lose what it has acknowledged: one without an append-only file, or one that evicts keys. For demos.
   *
   * @default false
   */
  readonly allowVolatileRedis?: boolean | undefined;
}

/** With each default applied. */
export type Settings = { readonly [Name in keyof BullMqStoreOptions]-?: NonNullable<BullMqStoreOptions[Name]> };

/** @throws {WechatPayConfigError} an option that is unknown, or out of range. */
export function resolveOptions(options: BullMqStoreOptions): Settings {
  checkOptions(options, ['connection', 'queue', 'keepDays', 'leaseMs', 'allowVolatileRedis'], {
    otherNames: { queue: 'queueName', leaseMs: 'leaseSeconds' },
  });
  const { connection, queue = 'wechatpay-orders', keepDays = 30, leaseMs = 8_000 } = options;
  checkConnection(connection);
  if (typeof queue !== 'string' || queue === '' || queue.includes(':')) {
    throw wrong('queue', "must be a name without ':'.");
  }
  checkWhole('keepDays', keepDays, 1, 3650);
  checkWhole('leaseMs', leaseMs, 1000, 60_000);
  return { connection, queue, keepDays, leaseMs, allowVolatileRedis: options.allowVolatileRedis === true };
}
