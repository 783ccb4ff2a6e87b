import type { Redis } from 'ioredis';
import { DurableOrdersError } from '../../errors.js';
import { withoutCommand } from './redis-connection.js';
import type { Script } from './redis-scripts.js';

type Argument = string | number;

/** For how long replicas may take to confirm a change. */
const REPLICATION_MS = 1000;

/** Runs scripts on one connection. */
export class RedisDatabase {
  readonly #redis: Redis;
  readonly #base: string;
  readonly #replicas: number;
  /** How often the connection was lost: what was written before it, WAIT knows nothing of. */
  #losses = 0;
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  /** @param base begins each key. */
  constructor(redis: Redis, base: string, { replicas }: { replicas: number }) {
    this.#redis = redis;
    this.#base = base;
    this.#replicas = replicas;
    redis.on('close', () => {
      this.#losses += 1;
    });
  }

  async run(script: Script, ...args: Argument[]): Promise<unknown> {
    const { lua, sha } = script;
    try {
      return await this.#redis.evalsha(sha, 1, this.#base, ...args).catch((error: unknown) => {
        if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error;
        return this.#redis.eval(lua, 1, this.#base, ...args);
      });
    } catch (error) {
      throw withoutCommand(error);
    }
  }

  /** Runs a script that changes something. @throws {DurableOrdersError} as many replicas as are asked for do not confirm it. */
  async write(script: Script, ...args: Argument[]): Promise<unknown> {
    const losses = this.#losses;
    const reply = await this.run(script, ...args);
    if (this.#replicas === 0) return reply;
    await this.#replicated();
    if (losses !== this.#losses) throw notReplicated('the connection was lost before they confirmed it');
    return reply;
  }

  /** All who have written until a WAIT is sent share it: a connection waits for one at a time. */
  #replicated(): Promise<void> {
    this.#next ??= this.#last.then(async () => {
      this.#next = undefined;
      const wait = this.#redis.wait(this.#replicas, REPLICATION_MS);
      const count = await wait.catch((error: unknown) => {
        throw withoutCommand(error);
      });
      if (count < this.#replicas) throw notReplicated(`${count} of ${this.#replicas} confirmed it`);
    });
    this.#last = this.#next.catch(() => undefined);
    return this.#next;
  }
}

function notReplicated(what: string): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_STORE_FAILED',
    `The store failed: Redis stored the change, and its replicas may not have it (${what}). Look at the replicas; option "replicas".`,
  );
}
