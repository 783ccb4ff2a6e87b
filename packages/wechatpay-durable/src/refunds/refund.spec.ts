import { describe, expect, it } from 'vitest';
import { failureOf } from '../../test/failure.js';
import { refused as refusedWith } from '../../test/mishaps.js';
import { DAY, HOUR, MINUTE, openRefundShop, SECOND, START, TOTAL_FEE } from '../../test/refund-shop.js';
import type { RefundIntent } from '../index.js';

const YEAR = 365 * DAY;

describe('refund', () => {
  it('stores before it sends, with the same number each time, and follows the refund until the customer has the money', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    let isStored = false;
    shop.mishap = ({ path }) => {
      if (path === '/secapi/pay/refund' && shop.submissions().length === 0) return { kind: 'lost' };
      return undefined;
    };
    const row = await shop.durableOrders.refund(shop.intent('R1', 300));
    isStored = shop.submissions().length === 0;
    expect(isStored).toBe(true);
    expect(row).toMatchObject({
      kind: 'refund',
      status: 'waiting',
      order: { outTradeNo: 'A1' },
      state: { kind: 'submitting', request: { outRefundNo: 'R1', refundFee: 300, totalFee: TOTAL_FEE } },
    });
    await shop.work();
    // Before it left, it was stored that it may have left.
    const during = await shop.durableOrders.get({ outRefundNo: 'R1' });
    expect(during).toMatchObject({ status: 'waiting', state: { kind: 'checking', submissions: 1 } });
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get({ outRefundNo: 'R1' })).toMatchObject({
      status: 'done',
      end: 1,
      outcome: { kind: 'refunded', outRefundNo: 'R1', refundFee: 300 },
    });
    expect(shop.sandbox.ledger.of('A1')).toMatchObject({ paid: TOTAL_FEE, returned: 300 });
    expect(new Set(shop.submissions().map(({ fields }) => fields.out_refund_no))).toEqual(new Set(['R1']));
    expect(shop.told).toMatchObject([
      {
        ...{ merchantId: shop.client.merchantId, outRefundNo: 'R1', order: { outTradeNo: 'A1' }, end: 1 },
        refund: { outRefundNo: 'R1', refundFee: 300 },
        outcome: { kind: 'refunded' },
      },
    ]);
  });

  const bad: readonly [field: string, change: object][] = [
    ['refundFee', { refundFee: -1 }],
    ['refundFee', { refundFee: 0 }],
    ['refundFee', { refundFee: 1.5 }],
    ['refundFee', { refundFee: TOTAL_FEE + 1 }],
    ['refundFee', { refundFee: '300' }],
    ['totalFee', { totalFee: undefined }],
    ['outRefundNo', { outRefundNo: undefined }],
    ['outRefundNo', { outRefundNo: 'R'.repeat(33) }],
    ['outTradeNo', { outTradeNo: undefined }],
    ['refundCurrency', { refundCurrency: 'hkd' }],
    ['paidAt', { paidAt: new Date(START - YEAR - DAY) }],
    ['paidAt', { paidAt: 'yesterday' }],
    ['notifyUrl', { notifyUrl: 'http://shop.example/?a=1' }],
    ['merchantId', { merchantId: '1900009999' }],
    ['submitAgainMs', { policy: { submitAgainMs: 1_000 } }],
    ['submitAgainM', { policy: { submitAgainM: 60_000 } }],
    ['refund_fee', { refund_fee: 300 }],
    ['deadline', { deadline: new Date() }],
    ['subAppId', { subAppId: 'wx2421b1c4370ec43c' }],
  ];

  it('refuses what no refund can be, by name, before anything is stored or sent', async () => {
    const shop = await openRefundShop({ works: false });
    shop.pay('A1');
    for (const [field, change] of bad) {
      const refused = await failureOf(() => shop.durableOrders.refund(shop.intent('R1', 300, change)));
      expect(refused, field).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' });
      expect((refused as { field: string }).field.replace('subMerchantId', 'subAppId'), JSON.stringify(change)).toBe(
        field,
      );
    }
    for (const [field, options] of [
      ['actr', { actr: 'A' }],
      ['actor', { actor: '' }],
    ] as const) {
      const refused = await failureOf(() => shop.durableOrders.refund(shop.intent('R1', 300), options as object));
      expect(refused).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field });
    }
    expect(await shop.store.list({})).toEqual([]);
    expect(shop.calls).toEqual([]);
  });

  it('gives the refund that is there for the same number and fields, and refuses other fields by name', async () => {
    const shop = await openRefundShop({ works: false });
    shop.pay('A1');
    shop.pay('A2');
    const first = await shop.durableOrders.refund(shop.intent('R1', 300, { refundDescription: 'broken' }), {
      actor: 'till 7',
    });
    const same = shop.intent('R1', 300, { refundDescription: 'broken', paidAt: new Date(START) });
    expect(await shop.durableOrders.refund(same)).toEqual(first);
    const others: readonly [field: string, change: Partial<RefundIntent>][] = [
      ['refundFee', { refundFee: 301 }],
      ['totalFee', { totalFee: 889 }],
      ['refundCurrency', { refundCurrency: undefined }],
      ['refundDescription', { refundDescription: 'late' }],
      ['notifyUrl', { notifyUrl: 'https://shop.example/refunds' }],
      ['outTradeNo', { outTradeNo: 'A2' }],
    ];
    for (const [field, change] of others) {
      const refused = await failureOf(() => shop.durableOrders.refund({ ...same, ...change } as RefundIntent));
      expect(refused).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field, outcome: 'not-sent' });
      expect((refused as Error).message).toMatch(/another outRefundNo/);
    }
    expect(await shop.store.list({})).toEqual([first]);
  });

  it('never promises more than was paid, also of two processes at once', async () => {
    const shop = await openRefundShop({ works: false });
    const other = await shop.other();
    shop.pay('A1');
    const asked = await Promise.allSettled(
      Array.from({ length: 10 }, (_, index) =>
        (index % 2 ? shop.durableOrders : other).refund(shop.intent(`R${index}`, 200)),
      ),
    );
    expect(asked.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    for (const one of asked) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ field: 'refundFee', outcome: 'not-sent' });
    }
    const rows = await shop.durableOrders.find({ outTradeNo: 'A1', kind: 'refund' });
    // Each a minute after the one before.
    const times = rows.map(({ state }) => ('at' in state ? state.at - START : -1));
    expect(times.sort((one, next) => one - next)).toEqual([0, MINUTE, 2 * MINUTE, 3 * MINUTE]);
  });

  it('takes at most 50 parts', async () => {
    const shop = await openRefundShop({ works: false });
    shop.pay('A1');
    for (let part = 1; part <= 50; part += 1) await shop.durableOrders.refund(shop.intent(`R${part}`, 1));
    const refused = await failureOf(() => shop.durableOrders.refund(shop.intent('R51', 1)));
    expect(refused).toMatchObject({ field: 'outRefundNo' });
    expect((refused as Error).message).toMatch(/at most 50/);
    await shop.durableOrders.refund(shop.intent('R51', 1, { outTradeNo: 'A2' }));
  });

  it('asks which order a transaction is of, and refuses two numbers of two orders', async () => {
    const shop = await openRefundShop({ works: false });
    const [one, other] = [shop.pay('A1'), shop.pay('A2')];
    const by = (transactionId: string, outTradeNo?: string): Partial<RefundIntent> => ({ transactionId, outTradeNo });
    shop.mishap = () => ({ kind: 'lost' });
    const unknown = await failureOf(() => shop.durableOrders.refund(shop.intent('R1', 500, by(one))));
    expect(unknown).toMatchObject({ code: 'WECHATPAY_ORDER_NOT_KNOWN', outcome: 'not-sent' });
    shop.mishap = () => undefined;
    expect(await shop.durableOrders.refund(shop.intent('R1', 500, by(one)))).toMatchObject({
      order: { outTradeNo: 'A1' },
    });
    const calls = shop.calls.length;
    await shop.durableOrders.refund(shop.intent('R1', 500, by(one))); // by what is stored
    await shop.durableOrders.refund(shop.intent('R1', 500, by(one, 'A1')));
    // The parts of one order are one sum, by whichever number it is named.
    for (const change of [{}, by(one), by(one, 'A1')]) {
      expect(await failureOf(() => shop.durableOrders.refund(shop.intent('R2', 500, change)))).toMatchObject({
        field: 'refundFee',
      });
    }
    expect(shop.calls.length).toBe(calls);
    const mixed = await failureOf(() => shop.durableOrders.refund(shop.intent('R3', 1, by(other, 'A1'))));
    expect(mixed).toMatchObject({ field: 'transactionId', outcome: 'not-sent' });
    expect(shop.submissions()).toEqual([]);
  });

  it('goes by what is known of the order: its amount, its currency, its reversal', async () => {
    const shop = await openRefundShop();
    const { durableOrders } = shop;
    const createdAt = new Date(START - MINUTE);
    for (const outTradeNo of ['A1', 'A2']) {
      shop.sandbox.orders.create({
        state: 'paid',
        outTradeNo,
        totalFee: 888,
        currency: 'HKD',
        createdAt: START - MINUTE,
      });
      await durableOrders.enqueue({ outTradeNo, orderCreatedAt: createdAt, totalFee: 888, currency: 'HKD' });
    }
    await shop.work();
    expect(await durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ outcome: { kind: 'paid' } });
    const refuse = (change: Partial<RefundIntent>) =>
      failureOf(() => durableOrders.refund(shop.intent('R1', 100, change)));
    expect(await refuse({ totalFee: 900 })).toMatchObject({ field: 'totalFee' });
    expect(await refuse({ refundCurrency: 'CNY' })).toMatchObject({ field: 'refundCurrency' });
    const { order } = await durableOrders.refund(shop.intent('R1', 100));
    expect(order.transactionId).toBe(shop.sandbox.orders.get('A1')?.transactionId);
    await durableOrders.reverse({ outTradeNo: 'A2', orderCreatedAt: createdAt });
    expect(await refuse({ outTradeNo: 'A2' })).toMatchObject({ field: 'outTradeNo' });
    await shop.pass(HOUR);
    expect(await durableOrders.get({ outTradeNo: 'A2' })).toMatchObject({ outcome: { kind: 'reversed' } });
    expect(await refuse({ outTradeNo: 'A2' })).toMatchObject({ field: 'outTradeNo' });
    expect((await durableOrders.explain({ outTradeNo: 'A1' }))?.summary).toMatch(
      /^HKD 8\.88 was paid .*; of it, HKD 1\.00 is refunded by R1; its durable order ended as paid \(end 1\)\.$/,
    );
  });

  it('leaves the amount of a refused refund to others, and does not take it twice', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    shop.mishap = ({ path, fields }) =>
      path === '/secapi/pay/refund' && fields.out_refund_no === 'R1'
        ? { fault: { kind: 'error', errorCode: 'USER_ACCOUNT_ABNORMAL' } }
        : undefined;
    await shop.durableOrders.refund(shop.intent('R1', TOTAL_FEE));
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get({ outRefundNo: 'R1' })).toMatchObject({
      status: 'dead',
      outcome: { kind: 'refund-rejected', error: { errorCode: 'USER_ACCOUNT_ABNORMAL' } },
    });
    shop.mishap = () => undefined;
    await shop.durableOrders.refund(shop.intent('R2', 500));
    const refused = await failureOf(() => shop.durableOrders.redrive({ outRefundNo: 'R1' }));
    expect(refused).toMatchObject({ field: 'refundFee' });
    expect(await shop.durableOrders.cancel({ outRefundNo: 'R1' })).toBe(false);
    await shop.pass(HOUR);
    expect(shop.sandbox.ledger.of('A1').returned).toBe(500);
  });

  it('is called off as long as nothing can have been sent', async () => {
    const shop = await openRefundShop({ works: false });
    shop.pay('A1');
    await shop.durableOrders.refund(shop.intent('R1', TOTAL_FEE));
    const waiting = shop.durableOrders.wait({ outRefundNo: 'R1' });
    expect(await shop.durableOrders.cancel({ outRefundNo: 'R1' }, { actor: 'manager' })).toBe(true);
    expect(await waiting).toMatchObject({ status: 'cancelled' });
    // Its amount is free, and its number is not: nobody shall believe that it is on its way.
    const again = await failureOf(() => shop.durableOrders.refund(shop.intent('R1', TOTAL_FEE)));
    expect(again).toMatchObject({ field: 'outRefundNo', message: expect.stringContaining('called off') as string });
    const worker = await shop.other({ works: true });
    shop.mishap = ({ path }) => (path === '/secapi/pay/refund' ? { kind: 'lost' } : undefined);
    await worker.refund(shop.intent('R2', TOTAL_FEE));
    await shop.work();
    expect(await shop.durableOrders.cancel({ outRefundNo: 'R2' })).toBe(false);
    expect(await shop.durableOrders.explain({ outRefundNo: 'R1' })).toMatchObject({
      status: 'cancelled',
      money: { kind: 'unknown' },
      timeline: [
        { kind: 'refund-enqueued', text: 'Refund R1 stored: HKD 8.88 of order A1.' },
        { kind: 'cancelled', fields: { rule: 'called-off', actor: 'manager' } },
      ],
    });
    await shop.pass(SECOND);
  });
});

