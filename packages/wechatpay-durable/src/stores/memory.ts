// Over 250 lines, as one idea: a store whose rows are in this process, each change with the rule that decides whether it counts.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WechatPayRequestError } from 'wechatpay-core';
import { LeaseLostError, storeInUse, storeNotOpen } from '../errors.js';
import { columnsOf, isOpen, mayChange, mayReopen, type Columns } from './columns.js';
import { chained, EMPTY_JOURNAL, type JournalHead } from './journal.js';
import { refundDays } from './kinds.js';
import { LeaseLoop } from './lease-loop.js';
import { Lifecycle } from './lifecycle.js';
import { MemoryReconciliations, ReconciliationShelf } from './memory-reconciliations.js';
import { checkOptions, checkWhole, wrong } from './options.js';
import { rowOf } from './row.js';
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
} from './store.js';

export interface MemoryStoreOptions {
  /** For how long what is done or cancelled is kept: 1 to 3650 days. What is dead stays. @default 30 */
  readonly keepDays?: number | undefined;
  /** For how long journal entries are kept, and refunds, those for a year at least: 1 to 3650 days. @default 400 */
  readonly journalDays?: number | undefined;
  /** Without a sign of life for so long, a worker has lost what it had: in milliseconds, 100 to 3600000. @default 10000 */
  readonly leaseMs?: number | undefined;
  /** The store's clock, in milliseconds since 1970. Timers go by the real one. @default Date.now */
  readonly now?: (() => number) | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** The longest that a timer of Node.js waits. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const POLL_MS = 50;

/**
 * Durable orders in this process alone, for unit tests: it does what the other stores do, at once, and forgets everything when the
 * process ends.
 *
 * @example
 * const store = new MemoryStore();
 * const durableOrders = new DurableOrders({ store, clients: client });
 */
export class MemoryStore implements OrderStore {
  readonly reconciliations: ReconciliationStore;
  readonly #settings: Settings;
  readonly #shelf: Shelf;
  readonly #lifecycle = new Lifecycle();
  #loop: LeaseLoop<Taken> | undefined;
  #isOpen = false;

  /** @throws {WechatPayConfigError} an option that is invalid. */
  constructor(options: MemoryStoreOptions = {}) {
    checkOptions(options, ['keepDays', 'journalDays', 'leaseMs', 'now', SHELF]);
    const { keepDays = 30, journalDays = 400, leaseMs = 10_000, now = Date.now } = options;
    checkWhole('keepDays', keepDays, 1, 3650);
    checkWhole('journalDays', journalDays, 1, 3650);
    checkWhole('leaseMs', leaseMs, 100, 3_600_000);
    if (typeof (now as unknown) !== 'function') throw wrong('now', 'must be a function, as in Date.now.');
    this.#settings = { keepDays, journalDays, leaseMs, now };
    this.#shelf = (options as { [SHELF]?: Shelf })[SHELF] ?? new Shelf();
    this.reconciliations = new MemoryReconciliations(async () => (await this.#opened()).reconciliations, {
      now,
      keepDays,
    });
  }

  /** Another store on the same rows, as another process would have it. */
  share(options: Pick<MemoryStoreOptions, 'leaseMs'> = {}): MemoryStore {
    return new MemoryStore({ ...this.#settings, ...options, [SHELF]: this.#shelf } as MemoryStoreOptions);
  }

  open(): Promise<void> {
    return this.#lifecycle.run(() => {
      this.#isOpen = true;
      return Promise.resolve();
    });
  }

