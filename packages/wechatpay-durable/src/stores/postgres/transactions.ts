import { WechatPayRequestError } from 'wechatpay-core';
import type { SqlDatabase, SqlExecutor } from '../sql-executor.js';

/** A client of node-postgres: its own, or one of a pool. */
export interface PgClientLike {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** A pool of node-postgres. */
export interface PgPoolLike extends PgClientLike {
  connect(): Promise<PgPoolClientLike>;
}

interface PgPoolClientLike extends PgClientLike {
  on(event: 'error', listener: (error: Error) => void): unknown;
  removeListener(event: 'error', listener: (error: Error) => void): unknown;
  release(error?: Error | boolean): void;
}

/** An entity manager of TypeORM. */
export interface TypeOrmManagerLike {
  readonly queryRunner?: TypeOrmQueryRunnerLike | undefined;
}

export interface TypeOrmQueryRunnerLike {
  readonly isTransactionActive: boolean;
  query(text: string, values: unknown[] | undefined, useStructuredResult: true): Promise<{ records: unknown[] }>;
}

/**
 * A transaction of [node-postgres](https://node-postgres.com).
 *
 * @param client the one that has begun it.
 * @throws {WechatPayRequestError} a pool: it would take another connection for each statement.
 * @example await durableOrders.enqueue(intent, { tx: fromPg(client) });
 */
export function fromPg(client: PgClientLike): SqlExecutor {
  if ('totalCount' in client) throw noTransaction('give the client that has begun one, not the pool.');
  return { executeSql: (text, values) => client.query(text, values) };
}

/**
 * A pool of [node-postgres](https://node-postgres.com) that the application has already, for `PostgresStore` to share.
 *
 * @example new PostgresStore({ database: fromPgPool(pool) })
 */
export function fromPgPool(pool: PgPoolLike): SqlDatabase {
  return {
    executeSql: (text, values) => pool.query(text, values),
    transaction: async (work) => {
      const client = await pool.connect();
      let failure: unknown;
      // A pool hears no errors of what it has handed out: a connection that is lost between two statements would end the process.
      const lose = (error: Error): void => {
        failure = error;
      };
      client.on('error', lose);
      try {
        await client.query(BEGIN);
        const result = await work({ executeSql: (text, values) => client.query(text, values) });
        await client.query('COMMIT');
        return result;
      } catch (error) {
        await client.query('ROLLBACK').catch((cause: unknown) => (failure = cause));
        throw error;
      } finally {
        client.removeListener('error', lose);
        // A connection that cannot even be rolled back is not used again.
        client.release(failure !== undefined);
      }
    },
  };
}

/** What pg-boss gives of its own pool. */
interface BossDatabase extends SqlExecutor {
  beginTransaction?(): Promise<{ db: SqlExecutor; commit(): Promise<void>; rollback(): Promise<void> }>;
}

/** The pool that pg-boss has opened. */
export function fromBoss(db: BossDatabase): SqlDatabase {
  return {
    executeSql: (text, values) => db.executeSql(text, values),
    transaction: async (work) => {
      if (!db.beginTransaction) throw new TypeError('This version of pg-boss has no transactions.');
      const transaction = await db.beginTransaction();
      try {
        await transaction.db.executeSql(LIMIT_IDLENESS);
        const result = await work(transaction.db);
        await transaction.commit();
        return result;
      } catch (error) {
        await transaction.rollback();
        throw error;
      }
    },
  };
}

/** A process that stands still in the middle of a transaction holds up nobody for longer: its locks are let go. */
const LIMIT_IDLENESS = 'SET LOCAL idle_in_transaction_session_timeout = 5000';
const BEGIN = `BEGIN; ${LIMIT_IDLENESS}`;

/**
 * A transaction of [TypeORM](https://typeorm.io).
 *
 * @param manager the one that `dataSource.transaction` gives, or `queryRunner.manager`.
 * @throws {WechatPayRequestError} a manager that is in no transaction: each statement would be one of its own.
 * @example await dataSource.transaction((manager) => durableOrders.enqueue(intent, { tx: fromTypeOrm(manager) }));
 */
export function fromTypeOrm({ queryRunner }: TypeOrmManagerLike): SqlExecutor {
  if (!queryRunner?.isTransactionActive) throw noTransaction('give the manager that `dataSource.transaction` passes.');
  return {
    executeSql: async (text, values) => ({ rows: (await queryRunner.query(text, values, true)).records }),
  };
}

function noTransaction(remedy: string): WechatPayRequestError {
  return new WechatPayRequestError('tx', `is in no transaction; ${remedy}`);
}
