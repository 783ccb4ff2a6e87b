import { Client } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DurableOrderData } from '../../src/index.js';

/** A row of the store as it was after a change, written in the transaction that made it. */
export interface Change {
  readonly at: number;
  /** The process, as in `worker-2.3`: the third one of that name. */
  readonly by: string;
  readonly change: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly id: string;
  readonly state: string;
  readonly attempt: number;
  readonly data: DurableOrderData;
}

const SQL = `
CREATE TABLE audit (
  number bigserial PRIMARY KEY, at timestamptz, by text, change text, id uuid, state text, attempt int, data jsonb
);
CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE job record;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.state = NEW.state AND OLD.retry_count = NEW.retry_count AND OLD.data = NEW.data THEN
    RETURN NULL;
  END IF;
  IF TG_OP = 'DELETE' THEN job := OLD; ELSE job := NEW; END IF;
  INSERT INTO audit (at, by, change, id, state, attempt, data) VALUES
    (clock_timestamp(), current_setting('application_name'), TG_OP, job.id, job.state::text, job.retry_count, job.data);
  RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON wechatpay.job FOR EACH ROW EXECUTE FUNCTION audit();`;

/** Watches the store from inside of it: no process that changes a row can keep that to itself. */
export class Audit {
  readonly #connectionString: string;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  async begin(): Promise<void> {
    await this.query(SQL);
  }

  async changes(): Promise<Change[]> {
    const rows = await this.query(
      `SELECT (extract(epoch FROM at) * 1000)::float8 AS at, by, change, id, state, attempt, data FROM audit ORDER BY number`,
    );
    return rows as unknown as Change[];
  }

  /** The orders that each process works on. */
  async activeOrders(): Promise<Map<string, string[]>> {
    const rows = (await this.query(
      `SELECT (SELECT by FROM audit WHERE audit.id = job.id ORDER BY number DESC LIMIT 1) AS by,
         data #>> '{state,order,outTradeNo}' AS "outTradeNo"
       FROM wechatpay.job WHERE state = 'active'`,
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
