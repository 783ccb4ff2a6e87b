import type { ConnectionOptions } from 'node:tls';
import type { PgBoss } from 'pg-boss';
import type { SqlDatabase } from '../sql-executor.js';
import { assertPlainObject, checkOptions, checkWhole, wrong } from '../options.js';
import { OTHER_NAMES, SQL_STORE_OPTIONS, type SqlStoreOptions } from './sql-store-options.js';
import { SqlStore, type Connection } from './sql-store.js';
import { fromBoss } from './transactions.js';

export type { SqlDatabase, SqlExecutor } from '../sql-executor.js';
export type { SqlStoreOptions } from './sql-store-options.js';
export {
  fromPg,
  fromPgPool,
  fromTypeOrm,
  type PgClientLike,
  type PgPoolLike,
  type TypeOrmManagerLike,
  type TypeOrmQueryRunnerLike,
} from './transactions.js';

/** How node-postgres connects. */
export interface PostgresConnection {
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  /** A function is asked for each connection: for passwords that expire. */
  readonly password?: string | (() => string | Promise<string>);
  readonly database?: string;
  readonly ssl?: boolean | ConnectionOptions;
}

export interface PostgresStoreOptions extends SqlStoreOptions {
  /** As in `postgres://user:password@host:5432/shop`. Give it, or else `connection` or `database`. */
  readonly connectionString?: string | undefined;
  /** In place of `connectionString`. */
  readonly connection?: PostgresConnection | undefined;
  /**
   * A custom pool in place of these, which is not closed here. Give it a `query_timeout` and a
   * `connectionTimeoutMillis`: this store's own connections and statements end after 30 s.
   *
   * @example { database: fromPgPool(pool) }
   */
  readonly database?: SqlDatabase | undefined;
  /** Connections in the pool of this process. @default 10 */
  readonly poolSize?: number | undefined;
}

/**
 * A database that has vanished without a word must not hold up a till, or a worker, for ever. node-postgres takes these, and
 * pg-boss passes them on.
 */
const TIMEOUT_OPTIONS: object = { connectionTimeoutMillis: 30_000, query_timeout: 30_000, keepAlive: true };

/**
 * Durable orders on PostgreSQL 13 or later, by [pg-boss](https://pgboss.io), an optional peer: `npm install pg-boss`. As many
 * processes as you like.
 *
 * @example new PostgresStore({ connectionString: process.env.DATABASE_URL })
 */
export class PostgresStore extends SqlStore {
  readonly #options: object;
  readonly #database: SqlDatabase | undefined;

  /** @throws {WechatPayConfigError} an option that is invalid. */
  constructor(options: PostgresStoreOptions) {
    checkOptions(options, ['connectionString', 'connection', 'database', 'poolSize', ...SQL_STORE_OPTIONS], {
      otherNames: OTHER_NAMES,
    });
    super(options);
    const { connectionString, connection, database, poolSize = 10 } = options;
    if (connectionString === '' || [connectionString, connection, database].filter(Boolean).length !== 1) {
      throw wrong('connectionString', 'give it, or else `connection` or `database`, as in postgres://user@host/shop.');
    }
    if (connection) checkConnection(connection);
    const { executeSql, transaction } = Object(database) as Partial<SqlDatabase>;
    if (database && (typeof executeSql !== 'function' || typeof transaction !== 'function')) {
      const problem =
        'must be { executeSql(text, values), transaction(work) }; of a pool of node-postgres, fromPgPool(pool).';
      throw wrong('database', problem);
    }
    checkWhole('poolSize', poolSize, 1, 1000);
    this.#database = database;
    this.#options = {
      ...TIMEOUT_OPTIONS,
      ...connection,
      ...(connectionString !== undefined && { connectionString }),
      ...(database && { db: database }),
      max: poolSize,
    };
  }

  protected connect(): Promise<Connection> {
    return Promise.resolve({
      options: this.#options,
      database: (boss) => this.#database ?? fromBoss((boss as PgBoss).getDb()),
      close: () => Promise.resolve(),
    });
  }
}

function checkConnection(connection: object): void {
  assertPlainObject('connection', connection, 'Give { host, … }; or a pool of your own as `database`.');
  checkOptions(connection, ['host', 'port', 'user', 'password', 'database', 'ssl'], { within: 'connection' });
}
