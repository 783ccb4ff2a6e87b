import { Pool } from 'pg';
import { configFromEnvironment, WechatPayClient } from 'wechatpay-core';
import { DurableOrders, type ResolvedOrder } from 'wechatpay-durable';
import { fromPgPool, PostgresStore } from 'wechatpay-durable/postgres';

/** What both processes have: the shop's database, and the durable orders in it. */
export interface Shop {
  readonly sales: Sales;
  readonly orders: DurableOrders;
  /** Current payments and steps end, then the connections do. */
  close(): Promise<void>;
}

/** @param work whether this process resolves orders: a worker. As many as you like; one at least. */
export async function openShop({ work }: { work: boolean }): Promise<Shop> {
  const client = new WechatPayClient(configFromEnvironment(process.env)); // one error names all that is missing or wrong
  const pool = new Pool({ connectionString: process.env.DATABASE_URL, query_timeout: 30_000, keepAlive: true });
  pool.on('error', (error) => console.error(`database: ${error.message}`)); // of an idle connection: the next one is a new one
  const sales = new Sales(pool);
  const orders = new DurableOrders({
    store: new PostgresStore({ database: fromPgPool(pool) }),
    clients: client,
    onResolved: (resolved) => sales.note(resolved),
  });
  await sales.create();
  await orders.start({ work });
  return {
    sales,
    orders,
    async close() {
      await orders.stop();
      await client.close();
      await pool.end();
    },
  };
}

/** The shop's own books. */
class Sales {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Your migrations do this. Two processes that start at once get in each other's way without the lock. */
  async create(): Promise<void> {
    await this.#pool.query(`
      BEGIN;
      SELECT pg_advisory_xact_lock(20261127);
      CREATE TABLE IF NOT EXISTS sales (out_trade_no text PRIMARY KEY, outcome text NOT NULL, end_number integer NOT NULL);
      COMMIT;
    `);
  }

  /**
   * Notes an end. It is called at least once for each, may come late, and an order can have several: paid, then reversed. The greatest
   * number counts. Where it throws, it is called again.
   */
  async note({ order, outcome, end }: ResolvedOrder): Promise<void> {
    await this.#pool.query(
      `INSERT INTO sales VALUES ($1, $2, $3)
       ON CONFLICT (out_trade_no) DO UPDATE SET outcome = $2, end_number = $3 WHERE sales.end_number < $3`,
      [order.outTradeNo, outcome.kind, end],
    );
    console.log(`${order.outTradeNo}: ${outcome.kind} (end ${end})`);
  }

  async outcomeOf(outTradeNo: string): Promise<string | undefined> {
    const { rows } = await this.#pool.query<{ outcome: string }>('SELECT outcome FROM sales WHERE out_trade_no = $1', [
      outTradeNo,
    ]);
    return rows[0]?.outcome;
  }
}
