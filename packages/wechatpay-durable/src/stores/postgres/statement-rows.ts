import type { StatementRow } from 'wechatpay-core';
import { DurableOrdersError } from '../../errors.js';
import { isOrder } from '../kinds.js';
import type { DurableOrder, StagedStatement } from '../store.js';
import type { SqlDatabase } from '../sql-executor.js';
import { COLUMNS, rowsOf, toRow, type Selected } from './order-rows.js';

interface StatementRowsOptions {
  readonly schema: string;
  readonly within: <Result>(work: (db: SqlDatabase) => Promise<Result>) => Promise<Result>;
  /** Whose statement. An empty sub-merchant: of all of them. */
  readonly owner: { readonly merchantId: string; readonly subMerchantId: string };
  /** Names the rows of one statement. */
  readonly run: string;
}

/** The columns of a staged row: what a comparison asks of it. */
const STAGED = `s (line int, is_payment boolean, number text, sub_merchant_id text, transaction_id text, total_fee bigint,
  currency text, open_id text, data json)`;

const PAGE = 2_000;

/**
 * The rows of a statement, staged. That most rows say what their orders say is found out by one join; who judges the others is the
 * comparison of wechatpay-core, as of any other store.
 */
export class StatementRows implements StagedStatement {
  readonly #within: StatementRowsOptions['within'];
  readonly #rows: string;
  readonly #orders: string;
  readonly #owner: StatementRowsOptions['owner'];
  readonly #run: string;
  #count = 0;
  #differing = 0;

  constructor({ schema, within, owner, run }: StatementRowsOptions) {
    this.#within = within;
    this.#rows = `${schema}.statement_rows`;
    this.#orders = `${schema}.orders`;
    this.#owner = owner;
    this.#run = run;
  }

  async add(rows: readonly StatementRow[]): Promise<void> {
    this.#count += rows.length;
    await this.#do(
      `INSERT INTO ${this.#rows} (run, line, is_payment, number, sub_merchant_id, transaction_id, total_fee, currency, open_id, data)
       SELECT $1::text::uuid, line, is_payment, number, sub_merchant_id, transaction_id, total_fee, currency, open_id, data
       FROM json_to_recordset($2::text::json) AS ${STAGED}`,
      [this.#run, JSON.stringify(rows.map(toStaged))],
    );
  }

  async agreed(): Promise<number> {
    // Nobody has looked at the new rows: without that, a plan for a handful of them would be taken for a million.
    await this.#do(`ANALYZE ${this.#rows}`);
    const of = (columns: string, more = ''): string =>
      `SELECT ${columns} FROM ${this.#rows} WHERE run = $1::text::uuid ${more} GROUP BY ${columns} HAVING count(*) > 1`;
    const [found] = await this.#do<{ count: number }>(
      `WITH repeated AS (${of('number, sub_merchant_id')}),
       twins AS (${of('open_id, currency, total_fee', 'AND open_id IS NOT NULL')}),
       others AS (
         SELECT s.line FROM ${this.#rows} s
         LEFT JOIN ${this.#orders} o ON s.is_payment AND o.number = s.number AND o.merchant_id = $2::text AND o.kind = 'order'
           AND o.sub_merchant_id = s.sub_merchant_id AND o.status = 'done' AND o.transaction_id = s.transaction_id
           AND COALESCE((o.data->'outcome'->'payment'->>'totalFee')::bigint, o.total_fee) = s.total_fee
           AND COALESCE(o.data->'outcome'->'payment'->>'currency', o.currency) = s.currency
           AND o.data->'outcome'->>'kind' = 'paid'
           AND ($3::text = '' OR s.sub_merchant_id = $3::text)
         LEFT JOIN repeated r ON r.number = s.number AND r.sub_merchant_id = s.sub_merchant_id
         LEFT JOIN twins t ON t.open_id = s.open_id AND t.currency = s.currency AND t.total_fee = s.total_fee
         WHERE s.run = $1::text::uuid AND (o.id IS NULL OR r.number IS NOT NULL OR t.open_id IS NOT NULL)
       ), marked AS (
         UPDATE ${this.#rows} s SET differs = true FROM others WHERE s.run = $1::text::uuid AND s.line = others.line RETURNING 1
       )
       SELECT count(*)::int AS count FROM marked`,
      [this.#run, this.#owner.merchantId, this.#owner.subMerchantId],
    );
    await this.#assertStaged(); // now: whatever was lost by then, it was not counted as differing
    this.#differing = found?.count ?? 0;
    return this.#count - this.#differing;
  }

