import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeXml, refundOrder, WechatPayClient, type QuickPayRequest } from 'wechatpay-core';
import { Sandbox, type Behaviour, type StatementFault } from 'wechatpay-sandbox';
import { failureOf as failure } from '../../test/failure.js';
import {
  DurableOrders,
  type AcknowledgeRequest,
  type DurableOrderData,
  type DurableRefundData,
  type Reconciliation,
  type ResolvedOrder,
} from '../index.js';
import { MemoryStore } from '../stores/memory.js';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
/** In Beijing. */
const DAY = '20260301';
const at = (time: string, days = 0): number => Date.parse(`2026-03-01T${time}+08:00`) + days * DAY_MS;

// A shop whose clock, and whose store's, stand still but for what a test does.
let sandbox: Sandbox;
let client: WechatPayClient;
let store: MemoryStore;
let durableOrders: DurableOrders;
let ends: ResolvedOrder[];
/** Whether nobody answers a query. */
let isSilent = false;
/** Of these, WeChat Pay says that there is no statement. */
const daysWithoutBill = new Set<string>();
/** Called before each call: what it throws, the call fails with. */
let onCall: (path: string, body: string) => void | Promise<void>;
const asked = (): string[] => sandbox.requests.map(({ path }) => path).filter((path) => path !== '/pay/downloadbill');

beforeAll(async () => {
  sandbox = await Sandbox.create({ now: () => at('12:00:00') });
  const { appId, merchantId, apiKey } = sandbox.merchant; // its certificate is of today
  client = new WechatPayClient({
    ...{ appId, merchantId, apiKey },
    now: () => sandbox.clock.now(),
    transport: async ({ path, body }) => {
      await onCall(path, body);
      if (isSilent && path === '/pay/orderquery') return Promise.reject(new Error('nobody'));
      if (path === '/pay/downloadbill' && daysWithoutBill.has(decodeXml(body).bill_date ?? '')) {
        const fields = '<return_msg>No Bill Exist</return_msg><error_code>20002</error_code>';
        return { status: 200, body: Buffer.from(`<xml><return_code>FAIL</return_code>${fields}</xml>`) };
      }
      const reply = sandbox.handle({ path, body, clientCertificate: sandbox.merchant.merchantId });
      return reply.kind === 'reply' ? Promise.resolve(reply) : Promise.reject(new Error(reply.kind));
    },
  });
});

beforeEach(async () => {
  sandbox.reset();
  isSilent = false;
  daysWithoutBill.clear();
  onCall = () => undefined;
  ends = [];
  store = new MemoryStore({ now: () => sandbox.clock.now() });
  durableOrders = new DurableOrders({ store, clients: client, onResolved: (end) => void ends.push(end) });
  await durableOrders.start();
});

afterEach(() => durableOrders.stop());

function setClock(time: number): void {
  sandbox.clock.advance(time - sandbox.clock.now());
}

async function pay(outTradeNo: string, behaviour: Behaviour = { behaviour: 'pays-at-once' }): Promise<ResolvedOrder> {
  const request: QuickPayRequest = {
    ...{ outTradeNo, body: 'tea', totalFee: 888, currency: 'HKD', spbillCreateIp: '203.0.113.7' },
    authCode: sandbox.customers.create({ ...behaviour, validForMs: HOUR_MS }).authCode,
  };
  await durableOrders.pay(request);
  return ended(outTradeNo);
}

/** An order of Unified Order, which nobody has paid yet. */
async function create(outTradeNo: string, timeExpire?: number): Promise<void> {
  await durableOrders.create({
    ...{ tradeType: 'NATIVE', productId: 'tea', outTradeNo, body: 'tea', totalFee: 888, currency: 'HKD' },
    ...{ notifyUrl: 'https://shop.example/wechatpay', spbillCreateIp: '203.0.113.7' },
    ...(timeExpire !== undefined && { timeExpire: new Date(timeExpire) }),
  });
}

/** The customer pays it now, and its worker hears of it. */
async function payNow(outTradeNo: string): Promise<void> {
  sandbox.orders.pay(sandbox.orders.get(outTradeNo)!);
  await durableOrders.hasten({ outTradeNo });
  await ended(outTradeNo);
}

/** The last end of an order, once its worker has stored it. */
async function ended(outTradeNo: string, end = 1): Promise<ResolvedOrder> {
  await expect.poll(async () => (await durableOrders.get({ outTradeNo }))?.end).toBe(end);
  await expect.poll(async () => (await durableOrders.get({ outTradeNo }))?.status).toBe('done');
  return ends.findLast((each) => each.order.outTradeNo === outTradeNo)!;
}

async function reconcile(days = 0): Promise<Reconciliation> {
  setClock(at('10:15:00', days + 1));
  return durableOrders.reconcile({ date: new Date(at('12:00:00', days)) });
}

const told = ({ differences }: Reconciliation): string[] =>
  differences.map(({ outTradeNo, kind, class: of, status, why = '' }) =>
    `${outTradeNo} ${kind} ${of} ${status} ${why}`.trim(),
  );

