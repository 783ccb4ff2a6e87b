import fastify, { type FastifyInstance } from 'fastify';
import { isWechatPayError } from 'wechatpay-core';
import { isDurableOrdersError, type DurableOrders } from 'wechatpay-durable';
import { notified, sell, standing } from './checkout.js';

/** @param notifyUrl where WeChat Pay reaches `/wechatpay/payments` of this application: a public https URL. */
export function createApp(orders: DurableOrders, notifyUrl: string): FastifyInstance {
  const app = fastify({ forceCloseConnections: 'idle', pluginTimeout: 60_000 });
  app.addHook('onReady', () => orders.start()); // and goes on with what an earlier process has left
  app.addHook('onClose', () => orders.stop());

  const params = { type: 'object', properties: { outTradeNo: { type: 'string' } } } as const;

  app.post<{ Params: { outTradeNo: string }; Body: { totalFee: number; body: string } | null }>(
    '/orders/:outTradeNo',
    { schema: { params } },
    async (request, reply) => {
      const { totalFee, body } = request.body ?? {}; // wechatpay-core checks each, before anything is sent
      const { outTradeNo } = request.params;
      const sale = {
        outTradeNo,
        totalFee: totalFee as number,
        body: body as string,
        notifyUrl,
        spbillCreateIp: request.ip,
      };
      const purchase = await sell(orders, sale);
      return reply.status(purchase.status === 'waiting' ? 201 : 503).send(purchase);
    },
  );

  app.get<{ Params: { outTradeNo: string } }>('/orders/:outTradeNo', async ({ params: { outTradeNo } }, reply) => {
    const order = await orders.get({ outTradeNo });
    return order ? standing(order) : reply.status(404).send({ message: 'There is no such order.' });
  });

  // The bytes, as they came: the signature is over what they say.
  const asBytes = { parseAs: 'buffer', bodyLimit: 65_536 } as const;
  app.addContentTypeParser<Buffer>(['text/xml', 'application/xml'], asBytes, (_request, body, done) =>
    done(null, body),
  );

  app.post<{ Body: Buffer }>('/wechatpay/payments', async (request, reply) => {
    const { status, headers, body } = await notified(orders, request.body);
    return reply.status(status).headers(headers).send(body);
  });

  // The messages of both packages are for people, and hold no secret.
  app.setErrorHandler((error, _request, reply) => {
    if (!isWechatPayError(error) && !isDurableOrdersError(error)) return reply.send(error);
    const { message, outcome = 'unknown' } = error;
    const isWrong = error.code === 'WECHATPAY_INVALID_REQUEST';
    const status = isWrong ? (error.advice === 'query-order' ? 409 : 400) : outcome === 'not-sent' ? 503 : 502; // 409: GET says how it stands
    return reply.status(status).send({ message, outcome });
  });
  return app;
}
