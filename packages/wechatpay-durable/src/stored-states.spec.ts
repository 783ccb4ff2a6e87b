import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFAULT_RESOLUTION_POLICY, type ResolutionOutcome } from 'wechatpay-core';
import { startResolution } from 'wechatpay-core/resolution';
import { MemoryStore } from './stores/memory.js';
import { openShop, TOTAL_FEE } from '../test/shop.js';
import type { DurableOrderData, ResolvedOrder } from './index.js';

interface Release {
  readonly release: string;
  /** When the orders were created. */
  readonly storedAt: number;
  readonly durableOrders: readonly { readonly name: string; readonly data: DurableOrderData }[];
}

const FOLDER = new URL('../test/stored-states/', import.meta.url);
const releases = readdirSync(FOLDER).map((file) => JSON.parse(readFileSync(new URL(file, FOLDER), 'utf8')) as Release);

/** The same state, of an order that was created at another time. */
function movedTo(createdAt: number, data: DurableOrderData, storedAt: number): DurableOrderData {
  const move = (_: string, value: unknown): unknown =>
    typeof value === 'number' && value > 1e12 ? value + createdAt - storedAt : value;
  return JSON.parse(JSON.stringify(data), move) as DurableOrderData;
}

describe.each(releases)('what release $release has stored', ({ storedAt, durableOrders }) => {
  it('goes on to an end that is true of the money', async () => {
    const store = new MemoryStore();
    const told = new Map<string, ResolvedOrder>();
    const shop = await openShop({
      store,
      onResolved: (resolved) => void told.set(resolved.order.outTradeNo, resolved),
    });
    const { merchantId } = shop.client;
    const createdAt = shop.now() - 120_000;
    for (const { data } of durableOrders) {
      const { order } = data.state;
      const { outTradeNo } = order;
      shop.sandbox.orders.create({ outTradeNo, state: 'paid', totalFee: TOTAL_FEE, createdAt });
      const { subMerchantId: _, subAppId: __, ...own } = order;
      const moved = movedTo(createdAt, { ...data, merchantId, state: { ...data.state, order: own } }, storedAt);
      await store.enqueue(randomUUID(), moved, 0);
    }
    await expect.poll(() => told.size, { timeout: 60_000 }).toBe(durableOrders.length);

    for (const { name, data } of durableOrders) {
      const { outcome, end } = told.get(data.state.order.outTradeNo)!;
      const { net } = shop.sandbox.ledger.of(data.state.order.outTradeNo);
      expect([name, end]).toEqual([name, 1]);
      const stored = data.state as unknown as { outcome?: ResolutionOutcome; mustRevoke: boolean };
      const before = data.outcome ?? stored.outcome;
      if (before) expect([name, outcome]).toEqual([name, before]);
      else if (stored.mustRevoke)
        expect([name, outcome.kind, net]).toEqual([name, expect.stringMatching(/reversed|refunded/), 0]);
      else expect([name, outcome.kind, net]).toEqual([name, 'paid', TOTAL_FEE]);
    }
  });
});

it.each(Object.keys(DEFAULT_RESOLUTION_POLICY))(
  'a stored state without %s, which came later, goes on',
  async (name) => {
    const store = new MemoryStore();
    const shop = await openShop({ store });
    const createdAt = shop.now() - 60_000;
    shop.sandbox.orders.create({ outTradeNo: 'A1', state: 'paid', totalFee: TOTAL_FEE, createdAt });
    const order = { outTradeNo: 'A1', orderCreatedAt: new Date(createdAt), totalFee: TOTAL_FEE };
    const state = startResolution(order, createdAt + 3_600_000);
    const policy = Object.fromEntries(Object.entries(state.policy).filter(([key]) => key !== name));
    const end = shop.end('A1');
    await store.enqueue(randomUUID(), { merchantId: shop.client.merchantId, state: { ...state, policy } as never }, 0);
    expect((await end).outcome.kind).toBe('paid');
  },
);
