import { describe, expect, it, vi } from 'vitest';
import { DAY, MERCHANT, openClockedShop, SECOND, START } from '../../test/clocked-shop.js';
import type { OrderExplanation } from '../index.js';

const A1 = { outTradeNo: 'A1', merchantId: MERCHANT };
const kindsOf = (explanation: OrderExplanation | undefined): string[] =>
  explanation?.timeline.map(({ kind }) => kind) ?? [];

describe('the journal of an order', () => {
  it('tells each answer, each decision with its rule, each end, and who was told', async () => {
    const shop = await openClockedShop();
    shop.states.set('A1', 'USERPAYING');
    await shop.enqueue('A1', {});
    await shop.pass(15 * SECOND); // USERPAYING
    shop.answer = () => new Error('connection reset');
    await shop.pass(5 * SECOND);
    shop.answer = () => undefined;
    for (let time = 0; time < 6; time += 1) await shop.pass(5 * SECOND); // at 45 s it is reversed
    const explanation = await shop.durableOrders.explain(A1);
    expect(kindsOf(explanation)).toEqual([
      'enqueued',
      'answered',
      'failed',
      ...['answered', 'answered', 'answered', 'answered', 'answered'],
      'decided',
      'answered',
      'decided',
      'answered',
      'ended',
      'told',
    ]);
    expect(explanation?.timeline.filter(({ kind }) => kind === 'decided' || kind === 'ended')).toMatchObject([
      { fields: { decision: 'reverse', rule: 'time-to-pay-is-over' } },
      { fields: { decision: 'prove', rule: 'prove-by-query' } },
      { fields: { end: 1, outcome: { kind: 'reversed' }, rule: 'reversed-by-answer' } },
    ]);
    expect(explanation?.timeline[2]).toMatchObject({
      fields: { operation: 'Query Order', code: 'WECHATPAY_CONNECTION', outcome: 'unknown', isVerified: false },
    });
    const since = new Date(START + 45 * SECOND).toISOString();
    expect(explanation?.summary).toBe(
      'Order A1 is reversed, so that whatever was paid goes back and nothing can be paid any more, known since ' +
        `${since} by the verified answer to Query Order; its durable order ended as reversed (end 1).`,
    );
  });

  it('is stored with the step that it is about: what was not stored is not told', async () => {
    const shop = await openClockedShop();
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    const entries = await shop.store.journal((await shop.durableOrders.get(A1))!.id);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    expect(await shop.durableOrders.verifyJournal(A1)).toEqual({ isIntact: true, entries: 4, firstSeq: 1 });
  });

  it('is not intact once its last entries are cut off', async () => {
    const shop = await openClockedShop();
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    const journal = shop.store.journal.bind(shop.store);
    shop.store.journal = async (id, page) => (await journal(id, page)).filter(({ seq }) => seq < 4);
    expect(await shop.durableOrders.verifyJournal(A1)).toMatchObject({ isIntact: false, entries: 3, brokenAt: 4 });
  });

  it('tells who had a step taken sooner', async () => {
    const shop = await openClockedShop({ works: false });
    await shop.enqueue('A1');
    expect(await shop.durableOrders.hasten(A1, { actor: 'till 7' })).toBe(true);
    expect((await shop.durableOrders.explain(A1))?.timeline.at(-1)).toMatchObject({
      kind: 'hastened',
      fields: { actor: 'till 7' },
      text: 'Its next step is to be taken sooner for till 7.',
    });
  });

  it.each([
    [false, undefined],
    [true, 'oUpF8'],
  ])('keeps every signed field of an answer; with journalOpenId %s', async (journalOpenId, openid) => {
    const shop = await openClockedShop({ journalOpenId });
    shop.answer = () => ({
      trade_state: 'SUCCESS',
      transaction_id: '42',
      total_fee: '888',
      fee_type: 'HKD',
      attach: '',
    });
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    const explanation = await shop.durableOrders.explain(A1);
    const answered = explanation?.timeline.find(({ kind }) => kind === 'answered');
    expect(answered?.fields).toMatchObject({
      answer: { kind: 'queried', tradeState: 'SUCCESS', payment: { transactionId: '42', totalFee: 888 } },
      reply: { transaction_id: '42', total_fee: '888', fee_type: 'HKD', mch_id: MERCHANT, out_trade_no: 'A1' },
    });
    const { reply } = answered?.fields as { reply: Record<string, string> };
    expect([reply.openid, reply.sign, reply.attach]).toEqual([openid, undefined, undefined]);
    expect(JSON.stringify(explanation)).not.toContain('192006250b4c09247ec02edce69f6a2d');
  });

  it('tells who asked for what a person may ask for', async () => {
    const shop = await openClockedShop();
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    const intent = { ...A1, orderCreatedAt: new Date(START) };
    expect(await shop.durableOrders.reverse(intent, { actor: 'till 7' })).toBe('enqueued');
    await shop.pass(30 * SECOND);
    await shop.enqueue('A2');
    await shop.durableOrders.cancel({ ...A1, outTradeNo: 'A2' }, { actor: 'manager' });
    const [first, second] = [
      await shop.durableOrders.explain(A1),
      await shop.durableOrders.explain({ ...A1, outTradeNo: 'A2' }),
    ];
    expect(first?.timeline.find(({ kind }) => kind === 'reopened')).toMatchObject({
      fields: { by: 'reverse', actor: 'till 7', ifPaid: 'reverse', before: 'paid' },
    });
    expect(second?.timeline.at(-1)).toMatchObject({
      kind: 'cancelled',
      fields: { actor: 'manager', rule: 'called-off' },
    });
    expect(second?.summary).toMatch(/^Nothing is known .*; its durable order was called off\.$/);
  });

  it.each(['', ' ', 'x'.repeat(129), 'a\nb', 7 as never])(
    'refuses the actor %j before anything is stored',
    async (actor) => {
      const { durableOrders, enqueue, store } = await openClockedShop({ works: false });
      await enqueue('A1');
      const intent = { outTradeNo: 'A2', merchantId: MERCHANT, orderCreatedAt: new Date(START) };
      const calls = [
        () => durableOrders.cancel(A1, { actor }),
        () => durableOrders.note(A1, { text: 'x', actor }),
        () => durableOrders.reverse(intent, { actor }),
        () => durableOrders.redrive(A1, { actor }),
        () => durableOrders.redriveAll({}, { actor }),
        () => durableOrders.enqueue(intent, { actor }),
        async () => Promise.resolve(durableOrders.resume(MERCHANT, { actor })),
      ];
      for (const call of calls)
        await expect((async () => call())()).rejects.toMatchObject({
          code: 'WECHATPAY_INVALID_REQUEST',
          field: 'actor',
        });
      expect(await store.counts()).toMatchObject({ waiting: 1, cancelled: 0 });
    },
  );

  it('tells once that onResolved did not take an end, and when it did', async () => {
    let times = 0;
    const shop = await openClockedShop({
      onResolved: () => {
        times += 1;
        if (times < 4) throw new Error('the database password is hunter2');
      },
    });
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    for (let time = 0; time < 3; time += 1) await shop.pass(11 * SECOND);
    const explanation = await shop.durableOrders.explain(A1);
    expect(kindsOf(explanation)).toEqual(['enqueued', 'answered', 'ended', 'telling-failed', 'told']);
    expect(JSON.stringify(explanation)).not.toContain('hunter2');
  });

  it('tells of a payment whose answer was clear, and of one that was declined', async () => {
    const shop = await openClockedShop();
    await shop.durableOrders.pay(shop.request('A1'), { merchantId: MERCHANT, actor: 'till 1' });
    shop.states.set('A2', 'NOTPAY');
    shop.answer = ({ path }) =>
      path === '/pay/micropay' ? { result_code: 'FAIL', err_code: 'NOTENOUGH', err_code_des: 'no money' } : undefined;
    await shop.durableOrders.pay(shop.request('A2'), { merchantId: MERCHANT });
    await shop.pass(16 * SECOND);
    await shop.pass(5 * SECOND);
    const paid = await shop.durableOrders.explain(A1);
    expect(kindsOf(paid)).toEqual(['enqueued', 'answered', 'ended', 'told']);
    expect(paid?.timeline[0]).toMatchObject({ fields: { by: 'pay', actor: 'till 1' } });
    expect(paid?.summary).toBe(
      `HKD 8.88 was paid for order A1 (transaction 42A1), known since ${new Date(START).toISOString()} by the verified ` +
        'answer to Submit Quick Pay; its durable order ended as paid (end 1).',
    );
    const declined = await shop.durableOrders.explain({ ...A1, outTradeNo: 'A2' });
    expect(kindsOf(declined).slice(0, 4)).toEqual(['enqueued', 'failed', 'answered', 'decided']);
    expect(declined?.timeline[3]).toMatchObject({ fields: { decision: 'reverse', rule: 'declined-stays-open' } });
    expect(declined?.money.kind).toBe('reversed');
  });
});

