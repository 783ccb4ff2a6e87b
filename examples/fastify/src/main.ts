import { configFromEnvironment, WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { createApp } from './app.js';

const client = new WechatPayClient(configFromEnvironment(process.env)); // one error names all that is missing or wrong
const orders = new DurableOrders({
  store: new EmbeddedStore({ folder: process.env.DATA_FOLDER ?? 'data' }),
  clients: client,
  // Called with each end, at least once: ship the goods here, once for each order.
  onResolved: ({ order, outcome, end }) => console.log(`${order.outTradeNo}: ${outcome.kind} (end ${end})`),
});

// Without a public address, no notification arrives; the order is asked for all the same.
const app = createApp(orders, process.env.NOTIFY_URL ?? 'https://shop.example/wechatpay/payments');
app.addHook('onClose', () => client.close());
console.log(`listening on ${await app.listen({ port: Number(process.env.PORT ?? 3000) })}`);

process.once('SIGTERM', () => void app.close());
