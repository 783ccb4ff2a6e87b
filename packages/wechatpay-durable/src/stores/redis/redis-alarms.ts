import type * as BullMq from 'bullmq';
import type { ConnectionOptions, Queue, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import type { ProblemListener } from '../store.js';
import { withoutCommand } from './redis-connection.js';

/** What is due within so many milliseconds shares an alarm. */
const GRAIN_MS = 50;
const MOST_KNOWN = 5000;

/**
 * The alarm clock of the rows, by BullMQ's public API: an alarm is a delayed job, which says that something is due at a moment. It has a
 * worker of some process look, at once and at no cost while nothing is due.
 *
 * An alarm is set after its row was stored, and may be lost between the two, or by Redis. It holds nothing: each worker also looks at the
 * rows by itself, now and then, and takes whatever is due. One without a row wakes a worker for nothing.
 */
export class RedisAlarms {
  readonly #bullmq: typeof BullMq;
  readonly #redis: Redis;
  readonly #queue: Queue;
  /** Which this process has set already. */
  readonly #known = new Set<number>();
  readonly #setting = new Set<Promise<unknown>>();
  #worker: Worker | undefined;
  #isConnected = (): boolean => true;

  constructor(bullmq: typeof BullMq, name: string, redis: Redis) {
    this.#bullmq = bullmq;
    this.#redis = redis;
    this.#queue = new bullmq.Queue(name, { connection: redis, streams: { events: { maxLen: 100 } } });
    this.#queue.on('error', () => undefined);
  }

  /** Sets one for what is stored, and is due in `delayMs`. Nobody waits for it, and it fails silently. */
  set(delayMs: number): void {
    const now = Date.now();
    const moment = Math.floor((now + Math.max(0, delayMs)) / GRAIN_MS) + 1;
    if (this.#known.has(moment)) return;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.add(moment);
    const options = {
      jobId: `at-${moment}`,
      delay: moment * GRAIN_MS - now,
      removeOnComplete: true,
      removeOnFail: true,
    };
    const setting: Promise<unknown> = this.#queue
      .add('due', {}, options)
      .catch(() => this.#known.delete(moment))
      .finally(() => this.#setting.delete(setting));
    this.#setting.add(setting);
  }

  /** Calls `wake` whenever one goes off that no other process was told of. */
  async listen(connection: ConnectionOptions, wake: () => void, onProblem: ProblemListener): Promise<void> {
    const take = (): Promise<void> => {
      wake();
      return Promise.resolve();
    };
    const worker = new this.#bullmq.Worker(this.#queue.name, take, { connection, runRetryDelay: 1000 });
    this.#worker = worker;
    worker.on('error', (error) => {
      onProblem(withoutCommand(error));
    });
    await worker.waitUntilReady().catch((error: unknown) => {
      throw withoutCommand(error);
    });
    const backend = worker.getBackend();
    const clients = [await backend.client, await backend.blockingClient];
    this.#isConnected = () => clients.every((client) => client?.status === 'ready');
  }

  async close(): Promise<void> {
    if (this.#redis.status === 'ready') await Promise.allSettled(this.#setting);
    await this.#worker?.close(!this.#isConnected()); // gently, BullMQ waits for ever for a Redis that is away
    await this.#queue.close();
  }
}
