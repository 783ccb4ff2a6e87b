// Over 250 lines, as one idea: every statement about a durable order stands here, each with the fence that decides whether it counts.
import type { ConstructorOptions, Db, JobAttempt, PgBoss } from 'pg-boss';
import { WechatPayRequestError } from 'wechatpay-core';
import type {
  EnqueueOptions,
  ProblemListener,
  ReopenedStatus,
  DurableOrderCounts,
  DurableOrderData,
  OrderStore,
  DurableOrderFilter,
  OrderHandler,
  DurableOrder,
} from '../store.js';
import { endsBefore } from '../../ends.js';
import { asStoreError, DurableOrdersError, LeaseLostError, storeInUse, toStoreError } from '../../errors.js';
import { isForbidden, isMissing, missingGrants } from './grants.js';
import { resolveOptions, type PgBossStoreOptions, type Settings } from './pg-boss-options.js';
import {
  after,
  ENDS,
  MAY_CHANGE,
  NO_OUTCOME,
  OUTCOME,
  STATES,
  STATUSES,
  toDurableOrder,
  WAITS,
  type Job,
} from './pg-boss-rows.js';
import { LeaseLoop } from '../lease-loop.js';
import { Lifecycle } from '../lifecycle.js';
import type { SqlExecutor } from '../sql-executor.js';
import { assertClock, loadPeer } from '../options.js';

/**
 * What pg-boss is given to reach a database, and how that is left.
 *
 * `options` are its ConstructorOptions. No exported type says so: pg-boss's declarations do not compile without `skipLibCheck`.
 */
export interface Connection {
  readonly options: object;
  readonly close: () => Promise<void>;
}

const DAY_SECONDS = 24 * 60 * 60;
/** What has not run is never deleted: pg-boss would, after 14 days. */
const NEVER_SECONDS = 60 * 365 * DAY_SECONDS;
/** Every step, and every worker that dies, counts as a retry. */
const NO_LIMIT = 2 ** 31 - 1;

const BOSS_OPTIONS: ConstructorOptions = {
  application_name: 'wechatpay-durable',
  schedule: false,
  registerInstance: false,
  // A worker that died is noticed a second after its lease has lapsed.
  superviseIntervalSeconds: 1,
  monitorIntervalSeconds: 1,
};

type Attempt = JobAttempt & { data: DurableOrderData; heartbeatSeconds?: number | null };

/**
 * What PostgreSQL and its embedded sister have in common. A durable order is a job of pg-boss, its state the job's data. pg-boss keeps,
 * wakes and expires; the number of the job's attempt fences.
 */
export abstract class PgBossStore implements OrderStore {
  readonly #settings: Settings;
  readonly #lifecycle = new Lifecycle();
  #boss: PgBoss | undefined;
  #leave: (() => Promise<void>) | undefined;
  #loop: LeaseLoop<Attempt> | undefined;
  #onProblem: ProblemListener = () => undefined;

  constructor(options: PgBossStoreOptions) {
    this.#settings = resolveOptions(options);
  }

  protected abstract connect(): Promise<Connection>;

  open(): Promise<void> {
    return this.#lifecycle.run(() => this.#connect());
  }

