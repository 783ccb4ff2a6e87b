import type { PgBoss } from 'pg-boss';
import { endsBefore } from '../../ends.js';
import { EMPTY_JOURNAL } from '../journal.js';
import type { SqlDatabase, SqlExecutor } from '../sql-executor.js';
import type { DurableOrderData, DurableOrderStatus } from '../store.js';
import type { Alarms } from './alarms.js';
import { rowsOf, type OrderRows } from './order-rows.js';

/** A job in which an earlier version kept a durable order. */
interface OldJob {
  readonly id: string;
  readonly data: string;
  readonly state: 'created' | 'retry' | 'completed' | 'failed' | 'cancelled';
  readonly createdAt: number;
  readonly dueAt: number;
  readonly endedAt: number | null;
}

const STATUSES: Record<OldJob['state'], DurableOrderStatus> = {
  created: 'waiting',
  retry: 'waiting',
  completed: 'done',
  failed: 'dead',
  cancelled: 'cancelled',
};

const AT_ONCE = 500;

/**
 * Takes over the durable orders of earlier versions, for which a job of pg-boss was the order: row, journal and alarm of each in the
 * transaction that takes its job away. As long as a process of such a version runs, its jobs are taken over as they become due, or a
 * minute old: until then its payment may still be under way, and look for its job.
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
      const taken = await this.#db.transaction((tx) => this.#takeSome(tx, isAlone));
      count += taken;
      if (taken < AT_ONCE) return count;
    }
  }

  async #takeSome(tx: SqlExecutor, isAlone: boolean): Promise<number> {
    // The columns that those versions wrote themselves. A worker of theirs that takes one just now has it locked: it is left to it.
    const jobs = await rowsOf<OldJob>(
      tx,
      `DELETE FROM ${this.#schema}.job WHERE name = $1::text AND id IN (
         SELECT id FROM ${this.#schema}.job
         WHERE name = $1::text AND state <> 'active'
           AND ($2::boolean OR created_on < now() - interval '1 minute' OR (state < 'active' AND start_after <= now()))
         ORDER BY created_on LIMIT $3::int FOR UPDATE SKIP LOCKED
       ) AND state <> 'active'
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
   * Both versions had this order. The row stays where it is open: it is asked for anyway. One that has ended is opened again where the
   * job was open.
   *
   * @returns false where there is no such row.
   */
  async #merge(
    tx: SqlExecutor,
    { id, data: old, status }: { id: string; data: DurableOrderData; status: DurableOrderStatus },
  ): Promise<boolean> {
    const row = await this.#rows.read(tx, id);
    if (!row) return false;
    if (status !== 'waiting' || row.status === 'waiting' || row.status === 'active') return true;
    const end = Math.max(row.columns.ends, endsBefore(old));
    const { outcome: _, ...open } = old;
    const data = { ...open, ...(end > 0 && { end }) };
    const journal = [{ at: Date.now(), kind: 'taken-over', fields: { state: old.state } }];
    const changed = await this.#rows.change(tx, [
      { id, lease: row.lease, head: row.head, status: 'waiting', data, journal, delayMs: 0 },
    ]);
    if (changed) await this.#alarms.set(tx, [{ id, merchantId: data.merchantId, at: 0 }]);
    return true;
  }
}
