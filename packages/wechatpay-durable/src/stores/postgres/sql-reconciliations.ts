import { randomUUID } from 'node:crypto';
import type { StatementDay } from 'wechatpay-core';
import type {
  DurableOrder,
  OrderNumbers,
  ReconciliationKey,
  ReconciliationPeriod,
  ReconciliationStore,
  StagedStatement,
} from '../store.js';
import type { SqlDatabase } from '../sql-executor.js';
import { isOrder } from '../kinds.js';
import { COLUMNS, rowsOf, toRow, type Selected } from './order-rows.js';
import { ENDED_LATER } from './schema.js';
import { clearStaged, StatementRows } from './statement-rows.js';

interface ReconciliationsOptions {
  readonly schema: string;
  /** Does something in the open database. @throws {DurableOrdersError} it is not open, or fails. */
  readonly within: <Result>(work: (db: SqlDatabase) => Promise<Result>) => Promise<Result>;
  /** Whether rows are staged, and compared in SQL. */
  readonly isStaging: boolean;
  readonly orderDays: number;
}

const PAGE = 1000;

/** Reconciliations in a table of ours. */
export class SqlReconciliations implements ReconciliationStore {
  readonly #within: ReconciliationsOptions['within'];
  readonly #schema: string;
  readonly #days: string;
  readonly stage: ReconciliationStore['stage'];
  readonly orderDays: number;

  constructor({ schema, within, isStaging, orderDays }: ReconciliationsOptions) {
    this.orderDays = orderDays;
    this.#within = within;
    this.#schema = schema;
    this.#days = `${schema}.reconciliations`;
    if (isStaging) this.stage = (key) => this.#stage(key);
  }

  put({ merchantId, subMerchantId, date }: ReconciliationKey, owner: string, data: object): Promise<boolean> {
    return this.#within(async (db) => {
      // The row is there: the claim has made it.
      const stored = await rowsOf(
        db,
        `UPDATE ${this.#days} SET data = $5::text::json, updated_at = now()
         WHERE merchant_id = $1::text AND sub_merchant_id = $2::text AND date = $3::text AND owner = $4::text AND claimed_until > now()
         RETURNING 1 AS stored`,
        [merchantId, subMerchantId, date, owner, JSON.stringify(data)],
      );
      return stored.length > 0;
    });
  }

  get({ merchantId, subMerchantId, date }: ReconciliationKey): Promise<object | undefined> {
    return this.list({ merchantId, subMerchantId, from: date, to: date }).then(([found]) => found);
  }

  list({ merchantId, subMerchantId, from, to }: ReconciliationPeriod): Promise<object[]> {
    return this.#within(async (db) => {
      const found = await rowsOf<{ data: string }>(
        db,
        `SELECT data::text AS data FROM ${this.#days}
         WHERE merchant_id = $1::text AND sub_merchant_id = $2::text AND date BETWEEN $3::text AND $4::text AND data IS NOT NULL
         ORDER BY date`,
        [merchantId, subMerchantId, from, to],
      );
      return found.map(({ data }) => JSON.parse(data) as object);
    });
  }

  claim({ merchantId, subMerchantId, date }: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean> {
    return this.#within(async (db) => {
      const claimed = await rowsOf(
        db,
        `INSERT INTO ${this.#days} AS day (merchant_id, sub_merchant_id, date, owner, claimed_until)
         VALUES ($1::text, $2::text, $3::text, $4::text, now() + $5::float8 * interval '1 millisecond')
         ON CONFLICT (merchant_id, sub_merchant_id, date) DO UPDATE SET owner = excluded.owner, claimed_until = excluded.claimed_until
         WHERE day.owner IS NULL OR day.owner = excluded.owner OR day.claimed_until < now()
         RETURNING 1 AS claimed`,
        [merchantId, subMerchantId, date, owner, leaseMs],
      );
      return claimed.length > 0;
    });
  }

  renew({ merchantId, subMerchantId, date }: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean> {
    return this.#within(async (db) => {
      const renewed = await rowsOf(
        db,
        `UPDATE ${this.#days} SET claimed_until = now() + $5::float8 * interval '1 millisecond'
         WHERE merchant_id = $1::text AND sub_merchant_id = $2::text AND date = $3::text AND owner = $4::text AND claimed_until > now()
         RETURNING 1 AS renewed`,
        [merchantId, subMerchantId, date, owner, leaseMs],
      );
      return renewed.length > 0;
    });
  }

  release({ merchantId, subMerchantId, date }: ReconciliationKey, owner: string): Promise<void> {
    return this.#within(async (db) => {
      await db.executeSql(
        `UPDATE ${this.#days} SET owner = NULL, claimed_until = NULL
         WHERE merchant_id = $1::text AND sub_merchant_id = $2::text AND date = $3::text AND owner = $4::text`,
        [merchantId, subMerchantId, date, owner],
      );
    });
  }

  /** What is old, claims that have lapsed, and what processes that have died have staged. */
  async prune(keepDays: number): Promise<void> {
    await this.#within(async (db) => {
      await db.executeSql(
        `DELETE FROM ${this.#days} WHERE updated_at < now() - $1::int * interval '1 day'
           OR (data IS NULL AND claimed_until < now() - interval '1 day')`,
        [keepDays],
      );
      await clearStaged(db, this.#schema);
    });
  }

  findOrders(merchantId: string, numbers: readonly OrderNumbers[]): Promise<DurableOrder[]> {
    const scan = (column: string, parameter: string): string =>
      `SELECT ${COLUMNS} FROM ${this.#schema}.orders WHERE kind = 'order' AND merchant_id = $1::text
       AND ${column} = ANY(ARRAY(SELECT json_array_elements_text(${parameter}::text::json)))`;
    return this.#within(async (db) => {
      const found = await rowsOf<Selected>(db, `${scan('number', '$2')} UNION ALL ${scan('transaction_id', '$3')}`, [
        merchantId,
        JSON.stringify(numbers.map(({ outTradeNo }) => outTradeNo)),
        JSON.stringify(numbers.map(({ transactionId }) => transactionId)),
      ]);
      return [...new Map(found.map((row) => [row.id, toRow(row)])).values()].filter(isOrder);
    });
  }

  async *endedLater(merchantId: string, { from, until }: StatementDay): AsyncGenerator<DurableOrder, void> {
    let after = { endedAt: new Date(0), id: '00000000-0000-0000-0000-000000000000' };
    for (;;) {
      const found = await this.#within((db) =>
        rowsOf<Selected>(
          db,
          `SELECT ${COLUMNS} FROM ${this.#schema}.orders
           WHERE ${ENDED_LATER} AND merchant_id = $1::text
             AND ended_at >= $2::text::timestamptz AND ended_at < $3::text::timestamptz
             AND (ended_at, id) > ($4::text::timestamptz, $5::text::uuid)
           ORDER BY ended_at, id LIMIT ${PAGE}`,
          [merchantId, from.toISOString(), until.toISOString(), after.endedAt.toISOString(), after.id],
        ),
      );
      const rows = found.map(toRow);
      yield* rows.filter(isOrder);
      const { endedAt, id } = rows.at(-1) ?? {};
      if (rows.length < PAGE || !endedAt || id === undefined) return;
      after = { endedAt, id };
    }
  }

  async #stage({ merchantId, subMerchantId }: ReconciliationKey): Promise<StagedStatement> {
    await this.#within((db) => clearStaged(db, this.#schema));
    const owner = { merchantId, subMerchantId };
    return new StatementRows({ schema: this.#schema, within: this.#within, owner, run: randomUUID() });
  }
}
