import { randomUUID } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { REVERSE_ORDER, WechatPayClient } from 'wechatpay-core';
import { startResolution } from 'wechatpay-core/resolution';
import { MemoryStore } from './stores/memory.js';
import { HOUR_MS, openShop, pathsOf, SPEED, TOTAL_FEE } from '../test/shop.js';
import { DurableOrders, DURABLE_ORDER_CHANNEL, type DurableOrderEvent, type ResolvedOrder } from './index.js';

it('a clear payment ends its durable order, is told, and is never asked for', async () => {
  const shop = await openShop();
  const end = shop.end('A1');
  const { outcome } = await shop.durableOrders.pay(shop.request('A1'));
  expect(outcome.kind).toBe('paid');
  expect((await end).outcome).toMatchObject({ kind: 'paid', payment: { totalFee: TOTAL_FEE, currency: 'HKD' } });
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
  await sleep(60_000 / SPEED);
  expect(pathsOf(shop)).toEqual(['/pay/micropay']);
  expect(shop.sandbox.ledger.of('A1').net).toBe(TOTAL_FEE);
});

it('a clear payment is told by another where the process dies with its answer', async () => {
  const told: string[] = [];
  const store = new MemoryStore();
  const shop = await openShop({ store, isWorker: false });
  expect((await shop.durableOrders.pay(shop.request('A1'))).outcome.kind).toBe('paid');
  const onResolved = ({ outcome }: ResolvedOrder): void => void told.push(outcome.kind);
  const other = new DurableOrders({ store, clients: shop.client, speed: SPEED, onResolved });
  await other.start();
  await expect.poll(() => told).toEqual(['paid']);
});

it('an order is reversed while its payment is pending', async () => {
  const shop = await openShop({ isWorker: false });
  const end = shop.end('A1');
  shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  const orderCreatedAt = new Date(shop.now());
  expect((await shop.durableOrders.pay(shop.request('A1'))).outcome.kind).toBe('pending');
  expect(await shop.durableOrders.reverse({ outTradeNo: 'A1', orderCreatedAt })).toBe('enqueued');
  expect(await shop.durableOrders.reverse({ outTradeNo: 'A1', orderCreatedAt })).toBe('already-reversing');
  await shop.durableOrders.start();
  expect((await end).outcome.kind).toBe('reversed');
  expect(shop.sandbox.ledger.of('A1')).toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE });
});

it('a charge that comes when its order was taken for gone is returned', async () => {
  let charged: (() => void) | undefined;
  const shop = await openShop({
    hold: ({ path }) => (path === '/pay/micropay' ? new Promise<void>((resolve) => (charged = resolve)) : undefined),
  });
  const gone = shop.end('A1');
  const paying = shop.durableOrders.pay(shop.request('A1'));
  expect((await gone).outcome).toEqual({ kind: 'closed', found: false });
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
  const end = shop.end('A1');
  charged?.();
  expect((await paying).outcome.kind).toBe('pending');
  expect((await end).outcome.kind).toBe('reversed');
  expect(shop.sandbox.ledger.of('A1')).toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE });
});

it('an end is told on the channel once it is stored', async () => {
  const shop = await openShop({ onResolved: undefined });
  const statuses: Promise<unknown>[] = [];
  const listen = (event: unknown): void => {
    if ((event as DurableOrderEvent).kind === 'resolved') statuses.push(shop.durableOrders.get({ outTradeNo: 'A1' }));
  };
  subscribe(DURABLE_ORDER_CHANNEL, listen);
  shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  await shop.durableOrders.pay(shop.request('A1'));
  await expect.poll(() => statuses.length).toBe(1);
  unsubscribe(DURABLE_ORDER_CHANNEL, listen);
  expect(await statuses[0]).toMatchObject({ status: 'done', outcome: { kind: 'paid' } });
});

