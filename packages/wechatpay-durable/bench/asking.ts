// How long a store takes to be asked where it keeps very many orders. They get into it by its own statements, a thousand at a time.
import { createHash } from 'node:crypto';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import type { DurableOrder, JournalEntry, OrderStore } from 'wechatpay-durable';
import { openFolder } from '../src/stores/embedded/embedded-folder.js';
import { EMPTY_JOURNAL } from '../src/stores/journal.js';
import { OrderRows } from '../src/stores/postgres/order-rows.js';
import { dataArgs } from '../src/stores/redis/redis-rows.js';
import { ENQUEUE } from '../src/stores/redis/redis-scripts.js';
import type { DurableOrderData, DurableOrderStatus } from '../src/stores/store.js';
import type { SqlExecutor } from '../src/stores/sql-executor.js';

/** How many there are, and what each looks like. */
export interface Population {
  readonly ended: number;
  readonly waiting: number;
  /** One that is done, and one that waits: the others are copies of them, each with a number of its own. */
  readonly done: DurableOrder;
  readonly open: DurableOrder;
  /** What is noted of each that ended; none where the journal is not measured. */
  readonly journal: readonly JournalEntry[];
}

export interface Asked {
  readonly name: string;
  readonly rows: number;
  /** The median of each question, in milliseconds. */
  readonly questions: readonly { readonly name: string; readonly p50: number }[];
}

interface Row {
  readonly id: string;
  readonly data: DurableOrderData;
  readonly status: DurableOrderStatus;
  readonly createdAt: number;
  readonly dueAt: number;
  readonly endedAt: number | null;
}

const AT_ONCE = 1000;
const TIMES = 41;
const DAY_MS = 24 * 60 * 60 * 1000;
const DAYS = 30;
/** Of those that ended. */
const DEAD_SHARE = 0.001;

/** PostgreSQL. As in a folder, the tables are there: a store that was opened before has made them. */
export async function fillPostgres(connectionString: string, population: Population): Promise<void> {
  const pool = new Pool({ connectionString });
  try {
    await fillSql({ executeSql: (text, values) => pool.query(text, values) }, population);
    await pool.query('VACUUM ANALYZE wechatpay.orders');
    await pool.query('VACUUM ANALYZE wechatpay.journal');
  } finally {
    await pool.end();
  }
}

export async function fillFolder(folder: string, population: Population): Promise<void> {
  const { pglite, close } = await openFolder(folder);
  try {
    await fillSql(pglite, population);
    await pglite.exec('VACUUM ANALYZE wechatpay.orders');
  } finally {
    await close();
  }
}

async function fillSql(db: SqlExecutor, population: Population): Promise<void> {
  const rows = new OrderRows('wechatpay');
  for (const page of pagesOf(population)) {
    const given = page.map((row) => ({
      ...row,
      head: EMPTY_JOURNAL,
      journal: row.endedAt === null ? [] : population.journal,
    }));
    const stored = await rows.insertAsTheyWere(db, given);
    if (stored.length !== page.length) throw new Error(`${page.length - stored.length} rows were not stored`);
  }
}

export async function fillRedis(url: string, queue: string, population: Population): Promise<void> {
  const redis = new Redis(url);
  try {
    await redis.script('LOAD', ENQUEUE.lua);
    for (const page of pagesOf(population)) {
      const pipeline = redis.pipeline();
      for (const { id, data, status, createdAt, dueAt, endedAt } of page) {
        const delay = Math.max(0, dueAt - Date.now());
        const args = [id, 'filled', status, delay, ...dataArgs(data), '', '', createdAt, endedAt ?? '', 0, 0, ''];
        pipeline.evalsha(ENQUEUE.sha, 1, `wechatpay:${queue}:`, ...args);
      }
      for (const [error, reply] of (await pipeline.exec()) ?? []) {
        if (error) throw error;
        if (reply !== 1) throw new Error(`a row was not stored: ${String(reply)}`);
      }
    }
  } finally {
    redis.disconnect();
  }
}

