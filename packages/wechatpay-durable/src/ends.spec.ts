import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startResolution } from 'wechatpay-core/resolution';
import { MemoryStore } from './stores/memory.js';
import { HOUR_MS, openShop, pathsOf, SPEED, TOTAL_FEE, type Shop } from '../test/shop.js';
import { durableOrderId, type DurableOrderEvent, type ResolvedOrder } from './index.js';

/** A shop whose `onResolved` fails until it is told to work. */
async function openDeafShop(): Promise<{ shop: Shop; told: ResolvedOrder[]; hear: () => void }> {
  let isDeaf = true;
  const told: ResolvedOrder[] = [];
  const shop = await openShop({
    onResolved: (resolved) => {
      told.push(resolved);
      if (isDeaf) throw new Error('the shop’s database is away');
    },
  });
  return { shop, told, hear: () => (isDeaf = false) };
}

const isResolved = (event: DurableOrderEvent): event is DurableOrderEvent & { kind: 'resolved' } =>
  event.kind === 'resolved';

describe('while onResolved fails', () => {
  it('an order that is stored as paid is not called off', async () => {
    const { shop, told, hear } = await openDeafShop();
    expect((await shop.durableOrders.pay(shop.request('A1'))).outcome.kind).toBe('paid');
    await expect.poll(() => told.length).toBeGreaterThan(0);
    await expect.poll(async () => (await shop.durableOrders.get({ outTradeNo: 'A1' }))?.status).toBe('waiting');
    expect(await shop.durableOrders.cancel({ outTradeNo: 'A1' })).toBe(false);
    hear();
    await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
    expect(told.at(-1)?.outcome.kind).toBe('paid');
    expect(shop.sandbox.ledger.of('A1').net).toBe(TOTAL_FEE);
  });

  it('an order that is closed has ended: there is nothing to reverse', async () => {
    const { shop, told } = await openDeafShop();
    const createdAt = shop.now() - 60_000;
    shop.sandbox.orders.create({ outTradeNo: 'A1', state: 'closed', totalFee: TOTAL_FEE, createdAt });
    const intent = { outTradeNo: 'A1', orderCreatedAt: new Date(createdAt) };
    await shop.durableOrders.enqueue(intent);
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(await shop.durableOrders.reverse(intent)).toBe('ended');
  });

  it('an order that was paid can be returned', async () => {
    const { shop, told, hear } = await openDeafShop();
    const orderCreatedAt = new Date(shop.now());
    await shop.durableOrders.pay(shop.request('A1'));
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(await shop.durableOrders.reverse({ outTradeNo: 'A1', orderCreatedAt })).toBe('enqueued');
    hear();
    await expect.poll(() => told.at(-1)?.outcome.kind).toBe('reversed');
    expect(shop.sandbox.ledger.of('A1').net).toBe(0);
  });

  it('an end keeps its number and its time, however often it is told', async () => {
    const { shop, told } = await openDeafShop();
    await shop.durableOrders.pay(shop.request('A1'));
    await expect.poll(() => told.length).toBeGreaterThan(2);
    const [first] = told;
    expect(first).toMatchObject({ end: 1 });
    expect(told.map(({ end, endedAt }) => [end, endedAt])).toEqual(told.map(() => [1, first?.endedAt]));
  });
});

it('is told to who is given at `start`, in the place of who was given before', async () => {
  const told: string[] = [];
  const shop = await openShop({ isWorker: false, onResolved: () => void told.push('before') });
  await expect(shop.durableOrders.start({ onResolved: 3 } as never)).rejects.toMatchObject({ field: 'onResolved' });
  await shop.durableOrders.start({ onResolved: ({ outcome }) => void told.push(outcome.kind) });
  await shop.durableOrders.pay(shop.request('A1'));
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
  expect(told).toEqual(['paid']);
});

it('each end of an order has a number that grows, and its time', async () => {
  const told: ResolvedOrder[] = [];
  const shop = await openShop({ onResolved: (resolved) => void told.push(resolved) });
  const orderCreatedAt = new Date(shop.now());
  await shop.durableOrders.pay(shop.request('A1'));
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done', end: 1 });
  await shop.durableOrders.reverse({ outTradeNo: 'A1', orderCreatedAt });
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done', end: 2 });
  expect(told.map(({ outcome, end }) => [outcome.kind, end])).toEqual([
    ['paid', 1],
    ['reversed', 2],
  ]);
  expect(told[1]!.endedAt.getTime()).toBeGreaterThan(told[0]!.endedAt.getTime());
  expect(shop.events.filter(isResolved).map(({ end, endedAt }) => [end, endedAt])).toEqual(
    told.map(({ end, endedAt }) => [end, endedAt]),
  );
});

