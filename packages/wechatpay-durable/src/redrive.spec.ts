import { expect, it } from 'vitest';
import { openShop, pathsOf, TOTAL_FEE, type Shop } from '../test/shop.js';

const PAID = 100;

/** A shop with an order that is dead: it was paid with another amount. */
async function openDead(): Promise<Shop> {
  const shop = await openShop();
  const createdAt = shop.now() - 60_000;
  shop.sandbox.orders.create({ outTradeNo: 'A1', state: 'paid', totalFee: PAID, createdAt });
  await shop.durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt: new Date(createdAt), totalFee: TOTAL_FEE });
  const dead = { status: 'dead', end: 1, outcome: { kind: 'needs-attention', amounts: { paid: { totalFee: PAID } } } };
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject(dead);
  return shop;
}

it.each([
  ['kept', { ifAmountDiffers: 'accept' }, 'paid', PAID],
  ['returned', { ifAmountDiffers: 'accept', ifPaid: 'reverse' }, 'reversed', 0],
] as const)('an order that was paid with another amount can be %s by an operator', async (_, policy, kind, net) => {
  const shop = await openDead();
  expect(await shop.durableOrders.redrive({ outTradeNo: 'A1' }, { policy })).toBe(true);
  const done = { status: 'done', end: 2, outcome: { kind } };
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject(done);
  expect(shop.sandbox.ledger.of('A1').net).toBe(net);
});

it('an order that an operator keeps is kept, however long nobody can be asked then', async () => {
  const shop = await openDead();
  shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/orderquery', times: 6 });
  await shop.durableOrders.redrive({ outTradeNo: 'A1' }, { policy: { ifAmountDiffers: 'accept' } });
  const done = { status: 'done', end: 2, outcome: { kind: 'paid' } };
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' }), { timeout: 20_000 }).toMatchObject(done);
  expect(shop.sandbox.faults.pending).toEqual([]);
  expect(new Set(pathsOf(shop))).toEqual(new Set(['/pay/orderquery']));
});
