// `plain` is the function that the service wraps, on the service's own client. Comparing the two in one process leaves out
// what differs between any two processes, which is more than the service costs.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { ReverseService, WechatPayModule } from 'nestjs-wechatpay';
import { reverseOrder, WechatPayClient } from 'wechatpay-core';
import { clientConfig } from './client-config.js';

export async function open(settings) {
  const module = WechatPayModule.forRoot(clientConfig(settings));
  const app = await NestFactory.createApplicationContext(module, { logger: false });
  const reversals = app.get(ReverseService);
  const client = app.get(WechatPayClient);
  return {
    call: (outTradeNo) => reversals.reverse({ outTradeNo }),
    plain: (outTradeNo) => reverseOrder(client, { outTradeNo }),
    isReversed: ({ resultCode, recall, rate }) => resultCode === 'SUCCESS' && !recall && rate === '650000000',
  };
}
