import { describe, expect, it } from 'vitest';
import { durableRefundId, type DurableOrderEvent } from '../index.js';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { DURABLE_ORDER_CHANNEL } from '../events.js';
import { refused, standing } from '../../test/mishaps.js';
import { DAY, HOUR, MINUTE, openRefundShop, SECOND, TOTAL_FEE } from '../../test/refund-shop.js';

const R1 = { outRefundNo: 'R1' };

describe('a worker with a refund', () => {
  it.each([true, false])('asks first where another died with it; submitted: %s', async (isDelivered) => {
    const shop = await openRefundShop();
    await shop.other({ works: true });
    shop.pay('A1');
    shop.mishap = ({ path }) =>
      path === '/secapi/pay/refund' && shop.submissions().length === 0 ? { kind: 'dies', isDelivered } : undefined;
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ status: 'done', outcome: { kind: 'refunded' } });
    const paths = shop.calls.map(({ path }) => path);
    expect(paths.slice(0, 2)).toEqual(['/secapi/pay/refund', '/pay/refundquery']);
    expect(shop.submissions()).toHaveLength(isDelivered ? 1 : 2);
    // The same refund is not submitted again within the minute.
    const [first, again] = shop.submissions();
    if (again) expect(again.at - first!.at).toBeGreaterThanOrEqual(MINUTE);
    expect(shop.sandbox.ledger.of('A1').returned).toBe(300);
  });

  it('does not submit what it has stored too long ago', async () => {
    const shop = await openRefundShop({ leaseMs: HOUR });
    shop.pay('A1');
    const find = shop.store.find.bind(shop.store);
    let looks = 0;
    // The process stands still after it has stored that it submits.
    shop.store.find = async (query) => {
      if (query.parentId !== undefined && (looks += 1) === 3) shop.clock.time += 5 * MINUTE;
      return find(query);
    };
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(20 * SECOND);
    expect(looks).toBe(3);
    await shop.pass(6 * MINUTE); // it has set the clock back
    expect(looks).toBeGreaterThan(3);
    const kinds = (await shop.durableOrders.explain(R1))?.timeline.map(({ text }) => text) ?? [];
    expect(kinds.some((text) => text.startsWith('Not submitted yet'))).toBe(true);
    await shop.pass(HOUR);
    expect(shop.submissions()).toHaveLength(1);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ status: 'done' });
  });

  it('keeps the time of a refund that was held back, and the minute between two of an order', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    shop.mishap = () => refused('NOAUTH');
    for (const number of ['R1', 'R2']) await shop.durableOrders.refund(shop.intent(number, 100));
    await shop.pass(20 * MINUTE);
    expect(shop.durableOrders.merchantPauses()).toHaveLength(1);
    const before = shop.submissions().length;
    shop.mishap = () => undefined;
    shop.durableOrders.resume(shop.client.merchantId);
    const resumedAt = shop.clock.time;
    await shop.pass(HOUR);
    const [first, second] = shop.submissions().slice(before);
    expect(first!.at).toBeGreaterThanOrEqual(resumedAt);
    expect(second!.at - first!.at).toBeGreaterThanOrEqual(MINUTE);
    for (const { at, fields } of [first!, second!]) {
      const stored = await shop.durableOrders.get({ outRefundNo: fields.out_refund_no! });
      expect(stored).toMatchObject({ outcome: { kind: 'refunded' }, state: { submittedAt: at } });
    }
  });

  it('leaves a minute between the parts of an order, also where one is sent again, and by two processes', async () => {
    const shop = await openRefundShop();
    await shop.other({ works: true });
    shop.pay('A1');
    shop.mishap = ({ path, fields }) =>
      path === '/secapi/pay/refund' && fields.out_refund_no === 'R1' && shop.submissions().length < 1
        ? refused('NOTENOUGH')
        : undefined;
    const policy = { balanceRetryMs: MINUTE }; // and up to half a minute more: R2 is sent just before
    for (const number of ['R1', 'R2', 'R3']) await shop.durableOrders.refund(shop.intent(number, 100, { policy }));
    await shop.pass(HOUR);
    const times = shop.submissions().map(({ at }) => at);
    expect(times).toHaveLength(4);
    for (const [index, at] of times.entries())
      if (index > 0) expect(at - times[index - 1]!).toBeGreaterThanOrEqual(MINUTE);
    expect(await shop.durableOrders.list({ kind: 'refund', status: 'done' })).toHaveLength(3);
  });

  it('holds the refunds of a merchant whose settings are wrong, and goes on once they work', async () => {
    const shop = await openRefundShop();
    let isWrong = true;
    shop.mishap = ({ path }) => (isWrong && path === '/secapi/pay/refund' ? refused('NOAUTH') : undefined);
    for (const number of [1, 2, 3, 4]) {
      shop.pay(`A${number}`);
      await shop.durableOrders.refund(shop.intent(`R${number}`, 300, { outTradeNo: `A${number}` }));
    }
    await shop.pass(2 * HOUR);
    expect(await shop.durableOrders.dead({ kind: 'refund' })).toEqual([]);
    expect(shop.durableOrders.merchantPauses()).toMatchObject([{ code: 'NOAUTH', operation: 'Submit Refund' }]);
    expect(shop.submissions().length).toBeLessThan(60);
    isWrong = false;
    await shop.pass(HOUR);
    expect(await shop.durableOrders.list({ kind: 'refund', status: 'done' })).toHaveLength(4);
    expect((await shop.durableOrders.explain({ outRefundNo: 'R4' }))?.timeline.map(({ kind }) => kind)).toContain(
      'held',
    );
  });

  it('leaves one to others that it cannot take on, and then to a person', async () => {
    const shop = await openRefundShop({ works: false });
    shop.pay('A1');
    await shop.durableOrders.refund(shop.intent('R1', 300));
    const id = durableRefundId({ merchantId: shop.client.merchantId, outRefundNo: 'R2' });
    const row = (await shop.durableOrders.get(R1))!;
    const { kind, merchantId, order } = row;
    await shop.store.enqueue(id, { kind, merchantId, order, state: { version: 9 } as never }, 0);
    const elsewhere = durableRefundId({ merchantId: '1900009999', outRefundNo: 'R3' });
    await shop.store.enqueue(elsewhere, { kind, merchantId: '1900009999', order, state: row.state }, 0);
    await shop.other({ works: true });
    await shop.pass(MINUTE);
    for (const one of [id, elsewhere]) {
      expect(await shop.store.get(one)).toMatchObject({
        status: 'waiting',
        unreadableSince: expect.any(Number) as number,
      });
      expect((await shop.store.journal(one)).map((entry) => entry.kind)).toEqual(['left']);
    }
    shop.clock.time += 8 * DAY;
    await shop.work();
    expect(await shop.store.get(id)).toMatchObject({ status: 'dead', outcome: { kind: 'unresolved' }, end: 1 });
    // Of its state the time is known.
    expect(await shop.store.get(elsewhere)).toMatchObject({ status: 'waiting' });
    expect(shop.told.find((told) => told.id === id)).toMatchObject({ outRefundNo: '', refund: {}, order });
  });

  it('calls onRefundResolved until it takes the end, and tells of each step', async () => {
    const events: DurableOrderEvent[] = [];
    const listen = (event: unknown): void => void events.push(event as DurableOrderEvent);
    subscribe(DURABLE_ORDER_CHANNEL, listen);
    try {
      let times = 0;
      const shop = await openRefundShop({
        onRefundResolved: () => {
          times += 1;
          if (times < 3) throw new Error('the database is away');
        },
      });
      shop.pay('A1');
      await shop.durableOrders.refund(shop.intent('R1', 300));
      await shop.pass(HOUR);
      expect(times).toBe(3);
      expect(await shop.durableOrders.get(R1)).toMatchObject({ status: 'done', end: 1 });
      const kinds = (await shop.durableOrders.explain(R1))?.timeline.map(({ kind }) => kind).slice(-3);
      expect(kinds).toEqual(['ended', 'telling-failed', 'told']);
      const problem = events.find((event) => event.kind === 'problem');
      expect(problem).toMatchObject({ error: { code: 'WECHATPAY_ON_RESOLVED_FAILED' } });
      expect(problem?.kind === 'problem' && problem.error.message).toMatch(
        /^onRefundResolved failed for durable refund/,
      );
      expect(events.filter(({ kind }) => kind !== 'problem').map(({ kind }) => kind)).toEqual([
        'refund-enqueued',
        ...events.filter(({ kind }) => kind === 'refund-step').map(({ kind }) => kind),
        'refund-resolved',
      ]);
    } finally {
      unsubscribe(DURABLE_ORDER_CHANNEL, listen);
    }
  });

  it('asks at once where a notification has come, and believes only what is answered', async () => {
    const shop = await openRefundShop({ refundDelayMs: 3 * HOUR });
    shop.pay('A1');
    await shop.durableOrders.refund(shop.intent('R1', 300));
    expect(await shop.durableOrders.hasten({ outRefundNo: 'R9' })).toBe(false);
    await shop.pass(2 * HOUR);
    const calls = shop.calls.length;
    expect(await shop.durableOrders.hasten(R1)).toBe(true);
    await shop.work();
    expect(shop.calls.slice(calls).map(({ path }) => path)).toEqual(['/pay/refundquery']);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ status: 'waiting', state: { kind: 'following' } });
    await shop.pass(DAY);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ outcome: { kind: 'refunded' } });
    expect(await shop.durableOrders.hasten(R1)).toBe(false);
  });

  it('ends a refund that a person has to decide about, with the reason, and goes on from there', async () => {
    const shop = await openRefundShop();
    shop.pay('A1');
    let status: string | undefined = 'REFUNDCLOSE';
    shop.mishap = ({ path }) => (path === '/pay/refundquery' && status ? standing(status, 'R1', 300) : undefined);
    await shop.durableOrders.refund(shop.intent('R1', 300));
    await shop.pass(HOUR);
    const [dead] = await shop.durableOrders.dead({ kind: 'refund' });
    expect(dead).toMatchObject({ outcome: { kind: 'needs-attention', reason: 'closed' }, end: 1 });
    expect((await shop.durableOrders.explain(R1))?.summary).toMatch(
      /^WeChat Pay ended refund R1 .*nothing was returned/,
    );
    // It returned nothing: its amount is free.
    expect(await shop.durableOrders.refund(shop.intent('R2', TOTAL_FEE - 300))).toMatchObject({ status: 'waiting' });
    status = undefined;
    const redriven = await shop.durableOrders.redriveAll(
      { kind: 'refund', outcome: 'needs-attention' },
      { actor: 'A' },
    );
    expect(redriven).toMatchObject({ redriven: [{ outTradeNo: 'A1', outRefundNo: 'R1' }], failed: [] });
    await shop.pass(HOUR);
    expect(await shop.durableOrders.get(R1)).toMatchObject({ status: 'done', outcome: { kind: 'refunded' }, end: 2 });
    expect(shop.told.filter(({ outRefundNo }) => outRefundNo === 'R1').map(({ end }) => end)).toEqual([1, 2]);
    expect(await shop.durableOrders.redrive(R1)).toBe(false);
  });
});
