// Charges, and answers. It resolves nothing: that is the worker's.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isWechatPayError, type QuickPayRequest } from 'wechatpay-core';
import { isDurableOrdersError } from 'wechatpay-durable';
import { openShop } from './shop.js';

interface Answer {
  readonly status: number;
  readonly body: object;
}

const { sales, orders, close } = await openShop({ work: false });

/** `declined` is a clear no. `pending` is neither yes nor no: ask again, and do not charge again. */
async function pay(outTradeNo: string, request: IncomingMessage): Promise<Answer> {
  const { authCode, totalFee, body } = await readJson(request); // wechatpay-core checks each, before anything is sent
  const order = {
    outTradeNo,
    authCode,
    totalFee,
    body,
    currency: 'HKD',
    spbillCreateIp: '127.0.0.1',
  } as QuickPayRequest;
  const { outcome } = await orders.pay(order);
  const message = outcome.kind === 'declined' ? outcome.error.message : undefined;
  return { status: outcome.kind === 'pending' ? 202 : 200, body: { outcome: outcome.kind, message } };
}

/** What the books say; before they do, whether there is such an order at all. */
async function look(outTradeNo: string): Promise<Answer> {
  const outcome = await sales.outcomeOf(outTradeNo);
  if (outcome !== undefined) return { status: 200, body: { outcome } };
  const order = await orders.get({ outTradeNo });
  if (!order) return { status: 404, body: { message: 'There is no such order.' } };
  return { status: 200, body: { outcome: order.status === 'cancelled' ? 'declined' : 'pending' } };
}

async function answer(request: IncomingMessage): Promise<Answer> {
  try {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const [, outTradeNo = '', action] = /^\/orders\/([\w-]+)(\/pay)?$/.exec(pathname) ?? [];
    if (outTradeNo !== '' && request.method === 'POST' && action) return await pay(outTradeNo, request);
    if (outTradeNo !== '' && request.method === 'GET' && !action) return await look(outTradeNo);
    return { status: 404, body: { message: 'POST /orders/NUMBER/pay, or GET /orders/NUMBER' } };
  } catch (error) {
    if (!isWechatPayError(error) && !isDurableOrdersError(error)) throw error;
    const { message, outcome = 'unknown' } = error; // for people; there is no secret in it
    const isWrong = error.code === 'WECHATPAY_INVALID_REQUEST';
    const status = isWrong ? (error.advice === 'query-order' ? 409 : 400) : outcome === 'not-sent' ? 503 : 502; // 409: GET says how it stands
    return { status, body: { message, outcome } };
  }
}

const server = createServer((request, response) => {
  answer(request)
    .catch((error: unknown): Answer => {
      console.error(error);
      return { status: 500, body: { message: 'Not known. Ask: GET /orders/NUMBER.' } };
    })
    .then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
}).listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on ${(server.address() as AddressInfo).port}`);
});

process.once('SIGTERM', () => server.close(() => void close()));

async function readJson(request: IncomingMessage): Promise<Partial<Record<string, unknown>>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  try {
    return Object(JSON.parse(text)) as Record<string, unknown>;
  } catch {
    return {};
  }
}
