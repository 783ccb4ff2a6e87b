/** A database, or a transaction in it: of node-postgres and TypeORM here, of other libraries by pg-boss's adapters. */
export interface Database {
  /** Runs a statement, with `$1`, `$2` and so on for the values. */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}