it('stopping waits for the current payment, and takes no other', async () => {
  let charged: (() => void) | undefined;
  const shop = await openShop({
    hold: ({ path }) => (path === '/pay/micropay' ? new Promise<void>((resolve) => (charged = resolve)) : undefined),
  });
  const paying = shop.durableOrders.pay(shop.request('A1'));
  await expect.poll(() => charged).toBeDefined();
  const stopping = shop.durableOrders.stop();
  await expect(shop.durableOrders.pay(shop.request('A2'))).rejects.toThrow('nothing was sent');
  charged?.();
  expect((await paying).outcome.kind).toBe('paid');
  await stopping;
});

it('a state that this version did not store is left to another, and to a person after its deadline', async () => {
  const store = new MemoryStore();
  const shop = await openShop({ store });
  const { merchantId } = shop.client;
  const state = (outTradeNo: string, deadline: number): never =>
    ({ ...startResolution({ outTradeNo, orderCreatedAt: new Date() }, deadline), version: 3 }) as never;
  await store.enqueue(randomUUID(), { merchantId, state: state('A1', Date.now() + HOUR_MS) }, 0);
  await store.enqueue(randomUUID(), { merchantId, state: state('A2', Date.now() - HOUR_MS) }, 0);
  await expect.poll(() => shop.durableOrders.counts()).toMatchObject({ waiting: 1, dead: 1 });
  expect(pathsOf(shop)).toEqual([]);
});

it('a second start is refused', async () => {
  const shop = await openShop();
  await expect(shop.durableOrders.start()).rejects.toThrow('one `start`');
});

it('a clear refusal of an order that never was calls its durable order off', async () => {
  const shop = await openShop();
  const request = { ...shop.request('A1'), authCode: '134567890123456789' };
  const { outcome } = await shop.durableOrders.pay(request);
  expect(outcome).toMatchObject({ kind: 'declined', error: { errorCode: 'AUTH_CODE_INVALID' } });
  expect(await shop.durableOrders.counts()).toMatchObject({ cancelled: 1, waiting: 0 });
});

it('a clear refusal of an order that stays open is declined at once, and the order reversed: nothing will be paid', async () => {
  const shop = await openShop();
  const end = shop.end('A1');
  const request = shop.request('A1', { behaviour: 'balance-too-low' });
  const { outcome } = await shop.durableOrders.pay(request);
  expect(outcome).toMatchObject({ kind: 'declined', error: { errorCode: 'NOTENOUGH' } });
  expect((await end).outcome).toEqual({ kind: 'reversed' });
  expect(shop.sandbox.ledger.of('A1')).toMatchObject({ net: 0 });
  const reverse = shop.sandbox.requests.find(({ path }) => path === '/secapi/pay/reverse');
  const { orderCreatedAt } = (await shop.durableOrders.get({ outTradeNo: 'A1' }))!.state;
  expect(Number(reverse?.at) - orderCreatedAt).toBeGreaterThanOrEqual(15_000 - SPEED);
});

it('a request that cannot be sent stores nothing, and uses up no number', async () => {
  const shop = await openShop();
  const request = shop.request('A1');
  await expect(shop.durableOrders.pay({ ...request, totalFee: 8.88 })).rejects.toMatchObject({ field: 'totalFee' });
  expect(await shop.durableOrders.list()).toEqual([]);
  expect((await shop.durableOrders.pay(request)).outcome.kind).toBe('paid');
});

it('a number is charged once, whatever became of it', async () => {
  const shop = await openShop();
  await shop.durableOrders.pay(shop.request('A1'));
  await expect(shop.durableOrders.pay(shop.request('A1'))).rejects.toMatchObject({
    field: 'outTradeNo',
    outcome: 'not-sent',
  });
  const [first, second] = await Promise.allSettled([1, 2].map(() => shop.durableOrders.pay(shop.request('A2'))));
  expect([first?.status, second?.status].sort()).toEqual(['fulfilled', 'rejected']);
  expect(pathsOf(shop)).toEqual(['/pay/micropay', '/pay/micropay']);
});

it('where nothing can be stored, nothing is charged', async () => {
  const shop = await openShop();
  await shop.durableOrders.stop();
  await expect(shop.durableOrders.pay(shop.request('A1'))).rejects.toThrow('nothing was sent');
  await expect(shop.durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt: new Date() })).rejects.toThrow(
    'not open',
  );
  expect(pathsOf(shop)).toEqual([]);
});

