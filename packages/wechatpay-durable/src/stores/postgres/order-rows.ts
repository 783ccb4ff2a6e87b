// Over 250 lines, as one idea: every statement about our tables stands here.
import { columnsOf, type Standing } from '../columns.js';
import { chained, type JournalHead } from '../journal.js';
import { rowOf } from '../row.js';
import type { SqlExecutor } from '../sql-executor.js';
import type {
  DurableData,
  DurableOrderCounts,
  DurableOrderStatus,
  DurableRow,
  JournalEntry,
  StoredJournalEntry,
  StoreFilter,
  StoreQuery,
} from '../store.js';

/** A row as it was read, with what it takes to change it. */
export interface ReadRow extends Standing {
  readonly id: string;
  readonly data: DurableData;
  readonly row: DurableRow;
  /** Grows with each change, but those of its worker. */
  readonly lease: string;
  readonly head: JournalHead;
}

/** A row that a worker has. */
export interface LeasedRow {
  readonly id: string;
  readonly data: DurableData;
  readonly parentId?: string;
  readonly lease: string;
  readonly head: JournalHead;
}

/** How a row is to be, with what is noted of it. */
export interface RowChange {
  readonly id: string;
  /** As it was read: another change in between, and nothing is stored. */
  readonly lease: string;
  readonly status: DurableOrderStatus;
  readonly data: DurableData;
  readonly head: JournalHead;
  readonly journal?: readonly JournalEntry[] | undefined;
  /** Left out, it is due as it was. */
  readonly delayMs?: number;
}

export interface NewRow {
  readonly id: string;
  readonly data: DurableData;
  readonly delayMs: number;
  readonly parentId: string | undefined;
  readonly journal?: readonly JournalEntry[] | undefined;
  readonly head: JournalHead;
}

export interface Selected {
  readonly id: string;
  readonly parentId: string | null;
  readonly status: DurableOrderStatus;
  readonly data: string;
  readonly lease: string;
  readonly seq: string;
  readonly hash: string;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly endedAt: number | null;
}

export const COLUMNS = `id, parent_id AS "parentId", status, data::text AS data, lease::text AS lease,
  journal_seq::text AS seq, journal_hash AS hash, ${ms('created_at')} AS "createdAt", ${ms('due_at')} AS "dueAt",
  ${ms('ended_at')} AS "endedAt"`;

/** Of a list of changes, each with its columns; texts hold JSON, to the letter. */
const GIVEN = `g (id uuid, lease bigint, status text, data text, merchant_id text, sub_merchant_id text, number text,
  transaction_id text, total_fee bigint, currency text, paid_fee bigint, paid_currency text, ends int, has_outcome boolean, is_decided boolean, delay_ms float8,
  order_created_at float8, seq bigint, hash text, seq_before bigint, parent_id uuid, kind text, created_at float8, due_at float8, ended_at float8)`;

const ENTRIES = `e (order_id uuid, seq bigint, at float8, kind text, fields text, hash text)`;

const NONE = { waiting: 0, active: 0, done: 0, dead: 0, cancelled: 0, lateMs: 0, oldest: null, late: null };

const ENDED = `('done', 'dead', 'cancelled')`;
/** Those whose number is kept in `tally`. */
const TALLIED = `('done', 'cancelled')`;

/** Rows and journal of one schema. */
export class OrderRows {
  readonly #orders: string;
  readonly #journal: string;
  readonly #tally: string;

  constructor(schema: string) {
    this.#orders = `${schema}.orders`;
    this.#journal = `${schema}.journal`;
    this.#tally = `${schema}.tally`;
  }

