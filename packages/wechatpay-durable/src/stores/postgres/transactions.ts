import { WechatPayRequestError } from 'wechatpay-core';
import type { SqlExecutor } from '../sql-executor.js';

/** A client of node-postgres: its own, or one of a pool. */
export interface PgClientLike {
  query(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
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
