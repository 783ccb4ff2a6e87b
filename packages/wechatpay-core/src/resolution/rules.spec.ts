import { describe, expect, it, test } from 'vitest';
import {
  DEFAULT_RESOLUTION_POLICY,
  type ResolutionCall,
  type ResolutionError,
  type ResolutionEvent,
  type ResolutionPayment,
  type ResolutionPolicy,
  type ResolutionState,
  type TradeState,
} from '../index.js';
import {
  advanceResolution,
  nextResolutionStep,
  refundNumberOf,
  startResolution,
  type Moment,
  type ResolutionFacts,
} from './index.js';

// The rules to the millisecond and to the last field, a page of the documentation a block: what docs/guides/resolving-an-order.md says.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const CREATED = Date.UTC(2026, 10, 23);
const LATE = CREATED + 8 * DAY;
const PAYMENT = { transactionId: '42', totalFee: 100, currency: 'HKD' };
const after = (ms: number): number => CREATED + ms;

function factsOf(policy: Partial<ResolutionPolicy> = {}, change: Partial<ResolutionFacts> = {}): ResolutionFacts {
  return {
    version: 2,
    order: { outTradeNo: '1415717424' },
    orderCreatedAt: CREATED,
    policy: { ...DEFAULT_RESOLUTION_POLICY, ...policy },
    deadline: CREATED + 30 * DAY,
    sent: { reverse: false },
    ...change,
  };
}

const KEEP = factsOf();
const GIVE = factsOf({ ifPaid: 'reverse' });
const REFUND = factsOf({ ifPaid: 'reverse', refundWhenExpired: true });
const SENT = { sent: { reverse: true } } as const;

const asking = (at: number, facts = KEEP): ResolutionState => ({ ...facts, kind: 'asking', at });
const reversing = (at: number, attempts = 0, facts = KEEP): ResolutionState => ({
  ...facts,
  kind: 'reversing',
  at,
  attempts,
});
const checking = (at: number, change: object = {}, facts: ResolutionFacts = { ...KEEP, ...SENT }): ResolutionState => ({
  ...facts,
  kind: 'checking',
  at,
  attempts: 1,
  notBefore: at,
  isReversed: false,
  ...change,
});
const expired = (facts = GIVE): ResolutionState => ({ ...facts, kind: 'expired', at: LATE, attempts: 1 });
const refunding = (attempts = 0, facts = REFUND): ResolutionState => ({
  ...facts,
  kind: 'refunding',
  at: LATE,
  attempts,
  payment: PAYMENT,
  refundFee: 100,
});
const counting = (facts: ResolutionFacts, attempts = 0, payment: ResolutionPayment = PAYMENT): ResolutionState => ({
  ...facts,
  kind: 'checking-refunds',
  at: LATE,
  attempts,
  payment,
});

const queried = (tradeState: TradeState, payment?: ResolutionPayment): ResolutionEvent => ({
  kind: 'queried',
  tradeState,
  ...(payment && { payment }),
});
const PAID = queried('SUCCESS', PAYMENT);
const failed = (
  step: ResolutionCall['kind'],
  change: Partial<ResolutionError>,
): ResolutionEvent & { kind: 'failed' } => ({
  kind: 'failed',
  step,
  error: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', message: 'no', ...change },
});
const refunds = (change: Partial<ResolutionEvent & { kind: 'refunds-queried' }> = {}): ResolutionEvent => ({
  kind: 'refunds-queried',
  totalFee: 100,
  refunded: 0,
  pending: 0,
  ...change,
});
const NO_ANSWER = { code: 'WECHATPAY_TIMEOUT' } as const;
const NOT_SENT = { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } as const;
const WRONG = { errorCode: 'PARAM_ERROR', outcome: 'rejected', advice: 'fix-request' } as const;
const BUSY = { errorCode: 'FREQUENCY_LIMITED', outcome: 'rejected', advice: 'retry-later' } as const;
const NO_ORDER = { errorCode: 'ORDERNOTEXIST', outcome: 'rejected', advice: 'fix-request' } as const;
const NO_REFUND = { errorCode: 'REFUNDNOTEXIST', outcome: 'rejected', advice: 'fix-request' } as const;
const JITTERS: readonly [jitter: number | undefined, factor: number][] = [
  [undefined, 1],
  [0, 0.75],
  [0.5, 1],
  [1, 1.25],
];

/** What an event leads to: without what only informs, unless it is asked for. */
function lead(state: ResolutionState, event: ResolutionEvent, moment: Moment): Record<string, unknown> {
  const { tradeState: _, lastError: __, ...next } = { ...advanceResolution(state, event, moment) };
  return next;
}

it('an end stays the end, whatever comes after', () => {
  const ended: ResolutionState = { ...KEEP, kind: 'ended', outcome: { kind: 'reversed' } };
  for (const event of [PAID, failed('query', WRONG), refunds()]) {
    expect(advanceResolution(ended, event, { now: LATE })).toBe(ended);
  }
});

it('the last trade state and the last error go along, into the end as well', () => {
  const next = advanceResolution(asking(after(5_000)), failed('query', NO_ANSWER), { now: after(6_000) });
  expect(next.lastError).toStrictEqual({ code: 'WECHATPAY_TIMEOUT', outcome: 'unknown', message: 'no' });
  const then = advanceResolution(next, queried('PAYERROR'), { now: after(11_000) });
  expect(then).toMatchObject({ kind: 'reversing', tradeState: 'PAYERROR', lastError: { code: 'WECHATPAY_TIMEOUT' } });
  expect(advanceResolution(then, PAID, { now: after(12_000) })).toMatchObject({
    kind: 'ended',
    tradeState: 'SUCCESS',
    lastError: { code: 'WECHATPAY_TIMEOUT' },
  });
});

