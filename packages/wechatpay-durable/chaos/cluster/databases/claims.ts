/** What reconciling keeps in the database while it is at a day: who has that, and the rows of its statement. */
export interface Claims {
  /** The minute is over for which a process keeps others from a day, also where it has died. Of a folder: while no process has it. */
  readonly lapse: () => Promise<void>;
  /** The day is over for which the rows stay that a process which has died has staged. While nobody reconciles. */
  readonly age: () => Promise<void>;
  /** What is left of both. In the end. */
  readonly left: () => Promise<Leftovers>;
}

export interface Leftovers {
  readonly claims: number;
  readonly stagedRows: number;
}

/** On PostgreSQL, and in a folder. */
export function sqlClaims(query: (sql: string) => Promise<readonly unknown[]>): Claims {
  return {
    lapse: async () => {
      await query(
        `UPDATE wechatpay.reconciliations SET claimed_until = now() - interval '1 s' WHERE claimed_until > now()`,
      );
    },
    age: async () => {
      await query(`UPDATE wechatpay.statement_rows SET staged_at = now() - interval '2 days'`);
    },
    left: async () => {
      const [found] = await query(
        `SELECT (SELECT count(*)::int FROM wechatpay.reconciliations WHERE owner IS NOT NULL) AS claims,
           (SELECT count(*)::int FROM wechatpay.statement_rows) AS "stagedRows"`,
      );
      return found as Leftovers;
    },
  };
}
