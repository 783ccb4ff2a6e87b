import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { startSettlement } from 'wechatpay-core';
import { SharedEngine } from '../test/shared-engine.js';
import { HOUR_MS, openShop, pathsOf, SPEED, TOTAL_FEE, type Shop } from '../test/shop.js';
import { reversalId, type ReversalEvent, type SettledReversal } from './index.js';

/** A shop whose `onSettled` fails until it is told to work. */
async function openDeafShop(): Promise<{ shop: Shop; told: SettledReversal[]; hear: () => void }> {
  let isDeaf = true;
  const told: SettledReversal[] = [];
  const shop = await openShop({
    onSettled: (settled) => {
      told.push(settled);
      if (isDeaf) throw new Error('the shop’s database is away');
    },
  });
  return { shop, told, hear: () => (isDeaf = false) };
}

const isSettled = (event: ReversalEvent): event is ReversalEvent & { kind: 'settled' } => event.kind === 'settled';

describe('while onSettled fails', () => {
  it('an order that is stored as paid is not called off', async () => {
    const { shop, told, hear } = await openDeafShop();
    expect((await shop.reversals.pay(shop.request('A1'))).outcome.kind).toBe('paid');
    await expect.poll(() => told.length).toBeGreaterThan(0);
    await expect.poll(async () => (await shop.reversals.get({ outTradeNo: 'A1' }))?.status).toBe('waiting');
    expect(await shop.reversals.cancel({ outTradeNo: 'A1' })).toBe(false);
    hear();
    await expect.poll(() => shop.reversals.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
    expect(told.at(-1)?.outcome.kind).toBe('paid');
    expect(shop.sandbox.ledger.of('A1').net).toBe(TOTAL_FEE);
  });

  it('an order that is closed has ended: there is nothing to revoke', async () => {
    const { shop, told } = await openDeafShop();
    const createdAt = shop.now() - 60_000;
    shop.sandbox.orders.create({ outTradeNo: 'A1', state: 'closed', totalFee: TOTAL_FEE, createdAt });
    const intent = { outTradeNo: 'A1', orderCreatedAt: new Date(createdAt) };
    await shop.reversals.enqueue(intent);
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(await shop.reversals.revoke(intent)).toBe('ended');
  });

  it('an order that was paid can be given back', async () => {
    const { shop, told, hear } = await openDeafShop();
    const orderCreatedAt = new Date(shop.now());
    await shop.reversals.pay(shop.request('A1'));
    await expect.poll(() => told.length).toBeGreaterThan(0);
    expect(await shop.reversals.revoke({ outTradeNo: 'A1', orderCreatedAt })).toBe('enqueued');
    hear();
    await expect.poll(() => told.at(-1)?.outcome.kind).toBe('revoked');
    expect(shop.sandbox.ledger.of('A1').net).toBe(0);
  });

  it('an end keeps its number and its time, however often it is told', async () => {
    const { shop, told } = await openDeafShop();
    await shop.reversals.pay(shop.request('A1'));
    await expect.poll(() => told.length).toBeGreaterThan(2);
    const [first] = told;
    expect(first).toMatchObject({ end: 1 });
    expect(told.map(({ end, endedAt }) => [end, endedAt])).toEqual(told.map(() => [1, first?.endedAt]));
  });
});

it('each end of an order has a number that grows, and its time', async () => {
  const told: SettledReversal[] = [];
  const shop = await openShop({ onSettled: (settled) => void told.push(settled) });
  const orderCreatedAt = new Date(shop.now());
  await shop.reversals.pay(shop.request('A1'));
  await expect.poll(() => shop.reversals.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done', end: 1 });
  await shop.reversals.revoke({ outTradeNo: 'A1', orderCreatedAt });
  await expect.poll(() => shop.reversals.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done', end: 2 });
  expect(told.map(({ outcome, end }) => [outcome.kind, end])).toEqual([
    ['paid', 1],
    ['revoked', 2],
  ]);
  expect(told[1]!.endedAt.getTime()).toBeGreaterThan(told[0]!.endedAt.getTime());
  expect(shop.events.filter(isSettled).map(({ end, endedAt }) => [end, endedAt])).toEqual(
    told.map(({ end, endedAt }) => [end, endedAt]),
  );
});

it('a redrive goes on counting', async () => {
  const told: SettledReversal[] = [];
  const shop = await openShop({ onSettled: (settled) => void told.push(settled) });
  const orderCreatedAt = new Date(shop.now() - 8 * 24 * HOUR_MS);
  shop.sandbox.orders.create({
    outTradeNo: 'A1',
    state: 'paid',
    totalFee: TOTAL_FEE,
    createdAt: orderCreatedAt.getTime(),
  });
  await shop.reversals.revoke({ outTradeNo: 'A1', orderCreatedAt });
  await expect.poll(() => shop.reversals.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'dead', end: 1 });
  await shop.reversals.redrive({ outTradeNo: 'A1' }, { policy: { refundWhenExpired: true } });
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
    const engine = new SharedEngine();
    const told: SettledReversal[] = [];
    const shop = await openShop({ engine, onSettled: (settled) => void told.push(settled) });
    const id = reversalId({ merchantId, outTradeNo: 'A1' });
    const state = startSettlement({ outTradeNo: 'A1', orderCreatedAt: new Date() }, 1);
    await engine.enqueue(id, { merchantId, state }, 0);
    await expect.poll(() => engine.get(id)).toMatchObject({ status: 'dead', outcome: { kind: 'unresolved' }, end: 1 });
    expect(told).toMatchObject(
      [{ id, merchantId, order: { outTradeNo: 'A1' }, end: 1, outcome: { error: { message: /no client/ } } }].map(
        (one) => ({
          ...one,
          outcome: { kind: 'unresolved', error: { message: expect.stringMatching('no client') as string } },
        }),
      ),
    );
    expect(shop.events.filter(isSettled)).toMatchObject([{ id, merchantId, outTradeNo: 'A1', end: 1 }]);
  });

  it('of a state that cannot be read', async () => {
    const engine = new SharedEngine();
    const told: SettledReversal[] = [];
    const shop = await openShop({ engine, onSettled: (settled) => void told.push(settled) });
    const stored = {
      merchantId: shop.client.merchantId,
      state: { ...startSettlement({ outTradeNo: 'A1', orderCreatedAt: new Date() }, 1), version: 3 } as never,
    };
    const ids = [randomUUID(), randomUUID(), randomUUID()];
    await engine.enqueue(ids[0]!, stored, 0);
    // Not even a number and a deadline; for a week, nobody could read it.
    const unreadableSince = shop.now() - 8 * 24 * HOUR_MS;
    await engine.enqueue(ids[1]!, { ...stored, state: { version: 3 } as never, unreadableSince }, 0);
    await engine.enqueue(ids[2]!, { ...stored, state: { version: 3 } as never }, 0);
    await expect.poll(() => shop.reversals.counts()).toMatchObject({ dead: 2, waiting: 1 });
    expect(told.map(({ order, outcome }) => [order.outTradeNo, outcome.kind]).sort()).toEqual([
      ['', 'unresolved'],
      ['A1', 'unresolved'],
    ]);
    expect(
      shop.events
        .filter(isSettled)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(ids.slice(0, 2).sort());
    await expect.poll(async () => (await engine.get(ids[2]!))?.unreadableSince).toBeGreaterThan(0);
    expect(pathsOf(shop)).toEqual([]);
  });

  it('where its outcome is stored and its merchant is not known any more', async () => {
    const engine = new SharedEngine();
    const told: SettledReversal[] = [];
    await openShop({ engine, onSettled: (settled) => void told.push(settled) });
    const state = startSettlement({ outTradeNo: 'A1', orderCreatedAt: new Date() }, Date.now() + HOUR_MS);
    const outcome = { kind: 'revoked' } as const;
    await engine.enqueue(randomUUID(), { merchantId, state, outcome, end: 3, endAt: 5 }, 0);
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
  await shop.reversals.enqueue({ outTradeNo: 'A1', orderCreatedAt: new Date(start - 10_000), totalFee: TOTAL_FEE });
  isBroken = true;
  await expect.poll(() => shop.events.some(({ kind }) => kind === 'problem')).toBe(true);
  isBroken = false;
  expect((await end).outcome.kind).toBe('paid');
});
