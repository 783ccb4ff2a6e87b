import { afterEach, describe, expect, it, vi } from 'vitest';
import { readPaymentNotification, WechatPayClient } from 'wechatpay-core';
import { refundNumberOf } from 'wechatpay-core/resolution';
import { DAY, MERCHANT, openClockedShop, SECOND, START, type ClockedShop } from '../test/clocked-shop.js';

// What a notification does to the durable orders: it is a hint, stored before it is answered, and ends nothing by itself.

const MINUTE = 60 * SECOND;
const ORDER = { outTradeNo: 'C1', merchantId: MERCHANT };

afterEach(() => {
  vi.restoreAllMocks();
});

const queriesOf = ({ calls }: ClockedShop): number =>
  calls.filter(({ path, outTradeNo }) => path === '/pay/orderquery' && outTradeNo === 'C1').length;
const notesOf = async ({ durableOrders }: ClockedShop): Promise<unknown[]> => {
  const { timeline = [] } = (await durableOrders.explain(ORDER)) ?? {};
  return timeline.filter(({ kind }) => kind === 'notified' || kind === 'reopened').map(({ kind }) => kind);
};

/** Lets time go on a little at a time. */
async function passInSteps(shop: ClockedShop, ms: number, step = 15 * SECOND): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) await shop.pass(step);
}

/** An order that is open, and not due for some minutes. */
async function openWithOrder(policy = {}): Promise<ClockedShop> {
  const shop = await openClockedShop();
  await shop.durableOrders.create(shop.codeRequest('C1'), { merchantId: MERCHANT, policy });
  await passInSteps(shop, 75 * SECOND);
  expect((await shop.durableOrders.get(ORDER))?.dueAt).toEqual(new Date(START + 3 * MINUTE));
  return shop;
}

/** An order that ended as closed, by a policy. */
async function openWithClosed(policy = {}): Promise<ClockedShop> {
  const shop = await openWithOrder(policy);
  await passInSteps(shop, 11 * MINUTE);
  expect(shop.told).toMatchObject([{ outcome: { kind: 'closed' }, end: 1 }]);
  return shop;
}

const outcomesOf = ({ told }: ClockedShop): string[] => told.map(({ outcome, end }) => `${outcome.kind} ${end}`);

