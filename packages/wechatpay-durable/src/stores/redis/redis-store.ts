// Over 250 lines, as one idea: every command about a durable order stands here, each with the fence that decides whether it counts.
import { randomUUID } from 'node:crypto';
import type { ConnectionOptions } from 'bullmq';
import type { Redis } from 'ioredis';
import { WechatPayConfigError, WechatPayRequestError } from 'wechatpay-core';
import { DurableOrdersError, LeaseLostError, storeInUse, storeNotOpen } from '../../errors.js';
import { isOpen, mayChange, mayReopen } from '../columns.js';
import { chained, EMPTY_JOURNAL, type JournalHead } from '../journal.js';
import { refundDays } from '../kinds.js';
import { LeaseLoop } from '../lease-loop.js';
import { Lifecycle } from '../lifecycle.js';
import { assertClock, loadPeer } from '../options.js';
import { Upkeep } from '../upkeep.js';
import type {
  Amendment,
  DurableData,
  DurableOrderCounts,
  DurableOrderStatus,
  DurableRow,
  JournalEntry,
  OrderHandler,
  OrderStore,
  ParentCheck,
  ProcessOptions,
  ReconciliationStore,
  ReopenedStatus,
  StoredJournalEntry,
  StoreEnqueueOptions,
  StoreFilter,
  StoreQuery,
  Verdict,
} from '../store.js';
import { takeOverOldJobs } from './old-jobs.js';
import { RedisAlarms } from './redis-alarms.js';
import { assertKeeps, connect, withoutCommand } from './redis-connection.js';
import { RedisDatabase } from './redis-database.js';
import { RedisReconciliations } from './redis-reconciliations.js';
import { resolveOptions, type RedisStoreOptions, type Settings } from './redis-options.js';
import {
  changeArgs,
  dataArgs,
  entryArgs,
  KINDS,
  listArgs,
  toEntry,
  toHead,
  toReadRow,
  toRow,
  type HeadReply,
  type ReadRow,
  type RowReply,
} from './redis-rows.js';
import {
  CHANGE,
  COUNTS,
  ENQUEUE,
  FAMILY,
  FIND,
  GET,
  JOURNAL,
  LIST,
  NOTE,
  PRUNE_JOURNALS,
  PRUNE_ROWS,
  TAKE,
  TOUCH,
} from './redis-scripts.js';

export type { RedisConnection } from './redis-connection.js';
export type { RedisStoreOptions } from './redis-options.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const MINUTE_MS = 60 * 1000;
const HOUR_MS = 60 * MINUTE_MS;
/** A charge of an earlier version is answered or given up by then: until then it looks for its job, and must find it. */
const YOUNG_MS = 2 * MINUTE_MS;
/** How often a change is tried that others are faster with. */
const TRIES = 100;
const PRUNE_AT_ONCE = 100;

/**
 * Durable orders on Redis 6.2 or later, with optional peers: `npm install bullmq ioredis`. As many processes as you like.
 *
 * An order is a hash of ours, its journal a stream; [BullMQ](https://bullmq.io) is the alarm that wakes a worker when something is due.
 * What a change stores, notes and sets is one script: all of it, or nothing.
 *
 * Redis must have an append-only file and must not evict keys; with `appendfsync always` it loses nothing that it has acknowledged, with
 * `everysec` up to a second of it where the machine fails. A fail-over to a replica can lose what the replica does not have yet: see
 * `replicas`.
 *
 * @example new RedisStore({ connection: process.env.REDIS_URL })
 * @see https://redis.io/docs/latest/operate/oss_and_stack/management/persistence/ (Redis persistence)
 */
export class RedisStore implements OrderStore {
  readonly reconciliations: ReconciliationStore;
  readonly #settings: Settings;
  readonly #lifecycle = new Lifecycle();
  #opened: Opened | undefined;
  #loop: LeaseLoop<Taken> | undefined;
  #upkeep: Upkeep | undefined;
  #isGivingUp = false;