  /**
   * @returns true where it is stored, false where there is one already; or the head of the journal that it is to go on with, since
   *   that of the row before is still there.
   */
  async insert(
    db: SqlExecutor,
    { id, data, delayMs, parentId, journal, head }: NewRow,
  ): Promise<boolean | JournalHead> {
    const { entries, head: last } = chained(id, head, journal);
    const row = given(id, data, {
      delay_ms: Math.max(0, delayMs),
      seq: last.seq,
      hash: last.hash,
      parent_id: parentId,
    });
    const [found] = await rowsOf<{ id: string | null; seq: string | null; hash: string | null }>(
      db,
      `WITH old AS (SELECT seq, hash FROM ${this.#journal} WHERE order_id = $3::text::uuid ORDER BY seq DESC LIMIT 1),
       stored AS (
         INSERT INTO ${this.#orders} (id, kind, parent_id, merchant_id, sub_merchant_id, number, transaction_id, total_fee, currency,
           paid_fee, paid_currency, order_created_at, status, data, ends, has_outcome, is_decided, journal_seq, journal_hash, due_at)
         SELECT id, kind, parent_id, merchant_id, sub_merchant_id, number, transaction_id, total_fee, currency,
           paid_fee, paid_currency, to_timestamp(order_created_at / 1000), 'waiting', data::json, ends, has_outcome, is_decided, seq, hash, now() + delay_ms * interval '1 millisecond'
         FROM json_to_recordset($1::text::json) AS ${GIVEN}
         WHERE COALESCE((SELECT seq FROM old), 0) = $4::text::bigint
         ON CONFLICT DO NOTHING RETURNING id
       ), noted AS (
         ${this.#note('$2')} WHERE EXISTS (SELECT 1 FROM stored)
       )
       SELECT (SELECT id FROM stored) AS id, (SELECT seq::text FROM old) AS seq, (SELECT hash FROM old) AS hash`,
      [JSON.stringify([row]), JSON.stringify(entriesOf(id, entries)), id, String(head.seq)],
    );
    if (found?.id) return true;
    const old = { seq: Number(found?.seq ?? 0), hash: found?.hash ?? '' };
    return old.seq === head.seq ? false : old;
  }

  /** Leases rows out. */
  async lease(db: SqlExecutor, ids: readonly string[]): Promise<LeasedRow[]> {
    const rows = await rowsOf<Pick<Selected, 'id' | 'data' | 'parentId' | 'lease' | 'seq' | 'hash'>>(
      db,
      `UPDATE ${this.#orders} SET status = 'active', lease = lease + 1, updated_at = now()
       WHERE id = ANY($1::text::uuid[]) AND status IN ('waiting', 'active')
       RETURNING id, data::text AS data, parent_id AS "parentId", lease::text AS lease, journal_seq::text AS seq, journal_hash AS hash`,
      [`{${ids.join()}}`],
    );
    return rows.map(({ id, data, parentId, lease, seq, hash }) => ({
      id,
      data: JSON.parse(data) as DurableData,
      ...(parentId !== null && { parentId }),
      lease,
      head: { seq: Number(seq), hash },
    }));
  }

  /**
   * Stores changes, each where nothing else has changed its row, or noted anything of it. Whose order it is, and its number, stay as they were inserted.
   *
   * @returns the heads of the journals, where all were stored; else undefined: then the transaction is to be rolled back.
   */
  async change(db: SqlExecutor, changes: readonly RowChange[]): Promise<JournalHead[] | undefined> {
    const chains = changes.map(({ id, head, journal }) => chained(id, head, journal));
    const rows = changes.map(({ id, data, lease, status, delayMs, head }, index) =>
      given(id, data, { lease, status, delay_ms: delayMs, seq_before: head.seq, ...chains[index]?.head }),
    );
    const entries = changes.flatMap(({ id }, index) => entriesOf(id, chains[index]?.entries ?? []));
    const [stored] = await rowsOf<{ count: number }>(
      db,
      `WITH before AS (
         SELECT o.id, o.status FROM ${this.#orders} o JOIN json_to_recordset($1::text::json) AS ${GIVEN} ON o.id = g.id
       ), stored AS (
         UPDATE ${this.#orders} o SET status = g.status, data = g.data::json, transaction_id = g.transaction_id,
           total_fee = g.total_fee, currency = g.currency, paid_fee = g.paid_fee, paid_currency = g.paid_currency,
           order_created_at = to_timestamp(g.order_created_at / 1000), ends = g.ends, has_outcome = g.has_outcome, is_decided = g.is_decided,
           lease = CASE WHEN g.status = 'active' THEN o.lease ELSE o.lease + 1 END,
           due_at = COALESCE(now() + g.delay_ms * interval '1 millisecond', o.due_at),
           ended_at = CASE WHEN g.status IN ${ENDED} THEN now() END,
           updated_at = now(), journal_seq = g.seq, journal_hash = g.hash
         FROM json_to_recordset($1::text::json) AS ${GIVEN} WHERE o.id = g.id AND o.lease = g.lease
           AND o.journal_seq = g.seq_before
         RETURNING o.id, o.status
       ), noted AS (
         ${this.#note('$2')} WHERE order_id IN (SELECT id FROM stored)
       ), tallied AS (
         INSERT INTO ${this.#tally} (status, change)
         SELECT status, sum(change) FROM (
           SELECT status, 1 AS change FROM stored UNION ALL SELECT status, -1 FROM before
         ) changes WHERE status IN ${TALLIED} GROUP BY status HAVING sum(change) <> 0
       )
       SELECT count(*)::int AS count FROM stored`,
      [JSON.stringify(rows), JSON.stringify(entries)],
    );
    return stored?.count === changes.length ? chains.map(({ head }) => head) : undefined;
  }

