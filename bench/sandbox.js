// A sandbox that holds many orders, as in a load test: what a query costs there, and what the orders weigh. In a process of its own.
import { queryOrder, WechatPayClient } from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';
import { percentile } from './stats.js';
import { serve } from './worker.js';

export const SANDBOX_ORDERS = 100_000;

serve(() => ({
  /** `{ p50, p99, mebibytes }`: ms of a query, client included and no socket between; MiB of heap that the orders take. */
  measure: async ({ sandboxQueries }) => {
    const sandbox = await Sandbox.create();
    const { merchant } = sandbox;
    const client = new WechatPayClient({
      ...merchant,
      transport: ({ path, body }) =>
        Promise.resolve(sandbox.handle({ path, body, clientCertificate: merchant.merchantId })),
    });
    const before = heap();
    for (let order = 0; order < SANDBOX_ORDERS; order += 1) {
      sandbox.orders.create({ state: 'paid', outTradeNo: `T${order}` });
    }
    const mebibytes = heap() - before;

    const millis = [];
    for (let query = 0; query < sandboxQueries; query += 1) {
      const startedAt = performance.now();
      // A prime apart: first and last orders in turn.
      await queryOrder(client, { outTradeNo: `T${(query * 7919) % SANDBOX_ORDERS}` });
      millis.push(performance.now() - startedAt);
    }
    await client.close();
    return { p50: percentile(millis, 0.5), p99: percentile(millis, 0.99), mebibytes };
  },
}));

function heap() {
  globalThis.gc();
  return process.memoryUsage().heapUsed / 2 ** 20;
}
