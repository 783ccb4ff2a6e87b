import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { RateLimiterPostgres, RateLimiterRedis, type RateLimiterAbstract } from 'rate-limiter-flexible';
import { describe, expect, it } from 'vitest';
import { queryOrder, refundOrder, WechatPayClient, WechatPayTransportError, type Transport } from 'wechatpay-core';
import { PostgresServer } from './servers/postgres.js';
import { RedisServer } from './servers/redis.js';
import { sharedLimiter } from './shared-limiter.js';

const PER_SECOND = 10;

/** Two clients, as of two processes, that share a counter; when their refunds left. */
async function refundsOfTwo(counter: RateLimiterAbstract): Promise<number[]> {
  const times: number[] = [];
  const transport: Transport = ({ path }) => {
    if (path === '/secapi/pay/refund') times.push(performance.now());
    return Promise.reject(new WechatPayTransportError('WECHATPAY_HTTP_STATUS', 'no.', 'unknown', { status: 500 }));
  };
  const clients = [0, 1].map(
    () =>
      new WechatPayClient({
        appId: 'wx2421b1c4370ec43b',
        merchantId: '10000100',
        apiKey: '192006250b4c09247ec02edce69f6a2d',
        transport,
        limiter: sharedLimiter(counter),
      }),
  );
  const calls = clients.flatMap((client) =>
    Array.from({ length: 12 }, (_, n) =>
      refundOrder(client, { outTradeNo: '1', outRefundNo: `${n}`, totalFee: 1, refundFee: 1 }).catch(() => undefined),
    ),
  );
  await Promise.all([
    ...calls,
    ...clients.map((client) => queryOrder(client, { outTradeNo: '1' }).catch(() => undefined)),
  ]);
  return times.sort((a, b) => a - b);
}

function expectLimited(times: readonly number[]): void {
  expect(times).toHaveLength(24);
  // The counter's seconds begin with its first call, at the server's clock; and 24 calls need three of them.
  expect(times[23]! - times[0]!).toBeGreaterThan(1_500);
  for (const [index, at] of times.entries()) {
    const after = times[index + 2 * PER_SECOND];
    if (after !== undefined) expect(after - at).toBeGreaterThan(900);
  }
}

describe.skipIf(!PostgresServer.isAvailable)(
  `a limit that processes share on PostgreSQL ${PostgresServer.reason}`,
  () => {
    it('holds for all of them', async () => {
      const server = await PostgresServer.create();
      const pool = new Pool({ connectionString: server.connectionString });
      try {
        const counter = await new Promise<RateLimiterPostgres>((resolve, reject) => {
          const made = new RateLimiterPostgres(
            { storeClient: pool, points: PER_SECOND, duration: 1, keyPrefix: 'refund', tableName: 'wechatpay_limits' },
            (error) => {
              if (error) reject(error);
              else resolve(made);
            },
          );
        });
        expectLimited(await refundsOfTwo(counter));
      } finally {
        await pool.end();
        await server.dispose();
      }
    });
  },
);

describe.skipIf(!RedisServer.isAvailable)(`a limit that processes share on Redis ${RedisServer.reason}`, () => {
  it('holds for all of them', async () => {
    const server = await RedisServer.create({ isDurable: false });
    const redis = new Redis(server.url);
    try {
      expectLimited(
        await refundsOfTwo(
          new RateLimiterRedis({ storeClient: redis, points: PER_SECOND, duration: 1, keyPrefix: 'refund' }),
        ),
      );
    } finally {
      redis.disconnect();
      await server.dispose();
    }
  });
});
