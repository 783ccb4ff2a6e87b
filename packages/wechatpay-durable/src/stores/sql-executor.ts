/**
 * Runs one statement, with `$1`, `$2` and so on for the values, and gives its rows: in a transaction, or each on a connection of a pool.
 *
 * `fromPg` and `fromTypeOrm` make one of a transaction of node-postgres and TypeORM, pg-boss's adapters of other libraries.
 *
 * @example const tx: SqlExecutor = { executeSql: (text, values) => client.query(text, values) };
 */
export interface SqlExecutor {
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** A database: each statement by itself, or several in one transaction. `fromPgPool` makes one of a pool of node-postgres. */
export interface SqlDatabase extends SqlExecutor {
  /** Commits where `work` resolves, and rolls back where it rejects: with what it rejected with. */
  transaction<Result>(work: (tx: SqlExecutor) => Promise<Result>): Promise<Result>;
}