  /** Appends to the journal of a row, and changes nothing else of it. @returns false where its journal, or the row, is another by now. */
  async note(
    db: SqlExecutor,
    { id, head: before }: Pick<ReadRow, 'id' | 'head'>,
    journal: readonly JournalEntry[],
  ): Promise<boolean> {
    const { entries, head } = chained(id, before, journal);
    const rows = await rowsOf<{ id: string }>(
      db,
      `WITH stored AS (
         UPDATE ${this.#orders} SET journal_seq = $3::text::bigint, journal_hash = $4::text
         WHERE id = $2::text::uuid AND journal_seq = $5::text::bigint RETURNING id
       ), noted AS (
         ${this.#note('$1')} WHERE order_id IN (SELECT id FROM stored)
       )
       SELECT id FROM stored`,
      [JSON.stringify(entriesOf(id, entries)), id, String(head.seq), head.hash, String(before.seq)],
    );
    return rows.length === 1;
  }

  /** Where the journals of rows have come to, of those that have still the lease that is given. */
  async leasedHeads(
    db: SqlExecutor,
    leased: readonly Pick<LeasedRow, 'id' | 'lease'>[],
  ): Promise<Map<string, JournalHead>> {
    const rows = await rowsOf<{ id: string; lease: string; seq: string; hash: string }>(
      db,
      `SELECT id, lease::text AS lease, journal_seq::text AS seq, journal_hash AS hash FROM ${this.#orders}
       WHERE id = ANY($1::text::uuid[]) AND status = 'active'`,
      [`{${leased.map(({ id }) => id).join()}}`],
    );
    const found = new Map(rows.map(({ id, lease, seq, hash }) => [`${id} ${lease}`, { seq: Number(seq), hash }]));
    return new Map(
      leased.flatMap(({ id, lease }) => {
        const head = found.get(`${id} ${lease}`);
        return head ? [[id, head] as const] : [];
      }),
    );
  }

  /** Where the journals of these have come to, of those that have one. */
  async heads(db: SqlExecutor, ids: readonly string[]): Promise<Map<string, JournalHead>> {
    const rows = await rowsOf<{ id: string; seq: string; hash: string }>(
      db,
      `SELECT DISTINCT ON (order_id) order_id AS id, seq::text AS seq, hash FROM ${this.#journal} j
       WHERE order_id = ANY($1::text::uuid[]) ORDER BY order_id, j.seq DESC`,
      [`{${ids.join()}}`],
    );
    return new Map(rows.map(({ id, seq, hash }) => [id, { seq: Number(seq), hash }]));
  }