describe('Query Order, while the customer may be paying', () => {
  test.each<[TradeState]>([['NOTPAY'], ['USERPAYING'], ['ACCEPT']])('%s: again, not later than 45 s', (tradeState) => {
    for (const [now, at] of [
      [5_000, 10_000],
      [39_999, 44_999],
      [41_000, 45_000],
      [44_999, 45_000],
    ] as const) {
      expect(lead(asking(after(now)), queried(tradeState), { now: after(now) })).toStrictEqual(asking(after(at)));
    }
    // From then on it is reversed.
    expect(lead(asking(after(45_000)), queried(tradeState), { now: after(45_000) })).toStrictEqual(
      reversing(after(45_000)),
    );
  });

  it('PAYERROR: reversed, not before 15 s', () => {
    expect(lead(asking(after(5_000)), queried('PAYERROR'), { now: after(5_000) })).toStrictEqual(
      reversing(after(15_000)),
    );
    expect(lead(asking(after(20_000)), queried('PAYERROR'), { now: after(20_000) })).toStrictEqual(
      reversing(after(20_000)),
    );
  });

  it.each<[TradeState, object]>([
    ['CLOSED', { kind: 'closed', found: true }],
    ['REVOKED', { kind: 'reversed' }],
  ])('%s: the end, in any state', (tradeState, outcome) => {
    for (const state of [asking(after(5_000)), checking(after(5_000)), expired()]) {
      const { at: _, ...ended } = lead(state, queried(tradeState), { now: LATE });
      expect(ended).toMatchObject({ kind: 'ended', outcome });
    }
  });

  it('SUCCESS: kept, with what was paid', () => {
    expect(lead(asking(after(5_000)), PAID, { now: after(5_000) })).toStrictEqual({
      ...KEEP,
      kind: 'ended',
      outcome: { kind: 'paid', payment: PAYMENT },
    });
  });

  it('SUCCESS, paid more than 5 min before the order was asked for: another payment, and a person sees it', () => {
    const at = (paidAt: number, facts = KEEP): ResolutionState =>
      advanceResolution(
        { ...facts, kind: 'asking', at: after(5_000) },
        { kind: 'queried', tradeState: 'SUCCESS', payment: PAYMENT, paidAt },
        { now: after(5_000) },
      );
    expect(at(CREATED - 300_001)).toMatchObject({
      outcome: {
        kind: 'needs-attention',
        error: { outcome: 'rejected', message: expect.stringContaining('was used before') as string },
        amounts: { paid: PAYMENT },
      },
    });
    expect(at(CREATED - 300_000)).toMatchObject({ outcome: { kind: 'paid' } });
    expect(at(0, factsOf({ ifAmountDiffers: 'accept' }))).toMatchObject({ outcome: { kind: 'paid' } });
    expect(at(0, GIVE).kind).toBe('reversing');
  });

  it('REFUND: Query Refund tells what became of it, at once', () => {
    expect(lead(asking(after(5_000)), queried('REFUND', PAYMENT), { now: after(6_000) })).toStrictEqual({
      ...KEEP,
      kind: 'checking-refunds',
      at: after(6_000),
      attempts: 0,
      payment: PAYMENT,
    });
  });

  it('ORDERNOTEXIST names no order: it is counted as an answer that cannot be trusted is', () => {
    const event = failed('query', NO_ORDER);
    for (const now of [after(5_000), after(45_000), LATE]) {
      const counted = { unclear: { count: 1, since: now, last: now } };
      expect(lead(asking(now), event, { now })).toStrictEqual({ ...asking(now + 5_000), ...counted });
    }
  });

  it('REFUNDNOTEXIST is no answer of Query Order: it says nothing about the order', () => {
    const event = failed('query', { ...NO_REFUND, outcome: 'unknown' });
    expect(lead(asking(after(5_000)), event, { now: after(5_000) })).toMatchObject({ kind: 'asking' });
    const reversed = checking(after(60_000), { isReversed: true });
    expect(lead(reversed, event, { now: after(60_000) })).toStrictEqual({ ...reversed, at: after(66_000) });
  });

  it('a wrong parameter: a person, with the error', () => {
    const event = failed('query', WRONG);
    expect(lead(asking(after(5_000)), event, { now: after(5_000) })).toStrictEqual({
      ...KEEP,
      kind: 'ended',
      outcome: { kind: 'needs-attention', error: event.error },
    });
  });

  it.each<[Partial<ResolutionError>]>([
    [NOT_SENT],
    [BUSY],
    [{ code: 'WECHATPAY_GATEWAY_FAIL', advice: 'retry-later' }],
  ])('nobody was asked (%j): later, the longer that lasts the less often, up to 5 minutes', (error) => {
    for (const [now, delay] of [
      [5_000, 5_000],
      [50_000, 5_000],
      [200_000, 20_000],
      [3_000_000, 300_000],
      [9_000_000, 300_000],
    ] as const) {
      expect(lead(asking(after(now)), failed('query', error), { now: after(now) })).toStrictEqual(
        asking(after(now + delay)),
      );
    }
  });

  it('advice to retry an answer that nobody signed is no throttling, but no answer', () => {
    const event = failed('query', { code: 'WECHATPAY_SIGNATURE_MISMATCH', outcome: 'unknown', advice: 'retry-later' });
    expect(lead(asking(after(5_000)), event, { now: after(5_000) })).toHaveProperty('unclear.count', 1);
    const refusal = failed('query', { outcome: 'rejected', errorCode: 'NEW' });
    expect(lead(asking(after(5_000)), refusal, { now: after(5_000) })).toHaveProperty('unclear.count', 1);
  });
});

describe('queries without an answer to be trusted', () => {
  const event = failed('query', NO_ANSWER);
  const unclear = (state: ResolutionState, count: number, since: number, last: number): ResolutionState =>
    ({ ...state, unclear: { count, since, last } }) as ResolutionState;

  it('are counted, and asked again', () => {
    const first = lead(asking(after(5_000)), event, { now: after(5_000) });
    expect(first).toStrictEqual(unclear(asking(after(10_000)), 1, after(5_000), after(5_000)));
    expect(lead(first as unknown as ResolutionState, event, { now: after(10_000) })).toStrictEqual(
      unclear(asking(after(15_000)), 2, after(5_000), after(10_000)),
    );
  });

  it('a verified answer starts the count again', () => {
    const before = unclear(asking(after(10_000)), 2, after(5_000), after(9_000));
    expect(lead(before, queried('USERPAYING'), { now: after(10_000) })).toStrictEqual(asking(after(15_000)));
  });

  test.each([
    ['three over 15 s reverse', 2, 3_585, 3_595, 'reversing'],
    ['three over less do not', 2, 3_585.001, 3_595, 'asking'],
    ['two over more do not', 1, 3_560, 3_595, 'asking'],
    ['a minute apart is in a row', 2, 3_500, 3_540, 'reversing'],
    ['more than a minute apart is not', 2, 3_500, 3_539.999, 'asking'],
  ])('from 45 s on, %s', (_, count, since, last, kind) => {
    const now = after(3_600_000);
    const before = unclear(asking(now), count, after(since * SECOND), after(last * SECOND));
    const next = advanceResolution(before, event, { now });
    expect(next.kind).toBe(kind);
    if (next.kind === 'asking') expect(next.at).toBe(now + 5_000);
    if (next.kind === 'reversing') expect(next).not.toHaveProperty('unclear');
  });

  it('where they are far apart, the count begins with the last', () => {
    const now = after(3_600_000);
    const before = unclear(asking(now), 2, after(3_500_000), after(3_539_999));
    expect(lead(before, event, { now })).toStrictEqual(unclear(asking(now + 5_000), 1, now, now));
  });

  it('a policy that asks seldom has longer: three times its interval', () => {
    const seldom = factsOf({ queryEveryMs: 50_000 });
    const now = after(3_600_000);
    const before = unclear(asking(now, seldom), 2, now - 300_000, now - 150_000);
    expect(advanceResolution(before, event, { now }).kind).toBe('reversing');
    expect(advanceResolution(unclear(before, 2, now - 300_000, now - 150_001), event, { now }).kind).toBe('asking');
  });

  it('reverse nothing before 45 s', () => {
    const before = unclear(asking(after(44_000)), 8, after(5_000), after(40_000));
    expect(lead(before, event, { now: after(44_999) })).toStrictEqual(
      unclear(asking(after(45_000)), 9, after(5_000), after(44_999)),
    );
    expect(advanceResolution(before, event, { now: after(45_000) }).kind).toBe('reversing');
  });
});

