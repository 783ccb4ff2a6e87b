import { afterEach, describe, expect, it, vi } from 'vitest';
import { WechatPayTransportError, type UnifiedOrderRequest } from 'wechatpay-core';
import { MERCHANT, openClockedShop, SECOND, START, type ClockedShop } from '../test/clocked-shop.js';
import { openCounter } from '../test/counter.js';
import { durableOrderId, type DurableCreateOptions, type DurableCreation } from './index.js';

// An order of Unified Order: stored before the call, and driven to its end by whoever is there.

const MINUTE = 60 * SECOND;
const TIMEOUT = new WechatPayTransportError('WECHATPAY_TIMEOUT', 'no answer', 'unknown');
const ORDER = { outTradeNo: 'C1', merchantId: MERCHANT };

afterEach(() => {
  vi.restoreAllMocks();
});

const pathsOf = ({ calls }: ClockedShop): string[] => calls.map(({ path }) => path);
const closesOf = ({ calls }: ClockedShop): number[] =>
  calls.filter(({ path }) => path === '/pay/closeorder').map(({ at }) => at - START);

/** Lets time go on a little at a time, as an hour of waiting is. */
async function passInSteps(shop: ClockedShop, ms: number, step = 15 * SECOND): Promise<void> {
  for (let passed = 0; passed < ms; passed += step) await shop.pass(step);
}

const create = (
  shop: ClockedShop,
  request: UnifiedOrderRequest,
  options: DurableCreateOptions = {},
): Promise<DurableCreation> => shop.durableOrders.create(request, { merchantId: MERCHANT, ...options });

describe('an order that its customer pays by themselves', () => {
  it('is stored before Unified Order is called, and noted after it', async () => {
    const { codeRequest } = await openClockedShop({ works: false });
    const { store, durableOrders } = await openCounter([
      { trade_type: 'NATIVE', prepay_id: 'wx201', code_url: 'weixin' },
    ]);
    const creation = await durableOrders.create(codeRequest('C1'));
    expect(creation).toMatchObject({ outcome: { kind: 'created' }, result: { prepayId: 'wx201', codeUrl: 'weixin' } });
    expect(store.log).toEqual(['enqueue', 'call', 'reschedule']);
  });

  it('has what it should cost, and until when, in its durable order and its journal', async () => {
    const shop = await openClockedShop({ works: false });
    await create(shop, shop.codeRequest('C1'), { policy: { ifPaidLate: 'refund' }, actor: 'shop' });
    expect(await shop.durableOrders.get(ORDER)).toMatchObject({
      status: 'waiting',
      dueAt: new Date(START + 15 * SECOND),
      state: {
        version: 3,
        product: 'unified-order',
        kind: 'asking',
        orderCreatedAt: START,
        timeExpire: START + 10 * MINUTE,
        totalFee: 888,
        policy: { ifPaid: 'keep', ifPaidLate: 'refund' },
      },
    });
    const explained = await shop.durableOrders.explain(ORDER);
    expect(explained?.money).toMatchObject({ kind: 'not-paid', by: { operation: 'Unified Order' } });
    expect(explained?.timeline.map(({ text }) => text)).toEqual([
      'Stored by create for shop, HKD 8.88.',
      'Unified Order answered: the order is there, and can be paid.',
    ]);
  });

  it('is asked for until it is paid', async () => {
    const shop = await openClockedShop();
    await create(shop, shop.codeRequest('C1'));
    await passInSteps(shop, 60 * SECOND);
    shop.states.set('C1', 'SUCCESS');
    await passInSteps(shop, 3 * MINUTE);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'paid', payment: { transactionId: '42C1' } }, end: 1 }]);
    expect(shop.told[0]?.outcome).not.toHaveProperty('isLate');
    expect(shop.calls.slice(1).map(({ at }) => (at - START) / SECOND)).toEqual([15, 30, 60, 180]);
  });

  it.each([
    ['timeExpire', 10, {}, 10],
    ['5 min, where that is earlier', 2, {}, 5],
    ['closeAfterMs, where it has none', undefined, { closeAfterMs: 20 * MINUTE }, 20],
  ])('is closed at %s, and proven closed a minute later', async (_, minutes, policy, closed) => {
    const shop = await openClockedShop();
    const { timeExpire, ...request } = shop.codeRequest('C1', minutes);
    await create(shop, { ...request, ...(minutes !== undefined && { timeExpire }) }, { policy });
    await passInSteps(shop, (closed + 2) * MINUTE);
    expect(closesOf(shop)).toEqual([closed * MINUTE]);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'closed', found: true }, end: 1 }]);
    expect(shop.told[0]?.endedAt.getTime()).toBe(START + (closed + 1) * MINUTE);
    const { timeline = [] } = (await shop.durableOrders.explain(ORDER)) ?? {};
    expect(timeline.slice(-7).map(({ text }) => text)).toEqual([
      'To be closed: it was not paid in time.',
      'Close Order answered: done, which a query has to prove.',
      'To be proven closed by a query: only a query can prove what came of it.',
      'Query Order answered: CLOSED.',
      'Query Order answered: CLOSED.',
      'Ended as closed (end 1): a verified answer says that it is closed.',
      'The application took end 1.',
    ]);
  });

  it.each(['keep', 'refund'] as const)('and is paid between the query and the close: %s', async (ifPaidLate) => {
    const shop = await openClockedShop();
    await create(shop, shop.codeRequest('C1'), { policy: { ifPaidLate } });
    let refunds = 0;
    shop.answer = ({ path, at }) => {
      if (path === '/pay/closeorder' && at >= START + 10 * MINUTE) shop.states.set('C1', 'SUCCESS');
      if (path === '/secapi/pay/refund') {
        refunds += 1;
        return { refund_id: '50', out_refund_no: 'settle', refund_fee: '888', total_fee: '888' };
      }
      return undefined;
    };
    await passInSteps(shop, 11 * MINUTE);
    if (ifPaidLate === 'keep') {
      expect(shop.told).toMatchObject([{ outcome: { kind: 'paid', isLate: true } }]);
      expect(refunds).toBe(0);
    } else {
      expect(refunds).toBeGreaterThan(0);
      expect(shop.told).toEqual([]);
    }
  });
});