  /**
   * Rows of another store, with their times.
   *
   * @param isNumbered false for those whose number another row has: they are found by their ids.
   * @returns the ids of those that were not here yet.
   */
  async insertAsTheyWere(
    db: SqlExecutor,
    rows: readonly (Pick<NewRow, 'id' | 'data' | 'journal' | 'head'> & {
      readonly status: DurableOrderStatus;
      readonly createdAt: number;
      readonly dueAt: number;
      readonly endedAt: number | null;
    })[],
    { isNumbered = true } = {},
  ): Promise<string[]> {
    const all = rows.map(({ id, data, status, createdAt, dueAt, endedAt, journal, head }) => {
      const { entries, head: last } = chained(id, head, journal);
      const times = { created_at: createdAt, due_at: dueAt, ended_at: endedAt };
      const more = { status, seq: last.seq, hash: last.hash, ...times, ...(!isNumbered && { number: null }) };
      return { row: given(id, data, more), entries: entriesOf(id, entries) };
    });
    const stored = await rowsOf<{ id: string }>(
      db,
      `WITH stored AS (
         INSERT INTO ${this.#orders} (id, kind, merchant_id, sub_merchant_id, number, transaction_id, total_fee, currency,
           paid_fee, paid_currency, order_created_at, status, data, ends, has_outcome, is_decided, journal_seq, journal_hash, created_at,
           due_at, ended_at)
         SELECT id, kind, merchant_id, sub_merchant_id, number, transaction_id, total_fee, currency, paid_fee, paid_currency,
           to_timestamp(order_created_at / 1000), status, data::json, ends, has_outcome, is_decided, seq, hash, to_timestamp(created_at / 1000), to_timestamp(due_at / 1000),
           to_timestamp(ended_at / 1000)
         FROM json_to_recordset($1::text::json) AS ${GIVEN}
         ON CONFLICT DO NOTHING RETURNING id, status
       ), noted AS (
         ${this.#note('$2')} WHERE order_id IN (SELECT id FROM stored)
       ), tallied AS (
         INSERT INTO ${this.#tally} (status, change)
         SELECT status, count(*) FROM stored WHERE status IN ${TALLIED} GROUP BY status
       )
       SELECT id FROM stored`,
      [JSON.stringify(all.map(({ row }) => row)), JSON.stringify(all.flatMap(({ entries }) => entries))],
    );
    return stored.map(({ id }) => id);
  }

  async read(db: SqlExecutor, id: string): Promise<ReadRow | undefined> {
    const [found] = await rowsOf<Selected>(db, `SELECT ${COLUMNS} FROM ${this.#orders} WHERE id = $1::text::uuid`, [
      id,
    ]);
    if (!found) return undefined;
    const row = toRow(found);
    const data = JSON.parse(found.data) as DurableData;
    const { lease, status, seq, hash } = found;
    return { id, row, data, lease, status, columns: columnsOf(data), head: { seq: Number(seq), hash } };
  }

  async find(
    db: SqlExecutor,
    { outTradeNo, outRefundNo, transactionId, parentId, merchantId }: StoreQuery,
  ): Promise<DurableRow[]> {
    const scan = (where: string): string =>
      `(SELECT ${COLUMNS} FROM ${this.#orders} WHERE ${where} AND ($2::text IS NULL OR merchant_id = $2) ` +
      'ORDER BY created_at, id LIMIT 1000)';
    const [where, value] =
      outTradeNo !== undefined
        ? [`number = $1 AND kind = 'order'`, outTradeNo]
        : outRefundNo !== undefined
          ? [`number = $1 AND kind = 'refund'`, outRefundNo]
          : transactionId !== undefined
            ? ['transaction_id = $1', transactionId]
            : ['parent_id = $1::text::uuid', parentId ?? ''];
    return (await rowsOf<Selected>(db, scan(where), [value, merchantId ?? null])).map(toRow);
  }

  /** The row of an order, and those of its refunds; and of another row, where there is one of this `id`. */
  async family(db: SqlExecutor, parentId: string, id = parentId): Promise<DurableRow[]> {
    const rows = await rowsOf<Selected>(
      db,
      `SELECT ${COLUMNS} FROM ${this.#orders} WHERE id IN ($1::text::uuid, $2::text::uuid)
       UNION SELECT ${COLUMNS} FROM ${this.#orders} WHERE parent_id = $2::text::uuid`,
      [id, parentId],
    );
    return rows.map(toRow);
  }