describe('a payment of another amount or currency', () => {
  const priced = { totalFee: 100, currency: 'USD' };
  const wrong = (facts: ResolutionFacts): ResolutionFacts => ({ ...facts, ...priced });

  it('is asked for once more, after the interval, then needs a person, who sees both', () => {
    const facts = wrong(factsOf({ queryEveryMs: 7_000 }));
    const first = lead(asking(after(5_000), facts), PAID, { now: after(6_000) });
    expect(first).toStrictEqual({ ...asking(after(13_000), facts), doubt: PAYMENT });
    expect(lead(first as unknown as ResolutionState, PAID, { now: after(13_000) })).toStrictEqual({
      ...facts,
      doubt: PAYMENT,
      kind: 'ended',
      outcome: {
        kind: 'needs-attention',
        error: {
          code: 'WECHATPAY_INVALID_REQUEST',
          outcome: 'rejected',
          advice: 'fix-request',
          message:
            'totalFee: the order is paid with 100 HKD, and should cost 100 USD; was its number used before? ' +
            'Keep the payment or reverse it: set ifAmountDiffers to accept.',
        },
        amounts: { expected: priced, paid: PAYMENT },
      },
    });
  });

  it.each<[ResolutionPayment, string]>([
    [{}, 'paid with an unknown amount, and should cost 100 USD;'],
    [{ totalFee: 5 }, 'paid with 5, and should cost 100 USD;'],
    [{ currency: 'HKD' }, 'paid with an unknown amount HKD, and should cost 100 USD;'],
  ])('says what is known of it: %j', (payment, message) => {
    const doubted = { ...asking(after(5_000), wrong(KEEP)), doubt: { totalFee: 1 } } as ResolutionState;
    expect(advanceResolution(doubted, queried('SUCCESS', payment), { now: after(5_000) })).toHaveProperty(
      'outcome.error.message',
      expect.stringContaining(message),
    );
  });

  it.each<[Partial<ResolutionFacts>, object | undefined]>([
    [{ totalFee: 99 }, { totalFee: 99 }],
    [{ currency: 'USD' }, { currency: 'USD' }],
  ])('where only one of them was asked, %j, only that is expected', (expectation, expected) => {
    const doubted = { ...asking(after(5_000), { ...KEEP, ...expectation }), doubt: PAYMENT } as ResolutionState;
    expect(advanceResolution(doubted, PAID, { now: after(5_000) })).toHaveProperty('outcome.amounts', {
      expected,
      paid: PAYMENT,
    });
  });

  it('is never reversed by what comes after, where it is to be kept: a person', () => {
    const doubted = { ...asking(after(5_000), wrong(KEEP)), doubt: PAYMENT } as ResolutionState;
    for (const event of [queried('NOTPAY'), queried('USERPAYING'), queried('PAYERROR')]) {
      expect(lead(doubted, event, { now: after(5_000) })).toMatchObject({
        kind: 'ended',
        outcome: { kind: 'needs-attention', amounts: { expected: priced, paid: PAYMENT } },
      });
    }
  });

  it('is reversed where it is to be returned and something says that it is not paid', () => {
    const doubted = { ...checking(after(20_000), {}, wrong(GIVE)), doubt: PAYMENT } as ResolutionState;
    expect(advanceResolution(doubted, queried('NOTPAY'), { now: after(20_000) }).kind).toBe('reversing');
  });

  it('is told where the order is said to be closed after it, whether it is to be kept or returned', () => {
    for (const state of [asking(after(5_000), wrong(KEEP)), checking(after(20_000), {}, wrong(GIVE))]) {
      const doubted = { ...state, doubt: PAYMENT } as ResolutionState;
      expect(advanceResolution(doubted, queried('CLOSED'), { now: after(20_000) })).toMatchObject({
        kind: 'ended',
        outcome: { kind: 'needs-attention', amounts: { expected: priced, paid: PAYMENT } },
      });
      expect(advanceResolution(doubted, queried('REVOKED'), { now: after(20_000) })).toMatchObject({
        outcome: { kind: 'reversed' },
      });
    }
  });

  it('is none where both are as asked, or the answer leaves the currency out', () => {
    for (const payment of [{ totalFee: 100, currency: 'USD' }, { totalFee: 100 }]) {
      const next = advanceResolution(asking(after(5_000), wrong(KEEP)), queried('SUCCESS', payment), {
        now: after(5_000),
      });
      expect(next).toMatchObject({ outcome: { kind: 'paid', payment } });
    }
    const amountOnly = { ...KEEP, totalFee: 100 };
    expect(advanceResolution(asking(after(5_000), amountOnly), PAID, { now: after(5_000) })).toHaveProperty(
      'outcome.kind',
      'paid',
    );
    const other = { ...KEEP, totalFee: 99 };
    expect(advanceResolution(asking(after(5_000), other), PAID, { now: after(5_000) })).toHaveProperty(
      'doubt',
      PAYMENT,
    );
  });

  it('is taken where the policy says so', () => {
    const facts = wrong(factsOf({ ifAmountDiffers: 'accept' }));
    expect(advanceResolution(asking(after(5_000), facts), PAID, { now: after(5_000) })).toMatchObject({
      outcome: { kind: 'paid', payment: PAYMENT },
    });
  });
});