describe('a notification of an order that is open', () => {
  it('has it asked for at once, whose answer ends it', async () => {
    const shop = await openWithOrder();
    shop.states.set('C1', 'SUCCESS');
    const before = queriesOf(shop);
    expect(await shop.durableOrders.notified(shop.notification('C1'))).toMatchObject({
      kind: 'woken',
      notification: { isPaid: true, transactionId: '42C1', totalFee: 888 },
      order: { status: 'waiting', state: { kind: 'asking' } },
    });
    await shop.pass(0);
    expect(queriesOf(shop)).toBe(before + 1);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'paid', payment: { transactionId: '42C1' } } }]);
    const { timeline = [] } = (await shop.durableOrders.explain(ORDER)) ?? {};
    expect(timeline.map(({ text }) => text)).toContain('A notification came: paid, HKD 8.88; the order is asked for.');
  });

  it('decides nothing where WeChat Pay says otherwise, and is asked by it once in 5 s', async () => {
    const shop = await openWithOrder();
    const before = queriesOf(shop);
    for (const transaction of ['1', '2', '3']) {
      const body = shop.notification('C1', { transaction_id: transaction });
      expect((await shop.durableOrders.notified(body)).kind).toBe('woken');
      await shop.pass(0);
    }
    expect(queriesOf(shop)).toBe(before + 1);
    await shop.pass(5 * SECOND);
    expect(queriesOf(shop)).toBe(before + 2);
    expect(shop.told).toEqual([]);
    expect(await shop.durableOrders.get(ORDER)).toMatchObject({ status: 'waiting', state: { tradeState: 'NOTPAY' } });
  });

  it('is stored by a process that stops meanwhile; its copy is a duplicate: https://github.com/nestjs/nest/issues/7611', async () => {
    const shop = await openWithOrder();
    const other = await shop.other();
    const journal = shop.store.journal.bind(shop.store);
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    shop.store.journal = async (...args) => {
      await held;
      return journal(...args);
    };
    const taken = shop.durableOrders.notified(shop.notification('C1'));
    const stopped = shop.durableOrders.stop();
    await Promise.resolve();
    goOn();
    expect((await taken).kind).toBe('woken');
    await stopped;
    expect((await other.notified(shop.notification('C1'))).kind).toBe('duplicate');
  });

  it('that its payment failed is a hint as well', async () => {
    const shop = await openWithOrder();
    const before = queriesOf(shop);
    const body = shop.notification('C1', { result_code: 'FAIL', err_code: 'BANKERROR', transaction_id: '' });
    expect(await shop.durableOrders.notified(body)).toMatchObject({ kind: 'woken', notification: { isPaid: false } });
    await shop.pass(0);
    expect([queriesOf(shop), shop.told]).toEqual([before + 1, []]);
  });

  it('waits for a close that is due: the answer comes first', async () => {
    const shop = await openWithOrder();
    await passInSteps(shop, 8 * MINUTE);
    shop.clock.time = START + 10 * MINUTE - 1;
    shop.states.set('C1', 'SUCCESS');
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('woken');
    await shop.pass(1);
    expect(shop.calls.some(({ path }) => path === '/pay/closeorder')).toBe(false);
    expect(outcomesOf(shop)).toEqual(['paid 1']);
  });

  it('that comes again is a duplicate', async () => {
    const shop = await openWithOrder();
    const body = shop.notification('C1');
    expect((await shop.durableOrders.notified(body)).kind).toBe('woken');
    const copy = shop.notification('C1', { nonce_str: 'another' });
    expect((await shop.durableOrders.notified(copy)).kind).toBe('duplicate');
    expect(await notesOf(shop)).toEqual(['notified']);
  });

  // https://developers.weixin.qq.com/community/pay/doc/000c4c8e3742e8716fbcd9fad51000 (a copy while the first was not answered yet)
  it('that comes to two processes at once is refused by neither, and its order ends once', async () => {
    const shop = await openWithOrder();
    const other = await shop.other();
    shop.states.set('C1', 'SUCCESS');
    const body = shop.notification('C1');
    const taken = await Promise.all([shop.durableOrders.notified(body), other.notified(body)]);
    const kinds = taken.map(({ kind }) => kind);
    expect(kinds).toContain('woken');
    expect(['woken', 'duplicate']).toEqual(expect.arrayContaining(kinds));
    await shop.pass(MINUTE);
    expect(outcomesOf(shop)).toEqual(['paid 1']);
  });

  // https://developers.weixin.qq.com/community/pay/doc/000c0c8365c280f08f4b90ed75b400 (three copies: the handler took more than 5 s)
  it('is answered once it is stored, however long the handler of the end takes', async () => {
    const begun: string[] = [];
    let goOn: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const shop = await openClockedShop({
      onResolved: async ({ order }) => {
        begun.push(order.outTradeNo);
        await held;
      },
    });
    await shop.durableOrders.create(shop.codeRequest('C1'), { merchantId: MERCHANT });
    await passInSteps(shop, 75 * SECOND);
    shop.states.set('C1', 'SUCCESS');
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('woken');
    await expect.poll(() => begun).toEqual(['C1']);
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('duplicate');
    goOn();
    await expect.poll(async () => (await shop.durableOrders.get(ORDER))?.status).toBe('done');
    expect(begun).toEqual(['C1']);
  });

  // https://github.com/mysteriumnetwork/node/issues/2892 (the callback came before the order's row was committed)
  it('that comes before Unified Order is answered finds its order', async () => {
    const shop = await openClockedShop();
    let taken: ReturnType<typeof shop.durableOrders.notified> | undefined;
    shop.answer = ({ path }) => {
      if (path === '/pay/unifiedorder') taken = shop.durableOrders.notified(shop.notification('C1'));
      return undefined;
    };
    await shop.durableOrders.create(shop.codeRequest('C1'), { merchantId: MERCHANT });
    expect((await taken)?.kind).toBe('woken');
    shop.states.set('C1', 'SUCCESS');
    await shop.pass(MINUTE);
    expect(outcomesOf(shop)).toEqual(['paid 1']);
  });

  it('is stored before it is answered, also while a worker has the order', async () => {
    const shop = await openWithOrder();
    let goOn: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (goOn = resolve));
    const reschedule = vi.spyOn(shop.store, 'reschedule');
    reschedule.mockImplementationOnce(async () => {
      setTimeout(goOn, 50); // a worker has it
      await gone;
      return false;
    });
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('woken');
    expect(reschedule).toHaveBeenCalledTimes(2);
  });

  it('is not answered where the store fails', async () => {
    const shop = await openWithOrder();
    vi.spyOn(shop.store, 'reschedule').mockRejectedValueOnce(new Error('no disk'));
    await expect(shop.durableOrders.notified(shop.notification('C1'))).rejects.toMatchObject({
      code: 'WECHATPAY_STORE_FAILED',
    });
    expect(await notesOf(shop)).toEqual([]);
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('woken');
  });

  it('is not answered where a worker has had the order for 4 s', async () => {
    const shop = await openWithOrder();
    vi.spyOn(shop.store, 'reschedule').mockResolvedValue(false);
    let time = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (time += 3_000));
    await expect(shop.durableOrders.notified(shop.notification('C1'))).rejects.toMatchObject({
      code: 'WECHATPAY_ORDER_BUSY',
    });
  });
});

