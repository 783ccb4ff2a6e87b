import { expect, it } from 'vitest';
import { MapEngine } from '../test/map-engine.js';
import { scripted } from '../test/scripted-client.js';
import { DurableReversals, type ReversalFilter } from './index.js';

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

class GiveBack extends Sale {
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
  const engine = new MapEngine();
  const { client } = scripted([{ trade_state: 'NOTPAY' }]);
  const reversals = new DurableReversals({ engine, clients: client });
  return { engine, reversals, stored: () => [...engine.stored.values()][0] };
}

it('what an intent inherits is stored', async () => {
  for (const act of ['enqueue', 'revoke'] as const) {
    const { reversals, stored } = openShop();
    expect(await reversals[act](new GiveBack())).toBe('enqueued');
    expect(stored()?.state).toMatchObject({
      order: { outTradeNo: 'A1', subMerchantId: '1900000201' },
      totalFee: 888,
      currency: 'HKD',
      policy: { refundWhenExpired: true, ifAmountDiffers: 'accept', ifPaid: act === 'revoke' ? 'revoke' : 'keep' },
    });
    expect(await reversals.get(new Sale2())).toBeDefined();
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
  const { engine, reversals, stored } = openShop();
  await reversals.enqueue(new Sale());
  const { id } = stored()!;
  engine.stored.set(id, { ...stored()!, status: 'dead' });
  class Options {
    get policy() {
      return new Rules();
    }
  }
  expect(await reversals.redrive(new Sale2(), new Options())).toBe(true);
  expect(stored()?.state.policy).toMatchObject({ refundWhenExpired: true });
  // Not before there is room for a refund, 7 days after the order was created.
  expect(stored()?.state.deadline).toBe(CREATED + 14 * 24 * 3_600_000);
});

it('what a filter inherits is looked for', async () => {
  const { engine, reversals } = openShop();
  const asked: ReversalFilter[] = [];
  (engine as { list: unknown }).list = (filter: ReversalFilter) => {
    asked.push(filter);
    return Promise.resolve([]);
  };
  class Filter {
    get merchantId(): string {
      return '10000100';
    }
  }
  await reversals.list(new Filter());
  await reversals.dead(new Filter());
  expect(asked).toEqual([
    { merchantId: '10000100', limit: 100 },
    { merchantId: '10000100', limit: 100, status: 'dead' },
  ]);
});
