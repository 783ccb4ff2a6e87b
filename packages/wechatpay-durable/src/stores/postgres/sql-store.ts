// Over 250 lines, as one idea: what is done in which transaction stands here, each with the fence that decides whether it counts.
import type { PgBoss } from 'pg-boss';
import { WechatPayRequestError } from 'wechatpay-core';
import { LeaseLostError, storeInUse, storeNotOpen, toStoreError } from '../../errors.js';
import { isOpen, mayChange, mayReopen } from '../columns.js';
import { EMPTY_JOURNAL, type JournalHead } from '../journal.js';
import { refundDays } from '../kinds.js';
import { LeaseLoop } from '../lease-loop.js';
import { Lifecycle } from '../lifecycle.js';
import { assertClock, loadPeer } from '../options.js';
import type { SqlDatabase, SqlExecutor } from '../sql-executor.js';
import type {
  Amendment,
  DurableData,
  DurableOrderCounts,
  DurableRow,
  JournalEntry,
  OrderHandler,
  OrderStore,
  ParentCheck,
  ProblemListener,
  ProcessOptions,
  ReconciliationStore,
  ReopenedStatus,
  StoredJournalEntry,
  StoreEnqueueOptions,
  StoreFilter,
  StoreQuery,
  Verdict,
} from '../store.js';
import { Alarms, BOSS_OPTIONS, startBoss, type Alarm } from './alarms.js';
import { Batches } from './batches.js';
import { isForbidden, isMissing, missingGrants } from './grants.js';
import { OldJobs } from './old-jobs.js';
import { OrderRows, rowsOf, type LeasedRow, type ReadRow, type RowChange } from './order-rows.js';
import { migrate } from './schema.js';
import { SqlReconciliations } from './sql-reconciliations.js';
import { resolveOptions, type Settings, type SqlStoreOptions } from './sql-store-options.js';
import { Upkeep, type Duty } from '../upkeep.js';

/** How a database is reached, and left. */
export interface Connection {
  /** pg-boss's ConstructorOptions. No exported type says so: pg-boss's declarations do not compile without `skipLibCheck`. */
  readonly options: object;
  /** The database, as it is reached once pg-boss has started: `boss` is a PgBoss. */
  readonly database: (boss: object) => SqlDatabase;
  readonly close: () => Promise<void>;
}

interface Opened {
  readonly boss: PgBoss;
  readonly db: SqlDatabase;
  readonly rows: OrderRows;
  readonly alarms: Alarms;
  readonly old: OldJobs | undefined;
}

interface Taken extends Omit<LeasedRow, 'head'> {
  readonly alarm: Alarm;
  head: JournalHead;
}

/** What a worker has to store of what it was given: a new state, or, with a verdict, the end of its lease. */
interface Step {
  readonly taken: Taken;
  readonly data: DurableData;
  readonly journal: readonly JournalEntry[] | undefined;
  readonly verdict?: Verdict;
}

/** What is stored of a row that no worker has. */
type Change = Pick<RowChange, 'status' | 'data' | 'delayMs' | 'journal'>;

/** Something else was there first: nothing was stored. */
class Conflict extends Error {}

/** What the caller's check has thrown: no failure of the store. */
class Refused extends Error {
  constructor(readonly reason: unknown) {
    super('refused');
  }
}

const CHANGE_TRIES = 10;
const PRUNE_AT_ONCE = 1000;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/**
 * What PostgreSQL and its embedded sister have in common. A durable order is a row of ours; an alarm of pg-boss, of the same `id`, wakes
 * it and leases it out. What a step stores and notes, the end of its alarm and the next alarm are one transaction.
 *
 * A worker is fenced twice: by the row's `lease`, which grows with each change, and by the attempt of its alarm.
 */
export abstract class SqlStore implements OrderStore {
  readonly #settings: Settings;
  readonly #lifecycle = new Lifecycle();
  #opened: Opened | undefined;
  #leave: (() => Promise<void>) | undefined;
  #loop: LeaseLoop<Taken> | undefined;
  #upkeep: Upkeep | undefined;
  #onProblem: ProblemListener = () => undefined;
  #reconciliations: SqlReconciliations | undefined;

  constructor(options: SqlStoreOptions) {
    this.#settings = resolveOptions(options);
  }

  /** Whether a process of an earlier version can be at work on the same database. */
  protected readonly isAlone: boolean = false;

  protected abstract connect(): Promise<Connection>;

  get reconciliations(): ReconciliationStore {
    return this.#kept();
  }

