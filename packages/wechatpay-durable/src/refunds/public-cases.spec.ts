import { describe, expect, it } from 'vitest';
import { failureOf } from '../../test/failure.js';
import { refused, standing } from '../../test/mishaps.js';
import { DAY, HOUR, MINUTE, openRefundShop, START, TOTAL_FEE } from '../../test/refund-shop.js';

// Troubles that others had in public with refunds and with queues, each with the report's address.

const R1 = { outRefundNo: 'R1' };

describe('refunds', () => {
  it('an empty balance fills with the next sales: https://github.com/helei112g/payment/issues/68', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    const opensAt = START + 6 * HOUR;
    shop.mishap = ({ path, at }) => (path === '/secapi/pay/refund' && at < opensAt ? refused('NOTENOUGH') : undefined);
    await shop.durableOrders.refund(shop.intent('R1', 300, { policy: { balanceRetryMs: 2 * HOUR } }));
    await shop.pass(4 * HOUR);
    // Its age and the reason are to be seen meanwhile.
    const [waiting] = await shop.durableOrders.list({ kind: 'refund', status: 'waiting' });
    expect(waiting).toMatchObject({
      createdAt: new Date(START),
      state: { kind: 'waiting', reason: 'balance', lastError: { errorCode: 'NOTENOUGH' } },
    });
    await shop.pass(DAY);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ outcome: { kind: 'refunded' } });
    expect(new Set(shop.submissions().map(({ fields }) => fields.out_refund_no))).toEqual(new Set(['R1']));
    expect(shop.sandbox.ledger.list().filter(({ kind }) => kind === 'refund')).toHaveLength(1);
  });

  it('parts of one order, one a minute: https://developers.weixin.qq.com/community/develop/doc/0008e863b94cf849145f0faa655c00', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    shop.pay('A2');
    const last = new Map<string, number>();
    shop.mishap = ({ path, fields, at }) => {
      if (path !== '/secapi/pay/refund') return undefined;
      const order = fields.out_trade_no ?? '';
      const isTooSoon = at - (last.get(order) ?? -Infinity) < MINUTE;
      last.set(order, at);
      return isTooSoon ? refused('FREQUENCY_LIMITED') : undefined;
    };
    await Promise.all([
      ...['R1', 'R2', 'R3'].map((number) => shop.durableOrders.refund(shop.intent(number, 200))),
      shop.durableOrders.refund(shop.intent('R4', 200, { outTradeNo: 'A2' })),
    ]);
    await shop.pass(HOUR);
    const times = shop.submissions().map(({ fields, at }) => [fields.out_trade_no, (at - START) / MINUTE]);
    expect(times.filter(([order]) => order === 'A1').map(([, at]) => at)).toEqual([0, 1, 2]);
    expect(times.filter(([order]) => order === 'A2')).toEqual([['A2', 0]]);
    expect(await shop.durableOrders.list({ kind: 'refund', status: 'done' })).toHaveLength(4);
  });

  it('the first refund of an old order is refused as too frequent: https://developers.weixin.qq.com/community/pay/doc/0002ee32e08a287e04c8cf3fb5c800', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    shop.mishap = ({ path }) =>
      path === '/secapi/pay/refund' && shop.submissions().length < 3 ? refused('FREQUENCY_LIMITED') : undefined;
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(DAY);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'refunded' }, end: 1 }]);
    const [one = 0, two = 0, three = 0] = shop.submissions().map(({ at }) => at);
    expect(three - two).toBeGreaterThan(two - one);
  });

  it('a negative amount is none: https://github.com/juspay/hyperswitch/pull/11491', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    await shop.durableOrders.refund(shop.intent('R0', 300));
    for (const refundFee of [-1, 0, 1.5, TOTAL_FEE + 1, TOTAL_FEE - 299, '300' as never]) {
      const refusal = await failureOf(() => shop.durableOrders.refund(shop.intent('R1', refundFee)));
      expect(refusal, String(refundFee)).toMatchObject({ field: 'refundFee', outcome: 'not-sent' });
    }
    expect(await shop.durableOrders.get(R1)).toBeUndefined();
    expect(shop.submissions().filter(({ fields }) => fields.out_refund_no === 'R1')).toEqual([]);
  });

  it("the shop's currency is not the customer's: https://github.com/Automattic/woocommerce-payments/issues/5215", async () => {
    const shop = await openRefundShop();
    const order = { outTradeNo: 'A1', totalFee: TOTAL_FEE, currency: 'HKD' } as const;
    shop.sandbox.orders.create({ state: 'paid', createdAt: START, ...order });
    await shop.durableOrders.enqueue({ ...order, orderCreatedAt: new Date(START) });
    await shop.pass(MINUTE);
    const refusal = await failureOf(() => shop.durableOrders.refund(shop.intent('R1', 300, { refundCurrency: 'CNY' })));
    expect(refusal).toMatchObject({ field: 'refundCurrency', outcome: 'not-sent' });
    expect(shop.submissions()).toEqual([]);
  });

  it('a number that is used again with another amount: https://github.com/guzzle/guzzle/issues/1944', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    await shop.durableOrders.refund(shop.intent('R1', 300));
    expect(await failureOf(() => shop.durableOrders.refund(shop.intent('R1', 301)))).toMatchObject({
      field: 'refundFee',
    });
    // And where the first one was made elsewhere.
    shop.pay('A2');
    shop.mishap = ({ path }) =>
      path === '/pay/refundquery'
        ? standing('SUCCESS', 'R2', 299, { out_trade_no: 'A2' })
        : refused('REFUND_FEE_MISMATCH');
    await shop.durableOrders.refund(shop.intent('R2', 300, { outTradeNo: 'A2' }));
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get({ outRefundNo: 'R2' })).toMatchObject({
      status: 'dead',
      outcome: { kind: 'needs-attention', reason: 'differs', found: { refundFee: 299 } },
    });
    // What was refunded under it counts; no more than the rest can be.
    const rest = TOTAL_FEE - 299;
    const more = await failureOf(() => shop.durableOrders.refund(shop.intent('R3', rest + 1, { outTradeNo: 'A2' })));
    expect(more).toMatchObject({ field: 'refundFee' });
    await shop.durableOrders.refund(shop.intent('R3', rest, { outTradeNo: 'A2' }));
  });

  it('a time-out is no failure: https://github.com/alphagov/pay-connector/pull/5911', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    shop.mishap = ({ path }) => (path === '/secapi/pay/refund' ? { kind: 'lost' } : undefined);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.work();
    expect(await shop.durableOrders.get(R1)).toMatchObject({ status: 'waiting', state: { kind: 'checking' } });
    await shop.pass(HOUR);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'refunded' } }]);
    expect(shop.submissions()).toHaveLength(1);
  });

  it('two of equal amount are told apart: https://github.com/PingPlusPlus/pingpp-java/issues/36', async () => {
    const shop = await openRefundShop();
    shop.pay('A1', 1000);
    shop.mishap = ({ path, fields }) =>
      path === '/secapi/pay/refund' && fields.out_refund_no === 'R1' ? { kind: 'late', ms: 30_000 } : undefined;
    for (const number of ['R1', 'R2']) await shop.durableOrders.refund(shop.intent(number, 500, { totalFee: 1000 }));
    await shop.pass(DAY);
    for (const number of ['R1', 'R2']) {
      const row = await shop.durableOrders.get({ outRefundNo: number });
      const [made] = shop.sandbox.orders.get('A1')!.refunds.filter(({ outRefundNo }) => outRefundNo === number);
      expect(row).toMatchObject({ outcome: { kind: 'refunded', outRefundNo: number, refundId: made?.refundId } });
    }
  });

  it('the same number after success is the same success: https://developers.weixin.qq.com/community/pay/doc/00066c91a34ac8480df89274b5b000', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    const calls = shop.calls.length;
    expect(await shop.durableOrders.refund(shop.intent('R1', 300))).toMatchObject({ outcome: { kind: 'refunded' } });
    await shop.pass(DAY);
    expect(shop.calls).toHaveLength(calls);
  });

  it.each([
    ['SUCCESS', { kind: 'refunded' }],
    ['CHANGE', { kind: 'needs-attention', reason: 'not-received' }],
    ['REFUNDCLOSE', { kind: 'needs-attention', reason: 'closed' }],
    ['X_NEW', undefined],
  ])('%s has its own end: https://github.com/dromara/payment-spring-boot/issues/8', async (status, outcome) => {
    const shop = await openRefundShop();
    shop.pay('A1');
    shop.mishap = ({ path }) => (path === '/pay/refundquery' ? standing(status, 'R1', 300) : undefined);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    const row = await shop.durableOrders.get(R1);
    if (outcome) expect(row).toMatchObject({ outcome });
    else expect(row).toMatchObject({ status: 'waiting', state: { kind: 'following' } });
  });

  it("the refund's number is not the order's: https://github.com/ArtisanCloud/PowerWeChat/issues/45", async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    await shop.durableOrders.refund(shop.intent('A1', 300));
    expect(await failureOf(() => shop.durableOrders.refund(shop.intent('A1', 200)))).toMatchObject({
      field: 'refundFee',
    });
  });

  it('two people press "retry": https://github.com/saleor/saleor/issues/12491', async () => {
    const shop = await openRefundShop();
    const other = await shop.other({ works: true });
    shop.pay('A1');
    let isClosed = true;
    shop.mishap = ({ path }) =>
      isClosed && path === '/secapi/pay/refund' ? refused('USER_ACCOUNT_ABNORMAL') : undefined;
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    isClosed = false;
    const pressed = await Promise.all([shop.durableOrders.redrive(R1), other.redrive(R1)]);
    expect(pressed.toSorted()).toEqual([false, true]);
    await shop.pass(HOUR);
    expect(shop.sandbox.ledger.of('A1').returned).toBe(300);
    expect(shop.told.map(({ end, outcome }) => [end, outcome.kind])).toEqual([
      [1, 'refund-rejected'],
      [2, 'refunded'],
    ]);
  });
});

