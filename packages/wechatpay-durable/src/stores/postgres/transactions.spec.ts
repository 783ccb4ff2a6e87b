import { type PGlite } from '@electric-sql/pglite';
import { Client, Pool } from 'pg';
import type { fromKysely } from 'pg-boss';
import { expect, test } from 'vitest';
import { WechatPayRequestError } from 'wechatpay-core';
import { EmbeddedStore } from '../embedded/embedded.js';
import { fromPg, fromTypeOrm, PostgresStore, type SqlExecutor } from './postgres.js';

const data = {} as Parameters<EmbeddedStore['enqueue']>[1];

// With a database, and with each library itself: integration/published/transactions.spec.ts.
test('a client of node-postgres fits, and so does a transaction of PGlite', () => {
  expect(fromPg(new Client())).toHaveProperty('executeSql');
  type Transaction = Parameters<Parameters<PGlite['transaction']>[0]>[0];
  expect((transaction: Transaction) => fromPg(transaction)).toBeTypeOf('function');
  expect((adapter: ReturnType<typeof fromKysely>): SqlExecutor => adapter).toBeTypeOf('function');
});

test.each([
  ['a pool of node-postgres', () => fromPg(new Pool())],
  ['an entity manager outside of any', () => fromTypeOrm({})],
  [
    'an entity manager of one that has ended',
    () => fromTypeOrm({ queryRunner: { isTransactionActive: false, query: () => Promise.resolve({ records: [] }) } }),
  ],
])('refuses for a transaction %s: the durable order would be stored at once', (_, make) => {
  expect(make).toThrow(WechatPayRequestError);
  expect(make).toThrow(/^tx: is in no transaction; give the /);
});

test.each([
  [
    new EmbeddedStore({ folder: 'memory://' }),
    { executeSql: () => Promise.resolve({ rows: [] }) },
    /its own; enqueue without/,
  ],
  [
    new PostgresStore({ connectionString: 'postgres://localhost/none' }),
    {},
    /must be \{ executeSql\(text, values\) \}/,
  ],
])('$constructor.name says what is wrong with a transaction that it cannot use', async (store, tx, message) => {
  await expect(store.enqueue('', data, 0, { tx: tx as SqlExecutor })).rejects.toThrow(message);
});