  #kept(): SqlReconciliations {
    return (this.#reconciliations ??= new SqlReconciliations({
      schema: this.#settings.schema,
      within: (work) => this.#reading(({ db }) => work(db)),
      // In a folder, one process has one connection: what fills it holds up every order.
      isStaging: !this.isAlone,
      orderDays: this.#settings.keepDays,
    }));
  }

  open(): Promise<void> {
    return this.#lifecycle.run(() => this.#connect());
  }

  async #connect(): Promise<void> {
    if (this.#opened) return;
    const { PgBoss } = await loadPeer('pg-boss', () => import('pg-boss'));
    const { options, database, close } = await this.connect();
    this.#leave = close;
    const { schema } = this.#settings;
    const start = (createSchema: boolean): Promise<PgBoss> =>
      startBoss(
        () => new PgBoss({ ...BOSS_OPTIONS, ...options, schema, createSchema }),
        (error) => {
          this.#onProblem(error);
        },
      );
    try {
      // CREATE SCHEMA IF NOT EXISTS wants the right to create one, even where it exists.
      const boss = await start(true).catch((error: unknown) => {
        if (!isForbidden(error)) throw error;
        return start(false);
      });
      this.#leave = async () => {
        await boss.stop({ graceful: false });
        await close();
      };
      this.#opened = await this.#prepare(boss, database(boss));
    } catch (error) {
      await this.#disconnect();
      throw isForbidden(error) || isMissing(error) ? missingGrants(schema, error) : toStoreError(error);
    }
  }

  async #prepare(boss: PgBoss, db: SqlDatabase): Promise<Opened> {
    const { schema } = this.#settings;
    assertClock(await clockOf(db));
    await migrate(db, schema);
    const rows = new OrderRows(schema);
    const alarms = new Alarms(boss, this.#settings);
    await alarms.prepare();
    const old = new OldJobs({ boss, db, rows, alarms }, this.#settings);
    const isOld = await old.exist();
    if (isOld) await old.takeOver({ isAlone: this.isAlone });
    return { boss, db, rows, alarms, old: isOld && !this.isAlone ? old : undefined };
  }

  close(): Promise<void> {
    return this.#lifecycle.run(() => this.#disconnect());
  }

  async #disconnect(): Promise<void> {
    // Side by side: clearing away must not keep the loop taking on.
    await Promise.all([this.#upkeep?.stop(), this.#loop?.stop()]);
    this.#upkeep = undefined;
    this.#loop = undefined;
    this.#opened = undefined;
    const leave = this.#leave;
    this.#leave = undefined;
    await leave?.();
  }

  async enqueue(
    id: string,
    data: DurableData,
    delayMs: number,
    { tx, journal, parent }: StoreEnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    if (tx !== undefined) assertExecutor(tx);
    const { db, rows, alarms } = this.#open();
    const store = async (within: SqlExecutor): Promise<boolean> => {
      if (parent && !(await this.#mayBePart(within, id, parent))) return false;
      const parentId = parent?.id === id ? undefined : parent?.id;
      const row = { id, data, delayMs, parentId, journal };
      let stored = await rows.insert(within, { ...row, head: EMPTY_JOURNAL });
      if (typeof stored !== 'boolean') stored = await rows.insert(within, { ...row, head: stored });
      if (stored !== true) return false;
      const isSet = (await alarms.set(within, [{ id, merchantId: data.merchantId, at: delayMs }])) === 1;
      if (!isSet) {
        // One of a row that is gone, of which pg-boss knows yet.
        await alarms.drop(within, id);
        await alarms.set(within, [{ id, merchantId: data.merchantId, at: delayMs }]);
      }
      return true;
    };
    const isStored = await this.#asking(() => (tx === undefined ? db.transaction(store) : store(tx)));
    if (isStored && tx === undefined && delayMs <= 0) this.#loop?.wake();
    return isStored ? 'enqueued' : 'duplicate';
  }

  /** @returns false where it is stored already. @throws what the check throws. */
  async #mayBePart(tx: SqlExecutor, id: string, parent: ParentCheck): Promise<boolean> {
    await this.#lockFamily(tx, parent);
    const family = await this.#open().rows.family(tx, parent.id, id);
    if (family.some((row) => row.id === id)) return false;
    checkFamily(family, parent);
    return true;
  }

  /** @throws what the check throws. */
  async #checkFamily(tx: SqlExecutor, parent: ParentCheck): Promise<void> {
    await this.#lockFamily(tx, parent);
    checkFamily(await this.#open().rows.family(tx, parent.id), parent);
  }

  /** Until the transaction ends, nobody else checks the parts of this order. */
  async #lockFamily(tx: SqlExecutor, { id }: ParentCheck): Promise<void> {
    const [lock] = await rowsOf<{ isolation: string }>(
      tx,
      // As text: Prisma reads no column of type void.
      `SELECT current_setting('transaction_isolation') AS isolation, pg_advisory_xact_lock(hashtextextended($1, 0))::text AS locked`,
      [`wechatpay-durable ${this.#settings.schema} ${id}`],
    );
    if (lock?.isolation === 'read committed') return;
    const problem = 'is a transaction that does not see what others have committed meanwhile: make it READ COMMITTED.';
    throw new WechatPayRequestError('tx', problem);
  }

  process(handler: OrderHandler, options: ProcessOptions): Promise<void> {
    const opened = this.#opened;
    if (!opened) return Promise.reject(storeNotOpen());
    if (this.#loop) return Promise.reject(storeInUse());
    const { pollMs, leaseSeconds } = this.#settings;
    const { onProblem } = options;
    this.#onProblem = onProblem;
    const steps = new Batches<Step>(
      (batch) => this.#storeSteps(opened, batch),
      (error) => error instanceof Conflict || error instanceof LeaseLostError || isOfOne(error),
    );
    this.#loop = new LeaseLoop<Taken>({
      ...options,
      handler,
      pollMs,
      touchMs: (leaseSeconds * SECOND_MS) / 3,
      take: (limit, except) => this.#take(opened, limit, except),
      touch: (taken) => opened.alarms.touch(taken.map(({ alarm }) => alarm)),
      // One whose refunds are locked and checked is no part of a batch: it would hold up the others, and be held up by them.
      save: (taken, data, journal, parent) =>
        parent ? this.#storeSteps(opened, [{ taken, data, journal }], parent) : steps.add({ taken, data, journal }),
      resolve: (taken, verdict) => steps.add({ taken, data: verdict.data, journal: verdict.journal, verdict }),
    });
    this.#loop.start();
    this.#upkeep = new Upkeep(this.#duties(opened), onProblem);
    return Promise.resolve();
  }

  #duties({ db, rows, alarms, old }: Opened): Duty[] {
    return [
      {
        everyMs: MINUTE_MS,
        do: async () => {
          await rows.foldTally(db);
          // What a restored backup, or a hand, has left without its alarm.
          const overdue = await rows.overdue(db, PRUNE_AT_ONCE);
          const woken = await alarms.set(
            undefined,
            overdue.map((row) => ({ ...row, at: 0 })),
          );
          if (woken > 0) this.#loop?.wake();
          assertClock(await clockOf(db));
        },
      },
      { everyMs: 60 * MINUTE_MS, firstMs: 5 * MINUTE_MS, do: (signal) => this.#prune(signal) },
      ...(old ? [{ everyMs: 5 * SECOND_MS, do: () => old.takeOver() }] : []),
    ];
  }

  async #take({ db, rows, alarms }: Opened, limit: number, except: readonly string[]): Promise<Taken[]> {
    const { taken, isAnyAnew } = await db.transaction(async (tx) => {
      const all = await alarms.take(tx, limit, except);
      const short = all.filter((alarm) => alarms.isTooShort(alarm));
      const ready = new Map(all.filter((alarm) => !alarms.isTooShort(alarm)).map((alarm) => [alarm.id, alarm]));
      const leased = ready.size > 0 ? await rows.lease(tx, [...ready.keys()]) : [];
      const found = leased.flatMap((row): Taken[] => {
        const alarm = ready.get(row.id);
        ready.delete(row.id);
        return alarm ? [{ ...row, alarm }] : [];
      });
      // Alarms without a row that is open.
      await alarms.end(tx, [...ready.values(), ...short]);
      for (const { id } of short) {
        const row = await rows.read(tx, id);
        if (row) await alarms.set(tx, [{ id, merchantId: row.columns.merchantId, at: 0 }]);
      }
      return { taken: found, isAnyAnew: short.length > 0 };
    });
    if (isAnyAnew) this.#loop?.wake();
    return taken;
  }

  /** Steps in one transaction: all of them, or none. What others note of a row meanwhile stands before what is noted here. */
  async #storeSteps(opened: Opened, steps: readonly Step[], parent?: ParentCheck): Promise<void> {
    for (let time = 1; ; time += 1) {
      try {
        await this.#tryToStore(opened, steps, parent);
        return;
      } catch (error) {
        if (error instanceof Refused) throw error.reason;
        if (!(error instanceof LeaseLostError) || time === CHANGE_TRIES || !(await isNotedSince(opened, steps)))
          throw error;
      }
    }
  }

  async #tryToStore(
    { db, rows, alarms }: Opened,
    steps: readonly Step[],
    parent: ParentCheck | undefined,
  ): Promise<void> {
    const ending = steps.filter(({ verdict }) => verdict);
    const changes = steps.map(({ taken, data, journal, verdict }): RowChange => {
      const { id, lease, head } = taken;
      if (!verdict) return { id, lease, head, journal, data, status: 'active' };
      if (verdict.kind !== 'again') return { id, lease, head, journal, data, status: verdict.kind };
      return { id, lease, head, journal, data, status: 'waiting', delayMs: Math.max(0, verdict.delayMs) };
    });
    const next = ending.flatMap(({ taken: { id }, data: { merchantId }, verdict }) =>
      verdict?.kind === 'again' ? [{ id, merchantId, at: verdict.delayMs }] : [],
    );
    const heads = await db.transaction(async (tx) => {
      if (parent) {
        // A worker's reversal must not depend on what the database takes where nothing is said.
        await tx.executeSql('SET TRANSACTION ISOLATION LEVEL READ COMMITTED', []);
        await this.#checkFamily(tx, parent);
      }
      const ended = await alarms.end(
        tx,
        ending.map(({ taken: { alarm } }) => alarm),
      );
      const stored = ended === ending.length ? await rows.change(tx, changes) : undefined;
      if (!stored || (await alarms.set(tx, next)) !== next.length) throw new LeaseLostError(steps[0]?.taken.id ?? '');
      return stored;
    });
    steps.forEach(({ taken }, index) => {
      taken.head = heads[index] ?? taken.head;
    });
  }

  reschedule(
    id: string,
    delayMs: number | ((row: DurableRow) => number),
    journal?: readonly JournalEntry[],
  ): Promise<boolean> {
    return this.#change(id, isOpen, ({ data, row }) => {
      const delay = typeof delayMs === 'number' ? delayMs : delayMs(row);
      return { status: 'waiting', data, delayMs: delay, journal };
    });
  }

  amend(id: string, change: (row: DurableRow) => Amendment | undefined): Promise<boolean> {
    return this.#change(id, mayChange, ({ row }) => {
      const next = change(row);
      return next && { ...next, status: 'waiting' };
    });
  }

  cancel(id: string, journal?: readonly JournalEntry[]): Promise<boolean> {
    return this.#change(id, mayChange, ({ data }) => ({ status: 'cancelled', data, journal }));
  }

  redrive(
    id: string,
    from: readonly ReopenedStatus[],
    change: (row: DurableRow) => Omit<Amendment, 'delayMs'> | undefined,
    parent?: ParentCheck,
  ): Promise<boolean> {
    const isRight = (row: ReadRow): boolean => mayReopen(row, from);
    const reopened = ({ row }: ReadRow): Change | undefined => {
      const next = change(row);
      return next && { ...next, status: 'waiting', delayMs: 0 };
    };
    return this.#change(id, isRight, reopened, parent);
  }

  async note(id: string, journal: readonly JournalEntry[]): Promise<boolean> {
    const { db, rows } = this.#open();
    for (let time = 1; ; time += 1) {
      const row = await this.#asking(() => rows.read(db, id));
      if (!row) return false;
      if (await this.#asking(() => rows.note(db, row, journal))) return true;
      if (time === CHANGE_TRIES) throw toStoreError(changedMeanwhile(id));
    }
  }

  /** Changes a row that no worker has: reads, decides, and stores where nothing was in between; else it reads again. */
  async #change(
    id: string,
    isRight: (row: ReadRow) => boolean,
    change: (row: ReadRow) => Change | undefined,
    parent?: ParentCheck,
  ): Promise<boolean> {
    const { db, rows, alarms } = this.#open();
    for (let time = 1; ; time += 1) {
      const row = await this.#asking(() => rows.read(db, id));
      const changed = row && isRight(row) ? change(row) : undefined;
      if (!row || !changed) return false;
      const { lease, head } = row;
      const next = { id, lease, head, ...changed };
      try {
        await this.#asking(() =>
          db.transaction(async (tx) => {
            if (parent) await this.#checkFamily(tx, parent);
            await changeOne(tx, rows, alarms, next);
          }),
        );
        if (next.status === 'waiting' && (next.delayMs ?? 0) <= 0) this.#loop?.wake();
        return true;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        if (time === CHANGE_TRIES) throw toStoreError(error);
      }
    }
  }

  async get(id: string): Promise<DurableRow | undefined> {
    return (await this.#reading(({ rows, db }) => rows.read(db, id)))?.row;
  }

  find(query: StoreQuery): Promise<DurableRow[]> {
    return this.#reading(({ rows, db }) => rows.find(db, query));
  }

  list(filter: StoreFilter): Promise<DurableRow[]> {
    return this.#reading(({ rows, db }) => rows.list(db, filter));
  }

  counts(): Promise<DurableOrderCounts> {
    return this.#reading(({ rows, db }) => rows.counts(db));
  }

  journal(id: string, page?: { after?: number; limit?: number }): Promise<StoredJournalEntry[]> {
    return this.#reading(({ rows, db }) => rows.journal(db, id, page));
  }

  /** The database's clock, in milliseconds since 1970. */
  now(): Promise<number> {
    return this.#reading(({ db }) => clockOf(db));
  }

  prune(): Promise<{ orders: number; journal: number }> {
    return this.#prune();
  }

  /** @param signal aborted, it ends after the current step. */
  #prune(signal?: AbortSignal): Promise<{ orders: number; journal: number }> {
    const { keepDays, journalDays } = this.#settings;
    const inSteps = async (step: (limit: number) => Promise<number>): Promise<number> => {
      let count = 0;
      for (let gone = PRUNE_AT_ONCE; gone === PRUNE_AT_ONCE && !signal?.aborted;) {
        gone = await step(PRUNE_AT_ONCE);
        count += gone;
      }
      return count;
    };
    return this.#reading(async ({ rows, db }) => {
      const orders =
        (await inSteps((limit) => rows.pruneOrders(db, 'order', keepDays, limit))) +
        (await inSteps((limit) => rows.pruneOrders(db, 'refund', refundDays(keepDays, journalDays), limit)));
      const journal = await inSteps((limit) => rows.pruneJournal(db, journalDays, limit));
      // Last: where the role may not do it, since nobody has granted it the newer tables, the rest is done all the same.
      if (!signal?.aborted) await this.#kept().prune(journalDays);
      return { orders, journal };
    });
  }

  async #reading<Result>(work: (opened: Opened) => Promise<Result>): Promise<Result> {
    const opened = this.#open();
    return this.#asking(() => work(opened));
  }

  async #asking<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof Refused) throw error.reason;
      throw error instanceof Conflict ? error : toStoreError(error);
    }
  }

  #open(): Opened {
    if (this.#opened) return this.#opened;
    throw storeNotOpen();
  }
}

