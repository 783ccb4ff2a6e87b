import type { Redis } from 'ioredis';
import { WechatPayConfigError } from 'wechatpay-core';

/** @throws {Error} Redis cannot be reached, or refuses the password. Nothing tries again. */
export async function connect(redis: Redis): Promise<void> {
  let reason: Error | undefined;
  redis.on('error', (error: Error) => {
    reason = error;
  });
  try {
    await redis.connect();
  } catch (error) {
    redis.disconnect();
    // What ioredis throws has the command with it: of a refused AUTH, that is the password.
    throw new Error(`Redis cannot be used: ${(reason ?? toError(error)).message}`);
  }
}

/**
 * Refuses a Redis that can lose what it has acknowledged: killed without an append-only file, it lost all of 500 reversals.
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

/** As {@link connect} does. */
export function withoutCommand({ message }: Error): Error {
  return new Error(message);
}

export function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}

function refuse(setting: string, value: string | undefined, remedy: string): never {
  const problem = value === undefined ? `does not tell its ${setting}` : `has ${setting} ${value}`;
  throw new WechatPayConfigError(
    'connection',
    `Redis ${problem}, and can lose reversals: set "${setting} ${remedy}" in its configuration, ` +
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