function* pagesOf({ ended, waiting, done, open }: Population): Generator<Row[]> {
  const now = Date.now();
  for (let from = 0; from < ended + waiting; from += AT_ONCE) {
    const until = Math.min(from + AT_ONCE, ended + waiting);
    yield Array.from({ length: until - from }, (_, index) => {
      const n = from + index;
      const hasEnded = n < ended;
      // Spread over the days for which they are kept.
      const createdAt = Math.round(now - DAYS * DAY_MS + (n / (ended + waiting)) * DAYS * DAY_MS);
      const status = !hasEnded ? 'waiting' : n % Math.round(1 / DEAD_SHARE) === 0 ? 'dead' : 'done';
      return {
        id: idOf(n),
        data: copyOf(hasEnded ? done : open, n),
        status,
        createdAt,
        dueAt: hasEnded ? createdAt : now + 60 * 60 * 1000 + n,
        endedAt: hasEnded ? createdAt + 30_000 : null,
      };
    });
  }
}

function idOf(n: number): string {
  const hex = createHash('md5').update(String(n)).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

const numberOf = (n: number): string => `MANY${n}`;
const transactionOf = (n: number): string => `42000${String(n).padStart(23, '0')}`;

function copyOf(
  { id: _id, status: _status, createdAt: _at, dueAt: _due, endedAt: _ended, ...data }: DurableOrder,
  n: number,
): DurableOrderData {
  let json = JSON.stringify(data).replaceAll(data.state.order.outTradeNo, numberOf(n));
  const transactionId = data.outcome?.kind === 'paid' ? data.outcome.payment.transactionId : undefined;
  if (transactionId !== undefined) json = json.replaceAll(transactionId, transactionOf(n));
  return JSON.parse(json) as DurableOrderData;
}

/** What an operator, a page of orders or a health check asks. */
export async function ask(name: string, store: OrderStore, { ended, waiting, done }: Population): Promise<Asked> {
  const any = (): number => Math.floor(Math.random() * ended);
  const { merchantId } = done;
  const day = (): { from: Date; to: Date } => {
    // Of the days on which some ended: those that wait are the newest.
    const days = Math.floor((DAYS * ended) / (ended + waiting)) - 1;
    const from = Date.now() - (DAYS - Math.floor(Math.random() * days)) * DAY_MS;
    return { from: new Date(from), to: new Date(from + DAY_MS) };
  };
  const middle = new Date(Date.now() - (DAYS / 2) * DAY_MS);
  const questions: Record<string, () => Promise<unknown>> = {
    'one by its id': () => store.get(idOf(any())),
    'one by the number of the order': () => store.find({ outTradeNo: numberOf(any()) }),
    'one by the transaction id on the receipt': () => store.find({ transactionId: transactionOf(any()) }),
    'the first page': () => store.list({}),
    'a page in the middle': () => store.list({ status: 'done', after: { id: idOf(0), createdAt: middle } }),
    'a page of several statuses': () => store.list({ status: ['waiting', 'active', 'dead'] }),
    'a page of one merchant': () => store.list({ merchantId, after: { id: idOf(0), createdAt: middle } }),
    'those that are dead': () => store.list({ status: 'dead' }),
    'a page of what ended on a day': () => store.list({ ended: day() }),
    'how many there are': () => store.counts(),
  };
  const asked = [];
  for (const [question, act] of Object.entries(questions)) {
    const times: number[] = [];
    for (let time = 0; time < TIMES; time += 1) {
      const startedAt = performance.now();
      const answer = await act();
      times.push(performance.now() - startedAt);
      if (answer === undefined || (Array.isArray(answer) && answer.length === 0))
        throw new Error(`${name}: ${question}: nothing`);
    }
    asked.push({ name: question, p50: times.sort((a, b) => a - b)[TIMES >> 1] ?? NaN });
  }
  return { name, rows: ended + waiting, questions: asked };
}
