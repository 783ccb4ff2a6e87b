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

const PAGE = 2_000;

/**
 * The rows of a statement, staged. Whether a row says what its order says is found out as it comes in, by the index of the numbers; who
 * judges the others is the comparison of wechatpay-core, as of any other store.
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
    const texts = (of: (row: StatementRow) => string | undefined): string => toArray(rows.map(of));
    const numbers = (of: (row: StatementRow) => number | undefined): string =>
      `{${rows.map((row) => of(row) ?? 'NULL').join()}}`;
    await this.#do(
      `INSERT INTO ${this.#rows} (run, line, number, sub_merchant_id, transaction_id, total_fee, currency, open_id, trade_time, fee, more,
         order_id)
       SELECT $1::text::uuid, s.line, s.number, s.sub_merchant_id, s.transaction_id, s.total_fee, s.currency, s.open_id, s.trade_time,
         s.fee, s.more::json, o.id
       FROM unnest($4::text::int[], $5::text::text[], $6::text::text[], $7::text::text[], $8::text::bigint[], $9::text::text[],
           $10::text::text[], $11::text::bigint[], $12::text::text[], $13::text::text[])
         AS s (line, number, sub_merchant_id, transaction_id, total_fee, currency, open_id, trade_time, fee, more)
       LEFT JOIN ${this.#orders} o ON s.more IS NULL AND o.number = s.number AND o.merchant_id = $2::text AND o.kind = 'order'
         AND o.sub_merchant_id = s.sub_merchant_id AND ($3::text = '' OR s.sub_merchant_id = $3::text)
         AND o.status = 'done' AND o.transaction_id = s.transaction_id
         AND o.paid_fee = s.total_fee AND o.paid_currency = s.currency`,
      [
        ...[this.#run, this.#owner.merchantId, this.#owner.subMerchantId],
        numbers(({ line }) => line),
        texts(({ outTradeNo }) => outTradeNo),
        texts(({ subMerchantId = '' }) => subMerchantId),
        texts(({ transactionId }) => transactionId),
        numbers(({ totalFee }) => totalFee),
        texts(({ currency }) => currency),
        texts(({ openId }) => openId),
        numbers(({ tradeTime }) => tradeTime.getTime()),
        texts(({ fee }) => fee),
        texts(moreOf),
      ],
    );
  }

  async agreed(): Promise<number> {
    // Nobody has looked at the new rows: without that, a plan for a handful of them would be taken for a million.
    await this.#do(`ANALYZE ${this.#rows}`);
    // By a number for each: two that share it by chance are judged as the others are.
    const repeated = `hashtextextended(number, hashtextextended(sub_merchant_id, 0))`;
    const twins = `hashtextextended(open_id, hashtextextended(currency, total_fee))`;
    await this.#markRepeated(repeated);
    await this.#markRepeated(twins);
    this.#differing = await this.#assertStaged();
    return this.#count - this.#differing;
  }

  async *others(): AsyncGenerator<StatementRow, void> {
    let given = 0;
    for (let after = 0; ;) {
      const found = await this.#do<Staged>(
        `SELECT line, number, sub_merchant_id, transaction_id, total_fee::float8 AS total_fee, currency, open_id,
           trade_time::float8 AS trade_time, fee, more::text AS more
         FROM ${this.#rows}
         WHERE run = $1::text::uuid AND order_id IS NULL AND line > $2::int ORDER BY line LIMIT ${PAGE}`,
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
      // When it was created, by its state; when it was stored narrows that down. The state is read of those without a row alone.
      const found = await this.#do<Selected>(
        `SELECT ${COLUMNS} FROM (
           SELECT * FROM ${this.#orders} o
           WHERE kind = 'order' AND merchant_id = $2::text AND has_outcome
             AND created_at >= $3::text::timestamptz - interval '10 minutes' AND created_at < $4::text::timestamptz + interval '1 day'
             AND (created_at, id) > ($5::text::timestamptz, $6::text::uuid)
             AND NOT EXISTS (SELECT 1 FROM ${this.#rows} s WHERE s.run = $1::text::uuid AND s.order_id = o.id)
           OFFSET 0
         ) unlisted
         WHERE (data->'state'->>'orderCreatedAt')::float8 >= extract(epoch FROM $3::text::timestamptz) * 1000
           AND (data->'state'->>'orderCreatedAt')::float8 < extract(epoch FROM $4::text::timestamptz) * 1000
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

  /** Rows of which there are several: what they agree with, each alone cannot say. */
  async #markRepeated(what: string): Promise<void> {
    const among = `run = $1::text::uuid AND ${what} IS NOT NULL`;
    await this.#do(
      `UPDATE ${this.#rows} SET order_id = NULL
       WHERE ${among} AND order_id IS NOT NULL
         AND ${what} IN (SELECT ${what} FROM ${this.#rows} WHERE ${among} GROUP BY 1 HAVING count(*) > 1)`,
      [this.#run],
    );
  }

  /**
   * The table is unlogged: after a crash of the database it is empty, and each row that is gone would count as one that agrees.
   *
   * @returns how many differ, by the same look: between two, the rows could vanish.
   */
  async #assertStaged(): Promise<number> {
    const [found] = await this.#do<{ count: number; differing: number }>(
      `SELECT count(*)::int AS count, (count(*) FILTER (WHERE order_id IS NULL))::int AS differing
       FROM ${this.#rows} WHERE run = $1::text::uuid`,
      [this.#run],
    );
    const { count = 0, differing = 0 } = found ?? {};
    if (count !== this.#count) throw rowsVanished(count, this.#count);
    return differing;
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

/** A row as it is read again. */
interface Staged {
  readonly line: number;
  readonly number: string;
  readonly sub_merchant_id: string;
  readonly transaction_id: string;
  readonly total_fee: number | null;
  readonly currency: string;
  readonly open_id: string | null;
  readonly trade_time: number;
  readonly fee: string | null;
  readonly more: string | null;
}

/** What a comparison asks of a row that is no plain payment; of one, there is nothing more. Texts are not staged, nor coupons. */
function moreOf(row: StatementRow): string | undefined {
  const { tradeState, refundId, outRefundNo, refundFee, requestedRefundFee, refundCurrency, refundStatus } = row;
  if (tradeState === 'SUCCESS' && refundId === undefined) return undefined;
  const more = { tradeState, refundId, outRefundNo, refundFee, requestedRefundFee, refundCurrency, refundStatus };
  return JSON.stringify(more);
}

function fromStaged(staged: Staged): StatementRow {
  const { line, number, sub_merchant_id, transaction_id, total_fee, currency, open_id, trade_time, fee, more } = staged;
  return {
    ...(more === null ? { tradeState: 'SUCCESS' } : (JSON.parse(more) as Pick<StatementRow, 'tradeState'>)),
    ...{ line, currency, tradeTime: new Date(trade_time), outTradeNo: number, transactionId: transaction_id },
    ...(sub_merchant_id !== '' && { subMerchantId: sub_merchant_id }),
    ...(total_fee !== null && { totalFee: total_fee }),
    ...(open_id !== null && { openId: open_id }),
    ...(fee !== null && { fee }),
    raw: {},
  } as StatementRow;
}

/** PostgreSQL's text of an array of texts. */
function toArray(texts: readonly (string | undefined)[]): string {
  const quoted = texts.map((text) => (text === undefined ? 'NULL' : `"${text.replace(/["\\]/g, '\\$&')}"`));
  return `{${quoted.join()}}`;
}
