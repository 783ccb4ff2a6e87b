import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { purchase } from '../../test/client.js';
import { directly } from '../../test/direct.js';
import { Sandbox, wellKnownAuthCodes, type Movement, type OrderState } from '../index.js';

const start = Date.UTC(2026, 0, 31);
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await Sandbox.create({ now: () => start });
});
beforeEach(() => {
  sandbox.reset();
});

describe('sandbox.ledger', () => {
  const rows: { state: OrderState; kinds: Movement['kind'][] }[] = [
    { state: 'paid', kinds: ['payment'] },
    { state: 'refunded', kinds: ['payment', 'refund'] },
    { state: 'not-paid', kinds: [] },
    { state: 'user-paying', kinds: [] },
    { state: 'closed', kinds: [] },
    { state: 'reversed', kinds: [] },
  ];
  it.each(rows)('holds $kinds of an order that was created $state', ({ state, kinds }) => {
    const order = sandbox.orders.create({ state });
    expect(sandbox.ledger.list().map(({ kind }) => kind)).toEqual(kinds);
    const { paid, refunded } = order.money;
    expect(sandbox.ledger.of(order.outTradeNo)).toEqual({ paid, returned: refunded, net: paid - refunded });
  });

  it('writes down what the customer does in a test’s hands', () => {
    const order = sandbox.orders.create({ state: 'user-paying' });
    sandbox.orders.pay(order);
    sandbox.orders.reverse(order);
    expect(sandbox.ledger.list().map(({ kind, amount }) => [kind, amount])).toEqual([
      ['payment', 1250],
      ['reversal', 1250],
    ]);
  });

  it('knows of money that moved while nobody looked, in the order of time', () => {
    for (const [number, code] of [
      ['late', wellKnownAuthCodes.paysAfter40s],
      ['soon', wellKnownAuthCodes.paysAfter10s],
      ['never', wellKnownAuthCodes.walksAway],
    ] as const) {
      directly(sandbox, '/pay/micropay', purchase(code, number));
    }
    sandbox.clock.advance(3_600_000);
    expect(sandbox.ledger.list().map(({ outTradeNo, at }) => [outTradeNo, at.getTime() - start])).toEqual([
      ['soon', 10_000],
      ['late', 40_000],
    ]);
  });

  it('cannot be changed', () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'tea' });
    (sandbox.ledger.list() as Movement[]).length = 0;
    expect(() => {
      (sandbox.ledger.list()[0] as { amount: number }).amount = 0;
    }).toThrow(TypeError);
    expect(sandbox.ledger.of('tea').paid).toBe(1250);
    expect(sandbox.ledger.of('unheard-of')).toEqual({ paid: 0, returned: 0, net: 0 });
  });
});