  async *others(): AsyncGenerator<StatementRow, void> {
    let given = 0;
    for (let after = 0; ;) {
      const found = await this.#do<Staged>(
        `SELECT line, number, sub_merchant_id, transaction_id, total_fee::float8 AS total_fee, currency, open_id, data::text AS data
         FROM ${this.#rows}
         WHERE run = $1::text::uuid AND differs AND line > $2::int ORDER BY line LIMIT ${PAGE}`,
        [this.#run, after],
      );
      for (const row of found) yield fromStaged(row);
      given += found.length;
      const last = found.at(-1);
      if (found.length < PAGE || !last) break;
      after = last.line;
    }
    if (given !== this.#differing) throw rowsVanished(given, this.#differing);
  }

  async *unlisted(from: Date, until: Date): AsyncGenerator<DurableOrder, void> {
    let after = { createdAt: new Date(0), id: '00000000-0000-0000-0000-000000000000' };
    for (;;) {
      // When it was created, by its state; when it was stored narrows that down.
      const found = await this.#do<Selected>(
        `SELECT ${COLUMNS} FROM ${this.#orders} o
         WHERE kind = 'order' AND merchant_id = $2::text AND has_outcome
           AND created_at >= $3::text::timestamptz - interval '10 minutes' AND created_at < $4::text::timestamptz + interval '1 day'
           AND (data->'state'->>'orderCreatedAt')::float8 >= extract(epoch FROM $3::text::timestamptz) * 1000
           AND (data->'state'->>'orderCreatedAt')::float8 < extract(epoch FROM $4::text::timestamptz) * 1000
           AND NOT EXISTS (
             SELECT 1 FROM ${this.#rows} s WHERE s.run = $1::text::uuid AND NOT s.differs
               AND s.number = o.number AND s.sub_merchant_id = o.sub_merchant_id
           )
           AND (created_at, id) > ($5::text::timestamptz, $6::text::uuid)
         ORDER BY created_at, id LIMIT ${PAGE}`,
        [
          this.#run,
          this.#owner.merchantId,
          from.toISOString(),
          until.toISOString(),
          after.createdAt.toISOString(),
          after.id,
        ],
      );
      const rows = found.map(toRow);
      // Before any of these counts as missing.
      await this.#assertStaged();
      yield* rows.filter(isOrder);
      const last = rows.at(-1);
      if (rows.length < PAGE || !last) return;
      after = last;
    }
  }

  /** The table is unlogged: after a crash of the database it is empty, and each row that is gone would count as one that agrees. */
  async #assertStaged(): Promise<void> {
    const [found] = await this.#do<{ count: number }>(
      `SELECT count(*)::int AS count FROM ${this.#rows} WHERE run = $1::text::uuid`,
      [this.#run],
    );
    const count = found?.count ?? 0;
    if (count !== this.#count) throw rowsVanished(count, this.#count);
  }

  async drop(): Promise<void> {
    await this.#do(`DELETE FROM ${this.#rows} WHERE run = $1::text::uuid`, [this.#run]);
  }

  #do<Row>(text: string, values?: unknown[]): Promise<Row[]> {
    return this.#within((db) => rowsOf<Row>(db, text, values));
  }
}

function rowsVanished(found: number, expected: number): DurableOrdersError {
  return new DurableOrdersError(
    'WECHATPAY_STORE_FAILED',
    `Of ${expected} staged rows of the statement, the database has ${found}: it has crashed meanwhile. Reconcile the day again.`,
  );
}

/** Clears away what processes that have died have left. */
export async function clearStaged(db: SqlDatabase, schema: string): Promise<void> {
  await rowsOf(db, `DELETE FROM ${schema}.statement_rows WHERE staged_at < now() - interval '1 day'`);
}

/** A row as it is read again; what is null was left out. */
interface Staged {
  readonly line: number;
  readonly number: string;
  readonly sub_merchant_id: string;
  readonly transaction_id: string;
  readonly total_fee: number | null;
  readonly currency: string;
  readonly open_id: string | null;
  readonly data: string;
}

/** What a comparison does not ask for is not staged: texts, and what the customer was charged. One literal: there are very many. */
function toStaged(row: StatementRow): object {
  return {
    line: row.line,
    is_payment: row.tradeState === 'SUCCESS' && row.refundId === undefined,
    number: row.outTradeNo,
    sub_merchant_id: row.subMerchantId ?? '',
    transaction_id: row.transactionId,
    total_fee: row.totalFee,
    currency: row.currency,
    open_id: row.openId,
    data: {
      tradeTime: row.tradeTime.getTime(),
      tradeState: row.tradeState,
      refundId: row.refundId,
      outRefundNo: row.outRefundNo,
      refundFee: row.refundFee,
      requestedRefundFee: row.requestedRefundFee,
      refundCurrency: row.refundCurrency,
      refundStatus: row.refundStatus,
      fee: row.fee,
    },
  };
}

function fromStaged(staged: Staged): StatementRow {
  const { line, number, sub_merchant_id, transaction_id, total_fee, currency, open_id, data } = staged;
  const { tradeTime, ...more } = JSON.parse(data) as StatementRow & { readonly tradeTime: number };
  return {
    ...{ ...more, line, currency, tradeTime: new Date(tradeTime), outTradeNo: number, transactionId: transaction_id },
    ...(sub_merchant_id !== '' && { subMerchantId: sub_merchant_id }),
    ...(total_fee !== null && { totalFee: total_fee }),
    ...(open_id !== null && { openId: open_id }),
    raw: {},
  };
}