describe('explain', () => {
  it('knows nothing of an order that was never stored', async () => {
    const { durableOrders } = await openClockedShop({ works: false });
    expect(await durableOrders.explain(A1)).toBeUndefined();
  });

  it('does not claim that an order is still paid once a reversal may have been made', async () => {
    const shop = await openClockedShop();
    await shop.enqueue('A1', { policy: { ifPaid: 'reverse' } });
    shop.answer = ({ path }) => (path === '/secapi/pay/reverse' ? new Error('connection reset') : undefined);
    await shop.pass(15 * SECOND);
    const explanation = await shop.durableOrders.explain(A1);
    expect(explanation?.money).toMatchObject({ kind: 'paid', totalFee: 888, mayHaveChanged: 'by a reversal' });
    expect(explanation?.summary).toContain('which may have changed since, or may still change, by a reversal');
  });

  it('says so while a reversal is on its way, before anything has come back', async () => {
    const shop = await openClockedShop();
    let during: Promise<OrderExplanation | undefined> | undefined;
    shop.answer = ({ path }) => {
      if (path === '/secapi/pay/reverse') during ??= shop.durableOrders.explain(A1);
      return undefined;
    };
    await shop.enqueue('A1', { policy: { ifPaid: 'reverse' } });
    await shop.pass(15 * SECOND);
    expect((await during)?.money).toMatchObject({ kind: 'paid', mayHaveChanged: 'by a reversal' });
  });

  it('keeps the journal for longer than the order', async () => {
    const shop = await openClockedShop();
    await shop.enqueue('A1');
    await shop.pass(15 * SECOND);
    shop.clock.time += 31 * DAY;
    await shop.store.prune();
    const explanation = await shop.durableOrders.explain(A1);
    expect(explanation).not.toHaveProperty('status');
    expect(explanation?.summary).toMatch(/^HKD 8\.88 was paid .*only its journal\.$/);
  });
});