describe('a notification of an order that has ended', () => {
  it('is late where it is known to be paid', async () => {
    const shop = await openWithOrder();
    shop.states.set('C1', 'SUCCESS');
    await passInSteps(shop, 3 * MINUTE);
    expect(await shop.durableOrders.notified(shop.notification('C1'))).toMatchObject({
      kind: 'late',
      order: { status: 'done', outcome: { kind: 'paid' } },
    });
    await shop.pass(MINUTE);
    expect(outcomesOf(shop)).toEqual(['paid 1']);
  });

  it('sets it going again where it was closed: paid late, and kept', async () => {
    const shop = await openWithClosed();
    shop.states.set('C1', 'SUCCESS');
    expect(await shop.durableOrders.notified(shop.notification('C1'))).toMatchObject({
      kind: 'reopened',
      order: { status: 'done', outcome: { kind: 'closed' } },
    });
    await shop.pass(0);
    expect(outcomesOf(shop)).toEqual(['closed 1', 'paid 2']);
    expect(shop.told[1]?.outcome).toMatchObject({ isLate: true });
    expect(await notesOf(shop)).toEqual(['notified', 'reopened']);
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('duplicate');
  });

  it('sets it going again where it was closed: paid late, and refunded by the policy', async () => {
    const shop = await openWithClosed({ ifPaidLate: 'refund' });
    shop.states.set('C1', 'SUCCESS');
    const refundNo = refundNumberOf({ outTradeNo: 'C1' });
    let refund: Record<string, string> | undefined;
    shop.answer = ({ path }) => {
      const money = {
        transaction_id: '42C1',
        refund_id: '50',
        out_refund_no: refundNo,
        refund_fee: '888',
        total_fee: '888',
        cash_fee: '888',
      };
      if (path === '/secapi/pay/refund') return (refund = money);
      if (path !== '/pay/refundquery' || !refund) return undefined;
      return {
        ...{ transaction_id: '42C1', total_fee: '888', fee_type: 'HKD', refund_count: '1', total_refund_count: '1' },
        ...{ out_refund_no_0: refundNo, refund_id_0: '50', refund_fee_0: '888', refund_status_0: 'SUCCESS' },
      };
    };
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('reopened');
    await passInSteps(shop, 5 * MINUTE);
    expect(outcomesOf(shop)).toEqual(['closed 1', 'refunded 2']);
  });

  it('ends it as closed once more where WeChat Pay says so', async () => {
    const shop = await openWithClosed();
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('reopened');
    await passInSteps(shop, 2 * MINUTE);
    expect(outcomesOf(shop)).toEqual(['closed 1', 'closed 2']);
  });

  it('sets it going again where it was called off, since Unified Order was refused', async () => {
    const shop = await openClockedShop();
    shop.answer = ({ path }) =>
      path === '/pay/unifiedorder' ? { result_code: 'FAIL', err_code: 'OUT_TRADE_NO_USED' } : undefined;
    const { outcome } = await shop.durableOrders.create(shop.codeRequest('C1'), { merchantId: MERCHANT });
    expect(outcome.kind).toBe('refused');
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('reopened');
    await shop.pass(0);
    expect(outcomesOf(shop)).toEqual(['paid 1']);
  });

  it.each([
    ['sets it going again where nobody knew: paid, and kept', 'keep', 'reopened', ['unresolved 1', 'paid 2']],
    ['leaves it to whoever was asked, where a payment would be returned', 'refund', 'late', ['unresolved 1']],
  ] as const)('%s', async (_, ifPaidLate, kind, outcomes) => {
    const shop = await openWithOrder({ ifPaidLate });
    shop.answer = () => new Error('nobody');
    await passInSteps(shop, 8 * DAY, DAY / 4);
    expect(outcomesOf(shop)).toEqual(['unresolved 1']);
    shop.answer = () => undefined;
    shop.states.set('C1', 'SUCCESS');
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe(kind);
    await passInSteps(shop, 5 * MINUTE);
    expect(outcomesOf(shop)).toEqual(outcomes);
    expect(shop.calls.filter(({ path }) => path.startsWith('/secapi/'))).toEqual([]);
  });

  it('changes nothing where it says that nothing is paid', async () => {
    const shop = await openWithClosed();
    const body = shop.notification('C1', { result_code: 'FAIL', transaction_id: '' });
    expect((await shop.durableOrders.notified(body)).kind).toBe('late');
    await shop.pass(MINUTE);
    expect(outcomesOf(shop)).toEqual(['closed 1']);
  });
});