it('a redrive goes on counting', async () => {
  const told: ResolvedOrder[] = [];
  const shop = await openShop({ onResolved: (resolved) => void told.push(resolved) });
  const orderCreatedAt = new Date(shop.now() - 8 * 24 * HOUR_MS);
  shop.sandbox.orders.create({
    outTradeNo: 'A1',
    state: 'paid',
    totalFee: TOTAL_FEE,
    createdAt: orderCreatedAt.getTime(),
  });
  await shop.durableOrders.reverse({ outTradeNo: 'A1', orderCreatedAt });
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'dead', end: 1 });
  await shop.durableOrders.redrive({ outTradeNo: 'A1' }, { policy: { refundWhenExpired: true } });
  await expect
    .poll(() => told.map(({ outcome, end }) => [outcome.kind, end]))
    .toEqual([
      ['refund-required', 1],
      ['refunded', 2],
    ]);
});

describe('every end is told in the same way', () => {
  const merchantId = '1900009999';

  it('of a merchant that no worker knows', async () => {
    const store = new MemoryStore();
    const told: ResolvedOrder[] = [];
    const shop = await openShop({ store, onResolved: (resolved) => void told.push(resolved) });
    const id = durableOrderId({ merchantId, outTradeNo: 'A1' });
    const state = startResolution({ outTradeNo: 'A1', orderCreatedAt: new Date() }, 1);
    await store.enqueue(id, { merchantId, state }, 0);
    await expect.poll(() => store.get(id)).toMatchObject({ status: 'dead', outcome: { kind: 'unresolved' }, end: 1 });
    expect(told).toMatchObject(
      [{ id, merchantId, order: { outTradeNo: 'A1' }, end: 1, outcome: { error: { message: /no client/ } } }].map(
        (one) => ({
          ...one,
          outcome: { kind: 'unresolved', error: { message: expect.stringMatching('no client') as string } },
        }),
      ),
    );
    expect(shop.events.filter(isResolved)).toMatchObject([{ id, merchantId, outTradeNo: 'A1', end: 1 }]);
  });

  it('of a state that cannot be read', async () => {
    const store = new MemoryStore();
    const told: ResolvedOrder[] = [];
    const shop = await openShop({ store, onResolved: (resolved) => void told.push(resolved) });
    const stored = {
      merchantId: shop.client.merchantId,
      state: { ...startResolution({ outTradeNo: 'A1', orderCreatedAt: new Date() }, 1), version: 3 } as never,
    };
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    await store.enqueue(ids[0]!, stored, 0);
    // Not even a number and a deadline; for a week, nobody could read it.
    const unreadableSince = shop.now() - 8 * 24 * HOUR_MS;
    await store.enqueue(ids[1]!, { ...stored, state: { version: 3 } as never, unreadableSince }, 0);
    await store.enqueue(ids[2]!, { ...stored, state: { version: 3 } as never }, 0);
    await expect.poll(() => shop.durableOrders.counts()).toMatchObject({ dead: 2, waiting: 1 });
    expect(told.map(({ order, outcome }) => [order.outTradeNo, outcome.kind]).sort()).toEqual([
      ['', 'unresolved'],
      ['A1', 'unresolved'],
    ]);
    expect(
      shop.events
        .filter(isResolved)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(ids.slice(0, 2).sort());
    await expect.poll(async () => (await store.get(ids[2]!))?.unreadableSince).toBeGreaterThan(0);
    expect(pathsOf(shop)).toEqual([]);
  });

  it('where its outcome is stored and its merchant is not known any more', async () => {
    const store = new MemoryStore();
    const told: ResolvedOrder[] = [];
    await openShop({ store, onResolved: (resolved) => void told.push(resolved) });
    const state = startResolution({ outTradeNo: 'A1', orderCreatedAt: new Date() }, Date.now() + HOUR_MS);
    const outcome = { kind: 'reversed' } as const;
    await store.enqueue(randomUUID(), { merchantId, state, outcome, end: 3, endAt: 5 }, 0);
    await expect.poll(() => told).toMatchObject([{ outcome, end: 3, endedAt: new Date(5) }]);
  });
});

it('a clock that fails stops no order', async () => {
  let isBroken = false;
  const start = Date.now();
  const shop = await openShop({
    settings: {
      now: () => {
        if (isBroken) throw new Error('no clock');
        return start + (Date.now() - start) * SPEED;
      },
    },
  });
  const end = shop.end('A1');
  shop.sandbox.orders.create({ outTradeNo: 'A1', state: 'paid', totalFee: TOTAL_FEE, createdAt: start - 60_000 });
  await shop.durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt: new Date(start - 10_000), totalFee: TOTAL_FEE });
  isBroken = true;
  await expect.poll(() => shop.events.some(({ kind }) => kind === 'problem')).toBe(true);
  isBroken = false;
  expect((await end).outcome.kind).toBe('paid');
});