  /** @throws {WechatPayConfigError} an option that is invalid. */
  constructor(options: RedisStoreOptions) {
    this.#settings = resolveOptions(options);
    const { keepDays, journalDays } = this.#settings;
    const days = { keepDays: journalDays, orderDays: keepDays };
    this.reconciliations = new RedisReconciliations(() => this.#open().database, days);
  }

  /**
   * Takes over what the earlier version kept as jobs of BullMQ.
   *
   * @throws {WechatPayConfigError} a Redis that can lose what it has acknowledged; or a worker of the earlier version is at work.
   * @throws {DurableOrdersError} it cannot be reached, or refuses the password.
   */
  open(): Promise<void> {
    return this.#lifecycle.run(() => this.#connect());
  }

  async #connect(): Promise<void> {
    if (this.#opened) return;
    const { connection, queue, allowVolatileRedis } = this.#settings;
    this.#isGivingUp = false;
    const bullmq = await loadPeer('bullmq', () => import('bullmq'));
    const { Redis } = await loadPeer('ioredis', () => import('ioredis'));
    // No command waits for long for a Redis that is away: the caller has a customer at the till.
    const own = { maxRetriesPerRequest: 1, commandTimeout: 10_000, lazyConnect: true };
    const redis =
      typeof connection === 'string'
        ? new Redis(connection, { ...this.#reconnect, ...own })
        : new Redis({ ...this.#reconnect, ...connection, ...own });
    await connect(redis);
    try {
      if (!allowVolatileRedis) await assertKeeps(redis);
      assertClock(await clockOf(redis));
      const database = new RedisDatabase(redis, `wechatpay:${queue}:`, this.#settings);
      const takeOver = (leastAgeMs: number): Promise<number> =>
        takeOverOldJobs({ bullmq, redis, name: queue, database }, { leastAgeMs });
      const workers = await takeOver(YOUNG_MS);
      if (workers > 0) {
        const problem = `is worked on by an earlier version (${workers} of its workers): stop all its processes, then start this one.`;
        throw new WechatPayConfigError('queue', problem);
      }
      this.#opened = { redis, database, alarms: new RedisAlarms(bullmq, `${queue}-alarms`, redis), takeOver };
    } catch (error) {
      redis.disconnect();
      throw withoutCommand(error);
    }
  }

  close(): Promise<void> {
    return this.#lifecycle.run(() => this.#disconnect());
  }

  async #disconnect(): Promise<void> {
    // Side by side: clearing away must not keep the loop taking on.
    await Promise.all([this.#upkeep?.stop(), this.#loop?.stop()]);
    this.#upkeep = undefined;
    this.#loop = undefined;
    this.#isGivingUp = true;
    const opened = this.#opened;
    this.#opened = undefined;
    await opened?.alarms.close();
    opened?.redis.disconnect();
  }

  async enqueue(
    id: string,
    data: DurableData,
    delayMs: number,
    { tx, journal, parent }: StoreEnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    if (tx !== undefined) {
      const problem =
        "is not possible: Redis is not in the database's transaction; enqueue before it, or use PostgresStore.";
      throw new WechatPayRequestError('tx', problem);
    }
    const { database } = this.#open();
    const version = randomUUID();
    const delay = wholeMs(delayMs);
    const args = dataArgs(data);
    let before: JournalHead = EMPTY_JOURNAL;
    for (let time = 1; time <= TRIES; time += 1) {
      const [, kind, merchant, sub, number] = args;
      const family = parent && (await this.#check(parent, [id, kind, merchant, sub, number]));
      if (parent && family === undefined) return 'duplicate';
      const { entries, head } = chained(id, before, journal);
      const reply = (await database.write(
        ENQUEUE,
        ...[id, version, 'waiting', delay, ...args, parent?.id === id ? '' : (parent?.id ?? ''), family ?? '', '', ''],
        ...[before.seq, head.seq, head.hash],
        ...entryArgs(entries),
      )) as 0 | 1 | 2 | HeadReply;
      if (reply === 0) return 'duplicate';
      if (reply === 1) {
        this.#wakeIn(delay);
        return 'enqueued';
      }
      if (reply !== 2) before = toHead(reply);
    }
    throw tooManyChanges(parent?.id ?? id);
  }

  /**
   * @param one what must not be there yet.
   * @returns the family as it was checked: what follows counts only if that is still the same. Undefined where `one` is there.
   */
  async #check(
    { id, check }: ParentCheck,
    one: readonly [id: string, kind: string, merchant: string, sub: string, number: string] = ['', '', '', '', ''],
  ): Promise<string | undefined> {
    const reply = (await this.#open().database.run(FAMILY, ...one, id)) as
      0 | [family: string, parent: RowReply | null, ...parts: RowReply[]];
    if (reply === 0) return undefined;
    const [family, parentRow, ...parts] = reply;
    check(parts.map(toRow), parentRow === null ? undefined : toRow(parentRow));
    return family;
  }

  async process(handler: OrderHandler, { concurrency, onProblem }: ProcessOptions): Promise<void> {
    const { redis, database, alarms, takeOver } = this.#open();
    if (this.#loop) throw storeInUse();
    const { connection, pollMs, leaseMs } = this.#settings;
    const loop = new LeaseLoop<Taken>({
      concurrency,
      onProblem,
      handler,
      pollMs,
      touchMs: leaseMs / 4,
      take: (limit, except) => this.#take(database, limit, except),
      touch: async (taken) => {
        await database.run(TOUCH, leaseMs, ...taken.flatMap(({ id, version }) => [id, version]));
      },
      save: (taken, data, journal, parent) => this.#keep(taken, { status: 'active', data, journal }, parent),
      resolve: async (taken, verdict) => {
        await this.#keep(taken, changeOf(verdict));
        if (verdict.kind === 'again') this.#wakeIn(wholeMs(verdict.delayMs));
      },
    });
    this.#loop = loop;
    const options = typeof connection === 'string' ? { url: connection } : connection;
    await alarms.listen(
      { ...this.#reconnect, ...options } as ConnectionOptions,
      () => {
        loop.wake();
      },
      onProblem,
    );
    if (this.#loop !== loop) return; // closed meanwhile
    loop.start();
    const duties = [
      {
        everyMs: MINUTE_MS,
        do: async () => {
          assertClock(await clockOf(redis));
        },
      },
      { everyMs: HOUR_MS, firstMs: 5 * MINUTE_MS, do: (signal: AbortSignal) => this.#prune(signal) },
      // What was young, or is of a process of the earlier version that was not stopped.
      { everyMs: MINUTE_MS, do: () => takeOver(YOUNG_MS) },
    ];
    this.#upkeep = new Upkeep(duties, onProblem);
  }

  async #take(database: RedisDatabase, limit: number, except: readonly string[]): Promise<Taken[]> {
    const version = randomUUID();
    const replies = (await database.run(TAKE, version, this.#settings.leaseMs, limit, ...except)) as [
      id: string,
      data: string,
      parent: string,
      seq: string,
      hash: string,
    ][];
    return replies.map(([id, data, parentId, seq, hash]) => ({
      id,
      data: JSON.parse(data) as DurableData,
      ...(parentId !== '' && { parentId }),
      version,
      head: { seq: Number(seq), hash },
    }));
  }

  /** What others note meanwhile stands before what is noted here. @throws {LeaseLostError} or what the check throws. */
  async #keep(taken: Taken, change: Noted<Change>, parent?: ParentCheck): Promise<void> {
    for (let time = 1; time <= TRIES; time += 1) {
      const family = parent && (await this.#check(parent));
      const stored = await this.#store(taken, change, { isWorker: true, family });
      if (!stored) throw new LeaseLostError(taken.id);
      Object.assign(taken, stored);
      if (stored.version !== undefined) return;
    }
    throw tooManyChanges(taken.id);
  }

  async reschedule(
    id: string,
    delayMs: number | ((row: DurableRow) => number),
    journal?: readonly JournalEntry[],
  ): Promise<boolean> {
    return this.#change(id, isOpen, (row) => {
      const delay = typeof delayMs === 'number' ? delayMs : delayMs(row.row);
      return { status: 'waiting', data: row.data, delayMs: wholeMs(delay), journal };
    });
  }

  async amend(id: string, change: (row: DurableRow) => Amendment | undefined): Promise<boolean> {
    return this.#change(id, mayChange, ({ row }) => {
      const next = change(row);
      return next && { ...next, status: 'waiting', delayMs: wholeMs(next.delayMs) };
    });
  }

  async cancel(id: string, journal?: readonly JournalEntry[]): Promise<boolean> {
    return this.#change(id, mayChange, ({ data }) => ({ status: 'cancelled', data, journal }));
  }

  async redrive(
    id: string,
    from: readonly ReopenedStatus[],
    change: (row: DurableRow) => Omit<Amendment, 'delayMs'> | undefined,
    parent?: ParentCheck,
  ): Promise<boolean> {
    const isRight = (row: ReadRow): boolean => mayReopen(row, from);
    const reopened = ({ row }: ReadRow): Noted<Change> | undefined => {
      const next = change(row);
      return next && { ...next, status: 'waiting', delayMs: 0 };
    };
    return this.#change(id, isRight, reopened, parent);
  }

  async note(id: string, journal: readonly JournalEntry[]): Promise<boolean> {
    const { database } = this.#open();
    const reply = await this.#read(id);
    let before = reply && toReadRow(reply).head;
    for (let time = 1; before && time <= TRIES; time += 1) {
      const { entries, head } = chained(id, before, journal);
      const noted = (await database.write(NOTE, id, before.seq, head.seq, head.hash, ...entryArgs(entries))) as
        0 | 1 | HeadReply;
      if (noted === 0) return false;
      if (noted === 1) return true;
      before = toHead(noted);
    }
    if (!before) return false;
    throw tooManyChanges(id);
  }

  async get(id: string): Promise<DurableRow | undefined> {
    const reply = await this.#read(id);
    return reply && toRow(reply);
  }

  async find({ outTradeNo, outRefundNo, transactionId, parentId, merchantId }: StoreQuery): Promise<DurableRow[]> {
    const places = [
      ...(outTradeNo === undefined ? [] : [`number:order:${outTradeNo}`]),
      ...(outRefundNo === undefined ? [] : [`number:refund:${outRefundNo}`]),
      ...(transactionId === undefined ? [] : [`transaction:${transactionId}`]),
      ...(parentId === undefined ? [] : [`parts:${parentId}`]),
    ];
    const rows = ((await this.#open().database.run(FIND, ...places)) as RowReply[]).map(toRow);
    return rows
      .filter((row) => merchantId === undefined || row.merchantId === merchantId)
      .sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime() || (one.id < other.id ? -1 : 1))
      .slice(0, 1000);
  }

  async list(filter: StoreFilter): Promise<DurableRow[]> {
    const { database } = this.#open();
    const args = listArgs(filter);
    return args ? ((await database.run(LIST, ...args)) as RowReply[]).map(toRow) : [];
  }

  async counts(): Promise<DurableOrderCounts> {
    const [now, waiting, active, done, dead, cancelled, oldest, due] = (await this.#open().database.run(COUNTS)) as [
      string,
      ...[number, number, number, number, number],
      ...[string, string],
    ];
    return {
      ...{ waiting, active, done, dead, cancelled },
      lateMs: due === '' ? 0 : Math.max(0, Number(now) - Number(due)),
      ...(oldest !== '' && { oldestOpenAt: new Date(Number(oldest)) }),
    };
  }

  async journal(
    id: string,
    { after = 0, limit = 1000 }: { after?: number; limit?: number } = {},
  ): Promise<StoredJournalEntry[]> {
    return ((await this.#open().database.run(JOURNAL, id, after, limit)) as string[]).map(toEntry);
  }

  /** Redis's clock, in milliseconds since 1970. */
  async now(): Promise<number> {
    const { redis } = this.#open();
    return clockOf(redis);
  }

  prune(): Promise<{ orders: number; journal: number }> {
    return this.#prune();
  }

  /** @param signal aborted, it ends after the current step. */
  async #prune(signal?: AbortSignal): Promise<{ orders: number; journal: number }> {
    const { database } = this.#open();
    const { keepDays, journalDays } = this.#settings;
    let orders = 0;
    for (const kind of KINDS) {
      const days = kind === 'order' ? keepDays : refundDays(keepDays, journalDays);
      for (const status of ['done', 'cancelled']) {
        let gone: number;
        do {
          gone = (await database.run(PRUNE_ROWS, `${kind}:${status}`, days * DAY_MS, PRUNE_AT_ONCE)) as number;
          orders += gone;
        } while (gone === PRUNE_AT_ONCE && !signal?.aborted);
      }
    }
    let journal = 0;
    for (;;) {
      const reply = await database.run(PRUNE_JOURNALS, journalDays * DAY_MS, PRUNE_AT_ONCE);
      const [gone, looked] = reply as [number, number];
      journal += gone;
      if (looked === 0 || signal?.aborted) return { orders, journal };
    }
  }

  /** Reads a row, and changes it where it is right and still the same then; else again. */
  async #change(
    id: string,
    isRight: (row: ReadRow) => boolean,
    change: (row: ReadRow) => Noted<Change> | undefined,
    parent?: ParentCheck,
  ): Promise<boolean> {
    for (let time = 1; time <= TRIES; time += 1) {
      const reply = await this.#read(id);
      const row = reply && toReadRow(reply);
      const next = row && isRight(row) ? change(row) : undefined;
      if (!row || !next) return false;
      const family = parent && (await this.#check(parent));
      if ((await this.#store(row, next, { isWorker: false, family }))?.version !== undefined) {
        if (next.delayMs !== undefined) this.#wakeIn(next.delayMs);
        return true;
      }
    }
    throw tooManyChanges(id);
  }

  async #read(id: string): Promise<RowReply | undefined> {
    return ((await this.#open().database.run(GET, id)) as RowReply | null) ?? undefined;
  }

  /**
   * @returns what it is by now; undefined where it was another already; only the head of its journal where others have noted something, or
   *   its refunds are others than those that were checked.
   */
  async #store(
    { id, version, head }: Fenced,
    { status, data, delayMs, journal }: Noted<Change>,
    { isWorker, family }: { isWorker: boolean; family?: string | undefined },
  ): Promise<{ readonly version?: string; readonly head: JournalHead } | undefined> {
    const next = { version: randomUUID(), ...chained(id, head, journal) };
    const args = changeArgs({ id, version }, { ...next, isWorker, status, data, delayMs, family });
    const reply = (await this.#open().database.write(CHANGE, ...args)) as 0 | 1 | 2 | HeadReply;
    if (reply === 0) return undefined;
    if (reply === 2) return { head };
    return reply === 1 ? { version: next.version, head: next.head } : { head: toHead(reply) };
  }

  #wakeIn(delayMs: number): void {
    if (delayMs === 0) this.#loop?.wake();
    this.#opened?.alarms.set(delayMs);
  }

  #open(): Opened {
    if (this.#opened) return this.#opened;
    throw storeNotOpen();
  }

  get #reconnect(): Reconnect {
    return {
      retryStrategy: (times) => (this.#isGivingUp ? null : Math.min(times * 100, 1000)),
      // After a fail-over, what was the primary may still be there.
      reconnectOnError: ({ message }) => message.includes('READONLY'),
    };
  }
}

interface Reconnect {
  readonly retryStrategy: (times: number) => number | null;
  readonly reconnectOnError: (error: Error) => boolean;
}

interface Opened {
  readonly redis: Redis;
  readonly database: RedisDatabase;
  readonly alarms: RedisAlarms;
  /** See {@link takeOverOldJobs}. */
  readonly takeOver: (leastAgeMs: number) => Promise<number>;
}

/** What is changed only as long as nobody else has: see {@link ReadRow}. */
type Fenced = Pick<ReadRow, 'id' | 'version' | 'head'>;

interface Taken extends Fenced {
  readonly data: DurableData;
  readonly parentId?: string;
}

interface Change {
  readonly status: DurableOrderStatus;
  readonly data: DurableData;
  /** When it is due from now; left out, that stays. */
  readonly delayMs?: number;
}

type Noted<Of> = Of & { readonly journal?: readonly JournalEntry[] | undefined };

async function clockOf(redis: Redis): Promise<number> {
  try {
    const [seconds, microseconds] = await redis.time();
    return Number(seconds) * 1000 + Number(microseconds) / 1000;
  } catch (error) {
    throw withoutCommand(error);
  }
}

function changeOf(verdict: Verdict): Noted<Change> {
  const { kind, data, journal } = verdict;
  if (kind !== 'again') return { status: kind, data, journal };
  return { status: 'waiting', data, delayMs: wholeMs(verdict.delayMs), journal };
}

function wholeMs(delayMs: number): number {
  return Math.max(0, Math.ceil(delayMs));
}

function tooManyChanges(id: string): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_STORE_FAILED',
    `The store failed: durable order ${id} was changed by others ${TRIES} times in a row. Try again.`,
  );
}
