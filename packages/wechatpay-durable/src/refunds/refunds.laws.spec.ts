import fc from 'fast-check';
import { expect, it } from 'vitest';
import { faultCatalogue, type Fault } from 'wechatpay-sandbox';
import { isWechatPayError } from 'wechatpay-core';
import { type Mishap } from '../../test/mishaps.js';
import { closeRefundShops, DAY, MINUTE, openRefundShop, START, TOTAL_FEE } from '../../test/refund-shop.js';
import { refundEffectOf, type DurableRefund } from '../index.js';

// Refunds against the whole gateway: every fault at any call, calls that arrive late or twice, processes that die with a call under way,
// two workers, and who asks twice. The ledger is the judge.
const RUNS = Number(process.env.REFUND_RUNS ?? 40);

const REFUSALS = [
  // Not FREQUENCY_LIMITED: the client would wait for it by real timers.
  ...['NOTENOUGH', 'BIZERR_NEED_RETRY', 'SYSTEMERROR', 'NOAUTH', 'INVALID_REQUEST'],
  ...['USER_ACCOUNT_ABNORMAL', 'USER_ACCOUNT_ABNORMAL', 'USER_ACCOUNT_ABNORMAL'],
];
// A recall is for Revoke Order; elsewhere it would be a signed success for what did not happen. And where WeChat Pay itself says, signed, that
// the number is another order's, it is.
const FAULTS = Object.values(faultCatalogue)
  .flatMap<Fault>(({ examples }) => examples)
  .filter((fault) => fault.kind !== 'recall' && !(fault.kind === 'foreign-identity' && fault.fields));

const mishap: fc.Arbitrary<Mishap> = fc.oneof(
  fc.constantFrom(...FAULTS).map((fault) => ({ fault })),
  {
    weight: 4,
    arbitrary: fc
      // "in extreme cases it succeeded"
      .record({ errorCode: fc.constantFrom(...REFUSALS), effect: fc.constantFrom(false, false, true) })
      .map((refusal) => ({ fault: { kind: 'error', ...refusal } as const })),
  },
  fc.constantFrom('unsent', 'lost', 'twice').map((kind) => ({ kind })),
  fc.boolean().map((isDelivered) => ({ kind: 'dies', isDelivered }) as const),
  fc.integer({ min: 15_000, max: 45_000 }).map((ms) => ({ kind: 'late', ms }) as const),
);

