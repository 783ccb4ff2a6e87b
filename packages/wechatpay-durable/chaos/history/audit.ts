import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableOrderData, DurableOrderStatus, DurableRefundData } from '../../src/index.js';

/** A row of the store as it was after a change, written in the transaction that made it. */
export interface Change {
  readonly at: number;
  /** The process, as in `worker-2.3`: the third one of that name. */
  readonly by: string;
  readonly change: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly id: string;
  readonly status: DurableOrderStatus;
  /** Grows with each lease, and each change of another than its worker. */
  readonly lease: number;
  readonly data: DurableOrderData;
}

/** The same of a refund. */
export interface RefundChange extends Omit<Change, 'data'> {
  readonly data: DurableRefundData;
}

const SQL = `
CREATE TABLE audit (
  number bigserial PRIMARY KEY, at timestamptz, by text, change text, id uuid, status text, lease int, data jsonb
);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE entry record;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.status = NEW.status AND OLD.lease = NEW.lease AND OLD.data::text = NEW.data::text THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'DELETE' THEN entry := OLD; ELSE entry := NEW; END IF;
  INSERT INTO audit (at, by, change, id, status, lease, data) VALUES
    (clock_timestamp(), current_setting('application_name'), TG_OP, entry.id, entry.status, entry.lease, entry.data::jsonb);
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON wechatpay.orders FOR EACH ROW EXECUTE FUNCTION audit();`;

/** Watches the store from inside of it: no process that changes a row can keep that to itself. */
export class Audit {
  readonly #connectionString: string;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  async begin(): Promise<void> {
    await this.query(SQL);
  }

  async changes(): Promise<(Change | RefundChange)[]> {
    const rows = await this.query(
      `SELECT (extract(epoch FROM at) * 1000)::float8 AS at, by, change, id, status, lease, data FROM audit ORDER BY number`,
    );
    return rows as unknown as (Change | RefundChange)[];
  }

  /** The orders that each process works on. */
  async activeOrders(): Promise<Map<string, string[]>> {
    const rows = (await this.query(
      `SELECT (SELECT by FROM audit WHERE audit.id = orders.id ORDER BY number DESC LIMIT 1) AS by,
         number AS "outTradeNo"
       FROM wechatpay.orders WHERE status = 'active'`,
    )) as { by: string; outTradeNo: string }[];
    const held = new Map<string, string[]>();
    for (const { by, outTradeNo } of rows) held.set(by, [...(held.get(by) ?? []), outTradeNo]);
    return held;
  }

  /** Waits for a server that is down. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    for (let time = 0; ; time += 1) {
      const client = new Client({ connectionString: this.#connectionString });
      client.on('error', () => undefined);
      try {
        await client.connect();
        const result = await client.query<Record<string, unknown>>(sql);
        return result.rows;
      } catch (error) {
        if (time === 50 || (error as { code?: string }).code?.startsWith('42')) throw error;
        await sleep(200);
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
}