describe('what is asked of refunds', () => {
  it('finds, lists, waits for and exports them, apart from orders', async () => {
    const shop = await openRefundShop();
    const { durableOrders } = shop;
    const transactionId = shop.pay('A1');
    shop.pay('A2');
    const by = { outTradeNo: undefined, transactionId } as object;
    await durableOrders.refund(shop.intent('R1', 300, by), { actor: 'till 7' });
    shop.clock.time += 1;
    await durableOrders.refund(shop.intent('R2', 300, { outTradeNo: 'A2' }));
    const waited = durableOrders.wait({ outRefundNo: 'R1' });
    await shop.pass(HOUR);
    expect(await waited).toMatchObject({ outcome: { kind: 'refunded' } });
    const numbers = (
      rows: readonly { readonly state: { readonly request: { readonly outRefundNo: string } } }[],
    ): string[] => rows.map(({ state }) => state.request.outRefundNo);
    expect(numbers(await durableOrders.find({ outRefundNo: 'R1' }))).toEqual(['R1']);
    expect(numbers(await durableOrders.find({ outTradeNo: 'A1', kind: 'refund' }))).toEqual(['R1']);
    expect(numbers(await durableOrders.find({ transactionId, kind: 'refund' }))).toEqual(['R1']);
    expect(await durableOrders.find({ transactionId })).toEqual([]);
    expect(numbers(await durableOrders.list({ kind: 'refund', status: 'done' }))).toEqual(['R1', 'R2']);
    expect(await durableOrders.list()).toEqual([]);
    const lines: string[] = [];
    for await (const line of durableOrders.exportJournal({ kind: 'refund' })) lines.push(line);
    expect(JSON.parse(lines[0]!)).toMatchObject({
      outTradeNo: 'A1',
      outRefundNo: 'R1',
      kind: 'refund-enqueued',
      seq: 1,
    });
    expect(await durableOrders.verifyJournal({ outRefundNo: 'R1' })).toMatchObject({ isIntact: true, firstSeq: 1 });
    for (const refused of [
      () => durableOrders.get({ outRefundNo: 'R1', outTradeNo: 'A1' } as never),
      () => durableOrders.find({ outRefundNo: 'R1', outTradeNo: 'A1' } as never),
      () => durableOrders.find({ outRefundNo: 'R1', kind: 'order' } as never),
      () => durableOrders.list({ kind: 'refunds' } as never),
      () => durableOrders.wait({ outRefundNo: '' }),
    ]) {
      expect(await failureOf(refused)).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST' });
    }
    await expect(durableOrders.wait({ outRefundNo: 'R9' })).rejects.toMatchObject({ code: 'WECHATPAY_NO_SUCH_ORDER' });
    expect(await durableOrders.explain({ outRefundNo: 'R9' })).toBeUndefined();
  });

  it('finds by the transaction those that were stored before it was known', async () => {
    const shop = await openRefundShop({ works: false });
    const { durableOrders } = shop;
    const transactionId = shop.pay('A1');
    const find = async (): Promise<unknown[]> =>
      (await durableOrders.find({ transactionId, kind: 'refund' })).map(({ state }) => state.request.outRefundNo);
    await durableOrders.refund(shop.intent('R1', 300));
    expect(await find()).toEqual([]); // nobody knows the transaction yet
    shop.clock.time += 1;
    await durableOrders.refund(shop.intent('R2', 300, { outTradeNo: undefined, transactionId }));
    // Of the same order, R1 is one of them; and on its own, once an answer has named the transaction.
    expect(await find()).toEqual(['R1', 'R2']);
    await shop.other({ works: true });
    shop.pay('A2');
    await durableOrders.refund(shop.intent('R3', 300, { outTradeNo: 'A2' }));
    await shop.pass(HOUR);
    const { transactionId: other } = shop.sandbox.orders.get('A2')!;
    const [third] = await durableOrders.find({ transactionId: other, kind: 'refund' });
    expect(third).toMatchObject({ order: { outTradeNo: 'A2', transactionId: other } });
    expect(await find()).toEqual(['R1', 'R2']);
  });

  it('does not take a refusal for proof, before two answers have confirmed it', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    shop.mishap = ({ path }) => (path === '/secapi/pay/refund' ? refusedWith('USER_ACCOUNT_ABNORMAL') : undefined);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.work();
    const doubtful = await shop.durableOrders.explain({ outRefundNo: 'R1' });
    expect(doubtful?.money).toMatchObject({
      mayHaveChanged: true,
      refusal: { errorCode: 'USER_ACCOUNT_ABNORMAL', at: new Date(START) },
    });
    expect(doubtful?.summary).toContain(
      `Submit Refund was refused with USER_ACCOUNT_ABNORMAL at ${new Date(START).toISOString()}, which is no proof`,
    );
    await shop.pass(MINUTE);
    expect((await shop.durableOrders.explain({ outRefundNo: 'R1' }))?.money).toMatchObject({
      kind: 'absent',
      mayHaveChanged: true,
    });
    await shop.pass(HOUR);
    const confirmed = await shop.durableOrders.explain({ outRefundNo: 'R1' });
    expect(confirmed).toMatchObject({ outcome: { kind: 'refund-rejected' }, money: { kind: 'absent' } });
    expect(confirmed?.money).not.toHaveProperty('mayHaveChanged');
    expect(confirmed?.summary).toContain('confirmed by Query Refund: nothing is returned');
    // It is submitted again, and accepted: of the refusal, nothing is left.
    shop.mishap = () => undefined;
    await shop.durableOrders.redrive({ outRefundNo: 'R1' });
    await shop.pass(HOUR);
    const refunded = await shop.durableOrders.explain({ outRefundNo: 'R1' });
    expect(refunded?.money).toMatchObject({ kind: 'refunded' });
    expect(refunded?.money).not.toHaveProperty('refusal');
  });

  it('says in one sentence what is known about the money, and how it came to that', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    let during: Promise<unknown> | undefined;
    shop.mishap = ({ path }) => {
      if (path === '/secapi/pay/refund') during ??= shop.durableOrders.explain({ outRefundNo: 'R1' });
      return undefined;
    };
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.work();
    expect(await during).toMatchObject({ money: { kind: 'unknown', mayHaveChanged: true } });
    const accepted = await shop.durableOrders.explain({ outRefundNo: 'R1' });
    expect(accepted?.summary).toMatch(
      /^WeChat Pay has accepted refund R1 \(HKD 3\.00 of order A1\), which is not refunded yet/,
    );
    await shop.pass(HOUR);
    const explained = await shop.durableOrders.explain({ outRefundNo: 'R1' });
    expect(explained?.summary).toMatch(
      /^The customer has the money of refund R1 \(HKD 3\.00 of order A1\), known since .* by the verified answer to Query Refund; its durable refund ended as refunded \(end 1\)\.$/,
    );
    expect(explained?.timeline.map(({ kind }) => kind).filter((kind) => kind !== 'answered')).toEqual([
      'refund-enqueued',
      'decided',
      'decided',
      'ended',
      'told',
    ]);
    expect(explained?.timeline.filter(({ kind }) => kind === 'decided')).toMatchObject([
      { fields: { decision: 'submit-refund', rule: 'refund-asked-for' } },
      { fields: { decision: 'follow-refund', rule: 'accepted-is-not-refunded' } },
    ]);
    const answered = explained?.timeline.find(({ kind }) => kind === 'answered');
    expect(answered?.fields).toMatchObject({
      operation: 'Submit Refund',
      reply: { out_refund_no: 'R1', refund_fee: '300' },
    });
    expect(JSON.stringify(explained)).not.toContain(shop.sandbox.merchant.apiKey);
  });
});
