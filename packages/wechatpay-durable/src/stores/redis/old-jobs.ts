import { randomUUID } from 'node:crypto';
import type * as BullMq from 'bullmq';
import type { Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { DurableOrderData, DurableOrderStatus } from '../store.js';
import { asksForMore, goingOn } from '../columns.js';
import { chained } from '../journal.js';
import type { RedisDatabase } from './redis-database.js';
import { changeArgs, dataArgs, toReadRow, type RowReply } from './redis-rows.js';
import { CHANGE, ENQUEUE, GET } from './redis-scripts.js';

const AT_ONCE = 100;
/** What they are for BullMQ, and for us. */
const STATUSES = {
  delayed: 'waiting',
  wait: 'waiting',
  prioritized: 'waiting',
  active: 'waiting',
  completed: 'done',
  failed: 'dead',
} as const satisfies Record<string, DurableOrderStatus>;

interface Place {
  readonly bullmq: typeof BullMq;
  readonly redis: Redis;
  /** BullMQ's queue. */
  readonly name: string;
  readonly database: RedisDatabase;
}

/**
 * Takes over what the version before kept: there, a durable order was a job of BullMQ, in the queue of this name. Each is stored as a row,
 * due at once, before its job is removed: where that is cut short, the next one resumes it.
 *
 * Nothing is taken over while a worker of that version is at work: it would not see what is stored here.
 *
 * @param options `leastAgeMs`: the age of a job that is taken: of a younger one, a payment may be under way that looks for its job.
 * @returns how many workers of that version there are.
 */
export async function takeOverOldJobs(
  { bullmq, redis, name, database }: Place,
  { leastAgeMs }: { leastAgeMs: number },
): Promise<number> {
  const queue = new bullmq.Queue<DurableOrderData>(name, { connection: redis, skipMetasUpdate: true });
  queue.on('error', () => undefined);
  try {
    const cancelled = queue.toKey('orders:cancelled');
    const isThere = Object.values(await queue.getJobCounts()).some((count) => count > 0);
    if (!isThere && (await redis.exists(cancelled)) === 0) return 0;
    const workers = await countWorkers(queue);
    if (workers > 0) return workers;
    const last = Date.now() - leastAgeMs;
    const take = async (job: Job<DurableOrderData>, status: DurableOrderStatus): Promise<boolean> =>
      job.timestamp <= last && takeOver(database, job, status);
    for (const [state, status] of Object.entries(STATUSES)) {
      await takeOverAll(
        (from) => queue.getJobs([state as keyof typeof STATUSES], from, from + AT_ONCE - 1, true),
        (job) => take(job, status),
      );
    }
    await takeOverAll(
      async (from) => {
        const ids = await redis.zrange(cancelled, String(from), String(from + AT_ONCE - 1));
        return Promise.all(ids.map(async (id) => [id, await queue.getJob(id)] as const));
      },
      async ([id, job]) => {
        const isTaken = !job || (await take(job, 'cancelled'));
        if (isTaken) await redis.zrem(cancelled, id);
        return isTaken;
      },
    );
    await redis.del(['orders:all', 'orders:open', 'orders:dead'].map((key) => queue.toKey(key)));
    return 0;
  } finally {
    await queue.close();
  }
}

async function countWorkers(queue: BullMq.Queue): Promise<number> {
  // Where Redis tells nobody's name, nobody is found.
  const workers = await queue.getWorkers().catch(() => []);
  return workers.filter(({ addr }) => addr !== undefined).length;
}

/** Page by page, as long as any can be taken over; what cannot be stays where it is. */
async function takeOverAll<Old>(
  page: (from: number) => Promise<Old[]>,
  take: (old: Old) => Promise<boolean>,
): Promise<void> {
  let left = 0;
  for (;;) {
    const found = await page(left);
    if (found.length === 0) return;
    for (const old of found) if (!(await take(old))) left += 1;
  }
}

/** Both versions had this order: see {@link asksForMore}. @returns false where a worker has it, or it was changed just now. */
async function merge(database: RedisDatabase, reply: RowReply, old: DurableOrderData): Promise<boolean> {
  const row = toReadRow(reply);
  if (!asksForMore(row, old)) return true;
  if (row.status === 'active') return false;
  const { id, head } = row;
  const next = chained(id, head, [{ at: Date.now(), kind: 'taken-over', fields: { state: old.state } }]);
  const change = { version: randomUUID(), isWorker: false, status: 'waiting', delayMs: 0, ...next } as const;
  return (await database.write(CHANGE, ...changeArgs(row, { ...change, data: goingOn(row, old) }))) === 1;
}

/** @returns whether its job is gone. */
async function takeOver(
  database: RedisDatabase,
  job: Job<DurableOrderData>,
  status: DurableOrderStatus,
): Promise<boolean> {
  const { id = '', data, timestamp, finishedOn } = job;
  const ended = status === 'waiting' ? '' : (finishedOn ?? timestamp);
  // By its time: the same order may be stored there once more.
  const version = `job:${id}:${timestamp}`;
  await database.write(ENQUEUE, ...[id, version, status, 0, ...dataArgs(data), '', '', timestamp, ended, 0, 0, '']);
  const reply = (await database.run(GET, id)) as RowReply | null;
  if (reply === null) return false;
  if (status === 'waiting' && !(await merge(database, reply, data))) return false;
  // Of a worker that vanished, the lock lapses within a minute.
  return job.remove().then(
    () => true,
    () => false,
  );
}