/** Whether others have noted something of these rows, which are still theirs who had them: then their journals go on behind that. */
async function isNotedSince({ db, rows }: Opened, steps: readonly Step[]): Promise<boolean> {
  const heads = await rows.leasedHeads(
    db,
    steps.map(({ taken }) => taken),
  );
  let isNoted = false;
  for (const { taken } of steps) {
    const head = heads.get(taken.id);
    if (!head || head.seq === taken.head.seq) continue;
    taken.head = head;
    isNoted = true;
  }
  return isNoted;
}

/** What one row of a statement can be the reason of: data, a constraint, a deadlock. */
function isOfOne(error: unknown): boolean {
  return /^(22|23|40)/.test(String((Object(error) as { code?: unknown }).code));
}

/** @throws {Refused} what the check throws. */
function checkFamily(family: readonly DurableRow[], { id, check }: ParentCheck): void {
  const siblings = family.filter(({ parentId }) => parentId === id);
  try {
    check(
      siblings,
      family.find((row) => row.id === id),
    );
  } catch (reason) {
    throw new Refused(reason);
  }
}

async function changeOne(tx: SqlExecutor, rows: OrderRows, alarms: Alarms, next: RowChange): Promise<void> {
  await alarms.drop(tx, next.id);
  if (!(await rows.change(tx, [next]))) throw changedMeanwhile(next.id);
  if (next.status !== 'waiting') return;
  const isSet = await alarms.set(tx, [{ id: next.id, merchantId: next.data.merchantId, at: next.delayMs ?? 0 }]);
  if (isSet !== 1) throw new Conflict(`Row ${next.id} got another alarm meanwhile.`);
}

function changedMeanwhile(id: string): Conflict {
  return new Conflict(`Row ${id} was changed ten times meanwhile.`);
}

async function clockOf(db: SqlExecutor): Promise<number> {
  const [clock] = await rowsOf<{ now: number }>(
    db,
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now',
  );
  return clock?.now ?? Number.NaN;
}

function assertExecutor(tx: SqlExecutor): void {
  const { executeSql } = Object(tx) as { executeSql?: unknown };
  if (typeof executeSql === 'function') return;
  throw new WechatPayRequestError('tx', 'must be { executeSql(text, values) }, as fromPg(client) makes it.');
}
