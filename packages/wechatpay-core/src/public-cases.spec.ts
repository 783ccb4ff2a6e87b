import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { NOTIFIED_KEY, notifiedClient, paymentDocument } from '../test/notified.js';
import { startGateway } from '../test/start-gateway.js';
import { queryOrder, readPaymentNotification, WechatPayClient } from './index.js';

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

it('a notification that the key before signed is true for as long as the operator says (https://github.com/GMWalletApp/epusdt/issues/42)', () => {
  let time = Date.parse('2026-11-27T12:00:00+08:00');
  const shop = notifiedClient({ now: () => time });
  const next = 'k'.repeat(32);
  const until = new Date(time + 3_600_000);
  expect(shop.rotate({ apiKey: next, previousApiKey: { apiKey: NOTIFIED_KEY, until } })).toBe(true);
  const order = { out_trade_no: 'T-0001' }; // made before the key was changed
  for (const key of [NOTIFIED_KEY, next]) {
    expect(readPaymentNotification(shop, paymentDocument(order, key))).toMatchObject({ outTradeNo: 'T-0001' });
  }
  time = until.getTime();
  const said = new RegExp(`signed with previousApiKey, which was accepted until ${until.toISOString()}`);
  expect(() => readPaymentNotification(shop, paymentDocument(order))).toThrow(said);
  expect(readPaymentNotification(shop, paymentDocument(order, next))).toMatchObject({ outTradeNo: 'T-0001' });
});