  close(): Promise<void> {
    return this.#lifecycle.run(async () => {
      const loop = this.#loop;
      await loop?.stop();
      if (loop) this.#shelf.loops.delete(loop);
      this.#loop = undefined;
      this.#isOpen = false;
    });
  }

  async enqueue(
    id: string,
    data: DurableData,
    delayMs: number,
    { tx, journal, parent }: StoreEnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    if (tx !== undefined) {
      throw new WechatPayRequestError('tx', 'is not possible: memory is in no transaction; use PostgresStore.');
    }
    const shelf = await this.#opened();
    const now = this.#now();
    const row = readRow(data, {
      id,
      createdAt: now,
      dueAt: now + delayMs,
      parentId: parent?.id === id ? undefined : parent?.id,
    });
    if (shelf.rows.has(id) || shelf.idOf(row.columns) !== undefined) return 'duplicate';
    if (parent) checkFamily(shelf, parent);
    const { seq, hash } = shelf.journals.get(id)?.at(-1) ?? EMPTY_JOURNAL;
    this.#put({ ...row, head: { seq, hash } }, journal);
    return 'enqueued';
  }

  process(handler: OrderHandler, { concurrency, onProblem }: ProcessOptions): Promise<void> {
    if (!this.#isOpen) return Promise.reject(storeNotOpen());
    if (this.#loop) return Promise.reject(storeInUse());
    const { leaseMs } = this.#settings;
    this.#loop = new LeaseLoop<Taken>({
      concurrency,
      onProblem,
      handler,
      pollMs: POLL_MS,
      touchMs: leaseMs / 3,
      take: async (limit, except) => {
        await nextTurn(); // steps that take no time must not hold up the process's timers
        return this.#take(limit, except);
      },
      touch: (taken) => {
        for (const { id, lease } of taken) {
          const row = this.#shelf.rows.get(id);
          if (row?.lease === lease && row.status === 'active') row.leasedUntil = this.#now() + leaseMs;
        }
        return Promise.resolve();
      },
      save: async (taken, data, journal, parent) => {
        await Promise.resolve();
        const row = this.#held(taken);
        if (parent) checkFamily(this.#shelf, parent);
        this.#put({ ...row, ...readData(data) }, journal);
      },
      resolve: async (taken, verdict) => {
        await Promise.resolve();
        this.#resolve(this.#held(taken), verdict);
      },
    });
    this.#shelf.loops.add(this.#loop);
    this.#loop.start();
    return Promise.resolve();
  }

  #take(limit: number, except: readonly string[]): Taken[] {
    const now = this.#now();
    const isDue = ({ status, dueAt, leasedUntil, columns }: Row): boolean =>
      (status === 'waiting' ? dueAt <= now : status === 'active' && leasedUntil < now) &&
      !except.includes(columns.merchantId);
    const due = this.#shelf.find(isDue).sort((one, other) => one.dueAt - other.dueAt);
    return due.slice(0, limit).map((row) => {
      const taken: Row = {
        ...row,
        status: 'active',
        lease: row.lease + 1,
        leasedUntil: now + this.#settings.leaseMs,
      };
      this.#shelf.put(taken);
      const { id, json, lease, parentId } = taken;
      const data = JSON.parse(json) as DurableData;
      return { id, data, lease, ...(parentId !== undefined && { parentId }) };
    });
  }

  #held({ id, lease }: Taken): Row {
    const row = this.#shelf.rows.get(id);
    if (row?.status === 'active' && row.lease === lease && row.leasedUntil >= this.#now()) return row;
    throw new LeaseLostError(id);
  }

  #resolve(row: Row, verdict: Verdict): void {
    const now = this.#now();
    const next = { ...row, ...readData(verdict.data) };
    if (verdict.kind === 'again') {
      this.#put({ ...next, status: 'waiting', dueAt: now + verdict.delayMs }, verdict.journal);
    } else {
      this.#put({ ...next, status: verdict.kind, endedAt: now }, verdict.journal);
    }
  }

  reschedule(
    id: string,
    delayMs: number | ((row: DurableRow) => number),
    journal?: readonly JournalEntry[],
  ): Promise<boolean> {
    return this.#change(id, isOpen, (row) => {
      const delay = typeof delayMs === 'number' ? delayMs : delayMs(rowOf(row));
      return [{ dueAt: this.#now() + delay }, journal];
    });
  }

  amend(id: string, change: (row: DurableRow) => Amendment | undefined): Promise<boolean> {
    return this.#change(id, mayChange, (row) => {
      const next = change(rowOf(row));
      return next && [{ ...readData(next.data), dueAt: this.#now() + next.delayMs }, next.journal];
    });
  }

  cancel(id: string, journal?: readonly JournalEntry[]): Promise<boolean> {
    return this.#change(id, mayChange, () => [{ status: 'cancelled', endedAt: this.#now() }, journal]);
  }

  redrive(
    id: string,
    from: readonly ReopenedStatus[],
    change: (row: DurableRow) => Omit<Amendment, 'delayMs'> | undefined,
    parent?: ParentCheck,
  ): Promise<boolean> {
    const isRight = (row: Row): boolean => mayReopen(row, from);
    return this.#change(id, isRight, (row) => {
      const next = change(rowOf(row));
      if (!next) return undefined;
      if (parent) checkFamily(this.#shelf, parent);
      return [{ ...readData(next.data), status: 'waiting', dueAt: this.#now(), endedAt: undefined }, next.journal];
    });
  }

  async note(id: string, journal: readonly JournalEntry[]): Promise<boolean> {
    const shelf = await this.#opened();
    const row = shelf.rows.get(id);
    if (row) this.#note(row, journal);
    return row !== undefined;
  }

  async get(id: string): Promise<DurableRow | undefined> {
    const row = (await this.#opened()).rows.get(id);
    return row && rowOf(row);
  }

  async find({ outTradeNo, outRefundNo, transactionId, parentId, merchantId }: StoreQuery): Promise<DurableRow[]> {
    const shelf = await this.#opened();
    const wanted = ({ columns, ...row }: Row): boolean =>
      (merchantId === undefined || columns.merchantId === merchantId) &&
      ((outTradeNo !== undefined && columns.kind === 'order' && columns.number === outTradeNo) ||
        (outRefundNo !== undefined && columns.kind === 'refund' && columns.number === outRefundNo) ||
        (transactionId !== undefined && columns.transactionId === transactionId) ||
        (parentId !== undefined && row.parentId === parentId));
    return shelf.find(wanted).sort(byCreation).slice(0, 1000).map(rowOf);
  }

  async list(filter: StoreFilter): Promise<DurableRow[]> {
    const { status, kind, merchantId, createdBefore, ended, after, limit = 100 } = filter;
    const shelf = await this.#opened();
    const statuses = status === undefined ? undefined : [status].flat();
    const sortBy = ended ? byEnd : byCreation;
    const last = after && {
      id: after.id,
      createdAt: after.createdAt.getTime(),
      endedAt: after.endedAt?.getTime(),
    };
    const wanted = (row: Row): boolean =>
      (statuses?.includes(row.status) ?? true) &&
      (kind === undefined || row.columns.kind === kind) &&
      (merchantId === undefined || row.columns.merchantId === merchantId) &&
      (createdBefore === undefined || row.createdAt < createdBefore.getTime()) &&
      (ended === undefined || isBetween(row.endedAt, ended)) &&
      (last === undefined || sortBy(row, last) > 0);
    return shelf.find(wanted).sort(sortBy).slice(0, limit).map(rowOf);
  }

  async counts(): Promise<DurableOrderCounts> {
    const shelf = await this.#opened();
    const counts = { waiting: 0, active: 0, done: 0, dead: 0, cancelled: 0 };
    let oldest = Infinity;
    let firstDue = Infinity;
    for (const { status, createdAt, dueAt } of shelf.rows.values()) {
      counts[status] += 1;
      if (status === 'waiting' || status === 'active') oldest = Math.min(oldest, createdAt);
      if (status === 'waiting') firstDue = Math.min(firstDue, dueAt);
    }
    return {
      ...counts,
      lateMs: Math.max(0, this.#now() - firstDue),
      ...(Number.isFinite(oldest) && { oldestOpenAt: new Date(oldest) }),
    };
  }

  async journal(
    id: string,
    { after = 0, limit = 1000 }: { after?: number; limit?: number } = {},
  ): Promise<StoredJournalEntry[]> {
    const { journals } = await this.#opened();
    const entries = (journals.get(id) ?? []).filter(({ seq }) => seq > after).slice(0, limit);
    return entries.map(({ notedAt: _, ...entry }) => structuredClone(entry));
  }

  async prune(): Promise<{ orders: number; journal: number }> {
    const shelf = await this.#opened();
    const { keepDays, journalDays } = this.#settings;
    const before = (days: number): number => this.#now() - days * DAY_MS;
    const isOver = ({ status, endedAt, columns: { kind } }: Row): boolean =>
      (status === 'done' || status === 'cancelled') &&
      endedAt !== undefined &&
      endedAt < before(kind === 'order' ? keepDays : refundDays(keepDays, journalDays));
    const over = shelf.find(isOver);
    for (const row of over) shelf.remove(row);
    shelf.reconciliations.prune(before(journalDays), this.#now());
    return { orders: over.length, journal: shelf.forget(before(journalDays)) };
  }

  /** @param change undefined where nothing is to be stored. */
  async #change(
    id: string,
    isRight: (row: Row) => boolean,
    change: (row: Row) => [change: Partial<Row>, journal: readonly JournalEntry[] | undefined] | undefined,
  ): Promise<boolean> {
    const shelf = await this.#opened();
    const row = shelf.rows.get(id);
    const next = row && isRight(row) ? change(row) : undefined;
    if (!row || !next) return false;
    this.#put({ ...row, ...next[0] }, next[1]);
    return true;
  }

  /** Stores a row with its journal, and has it woken when it is due. */
  #put(row: Row, journal: readonly JournalEntry[] | undefined): void {
    this.#note(row, journal);
    if (row.status === 'waiting') this.#shelf.wakeIn(row.dueAt - this.#now());
  }

  #note(row: Row, journal: readonly JournalEntry[] | undefined): void {
    const now = this.#now();
    const { entries, head } = chained(row.id, row.head, journal);
    this.#shelf.put({ ...row, head });
    this.#shelf.note(
      row.id,
      entries.map((entry) => ({ ...entry, notedAt: now })),
    );
  }

  #now(): number {
    return this.#settings.now();
  }

  async #opened(): Promise<Shelf> {
    await Promise.resolve(); // as of a store that is elsewhere: never before the caller goes on
    if (!this.#isOpen) throw storeNotOpen();
    return this.#shelf;
  }
}