describe('Query Order, once a reversal is decided', () => {
  it('not paid: reversed again, not before the time that was set', () => {
    for (const [now, at] of [
      [20_000, 52_000],
      [50_000, 52_000],
      [53_000, 53_000],
    ] as const) {
      const before = checking(after(50_000), { notBefore: after(52_000), attempts: 3 });
      for (const event of [queried('NOTPAY'), queried('USERPAYING'), failed('query', NO_ANSWER)]) {
        expect(lead(before, event, { now: after(now) })).toStrictEqual(reversing(after(at), 3, { ...KEEP, ...SENT }));
      }
    }
  });

  it('paid: kept where no reversal was sent and the policy is to keep; else reversed', () => {
    expect(advanceResolution(checking(after(50_000), {}, KEEP), PAID, { now: after(50_000) })).toMatchObject({
      outcome: { kind: 'paid' },
    });
    expect(advanceResolution(checking(after(50_000)), PAID, { now: after(50_000) }).kind).toBe('reversing');
    expect(advanceResolution(checking(after(50_000), {}, GIVE), PAID, { now: after(50_000) }).kind).toBe('reversing');
    const refunded = { ...KEEP, sent: { reverse: false, refundFee: 1 } };
    expect(advanceResolution(checking(after(50_000), {}, refunded), PAID, { now: after(50_000) }).kind).toBe(
      'reversing',
    );
  });

  it('a reversal that says it is done is proven by an answer: without one, asked again', () => {
    const before = checking(after(50_000), { isReversed: true });
    for (const error of [NO_ANSWER, NOT_SENT, BUSY]) {
      expect(lead(before, failed('query', error), { now: after(50_000) })).toStrictEqual({
        ...before,
        at: after(55_000),
      });
    }
    expect(advanceResolution(before, queried('NOTPAY'), { now: after(50_000) }).kind).toBe('reversing');
  });

  it('a reversal that was refused as wrong needs a person, where the order is not reversed', () => {
    const refusal: ResolutionError = { code: 'WECHATPAY_BUSINESS_FAIL', message: 'no', ...WRONG };
    const before = checking(after(50_000), { refusal });
    expect(advanceResolution(before, queried('NOTPAY'), { now: after(50_000) })).toMatchObject({
      outcome: { kind: 'needs-attention', error: refusal },
    });
    const unsure = checking(after(50_000), { refusal: { ...refusal, outcome: 'unknown' } });
    expect(advanceResolution(unsure, queried('NOTPAY'), { now: after(50_000) }).kind).toBe('reversing');
  });

  test.each<[what: string, state: ResolutionState, now: number, isGone: boolean]>([
    ['after a reversal that was refused', checking(after(65_000), { refusal: { outcome: 'unknown' } }), 65_000, true],
    ['but not before 65 s', checking(after(64_999), { refusal: { outcome: 'unknown' } }), 64_999, false],
    ['after one that was done', checking(after(65_000), { isReversed: true }), 65_000, true],
    ['not after one without an answer', checking(after(65_000)), 65_000, false],
    ['past 7 days', checking(LATE), 8 * DAY, true],
    ['not at 7 days to the millisecond', checking(after(7 * DAY)), 7 * DAY, false],
    ['where WeChat Pay said that it is too late', { ...expired(), at: after(65_000) } as ResolutionState, 65_000, true],
  ])('ORDERNOTEXIST, twice: it never came, %s', (_, state, now, isGone) => {
    const event = failed('query', NO_ORDER);
    const once = lead(state, event, { now: after(now) });
    if (isGone) expect(once).toStrictEqual({ ...state, at: after(now + 5_000), isAbsent: true });
    else expect(once).toMatchObject({ kind: 'reversing' });
    const twice = advanceResolution({ ...state, isAbsent: true } as ResolutionState, event, { now: after(now) });
    if (isGone) expect(twice).toMatchObject({ kind: 'ended', outcome: { kind: 'closed', found: false } });
    else expect(twice.kind).toBe('reversing');
  });

  it('ORDERNOTEXIST: what another answer says in between starts anew', () => {
    const facts = factsOf({ queryEveryMs: 7_000 });
    const before = { ...expired(facts), isAbsent: true } as ResolutionState;
    const between = lead(before, queried('NOTPAY'), { now: LATE });
    expect(between).not.toHaveProperty('isAbsent');
    expect(lead(between as unknown as ResolutionState, failed('query', NO_ORDER), { now: LATE })).toMatchObject({
      kind: 'expired',
      isAbsent: true,
      at: LATE + 7_000,
    });
  });

  it('ORDERNOTEXIST: an order that a verified answer has named did come', () => {
    for (const tradeState of ['NOTPAY', 'SUCCESS'] as const) {
      const seen = { ...expired(), isAbsent: true, tradeState } as ResolutionState;
      expect(advanceResolution(seen, failed('query', NO_ORDER), { now: LATE }).kind).toBe('expired');
    }
    const seen = checking(after(60_000), { refusal: { outcome: 'unknown' }, isAbsent: true, tradeState: 'NOTPAY' });
    expect(advanceResolution(seen, failed('query', NO_ORDER), { now: after(60_000) }).kind).toBe('reversing');
  });

  it('ORDERNOTEXIST: a policy that asks for longer waits for longer', () => {
    const facts = { ...factsOf({ reverseAfterMs: 90_000 }), ...SENT };
    const at = (ms: number): ResolutionState => checking(after(ms), { isReversed: true, isAbsent: true }, facts);
    expect(advanceResolution(at(89_999), failed('query', NO_ORDER), { now: after(89_999) }).kind).toBe('reversing');
    expect(advanceResolution(at(90_000), failed('query', NO_ORDER), { now: after(90_000) }).kind).toBe('ended');
  });

  it('ORDERNOTEXIST: an order that is not reversed yet is, also where it was only asked for late', () => {
    const facts = { ...factsOf({ reverseAfterMs: 1 }), ...SENT };
    const early = checking(after(64_999), { isReversed: true, isAbsent: true }, facts);
    expect(advanceResolution(early, failed('query', NO_ORDER), { now: after(64_999) }).kind).toBe('reversing');
    expect(advanceResolution(early, failed('query', NO_ORDER), { now: after(65_000) }).kind).toBe('ended');
  });
});