it('a payment whose answer is lost is found, kept and told', async () => {
  const shop = await openShop();
  const end = shop.end('A1');
  shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  expect((await shop.durableOrders.pay(shop.request('A1'))).outcome).toMatchObject({
    kind: 'pending',
    error: { outcome: 'unknown' },
  });
  expect(await end).toMatchObject({ order: { outTradeNo: 'A1' }, outcome: { kind: 'paid' } });
  await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
  expect(shop.sandbox.ledger.of('A1').net).toBe(TOTAL_FEE);
});

it('an order that the customer leaves is reversed, not before 15 s, and stays unpaid', async () => {
  const shop = await openShop();
  const end = shop.end('A1');
  expect((await shop.durableOrders.pay(shop.request('A1', { behaviour: 'walks-away' }))).outcome.kind).toBe('pending');
  expect((await end).outcome.kind).toBe('reversed');
  expect(shop.sandbox.ledger.of('A1').paid).toBe(0);
});

it('a durable order whose process died before the charge ends closed: the order was never there', async () => {
  const shop = await openShop();
  const end = shop.end('A1');
  const orderCreatedAt = new Date(shop.now());
  expect(await shop.durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt })).toBe('enqueued');
  expect(await shop.durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt })).toBe('duplicate');
  expect((await end).outcome).toEqual({ kind: 'closed', found: false });
});

it('a durable order does nothing before 15 s', async () => {
  const shop = await openShop();
  const end = shop.end('A1');
  const createdAt = shop.now();
  await shop.durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt: new Date(createdAt) });
  await end;
  expect(shop.sandbox.requests[0]?.at.getTime()).toBeGreaterThanOrEqual(createdAt + 15_000);
});

it('an answer that comes after a reversal was decided is not believed to be the end', async () => {
  let charged: (() => void) | undefined;
  const shop = await openShop({
    // Quick Pay is under way for so long that its order is reversed before it has arrived.
    hold: ({ path }) => (path === '/pay/micropay' ? new Promise<void>((resolve) => (charged = resolve)) : undefined),
  });
  const end = shop.end('A1');
  // Each reversal is lost, so that it is decided and has no end yet.
  for (let time = 0; time < 3; time += 1)
    shop.sandbox.faults.add({ kind: 'cut', effect: false }, { path: REVERSE_ORDER.path });
  const paying = shop.durableOrders.pay(shop.request('A1'));
  await expect.poll(() => pathsOf(shop), { interval: 2 }).toContain(REVERSE_ORDER.path);
  charged?.();
  expect((await paying).outcome.kind).toBe('pending');
  expect(shop.sandbox.ledger.of('A1').paid).toBe(TOTAL_FEE);
  expect((await end).outcome.kind).toBe('reversed');
  expect(shop.sandbox.ledger.of('A1').net).toBe(0);
});

it('a durable order that took too long to be stored is followed by no charge', async () => {
  class SlowStore extends MemoryStore {
    override async enqueue(...args: Parameters<MemoryStore['enqueue']>): ReturnType<MemoryStore['enqueue']> {
      const result = await super.enqueue(...args);
      await sleep(20_000 / SPEED); // it is stored, and the word of it comes late
      return result;
    }
  }
  const shop = await openShop({ store: new SlowStore() });
  const { outcome } = await shop.durableOrders.pay(shop.request('A1'));
  expect(outcome).toMatchObject({ kind: 'declined', error: { outcome: 'not-sent' } });
  expect(pathsOf(shop)).not.toContain('/pay/micropay');
});

