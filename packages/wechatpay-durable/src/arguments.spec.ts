import { describe, expect, it } from 'vitest';
import { WechatPayClient } from 'wechatpay-core';
import { failureOf } from '../test/failure.js';
import { MemoryStore } from './stores/memory.js';
import { HOUR_MS, openShop, pathsOf, TOTAL_FEE, type Shop } from '../test/shop.js';
import { DurableOrders, durableOrderId } from './index.js';

const DAY_MS = 24 * HOUR_MS;

describe('an unknown property is refused by name', () => {
  const order = { outTradeNo: 'A1', orderCreatedAt: new Date() };
  const rows: readonly [string, RegExp, (shop: Shop) => Promise<unknown>][] = [
    [
      'subMchId',
      /mean subMerchantId\?/,
      ({ durableOrders }) => durableOrders.enqueue({ ...order, subMchId: '1' } as never),
    ],
    ['transaction', /unknown/, ({ durableOrders }) => durableOrders.enqueue(order, { transaction: {} } as never)],
    [
      'queryEveryM',
      /mean queryEveryMs\?/,
      ({ durableOrders }) => durableOrders.enqueue({ ...order, policy: { queryEveryM: 1 } as never }),
    ],
    ['merchant', /unknown/, (shop) => shop.durableOrders.pay(shop.request('A1'), { merchant: '1' } as never)],
    [
      'ifPaid',
      /unknown/,
      (shop) => shop.durableOrders.pay(shop.request('A1'), { policy: { ifPaid: 'reverse' } as never }),
    ],
    ['body', /unknown/, ({ durableOrders }) => durableOrders.get({ outTradeNo: 'A1', body: 'tea' } as never)],
    ['out_trade_no', /mean outTradeNo\?/, ({ durableOrders }) => durableOrders.cancel({ out_trade_no: 'A1' } as never)],
    [
      'mchId',
      /mean merchantId\?/,
      ({ durableOrders }) => durableOrders.hasten({ outTradeNo: 'A1', mchId: '1' } as never),
    ],
    [
      'dedline',
      /mean deadline\?/,
      ({ durableOrders }) => durableOrders.redrive({ outTradeNo: 'A1' }, { dedline: 1 } as never),
    ],
    [
      'ifpaid',
      /mean ifPaid\?/,
      ({ durableOrders }) => durableOrders.reverse({ ...order, policy: { ifpaid: 'keep' } as never }),
    ],
    ['state', /unknown/, ({ durableOrders }) => durableOrders.list({ state: 'dead' } as never)],
    ['actr', /mean actor\?/, ({ durableOrders }) => durableOrders.cancel({ outTradeNo: 'A1' }, { actr: 'A' } as never)],
    ['actr', /mean actor\?/, ({ durableOrders }) => durableOrders.reverse(order, { actr: 'A' } as never)],
    ['sinal', /mean signal\?/, ({ durableOrders }) => durableOrders.wait({ outTradeNo: 'A1' }, { sinal: 1 } as never)],
    ['outTradeNum', /mean outTradeNo\?/, ({ durableOrders }) => durableOrders.explain({ outTradeNum: 'A1' } as never)],
    ['mchId', /mean merchantId\?/, ({ durableOrders }) => durableOrders.redriveAll({ mchId: '1' } as never)],
    ['dryrun', /mean dryRun\?/, ({ durableOrders }) => durableOrders.redriveAll({}, { dryrun: true } as never)],
    ['status', /unknown/, ({ durableOrders }) => durableOrders.dead({ status: 'done' } as never)],
    ['works', /mean work\?/, ({ durableOrders }) => durableOrders.start({ works: false } as never)],
  ];

  it('by every function that takes an object', async () => {
    const shop = await openShop({ isWorker: false });
    for (const [field, message, act] of rows) {
      const refused = await failureOf(() => act(shop));
      expect(refused).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field, outcome: 'not-sent' });
      expect((refused as Error).message).toMatch(message);
    }
    expect(await shop.durableOrders.list()).toEqual([]);
    expect(pathsOf(shop)).toEqual([]);
  });

  it('subMchId of durableOrderId', () => {
    expect(() => durableOrderId({ merchantId: '1', outTradeNo: 'A1', subMchId: '2' } as never)).toThrow(
      /subMerchantId\?/,
    );
  });
});