describe('Query Order, past the 7 days', () => {
  it('paid, to be returned: it needs a refund', () => {
    expect(lead(expired(), PAID, { now: LATE })).toStrictEqual({
      ...GIVE,
      kind: 'ended',
      outcome: { kind: 'refund-required', payment: PAYMENT },
    });
  });

  it('paid, to be refunded: the whole, at once', () => {
    expect(lead(expired(REFUND), PAID, { now: LATE + 7 })).toStrictEqual({ ...refunding(1), at: LATE + 7 });
  });

  it('paid, to be refunded: not where the amount is unknown, or is another than a refund that may be under way', () => {
    expect(advanceResolution(expired(REFUND), queried('SUCCESS'), { now: LATE })).toMatchObject({
      outcome: { kind: 'refund-required', payment: {} },
    });
    const sent = (refundFee: number): ResolutionState => expired({ ...REFUND, sent: { reverse: false, refundFee } });
    expect(advanceResolution(sent(99), PAID, { now: LATE })).toMatchObject({ outcome: { kind: 'refund-required' } });
    expect(advanceResolution(sent(100), PAID, { now: LATE })).toMatchObject({ kind: 'refunding', refundFee: 100 });
  });

  it('not paid: asked again, later each time', () => {
    expect(lead(expired(), queried('NOTPAY'), { now: LATE })).toStrictEqual({
      ...expired(),
      at: LATE + 4_000,
      attempts: 2,
    });
    expect(lead(expired(), failed('query', NO_ANSWER), { now: LATE, jitter: 1 })).toStrictEqual({
      ...expired(),
      at: LATE + 5_000,
      attempts: 2,
    });
  });

  it('a decided reverse that is found too late is asked for, not sent', () => {
    expect(nextResolutionStep(reversing(LATE), LATE)).toStrictEqual({ kind: 'query' });
    expect(lead(reversing(LATE), failed('query', NOT_SENT), { now: LATE })).toStrictEqual({
      ...KEEP,
      kind: 'expired',
      at: LATE + 300_000,
      attempts: 1,
    });
  });
});

