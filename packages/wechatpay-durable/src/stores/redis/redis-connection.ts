import type { Redis, RedisOptions } from 'ioredis';
import { isWechatPayError, WechatPayConfigError } from 'wechatpay-core';
import { isDurableOrdersError, storeFailed } from '../../errors.js';
import { assertPlainObject, checkOptions, wrong } from '../options.js';

/** What the store decides for itself: replies as it reads them, and no command that waits for a Redis that is away. */
type DecidedHere =
  | 'replyMapping'
  | 'lazyConnect'
  | 'maxRetriesPerRequest'
  | 'commandTimeout'
  | 'retryStrategy'
  | 'keyPrefix'
  | 'monitor';

/** ioredis's options, but those that the store decides for itself. */
export type RedisConnection = Omit<RedisOptions, DecidedHere>;

/** @throws {WechatPayConfigError} what is neither a URL nor options, or an option that ioredis does not have. */
export function checkConnection(connection: unknown): void {
  if (typeof connection === 'string' && /^rediss?:\/\//.test(connection) && URL.canParse(connection)) return;
  const remedy =
    'Give a URL, redis://host:6379 or rediss://… for TLS, or options of ioredis; the store opens its own connections.';
  assertPlainObject('connection', connection, remedy);
  const decided = Object.keys(connection as object).find((name) => DECIDED_HERE.has(name));
  if (decided !== undefined) throw wrong(`connection.${decided}`, 'is decided by the store: leave it out.');
  checkOptions(connection, Object.keys(REDIS_OPTIONS), { within: 'connection' });
}

const DECIDED_HERE = new Set<string>([
  'replyMapping',
  'lazyConnect',
  'maxRetriesPerRequest',
  'commandTimeout',
  'retryStrategy',
  'keyPrefix',
  'monitor',
] satisfies DecidedHere[]);

/** By name, since ioredis reads no list of its own; the compiler knows when it has another. */
const REDIS_OPTIONS: Readonly<Record<keyof RedisConnection, true>> = {
  Connector: true,
  autoPipeliningIgnoredCommands: true,
  autoResendUnfulfilledCommands: true,
  autoResubscribe: true,
  blockingTimeout: true,
  blockingTimeoutGrace: true,
  clientInfoTag: true,
  commandQueue: true,
  connectTimeout: true,
  connectionName: true,
  db: true,
  disableClientInfo: true,
  disconnectTimeout: true,
  enableAutoPipelining: true,
  enableOfflineQueue: true,
  enableReadyCheck: true,
  enableTLSForSentinelMode: true,
  failoverDetector: true,
  family: true,
  himportFieldsets: true,
  host: true,
  keepAlive: true,
  maxLoadingRetryTime: true,
  name: true,
  natMap: true,
  noDelay: true,
  offlineQueue: true,
  password: true,
  path: true,
  port: true,
  preferredSlaves: true,
  protocol: true,
  readOnly: true,
  reconnectOnError: true,
  role: true,
  scripts: true,
  sentinelCommandTimeout: true,
  sentinelMaxConnections: true,
  sentinelPassword: true,
  sentinelReconnectStrategy: true,
  sentinelRetryStrategy: true,
  sentinelTLS: true,
  sentinelUsername: true,
  sentinels: true,
  showFriendlyErrorStack: true,
  socketTimeout: true,
  stringNumbers: true,
  tls: true,
  updateSentinels: true,
  username: true,
};

/** @throws {DurableOrdersError} Redis cannot be reached, or refuses the password. Nothing tries again. */
export async function connect(redis: Redis): Promise<void> {
  let reason: Error | undefined;
  redis.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    throw withoutCommand(reason ?? error);
  }
}

/**
 * Refuses a Redis that can lose what it has acknowledged: killed without an append-only file, it lost all of 500 durable orders.
 *
 * Managed ones forbid CONFIG, and hide some of INFO: what cannot be seen is not taken for granted.
 *
 * @throws {WechatPayConfigError} it names the setting of Redis to change.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ (Redis persistence)
 */
export async function assertKeeps(redis: Redis): Promise<void> {
  const info = `${await redis.info('persistence')}\n${await redis.info('memory')}`;
  const appendOnly = /^aof_enabled:(\d)/m.exec(info)?.[1] ?? (await config(redis, 'appendonly'));
  const policy = /^maxmemory_policy:([\w-]+)/m.exec(info)?.[1] ?? (await config(redis, 'maxmemory-policy'));
  if (appendOnly !== '1' && appendOnly !== 'yes') refuse('appendonly', appendOnly, 'yes');
  if (policy !== 'noeviction') refuse('maxmemory-policy', policy, 'noeviction');
}

/** An error with a code. What ioredis throws has the command with it, and of a refused AUTH, that is the password: it is no cause. */
export function withoutCommand(error: unknown): Error {
  return isDurableOrdersError(error) || isWechatPayError(error) ? error : storeFailed(error);
}

function refuse(setting: string, value: string | undefined, remedy: string): never {
  const problem = value === undefined ? `does not tell its ${setting}` : `has ${setting} ${value}`;
  throw new WechatPayConfigError(
    'connection',
    `Redis ${problem}, and can lose durable orders: set "${setting} ${remedy}" in its configuration, ` +
      'or allowVolatileRedis: true where losing them does no harm.',
  );
}

async function config(redis: Redis, name: string): Promise<string | undefined> {
  const [, value] = await redis.config('GET', name).then(
    (reply) => reply,
    () => [],
  );
  return value;
}
