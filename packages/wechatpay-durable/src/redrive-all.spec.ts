import { describe, expect, it } from 'vitest';
import {
  DAY,
  MERCHANT,
  openClockedShop,
  OTHER_MERCHANT,
  SECOND,
  START,
  type ClockedShop,
} from '../test/clocked-shop.js';

/** Four dead orders: two for a parameter, one of another merchant, and one that was paid with another amount. */
async function openWithDead(): Promise<ClockedShop> {
  const shop = await openClockedShop();
  shop.answer = ({ outTradeNo }) =>
    outTradeNo.startsWith('P')
      ? { result_code: 'FAIL', err_code: 'PARAM_ERROR' }
      : { trade_state: 'SUCCESS', transaction_id: '42', total_fee: '1', fee_type: 'HKD' };
  for (const outTradeNo of ['P1', 'P2', 'Q1']) await shop.enqueue(outTradeNo);
  await shop.enqueue('P3', { merchantId: OTHER_MERCHANT });
  await shop.pass(15 * SECOND);
  for (let time = 0; time < 3; time += 1) await shop.pass(5 * SECOND);
  expect(await shop.durableOrders.dead()).toHaveLength(4);
  shop.answer = () => undefined;
  return shop;
}

const numbersOf = (found: readonly { outTradeNo: string }[]): string[] =>
  found.map(({ outTradeNo }) => outTradeNo).sort();

describe('redriveAll', () => {
  it.each([
    [{}, ['P1', 'P2', 'P3', 'Q1']],
    [{ code: 'PARAM_ERROR' }, ['P1', 'P2', 'P3']],
    [{ code: 'PARAM_ERROR', merchantId: MERCHANT }, ['P1', 'P2']],
    [{ code: 'WECHATPAY_BUSINESS_FAIL' }, ['P1', 'P2', 'P3']],
    [{ outcome: 'unresolved' as const }, []],
    [{ createdBefore: new Date(START) }, []],
    [{ ended: { from: new Date(START), to: new Date(START + DAY) } }, ['P1', 'P2', 'P3', 'Q1']],
  ])('of %j is, in a dry run, what it would set going again', async (filter, expected) => {
    const { durableOrders, calls } = await openWithDead();
    const before = calls.length;
    const dry = await durableOrders.redriveAll(filter, { dryRun: true });
    expect([numbersOf(dry.redriven), dry.failed]).toEqual([expected, []]);
    expect([await durableOrders.counts(), calls.length]).toMatchObject([{ dead: 4 }, before]);
  });

  it('sets them going again, with what changes, and notes who asked', async () => {
    const shop = await openWithDead();
    const { redriven, failed } = await shop.durableOrders.redriveAll(
      { code: 'PARAM_ERROR' },
      { actor: 'Ann', policy: { ifPaid: 'reverse' } },
    );
    expect([numbersOf(redriven), failed]).toEqual([['P1', 'P2', 'P3'], []]);
    for (let time = 0; time < 3; time += 1) await shop.pass(15 * SECOND);
    expect(await shop.durableOrders.counts()).toMatchObject({ done: 3, dead: 1 });
    const explanation = await shop.durableOrders.explain({ outTradeNo: 'P1', merchantId: MERCHANT });
    expect(explanation?.timeline.find(({ kind }) => kind === 'reopened')).toMatchObject({
      fields: { by: 'redrive', actor: 'Ann', ifPaid: 'reverse', before: 'needs-attention' },
    });
    expect(explanation?.money.kind).toBe('reversed');
  });

  it('takes no more than its limit, and says of which order it is impossible, and why', async () => {
    const { durableOrders } = await openWithDead();
    expect((await durableOrders.redriveAll({ limit: 2 })).redriven).toHaveLength(2);
    const tooSoon = { policy: { refundWhenExpired: true }, deadline: new Date(START + DAY) };
    const { redriven, failed } = await durableOrders.redriveAll({}, tooSoon);
    expect(redriven).toEqual([]);
    expect(failed).toMatchObject([
      { error: { field: 'refundWhenExpired' } },
      { error: { field: 'refundWhenExpired' } },
    ]);
  });

  it.each([
    ['status', { status: 'done' }, {}],
    ['limit', { limit: 0 }, {}],
    ['outcome', { outcome: 'paid' }, {}],
    ['code', { code: '' }, {}],
    ['ended', { ended: 1 }, {}],
    ['createdBefore', { createdBefore: new Date('soon') }, {}],
    ['createdBefore', { createdBefore: null }, {}],
    ['merchantId', { merchantId: '' }, {}],
    ['dryRun', {}, { dryRun: 'yes' }],
    ['dryrun', {}, { dryrun: true }],
  ])('refuses a wrong %s before anything is read', async (field, filter, options) => {
    const { durableOrders } = await openClockedShop({ works: false });
    await expect(durableOrders.redriveAll(filter as never, options as never)).rejects.toMatchObject({ field });
  });
});