describe('Revoke Order', () => {
  it('SUCCESS, recall N: a query proves it, at once', () => {
    expect(
      lead(reversing(after(45_000), 2), { kind: 'reversed', recall: false }, { now: after(46_000) }),
    ).toStrictEqual(checking(after(46_000), { attempts: 3, notBefore: after(54_000), isReversed: true }));
  });

  test.each<[what: string, event: ResolutionEvent]>([
    ['recall Y', { kind: 'reversed', recall: true }],
    ['USERPAYING', failed('reverse', { errorCode: 'USERPAYING', outcome: 'rejected', recall: true })],
    ['SYSTEMERROR', failed('reverse', { errorCode: 'SYSTEMERROR' })],
    ['throttled', failed('reverse', BUSY)],
  ])('%s: again, each time twice as late', (_, event) => {
    for (const [attempts, delay] of [
      [0, 2_000],
      [1, 4_000],
      [7, 256_000],
      [8, 300_000],
      [5_000, 300_000],
    ] as const) {
      for (const [jitter, factor] of JITTERS) {
        const moment = { now: after(46_000), ...(jitter !== undefined && { jitter }) };
        expect(lead(reversing(after(45_000), attempts), event, moment)).toStrictEqual(
          reversing(after(46_000 + delay * factor), attempts + 1, { ...KEEP, ...SENT }),
        );
      }
    }
  });

  test.each<[what: string, error: Partial<ResolutionError>, isSent: boolean]>([
    ['nothing was sent: it decides nothing', NOT_SENT, false],
    ['no answer: it may have happened', NO_ANSWER, true],
    [
      'throttled without a signature: it may have happened',
      { code: 'WECHATPAY_GATEWAY_FAIL', advice: 'retry-later' },
      true,
    ],
  ])('%s; a query first', (_, error, isSent) => {
    expect(
      lead(reversing(after(45_000), 1), failed('reverse', error), { now: after(46_000), jitter: 0 }),
    ).toStrictEqual(checking(after(49_000), { attempts: 2 }, isSent ? { ...KEEP, ...SENT } : KEEP));
  });

  it('a refusal is asked about: at once where it is wrong, later where it may have happened', () => {
    const wrong = failed('reverse', WRONG);
    expect(lead(reversing(after(45_000)), wrong, { now: after(46_000) })).toStrictEqual(
      checking(after(46_000), { notBefore: after(48_000), refusal: wrong.error }),
    );
    for (const change of [
      { errorCode: 'INVALID_REQUEST', advice: 'fix-request' },
      { errorCode: 'TRADE_ERROR', outcome: 'rejected' },
    ] as const) {
      const refused = failed('reverse', change);
      expect(lead(reversing(after(45_000)), refused, { now: after(46_000) })).toStrictEqual(
        checking(after(48_000), { refusal: refused.error }),
      );
    }
  });

  it('a parameter that cannot be sent needs a person', () => {
    const event = failed('reverse', { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', advice: 'fix-request' });
    expect(lead(reversing(after(45_000)), event, { now: after(46_000) })).toStrictEqual({
      ...KEEP,
      kind: 'ended',
      outcome: { kind: 'needs-attention', error: event.error },
    });
  });

  it('REVERSE_EXPIRE: too late, asked at once, and no longer kept', () => {
    const event = failed('reverse', { errorCode: 'REVERSE_EXPIRE', outcome: 'rejected', advice: 'refund' });
    expect(lead(reversing(after(45_000)), event, { now: after(46_000) })).toStrictEqual({
      ...KEEP,
      ...SENT,
      kind: 'expired',
      at: after(46_000),
      attempts: 1,
    });
  });
});

describe('Submit Refund', () => {
  const sent = { ...REFUND, sent: { reverse: false, refundFee: 100 } };

  it('accepted: Query Refund tells, at once', () => {
    expect(lead(refunding(2), { kind: 'refund-accepted' }, { now: LATE + 9 })).toStrictEqual({
      ...counting(sent, 2),
      at: LATE + 9,
    });
  });

  test.each<[what: string, error: Partial<ResolutionError>, isSent: boolean, delays: number[]]>([
    ['nothing was sent', NOT_SENT, false, [60_000, 60_000, 64_000]],
    ['NOTENOUGH', { ...BUSY, errorCode: 'NOTENOUGH' }, true, [60_000, 60_000, 64_000]],
    ['no answer', NO_ANSWER, true, [2_000, 4_000, 64_000]],
    ['SYSTEMERROR', { errorCode: 'SYSTEMERROR', advice: 'query-order' }, true, [2_000, 4_000, 64_000]],
  ])('%s: the same refund again', (_, error, isSent, delays) => {
    for (const [index, attempts] of [0, 1, 5].entries()) {
      expect(lead(refunding(attempts), failed('refund', error), { now: LATE })).toStrictEqual({
        ...refunding(attempts + 1, isSent ? sent : REFUND),
        at: LATE + delays[index]!,
      });
    }
  });

  it.each<[Partial<ResolutionError>]>([
    [WRONG],
    [{ code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', advice: 'fix-request' }],
    [{ errorCode: 'TRADE_OVERDUE', outcome: 'rejected' }],
  ])('a refusal needs a person, with what was paid: %j', (error) => {
    const event = failed('refund', error);
    expect(lead(refunding(), event, { now: LATE })).toStrictEqual({
      ...REFUND,
      kind: 'ended',
      outcome: { kind: 'needs-attention', error: event.error, amounts: { paid: PAYMENT } },
    });
  });
});

describe('Query Refund', () => {
  const own = { refundStatus: 'SUCCESS', refundId: '7' };
  const outRefundNo = 'settle60f064abcd537a911cffd44d81';

  it('the whole has arrived: refunded; by its number where the refund is its own', () => {
    for (const [event, outcome] of [
      [refunds({ refunded: 100 }), {}],
      [refunds({ refunded: 101 }), {}],
      [refunds({ refunded: 100, own }), { outRefundNo, refundId: '7' }],
      [refunds({ refunded: 100, own: { refundStatus: 'SUCCESS' } }), { outRefundNo }],
    ] as const) {
      expect(lead(counting(KEEP), event, { now: LATE })).toStrictEqual({
        ...KEEP,
        kind: 'ended',
        outcome: { kind: 'refunded', ...outcome },
      });
    }
  });

  it('the whole is the most that any answer tells of, else what the order should cost', () => {
    const event = (refunded: number, totalFee?: number): ResolutionEvent => ({
      kind: 'refunds-queried',
      refunded,
      pending: 0,
      ...(totalFee !== undefined && { totalFee }),
    });
    const ask = (
      facts: Partial<ResolutionFacts>,
      payment: ResolutionPayment,
      given: ResolutionEvent,
    ): ResolutionState => advanceResolution(counting({ ...KEEP, ...facts }, 0, payment), given, { now: LATE });
    const whole = { outcome: { kind: 'refunded' } };
    const rest = (remaining: number): object => ({ outcome: { kind: 'needs-attention', amounts: { remaining } } });
    expect(ask({}, PAYMENT, event(100))).toMatchObject(whole);
    expect(ask({}, {}, event(50, 50))).toMatchObject(whole);
    expect(ask({ totalFee: 80 }, {}, event(80))).toMatchObject(whole);
    expect(ask({}, PAYMENT, event(50, 50))).toMatchObject(rest(50));
    expect(ask({}, PAYMENT, event(100, 130))).toMatchObject(rest(30));
    // Of another amount than asked a person decides; of one that is taken as it is, what it should have cost says nothing.
    expect(ask({ totalFee: 120 }, PAYMENT, event(100, 100))).toMatchObject({
      outcome: {
        kind: 'needs-attention',
        amounts: { expected: { totalFee: 120 }, paid: { totalFee: 100 }, refunded: 100 },
      },
    });
    const accept = factsOf({ ifAmountDiffers: 'accept' }, { totalFee: 120 });
    expect(ask(accept, PAYMENT, event(100, 100))).toMatchObject(whole);
    // Where nobody tells it, nothing is the whole.
    expect(lead(counting(KEEP, 0, {}), event(100), { now: LATE })).toStrictEqual({
      ...counting(KEEP, 1, {}),
      at: LATE + 2_000,
    });
  });

  it('the rest is on its way: asked again, each time twice as late, up to an hour', () => {
    for (const [attempts, delay] of [
      [0, 2_000],
      [9, 1_024_000],
      [11, 3_600_000],
    ] as const) {
      for (const [jitter, factor] of JITTERS) {
        const moment = { now: LATE, ...(jitter !== undefined && { jitter }) };
        const next = { ...counting(GIVE, attempts + 1), at: LATE + delay * factor };
        expect(lead(counting(GIVE, attempts), refunds({ refunded: 40, pending: 60 }), moment)).toStrictEqual(next);
        // Where nobody has answered, the policy says how long at most.
        const soon = { ...next, at: LATE + Math.min(delay, 300_000) * factor };
        expect(lead(counting(GIVE, attempts), failed('query-refunds', NO_ANSWER), moment)).toStrictEqual(soon);
      }
    }
  });

  it('an answer in another currency than was paid says nothing about the sum', () => {
    const event = refunds({ refunded: 100, currency: 'CNY' });
    expect(lead(counting(GIVE), event, { now: LATE })).toStrictEqual({ ...counting(GIVE, 1), at: LATE + 2_000 });
    const same = refunds({ refunded: 100, currency: 'HKD' });
    expect(lead(counting(GIVE), same, { now: LATE })).toMatchObject({ outcome: { kind: 'refunded' } });
    const asked = counting({ ...GIVE, currency: 'HKD' }, 0, {});
    expect(lead(asked, event, { now: LATE }).kind).toBe('checking-refunds');
    expect(lead(counting(GIVE, 0, {}), event, { now: LATE })).toMatchObject({ outcome: { kind: 'refunded' } });
  });

  it('no refund to be found (REFUNDNOTEXIST), or nobody asked: again, and no end', () => {
    for (const error of [NO_REFUND, NOT_SENT, BUSY, NO_ANSWER]) {
      expect(lead(counting(GIVE), failed('query-refunds', error), { now: LATE })).toStrictEqual({
        ...counting(GIVE, 1),
        at: LATE + 2_000,
      });
    }
  });

  it('a wrong parameter needs a person', () => {
    const event = failed('query-refunds', WRONG);
    expect(lead(counting(GIVE), event, { now: LATE })).toStrictEqual({
      ...GIVE,
      kind: 'ended',
      outcome: { kind: 'needs-attention', error: event.error },
    });
    // The other page's code is none of this one: it is as wrong as any.
    expect(advanceResolution(counting(GIVE), failed('query-refunds', NO_ORDER), { now: LATE }).kind).toBe('ended');
  });

  it.each(['CHANGE', 'REFUNDCLOSE', 'FAIL'])('a refund that ended %s: a person, who sees what is left', (status) => {
    const event = refunds({ refunded: 20, pending: 10, stopped: { outRefundNo, refundStatus: status } });
    expect(lead(counting(GIVE), event, { now: LATE })).toStrictEqual({
      ...GIVE,
      kind: 'ended',
      outcome: {
        kind: 'needs-attention',
        error: {
          code: 'WECHATPAY_INVALID_REQUEST',
          outcome: 'rejected',
          advice: 'fix-request',
          message:
            `outRefundNo: refund ${outRefundNo} ended ${status}: the money did not reach the customer. ` +
            'Handle it on the Merchant Platform, or return the money by other means.',
        },
        amounts: { paid: PAYMENT, refunded: 30, remaining: 70 },
      },
    });
  });

  it('a part, where the order should be kept: a person, who sees what is left', () => {
    expect(lead(counting(KEEP), refunds({ refunded: 20, pending: 10 }), { now: LATE })).toStrictEqual({
      ...KEEP,
      kind: 'ended',
      outcome: {
        kind: 'needs-attention',
        error: {
          code: 'WECHATPAY_INVALID_REQUEST',
          outcome: 'rejected',
          advice: 'fix-request',
          message:
            'refundFee: 30 of 100 were refunded, not by this resolution, and 70 are left. Keep the rest, or refund it.',
        },
        amounts: { paid: PAYMENT, refunded: 30, remaining: 70 },
      },
    });
  });

  it('a part, where it is to be returned: the rest needs a refund', () => {
    const required = (facts: ResolutionFacts): object => ({
      ...facts,
      kind: 'ended',
      outcome: {
        kind: 'refund-required',
        payment: PAYMENT,
        amounts: { paid: PAYMENT, refunded: 20, remaining: 80 },
      },
    });
    expect(lead(counting(GIVE), refunds({ refunded: 20 }), { now: LATE })).toStrictEqual(required(GIVE));
    // One number, one amount: beside its own refund, or another amount that may be under way, it is for a person.
    expect(lead(counting(REFUND), refunds({ refunded: 20, own }), { now: LATE })).toStrictEqual(required(REFUND));
    const other = { ...REFUND, sent: { reverse: false, refundFee: 81 } };
    expect(lead(counting(other), refunds({ refunded: 20 }), { now: LATE })).toStrictEqual(required(other));
  });

  it('a part, to be refunded: the rest, at once; a minute later at least where it was sent before', () => {
    const rest = { kind: 'refunding', attempts: 1, payment: PAYMENT, refundFee: 80 } as const;
    expect(lead(counting(REFUND), refunds({ refunded: 20 }), { now: LATE })).toStrictEqual({
      ...REFUND,
      ...rest,
      at: LATE,
    });
    const again = { ...REFUND, sent: { reverse: false, refundFee: 80 } };
    for (const [attempts, delay] of [
      [0, 60_000],
      [5, 64_000],
    ] as const) {
      expect(lead(counting(again, attempts), refunds({ refunded: 20 }), { now: LATE })).toStrictEqual({
        ...again,
        ...rest,
        attempts: attempts + 1,
        at: LATE + delay,
      });
    }
  });
});

describe('what is next', () => {
  it('nothing is due before its time, nor from the deadline on', () => {
    const facts = { ...KEEP, deadline: after(20_000) };
    const state = asking(after(5_000), facts);
    expect(nextResolutionStep(state, after(4_999))).toStrictEqual({ kind: 'wait', until: after(5_000) });
    expect(nextResolutionStep(state, after(5_000))).toStrictEqual({ kind: 'query' });
    expect(nextResolutionStep(state, after(19_999))).toStrictEqual({ kind: 'query' });
    expect(nextResolutionStep(state, after(20_000))).toStrictEqual({ kind: 'done', outcome: { kind: 'unresolved' } });
    expect(nextResolutionStep(asking(after(25_000), facts), after(19_999))).toStrictEqual({
      kind: 'wait',
      until: after(20_000),
    });
  });

  it('an end is an end also after the deadline; a deadline tells the last error', () => {
    const outcome = { kind: 'reversed' } as const;
    expect(nextResolutionStep({ ...KEEP, kind: 'ended', outcome }, CREATED + 90 * DAY)).toStrictEqual({
      kind: 'done',
      outcome,
    });
    const lastError: ResolutionError = { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown', message: 'no' };
    expect(nextResolutionStep({ ...asking(0), lastError }, CREATED + 90 * DAY)).toStrictEqual({
      kind: 'done',
      outcome: { kind: 'unresolved', error: lastError },
    });
  });

  it('each state has its call', () => {
    expect(nextResolutionStep(reversing(after(7 * DAY)), after(7 * DAY))).toStrictEqual({ kind: 'reverse' });
    expect(nextResolutionStep(reversing(after(7 * DAY)), after(7 * DAY + 1))).toStrictEqual({ kind: 'query' });
    expect(nextResolutionStep(checking(after(1)), after(1))).toStrictEqual({ kind: 'query' });
    expect(nextResolutionStep(expired(), LATE)).toStrictEqual({ kind: 'query' });
    const outRefundNo = 'settle60f064abcd537a911cffd44d81';
    expect(nextResolutionStep(refunding(), LATE)).toStrictEqual({
      kind: 'refund',
      outRefundNo,
      refundFee: 100,
      payment: PAYMENT,
    });
    expect(nextResolutionStep(counting(KEEP), LATE)).toStrictEqual({ kind: 'query-refunds', outRefundNo });
    // A refund is in the order's currency, also where the answer left it out.
    const bare = { ...refunding(0, { ...REFUND, currency: 'USD' }), payment: { totalFee: 100 } } as ResolutionState;
    expect(nextResolutionStep(bare, LATE)).toMatchObject({ payment: { totalFee: 100, currency: 'USD' } });
    expect(nextResolutionStep({ ...bare, payment: PAYMENT } as ResolutionState, LATE)).toMatchObject({
      payment: PAYMENT,
    });
  });

  // A release that gave another number would refund a second time.
  it('the number of the refund is that of every release, and each sub-merchant has its own', () => {
    expect(refundNumberOf({ outTradeNo: '1415717424' })).toBe('settle60f064abcd537a911cffd44d81');
    expect(refundNumberOf({ outTradeNo: '1415717424', subMerchantId: '1900000201' })).toBe(
      'settleecbca2697f4d9ef5fe02aa1fdc',
    );
  });
});

describe('the beginning', () => {
  const ORDER = { outTradeNo: '1415717424', orderCreatedAt: new Date(CREATED) };
  const DEADLINE = CREATED + 30 * DAY;

  it('asks 5 s after the order was created; to be returned, at once', () => {
    expect(startResolution(ORDER, DEADLINE)).toStrictEqual(asking(after(5_000)));
    expect(startResolution(ORDER, DEADLINE, { firstQueryMs: 1 })).toStrictEqual(
      asking(after(1), factsOf({ firstQueryMs: 1 })),
    );
    expect(startResolution(ORDER, DEADLINE, { ifPaid: 'reverse' })).toStrictEqual(
      checking(CREATED, { attempts: 0, notBefore: after(15_000) }, GIVE),
    );
  });

  it('knows the order, its sub-merchant and what it should cost, and nothing that was not given', () => {
    const full = { ...ORDER, subMerchantId: '1900000201', subAppId: 'wx3', totalFee: 1, currency: 'HKD' };
    expect(startResolution(full, DEADLINE)).toStrictEqual({
      ...asking(after(5_000)),
      order: { outTradeNo: '1415717424', subMerchantId: '1900000201', subAppId: 'wx3' },
      totalFee: 1,
      currency: 'HKD',
    });
    const bare = { ...ORDER, subMerchantId: undefined, totalFee: undefined, currency: undefined } as never;
    expect(Object.keys(startResolution(bare, DEADLINE))).toStrictEqual(Object.keys(startResolution(ORDER, DEADLINE)));
    expect(startResolution(bare, DEADLINE).order).toStrictEqual({ outTradeNo: '1415717424' });
  });

  it.each<[message: string, order: unknown, deadline?: unknown, policy?: unknown]>([
    ['order: is missing; give the order to resolve.', null],
    ['order: is missing; give the order to resolve.', 'S1'],
    ['order: is a state; go on from it by resumeResolution.', { ...ORDER, kind: 'asking' }],
    ['order: is a state; go on from it by resumeResolution.', { ...ORDER, version: 2 }],
    ['Did you mean totalFee?', { ...ORDER, total_fee: 1 }],
    ['Did you mean queryEveryMs?', ORDER, DEADLINE, { queryEvery: 1 }],
    ["totalFee: must be a whole number of the currency's minor unit, 1 or more.", { ...ORDER, totalFee: 0 }],
    ["totalFee: must be a whole number of the currency's minor unit, 1 or more.", { ...ORDER, totalFee: '1' }],
    [
      'currency: must be three capital letters of ISO 4217, as in HKD; this one is "HKDX".',
      { ...ORDER, currency: 'HKDX' },
    ],
    [
      'currency: must be three capital letters of ISO 4217, as in HKD; this one is "hkd".',
      { ...ORDER, currency: 'hkd' },
    ],
    ['currency: must be three capital letters of ISO 4217, as in HKD.', { ...ORDER, currency: ['HKD'] }],
    ['orderCreatedAt: must be a valid Date.', { ...ORDER, orderCreatedAt: CREATED }],
    ['orderCreatedAt: must be a valid Date.', { ...ORDER, orderCreatedAt: new Date(Number.NaN) }],
    ['deadline: must be a valid time.', ORDER, Number.POSITIVE_INFINITY],
    ['deadline: must be a valid time.', ORDER, '0'],
    ['policy: must be an object of rules.', ORDER, DEADLINE, 7],
    ["ifPaid: must be 'keep' or 'reverse'.", ORDER, DEADLINE, { ifPaid: 'refund' }],
    ["ifAmountDiffers: must be 'needs-attention' or 'accept'.", ORDER, DEADLINE, { ifAmountDiffers: true }],
    ["ifPaidLate: must be 'keep' or 'refund'.", ORDER, DEADLINE, { ifPaidLate: 'reverse' }],
    ["product: must be 'quick-pay' or 'unified-order'.", { ...ORDER, product: 'native' }],
    [
      "timeExpire: is for an order of Unified Order: give product 'unified-order'.",
      { ...ORDER, timeExpire: new Date() },
    ],
    ['timeExpire: must be a valid Date.', { ...ORDER, product: 'unified-order', timeExpire: LATE }],
    ['timeExpire: is not after orderCreatedAt.', { ...ORDER, product: 'unified-order', timeExpire: new Date(CREATED) }],
    ['refundWhenExpired: must be true or false.', ORDER, DEADLINE, { refundWhenExpired: 1 }],
    ...(
      ['firstQueryMs', 'queryEveryMs', 'reverseAfterMs', 'closeAfterMs', 'backoffMs', 'maxBackoffMs'] as const
    ).flatMap((name) =>
      [0, 1.5, '5', Number.NaN, null].map((value): [string, unknown, unknown, unknown] => [
        `${name}: must be a whole number of milliseconds, 1 or more.`,
        ORDER,
        DEADLINE,
        { [name]: value },
      ]),
    ),
  ])('refuses: %s', (message, order, deadline = DEADLINE, policy = {}) => {
    expect(() => startResolution(order as never, deadline as never, policy as never)).toThrow(message);
  });

  it('the rules are those of the guide, and nobody can change them for all', () => {
    expect(DEFAULT_RESOLUTION_POLICY).toStrictEqual({
      ifPaid: 'keep',
      ifAmountDiffers: 'needs-attention',
      ifPaidLate: 'keep',
      refundWhenExpired: false,
      firstQueryMs: 5_000,
      queryEveryMs: 5_000,
      reverseAfterMs: 45_000,
      closeAfterMs: 7_200_000,
      backoffMs: 2_000,
      maxBackoffMs: 300_000,
    });
    expect(DEFAULT_RESOLUTION_POLICY).toSatisfy(Object.isFrozen);
  });

  it('takes the rules that are given, and the others as they are by default', () => {
    const given = {
      ifPaid: 'keep',
      ifAmountDiffers: 'accept',
      ifPaidLate: 'refund',
      refundWhenExpired: true,
      firstQueryMs: 1,
      queryEveryMs: 2,
      reverseAfterMs: 3,
      closeAfterMs: 6,
      backoffMs: 4,
      maxBackoffMs: 5,
    } as const;
    expect(startResolution(ORDER, DEADLINE, given).policy).toStrictEqual(given);
    const some = { backoffMs: 4, maxBackoffMs: undefined } as never;
    expect(startResolution(ORDER, DEADLINE, some).policy).toStrictEqual({ ...DEFAULT_RESOLUTION_POLICY, backoffMs: 4 });
  });
});
