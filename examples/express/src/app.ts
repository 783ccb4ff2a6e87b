import express, { type ErrorRequestHandler, type Express } from 'express';
import { isWechatPayError, type AnyWechatPayError } from 'wechatpay-core';
import { isDurableOrdersError, type DurableOrders, type DurableOrdersError } from 'wechatpay-durable';
import { charge, standing } from './till.js';

export function createApp(orders: DurableOrders): Express {
  const app = express();
  app.use(express.json());

  // 200: it has an end. 202: not known yet; ask below until it has.
  app.post('/orders/:outTradeNo/pay', async (request, response) => {
    const { authCode, totalFee, body } = request.body ?? {}; // wechatpay-core checks each, before anything is sent
    const { outTradeNo } = request.params;
    const order = { outTradeNo, authCode, totalFee, body, currency: 'HKD', spbillCreateIp: request.ip ?? '127.0.0.1' };
    const sale = await charge(orders, order);
    response.status(sale.status === 'pending' ? 202 : 200).json(sale);
  });

  app.get('/orders/:outTradeNo', async (request, response) => {
    const order = await orders.get({ outTradeNo: request.params.outTradeNo });
    if (!order) return void response.status(404).json({ message: 'There is no such order.' });
    response.json(standing(order));
  });

  // What was paid goes back, and nothing can be paid any more; also while the payment is pending.
  app.post('/orders/:outTradeNo/reverse', async (request, response) => {
    const { outTradeNo } = request.params;
    const order = await orders.get({ outTradeNo });
    if (!order) return void response.status(404).json({ message: 'There is no such order.' });
    await orders.reverse({ outTradeNo, orderCreatedAt: new Date(order.state.orderCreatedAt) });
    response.status(202).json({ status: 'pending', message: 'It is reversed as soon as WeChat Pay lets it be.' });
  });

  app.use(tellFailure);
  return app;
}

/** The messages of both packages are for people, and hold no secret. */
const tellFailure: ErrorRequestHandler = (error, _request, response, next) => {
  if (!isWechatPayError(error) && !isDurableOrdersError(error)) return next(error);
  const { message, outcome = 'unknown' } = error;
  response.status(httpStatus(error)).json({ message, outcome });
};

function httpStatus(error: AnyWechatPayError | DurableOrdersError): number {
  if (error.code === 'WECHATPAY_INVALID_REQUEST') return error.advice === 'query-order' ? 409 : 400; // 409: GET says how it stands
  return error.outcome === 'not-sent' ? 503 : 502;
}
