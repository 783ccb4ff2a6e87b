import { describe, expect, it } from 'vitest';
import { refused } from '../../test/mishaps.js';
import { DAY, HOUR, MINUTE, openRefundShop, START, TOTAL_FEE, type RefundShop } from '../../test/refund-shop.js';

// What the worker decides by itself: an order whose answers stay unclear is reversed, and one that is paid late is refunded. Beside a
// durable refund of it, neither leaves.

const A1 = { outTradeNo: 'A1', orderCreatedAt: new Date(START - MINUTE), totalFee: TOTAL_FEE, currency: 'HKD' };
const A1_OF = { outTradeNo: 'A1' };
const R1 = { outRefundNo: 'R1' };

async function openShop(refundDelayMs?: number): Promise<RefundShop> {
  const shop = await openRefundShop({ ...(refundDelayMs !== undefined && { refundDelayMs }), works: false });
  const paid = { state: 'paid', outTradeNo: 'A1', totalFee: TOTAL_FEE, currency: 'HKD' } as const;
  shop.sandbox.orders.create({ ...paid, createdAt: START - MINUTE });
  return shop;
}

/** What has left that returns money, apart from what was asked for. */
function returns({ calls }: RefundShop): string[] {
  const asked: readonly unknown[] = ['R1', 'R2'];
  const isOwn = ({ path, fields }: RefundShop['calls'][number]): boolean =>
    path.startsWith('/secapi/') && !asked.includes(fields.out_refund_no);
  return calls.filter(isOwn).map(({ path }) => path);
}

async function rulesOf(shop: RefundShop): Promise<unknown[]> {
  const explained = await shop.durableOrders.explain(A1_OF);
  return (explained?.timeline ?? []).map(({ text }) => text);
}

describe('an order that nobody has an answer about, and that has a refund', () => {
  it.each([
    ['under way', 3 * HOUR],
    ['that has arrived', MINUTE],
  ])('%s is not reversed by the rule of unclear answers', async (_, refundDelayMs) => {
    const shop = await openShop(refundDelayMs);
    await shop.other({ works: true });
    shop.mishap = ({ path }) => (path === '/pay/orderquery' ? { kind: 'lost' } : undefined);
    await shop.durableOrders.enqueue(A1);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(2 * HOUR);

    expect(returns(shop)).toEqual([]);
    // Nothing is decided of it: it may be refunded further.
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({ status: 'waiting', state: { kind: 'asking' } });
    expect(await rulesOf(shop)).toContainEqual(expect.stringContaining('nothing is returned beside that'));
    await shop.durableOrders.refund(shop.intent('R2', 100));
    shop.mishap = () => undefined;
    await shop.pass(DAY);
    expect(shop.sandbox.ledger.of('A1').returned).toBe(400);
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({ outcome: { kind: 'needs-attention' } });
  });

  it('is reversed by it once that refund has returned nothing, and that is proven', async () => {
    const shop = await openShop();
    await shop.other({ works: true });
    shop.mishap = ({ path }) => {
      if (path === '/pay/orderquery') return { kind: 'lost' };
      return path === '/secapi/pay/refund' ? refused('USER_ACCOUNT_ABNORMAL') : undefined;
    };
    await shop.durableOrders.enqueue(A1);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ outcome: { kind: 'refund-rejected' } });
    expect(returns(shop)).toContain('/secapi/pay/reverse');
  });

  it('that was to be reversed by hand after a refund, is not reversed on no answer', async () => {
    const shop = await openShop();
    await shop.other({ works: true });
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    shop.mishap = ({ path }) => (path === '/pay/orderquery' ? { kind: 'lost' } : undefined);
    expect(await shop.durableOrders.reverse(A1)).toBe('enqueued');
    await shop.pass(HOUR);
    expect(returns(shop)).toEqual([]);
    shop.mishap = () => undefined;
    await shop.pass(DAY);
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({
      outcome: { kind: 'refund-required', amounts: { refunded: 300, remaining: TOTAL_FEE - 300 } },
    });
  });
});

describe('an order that was paid late, and that has a refund', () => {
  const LATE = {
    ...A1,
    product: 'unified-order',
    timeExpire: new Date(START + 5 * MINUTE),
    policy: { ifPaidLate: 'refund' },
  } as const;

  it('under way is not refunded beside it', async () => {
    const shop = await openShop();
    let tradeState = 'NOTPAY';
    const paid = { transaction_id: '42', total_fee: String(TOTAL_FEE), fee_type: 'HKD' };
    shop.mishap = ({ path, fields }) => {
      if (path === '/pay/orderquery')
        return { fields: { trade_state: tradeState, ...(tradeState === 'SUCCESS' && paid) } };
      if (path === '/pay/closeorder') {
        tradeState = 'SUCCESS'; // between the last query and the close
        return refused('ORDERPAID');
      }
      // Kept back, so that it is under way while the order is closed and paid.
      return fields.out_refund_no === 'R1' ? { kind: 'unsent' } : undefined;
    };
    await shop.durableOrders.enqueue(LATE);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.other({ works: true });
    await shop.pass(3 * HOUR);

    expect(tradeState).toBe('SUCCESS');
    expect(returns(shop)).toEqual([]);
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({ status: 'waiting', state: { kind: 'checking-close' } });
    shop.mishap = () => undefined;
    await shop.pass(DAY);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ outcome: { kind: 'refunded' } });
    expect(shop.sandbox.ledger.of('A1').returned).toBe(300);
  });
});
