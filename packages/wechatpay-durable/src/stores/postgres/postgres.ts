import type { ConnectionOptions } from 'node:tls';
import type { ConstructorOptions } from 'pg-boss';
import type { SqlExecutor } from '../sql-executor.js';
import { assertPlainObject, checkOptions, checkWhole, wrong } from '../options.js';
import { OTHER_NAMES, PG_BOSS_OPTIONS, type PgBossStoreOptions } from './pg-boss-options.js';
import { PgBossStore, type Connection } from './pg-boss-store.js';

export type { SqlExecutor } from '../sql-executor.js';
export type { PgBossStoreOptions } from './pg-boss-options.js';
export {
  fromPg,
  fromTypeOrm,
  type PgClientLike,
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

export interface PostgresStoreOptions extends PgBossStoreOptions {
  /** As in `postgres://user:password@host:5432/shop`. Give it, or else `connection` or `database`. */
  readonly connectionString?: string | undefined;
  /** In place of `connectionString`. */
  readonly connection?: PostgresConnection | undefined;
  /**
   * A custom pool in place of these: each statement on a connection of its own. It is not closed here. Give it a
   * `query_timeout`: this store's own statements end after 30 s.
   *
   * @example { executeSql: (text, values) => pool.query(text, values) }
   */
  readonly database?: SqlExecutor | undefined;
  /** Connections in the pool of this process. @default 10 */
  readonly poolSize?: number | undefined;
}

/**
 * A database that has vanished without a word must not hold up a till, or a worker, for ever. node-postgres takes these, and
 * pg-boss passes them on.
 */
const TIMEOUT_OPTIONS: object = { query_timeout: 30_000, keepAlive: true };

/**
 * Durable orders on PostgreSQL 13 or later, by [pg-boss](https://pgboss.io), an optional peer: `npm install pg-boss`. As many
 * processes as you like.
 *
 * @example new PostgresStore({ connectionString: process.env.DATABASE_URL })
 */
export class PostgresStore extends PgBossStore {
  readonly #options: ConstructorOptions;

  /** @throws {WechatPayConfigError} an option that is invalid. */
  constructor(options: PostgresStoreOptions) {
    checkOptions(options, ['connectionString', 'connection', 'database', 'poolSize', ...PG_BOSS_OPTIONS], {
      otherNames: OTHER_NAMES,
    });
    super(options);
    const { connectionString, connection, database, poolSize = 10 } = options;
    if (connectionString === '' || [connectionString, connection, database].filter(Boolean).length !== 1) {
      throw wrong('connectionString', 'give it, or else `connection` or `database`, as in postgres://user@host/shop.');
    }
    if (connection) checkConnection(connection);
    if (database && typeof (database as Partial<SqlExecutor>).executeSql !== 'function') {
      throw wrong(
        'database',
        'must be { executeSql(text, values) }; of a pool, (text, values) => pool.query(text, values).',
      );
    }
    checkWhole('poolSize', poolSize, 1, 1000);
    this.#options = {
      ...TIMEOUT_OPTIONS,
      ...connection,
      ...(connectionString !== undefined && { connectionString }),
      ...(database && { db: database }),
      max: poolSize,
    };
  }

  protected connect(): Promise<Connection> {
    return Promise.resolve({ options: this.#options, close: () => Promise.resolve() });
  }
}

function checkConnection(connection: object): void {
  assertPlainObject('connection', connection, 'Give { host, … }; or a pool of your own as `database`.');
  checkOptions(connection, ['host', 'port', 'user', 'password', 'database', 'ssl'], { within: 'connection' });
}
