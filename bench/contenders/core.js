import { reverseOrder, WechatPayClient } from 'wechatpay-core';
import { clientConfig } from './client-config.js';

export function open(settings) {
  const client = new WechatPayClient(clientConfig(settings));
  return {
    call: (outTradeNo) => reverseOrder(client, { outTradeNo }),
    isReversed: ({ resultCode, recall, rate }) => resultCode === 'SUCCESS' && !recall && rate === '650000000',
  };
}