interface Settings {
  readonly keepDays: number;
  readonly journalDays: number;
  readonly leaseMs: number;
  readonly now: () => number;
}

interface Row {
  readonly id: string;
  readonly json: string;
  readonly columns: Columns;
  readonly status: DurableOrderStatus;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly endedAt: number | undefined;
  readonly parentId: string | undefined;
  /** Grows with each lease: it fences. */
  readonly lease: number;
  leasedUntil: number;
  readonly head: JournalHead;
}

interface Taken {
  readonly id: string;
  readonly data: DurableData;
  readonly lease: number;
  readonly parentId?: string;
}

type NotedEntry = StoredJournalEntry & { readonly notedAt: number };

/** The option by which stores share their rows. A name, and no symbol: options are read by their names. */
const SHELF = 'shelf';

/** What the stores on the same rows share. */
class Shelf {
  readonly rows = new Map<string, Row>();
  readonly journals = new Map<string, NotedEntry[]>();
  readonly loops = new Set<LeaseLoop<Taken>>();
  readonly reconciliations = new ReconciliationShelf();
  readonly #ids = new Map<string, string>();

  put(row: Row): void {
    const before = this.rows.get(row.id);
    if (before) this.#ids.delete(keyOf(before.columns) ?? '');
    this.rows.set(row.id, row);
    const key = keyOf(row.columns);
    if (key !== undefined) this.#ids.set(key, row.id);
  }

