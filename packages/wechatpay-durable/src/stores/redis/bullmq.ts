// Over 250 lines, as one idea: every command about a durable order stands here, each with the fence that decides whether it counts.
import { randomUUID } from 'node:crypto';
import type * as BullMq from 'bullmq';
import type { ConnectionOptions, Job, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { WechatPayRequestError } from 'wechatpay-core';
import {
  AMEND,
  CANCEL,
  COUNTS,
  ENQUEUED,
  FORGET_CANCELLED,
  GET,
  LIST,
  REDRIVE,
  RESCHEDULE,
  SAVE,
} from './bullmq-scripts.js';
import { resolveOptions, type BullMqStoreOptions, type Settings } from './bullmq-options.js';
import { indexOf, REOPENED_KEYS, STATUSES, toStored, type CountsReply, type Row } from './bullmq-rows.js';
import { takeStep } from './bullmq-step.js';
import {
  type EnqueueOptions,
  type ProblemListener,
  type ReopenedStatus,
  type DurableOrderCounts,
  type DurableOrderData,
  type OrderStore,
  type DurableOrderFilter,
  type OrderHandler,
  type DurableOrderStatus,
  type DurableOrder,
} from '../store.js';
import { endsBefore } from '../../ends.js';
import { DurableOrdersError, storeInUse } from '../../errors.js';
import { Lifecycle } from '../lifecycle.js';
import { assertClock, loadPeer } from '../options.js';
import { assertKeeps, connect, withoutCommand } from './redis-connection.js';

export type { RedisConnection } from './redis-connection.js';
export type { BullMqStoreOptions } from './bullmq-options.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const FORGET_MS = 60 * 60 * 1000;

/**
 * Durable orders on Redis 6.2 or later, by [BullMQ](https://bullmq.io), with optional peers: `npm install bullmq ioredis`. As many
 * processes as you like.
 *
 * Redis must have an append-only file and must not evict keys; with `appendfsync always` it loses nothing that it has
 * acknowledged, with `everysec` up to a second of it where the machine fails.
 *
 * @example new BullMqStore({ connection: process.env.REDIS_URL })
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ (Redis persistence)
 */
export class BullMqStore implements OrderStore {
  readonly #options: Settings;
  readonly #inHand = new Set<Promise<unknown>>();
  readonly #lifecycle = new Lifecycle();
  #stopping = new AbortController();
  #store: Store | undefined;
  #worker: Worker | undefined;
  #isConnected = (): boolean => true;
  #isGivingUp = false;
  #forgetting: NodeJS.Timeout | undefined;

  /** @throws {WechatPayConfigError} an option that is invalid. */
  constructor(options: BullMqStoreOptions) {
    this.#options = resolveOptions(options);
  }

  /**
   * @throws {WechatPayConfigError} a Redis that can lose what it has acknowledged.
   * @throws {DurableOrdersError} it cannot be reached, or refuses the password.
   */
  open(): Promise<void> {
    return this.#lifecycle.run(() => this.#connect());
  }

  async #connect(): Promise<void> {
    if (this.#store) return;
    const { connection, queue: name, allowVolatileRedis } = this.#options;
    this.#stopping = new AbortController();
    this.#isGivingUp = false;
    const bullmq = await loadPeer('bullmq', () => import('bullmq'));
    const { Redis } = await loadPeer('ioredis', () => import('ioredis'));
    // No command waits for long for a Redis that is away: the caller has a customer at the till.
    const options = { maxRetriesPerRequest: 1, commandTimeout: 10_000, ...this.#reconnect, lazyConnect: true };
    const redis =
      typeof connection === 'string' ? new Redis(connection, options) : new Redis({ ...connection, ...options });
    await connect(redis);
    try {
      if (!allowVolatileRedis) await assertKeeps(redis);
      assertClock(Number((await redis.time())[0]) * 1000 + 500);
      const queue = new bullmq.Queue(name, { connection: redis });
      queue.on('error', () => undefined); // whoever asked for something is told
      this.#store = { bullmq, redis, queue, prefix: queue.toKey('') };
      await this.#forget();
      this.#forgetting = setInterval(() => void this.#forget().catch(() => undefined), FORGET_MS).unref();
    } catch (error) {
      redis.disconnect();
      this.#store = undefined;
      throw withoutCommand(error);
    }
  }

  close(): Promise<void> {
    return this.#lifecycle.run(() => this.#disconnect());
  }

  async #disconnect(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#forgetting);
    const worker = this.#worker;
    await worker?.pause(true); // takes no more
    await Promise.allSettled(this.#inHand);
    this.#isGivingUp = true;
    await worker?.close(!this.#isConnected()); // gently, BullMQ waits for ever for a Redis that is away
    const store = this.#store;
    this.#worker = this.#store = undefined;
    await store?.queue.close();
    store?.redis.disconnect();
  }

  async enqueue(
    id: string,
    data: DurableOrderData,
    delayMs: number,
    options: EnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    if (options.tx !== undefined) {
      const problem =
        "is not possible: Redis is not in the database's transaction; enqueue before it, or use PostgresStore.";
      throw new WechatPayRequestError('tx', problem);
    }
    const name = `durable-order:${randomUUID()}`;
    const delay = Math.ceil(delayMs);
    const due = Date.now() + delay;
    await this.#opened.queue.add(name, data, { jobId: id, delay }).catch(fail);
    return (await this.#run(ENQUEUED, id, name, due)) === 1 ? 'enqueued' : 'duplicate';
  }

  async process(
    handler: OrderHandler,
    { concurrency, onProblem }: { concurrency: number; onProblem: ProblemListener },
  ): Promise<void> {
    if (this.#worker) throw storeInUse();
    const { connection, queue, keepDays, leaseMs } = this.#options;
    const { bullmq } = this.#opened;
    const options = typeof connection === 'string' ? { url: connection } : connection;
    const take = async (job: Job<DurableOrderData>, token = ''): Promise<never> => {
      await takeStep(job, token, {
        bullmq,
        handler,
        onProblem,
        signal: this.#stopping.signal,
        inHand: this.#inHand,
        write: async (...args) => (await this.#run(SAVE, ...args)) === 1,
      });
      throw new bullmq.DelayedError(); // tells BullMQ that the job was moved by its processor
    };
    this.#worker = new bullmq.Worker(queue, take, {
      connection: { ...options, ...this.#reconnect } as ConnectionOptions,
      concurrency,
      lockDuration: leaseMs,
      stalledInterval: leaseMs / 4,
      // BullMQ's default fails a job for good whose worker has vanished twice.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      runRetryDelay: 1000,
      removeOnComplete: { age: keepDays * (DAY_MS / 1000) },
    });
    this.#worker.on('error', (error) => {
      onProblem(withoutCommand(error));
    });
    await this.#worker.waitUntilReady().catch(fail);
    const backend = this.#worker.getBackend();
    const clients = [await backend.client, await backend.blockingClient];
    this.#isConnected = () => clients.every((client) => client?.status === 'ready');
  }

  async reschedule(id: string, delayMs: number): Promise<boolean> {
    return (await this.#run(RESCHEDULE, id, Date.now() + Math.ceil(delayMs))) === 1;
  }

  async amend(id: string, data: DurableOrderData, delayMs: number): Promise<boolean> {
    return (await this.#run(AMEND, id, Date.now() + Math.ceil(delayMs), JSON.stringify(data), endsBefore(data))) === 1;
  }

  async cancel(id: string): Promise<boolean> {
    return (await this.#run(CANCEL, id, Date.now())) === 1;
  }

  async get(id: string): Promise<DurableOrder | undefined> {
    const row = (await this.#run(GET, id)) as Row | null;
    return row ? toStored(row) : undefined;
  }

  async list({ status, merchantId, createdBefore, limit = 100, after }: DurableOrderFilter): Promise<DurableOrder[]> {
    const statuses: readonly DurableOrderStatus[] = status === undefined ? STATUSES : [status].flat();
    const before = createdBefore?.getTime() ?? '+inf';
    const found: Row[] = [];
    let [id, createdAt]: [string, string | number] = after ? [after.id, after.createdAt.getTime()] : ['', '-inf'];
    for (;;) {
      const args = [createdAt, indexOf(statuses), before, merchantId ?? '', limit - found.length, ...statuses];
      const page = (await this.#run(LIST, id, ...args)) as [Row[], string, string, 0 | 1];
      found.push(...page[0]);
      [, id, createdAt] = page;
      if (page[3] === 0) return found.map(toStored);
    }
  }

  async redrive(id: string, data: DurableOrderData, from: readonly ReopenedStatus[]): Promise<boolean> {
    const keys = from.map((status) => REOPENED_KEYS[status]);
    return (await this.#run(REDRIVE, id, Date.now(), JSON.stringify(data), endsBefore(data), ...keys)) === 1;
  }

  async counts(): Promise<DurableOrderCounts> {
    const [oldest] = await this.list({ status: ['waiting', 'active'], limit: 1 });
    const [waiting, active, done, dead, cancelled, due] = (await this.#run(COUNTS, '')) as CountsReply;
    const lateMs = due === '' ? 0 : Math.max(0, Date.now() - Number(due));
    return { waiting, active, done, dead, cancelled, lateMs, ...(oldest && { oldestOpenAt: oldest.createdAt }) };
  }

  /** Clears away what is kept no longer; of the done ones BullMQ does so by itself, whenever another one is done. */
  async #forget(): Promise<void> {
    const keepMs = this.#options.keepDays * DAY_MS;
    await this.#opened.queue.clean(keepMs, 1000, 'completed');
    while ((await this.#run(FORGET_CANCELLED, '', Date.now() - keepMs)) === 1000);
  }

  async #run(script: string, ...args: (string | number)[]): Promise<unknown> {
    const { redis, prefix } = this.#opened;
    return redis.eval(script, 1, prefix, ...args).catch(fail);
  }

  get #opened(): Store {
    if (this.#store) return this.#store;
    throw new DurableOrdersError(
      'WECHATPAY_STORE_NOT_OPEN',
      'The store is not open: call open(), or start() of DurableOrders, and wait for it.',
    );
  }

  get #reconnect(): { retryStrategy: (times: number) => number | null } {
    return { retryStrategy: (times) => (this.#isGivingUp ? null : Math.min(times * 100, 1000)) };
  }
}

function fail(error: unknown): never {
  throw withoutCommand(error);
}

interface Store {
  readonly bullmq: typeof BullMq;
  readonly redis: Redis;
  readonly queue: Queue;
  readonly prefix: string;
}
