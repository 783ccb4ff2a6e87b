import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { statementDay } from 'wechatpay-core';
import { failureOf } from '../../test/failure.js';
import type { DyingReconciler } from '../../test/dying-reconciler.js';
import { statementGateway, type Standing } from '../../test/statement-gateway.js';
import { PostgresServer } from '../../test/servers/postgres.js';
import { DurableOrders, type ResolvedOrder } from '../index.js';
import { PostgresStore } from '../stores/postgres/postgres.js';

// kill -9 of the process that reconciles a day, on PostgreSQL: what another process finds, and goes through again.

const SHOP = fileURLToPath(new URL('../../test/dying-reconciler.ts', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));
const HOUR_MS = 60 * 60_000;

/** One agrees, one was reversed at WeChat Pay, of one the statement says another amount. */
const STANDING: Standing = {
  K1: { tradeState: 'SUCCESS', stated: ['SUCCESS', '8.88'] },
  K2: { tradeState: 'REVOKED', stated: ['REVOKED', '8.88'] },
  K3: { tradeState: 'SUCCESS', stated: ['SUCCESS', '8.87'] },
};

describe.skipIf(!PostgresServer.isAvailable)(`a process that is killed ${PostgresServer.reason}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.create();
  });
  afterAll(() => server.dispose());

  it.each(['while rows are staged', 'while it asks'] as const)(
    '%s leaves a day that another one goes through again, to the same end',
    async (dies) => {
      const connectionString = await server.createDatabase();
      const { date, from, until } = statementDay(new Date());
      let now = from.getTime() + 12 * HOUR_MS;
      const told: ResolvedOrder[] = [];
      const durableOrders = new DurableOrders({
        store: new PostgresStore({ connectionString, pollMs: 50 }),
        clients: statementGateway({ date, standing: STANDING, now: () => now }),
        onResolved: (resolved) => void told.push(resolved),
      });
      await durableOrders.start();
      try {
        for (const outTradeNo of Object.keys(STANDING)) {
          const order = { outTradeNo, body: 'tea', totalFee: 888, currency: 'HKD', spbillCreateIp: '203.0.113.7' };
          await durableOrders.pay({ ...order, authCode: '134567890123456789' });
          await expect.poll(async () => (await durableOrders.get({ outTradeNo }))?.status).toBe('done');
        }
        now = until.getTime() + 11 * HOUR_MS;

        const dying: DyingReconciler = { connectionString, date, standing: STANDING, now, dies };
        const child = fork(SHOP, [JSON.stringify(dying)], { cwd: PACKAGE, execArgv: ['--import', 'tsx'] });
        expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);

        // It has the day for a minute, also where it is dead.
        expect(await failureOf(() => durableOrders.reconcile({ date }))).toMatchObject({
          code: 'WECHATPAY_RECONCILING',
        });
        const before = await durableOrders.reconciliation({ date });
        expect(before?.differences.map(({ status }) => status)).toEqual(
          dies === 'while it asks' ? ['asking', 'asking'] : undefined,
        );
        await server.query(
          `UPDATE wechatpay.reconciliations SET claimed_until = now() - interval '1 s'`,
          connectionString,
        );
        await server.query(
          `UPDATE wechatpay.statement_rows SET staged_at = now() - interval '2 days'`,
          connectionString,
        );

        await durableOrders.reconcile({ date });
        await expect
          .poll(() => told.filter(({ end }) => end === 2).map(({ order }) => order.outTradeNo))
          .toEqual(['K2']);
        const again = await durableOrders.reconcile({ date });
        expect(again).toMatchObject({ rows: 3, agreed: 2, differing: 1 });
        expect(again.differences).toMatchObject([
          { outTradeNo: 'K3', class: 'amount-differs', status: 'needs-person', why: 'answer-agrees-with-order' },
        ]);
        const rows = 'SELECT count(*)::int AS count FROM wechatpay.statement_rows';
        expect(await server.query(rows, connectionString)).toEqual([{ count: 0 }]);
      } finally {
        await durableOrders.stop();
      }
    },
  );
});
