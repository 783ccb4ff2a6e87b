import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WechatPayClient } from 'wechatpay-core';
import { Sandbox, type Merchant } from 'wechatpay-sandbox';
import { DurableOrders } from '../src/index.js';
import { PostgresStore } from '../src/stores/postgres/postgres.js';
import { PostgresServer } from './servers/postgres.js';

// Past one database, as the guide of capacity says it: each merchant's orders are in one of several.
describe.skipIf(!PostgresServer.isAvailable)(`orders in two databases ${PostgresServer.reason}`, () => {
  let server: PostgresServer;
  let sandbox: Sandbox;
  let merchants: Merchant[];
  let databases: string[];
  let shards: DurableOrders[];

  const shardOf = ({ merchantId }: { merchantId: string }): number => Number(merchantId) % 2;
  const clientOf = (merchant: Merchant): WechatPayClient =>
    new WechatPayClient({
      ...merchant,
      transport: ({ path, body }) => {
        const reply = sandbox.handle({ path, body, clientCertificate: merchant.merchantId });
        return reply.kind === 'reply' ? Promise.resolve(reply) : Promise.reject(new Error(reply.kind));
      },
    });

  beforeAll(async () => {
    server = await PostgresServer.create();
    databases = [await server.createDatabase(), await server.createDatabase()];
    sandbox = await Sandbox.create();
    merchants = [
      await sandbox.merchants.create({ merchantId: '1900000108' }),
      await sandbox.merchants.create({ merchantId: '1900000109' }),
    ];
    shards = databases.map(
      (connectionString, index) =>
        new DurableOrders({
          store: new PostgresStore({ connectionString, pollMs: 100 }),
          clients: merchants.filter((merchant) => shardOf(merchant) === index).map(clientOf),
        }),
    );
    await Promise.all(shards.map((durableOrders) => durableOrders.start()));
  });
  afterAll(async () => {
    await Promise.all(shards.map((durableOrders) => durableOrders.stop()));
    await server.dispose();
  });

  async function enqueue(merchant: Merchant, outTradeNo: string): Promise<void> {
    sandbox.orders.create({ outTradeNo, state: 'paid', merchant });
    const orderCreatedAt = new Date(Date.now() - 60_000);
    await shards[shardOf(merchant)]?.enqueue({ outTradeNo, orderCreatedAt, merchantId: merchant.merchantId });
  }

  const kindOf = async (merchant: Merchant, outTradeNo: string): Promise<string | undefined> => {
    const { merchantId } = merchant;
    return (await shards[shardOf(merchant)]?.get({ outTradeNo, merchantId }))?.outcome?.kind;
  };

  it('are each in the one of its merchant, and resolved there', async () => {
    for (const merchant of merchants) await enqueue(merchant, 'A1'); // the same number: of two merchants, two orders
    for (const merchant of merchants) await expect.poll(() => kindOf(merchant, 'A1')).toBe('paid');
    for (const [index, connectionString] of databases.entries()) {
      const rows = await server.query('SELECT DISTINCT merchant_id FROM wechatpay.orders', connectionString);
      expect(rows).toEqual([{ merchant_id: merchants[index]?.merchantId }]);
    }
  });

  it('wait for their own database alone', async () => {
    const [first, second] = merchants as [Merchant, Merchant];
    const name = new URL(databases[1] ?? '').pathname.slice(1);
    const setAway = async (isAway: boolean): Promise<void> => {
      await server.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${!isAway}`);
      if (isAway)
        await server.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`);
    };
    await setAway(true);
    await expect(enqueue(second, 'B1')).rejects.toMatchObject({ code: 'WECHATPAY_STORE_FAILED' });
    await enqueue(first, 'B1');
    await expect.poll(() => kindOf(first, 'B1')).toBe('paid');
    await setAway(false);
    await enqueue(second, 'B2');
    await expect.poll(() => kindOf(second, 'B2')).toBe('paid');
  });
});