  remove({ id, columns }: Row): void {
    this.rows.delete(id);
    this.#ids.delete(keyOf(columns) ?? '');
  }

  find(isWanted: (row: Row) => boolean): Row[] {
    return [...this.rows.values()].filter(isWanted);
  }

  /** Whose number it is already. */
  idOf(columns: Columns): string | undefined {
    return this.#ids.get(keyOf(columns) ?? '');
  }

  note(id: string, entries: readonly NotedEntry[]): void {
    if (entries.length > 0) this.journals.set(id, [...(this.journals.get(id) ?? []), ...entries]);
  }

  forget(before: number): number {
    let forgotten = 0;
    for (const [id, entries] of this.journals) {
      const kept = entries.filter(({ notedAt }) => notedAt >= before);
      forgotten += entries.length - kept.length;
      if (kept.length > 0) this.journals.set(id, kept);
      else this.journals.delete(id);
    }
    return forgotten;
  }

  wakeIn(ms: number): void {
    const wake = (): void => {
      for (const loop of this.loops) loop.wake();
    };
    if (ms <= 0) wake();
    else if (ms <= LONGEST_TIMER_MS) setTimeout(wake, ms).unref();
  }
}

/** @throws whatever the check throws. */
function checkFamily(shelf: Shelf, { id, check }: ParentCheck): void {
  const parent = shelf.rows.get(id);
  check(shelf.find(({ parentId }) => parentId === id).map(rowOf), parent && rowOf(parent));
}

function readData(data: DurableData): Pick<Row, 'json' | 'columns'> {
  const json = JSON.stringify(data);
  return { json, columns: columnsOf(JSON.parse(json) as DurableData) };
}

function readRow(
  data: DurableData,
  { id, createdAt, dueAt, parentId }: Pick<Row, 'id' | 'createdAt' | 'dueAt' | 'parentId'>,
): Row {
  const rest = { status: 'waiting', endedAt: undefined, lease: 0, leasedUntil: 0, head: EMPTY_JOURNAL } as const;
  return { ...rest, ...readData(data), id, createdAt, dueAt, parentId };
}

function keyOf({ kind, merchantId, subMerchantId, number }: Columns): string | undefined {
  return number === null ? undefined : JSON.stringify([kind, merchantId, subMerchantId, number]);
}

type Cursor = Pick<Row, 'id' | 'createdAt' | 'endedAt'>;

function byCreation(one: Cursor, other: Cursor): number {
  return one.createdAt - other.createdAt || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

function byEnd(one: Cursor, other: Cursor): number {
  return (one.endedAt ?? 0) - (other.endedAt ?? 0) || (one.id < other.id ? -1 : one.id > other.id ? 1 : 0);
}

function isBetween(time: number | undefined, { from, to }: { from: Date; to: Date }): boolean {
  return time !== undefined && time >= from.getTime() && time < to.getTime();
}
