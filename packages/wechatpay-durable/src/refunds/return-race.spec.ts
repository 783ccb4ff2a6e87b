import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { decodeXml, WechatPayClient, WechatPayTransportError } from 'wechatpay-core';
import { failureOf } from '../../test/failure.js';
import { signed } from '../../test/mishaps.js';
import { PostgresServer } from '../../test/servers/postgres.js';
import { RedisServer } from '../../test/servers/redis.js';
import { DurableOrders, type OrderStore } from '../index.js';
import { MemoryStore } from '../stores/memory.js';
import { fromPg, PostgresStore } from '../stores/postgres/postgres.js';
import { RedisStore } from '../stores/redis/redis-store.js';

// A worker decides to reverse an order while the application refunds a part of it: whichever is stored first, the other one waits or is
// refused. Each call is held until the test lets it go.

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const A1 = { outTradeNo: 'A1', totalFee: 888, currency: 'HKD' };
const R1 = { outTradeNo: 'A1', outRefundNo: 'R1', totalFee: 888, refundFee: 300, refundCurrency: 'HKD' };

interface Gateway {
  readonly client: WechatPayClient;
  readonly paths: string[];
  /** Waits until a call is made, and says what lets it go on. */
  readonly holding: (path: string) => Promise<() => void>;
}

/** A gateway that says of an order that nobody has paid it, and of a reversal that it is made. */
function openGateway(): Gateway {
  const paths: string[] = [];
  const holds = new Map<string, (letGo: () => void) => void>();
  const client = new WechatPayClient({
    ...{ appId: 'wx2421b1c4370ec43b', merchantId: '10000100', apiKey: API_KEY },
    transport: async ({ path, body }) => {
      paths.push(path);
      const hold = holds.get(path);
      holds.delete(path);
      if (hold) await new Promise<void>(hold);
      if (path === '/secapi/pay/refund') {
        throw new WechatPayTransportError('WECHATPAY_CONNECTION', 'refused.', 'not-sent');
      }
      return signed(decodeXml(body), ANSWERS[path] ?? {}, API_KEY);
    },
  });
  return { client, paths, holding: (path) => new Promise((reached) => holds.set(path, reached)) };
}

const ANSWERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '/pay/orderquery': { trade_state: 'NOTPAY' },
  '/secapi/pay/reverse': { recall: 'N' },
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A shop whose worker is about to find that its order is to be reversed: it was not paid in time. */
async function openShop(store: OrderStore): Promise<Gateway & { readonly durableOrders: DurableOrders }> {
  const gateway = openGateway();
  const durableOrders = new DurableOrders({ store, clients: gateway.client });
  await durableOrders.start();
  closing.push(() => durableOrders.stop());
  return { ...gateway, durableOrders };
}

const enqueue = ({ durableOrders }: { durableOrders: DurableOrders }): Promise<unknown> =>
  durableOrders.enqueue({ ...A1, orderCreatedAt: new Date(Date.now() - 50_000) });

/** Asks until it is so. */
async function until<Value>(look: () => Promise<Value | undefined | false>): Promise<Value> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    await nextTurn();
  }
}

const postponed = ({ durableOrders }: { durableOrders: DurableOrders }): Promise<true> =>
  until(async () => {
    const explained = await durableOrders.explain({ outTradeNo: 'A1' });
    return explained?.timeline.some(({ text }) => text.includes('nothing is returned beside that')) ? true : undefined;
  });

const stores: readonly [name: string, isAvailable: boolean, open: () => Promise<OrderStore>][] = [
  ['memory', true, () => Promise.resolve(new MemoryStore())],
  [
    `PostgreSQL ${PostgresServer.reason}`,
    PostgresServer.isAvailable,
    async () => new PostgresStore({ connectionString: await server!.createDatabase(), pollMs: 50 }),
  ],
  [
    `Redis ${RedisServer.reason}`,
    RedisServer.isAvailable,
    () => Promise.resolve(new RedisStore({ connection: redis!.url, queue: `race-${randomUUID()}` })),
  ],
];
let server: PostgresServer | undefined;
let redis: RedisServer | undefined;
beforeAll(async () => {
  if (PostgresServer.isAvailable) server = await PostgresServer.create();
  if (RedisServer.isAvailable) redis = await RedisServer.create();
});
afterAll(async () => {
  await server?.dispose();
  await redis?.dispose();
});

describe.each(stores)('a reversal that is decided and a refund at the same time, in %s', (_, isAvailable, open) => {
  it.runIf(isAvailable)('leaves the reversal where the refund was stored first', async () => {
    const shop = await openShop(await open());
    const asked = shop.holding('/pay/orderquery');
    await enqueue(shop);
    const letGo = await asked;
    await shop.durableOrders.refund(R1);
    letGo();
    await postponed(shop);

    expect(shop.paths).not.toContain('/secapi/pay/reverse');
    expect(await shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ state: { kind: 'asking' } });
  });

  it.runIf(isAvailable)('refuses the refund where the reversal was stored first', async () => {
    const shop = await openShop(await open());
    const leaving = shop.holding('/secapi/pay/reverse');
    await enqueue(shop);
    const letGo = await leaving;
    expect(await failureOf(() => shop.durableOrders.refund(R1))).toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      message: expect.stringContaining('is being reversed') as string,
    });
    letGo();
    expect(await shop.durableOrders.list({ kind: 'refund' })).toEqual([]);
  });
});

describe.skipIf(!PostgresServer.isAvailable)('a refund in a transaction that is open', () => {
  it.each([['READ COMMITTED'], ['REPEATABLE READ']])(
    'is waited for by who is about to reverse its order, where the database takes %s',
    async (isolation) => {
      const connectionString = await server!.createDatabase();
      const admin = new Client(connectionString);
      await admin.connect();
      closing.push(() => admin.end());
      const { rows } = await admin.query<{ name: string }>('SELECT current_database() AS name');
      await admin.query(`ALTER DATABASE "${rows[0]!.name}" SET default_transaction_isolation = '${isolation}'`);
      const shop = await openShop(new PostgresStore({ connectionString, pollMs: 50 }));
      const asked = shop.holding('/pay/orderquery');
      await enqueue(shop);
      const letGo = await asked;
      await admin.query('BEGIN ISOLATION LEVEL READ COMMITTED');
      await shop.durableOrders.refund(R1, { tx: fromPg(admin) });
      letGo();
      const watcher = new Client(connectionString);
      await watcher.connect();
      closing.push(() => watcher.end());
      await until(async () => {
        const waiting = await watcher.query("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
        return waiting.rows.length > 0;
      });
      await admin.query('COMMIT');
      await postponed(shop);
      expect(shop.paths).not.toContain('/secapi/pay/reverse');
    },
  );
});