describe('note', () => {
  it('is read in the timeline, whatever became of the order, and changes nothing else', async () => {
    const shop = await openClockedShop({
      onResolved: async ({ order }) => {
        const { outTradeNo } = order;
        await shop.durableOrders.note({ outTradeNo, merchantId: MERCHANT }, { text: 'Told the shop.' });
      },
    });
    const { durableOrders } = shop;
    await shop.enqueue('A1');
    expect(await durableOrders.note(A1, { text: 'Called the customer:\nthey pay again.', actor: 'Ann' })).toBe(true);
    await shop.pass(15 * SECOND);
    const before = await durableOrders.get(A1);
    expect(await durableOrders.note(A1, { text: '€ 100, 微信' })).toBe(true);
    const { journalHead: _, ...after } = (await durableOrders.get(A1))!;
    expect(before).toMatchObject(after);
    const explained = await durableOrders.explain(A1);
    expect(explained?.timeline.filter(({ kind }) => kind === 'noted')).toMatchObject([
      { fields: { actor: 'Ann' }, text: 'Noted by Ann: Called the customer:\nthey pay again.' },
      { text: 'Noted: Told the shop.' }, // while a worker has it
      { text: 'Noted: € 100, 微信' },
    ]);
    expect(await durableOrders.verifyJournal(A1)).toMatchObject({ isIntact: true });
    expect(await durableOrders.note({ ...A1, outTradeNo: 'A9' }, { text: 'x' })).toBe(false);
    expect(await durableOrders.note({ outRefundNo: 'R9', merchantId: MERCHANT }, { text: 'x' })).toBe(false);
  });

  it.each<[string, object]>([
    ['text', {}],
    ['text', { text: '' }],
    ['text', { text: ' \n ' }],
    ['text', { text: 'x'.repeat(1001) }],
    ['text', { text: 'a\u0000b' }],
    ['text', { text: 7 }],
    ['txt', { txt: 'x' }],
  ])('refuses %s: %j', async (field, note) => {
    const { durableOrders, enqueue } = await openClockedShop({ works: false });
    await enqueue('A1');
    await expect(durableOrders.note(A1, note as never)).rejects.toMatchObject({
      code: 'WECHATPAY_INVALID_REQUEST',
      field,
    });
    expect((await durableOrders.explain(A1))?.timeline).toHaveLength(1);
  });
});