  async #connect(): Promise<void> {
    if (this.#boss) return;
    const { PgBoss } = await loadPeer('pg-boss', () => import('pg-boss'));
    const { options, close } = await this.connect();
    this.#leave = close;
    const { schema } = this.#settings;
    const make = (createSchema: boolean): PgBoss => new PgBoss({ ...BOSS_OPTIONS, ...options, schema, createSchema });
    try {
      // CREATE SCHEMA IF NOT EXISTS wants the right to create one, even where it exists.
      this.#boss = await this.#start(make(true)).catch((error: unknown) => {
        if (!isForbidden(error)) throw error;
        return this.#start(make(false));
      });
    } catch (error) {
      await this.#disconnect();
      throw isForbidden(error) || isMissing(error) ? missingGrants(schema, error) : toStoreError(error);
    }
  }

  async #start(boss: PgBoss): Promise<PgBoss> {
    const { queue, partition, keepDays, leaseSeconds } = this.#settings;
    boss.on('error', (error) => {
      this.#onProblem(error);
    });
    try {
      await boss.start();
      const settings = {
        retryLimit: NO_LIMIT,
        retryDelay: 0,
        retentionSeconds: NEVER_SECONDS,
        deleteAfterSeconds: keepDays * DAY_SECONDS,
        heartbeatSeconds: leaseSeconds,
      };
      await boss.createQueue(queue, { ...settings, partition });
      await boss.updateQueue(queue, settings); // one that an earlier process made with others
      const { rows } = await boss
        .getDb()
        .executeSql('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now');
      assertClock((rows as { now: number }[])[0]?.now);
      return boss;
    } catch (error) {
      await boss.stop({ graceful: false });
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#lifecycle.run(() => this.#disconnect());
  }

  async #disconnect(): Promise<void> {
    await this.#loop?.stop();
    this.#loop = undefined;
    const boss = this.#boss;
    this.#boss = undefined;
    await boss?.stop({ graceful: false });
    await this.#leave?.();
    this.#leave = undefined;
  }

  async enqueue(
    id: string,
    data: DurableOrderData,
    delayMs: number,
    { tx }: EnqueueOptions = {},
  ): Promise<'enqueued' | 'duplicate'> {
    const db = tx === undefined ? {} : { db: toDatabase(tx) };
    const boss = this.#open();
    const sent = await asStoreError(() =>
      boss.send(this.#settings.queue, data, { id, startAfter: after(delayMs), ...db }),
    );
    if (sent === null) return 'duplicate';
    if (tx === undefined && delayMs === 0) this.#loop?.wake();
    return 'enqueued';
  }

  process(handler: OrderHandler, options: { concurrency: number; onProblem: ProblemListener }): Promise<void> {
    const boss = this.#open();
    const { queue, pollMs, leaseSeconds } = this.#settings;
    if (this.#loop) return Promise.reject(storeInUse());
    this.#onProblem = options.onProblem;
    this.#loop = new LeaseLoop<Attempt>({
      ...options,
      handler,
      pollMs,
      touchMs: (leaseSeconds * 1000) / 3,
      take: async (limit) => {
        const taken: Attempt[] = await boss.fetch<DurableOrderData>(queue, { batchSize: limit });
        await this.#leaseOut(taken.filter(({ heartbeatSeconds }) => heartbeatSeconds !== leaseSeconds));
        return taken;
      },
      touch: async (attempts) => {
        await boss.touch(queue, attempts);
      },
      save: (attempt, data) => this.#store(attempt, 'data = $4::text::jsonb', [JSON.stringify(data)]),
      resolve: (attempt, verdict) =>
        verdict.kind === 'again'
          ? this.#store(
              attempt,
              `state = 'retry', data = $4::text::jsonb, start_after = now() + $5::text::interval, heartbeat_on = NULL`,
              [JSON.stringify(verdict.data), after(verdict.delayMs)],
            )
          : this.#store(attempt, `state = $5, data = $4::text::jsonb, completed_on = now(), deletion_seconds = $6`, [
              JSON.stringify(verdict.data),
              verdict.kind === 'done' ? 'completed' : 'failed',
              verdict.kind === 'done' ? this.#keepSeconds : 0, // 0: never
            ]),
    });
    this.#loop.start();
    return Promise.resolve();
  }

  async reschedule(id: string, delayMs: number): Promise<boolean> {
    const isChanged = await this.#change(id, 'start_after = now() + $3::text::interval', NO_OUTCOME, [after(delayMs)]);
    if (isChanged && delayMs === 0) this.#loop?.wake();
    return isChanged;
  }

  async amend(id: string, data: DurableOrderData, delayMs: number): Promise<boolean> {
    const set = 'data = $3::text::jsonb, start_after = now() + $4::text::interval';
    const values = [JSON.stringify(data), after(delayMs), endsBefore(data)];
    const isAmended = await this.#change(id, set, `${MAY_CHANGE} AND ${ENDS} <= $5::int`, values);
    if (isAmended && delayMs === 0) this.#loop?.wake();
    return isAmended;
  }

  cancel(id: string): Promise<boolean> {
    return this.#change(id, `state = 'cancelled', completed_on = now()`, MAY_CHANGE);
  }

  async get(id: string): Promise<DurableOrder | undefined> {
    const [found] = await this.#select('id = $2::uuid', [id]);
    return found;
  }

  list({ status, merchantId, createdBefore, limit = 100, after: last }: DurableOrderFilter): Promise<DurableOrder[]> {
    const states = status === undefined ? null : [status].flat().flatMap((name) => STATES[name]);
    return this.#select(
      `($2::text[] IS NULL OR state::text = ANY($2))
         AND ($3::text IS NULL OR data->>'merchantId' = $3)
         AND ($4::timestamptz IS NULL OR created_on < $4)
         AND ($5::timestamptz IS NULL OR (date_trunc('milliseconds', created_on), id) > ($5, $6::uuid))
       ORDER BY date_trunc('milliseconds', created_on), id
       LIMIT $7`,
      [states, merchantId ?? null, createdBefore ?? null, last?.createdAt ?? null, last?.id ?? null, limit],
    );
  }

  async redrive(id: string, data: DurableOrderData, from: readonly ReopenedStatus[]): Promise<boolean> {
    const set = `state = 'retry', data = $3::text::jsonb, start_after = now(), completed_on = NULL, deletion_seconds = $4`;
    const states = from.flatMap((status) => (status === 'untold' || status === 'open' ? [] : STATES[status]));
    const flags = [from.includes('open'), from.includes('untold')];
    const values = [JSON.stringify(data), this.#keepSeconds, states, ...flags, endsBefore(data)];
    const waits = `(${WAITS} AND ((${OUTCOME} IS NULL AND $6::boolean) OR (${OUTCOME} IS NOT NULL AND $7::boolean)))`;
    const where = `(state::text = ANY($5::text[]) OR ${waits}) AND ${ENDS} <= $8::int`;
    const isRedriven = await this.#change(id, set, where, values);
    if (isRedriven) this.#loop?.wake();
    return isRedriven;
  }

  async counts(): Promise<DurableOrderCounts> {
    const rows = await this.#sql<{ state: Job['state']; count: number; oldest: Date; late: number | null }>(
      `SELECT state, count(*)::int AS count, min(created_on) AS oldest,
         (extract(epoch FROM now() - min(start_after)) * 1000)::float8 AS late
       FROM ${this.#table} WHERE name = $1 GROUP BY state`,
    );
    const counts = { waiting: 0, active: 0, done: 0, dead: 0, cancelled: 0 };
    for (const { state, count } of rows) counts[STATUSES[state]] += count;
    const open = rows.filter(({ state }) => ['waiting', 'active'].includes(STATUSES[state]));
    const late = rows.filter(({ state }) => STATUSES[state] === 'waiting').map((row) => row.late ?? 0);
    const oldest = Math.min(...open.map((row) => new Date(row.oldest).getTime()));
    return {
      ...counts,
      lateMs: Math.max(0, ...late.map(Math.round)),
      ...(open.length > 0 && { oldestOpenAt: new Date(oldest) }),
    };
  }

  // pg-boss edits only what no worker has. One statement, fenced by the attempt, stores a step: a worker whose lease has
  // lapsed matches nothing, because every fetch counts `retry_count` up.
  async #store({ id, retryCount }: JobAttempt, set: string, values: unknown[]): Promise<void> {
    const rows = await this.#sql(
      `UPDATE ${this.#table} SET ${set}, output = NULL
       WHERE name = $1 AND id = $2::uuid AND retry_count = $3::int AND state = 'active' RETURNING id`,
      [id, retryCount, ...values],
    );
    if (rows.length === 0) throw new LeaseLostError(id);
  }

  // The queue has one length of lease, that of the process that started last: each lease is given its worker's own.
  async #leaseOut(taken: readonly Attempt[]): Promise<void> {
    if (taken.length === 0) return;
    await this.#sql(
      `UPDATE ${this.#table} SET heartbeat_seconds = $2::int WHERE name = $1 AND id = ANY($3::uuid[]) AND state = 'active'`,
      [this.#settings.leaseSeconds, taken.map(({ id }) => id)],
    );
  }

  async #change(id: string, set: string, where: string, values: unknown[] = []): Promise<boolean> {
    const rows = await this.#sql(
      `UPDATE ${this.#table} SET ${set} WHERE name = $1 AND id = $2::uuid AND ${where} RETURNING id`,
      [id, ...values],
    );
    return rows.length > 0;
  }

  async #select(where: string, values: unknown[]): Promise<DurableOrder[]> {
    const rows = await this.#sql<Job>(
      `SELECT id, data, state, created_on AS "createdOn", start_after AS "startAfter", completed_on AS "completedOn"
       FROM ${this.#table} WHERE name = $1 AND ${where}`,
      values,
    );
    return rows.map(toDurableOrder);
  }

  async #sql<Row>(text: string, values: unknown[] = []): Promise<Row[]> {
    const db = this.#open().getDb();
    const { rows } = await asStoreError(() => db.executeSql(text, [this.#settings.queue, ...values]));
    return rows as Row[];
  }

  get #table(): string {
    return `${this.#settings.schema}.job`;
  }

  get #keepSeconds(): number {
    return this.#settings.keepDays * DAY_SECONDS;
  }

  #open(): PgBoss {
    if (this.#boss) return this.#boss;
    throw new DurableOrdersError(
      'WECHATPAY_STORE_NOT_OPEN',
      'The store is not open: call `start()` first, and nothing after `stop()`.',
    );
  }
}

function toDatabase(tx: SqlExecutor): Db {
  const { executeSql } = Object(tx) as { executeSql?: unknown };
  if (typeof executeSql === 'function') return tx;
  throw new WechatPayRequestError('tx', 'must be { executeSql(text, values) }, as fromPg(client) makes it.');
}