const story = fc.record({
  // Of an order that is stored, and kept: so many of its first queries have no answer. After three it would be reversed.
  unanswered: fc.option(fc.integer({ min: 0, max: 60 })),
  mishaps: fc.array(fc.option(mishap, { freq: 4 }), { maxLength: 24, size: 'max' }),
  asked: fc.array(
    fc.record({
      number: fc.integer({ min: 1, max: 4 }),
      fee: fc.constantFrom(88, 300, 500, TOTAL_FEE),
      afterMs: fc.constantFrom(0, 0, 5_000, MINUTE, 20 * MINUTE),
      process: fc.integer({ min: 0, max: 1 }),
      isByTransaction: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6, size: 'max' },
  ),
});
type Story = typeof story extends fc.Arbitrary<infer T> ? T : never;

it(`refunds end as the ledger says, in ${RUNS} stories`, { timeout: 120_000 }, async () => {
  const kinds = new Map<string, number>();
  const count = (name: string): void => void kinds.set(name, (kinds.get(name) ?? 0) + 1);

  const tell = async ({ mishaps, asked, unanswered }: Story): Promise<void> => {
    const shop = await openRefundShop();
    const other = await shop.other({ works: true });
    const { sandbox, store, clock } = shop;
    const transactionId = shop.pay('A1');
    const script = [...mishaps];
    let lost = unanswered ?? 0;
    shop.mishap = ({ path, fields }) => {
      if (path === '/secapi/pay/reverse') return undefined;
      if (path !== '/pay/orderquery') return script.shift() ?? undefined;
      if (fields.out_trade_no === undefined) return undefined; // whoever refunds by the transaction asks for its order
      lost -= 1;
      return lost >= 0 ? { kind: 'lost' } : undefined;
    };
    if (unanswered !== null) {
      const order = { outTradeNo: 'A1', totalFee: TOTAL_FEE, currency: 'HKD' };
      await shop.durableOrders.enqueue({ ...order, orderCreatedAt: new Date(START - MINUTE) });
    }
    const isReversed = (): boolean => shop.calls.some(({ path }) => path === '/secapi/pay/reverse');
    const wanted = new Map<string, number>();

    const rows = async (): Promise<DurableRefund[]> => shop.durableOrders.list({ kind: 'refund' });
    const judge = async (): Promise<void> => {
      const now = await rows();
      const moved = sandbox.ledger.list().filter(({ kind }) => kind === 'refund');
      const told = JSON.stringify({ now, moved });
      // What is promised, is at most what was paid; at every moment.
      const mayHave = now.filter(
        ({ status, outcome }) => status !== 'cancelled' && outcome?.kind !== 'refund-rejected',
      );
      expect(
        mayHave.reduce((sum, { state }) => sum + state.request.refundFee, 0),
        told,
      ).toBeLessThanOrEqual(TOTAL_FEE);
      for (const { outcome, state, order } of now) {
        const { outRefundNo, refundFee } = state.request;
        expect(order.outTradeNo, told).toBe('A1');
        const made = moved.filter(({ refundNumber }) => refundNumber === outRefundNo).map(({ amount }) => amount);
        if (outcome?.kind === 'refunded') expect(made, told).toEqual([refundFee]);
        if (outcome?.kind === 'refund-rejected') expect(made, told).toEqual([]);
      }
      // All of a payment is not returned beside a part of it.
      if (isReversed()) expect(now.map(refundEffectOf), told).toEqual(now.map(() => 'none'));
      // Nothing leaves but what was asked for, under its own number.
      for (const { fields } of shop.submissions()) {
        expect([fields.out_refund_no, Number(fields.refund_fee)], told).toEqual([
          fields.out_refund_no,
          wanted.get(fields.out_refund_no ?? ''),
        ]);
      }
    };

    for (const { number, fee, afterMs, process, isByTransaction } of asked) {
      const outRefundNo = `R${number}`;
      const by = isByTransaction ? { outTradeNo: undefined, transactionId } : {};
      const before = wanted.get(outRefundNo);
      const orders = process === 0 ? shop.durableOrders : other;
      try {
        const row = await orders.refund(shop.intent(outRefundNo, fee, by));
        expect(row.state.request.refundFee).toBe(before ?? fee);
        wanted.set(outRefundNo, fee);
        count('asked');
      } catch (error) {
        if (!isWechatPayError(error)) throw error;
        // By the same number with another amount, or more than is left; or of an order that is stored, and reversed or refunded in full.
        const field: unknown = unanswered === null ? 'refundFee' : expect.stringMatching(/^(?:refundFee|outTradeNo)$/);
        expect(error).toMatchObject({ code: 'WECHATPAY_INVALID_REQUEST', field, outcome: 'not-sent' });
        count(isReversed() ? 'refused, as it is reversed' : 'refused');
      }
      await shop.pass(afterMs);
      await judge();
    }
    await shop.pass(2 * 60 * MINUTE);
    await judge();
    // Parts of one order are a minute apart, whoever sends them.
    const times = shop.submissions().map(({ at, fields }) => ({ at, number: fields.out_refund_no }));
    for (const [index, { at, number }] of times.entries()) {
      const close = times.slice(0, index).filter((one) => one.number !== number && at - one.at < MINUTE);
      expect(close, JSON.stringify(times)).toEqual([]);
    }

    // Nothing is lost: once nothing goes wrong any more, what stopped is set going again, and ends.
    script.length = 0;
    for (let times = 0; times < 3; times += 1) {
      await shop.pass(DAY);
      for (const row of await shop.durableOrders.dead({ kind: 'refund' })) {
        count(row.outcome?.kind === 'needs-attention' ? row.outcome.reason : String(row.outcome?.kind));
      }
      const { failed } = await shop.durableOrders.redriveAll({ kind: 'refund' });
      // What was refused has left its amount to others.
      for (const { error } of failed) {
        expect(error).toMatchObject({ field: unanswered === null ? 'refundFee' : (expect.any(String) as string) });
      }
      await judge();
    }
    await shop.pass(DAY);
    await judge();
    const ended = await rows();
    const sum = ended.reduce((fees, { outcome }) => fees + (outcome?.kind === 'refunded' ? outcome.refundFee : 0), 0);
    expect(sandbox.ledger.of('A1').returned).toBe(isReversed() ? TOTAL_FEE : sum);
    const explainedOrder = unanswered === null ? undefined : await shop.durableOrders.explain({ outTradeNo: 'A1' });
    if (explainedOrder?.timeline.some(({ text }) => text.includes('nothing is returned beside')))
      count('kept beside it');
    for (const row of ended) {
      const { outRefundNo } = row.state.request;
      const last = shop.told.filter((one) => one.outRefundNo === outRefundNo).at(-1);
      expect(last).toMatchObject({ end: row.end, outcome: row.outcome, order: { outTradeNo: 'A1' } });
      const explained = await shop.durableOrders.explain({ outRefundNo });
      const isRefunded = row.outcome?.kind === 'refunded';
      expect(row.status).toBe(isRefunded ? 'done' : 'dead');
      expect(explained?.money.kind === 'refunded', JSON.stringify(explained)).toBe(isRefunded);
      expect(await shop.durableOrders.verifyJournal({ outRefundNo })).toMatchObject({ isIntact: true });
      count(`finally ${row.outcome?.kind}`);
    }
    expect(await store.counts()).toMatchObject({ waiting: 0, active: 0 });
    expect(clock.time).toBeGreaterThan(0);
    await closeRefundShops();
  };

  await fc.assert(fc.asyncProperty(story, tell), { numRuns: RUNS, endOnFailure: true });
  console.log(`How the stories went: ${JSON.stringify(Object.fromEntries(kinds))}`);
  // A generator that has lost its way would prove nothing.
  for (const kind of ['asked', 'refused', 'refund-rejected', 'finally refunded', 'kept beside it']) {
    expect(kinds.get(kind) ?? 0, kind).toBeGreaterThan(0);
  }
});
