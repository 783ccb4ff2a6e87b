import { expect, it } from 'vitest';
import { LoggedStore } from '../test/logged-store.js';
import { scripted } from '../test/scripted-client.js';
import { DurableOrders, type DurableOrderFilter } from './index.js';

// What a caller gives may be an object of a class, whose getters stand on its prototype.

const CREATED = Date.UTC(2026, 10, 23);

class Sale {
  get outTradeNo(): string {
    return 'A1';
  }
  get orderCreatedAt(): Date {
    return new Date(CREATED);
  }
  get subMerchantId(): string {
    return '1900000201';
  }
  get totalFee(): number {
    return 888;
  }
  get currency(): string {
    return 'HKD';
  }
}

class ReversePolicy extends Sale {
  get policy() {
    return new Rules();
  }
}

class Rules {
  get refundWhenExpired(): boolean {
    return true;
  }
  get ifAmountDiffers(): 'accept' {
    return 'accept';
  }
}

function openShop() {
  const store = new LoggedStore();
  const { client } = scripted([{ trade_state: 'NOTPAY' }]);
  const durableOrders = new DurableOrders({ store, clients: client });
  return { store, durableOrders, stored: () => [...store.stored.values()][0] };
}

it('what an intent inherits is stored', async () => {
  for (const act of ['enqueue', 'reverse'] as const) {
    const { durableOrders, stored } = openShop();
    expect(await durableOrders[act](new ReversePolicy())).toBe('enqueued');
    expect(stored()?.state).toMatchObject({
      order: { outTradeNo: 'A1', subMerchantId: '1900000201' },
      totalFee: 888,
      currency: 'HKD',
      policy: { refundWhenExpired: true, ifAmountDiffers: 'accept', ifPaid: act === 'reverse' ? 'reverse' : 'keep' },
    });
    expect(await durableOrders.get(new Sale2())).toBeDefined();
  }
});

class Sale2 {
  get outTradeNo(): string {
    return 'A1';
  }
  get subMerchantId(): string {
    return '1900000201';
  }
}

it('the rules that a redrive inherits change the stored ones, and are checked with them', async () => {
  const { store, durableOrders, stored } = openShop();
  await durableOrders.enqueue(new Sale());
  const { id } = stored()!;
  await store.die(id);
  class Options {
    get policy() {
      return new Rules();
    }
  }
  expect(await durableOrders.redrive(new Sale2(), new Options())).toBe(true);
  expect(stored()?.state.policy).toMatchObject({ refundWhenExpired: true });
  // Not before there is room for a refund, 7 days after the order was created.
  expect(stored()?.state.deadline).toBe(CREATED + 14 * 24 * 3_600_000);
});

it('what a filter inherits is looked for', async () => {
  const { store, durableOrders } = openShop();
  const asked: DurableOrderFilter[] = [];
  (store as { list: unknown }).list = (filter: DurableOrderFilter) => {
    asked.push(filter);
    return Promise.resolve([]);
  };
  class Filter {
    get merchantId(): string {
      return '10000100';
    }
  }
  await durableOrders.list(new Filter());
  await durableOrders.dead(new Filter());
  expect(asked).toEqual([
    { merchantId: '10000100', kind: 'order', limit: 100 },
    { merchantId: '10000100', kind: 'order', limit: 100, status: 'dead' },
  ]);
});
