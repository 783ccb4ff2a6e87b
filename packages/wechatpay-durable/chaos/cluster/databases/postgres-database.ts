import { PgBoss } from 'pg-boss';
import { PostgresServer } from '../../../test/servers/postgres.js';
import { PostgresAudit } from '../../history/postgres-audit.js';
import { sqlClaims } from './claims.js';
import { OLD_MS, type Database, type OldVersion } from './database.js';

/** A PostgreSQL of the test's own. */
export async function createPostgresDatabase(): Promise<Database> {
  const server = await PostgresServer.create();
  const database = await server.createDatabase();
  const audit = new PostgresAudit(named(database, 'audit'));
  return {
    port: Number(new URL(database).port),
    storeOf: (name, role, port) => ({
      module: '../../../src/stores/postgres/postgres.js',
      className: 'PostgresStore',
      options: {
        connectionString: named(database, name, port),
        poolSize: { worker: 4, cashier: 8, observer: 2 }[role],
        ...(role !== 'observer' && { pollMs: 200 }),
      },
    }),
    audit,
    claims: sqlClaims((sql) => audit.query(sql)),
    crash: () => server.crash(),
    start: () => server.start(),
    openOld: () => openOld(named(database, 'old')),
    dispose: () => server.dispose(),
  };
}

async function openOld(connectionString: string): Promise<OldVersion> {
  const boss = new PgBoss({ connectionString, schema: 'wechatpay', schedule: false, supervise: false });
  boss.on('error', () => undefined);
  await boss.start();
  await boss.createQueue('orders', { retryLimit: 2 ** 31 - 1, retentionSeconds: 1e9, deleteAfterSeconds: 30 * 86_400 });
  const db = boss.getDb() as { executeSql: (text: string) => Promise<{ rows: { left?: number }[] }> };
  return {
    enqueue: async (id, data) => {
      await boss.send('orders', data, { id });
      await db.executeSql(
        `UPDATE wechatpay.job SET created_on = created_on - ${OLD_MS} * interval '1 millisecond'
         WHERE name = 'orders' AND id = '${id}' AND created_on > now() - interval '1 minute'`,
      );
    },
    countLeft: async () => {
      const { rows } = await db.executeSql(`SELECT count(*)::int AS left FROM wechatpay.job WHERE name = 'orders'`);
      return rows[0]?.left ?? 0;
    },
    close: () => boss.stop({ graceful: false }),
  };
}

/** The database says of each change which process made it. */
function named(database: string, name: string, port?: number): string {
  const url = new URL(database);
  url.searchParams.set('application_name', name);
  if (port !== undefined) url.port = String(port);
  return url.href;
}