describe('where the store is away when a payment is clear', () => {
  class LosingStore extends MemoryStore {
    constructor(readonly lose: (amend: () => Promise<boolean>) => Promise<boolean>) {
      super();
    }

    override amend(...args: Parameters<MemoryStore['amend']>): Promise<boolean> {
      return this.lose(() => super.amend(...args));
    }
  }

  it('it is paid as soon as the durable order is known to have ended', async () => {
    let times = 0;
    const store = new LosingStore(async (amend) => {
      const isAmended = await amend();
      if ((times += 1) === 1) throw new Error('the connection broke, and nobody knows');
      return isAmended;
    });
    const shop = await openShop({ store });
    expect((await shop.durableOrders.pay(shop.request('A1'))).outcome.kind).toBe('paid');
    await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ outcome: { kind: 'paid' } });
  });

  it('it is not said to be paid while a durable order may still reverse it', async () => {
    const shop = await openShop({ store: new LosingStore(() => Promise.reject(new Error('away'))) });
    const end = shop.end('A1');
    // No query gets through until the durable order gives up.
    shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/orderquery', times: 100 });
    // Spaced so that a busy machine does not stretch three in a row, on the fast clock, until they are none.
    const { outcome } = await shop.durableOrders.pay(shop.request('A1'), { policy: { queryEveryMs: 45_000 } });
    expect(outcome.kind).toBe('pending');
    await expect.poll(() => pathsOf(shop)).toContain(REVERSE_ORDER.path);
    shop.sandbox.faults.clear();
    expect((await end).outcome.kind).toBe('reversed');
  });
});

it('what needs a person is dead, is told why, and goes on once it is redriven', async () => {
  const shop = await openShop();
  const end = shop.end('A1');
  for (let time = 0; time < 2; time += 1) {
    shop.sandbox.faults.add({ kind: 'error', errorCode: 'PARAM_ERROR' }, { path: '/pay/orderquery' });
  }
  shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  await shop.durableOrders.pay(shop.request('A1'));
  expect((await end).outcome.kind).toBe('needs-attention');
  await expect.poll(() => shop.durableOrders.dead()).toHaveLength(1);
  const [dead] = await shop.durableOrders.dead();
  expect(dead).toMatchObject({ status: 'dead', outcome: { error: { errorCode: 'PARAM_ERROR' } } });

  shop.sandbox.faults.clear();
  const better = shop.end('A1');
  const wrong = shop.durableOrders.redrive({ outTradeNo: 'A1' }, { deadline: 123 as never });
  await expect(wrong).rejects.toMatchObject({ field: 'deadline' });
  expect(await shop.durableOrders.redrive({ outTradeNo: 'A1' })).toBe(true);
  expect((await better).outcome.kind).toBe('paid');
  await expect.poll(() => shop.durableOrders.counts()).toMatchObject({ dead: 0, done: 1 });
  expect(await shop.durableOrders.redrive({ outTradeNo: 'A1' })).toBe(false);
});

it('an order too old to be reversed asks for a refund, which a redrive may make', async () => {
  const shop = await openShop();
  const createdAt = shop.now() - 8 * 24 * 60 * 60 * 1000;
  shop.sandbox.orders.create({ outTradeNo: 'A1', state: 'paid', totalFee: TOTAL_FEE, createdAt });
  const end = shop.end('A1');
  await shop.durableOrders.enqueue({
    outTradeNo: 'A1',
    orderCreatedAt: new Date(createdAt),
    policy: { ifPaid: 'reverse' },
  });
  expect((await end).outcome.kind).toBe('refund-required');
  const better = shop.end('A1');
  await expect
    .poll(() => shop.durableOrders.redrive({ outTradeNo: 'A1' }, { policy: { refundWhenExpired: true } }))
    .toBe(true);
  expect((await better).outcome.kind).toBe('refunded');
  expect(shop.sandbox.ledger.of('A1').net).toBe(0);
});

it('gives an order back, also one whose payment was clear, or that was kept', async () => {
  const shop = await openShop();
  const orderCreatedAt = new Date(shop.now() - 60_000);
  await shop.durableOrders.pay(shop.request('A1'));
  shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  const kept = shop.end('A2');
  await shop.durableOrders.pay(shop.request('A2'));
  expect((await kept).outcome.kind).toBe('paid');
  shop.sandbox.orders.create({ outTradeNo: 'A3', state: 'paid', totalFee: TOTAL_FEE });

  for (const outTradeNo of ['A1', 'A2', 'A3']) {
    const end = shop.end(outTradeNo);
    await expect.poll(() => shop.durableOrders.reverse({ outTradeNo, orderCreatedAt })).toBe('enqueued');
    expect(await shop.durableOrders.reverse({ outTradeNo, orderCreatedAt })).not.toBe('enqueued');
    expect((await end).outcome.kind).toBe('reversed');
    expect(shop.sandbox.ledger.of(outTradeNo)).toMatchObject({ paid: TOTAL_FEE, returned: TOTAL_FEE });
    await expect.poll(() => shop.durableOrders.reverse({ outTradeNo, orderCreatedAt })).toBe('ended');
  }
});