describe('exportJournal', () => {
  it('gives a line for each entry of the orders of a filter', async () => {
    const shop = await openClockedShop();
    for (const outTradeNo of ['A1', 'A2', 'A3']) await shop.enqueue(outTradeNo);
    await shop.pass(15 * SECOND);
    await shop.enqueue('A4');
    const lines: string[] = [];
    for await (const line of shop.durableOrders.exportJournal({ status: 'done' })) lines.push(line);
    expect(lines).toHaveLength(12);
    expect(lines.every((line) => line.endsWith('\n') && line.indexOf('\n') === line.length - 1)).toBe(true);
    const first = JSON.parse(lines[0]!) as Record<string, unknown>;
    expect(first).toMatchObject({ merchantId: MERCHANT, outTradeNo: 'A1', seq: 1, at: START, kind: 'enqueued' });
    expect(Object.keys(first)).toContain('hash');
  });

  it('refuses an unknown filter before it is read', async () => {
    const { durableOrders } = await openClockedShop({ works: false });
    expect(() => durableOrders.exportJournal({ state: 'done' } as never)).toThrow(/state/);
  });
});

describe('wait', () => {
  it('gives the order once it has an end, in this process and in another', async () => {
    const shop = await openClockedShop();
    const other = await shop.other();
    await shop.enqueue('A1');
    const waiting = [shop.durableOrders.wait(A1), other.wait(A1)];
    await shop.pass(15 * SECOND);
    for (const waited of waiting) expect(await waited).toMatchObject({ outcome: { kind: 'paid' }, end: 1 });
  });

  it('is told at once of an end in this process, without looking', async () => {
    const shop = await openClockedShop({ works: false });
    await shop.enqueue('A1');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const waiting = shop.durableOrders.wait(A1);
      await shop.durableOrders.get(A1); // it looked, and waits
      await shop.durableOrders.cancel(A1);
      expect(await waiting).toMatchObject({ status: 'cancelled' });
    } finally {
      vi.useRealTimers();
    }
  });

  it('gives one that is called off, and one that has ended already', async () => {
    const shop = await openClockedShop({ works: false });
    await shop.enqueue('A1');
    const waiting = shop.durableOrders.wait(A1);
    await shop.durableOrders.cancel(A1);
    expect(await waiting).toMatchObject({ status: 'cancelled' });
    expect(await shop.durableOrders.wait(A1)).toMatchObject({ status: 'cancelled' });
  });

  it('says so of an unknown order, an aborted signal, and a process that stops; no timer stays behind', async () => {
    const { durableOrders, enqueue } = await openClockedShop({ works: false });
    await expect(durableOrders.wait(A1)).rejects.toMatchObject({ code: 'WECHATPAY_NO_SUCH_ORDER' });
    await enqueue('A1');
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const controller = new AbortController();
      const aborted = durableOrders.wait(A1, { signal: controller.signal }).catch((error: unknown) => error);
      const stopped = durableOrders.wait(A1).catch((error: unknown) => error);
      await vi.waitUntil(() => vi.getTimerCount() === 2);
      const reason = new Error('the customer left');
      controller.abort(reason);
      expect(await aborted).toMatchObject({ code: 'WECHATPAY_WAIT_ABORTED', cause: reason });
      expect(vi.getTimerCount()).toBe(1);
      const again = durableOrders.wait(A1, { signal: controller.signal });
      await expect(again).rejects.toMatchObject({ code: 'WECHATPAY_WAIT_ABORTED' });
      await durableOrders.stop();
      expect(await stopped).toMatchObject({ code: 'WECHATPAY_STOPPING' });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
    await expect(durableOrders.wait(A1, { signal: 1 as never })).rejects.toMatchObject({ field: 'signal' });
  });
});