describe('a day', () => {
  it('on which all agrees is told as such, and nobody is asked', async () => {
    await pay('0001');
    await pay('0002');
    const before = asked().length;
    const day = await reconcile();
    expect(day).toMatchObject({
      date: DAY,
      rows: 2,
      agreed: 2,
      differing: 0,
      differences: [],
      statement: { count: 2 },
    });
    expect(await durableOrders.reconciliation({ date: DAY })).toEqual(day);
    expect(asked()).toHaveLength(before);
  });

  it('without a payment is empty where nothing is known of it, and missing where something is', async () => {
    expect(await reconcile()).toMatchObject({ rows: 0, differing: 0 });
    setClock(at('12:00:00', 1));
    await pay('0001');
    sandbox.reset(); // forgets the payment
    setClock(at('10:15:00', 2));
    const error = failure(() => durableOrders.reconcile({ date: '20260302' }));
    expect(await error).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'no-statement' });
    expect(await durableOrders.reconciliation({ date: '20260302' })).toBeUndefined();
  });

  it('whose statement fails is not reconciled, and no order counts as missing', async () => {
    await pay('0001');
    sandbox.statements.addFault({ kind: 'truncated' });
    expect(await failure(() => reconcile())).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'truncated' });
    expect(await durableOrders.reconciliation({ date: DAY })).toBeUndefined();
    expect(await reconcile()).toMatchObject({ agreed: 1, differing: 0 });
  });

  it('is worked on by one at a time', async () => {
    await pay('0001');
    const [one, other] = await Promise.allSettled([reconcile(), reconcile()]);
    expect([one.status, other.status].sort()).toEqual(['fulfilled', 'rejected']);
    const rejected = [one, other].find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(rejected.reason).toMatchObject({ code: 'WECHATPAY_RECONCILING' });
  });

  it('is left at once by whoever has lost it, also in the middle of a download', async ({ onTestFinished }) => {
    await pay('0001');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const downloading = new Promise<void>((resolve) => {
      onCall = () => {
        resolve();
        return new Promise(() => undefined); // it never comes
      };
    });
    const error = failure(() => reconcile());
    await downloading;
    await vi.advanceTimersByTimeAsync(30_000);
    sandbox.clock.advance(61_000); // its lease lapses
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await error).toMatchObject({
      code: 'WECHATPAY_RECONCILING',
      message: expect.stringMatching(/has lost/) as string,
    });
  });

  it('on which nothing was paid is empty although an order of it was paid after midnight', async () => {
    setClock(at('23:00:00'));
    await durableOrders.create({
      ...{ tradeType: 'NATIVE', productId: 'tea', outTradeNo: '0001', body: 'tea', totalFee: 888, currency: 'HKD' },
      ...{ notifyUrl: 'https://shop.example/wechatpay', spbillCreateIp: '203.0.113.7' },
      timeExpire: new Date(at('01:00:00', 1)),
    });
    setClock(at('00:30:00', 1));
    sandbox.orders.pay(sandbox.orders.get('0001')!);
    await durableOrders.hasten({ outTradeNo: '0001' });
    await ended('0001');
    const day = await reconcile();
    expect(day).toMatchObject({ rows: 0 });
    expect(day.statement).toBeUndefined();
    expect(told(day)).toEqual(['0001 payment book-only carried']);
    expect(await reconcile(1)).toMatchObject({ rows: 1, agreed: 1 });
    expect(told((await durableOrders.reconciliation({ date: DAY }))!)).toEqual(['0001 payment book-only matched']);
  });

  it('without a statement is not empty where an order was paid just after midnight, and no other statement has it', async () => {
    setClock(at('00:05:00', 1));
    await pay('0001');
    daysWithoutBill.add('20260302');
    expect(await failure(() => reconcile(1))).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'no-statement' });
    expect(await durableOrders.reconciliation({ date: '20260302' })).toBeUndefined();
  });

  it('without a statement is empty once the next has what was paid just before midnight', async () => {
    setClock(at('00:01:00', 1));
    const order = { outTradeNo: '0001', totalFee: 888, currency: 'HKD' };
    sandbox.orders.create({ ...order, state: 'paid', createdAt: at('00:01:00', 1) });
    const paidBefore = { kind: 'extra-field', fields: { time_end: '20260301235800' } } as const;
    sandbox.faults.add(paidBefore, { path: '/pay/orderquery', times: 1_000 });
    await durableOrders.enqueue({ ...order, orderCreatedAt: new Date(at('23:58:00')), policy: { ifPaid: 'keep' } });
    await ended('0001');
    expect(await failure(() => reconcile())).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'no-statement' });
    expect(await reconcile(1)).toMatchObject({ rows: 1, agreed: 1, differing: 0 });
    const day = await durableOrders.reconcile({ date: DAY });
    expect(day).toMatchObject({ rows: 0 });
    expect(told(day)).toEqual(['0001 payment book-only matched']);
  });

  it('without a statement is not empty as long as an order of it has no proven end', async () => {
    setClock(at('23:00:00'));
    await durableOrders.create({
      ...{ tradeType: 'NATIVE', productId: 'tea', outTradeNo: '0001', body: 'tea', totalFee: 888, currency: 'HKD' },
      ...{ notifyUrl: 'https://shop.example/wechatpay', spbillCreateIp: '203.0.113.7' },
      timeExpire: new Date(at('12:00:00', 1)),
    });
    expect(await failure(() => reconcile())).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'no-statement' });
    expect(await durableOrders.reconciliation({ date: DAY })).toBeUndefined();
    setClock(at('12:00:00', 1));
    await expect
      .poll(async () => {
        sandbox.clock.advance(5 * 60_000);
        return (await durableOrders.get({ outTradeNo: '0001' }))?.outcome?.kind;
      })
      .toBe('closed');
    expect(await durableOrders.reconcile({ date: DAY })).toMatchObject({ rows: 0, differing: 0 });
  });

  it('without a statement is empty where WeChat Pay says twice that it knows no order that was called off', async () => {
    const [orderCreatedAt, notBefore] = [new Date(at('12:00:00')), new Date(at('13:00:00'))];
    const intent = { outTradeNo: '0001', orderCreatedAt, notBefore, totalFee: 888, currency: 'HKD' };
    await durableOrders.enqueue({ ...intent, policy: { ifPaid: 'keep' } });
    expect(await durableOrders.cancel({ outTradeNo: '0001' })).toBe(true);
    expect(await reconcile()).toMatchObject({ rows: 0, differing: 0 });
    expect(asked()).toEqual(['/pay/orderquery', '/pay/orderquery']);
  });

  it('without a statement is empty once each of many orders that were called off is proven unpaid, turn by turn', async () => {
    const callOff = async (outTradeNo: string, createdAt: number): Promise<void> => {
      const times = { orderCreatedAt: new Date(createdAt), notBefore: new Date(createdAt + 2 * HOUR_MS) };
      await durableOrders.enqueue({ outTradeNo, ...times, totalFee: 888, currency: 'HKD', policy: { ifPaid: 'keep' } });
      expect(await durableOrders.cancel({ outTradeNo })).toBe(true);
    };
    // Nobody can have paid it after midnight.
    setClock(at('23:00:00'));
    await callOff('0000', at('23:00:00'));
    setClock(at('12:00:00', 1));
    for (let number = 1; number <= 101; number += 1) await callOff(String(number).padStart(4, '0'), at('12:00:00', 1));
    expect(await failure(() => reconcile(1))).toMatchObject({ code: 'WECHATPAY_STATEMENT', reason: 'no-statement' });
    expect(asked()).toHaveLength(2 * 100);
    expect(await reconcile(1)).toMatchObject({ rows: 0, differing: 0 });
    expect(asked()).toHaveLength(2 * 101);
  });

  it('whose orders are not kept any more is refused', async () => {
    await pay('0001');
    setClock(at('12:00:00', 31));
    expect(await failure(() => durableOrders.reconcile({ date: DAY }))).toMatchObject({ field: 'date' });
    expect(asked().length).toBe(sandbox.requests.length);
  });

  it.each([
    [{ date: '20260231' }, 'date'],
    [{ date: DAY, day: 1 }, 'day'],
    [{ date: DAY, subMerchantId: '' }, 'subMerchantId'],
    [{ date: DAY, merchantId: 'another' }, 'merchantId'],
  ])('refuses %j', async (request, field) => {
    expect(await failure(() => durableOrders.reconcile(request))).toMatchObject({ field });
  });
});