it('an end is told until whoever is told has taken it', async () => {
  const told: string[] = [];
  const shop = await openShop({
    onResolved: ({ outcome }) => {
      told.push(outcome.kind);
      if (told.length < 3) throw new Error('the shop’s database is away');
    },
  });
  shop.sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay' });
  await shop.durableOrders.pay(shop.request('A1'));
  await expect.poll(() => told, { timeout: 10_000 }).toEqual(['paid', 'paid', 'paid']);
  await expect.poll(() => shop.durableOrders.counts()).toMatchObject({ done: 1 });
  expect(pathsOf(shop).filter((path) => path === '/pay/orderquery')).toHaveLength(1);
  const problems = shop.events.filter(({ kind }) => kind === 'problem');
  expect(problems).toHaveLength(2);
});

it('a durable order of another merchant is left to a worker that knows it', async () => {
  const store = new MemoryStore();
  const shop = await openShop({ store });
  const other = new WechatPayClient({ ...shop.sandbox.merchant, merchantId: '1900000109', transport: () => never });
  const elsewhere = new DurableOrders({ store, clients: [other, shop.client] });
  const order = { outTradeNo: 'A1', orderCreatedAt: new Date(Date.now() - 15_000) };
  await expect(elsewhere.enqueue(order)).rejects.toMatchObject({ field: 'merchantId' });
  await elsewhere.enqueue({ ...order, merchantId: '1900000109' });
  await expect
    .poll(() => shop.events.find(({ kind }) => kind === 'problem'))
    .toMatchObject({
      error: { message: expect.stringContaining('1900000109') as string },
    });
  expect(await elsewhere.get({ outTradeNo: 'A1', merchantId: '1900000109' })).toMatchObject({ status: 'waiting' });
  expect(await elsewhere.list({ merchantId: '1900000109' })).toHaveLength(1);
  expect(await elsewhere.list({ merchantId: shop.client.merchantId })).toEqual([]);
});

const never = new Promise<never>(() => undefined);

it.each([
  ['clients', { clients: [] }],
  ['concurrency', { concurrency: 0 }],
  ['speed', { speed: Number.NaN }],
])('refuses %s that are invalid', async (field, wrong) => {
  const { client } = await openShop();
  const store = new MemoryStore();
  expect(() => new DurableOrders({ store, clients: client, ...wrong })).toThrow(
    expect.objectContaining({ code: 'WECHATPAY_INVALID_CONFIG', field }) as Error,
  );
});

it.each([
  ['orderCreatedAt', { orderCreatedAt: new Date(Number.NaN) }],
  ['notBefore', { notBefore: new Date(Number.NaN) }],
  ['deadline', { deadline: new Date(Number.NaN) }],
  ['deadline', { deadline: 123 as never }],
  ['deadline', { deadline: new Date(0) }],
  ['deadline', { notBefore: new Date(Date.now() + 30 * 24 * HOUR_MS) }],
  ['orderCreatedAt', { orderCreatedAt: new Date(Date.now() + 30 * 24 * HOUR_MS), deadline: new Date(2e12 * 2) }],
  ['currency', { currency: 'hkd' }],
  ['outTradeNo', { outTradeNo: 'x'.repeat(33) }],
  ['reverseAfterMs', { policy: { reverseAfterMs: 0.5 } }],
  ['merchantId', { merchantId: '1' }],
])('refuses an intent whose %s is invalid, and stores nothing', async (field, wrong) => {
  const shop = await openShop();
  const intent = { outTradeNo: 'A1', orderCreatedAt: new Date(shop.now()), ...wrong };
  await expect(shop.durableOrders.enqueue(intent)).rejects.toMatchObject({ field, outcome: 'not-sent' });
  expect(await shop.durableOrders.list()).toEqual([]);
});
