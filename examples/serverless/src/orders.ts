import { configFromEnvironment, WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { PostgresStore } from 'wechatpay-durable/postgres';

/**
 * Between two calls, the platform freezes the process: for seconds, for hours, or for ever. A connection that it thaws may be one that the
 * other side has closed long ago, and a charge that is sent into it has an unknown outcome. A timer goes on where it stood. So a call keeps
 * nothing: it opens what it needs, waits for what it began, and closes everything before it answers. A handshake costs less than an order
 * that is not known.
 *
 * @param work whether this call resolves orders: the scheduled one.
 */
export async function withOrders<Result>(
  { work }: { work: boolean },
  use: (orders: DurableOrders) => Promise<Result>,
): Promise<Result> {
  const client = new WechatPayClient({
    ...configFromEnvironment(process.env), // one error names all that is missing or wrong
    timeoutMs: 10_000, // with 5 s each for the store before and after it, less than the 29 s that a gateway before functions waits
  });
  const orders = new DurableOrders({
    store: new PostgresStore({ connectionString: process.env.DATABASE_URL, poolSize: 2 }), // as many calls at once as there are functions
    clients: client,
    // Called with each end, at least once: write it into your own books here.
    onResolved: ({ order, outcome, end }) => console.error(`${order.outTradeNo}: ${outcome.kind} (end ${end})`),
  });
  try {
    await orders.start({ work });
    return await use(orders);
  } finally {
    await orders.stop();
    await client.close();
  }
}
