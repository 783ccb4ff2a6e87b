import { expect, it } from 'vitest';
import { openShop, TOTAL_FEE } from '../test/shop.js';

const PAID = 100;

it.each([
  ['kept', { ifAmountDiffers: 'accept' }, 'paid', PAID],
  ['returned', { ifAmountDiffers: 'accept', ifPaid: 'reverse' }, 'reversed', 0],
] as const)('an order that was paid with another amount can be %s by an operator', async (_, policy, kind, net) => {
  const shop = await openShop();
  const createdAt = shop.now() - 60_000;
  shop.sandbox.orders.create({ outTradeNo: 'A1', state: 'paid', totalFee: PAID, createdAt });
  const intent = { outTradeNo: 'A1', orderCreatedAt: new Date(createdAt), totalFee: TOTAL_FEE };
  await shop.durableOrders.enqueue(intent);
  const dead = { status: 'dead', end: 1, outcome: { kind: 'needs-attention', amounts: { paid: { totalFee: PAID } } } };
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject(dead);

  expect(await shop.durableOrders.redrive({ outTradeNo: 'A1' }, { policy })).toBe(true);
  const done = { status: 'done', end: 2, outcome: { kind } };
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject(done);
  expect(shop.sandbox.ledger.of('A1').net).toBe(net);
});