it('an order by its transactionId is refused at once: it names outTradeNo', async () => {
  const { durableOrders } = await openShop();
  const order = { transactionId: '4200001234', orderCreatedAt: new Date() } as never;
  for (const refused of [
    durableOrders.enqueue(order),
    durableOrders.reverse(order),
    durableOrders.get(order),
    durableOrders.cancel(order),
    durableOrders.hasten(order),
    durableOrders.redrive(order),
  ]) {
    await expect(refused).rejects.toThrow(/^transactionId: .*outTradeNo/);
  }
  for (const nameless of [{}, { outTradeNo: undefined }, { outTradeNo: '' }]) {
    const intent = { ...nameless, orderCreatedAt: new Date() } as never;
    await expect(durableOrders.reverse(intent)).rejects.toMatchObject({ field: 'outTradeNo' });
    await expect(durableOrders.get(nameless as never)).rejects.toMatchObject({ field: 'outTradeNo' });
  }
  expect(await durableOrders.list()).toEqual([]);
});

it.each([
  ['onResolve', { onResolve: () => undefined }],
  ['store', { store: undefined }],
  ['store', { store: {} }],
  ['clients', { clients: [undefined] }],
  ['onResolved', { onResolved: 3 }],
  ['concurrency', { concurrency: 1.5 }],
  ['timeoutMs', { clients: clientOf(30_001) }],
])('a constructor refuses %s', (field, wrong) => {
  const options = { store: new MemoryStore(), clients: clientOf(30_000) };
  expect(() => new DurableOrders(options)).not.toThrow();
  expect(() => new DurableOrders({ ...options, ...wrong } as never)).toThrow(
    expect.objectContaining({ code: 'WECHATPAY_INVALID_CONFIG', field }) as Error,
  );
});

function clientOf(timeoutMs: number): WechatPayClient {
  const transport = (): Promise<never> => Promise.reject(new Error('nothing is sent here'));
  const [appId, merchantId, apiKey] = ['wx8888888888888888', '1900000109', 'k'.repeat(32)];
  return new WechatPayClient({ appId, merchantId, apiKey, transport, timeoutMs });
}

describe('refundWhenExpired', () => {
  const policy = { ifPaid: 'reverse', refundWhenExpired: true } as const;

  it('has a default deadline that leaves room for the refund', async () => {
    const shop = await openShop({ isWorker: false });
    const now = shop.now();
    for (const [outTradeNo, ageDays, days] of [
      ['A1', 0, 14],
      ['A2', 6, 8],
      ['A3', 8, 7],
    ] as const) {
      await shop.durableOrders.reverse({ outTradeNo, orderCreatedAt: new Date(now - ageDays * DAY_MS), policy });
      const stored = await shop.durableOrders.get({ outTradeNo });
      expect(Math.round((stored!.state.deadline - now) / DAY_MS)).toBe(days);
    }
    await shop.durableOrders.enqueue({ outTradeNo: 'A4', orderCreatedAt: new Date(now) });
    const stored = await shop.durableOrders.get({ outTradeNo: 'A4' });
    expect(Math.round((stored!.state.deadline - now) / DAY_MS)).toBe(7);
  });

  it('is refused where the deadline comes before it could take effect', async () => {
    const shop = await openShop({ isWorker: false });
    const orderCreatedAt = new Date(shop.now());
    const deadline = new Date(shop.now() + 7 * DAY_MS - 1000);
    const intent = { outTradeNo: 'A1', orderCreatedAt, deadline, policy };
    await expect(shop.durableOrders.enqueue(intent)).rejects.toMatchObject({ field: 'refundWhenExpired' });
    await expect(shop.durableOrders.reverse(intent)).rejects.toMatchObject({ field: 'refundWhenExpired' });
    expect(await shop.durableOrders.list()).toEqual([]);
  });

  it('is refused of a redrive too; without a deadline it refunds', async () => {
    const shop = await openShop();
    const orderCreatedAt = new Date(shop.now());
    shop.sandbox.orders.create({
      outTradeNo: 'A1',
      state: 'paid',
      totalFee: TOTAL_FEE,
      createdAt: shop.now() - 20_000,
    });
    const deadline = new Date(shop.now() + DAY_MS);
    for (let time = 0; time < 2; time += 1) {
      shop.sandbox.faults.add({ kind: 'error', errorCode: 'PARAM_ERROR' }, { path: '/pay/orderquery' });
    }
    await shop.durableOrders.reverse({ outTradeNo: 'A1', orderCreatedAt });
    await expect.poll(() => shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'dead' });
    const redriven = shop.durableOrders.redrive(
      { outTradeNo: 'A1' },
      { deadline, policy: { refundWhenExpired: true } },
    );
    await expect(redriven).rejects.toMatchObject({ field: 'refundWhenExpired' });
    expect(await shop.durableOrders.redrive({ outTradeNo: 'A1' }, { policy: { refundWhenExpired: true } })).toBe(true);
  });
});