  /**
   * A scan of one index for each status and kind, so that a page costs what it holds: PostgreSQL sorts all that there are for
   * `= ANY … ORDER BY`.
   */
  async list(db: SqlExecutor, filter: StoreFilter): Promise<DurableRow[]> {
    const { status, kind, merchantId, createdBefore, ended, after, limit = 100 } = filter;
    const values: unknown[] = [];
    const value = (given: unknown, type: string): string => `$${values.push(given)}::${type}`;
    const conditions = [
      merchantId !== undefined && `merchant_id = ${value(merchantId, 'text')}`,
      createdBefore && `created_at < ${value(createdBefore.toISOString(), 'text::timestamptz')}`,
      ended && `ended_at >= ${value(ended.from.toISOString(), 'text::timestamptz')}`,
      ended && `ended_at < ${value(ended.to.toISOString(), 'text::timestamptz')}`,
    ];
    const by = ended ? 'ended_at' : 'created_at';
    const last = ended ? after?.endedAt : after?.createdAt;
    if (after && last) {
      conditions.push(
        `(${by}, id) > (${value(last.toISOString(), 'text::timestamptz')}, ${value(after.id, 'text::uuid')})`,
      );
    }
    const max = value(limit, 'int');
    const scan = (more: readonly string[]): string =>
      `(SELECT ${COLUMNS} FROM ${this.#orders} WHERE ${[...conditions, ...more].filter(Boolean).join(' AND ') || 'true'}
        ORDER BY ${by}, id LIMIT ${max})`;
    // Names of ours, and none of the caller's text.
    const statuses = status === undefined ? [undefined] : [...new Set([status].flat())];
    const kinds = kind === undefined && ended ? (['order', 'refund'] as const) : [kind];
    const scans = statuses.flatMap((one) =>
      kinds.map((each) =>
        scan([
          ...(one === undefined ? [] : [`status = ${value(one, 'text')}`]),
          ...(each === undefined ? [] : [`kind = ${value(each, 'text')}`]),
        ]),
      ),
    );
    const order = ended ? '"endedAt"' : '"createdAt"';
    const sql = scans.length === 1 ? scans.join('') : `${scans.join(' UNION ALL ')} ORDER BY ${order}, id LIMIT ${max}`;
    return scans.length === 0 ? [] : (await rowsOf<Selected>(db, sql, values)).map(toRow);
  }

  async counts(db: SqlExecutor): Promise<DurableOrderCounts> {
    const count = (status: string): string => `(SELECT count(*) FROM ${this.#orders} WHERE status = '${status}')::int`;
    const sum = (status: string): string =>
      `(SELECT COALESCE(sum(change), 0) FROM ${this.#tally} WHERE status = '${status}')::int`;
    const first = (status: string): string =>
      `(SELECT created_at FROM ${this.#orders} WHERE status = '${status}' ORDER BY created_at LIMIT 1)`;
    const [found] = await rowsOf<
      Omit<DurableOrderCounts, 'oldestOpenAt'> & { oldest: number | null; late: number | null }
    >(
      db,
      `SELECT ${count('waiting')} AS waiting, ${count('active')} AS active, ${count('dead')} AS dead, ${sum('done')} AS done,
         ${sum('cancelled')} AS cancelled, ${ms(`LEAST(${first('waiting')}, ${first('active')})`)} AS oldest,
         (SELECT ${ms('now()')} - ${ms('min(due_at)')} FROM ${this.#orders} WHERE status = 'waiting') AS late`,
    );
    const { oldest, late, ...counts } = found ?? NONE;
    return {
      ...counts,
      lateMs: Math.max(0, Math.round(late ?? 0)),
      ...(oldest !== null && { oldestOpenAt: new Date(oldest) }),
    };
  }

  async journal(
    db: SqlExecutor,
    id: string,
    { after = 0, limit = 1000 }: { after?: number; limit?: number } = {},
  ): Promise<StoredJournalEntry[]> {
    const rows = await rowsOf<{ seq: string; at: number; kind: string; fields: string; hash: string }>(
      db,
      `SELECT seq::text AS seq, ${ms('at')} AS at, kind, fields::text AS fields, hash FROM ${this.#journal} j
       WHERE order_id = $1::text::uuid AND seq > $2::bigint ORDER BY j.seq LIMIT $3::int`,
      [id, after, limit],
    );
    return rows.map(({ seq, at, kind, fields, hash }) => ({
      seq: Number(seq),
      at: Math.round(at),
      kind,
      fields: JSON.parse(fields) as StoredJournalEntry['fields'],
      hash,
    }));
  }

  /** A step of clearing away. @returns how many rows are gone: fewer than `limit` where no more are over. */
  async pruneOrders(db: SqlExecutor, kind: 'order' | 'refund', keepDays: number, limit: number): Promise<number> {
    const [gone] = await rowsOf<{ count: number }>(
      db,
      `WITH gone AS (
         DELETE FROM ${this.#orders} WHERE id IN (
           SELECT id FROM ${this.#orders}
           WHERE kind = $1::text AND status IN ${TALLIED} AND ended_at < now() - $2::int * interval '1 day'
           ORDER BY ended_at LIMIT $3::int FOR UPDATE SKIP LOCKED
         ) RETURNING status
       ), tallied AS (
         INSERT INTO ${this.#tally} (status, change) SELECT status, -count(*) FROM gone GROUP BY status
       )
       SELECT count(*)::int AS count FROM gone`,
      [kind, keepDays, limit],
    );
    return gone?.count ?? 0;
  }

