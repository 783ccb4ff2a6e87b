import { describe, expect, it } from 'vitest';
import { failureOf } from '../../test/failure.js';
import {
  DAY,
  HOUR,
  MINUTE,
  openRefundShop,
  SECOND,
  START,
  TOTAL_FEE,
  type RefundShop,
} from '../../test/refund-shop.js';
import { refused } from '../../test/mishaps.js';
import type { DurableRow } from '../index.js';

const A1 = { outTradeNo: 'A1', orderCreatedAt: new Date(START - MINUTE) };
const A1_OF = { outTradeNo: 'A1' };
const R1 = { outRefundNo: 'R1' };
const BUSY = { code: 'WECHATPAY_ORDER_BUSY', outcome: 'not-sent', message: expect.stringContaining('R1') as string };

async function openPaidShop(options: Parameters<typeof openRefundShop>[0] = {}): Promise<RefundShop> {
  const shop = await openRefundShop(options);
  const order = { state: 'paid', outTradeNo: 'A1', totalFee: TOTAL_FEE, currency: 'HKD' } as const;
  shop.sandbox.orders.create({ ...order, createdAt: START - MINUTE });
  return shop;
}

describe('an order with a refund under way', () => {
  it.each([
    ['that is stored', async (shop: RefundShop) => shop.durableOrders.enqueue({ ...A1, totalFee: TOTAL_FEE })],
    ['that is not', async () => Promise.resolve()],
  ])('%s is not reversed, nor set going to be, before the refund has a proven end', async (_, store) => {
    const shop = await openPaidShop({ refundDelayMs: 3 * HOUR });
    await store(shop);
    await shop.work();
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    const before = await shop.store.list({});
    expect(await failureOf(() => shop.durableOrders.reverse(A1))).toMatchObject(BUSY);
    // As it is by `enqueue`; which of one that is stored says so, and changes nothing.
    const enqueued = failureOf(() => shop.durableOrders.enqueue({ ...A1, policy: { ifPaid: 'reverse' } }));
    if (before.length === 1) expect(await enqueued).toMatchObject(BUSY);
    else await expect(enqueued).rejects.toThrow();
    expect(await shop.store.list({})).toEqual(before);
    await shop.pass(DAY);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ outcome: { kind: 'refunded' } });
    // What has arrived is seen by its query: the rest alone is to be returned, by a person.
    expect(await shop.durableOrders.reverse(A1)).toBe('enqueued');
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({
      outcome: { kind: 'refund-required', amounts: { refunded: 300, remaining: TOTAL_FEE - 300 } },
    });
    expect(shop.sandbox.ledger.of('A1').returned).toBe(300);
  });

  it('is reversed once the refund was called off, or was refused and that is confirmed', async () => {
    const shop = await openPaidShop({ works: false });
    await shop.durableOrders.refund(shop.intent('R1', 300));
    expect(await failureOf(() => shop.durableOrders.reverse(A1))).toMatchObject(BUSY);
    await shop.durableOrders.cancel(R1);
    expect(await shop.durableOrders.reverse(A1)).toBe('enqueued');

    const other = await openPaidShop();
    other.mishap = ({ path }) => (path === '/secapi/pay/refund' ? refused('USER_ACCOUNT_ABNORMAL') : undefined);
    await other.durableOrders.refund(other.intent('R1', 300));
    await other.pass(10 * SECOND);
    expect(await failureOf(() => other.durableOrders.reverse(A1))).toMatchObject(BUSY);
    await other.pass(HOUR);
    expect(await other.durableOrders.reverse(A1)).toBe('enqueued');
    await other.pass(HOUR);
    expect(await other.durableOrders.get(A1_OF)).toMatchObject({ outcome: { kind: 'reversed' } });
  });

  it('that is dead is not set going again to be reversed', async () => {
    const shop = await openPaidShop();
    await shop.durableOrders.enqueue({ ...A1, totalFee: 900 }); // another amount is paid: a person decides
    await shop.pass(HOUR);
    await shop.durableOrders.refund(shop.intent('R1', 300, { totalFee: TOTAL_FEE }));
    const policy = { ifPaid: 'reverse', ifAmountDiffers: 'accept' } as const;
    expect(await failureOf(() => shop.durableOrders.redrive(A1_OF, { policy }))).toMatchObject(BUSY);
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({ status: 'dead' });
    await shop.pass(HOUR);
    expect(await shop.durableOrders.redrive(A1_OF, { policy })).toBe(true);
  });
});

