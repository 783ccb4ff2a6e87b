// An Express application without Nest: POST /orders/:outTradeNo/reverse
import express from 'express';
import { reverseOrder, WechatPayClient, WechatPayError } from 'wechatpay-core';

const client = new WechatPayClient({
  appId: process.env.WECHATPAY_APP_ID,
  merchantId: process.env.WECHATPAY_MERCHANT_ID,
  apiKey: process.env.WECHATPAY_API_KEY,
  certificate: { pfx: process.env.WECHATPAY_PFX },
  baseUrl: process.env.WECHATPAY_BASE_URL,
  ca: process.env.WECHATPAY_CA,
});

const app = express();

app.post('/orders/:outTradeNo/reverse', async (request, response) => {
  const { recall } = await reverseOrder(client, { outTradeNo: request.params.outTradeNo });
  response.json({ recall });
});

app.use((error, _request, response, next) => {
  if (!(error instanceof WechatPayError)) return next(error);
  response.status(error.outcome === 'unknown' ? 502 : 409).json(error);
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

process.once('SIGTERM', () => {
  server.close(() => void client.close());
});