  /** All that is old of each journal that a step comes across: what is left of it has no gap. @returns fewer than `limit` where no more are old. */
  async pruneJournal(db: SqlExecutor, keepDays: number, limit: number): Promise<number> {
    const [gone] = await rowsOf<{ count: number }>(
      db,
      `WITH gone AS (
         DELETE FROM ${this.#journal} WHERE order_id = ANY(ARRAY(
           SELECT order_id FROM ${this.#journal} WHERE noted_at < now() - $1::int * interval '1 day' LIMIT $2::int
         )) AND noted_at < now() - $1::int * interval '1 day' RETURNING 1
       )
       SELECT count(*)::int AS count FROM gone`,
      [keepDays, limit],
    );
    return gone?.count ?? 0;
  }

  /** Sums up what the tally holds: one row for each status, and what comes meanwhile. */
  async foldTally(db: SqlExecutor): Promise<void> {
    await db.executeSql(
      `WITH gone AS (
         DELETE FROM ${this.#tally} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${this.#tally} FOR UPDATE SKIP LOCKED))
         RETURNING status, change
       )
       INSERT INTO ${this.#tally} (status, change) SELECT status, sum(change) FROM gone GROUP BY status`,
    );
  }

  /** Open rows that nobody has looked at for a minute although they are due, or are said to be with a worker. */
  async overdue(db: SqlExecutor, limit: number): Promise<{ id: string; merchantId: string }[]> {
    const scan = (where: string): string =>
      `(SELECT id, merchant_id AS "merchantId" FROM ${this.#orders} WHERE ${where} LIMIT $1::int)`;
    const late = `interval '1 minute'`;
    return rowsOf(
      db,
      `${scan(`status = 'waiting' AND due_at < now() - ${late} ORDER BY due_at`)}
       UNION ALL ${scan(`status = 'active' AND updated_at < now() - ${late}`)}`,
      [limit],
    );
  }

  #note(parameter: string): string {
    return `INSERT INTO ${this.#journal} (order_id, seq, at, kind, fields, hash)
      SELECT order_id, seq, to_timestamp(at / 1000), kind, fields::json, hash FROM json_to_recordset(${parameter}::text::json) AS ${ENTRIES}`;
  }
}

export async function rowsOf<Row>(db: SqlExecutor, text: string, values?: unknown[]): Promise<Row[]> {
  return (await db.executeSql(text, values)).rows as Row[];
}

export function toRow({ data: json, endedAt, parentId, seq, hash, ...row }: Selected): DurableRow {
  const head = { seq: Number(seq), hash };
  return rowOf({ ...row, json, endedAt: endedAt ?? undefined, parentId: parentId ?? undefined, head });
}

/** A row as the statements are given it: {@link GIVEN}. */
function given(id: string, data: DurableData, more: object): object {
  const json = JSON.stringify(data);
  const columns = columnsOf(JSON.parse(json) as DurableData);
  const { kind, merchantId, subMerchantId, number, transactionId, totalFee, currency } = columns;
  const { paidFee, paidCurrency, orderCreatedAt, ends, hasOutcome, isDecided } = columns;
  return {
    id,
    data: json,
    kind,
    merchant_id: merchantId,
    sub_merchant_id: subMerchantId,
    number,
    transaction_id: transactionId,
    total_fee: totalFee,
    currency,
    paid_fee: paidFee,
    paid_currency: paidCurrency,
    order_created_at: orderCreatedAt,
    ends,
    has_outcome: hasOutcome,
    is_decided: isDecided,
    ...more,
  };
}

function entriesOf(id: string, entries: readonly StoredJournalEntry[]): object[] {
  return entries.map(({ seq, at, kind, fields, hash }) => ({
    order_id: id,
    seq,
    at,
    kind,
    fields: JSON.stringify(fields),
    hash,
  }));
}

/** A time as milliseconds since 1970, whichever time zone and parser the driver has. */
function ms(time: string): string {
  return `(extract(epoch FROM ${time}) * 1000)::float8`;
}