describe('an order that was to be reversed when nobody could be asked any more, with a refund under way', () => {
  async function openDeadShop(): Promise<RefundShop> {
    const shop = await openPaidShop({ refundDelayMs: 3 * HOUR });
    shop.mishap = () => ({ kind: 'unsent' });
    const deadline = new Date(START + 10 * MINUTE);
    await shop.durableOrders.enqueue({ ...A1, totalFee: TOTAL_FEE, policy: { ifPaid: 'reverse' }, deadline });
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({ status: 'dead', outcome: { kind: 'unresolved' } });
    shop.mishap = () => undefined;
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    return shop;
  }

  it.each([
    ['by no new rule', {}],
    ['by a rule that is not about a payment', { policy: { refundWhenExpired: true } }],
    ['with more time', { deadline: new Date(START + DAY) }],
  ])('is not set going again %s', async (_, options) => {
    const shop = await openDeadShop();
    expect(await failureOf(() => shop.durableOrders.redrive(A1_OF, options))).toMatchObject(BUSY);
    await shop.pass(DAY);
    expect(shop.sandbox.ledger.of('A1').returned).toBe(300);
    expect(await shop.durableOrders.redrive(A1_OF, options)).toBe(true);
  });

  it('may be kept', async () => {
    const shop = await openDeadShop();
    expect(await shop.durableOrders.redrive(A1_OF, { policy: { ifPaid: 'keep' } })).toBe(true);
    await shop.pass(DAY);
    // Kept, and partly refunded, not by the order itself: that is told.
    expect(await shop.durableOrders.get(A1_OF)).toMatchObject({ outcome: { kind: 'needs-attention' } });
    expect(shop.sandbox.ledger.of('A1').returned).toBe(300);
  });

  it('holds up no other in redriveAll', async () => {
    const shop = await openDeadShop();
    shop.mishap = () => ({ kind: 'unsent' });
    const deadline = new Date(START + 3 * HOUR);
    await shop.durableOrders.enqueue({ ...A1, outTradeNo: 'A2', totalFee: TOTAL_FEE, deadline });
    await shop.pass(6 * HOUR);
    shop.mishap = () => undefined;
    expect(await shop.durableOrders.redriveAll({})).toMatchObject({
      redriven: [{ outTradeNo: 'A2' }],
      failed: [{ outTradeNo: 'A1', error: { code: 'WECHATPAY_ORDER_BUSY' } }],
    });
  });
});

describe('what was read before a worker went on', () => {
  /** The next look at a row gives what it was. */
  async function lookBack(shop: RefundShop, id: string, meanwhile: () => Promise<void>): Promise<void> {
    const get = shop.store.get.bind(shop.store);
    let before: DurableRow | undefined = await get(id);
    await meanwhile();
    shop.store.get = async (asked) => {
      if (asked !== id || !before) return get(asked);
      const row = before;
      before = undefined;
      return row;
    };
  }

  it('is not written back where a refund is hastened', async () => {
    const shop = await openPaidShop({ works: false, refundDelayMs: 3 * HOUR });
    const worker = await shop.other({ works: true });
    shop.mishap = ({ path }) => (path === '/secapi/pay/refund' ? { kind: 'lost' } : undefined);
    const { id } = await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.work();
    expect((await shop.durableOrders.get(R1))?.state.kind).toBe('checking');
    await lookBack(shop, id, async () => {
      await shop.pass(HOUR);
      await worker.stop();
    });
    expect(await shop.durableOrders.hasten(R1)).toBe(true);
    const { refundId } = shop.sandbox.orders.get('A1')!.refunds[0]!;
    expect(await shop.durableOrders.get(R1)).toMatchObject({ state: { kind: 'following', refundId } });
  });

  it('is not written back where an order is reversed: a reversal that was sent stays so', async () => {
    const shop = await openPaidShop({ works: false });
    shop.sandbox.orders.create({ state: 'not-paid', outTradeNo: 'A2', totalFee: TOTAL_FEE, createdAt: START - MINUTE });
    shop.mishap = ({ path }) => (path === '/secapi/pay/reverse' ? { kind: 'lost' } : undefined);
    const order = { ...A1, outTradeNo: 'A2' };
    await shop.durableOrders.enqueue(order);
    const { id } = (await shop.durableOrders.get({ outTradeNo: 'A2' }))!;
    await lookBack(shop, id, async () => {
      const worker = await shop.other({ works: true });
      await shop.work();
      await worker.stop();
    });
    expect(await shop.durableOrders.reverse(order)).toBe('already-reversing');
    expect(await shop.durableOrders.get({ outTradeNo: 'A2' })).toMatchObject({
      status: 'waiting',
      state: { kind: 'checking', sent: { reverse: true } },
    });
  });
});