describe('queues', () => {
  it('what waits for long is not cleared away: https://github.com/timgit/pg-boss/issues/521', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    let isEmpty = true;
    shop.mishap = ({ path }) => (isEmpty && path === '/secapi/pay/refund' ? refused('NOTENOUGH') : undefined);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.work();
    await shop.durableOrders.stop(); // nobody works for a month
    shop.clock.time += 31 * DAY;
    const worker = await shop.other();
    await shop.store.open();
    await shop.store.prune();
    expect(await worker.counts()).toMatchObject({ waiting: 1 });
    expect((await worker.counts()).lateMs).toBeGreaterThan(30 * DAY);
    isEmpty = false;
    await shop.other({ works: true });
    await shop.work();
    await shop.pass(HOUR);
    expect(await worker.get(R1)).toMatchObject({
      status: 'dead',
      outcome: { kind: 'needs-attention', reason: 'no-end' },
    });
    await worker.redrive(R1);
    await shop.pass(HOUR);
    expect(await worker.get(R1)).toMatchObject({ outcome: { kind: 'refunded' } });
  });

  it('a refund of an order that has ended has an id of its own: https://github.com/taskforcesh/bullmq/issues/3765', async () => {
    const shop = await openRefundShop();
    shop.sandbox.orders.create({ state: 'paid', outTradeNo: 'A1', totalFee: 888, currency: 'HKD', createdAt: START });
    await shop.durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt: new Date(START) });
    await shop.pass(MINUTE);
    expect(await shop.durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });
    // Under the order's own number, too.
    expect(await shop.durableOrders.refund(shop.intent('A1', 300))).toMatchObject({ status: 'waiting' });
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get({ outRefundNo: 'A1' })).toMatchObject({ status: 'done' });
  });

  it.each([
    ['https://github.com/taskforcesh/bullmq/issues/3183', 40_000],
    ['https://github.com/payloadcms/payload/pull/10890', HOUR],
  ])('who stood still does nothing twice: %s', async (_, standsStillMs) => {
    const shop = await openRefundShop({ leaseMs: 10_000 });
    await shop.other({ works: true });
    shop.pay('A1');
    let wake: () => void = () => undefined;
    const stands = new Promise<void>((resolve) => (wake = resolve));
    const save = shop.store.find.bind(shop.store);
    let isStill = false;
    // After it has stored that it submits, and before it does.
    shop.store.find = async (query) => {
      const rows = await save(query);
      const isSaved = rows.some((row) => row.kind === 'refund' && row.state.submittedAt !== undefined);
      if (query.parentId !== undefined && isSaved && !isStill) {
        isStill = true;
        await stands;
      }
      return rows;
    };
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await expect.poll(() => isStill).toBe(true);
    shop.clock.time += standsStillMs;
    await expect.poll(() => shop.submissions().length, { timeout: 5_000 }).toBe(0);
    await expect.poll(() => shop.calls.length, { timeout: 5_000 }).toBeGreaterThan(0); // another asks
    wake();
    await shop.pass(HOUR);
    expect(shop.submissions()).toHaveLength(1);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ outcome: { kind: 'refunded' } });
  });
});