describe('where nobody can have anything to pay by', () => {
  it('a process died between storing and the call: a worker asks, closes, and tells that it never came', async () => {
    const shop = await openClockedShop();
    shop.states.set('C1', 'ABSENT');
    // As create stores it.
    const timeExpire = new Date(START + 10 * MINUTE);
    await shop.enqueue('C1', { product: 'unified-order', timeExpire });
    await passInSteps(shop, 12 * MINUTE);
    // Three unclear answers in a row, as nothing names the order: not upon the first.
    expect(closesOf(shop)).toEqual([10 * MINUTE + 30 * SECOND]);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'closed', found: false } }]);
  });

  it('no answer came: it is pending, and closed after 5 min', async () => {
    const shop = await openClockedShop();
    shop.answer = ({ path }) => {
      if (path !== '/pay/unifiedorder') return undefined;
      shop.states.set('C1', 'NOTPAY');
      return TIMEOUT;
    };
    expect(await create(shop, shop.codeRequest('C1', 60))).toMatchObject({
      outcome: { kind: 'pending', error: { code: 'WECHATPAY_TIMEOUT' } },
    });
    await passInSteps(shop, 7 * MINUTE);
    expect(closesOf(shop)).toEqual([5 * MINUTE]);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'closed', found: true } }]);
  });

  it.each([
    ['refused', { result_code: 'FAIL', err_code: 'NOAUTH' }],
    ['not sent', new WechatPayTransportError('WECHATPAY_CONNECTION', 'no connection', 'not-sent')],
  ])('it was %s: its durable order is called off', async (_, reply) => {
    const shop = await openClockedShop();
    shop.answer = () => reply;
    expect(await create(shop, shop.codeRequest('C1'))).toMatchObject({ outcome: { kind: 'refused', error: {} } });
    expect(await shop.durableOrders.get(ORDER)).toMatchObject({ status: 'cancelled' });
    await passInSteps(shop, 30 * SECOND);
    expect(pathsOf(shop)).toEqual(['/pay/unifiedorder']);
    expect(shop.told).toEqual([]);
  });

  it('a refusal whose outcome is unknown is no refusal', async () => {
    const shop = await openClockedShop({ works: false });
    shop.answer = () => ({ result_code: 'FAIL', err_code: 'SYSTEMERROR' });
    expect(await create(shop, shop.codeRequest('C1'))).toMatchObject({
      outcome: { kind: 'pending', error: { errorCode: 'SYSTEMERROR' } },
    });
    expect(await shop.durableOrders.get(ORDER)).toMatchObject({ status: 'waiting', state: { timeExpire: START } });
  });

  it.each<[string, (shop: ClockedShop, id: string) => unknown, status: string]>([
    ['the answer came 3 min later', ({ clock }) => (clock.time += 3 * MINUTE), 'waiting'],
    ['its durable order was called off', ({ store }, id) => store.cancel(id), 'cancelled'],
  ])('%s: what it is paid by is not handed out', async (_, meanwhile, status) => {
    const shop = await openClockedShop({ works: false });
    const id = durableOrderId(ORDER);
    let isDone: unknown;
    shop.answer = () => {
      isDone = meanwhile(shop, id);
      return undefined;
    };
    expect(await create(shop, shop.codeRequest('C1'))).toEqual({ outcome: { kind: 'pending' } });
    await isDone;
    expect(await shop.durableOrders.get(ORDER)).toMatchObject({ status });
  });
});

