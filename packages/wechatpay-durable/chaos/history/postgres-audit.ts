import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { AUDIT_SQL, CHANGES_SQL, toChanges } from './audit-sql.js';
import type { Audit, Change, RefundChange } from './audit.js';

/** Of PostgreSQL, by a trigger. */
export class PostgresAudit implements Audit {
  readonly #connectionString: string;
  #hasBegun = false;

  constructor(connectionString: string) {
    this.#connectionString = connectionString;
  }

  async begin(): Promise<void> {
    if (this.#hasBegun) return;
    await this.query(AUDIT_SQL);
    this.#hasBegun = true;
  }

  async changes(): Promise<(Change | RefundChange)[]> {
    return toChanges(await this.query(CHANGES_SQL));
  }

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
