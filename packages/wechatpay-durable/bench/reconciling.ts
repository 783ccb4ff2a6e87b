// How long it takes to reconcile a day on PostgreSQL: a statement of very many rows, and as many orders. The statement is made here as it
// is read: how fast it is downloaded is the network's.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseStatement, statementDay } from 'wechatpay-core';
import { compareRows } from '../src/reconcile/compare-day.js';
import { PostgresStore } from '../src/stores/postgres/postgres.js';
import type { PostgresServer } from '../test/servers/postgres.js';

export interface Reconciled {
  readonly rows: number;
  readonly seconds: number;
  /** What COPY and a join take, in the same run. */
  readonly copySeconds: number;
  /** The most memory that the process took above what it had before, in MiB. */
  readonly mebibytes: number;
}

interface Day {
  readonly connectionString: string;
  readonly rows: number;
}

const DATE = '20260301';
const MERCHANT_ID = '1900000109';
const NOON = statementDay(DATE).from.getTime() + 12 * 60 * 60_000;
const FILLED_AT_ONCE = 100_000;
/** One row is of an order that there is not, so that one order has no row. */
const STRANGER = 7;

/** Stores as many orders as the statement has rows, each paid at noon. */
export async function fillDay(server: PostgresServer, { connectionString, rows }: Day): Promise<void> {
  const store = new PostgresStore({ connectionString });
  await store.open(); // makes the tables
  await store.close();
  const payment = { transactionId: 'TRANSACTION', totalFee: 888, currency: 'HKD' };
  const outcome = { kind: 'paid', payment };
  const order = { outTradeNo: 'NUMBER', totalFee: 888, currency: 'HKD', body: 'Tea', tradeType: 'MICROPAY' };
  const times = { orderCreatedAt: NOON, deadline: NOON + 60_000 };
  const state = { version: 2, kind: 'ended', order, ...times, totalFee: 888, currency: 'HKD', outcome };
  const data = { merchantId: MERCHANT_ID, state: { ...state, policy: { ifPaid: 'keep' }, sent: {} }, outcome };
  const json = JSON.stringify({ ...data, end: 1, endAt: NOON + 1000 });
  for (let from = 0; from < rows; from += FILLED_AT_ONCE) {
    await server.query(
      `INSERT INTO wechatpay.orders (id, kind, merchant_id, sub_merchant_id, number, transaction_id, total_fee, currency, paid_fee,
         paid_currency, order_created_at, status, data, ends, has_outcome, is_decided, journal_seq, journal_hash, created_at, due_at, ended_at)
       SELECT gen_random_uuid(), 'order', '${MERCHANT_ID}', '', number, transaction, 888, 'HKD', 888, 'HKD', to_timestamp(${NOON / 1000}), 'done',
         replace(replace('${json}', 'NUMBER', number), 'TRANSACTION', transaction)::json,
         1, true, true, 1, 'x', to_timestamp(${NOON / 1000}), now(), to_timestamp(${NOON / 1000 + 1})
       FROM generate_series(${from}, ${Math.min(from + FILLED_AT_ONCE, rows) - 1}) n,
         LATERAL (SELECT 'DAY' || lpad(n::text, 12, '0') AS number, '4200009999202603' || lpad(n::text, 12, '0') AS transaction) named`,
      connectionString,
    );
  }
  await server.query('VACUUM ANALYZE wechatpay.orders', connectionString);
}

/**
 * What PostgreSQL alone takes for as many rows, in seconds: COPY from a file of its own, and one join with the orders: less than
 * reading a statement, looking for rows that come twice, and saying which order has none.
 */
export async function copyAndJoin(server: PostgresServer, { connectionString, rows }: Day): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-copy-'));
  try {
    const file = join(folder, 'rows');
    const lines = Array.from({ length: rows }, (_, n) => {
      const number = String(n).padStart(12, '0');
      return `DAY${number}\t4200009999202603${number}\t888\tHKD\n`;
    });
    writeFileSync(file, lines.join(''));
    chmodSync(folder, 0o755);
    await server.query(
      'CREATE UNLOGGED TABLE copied (number text, paid text, fee bigint, currency text)',
      connectionString,
    );
    const startedAt = performance.now();
    await server.query(`COPY copied FROM '${file}'`, connectionString);
    const [found] = await server.query(
      `SELECT count(*)::int AS count FROM copied c JOIN wechatpay.orders o
       ON o.number = c.number AND o.transaction_id = c.paid AND o.total_fee = c.fee AND o.currency = c.currency`,
      connectionString,
    );
    const seconds = (performance.now() - startedAt) / 1000;
    if (found?.count !== rows) throw new Error(`${String(found?.count)} of ${rows} rows were joined`);
    return seconds;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** In a process that does nothing else. */
export async function reconcileDay({ connectionString, rows }: Day): Promise<Omit<Reconciled, 'copySeconds'>> {
  const store = new PostgresStore({ connectionString });
  await store.open();
  const { reconciliations } = store;
  const key = { merchantId: MERCHANT_ID, subMerchantId: '', date: DATE };
  const before = process.memoryUsage.rss();
  let most = before;
  const look = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const startedAt = performance.now();
  const day = { store, reconciliations, key, day: statementDay(DATE), carried: new Set<string>() };
  const { agreed, differing, differences } = await compareRows(day, await parseStatement(statementOf(rows)));
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(look);
  await store.close();
  const classes = differences.map((each) => each.class).sort();
  if (agreed !== rows - 1 || differing !== 2 || classes.join() !== 'book-only,statement-only') {
    throw new Error(`${agreed} agree, and ${differing} differ: ${JSON.stringify(differences)}`);
  }
  return { rows, seconds, mebibytes: (most - before) / 2 ** 20 };
}

const HEADER =
  '交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,' +
  '代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注';
const SUMMARY = '总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额';
const ROWS_OF_A_CHUNK = 200;

function* statementOf(rows: number): Generator<Buffer> {
  yield Buffer.from(`${HEADER}\r\n`);
  for (let from = 0; from < rows; from += ROWS_OF_A_CHUNK) {
    let text = '';
    for (let n = from; n < Math.min(from + ROWS_OF_A_CHUNK, rows); n += 1) {
      const number = String(n === STRANGER ? 999_999_999_999 : n).padStart(12, '0');
      const cells = [
        ...[
          '2026-03-01 12:00:02',
          'wx2421b1c4370ec43b',
          MERCHANT_ID,
          '0',
          '',
          `4200009999202603${number}`,
          `DAY${number}`,
        ],
        ...[`oUpF8uMuAJO_${number}`, 'MICROPAY', 'SUCCESS', 'OTHERS', 'HKD', '8.88', '0.00', '0', '0', '0.00', '0.00'],
        ...['', '', 'Tea', 'table 4, window', '0.05328', '0.60%', '8.88', '0.00', ''],
      ];
      text += `\`${cells.join(',`')}\r\n`;
    }
    yield Buffer.from(text);
  }
  const paid = decimal(BigInt(rows) * 888n, 2);
  const fees = decimal(BigInt(rows) * 5328n, 5);
  yield Buffer.from(`${SUMMARY}\r\n\`${[rows, paid, '0.00', '0.00', fees, paid, '0.00'].join(',`')}\r\n`);
}

function decimal(value: bigint, places: number): string {
  const digits = String(value).padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}