describe('what it takes', () => {
  const wrong: [message: string, change: object, options?: object][] = [
    ['totalFee: ', { totalFee: 8.88 }],
    ['notifyUrl: ', { notifyUrl: 'http://shop.example' }],
    ['timeExpire: ', { timeExpire: new Date(START - 1) }],
    ['ifPaid: ', {}, { policy: { ifPaid: 'keep' } }],
    ['Did you mean ifPaidLate?', {}, { policy: { ifPaidLat: 'keep' } }],
    ['ifPaidLate: ', {}, { policy: { ifPaidLate: 'reverse' } }],
    ['Did you mean actor?', {}, { actr: 'me' }],
    ['signal: must be an AbortSignal', {}, { signal: new AbortController() }],
  ];
  it.each(wrong)('is refused before anything is stored or sent: %s', async (message, change, options) => {
    const shop = await openClockedShop({ works: false });
    const request = { ...shop.codeRequest('C1'), ...change };
    await expect(create(shop, request, options)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      outcome: 'not-sent',
      message: expect.stringContaining(message) as string,
    });
    expect([await shop.durableOrders.get(ORDER), shop.calls]).toEqual([undefined, []]);
  });

  it('is a number that was not used before', async () => {
    const shop = await openClockedShop({ works: false });
    await create(shop, shop.codeRequest('C1'));
    await expect(create(shop, shop.codeRequest('C1'))).rejects.toMatchObject({ field: 'outTradeNo' });
    expect(shop.calls).toHaveLength(1);
  });

  it('may be null, as in a row of a database', async () => {
    const shop = await openClockedShop({ works: false });
    const nothing = { subMerchantId: null, subAppId: null, timeExpire: null } as unknown as object;
    const request = { ...shop.codeRequest('C1'), ...nothing };
    expect((await create(shop, request)).outcome.kind).toBe('created');
    expect((await shop.durableOrders.get(ORDER))?.state).not.toHaveProperty('timeExpire');
  });

  it('is nothing once the process stops', async () => {
    const shop = await openClockedShop({ works: false });
    await shop.durableOrders.stop();
    await expect(create(shop, shop.codeRequest('C1'))).rejects.toMatchObject({ code: 'WECHATPAY_STOPPING' });
    expect(shop.calls).toEqual([]);
  });
});

describe('while its customer can pay it', () => {
  it('it is not called off, and a reversal closes it, or refunds it', async () => {
    const shop = await openClockedShop();
    await create(shop, shop.codeRequest('C1', 60));
    expect(await shop.durableOrders.cancel(ORDER)).toBe(false);
    const intent = { ...ORDER, product: 'unified-order' as const, orderCreatedAt: new Date(START) };
    expect(await shop.durableOrders.reverse(intent)).toBe('enqueued');
    await passInSteps(shop, 7 * MINUTE);
    expect(closesOf(shop)).toEqual([5 * MINUTE]);
    expect(shop.told).toMatchObject([{ outcome: { kind: 'closed', found: true } }]);
  });

  it('a deadline before it is closed is refused', async () => {
    const shop = await openClockedShop({ works: false });
    const times = { timeExpire: new Date(START + 10 * MINUTE), deadline: new Date(START + 9 * MINUTE) };
    await expect(shop.enqueue('C1', { product: 'unified-order', ...times })).rejects.toThrow('deadline: must be later');
  });
});
