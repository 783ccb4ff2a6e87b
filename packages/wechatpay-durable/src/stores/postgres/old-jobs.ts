import type { PgBoss } from 'pg-boss';
import { asksForMore, goingOn } from '../columns.js';
import { EMPTY_JOURNAL } from '../journal.js';
import type { SqlDatabase, SqlExecutor } from '../sql-executor.js';
import type { DurableOrderData, DurableOrderStatus } from '../store.js';
import type { Alarms } from './alarms.js';
import { rowsOf, type OrderRows } from './order-rows.js';

/** A job in which an earlier version kept a durable order. */
interface OldJob {
  readonly id: string;
  readonly data: string;
  readonly state: 'created' | 'retry' | 'active' | 'completed' | 'failed' | 'cancelled';
  readonly createdAt: number;
  readonly dueAt: number;
  readonly endedAt: number | null;
}

const STATUSES: Record<OldJob['state'], DurableOrderStatus> = {
  created: 'waiting',
  retry: 'waiting',
  active: 'waiting', // of a worker that died
  completed: 'done',
  failed: 'dead',
  cancelled: 'cancelled',
};

const AT_ONCE = 500;
/** A charge of an earlier version is answered or given up by then, and what became of it is stored. */
const YOUNG = `interval '2 minutes'`;

/** A row was changed in between: later, again. */
class Changed extends Error {}

/**
 * Takes over the durable orders of earlier versions, for which a job of pg-boss was the order: row, journal and alarm of each in the
 * transaction that takes its job away. As long as a process of such a version runs, its jobs are taken over once they are two minutes
 * old, and not before, due or not: its payment may still be under way, and would have an order reversed whose job it does not find.
 */
export class OldJobs {
  readonly #boss: PgBoss;
  readonly #db: SqlDatabase;
  readonly #rows: OrderRows;
  readonly #alarms: Alarms;
  readonly #queue: string;
  readonly #schema: string;

  constructor(
    { boss, db, rows, alarms }: { boss: PgBoss; db: SqlDatabase; rows: OrderRows; alarms: Alarms },
    { queue, schema }: { queue: string; schema: string },
  ) {
    this.#boss = boss;
    this.#db = db;
    this.#rows = rows;
    this.#alarms = alarms;
    this.#queue = queue;
    this.#schema = schema;
  }

  /** Whether an earlier version was here. */
  async exist(): Promise<boolean> {
    return (await this.#boss.getQueue(this.#queue)) !== null;
  }

  /** @param isAlone no process of an earlier version can be running. */
  async takeOver({ isAlone = false } = {}): Promise<number> {
    let count = 0;
    for (;;) {
      const taken = await this.#db
        .transaction((tx) => this.#takeSome(tx, isAlone))
        .catch((error: unknown) => {
          if (error instanceof Changed) return 0; // those stay where they are
          throw error;
        });
      count += taken;
      if (taken < AT_ONCE) return count;
    }
  }

  async #takeSome(tx: SqlExecutor, isAlone: boolean): Promise<number> {
    // The columns that those versions wrote themselves. A worker of theirs that takes one just now has it locked: it is left to it.
    const jobs = await rowsOf<OldJob>(
      tx,
      `DELETE FROM ${this.#schema}.job WHERE name = $1::text AND id IN (
         SELECT id FROM ${this.#schema}.job j
         WHERE name = $1::text AND ($2::boolean OR (state <> 'active' AND created_on < now() - ${YOUNG}))
           AND NOT EXISTS (SELECT 1 FROM ${this.#schema}.orders o WHERE o.id = j.id AND o.status = 'active')
         ORDER BY created_on LIMIT $3::int FOR UPDATE SKIP LOCKED
       ) AND ($2::boolean OR state <> 'active')
       RETURNING id, data::text AS data, state::text AS state, (extract(epoch FROM created_on) * 1000)::float8 AS "createdAt",
         (extract(epoch FROM start_after) * 1000)::float8 AS "dueAt",
         (extract(epoch FROM completed_on) * 1000)::float8 AS "endedAt"`,
      [this.#queue, isAlone, AT_ONCE],
    );
    if (jobs.length === 0) return 0;
    const now = Date.now();
    const heads = await this.#rows.heads(
      tx,
      jobs.map(({ id }) => id),
    );
    const rows = jobs.map(({ id, data: json, state, createdAt, dueAt, endedAt }) => {
      const data = JSON.parse(json) as DurableOrderData;
      const { merchantId: _, ...fields } = data;
      const journal = [{ at: now, kind: 'taken-over', fields }];
      return {
        id,
        data,
        status: STATUSES[state],
        createdAt,
        dueAt,
        endedAt,
        journal,
        head: heads.get(id) ?? EMPTY_JOURNAL,
      };
    });
    const stored = new Set(await this.#rows.insertAsTheyWere(tx, rows));
    for (const row of rows.filter(({ id }) => !stored.has(id))) {
      if (await this.#merge(tx, row)) continue;
      for (const id of await this.#rows.insertAsTheyWere(tx, [row], { isNumbered: false })) stored.add(id);
    }
    const open = rows.filter(({ id, status }) => status === 'waiting' && stored.has(id));
    await this.#alarms.set(
      tx,
      open.map(({ id, data, dueAt }) => ({ id, merchantId: data.merchantId, at: new Date(dueAt) })),
    );
    return jobs.length;
  }

  /**
   * Both versions had this order. The row stays where it is open: it is asked for anyway; unless the job is to reverse it, and it is not.
   * One that has ended is opened again where the job was open.
   *
   * @returns false where there is no such row.
   * @throws {Changed} a worker has it.
   */
  async #merge(
    tx: SqlExecutor,
    { id, data: old, status }: { id: string; data: DurableOrderData; status: DurableOrderStatus },
  ): Promise<boolean> {
    const row = await this.#rows.read(tx, id);
    if (!row) return false;
    if (status !== 'waiting' || !asksForMore(row, old)) return true;
    if (row.status === 'active') throw new Changed();
    const data = goingOn(row, old);
    const journal = [{ at: Date.now(), kind: 'taken-over', fields: { state: old.state } }];
    await this.#alarms.drop(tx, id);
    const changed = await this.#rows.change(tx, [
      { id, lease: row.lease, head: row.head, status: 'waiting', data, journal, delayMs: 0 },
    ]);
    if (!changed) throw new Changed();
    await this.#alarms.set(tx, [{ id, merchantId: data.merchantId, at: 0 }]);
    return true;
  }
}
