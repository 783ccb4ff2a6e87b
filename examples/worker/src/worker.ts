// Resolves orders: those that the web process has left, and those of a web process that died.
import { createServer } from 'node:http';
import { durableHealth } from 'wechatpay-durable';
import { openShop } from './shop.js';

const { orders, close } = await openShop({ work: true });
console.log('working');

// For the pager, and for Docker: down where the database does not answer, degraded where an order needs a person.
const health = createServer(async (_request, response) => {
  const { status, findings } = await durableHealth(orders);
  response.writeHead(status === 'down' ? 503 : 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ status, findings }));
}).listen(Number(process.env.HEALTH_PORT ?? 3001));

// What it works on is finished; what is left, another worker does, or this one after the restart.
process.once('SIGTERM', () => {
  health.close();
  void close();
});
