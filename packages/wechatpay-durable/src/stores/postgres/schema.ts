import { DurableOrdersError } from '../../errors.js';
import type { SqlDatabase } from '../sql-executor.js';

/**
 * Of an order: it ended on a later day of Beijing than it was made on. Nearly all end on their own: an index of the others alone is small,
 * and a query that says the same is answered by it. One whose time is not known counts as such.
 */
export const ENDED_LATER =
  "kind = 'order' AND date_trunc('day', ended_at AT TIME ZONE interval '8 hours')\n" +
  "    > COALESCE(order_created_at, '-infinity') AT TIME ZONE interval '8 hours'";

/**
 * What each version of our tables adds to the one before: the first makes them. A statement of each stands alone, and nothing in
 * here is changed once it is released.
 *
 * - `orders`: a row is an order, or a refund (`kind`) of the order `parent_id`. `lease` grows with each change but those of its worker:
 *   it fences. `created_at` is when the row was stored, `order_created_at` when its order was made, by whoever made it.
 * - `journal`: what happened to a row, append-only; it outlives the row.
 * - `tally`: how many are done and cancelled, as changes to be summed up: a million rows need not be counted.
 * - `reconciliations`: what came of each day's statement, and who is at it.
 * - `statement_rows`: a statement, while it is compared, with the order that a row agrees with. Of a crash nothing of it is needed.
 */
const VERSIONS: readonly ((schema: string) => readonly string[])[] = [
  (schema) => [
    `CREATE TABLE ${schema}.orders (
  id uuid PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('order', 'refund')),
  parent_id uuid,
  merchant_id text NOT NULL,
  sub_merchant_id text NOT NULL,
  number text,
  transaction_id text,
  total_fee bigint,
  currency text,
  status text NOT NULL CHECK (status IN ('waiting', 'active', 'done', 'dead', 'cancelled')),
  data json NOT NULL,
  ends integer NOT NULL,
  has_outcome boolean NOT NULL,
  is_decided boolean NOT NULL,
  lease bigint NOT NULL DEFAULT 0,
  journal_seq bigint NOT NULL,
  journal_hash text NOT NULL,
  created_at timestamptz(3) NOT NULL DEFAULT now(),
  due_at timestamptz(3) NOT NULL,
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  ended_at timestamptz(3)
) WITH (fillfactor = 85)`,
    `CREATE UNIQUE INDEX orders_number ON ${schema}.orders (number, merchant_id, kind, sub_merchant_id)`,
    `CREATE INDEX orders_transaction ON ${schema}.orders (transaction_id) WHERE transaction_id IS NOT NULL`,
    `CREATE INDEX orders_parent ON ${schema}.orders (parent_id) WHERE parent_id IS NOT NULL`,
    `CREATE INDEX orders_due ON ${schema}.orders (due_at) WHERE status = 'waiting'`,
    `CREATE INDEX orders_page ON ${schema}.orders (status, created_at, id)`,
    `CREATE INDEX orders_created ON ${schema}.orders (created_at, id)`,
    `CREATE INDEX orders_merchant ON ${schema}.orders (merchant_id, created_at, id)`,
    `CREATE INDEX orders_ended ON ${schema}.orders (kind, ended_at, merchant_id, id) WHERE ended_at IS NOT NULL`,
    `CREATE TABLE ${schema}.journal (
  order_id uuid NOT NULL,
  seq bigint NOT NULL,
  at timestamptz(3) NOT NULL,
  kind text NOT NULL,
  fields json NOT NULL,
  hash text NOT NULL,
  noted_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (order_id, seq)
)`,
    `CREATE INDEX journal_noted ON ${schema}.journal USING brin (noted_at) WITH (pages_per_range = 32)`,
    `CREATE TABLE ${schema}.tally (status text NOT NULL, change bigint NOT NULL)`,
  ],
  (schema) => [
    `ALTER TABLE ${schema}.orders ADD COLUMN paid_fee bigint, ADD COLUMN paid_currency text,
  ADD COLUMN order_created_at timestamptz(3)`,
    `CREATE INDEX orders_ended_later ON ${schema}.orders (merchant_id, ended_at, id)
  WHERE ${ENDED_LATER}`,
    `CREATE TABLE ${schema}.reconciliations (
  merchant_id text NOT NULL,
  sub_merchant_id text NOT NULL,
  date text NOT NULL,
  data json,
  owner text,
  claimed_until timestamptz(3),
  updated_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (merchant_id, sub_merchant_id, date)
)`,
    `CREATE UNLOGGED TABLE ${schema}.statement_rows (
  run uuid NOT NULL,
  line integer NOT NULL,
  number text NOT NULL,
  sub_merchant_id text NOT NULL,
  transaction_id text NOT NULL,
  total_fee bigint,
  currency text NOT NULL,
  open_id text,
  trade_time bigint NOT NULL,
  fee text,
  more json,
  order_id uuid,
  staged_at timestamptz(3) NOT NULL DEFAULT now()
)`,
    `CREATE INDEX statement_rows_differ ON ${schema}.statement_rows (run, line) WHERE order_id IS NULL`,
  ],
];

/** What a database administrator can run in place of the first opening, after pg-boss's own: see the guide. */
export function schemaStatements(schema: string): string[] {
  return [
    `CREATE TABLE ${schema}.orders_version (version integer NOT NULL)`,
    ...VERSIONS.flatMap((statements) => statements(schema)),
    `INSERT INTO ${schema}.orders_version VALUES (${VERSIONS.length})`,
  ];
}

/**
 * Brings our tables to this version, once, whoever comes first.
 *
 * @throws {DurableOrdersError} a later version made them.
 */
export async function migrate(db: SqlDatabase, schema: string): Promise<void> {
  if ((await versionOf(db, schema)) === VERSIONS.length) return;
  await db.transaction(async (tx) => {
    await tx.executeSql(`SELECT pg_advisory_xact_lock(hashtextextended($1, 0))`, [`wechatpay-durable ${schema}`]);
    const version = await versionOf(tx, schema);
    if (version === 0) {
      for (const statement of schemaStatements(schema)) await tx.executeSql(statement);
      return;
    }
    for (const statements of VERSIONS.slice(version)) {
      for (const statement of statements(schema)) await tx.executeSql(statement);
    }
    await tx.executeSql(`UPDATE ${schema}.orders_version SET version = ${VERSIONS.length}`);
  });
}

async function versionOf(db: Pick<SqlDatabase, 'executeSql'>, schema: string): Promise<number> {
  // Not to_regclass, which may not see yet what another transaction has made. Names without quotes are in small letters.
  const { rows } = await db.executeSql(
    `SELECT 1 FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
     WHERE nspname = lower($1) AND relname = 'orders_version'`,
    [schema],
  );
  if (rows.length === 0) return 0;
  const read = await db.executeSql(`SELECT version FROM ${schema}.orders_version`);
  const version = (read.rows as { version: number }[])[0]?.version ?? 0;
  if (version <= VERSIONS.length) return version;
  throw new DurableOrdersError(
    'WECHATPAY_STORE_FAILED',
    `The tables in schema ${schema} are of version ${version}, and this version of wechatpay-durable knows ${VERSIONS.length}: ` +
      'upgrade wechatpay-durable in this process.',
  );
}