describe('a difference', () => {
  it('that no durable order is about needs a person', async () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'stranger', createdAt: at('12:00:00') });
    expect(told(await reconcile())).toEqual(['stranger payment statement-only needs-person unknown-order']);
  });

  it('that a verified answer confirms against the order changes the order, and is gone the next time', async () => {
    await pay('0001');
    sandbox.orders.reverse(sandbox.orders.get('0001')!);
    expect(told(await reconcile())).toEqual(['0001 reversal reversed-in-statement asking']);
    expect(await ended('0001', 2)).toMatchObject({ outcome: { kind: 'reversed' }, end: 2 });
    expect(await reconcile()).toMatchObject({ rows: 2, agreed: 2, differing: 0 });
    const { timeline = [] } = (await durableOrders.explain({ outTradeNo: '0001' })) ?? {};
    const texts = timeline.map(({ text }) => text).join('\n');
    expect(texts).toMatch(
      /Set going again by reconcile.*\nQuery Order answered: REVOKED.*\nEnded as reversed \(end 2\)/,
    );
  });

  it('of a reversal on a later day is matched by the statement of that day; there is none where it was refunded here', async () => {
    await pay('0001');
    await pay('0002');
    setClock(at('09:00:00', 1));
    await durableOrders.reverse({ outTradeNo: '0001', orderCreatedAt: new Date(at('12:00:00')) });
    await expect
      .poll(async () => {
        sandbox.clock.advance(5_000);
        return (await durableOrders.get({ outTradeNo: '0001' }))?.outcome?.kind;
      })
      .toBe('reversed');
    const refund = { outTradeNo: '0002', outRefundNo: 'R-0001', totalFee: 888, refundFee: 300, refundCurrency: 'HKD' };
    await durableOrders.refund(refund);
    await expect.poll(() => sandbox.orders.get('0002')?.refunds.length).toBe(1);
    const first = await reconcile();
    expect(first).toMatchObject({ rows: 2, agreed: 2 });
    expect(told(first)).toEqual(['0001 reversal book-only carried']);
    expect(await reconcile(1)).toMatchObject({ rows: 2, agreed: 2, differing: 0 });
    const { differences } = (await durableOrders.reconciliation({ date: DAY }))!;
    expect(differences).toMatchObject([{ status: 'matched', matchedIn: '20260302' }]);
  });

  it('that a verified answer denies needs a person: the word of the statement moves nothing', async () => {
    await pay('0001');
    sandbox.statements.addFault({ kind: 'amount-altered', amount: 887 });
    const before = asked().length;
    expect(told(await reconcile())).toEqual(['0001 payment amount-differs needs-person answer-agrees-with-order']);
    expect(asked().slice(before)).toEqual(['/pay/orderquery']);
    expect(await durableOrders.get({ outTradeNo: '0001' })).toMatchObject({ status: 'done', end: 1 });
  });

  it('is none about an order that was paid with another amount than it should cost, where that was accepted', async () => {
    const order = { outTradeNo: '0001', currency: 'HKD' };
    sandbox.orders.create({ ...order, totalFee: 800, state: 'paid', createdAt: at('12:00:00') });
    setClock(at('12:05:00'));
    const intent = { ...order, totalFee: 888, orderCreatedAt: new Date(at('12:00:00')) };
    await durableOrders.enqueue({ ...intent, policy: { ifPaid: 'keep', ifAmountDiffers: 'accept' } });
    await ended('0001');
    expect(await reconcile()).toMatchObject({ rows: 1, agreed: 1, differing: 0 });
    sandbox.statements.addFault({ kind: 'amount-altered', amount: 888 });
    const day = await reconcile();
    expect(told(day)).toEqual(['0001 payment amount-differs needs-person answer-agrees-with-order']);
    expect(day.differences).toMatchObject([{ expected: 800, found: 888 }]);
  });

  it('of which nobody answers stays open, and the order as it is', async () => {
    await pay('0001');
    sandbox.statements.addFault({ kind: 'amount-altered', amount: 887 });
    isSilent = true;
    expect(told(await reconcile())).toEqual(['0001 payment amount-differs asking']);
    expect(await durableOrders.get({ outTradeNo: '0001' })).toMatchObject({ status: 'done', end: 1 });
  });

  it('of a paid order that no statement has is looked for in three days, then needs a person', async () => {
    await pay('0001');
    sandbox.statements.addFault({ kind: 'row-missing', hidden: true });
    expect(told(await reconcile())).toEqual(['0001 payment book-only carried']);
    for (const day of [1, 2, 3]) {
      expect(told((await durableOrders.reconciliation({ date: DAY }))!)).toEqual(['0001 payment book-only carried']);
      await reconcile(day);
    }
    const missing = ['0001 payment book-only needs-person not-in-three-days'];
    expect(told((await durableOrders.reconciliation({ date: DAY }))!)).toEqual(missing);
    sandbox.statements.addFault({ kind: 'row-missing', hidden: true });
    expect(told(await reconcile())).toEqual(missing);
  });

  it('of a day that was reconciled after the next three is looked for until one of their statements could be had', async () => {
    await pay('0001');
    for (const day of [1, 2, 3]) await reconcile(day);
    const first = { date: DAY };
    const lookAgain = (): Promise<Reconciliation> => {
      sandbox.statements.addFault({ kind: 'row-missing', hidden: true });
      return durableOrders.reconcile(first);
    };
    onCall = (path, body) => {
      const isLater = path === '/pay/downloadbill' && decodeXml(body).bill_date !== DAY;
      if (isLater) throw new Error('nobody');
    };
    expect(told(await lookAgain())).toEqual(['0001 payment book-only carried']);
    expect(told(await lookAgain())).toEqual(['0001 payment book-only carried']);
    onCall = () => undefined;
    sandbox.statements.addFault({ kind: 'row-missing', hidden: true });
    // What the schedule does, whatever was carried before.
    expect(await durableOrders.reconcileDue({ since: DAY })).toMatchObject([first]);
    const missing = ['0001 payment book-only needs-person not-in-three-days'];
    expect(told((await durableOrders.reconciliation(first))!)).toEqual(missing);
    expect(await durableOrders.reconcileDue({ since: DAY })).toEqual([]);
  });

  async function payAcrossMidnight(): Promise<void> {
    setClock(at('23:59:50'));
    const paying = pay('0001', { behaviour: 'pays-after', ms: 20_000 });
    await expect.poll(() => sandbox.orders.get('0001')?.state).toBe('user-paying');
    setClock(at('00:01:30', 1));
    await paying;
  }

  it('across midnight is matched by the next statement, also where that came first', async () => {
    await payAcrossMidnight();
    expect(await reconcile(1)).toMatchObject({ agreed: 1, differing: 0 });
    const day = await durableOrders.reconcile({ date: DAY });
    expect(day.differences).toMatchObject([{ status: 'matched', matchedIn: '20260302' }]);
    expect(await durableOrders.reconciliation({ date: DAY })).toEqual(day);
  });

  it('across midnight is matched by the next statement', async () => {
    await payAcrossMidnight();
    expect(told(await reconcile())).toEqual(['0001 payment book-only carried']);
    expect(await reconcile(1)).toMatchObject({ agreed: 1, differing: 0 });
    const { differences } = (await durableOrders.reconciliation({ date: DAY }))!;
    expect(differences).toMatchObject([{ status: 'matched', matchedIn: '20260302' }]);
  });

  it.each([
    ['is matched by the statement of that day, where it has it', false, 'matched'],
    ['needs a person where the statement of that day has it not', true, 'needs-person answer-agrees-with-order'],
  ] as const)('of an order that was paid before its day %s', async (_, isMissing, status) => {
    setClock(at('23:59:58'));
    const order = { outTradeNo: '0001', totalFee: 888, currency: 'HKD' };
    sandbox.orders.create({ ...order, state: 'paid', createdAt: at('23:59:58') });
    setClock(at('00:05:00', 1));
    const intent = { ...order, orderCreatedAt: new Date(at('00:00:03', 1)) };
    await durableOrders.enqueue({ ...intent, policy: { ifPaid: 'keep' } });
    await ended('0001');
    let isHiding = isMissing;
    onCall = (path, body) => {
      if (path !== '/pay/downloadbill' || decodeXml(body).bill_date !== DAY || !isHiding) return;
      isHiding = false;
      sandbox.statements.addFault({ kind: 'row-missing', hidden: true });
    };
    expect(told(await reconcile(1))).toEqual([`0001 payment book-only ${status}`]);
  });

  it.each(['here', 'on the Merchant Platform'] as const)(
    'of an order that was paid after midnight and refunded %s since is no empty day',
    async (where) => {
      setClock(at('23:00:00'));
      await create('0001', at('01:00:00', 1));
      setClock(at('00:05:00', 1));
      await payNow('0001');
      setClock(at('09:00:00', 1));
      const refund = {
        outTradeNo: '0001',
        outRefundNo: 'R-0001',
        totalFee: 888,
        refundFee: 300,
        refundCurrency: 'HKD',
      };
      await (where === 'here' ? durableOrders.refund(refund) : refundOrder(client, refund));
      await expect.poll(() => sandbox.orders.get('0001')?.refunds.length).toBe(1);
      const isHere = where === 'here';
      const day = await reconcile();
      expect(day).toMatchObject({ rows: 0 });
      const status = isHere ? 'carried' : 'needs-person answer-decides-nothing';
      expect(told(day)).toEqual([`0001 payment book-only ${status}`]);
      expect(await reconcile(1)).toMatchObject({ rows: 2, agreed: isHere ? 2 : 1 });
      const matchedOr = isHere ? 'matched' : status;
      expect(told((await durableOrders.reconciliation({ date: DAY }))!)).toEqual([
        `0001 payment book-only ${matchedOr}`,
      ]);
    },
  );

  /** What a worker stores whose clock is behind, that an order is paid. */
  async function endBehind(outTradeNo: string, endAt: number): Promise<void> {
    const { id } = (await durableOrders.get({ outTradeNo }))!;
    const { transactionId } = sandbox.orders.get(outTradeNo)!;
    await durableOrders.stop();
    const worker = store.share();
    await worker.open();
    await worker.reschedule(id, 0);
    await worker.process(
      ({ data }) => {
        const outcome = { kind: 'paid', payment: { transactionId, totalFee: 888, currency: 'HKD' } } as const;
        const state = { ...data.state, kind: 'ended', outcome };
        return Promise.resolve({ kind: 'done', data: { ...data, state, outcome, end: 1, endAt } as DurableOrderData });
      },
      { concurrency: 1, onProblem: () => undefined },
    );
    await expect.poll(async () => (await worker.get(id))?.status).toBe('done');
    await worker.close();
    durableOrders = new DurableOrders({ store: store.share(), clients: client });
    await durableOrders.start();
  }

  it.each(['later', 'by a clock that is behind'])(
    'of an order that ended after its day was compared is claimed for the day of its end: %s',
    async (how) => {
      await pay('0002');
      setClock(at('23:00:00'));
      await durableOrders.create({
        ...{ tradeType: 'NATIVE', productId: 'tea', outTradeNo: '0001', body: 'tea', totalFee: 888, currency: 'HKD' },
        ...{ notifyUrl: 'https://shop.example/wechatpay', spbillCreateIp: '203.0.113.7' },
        timeExpire: new Date(at('12:00:00', 1)),
      });
      isSilent = true;
      setClock(at('23:30:00'));
      sandbox.orders.pay(sandbox.orders.get('0001')!);
      onCall = (path, body) => {
        if (path !== '/pay/downloadbill' || decodeXml(body).bill_date !== DAY) return;
        sandbox.statements.addFault({ kind: 'row-missing', row: 1, hidden: true });
      };
      expect(await reconcile()).toMatchObject({ rows: 1, agreed: 1, differing: 0 });
      isSilent = false;
      setClock(at('11:00:00', 1));
      if (how === 'later') {
        await durableOrders.hasten({ outTradeNo: '0001' });
        await ended('0001');
      } else {
        await endBehind('0001', at('10:10:00', 1));
      }
      expect(told(await reconcile(1))).toEqual(['0001 payment book-only needs-person answer-agrees-with-order']);
      onCall = () => undefined;
      expect((await reconcile(1)).differences).toMatchObject([{ status: 'matched', matchedIn: DAY }]);
    },
  );

  it.each([
    ['on the next day', 1],
    ['days later', 4],
  ])('of an order that was stored, and ended, %s is claimed for that day', async (_, days) => {
    await pay('0002');
    sandbox.orders.create({ state: 'paid', outTradeNo: '0001', totalFee: 888, createdAt: at('12:00:00') });
    onCall = (path, body) => {
      if (path !== '/pay/downloadbill' || decodeXml(body).bill_date !== DAY) return;
      sandbox.statements.addFault({ kind: 'row-missing', row: 1, hidden: true });
    };
    if (days === 1) await reconcile(); // else it is caught up
    setClock(at('11:00:00', days));
    const order = { outTradeNo: '0001', orderCreatedAt: new Date(at('12:00:00')), totalFee: 888, currency: 'HKD' };
    await durableOrders.enqueue({ ...order, policy: { ifPaid: 'keep' } });
    await ended('0001');
    await pay('0003');
    setClock(at('10:15:00', days + 1));
    if (days !== 1) expect(await durableOrders.reconcile({ date: DAY })).toMatchObject({ agreed: 1, differing: 0 });
    expect(told(await reconcile(days))).toEqual(['0001 payment book-only needs-person answer-agrees-with-order']);
    onCall = () => undefined;
    expect((await reconcile(days)).differences).toMatchObject([{ status: 'matched', matchedIn: DAY }]);
  });

  it.each(['under way', 'ended'])(
    'of a refund that was asked for long before it was accepted is claimed for the day of that: %s',
    async (how) => {
      await pay('0001');
      await durableOrders.stop();
      durableOrders = new DurableOrders({ store: store.share(), clients: client });
      await durableOrders.start({ work: false });
      const refund = { outTradeNo: '0001', outRefundNo: 'R-0001', totalFee: 888, refundFee: 300 };
      await durableOrders.refund({ ...refund, refundCurrency: 'HKD' });
      setClock(at('12:00:00', 5));
      await durableOrders.stop();
      durableOrders = new DurableOrders({ store: store.share(), clients: client });
      await durableOrders.start();
      await expect
        .poll(async () => {
          const { status } = (await durableOrders.get({ outRefundNo: 'R-0001' }))!;
          if (status === 'dead') await durableOrders.redrive({ outRefundNo: 'R-0001' });
          return sandbox.orders.get('0001')?.refunds.length;
        })
        .toBe(1);
      if (how === 'ended') {
        await expect
          .poll(async () => {
            sandbox.clock.advance(60_000);
            return (await durableOrders.get({ outRefundNo: 'R-0001' }))?.status;
          })
          .toBe('done');
      }
      sandbox.orders.create({ state: 'paid', outTradeNo: '0009', createdAt: at('12:30:00', 5) });
      onCall = (path, body) => {
        if (path !== '/pay/downloadbill' || decodeXml(body).bill_date !== '20260306') return;
        sandbox.statements.addFault({ kind: 'row-missing', row: 0, hidden: true });
      };
      const day = await reconcile(5);
      expect(told(day)).toContainEqual(expect.stringMatching(/^0001 refund book-only/));
      expect(day).toMatchObject({ rows: 1, differing: 2 });
    },
  );

  it.each(['with', 'without'])(
    'of a refund that nobody knew to be accepted when its day was compared is claimed for the day of that, %s a statement',
    async (how) => {
      await pay('0001');
      let isLost = true;
      let isHiding = true;
      onCall = (path, body) => {
        if (path === '/pay/downloadbill' && isHiding && decodeXml(body).bill_date === DAY) {
          sandbox.statements.addFault({ kind: 'row-missing', row: 1, hidden: true });
        }
        if (path === '/secapi/pay/refund')
          sandbox.handle({ path, body, clientCertificate: sandbox.merchant.merchantId });
        if (isLost && path.includes('refund')) throw new Error('the answer is lost');
      };
      const refund = { outTradeNo: '0001', outRefundNo: 'R-0001', totalFee: 888, refundFee: 300 };
      await durableOrders.refund({ ...refund, refundCurrency: 'HKD' });
      await expect.poll(() => sandbox.orders.get('0001')?.refunds.length).toBe(1);
      expect(await reconcile()).toMatchObject({ rows: 1, agreed: 1, differing: 0 });
      setClock(at('11:00:00', 1));
      isLost = false;
      if (how === 'with') await pay('0002');
      await expect
        .poll(async () => {
          sandbox.clock.advance(60_000);
          await durableOrders.hasten({ outRefundNo: 'R-0001' });
          return (await durableOrders.get({ outRefundNo: 'R-0001' }))?.status;
        })
        .toBe('done');
      const day = await reconcile(1);
      expect(day).toMatchObject({ rows: how === 'with' ? 1 : 0 });
      expect(told(day)).toEqual(['0001 refund book-only needs-person answer-agrees-with-order']);
      isHiding = false;
      expect((await reconcile(1)).differences).toMatchObject([{ status: 'matched', matchedIn: DAY }]);
      // Where its day is compared once more, it is that one's.
      expect(await durableOrders.reconcile({ date: DAY })).toMatchObject({ rows: 2, agreed: 2, differing: 0 });
    },
  );

  it('that was not asked for, since the process stops, is not given up', async () => {
    const numbers = ['0001', '0002', '0003', '0004', '0005', '0006'];
    for (const number of numbers) await pay(number);
    const hidden = { kind: 'row-missing', hidden: true } as const;
    sandbox.statements.addFault(hidden, hidden, hidden, hidden, hidden, hidden);
    for (const day of [0, 1, 2]) await reconcile(day);
    setClock(at('10:15:00', 4));
    const stopping = new AbortController();
    onCall = (path) => {
      if (path !== '/pay/orderquery') return;
      stopping.abort();
      throw new Error('nobody');
    };
    await durableOrders.reconcile({ date: new Date(at('12:00:00', 3)) }, { signal: stopping.signal });
    const { differences } = (await durableOrders.reconciliation({ date: DAY }))!;
    expect(differences).toHaveLength(numbers.length);
    expect(differences.filter(({ status }) => status === 'needs-person')).toEqual([]);
  });

  it('is none about a durable refund whose order is not kept; of its payment, nothing is known', async () => {
    const order = { outTradeNo: '0001', totalFee: 888, currency: 'HKD' };
    sandbox.orders.create({ ...order, state: 'paid', createdAt: at('12:00:00') });
    setClock(at('13:00:00'));
    const refund = { outTradeNo: '0001', outRefundNo: 'R-0001', totalFee: 888, refundFee: 300, refundCurrency: 'HKD' };
    await durableOrders.refund(refund);
    await expect.poll(() => sandbox.orders.get('0001')?.refunds.length).toBe(1);
    const day = await reconcile();
    expect(day).toMatchObject({ rows: 2, agreed: 1, differing: 1 });
    expect(told(day)).toEqual(['0001 payment statement-only needs-person unknown-order']);
  });

  it('about a refund that was not submitted here needs a person, once WeChat Pay has confirmed it', async () => {
    await pay('0001');
    await refundOrder(client, { outTradeNo: '0001', outRefundNo: 'R-0001', totalFee: 888, refundFee: 300 });
    const day = await reconcile();
    expect(told(day)).toEqual(['0001 refund statement-only needs-person unknown-refund']);
    expect(asked().at(-1)).toBe('/pay/refundquery');
    const { kind, outTradeNo, refundId } = day.differences[0]!;
    expect(await durableOrders.acknowledge({ date: DAY, kind, outTradeNo, refundId: `${refundId}0` })).toBe(false);
    expect(await durableOrders.acknowledge({ date: DAY, kind, outTradeNo })).toBe(false); // that would be one without a number
    expect(await durableOrders.acknowledge({ date: DAY, kind, outTradeNo, refundId })).toBe(true);
  });

  it('about the refund by which the resolution has returned a payment is looked for, once WeChat Pay has confirmed it', async () => {
    await durableOrders.create({
      ...{ tradeType: 'NATIVE', productId: 'tea', outTradeNo: '0001', body: 'tea', totalFee: 888, currency: 'HKD' },
      ...{ notifyUrl: 'https://shop.example/wechatpay', spbillCreateIp: '203.0.113.7' },
    });
    setClock(at('12:10:00'));
    sandbox.orders.pay(sandbox.orders.get('0001')!);
    await durableOrders.hasten({ outTradeNo: '0001' });
    await ended('0001');
    const orderCreatedAt = new Date(at('12:00:00'));
    await durableOrders.reverse({ outTradeNo: '0001', product: 'unified-order', orderCreatedAt });
    await expect
      .poll(async () => {
        sandbox.clock.advance(5 * 60_000);
        return (await durableOrders.get({ outTradeNo: '0001' }))?.outcome?.kind;
      })
      .toBe('refunded');
    sandbox.statements.addFault({ kind: 'row-missing', row: 1, hidden: true });
    expect(told(await reconcile())).toEqual(['0001 refund book-only carried']);
    expect(asked().at(-1)).toBe('/pay/refundquery');
    expect(await reconcile()).toMatchObject({ rows: 2, agreed: 2, differing: 0 });
  });

  it('about an order that has stopped for a person returns nothing, however often its day is reconciled', async () => {
    await create('0001');
    setClock(at('12:10:00'));
    await payNow('0001');
    await pay('0002');
    const refused = { kind: 'error', errorCode: 'PARAM_ERROR' } as const;
    sandbox.faults.add({ ...refused, errorCode: 'USER_ACCOUNT_ABNORMAL' }, { path: '/secapi/pay/refund', times: 1 });
    sandbox.faults.add(refused, { path: '/secapi/pay/reverse', times: 1 });
    const orderCreatedAt = new Date(at('12:00:00'));
    await durableOrders.reverse({ outTradeNo: '0001', product: 'unified-order', orderCreatedAt });
    await durableOrders.reverse({ outTradeNo: '0002', orderCreatedAt });
    for (const outTradeNo of ['0001', '0002']) {
      const statusOf = async (): Promise<string | undefined> => {
        sandbox.clock.advance(60_000);
        return (await durableOrders.get({ outTradeNo }))?.status;
      };
      await expect.poll(statusOf).toBe('dead');
    }
    const returns = (): string[] => asked().filter((path) => path.startsWith('/secapi/'));
    const before = returns();
    const differences = ['0001', '0002'].map((number) => `${number} payment state-differs needs-person`);
    for (let time = 0; time < 3; time += 1) {
      expect(told(await reconcile())).toEqual(differences.map((each) => `${each} return-is-for-person`));
      sandbox.clock.advance(HOUR_MS);
    }
    expect(returns()).toEqual(before);
    const { date } = (await durableOrders.reconciliation({ date: DAY }))!;
    for (const outTradeNo of ['0001', '0002']) {
      expect(await durableOrders.acknowledge({ date, kind: 'payment', outTradeNo })).toBe(true);
      expect((await durableOrders.get({ outTradeNo }))?.status).toBe('dead');
    }
  });

  it('about an order of which nobody knew gives it the end that a verified answer proves', async () => {
    sandbox.faults.add({ kind: 'cut' }, { path: '/pay/micropay', times: 1 });
    isSilent = true;
    const authCode = sandbox.customers.create({ behaviour: 'pays-at-once' }).authCode;
    const request = { outTradeNo: '0001', body: 'tea', totalFee: 888, currency: 'HKD', spbillCreateIp: '203.0.113.7' };
    await durableOrders.pay({ ...request, authCode }).catch(() => undefined);
    await expect
      .poll(async () => {
        sandbox.clock.advance(DAY_MS);
        return (await durableOrders.get({ outTradeNo: '0001' }))?.status;
      })
      .toBe('dead');
    isSilent = false;
    expect(told(await durableOrders.reconcile({ date: DAY }))).toEqual(['0001 payment state-differs asking']);
    expect((await ended('0001', 2)).outcome.kind).toBe('paid');
    expect(await durableOrders.reconcile({ date: DAY })).toMatchObject({ agreed: 1, differing: 0 });
  });

  it("about the refund that its resolution is making is open until that has ended: it is nobody else's", async () => {
    await create('0001');
    setClock(at('12:10:00'));
    await payNow('0001');
    const path = '/pay/refundquery';
    sandbox.faults.add({ kind: 'extra-field', fields: { refund_status_0: 'PROCESSING' } }, { path, times: 10_000 });
    const orderCreatedAt = new Date(at('12:00:00'));
    await durableOrders.reverse({ outTradeNo: '0001', product: 'unified-order', orderCreatedAt });
    await expect.poll(() => sandbox.orders.get('0001')?.refunds.length).toBe(1);
    expect(told(await reconcile())).toEqual(['0001 payment state-differs asking', '0001 refund statement-only asking']);
    sandbox.faults.clear();
    await expect
      .poll(async () => {
        sandbox.clock.advance(5 * 60_000);
        return (await durableOrders.get({ outTradeNo: '0001' }))?.outcome?.kind;
      })
      .toBe('refunded');
    expect(await durableOrders.reconcile({ date: DAY })).toMatchObject({ rows: 2, agreed: 2, differing: 0 });
  });

  it.each(['called off', 'stopped without a proven end'] as const)(
    'about a refund that was %s, and that the statement has, is asked for',
    async (how) => {
      await pay('0001');
      await durableOrders.stop();
      store = store.share();
      durableOrders = new DurableOrders({ store, clients: client });
      await durableOrders.start({ work: false });
      const named = { outTradeNo: '0001', outRefundNo: 'R-0001' };
      const refund = { ...named, totalFee: 888, refundFee: 300, refundCurrency: 'HKD' };
      await durableOrders.refund(refund);
      if (how === 'called off') expect(await durableOrders.cancel({ outRefundNo: 'R-0001' })).toBe(true);
      else await stopWithoutEnd();
      await refundOrder(client, refund);
      const status = how === 'called off' ? 'needs-person answer-decides-nothing' : 'asking';
      expect(told(await reconcile())).toEqual([`0001 refund state-differs ${status}`]);
      expect(asked().at(-1)).toBe('/pay/refundquery');
    },
  );

  /** What a worker does to a refund of which nobody can tell what became of it. */
  async function stopWithoutEnd(): Promise<void> {
    const worker = store.share();
    await worker.open();
    await worker.process(
      ({ data }) => {
        const error = { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown', message: 'no answer' } as const;
        const outcome = { kind: 'needs-attention', reason: 'no-end', error } as const;
        const stopped = { ...data, outcome, end: 1, endAt: at('12:05:00') } as DurableRefundData;
        return Promise.resolve({ kind: 'dead', data: stopped });
      },
      { concurrency: 1, onProblem: () => undefined },
    );
    await expect.poll(async () => (await durableOrders.get({ outRefundNo: 'R-0001' }))?.status).toBe('dead');
    await worker.close();
  }

  it('that a person has acknowledged stays so, and counts as open no more', async () => {
    sandbox.orders.create({ state: 'paid', outTradeNo: 'stranger', createdAt: at('12:00:00') });
    const { date } = await reconcile();
    expect(await durableOrders.reconciliationHealth()).toMatchObject({
      lastDay: date,
      forPerson: 1,
      daysForPerson: [date],
    });
    const stranger = { date, kind: 'payment', outTradeNo: 'stranger' } as const;
    expect(await durableOrders.acknowledge({ ...stranger, outTradeNo: 'other' })).toBe(false);
    expect(await durableOrders.acknowledge(stranger, { actor: 'accounts-2', note: 'the kiosk' })).toBe(true);
    expect(await durableOrders.acknowledge(stranger)).toBe(false);
    const { differences } = await reconcile();
    const acknowledged = { at: at('10:15:00', 1), actor: 'accounts-2', note: 'the kiosk' };
    expect(differences).toMatchObject([{ status: 'acknowledged', acknowledged }]);
    expect(await durableOrders.reconciliationHealth()).toMatchObject({ forPerson: 0, open: 0, lateDays: [] });
    expect(await durableOrders.reconciliations()).toMatchObject([{ date, rows: 1, forPerson: 0 }]);
    setClock(at('14:00:00', 3));
    expect(await durableOrders.reconciliationHealth()).toMatchObject({ lateDays: ['20260302', '20260303'] });
  });

  it('is acknowledged alone: what names several is refused, until it says which', async () => {
    for (const outTradeNo of ['stranger', 'other']) {
      sandbox.orders.create({ state: 'paid', outTradeNo, createdAt: at('12:00:00') });
    }
    sandbox.statements.addFault({ kind: 'row-doubled', hidden: true });
    const { date, differences } = await reconcile();
    const lines = differences.filter(({ outTradeNo }) => outTradeNo === 'stranger').map(({ line }) => line!);
    expect(lines).toHaveLength(2);
    const stranger = { date, kind: 'payment', outTradeNo: 'stranger' } as const;
    expect(await failure(() => durableOrders.acknowledge(stranger))).toMatchObject({ field: 'outTradeNo' });
    expect(await durableOrders.reconciliationHealth()).toMatchObject({ forPerson: 3 });
    expect(await durableOrders.acknowledge({ ...stranger, line: lines[1]! })).toBe(true);
    expect(await durableOrders.reconciliationHealth()).toMatchObject({ forPerson: 2 });
    expect(await durableOrders.acknowledge({ ...stranger, class: 'fee-differs' })).toBe(false);
    // Whose statement it is, and whose difference, are two things.
    expect(await durableOrders.acknowledge({ ...stranger, ofSubMerchantId: '501' })).toBe(false);
    expect(await durableOrders.acknowledge({ ...stranger, subMerchantId: null })).toBe(true);
    expect(await durableOrders.reconciliationHealth()).toMatchObject({ forPerson: 1 });
  });

  it('is acknowledged alone, and stays so alone, where two payments or refunds have one number', async () => {
    const paid = { state: 'paid', outTradeNo: 'stranger', totalFee: 888, currency: 'HKD' } as const;
    sandbox.orders.create({ ...paid, createdAt: at('12:00:00') });
    const refund = { outTradeNo: 'stranger', outRefundNo: 'R-0001', totalFee: 888, refundFee: 100 };
    await refundOrder(client, refund);
    await refundOrder(client, { ...refund, outRefundNo: 'R-0002' });
    /** A second payment of that number, and refunds without numbers of the shop's, as of the Merchant Platform. */
    const download = (amount = 888): Promise<Reconciliation> => {
      const altered = (row: number, column: string, value: string): StatementFault => ({
        ...{ kind: 'row-altered', row, column, value },
      });
      sandbox.statements.addFault(
        { kind: 'amount-altered', amount },
        { kind: 'row-doubled', hidden: true },
        altered(1, '微信订单号', '4200000000000000000000000042'),
        ...[2, 3].map((row) => altered(row, '商户退款单号', '')),
      );
      return reconcile();
    };
    const first = await download();
    expect(first.differences.map(({ kind, outRefundNo, status }) => [kind, outRefundNo, status])).toEqual([
      ...Array.from({ length: 2 }, () => ['payment', undefined, 'needs-person']),
      ...Array.from({ length: 2 }, () => ['refund', undefined, 'needs-person']),
    ]);
    const stranger = { date: DAY, outTradeNo: 'stranger' } as const;
    const [payment, , , { refundId } = {}] = first.differences;
    expect(await durableOrders.acknowledge({ ...stranger, kind: 'payment', line: payment!.line! })).toBe(true);
    expect(await durableOrders.acknowledge({ ...stranger, kind: 'refund', refundId: refundId! })).toBe(true);
    const statuses = ({ differences }: Reconciliation): string[] => differences.map(({ status }) => status);
    const alone = ['acknowledged', 'needs-person', 'needs-person', 'acknowledged'];
    expect(statuses(await download())).toEqual(alone);
    expect(statuses(await download(889))).toEqual(alone.with(0, 'needs-person'));
    expect(await durableOrders.reconciliationHealth()).toMatchObject({ forPerson: 3 });
  });

  it('that a person has acknowledged stays so where a process comes back that had lost the day', async () => {
    await pay('0001');
    setClock(at('12:10:00'));
    sandbox.orders.create({ state: 'paid', outTradeNo: 'stranger', createdAt: at('12:10:00') });
    sandbox.statements.addFault({ kind: 'amount-altered', amount: 887 });
    onCall = async (path) => {
      if (path !== '/pay/orderquery') return;
      onCall = () => undefined;
      sandbox.clock.advance(61_000); // its lease lapses
      const stranger = { date: DAY, kind: 'payment', outTradeNo: 'stranger' } as const;
      expect(await durableOrders.acknowledge(stranger, { note: 'the kiosk' })).toBe(true);
    };
    expect(await failure(() => reconcile())).toMatchObject({ code: 'WECHATPAY_RECONCILING' });
    expect(told((await durableOrders.reconciliation({ date: DAY }))!)).toEqual([
      '0001 payment amount-differs asking',
      'stranger payment statement-only acknowledged unknown-order',
    ]);
  });

  it.each([
    [{ note: 'x'.repeat(501) }, 'note'],
    [{ actor: '' }, 'actor'],
    [{ by: 'me' }, 'by'],
  ])('is not acknowledged with %j', async (options, field) => {
    const request = { date: DAY, kind: 'payment', outTradeNo: '0001' } as const;
    expect(await failure(() => durableOrders.acknowledge(request, options as object))).toMatchObject({ field });
  });

  it.each([
    [{ kind: 'refunds' }, 'kind'],
    [{ outTradeNo: '' }, 'outTradeNo'],
    [{ line: '7' }, 'line'],
    [{ class: 1 }, 'class'],
  ])('is not acknowledged by %j', async (named, field) => {
    const request = { date: DAY, kind: 'payment', outTradeNo: '0001', ...named } as AcknowledgeRequest;
    expect(await failure(() => durableOrders.acknowledge(request))).toMatchObject({ field });
  });
});