describe('a notification that is for no durable order', () => {
  it('is of an unknown order', async () => {
    const shop = await openClockedShop();
    expect(await shop.durableOrders.notified(shop.notification('X'))).toMatchObject({
      kind: 'unknown-order',
      notification: { outTradeNo: 'X' },
    });
    expect(shop.calls).toEqual([]);
  });

  it.each([
    ['forged', { sign: '0'.repeat(64) }, 'wrong-signature'],
    ['of another merchant', { mch_id: '1' }, 'unknown-merchant'],
    ['of another app', { appid: 'wx1' }, 'another-app'],
  ])('is not believed where it is %s, and nothing is stored', async (_, change, problem) => {
    const shop = await openWithOrder();
    const calls = shop.calls.length;
    const body = shop.notification('C1', change);
    const given = 'sign' in change ? body.replace(/<sign>.*<\/sign>/, `<sign>${change.sign}</sign>`) : body;
    await expect(shop.durableOrders.notified(given)).rejects.toMatchObject({ problem });
    await shop.pass(0);
    expect([await notesOf(shop), shop.calls.length]).toEqual([[], calls]);
  });
});

describe('a notification that was read already', () => {
  it('is taken as its bytes are', async () => {
    const shop = await openWithOrder();
    const { durableOrders } = shop;
    const read = readPaymentNotification(durableOrders.clientOf(MERCHANT), shop.notification('C1'));
    expect(await durableOrders.notified(read)).toMatchObject({ kind: 'woken', notification: { id: read.id } });
    expect((await durableOrders.notified(shop.notification('C1'))).kind).toBe('duplicate');
    expect(await notesOf(shop)).toEqual(['notified']);
  });

  it('is refused as a copy, which does not say whose it is, and where it is of another merchant', async () => {
    const shop = await openWithOrder();
    const client = shop.durableOrders.clientOf(MERCHANT);
    const read = readPaymentNotification(client, shop.notification('C1'));
    const stranger = new WechatPayClient({
      appId: client.appId,
      merchantId: '10000999',
      apiKey: '192006250b4c09247ec02edce69f6a2d',
      transport: () => Promise.reject(new Error('it calls nobody')),
    });
    const foreign = readPaymentNotification(stranger, shop.notification('C1', { mch_id: '10000999' }));
    const json = JSON.parse(JSON.stringify(read)) as typeof read;
    const forged = { ...json, client: { merchantId: MERCHANT } } as typeof read; // as a body of JSON can be
    for (const given of [{ ...read }, json, forged, foreign]) {
      await expect(shop.durableOrders.notified(given)).rejects.toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST' });
    }
    expect(await notesOf(shop)).toEqual([]);
  });
});
