import { configFromEnvironment, WechatPayClient } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { createApp } from './app.js';

const client = new WechatPayClient(configFromEnvironment(process.env)); // one error names all that is missing or wrong
const orders = new DurableOrders({
  store: new EmbeddedStore({ folder: process.env.DATA_FOLDER ?? 'data' }),
  clients: client,
  // Called with each end, at least once: write it into your own books here.
  onResolved: ({ order, outcome, end }) => console.log(`${order.outTradeNo}: ${outcome.kind} (end ${end})`),
});
await orders.start(); // and goes on with what an earlier process has left

const server = createApp(orders).listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on ${JSON.stringify(server.address())}`);
});

// In this order: no new requests, current payments end, connections close.
process.once('SIGTERM', () => {
  server.close(() => void orders.stop().then(() => client.close()));
});
