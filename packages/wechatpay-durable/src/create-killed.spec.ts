import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signedNotification, type Dying } from '../test/dying-shop.js';
import { scripted, type Answer } from '../test/scripted-client.js';
import { PostgresServer } from '../test/servers/postgres.js';
import { DurableOrders, type ResolvedOrder } from './index.js';
import { PostgresStore } from './stores/postgres/postgres.js';

// kill -9 of the process that makes an order, on PostgreSQL: what another process then finds, and brings to its end.

const SHOP = fileURLToPath(new URL('../test/dying-shop.ts', import.meta.url));
const PACKAGE = fileURLToPath(new URL('..', import.meta.url));
/** Ten minutes are a second. */
const SPEED = 600;
const request = {
  tradeType: 'NATIVE' as const,
  productId: 'tea',
  outTradeNo: 'K1',
  body: 'tea',
  totalFee: 888,
  currency: 'HKD',
  notifyUrl: 'https://shop.example/wechatpay/payments',
  spbillCreateIp: '203.0.113.7',
};
const PAID = { transaction_id: '42', total_fee: '888', fee_type: 'HKD' };

describe.skipIf(!PostgresServer.isAvailable)(`a shop that is killed ${PostgresServer.reason}`, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.create();
  });
  afterAll(() => server.dispose());

  const notification = {
    ...{ appid: 'wx2421b1c4370ec43b', mch_id: '10000100', nonce_str: 'n', out_trade_no: request.outTradeNo },
    ...{ return_code: 'SUCCESS', result_code: 'SUCCESS', ...PAID },
  };

  async function killed(dies: Dying['dies'], answer: Answer) {
    const connectionString = await server.createDatabase();
    const start = Date.now();
    const dying: Dying = { connectionString, request, timeExpire: start + 600_000, dies, notification };
    const child = fork(SHOP, [JSON.stringify(dying)], { cwd: PACKAGE, execArgv: ['--import', 'tsx'] });
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const now = (): number => start + (Date.now() - start) * SPEED;
    const { client, calls } = scripted([answer], { now });
    let told: (resolved: ResolvedOrder) => void = () => undefined;
    const end = new Promise<ResolvedOrder>((resolve) => (told = resolve));
    const durableOrders = new DurableOrders({
      store: new PostgresStore({ connectionString, pollMs: 50 }),
      clients: client,
      speed: SPEED,
      onResolved: (resolved) => {
        told(resolved);
      },
    });
    await durableOrders.start();
    return { durableOrders, end, calls };
  }

  it('between storing and Unified Order leaves an order that is asked for, closed, and known never to have come', async () => {
    const absent = { result_code: 'FAIL', err_code: 'ORDERNOTEXIST' };
    const { durableOrders, end, calls } = await killed('before the call', absent);
    try {
      expect(await durableOrders.hasten({ outTradeNo: request.outTradeNo })).toBe(true);
      expect((await end).outcome).toEqual({ kind: 'closed', found: false });
      const paths = new Set(calls.map(({ path }) => path));
      expect([...paths].sort()).toEqual(['/pay/closeorder', '/pay/orderquery']);
    } finally {
      await durableOrders.stop();
    }
  });

  it('between a notification and its answer leaves an order that is asked for at once, and knows the copy', async () => {
    const { durableOrders, end } = await killed('before the answer', { trade_state: 'SUCCESS', ...PAID });
    try {
      expect((await end).outcome).toMatchObject({ kind: 'paid', payment: { transactionId: '42' } });
      expect((await durableOrders.notified(signedNotification(notification))).kind).toBe('duplicate');
    } finally {
      await durableOrders.stop();
    }
  });
});
