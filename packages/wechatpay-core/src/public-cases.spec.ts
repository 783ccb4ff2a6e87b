import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { startGateway } from '../test/start-gateway.js';
import { queryOrder, WechatPayClient } from './index.js';

// Troubles that others had in operating a shop, as they told of them in public, each with the right end.

const { sandbox, client } = await startGateway();
const another = await sandbox.merchants.create();
const other = new WechatPayClient({ ...another });
afterAll(() => other.close());

const SOURCES = [
  'https://github.com/binarywang/weixin-java-pay-demo/issues/16',
  'https://github.com/binarywang/WxJava/issues/2012',
];

it(`50 orders of two merchants in turns are each asked for by their own (${SOURCES.join(', ')})`, async () => {
  const clientOf = (number: number): WechatPayClient => (number % 2 === 0 ? client : other);
  const numbers = Array.from({ length: 50 }, (_, number) => number);
  for (const number of numbers) {
    const merchant = number % 2 === 0 ? sandbox.merchant : another;
    // The same number at both: an answer of the other would pass for this one's.
    sandbox.orders.create({ state: 'paid', outTradeNo: `T-${number >> 1}`, totalFee: number + 1, merchant });
  }
  const answers = await Promise.all(
    numbers.map(async (number) => {
      await nextTurn();
      const { merchantId, totalFee } = await queryOrder(clientOf(number), { outTradeNo: `T-${number >> 1}` });
      return { merchantId, totalFee };
    }),
  );
  expect(answers).toEqual(numbers.map((number) => ({ merchantId: clientOf(number).merchantId, totalFee: number + 1 })));
  const asked = sandbox.requests.map(({ fields, answer }) => `${fields.mch_id ?? ''} ${answer ?? ''}`).sort();
  expect(asked.filter((line) => line === `${client.merchantId} SUCCESS`)).toHaveLength(25);
  expect(asked.filter((line) => line === `${other.merchantId} SUCCESS`)).toHaveLength(25);
});
