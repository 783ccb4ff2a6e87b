import { describe, expect, it, test } from 'vitest';
import {
  resolveOrder,
  resumeResolution,
  type ResolutionCall,
  type ResolutionError,
  type ResolutionEvent,
  type ResolutionOutcome,
  type ResolutionPolicy,
  type ResolutionRun,
  type ResolutionState,
} from '../index.js';
import {
  advanceResolution,
  askFirst,
  askOrderNow,
  nextResolutionStep,
  refundNumberOf,
  reopenResolution,
  setAside,
  startResolution,
} from './index.js';
import { refusal, scripted, type Answer } from '../../test/scripted.js';

// An order of Unified Order, from its making to its proven end.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const CREATED = Date.UTC(2026, 10, 23);
const EXPIRES_S = 600;
const ORDER = {
  product: 'unified-order',
  outTradeNo: 'T-0001',
  orderCreatedAt: new Date(CREATED),
  timeExpire: new Date(CREATED + EXPIRES_S * SECOND),
  totalFee: 888,
  currency: 'HKD',
} as const;
const PAYMENT = { transactionId: '42', totalFee: 888, currency: 'HKD' };

function start(policy: Partial<ResolutionPolicy> = {}, change: object = {}): ResolutionState {
  return startResolution({ ...ORDER, ...change }, CREATED + 8 * DAY, policy);
}

const queried = (tradeState: (ResolutionEvent & { kind: 'queried' })['tradeState']): ResolutionEvent => ({
  kind: 'queried',
  tradeState,
  payment: {},
});
const paid = (paidS?: number, payment: object = PAYMENT): ResolutionEvent => ({
  kind: 'queried',
  tradeState: 'SUCCESS',
  payment,
  ...(paidS !== undefined && { paidAt: CREATED + paidS * SECOND }),
});
const failed = (step: ResolutionCall['kind'], error: Partial<ResolutionError>): ResolutionEvent => ({
  kind: 'failed',
  step,
  error: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'rejected', message: 'no', ...error },
});
const refused = (errorCode: string): ResolutionEvent => failed('close', { errorCode, advice: 'query-order' });
const NOTPAY = queried('NOTPAY');
const CLOSED_STATE = queried('CLOSED');
const CLOSED: ResolutionEvent = { kind: 'closed' };
const NOT_FOUND = failed('query', { errorCode: 'ORDERNOTEXIST', advice: 'fix-request' });
const NO_ANSWER = { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown' } as const;
const NOT_SENT = { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } as const;
const ACCEPTED: ResolutionEvent = { kind: 'refund-accepted', refundId: '7' };
const REFUNDED: ResolutionEvent = {
  kind: 'refunds-queried',
  totalFee: 888,
  refunded: 888,
  pending: 0,
  own: { refundStatus: 'SUCCESS', refundId: '7' },
};

type Script = readonly ResolutionEvent[];

interface Played {
  readonly steps: string[];
  readonly outcome: ResolutionOutcome;
  readonly state: ResolutionState;
}

/** Runs a resolution by its script, on a clock that jumps; the last answer holds on. Gives each step with its second, and the outcome. */
function play(script: Script, state = start(), fromS = 0, limit = 300): Played {
  const steps: string[] = [];
  let now = CREATED + fromS * SECOND;
  for (let answered = 0; ;) {
    const step = nextResolutionStep(state, now);
    if (step.kind === 'done') return { steps, outcome: step.outcome, state };
    if (step.kind === 'wait') {
      expect(step.until).toBeGreaterThan(now);
      now = step.until;
      continue;
    }
    steps.push(`${step.kind} ${(now - CREATED) / SECOND}`);
    if (steps.length > limit) return { steps, outcome: { kind: 'unresolved' }, state };
    const event = script[Math.min(answered, script.length - 1)]!;
    answered += 1;
    // Stored after each step, and read back: as JSON.
    state = JSON.parse(JSON.stringify(advanceResolution(state, event, { now }))) as ResolutionState;
  }
}

const ASKED = ['query 5', 'query 30', 'query 60', 'query 180', 'query 300', 'query 600'];
const unpaid = ASKED.map(() => NOTPAY);

describe('asks', () => {
  it('at the times of the guide, then every 30 min, and at the time when it is closed', () => {
    const { timeExpire: _, ...order } = ORDER;
    const state = startResolution(order, CREATED + DAY);
    expect(play([...unpaid, NOTPAY, NOTPAY, NOTPAY, NOTPAY, CLOSED, CLOSED_STATE], state).steps).toEqual([
      ...ASKED,
      'query 1800',
      'query 3600',
      'query 5400',
      'query 7200',
      'close 7200',
      'query 7200',
      'query 7260',
    ]);
  });

  it('not more often than queryEveryMs, and first after firstQueryMs', () => {
    const { steps } = play([NOTPAY], start({ firstQueryMs: 20_000, queryEveryMs: 60_000 }));
    expect(steps.slice(0, 6)).toEqual(['query 20', 'query 80', 'query 180', 'query 300', 'query 600', 'close 600']);
  });

  it.each(['NOTPAY', 'USERPAYING', 'ACCEPT', 'PAYERROR'] as const)(
    'while it says %s: it can be paid until it is closed',
    (one) => {
      const { steps, outcome } = play([queried(one), paid(20)]);
      expect(steps).toEqual(['query 5', 'query 30']);
      expect(outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    },
  );

  it('one query that brings no answer decides nothing; three in a row over 15 s close it, once its time is up', () => {
    const { steps } = play([failed('query', NO_ANSWER)]);
    expect(steps.slice(0, 8)).toEqual([...ASKED, 'query 605', 'query 610']);
    expect(steps[8]).toBe('query 615');
    expect(steps[9]).toBe('close 615');
  });

  it('a setting that is wrong needs a person, at once', () => {
    const { outcome } = play([failed('query', { errorCode: 'NOAUTH', advice: 'fix-request' })]);
    expect(outcome).toMatchObject({ kind: 'needs-attention', error: { errorCode: 'NOAUTH' } });
  });

  it.each([[failed('query', NOT_SENT)], [failed('query', { errorCode: 'FREQUENCY_LIMITED', advice: 'retry-later' })]])(
    'who was not asked does not close: %o',
    (event) => {
      expect(play([event]).steps.filter((step) => !step.startsWith('query'))).toEqual([]);
    },
  );
});

describe('closes what is not paid', () => {
  it('at time_expire; CLOSED is proven by a query, and by another a minute later', () => {
    const { steps, outcome } = play([...unpaid, CLOSED, CLOSED_STATE]);
    expect(steps).toEqual([...ASKED, 'close 600', 'query 600', 'query 660']);
    expect(outcome).toEqual({ kind: 'closed', found: true });
  });

  it('not before 5 min, however soon its time is up', () => {
    const soon = start({}, { timeExpire: new Date(CREATED + 60 * SECOND) });
    expect(play([NOTPAY], soon).steps.slice(0, 6)).toEqual([...ASKED.slice(0, 5), 'close 300']);
    expect(play([NOTPAY], start({ ifPaid: 'reverse' })).steps.slice(0, 2)).toEqual(['query 0', 'close 300']);
  });

  it('an hour after time_expire it still says NOTPAY: no end; it is closed', () => {
    const { steps, outcome } = play([NOTPAY, CLOSED, CLOSED_STATE], start(), 3600);
    expect(steps).toEqual(['query 3600', 'close 3600', 'query 3600', 'query 3660']);
    expect(outcome).toEqual({ kind: 'closed', found: true });
  });

  it.each<[string, ResolutionEvent, next: string]>([
    ['lost', failed('close', NO_ANSWER), 'query 602'],
    ['not sent', failed('close', NOT_SENT), 'query 602'],
    [
      'a system error',
      failed('close', { errorCode: 'SYSTEMERROR', outcome: 'unknown', advice: 'retry-later' }),
      'query 602',
    ],
    ['a code that is not documented', failed('close', { errorCode: 'ODD', outcome: 'unknown' }), 'query 602'],
    ['closed before', refused('ORDERCLOSED'), 'query 600'],
    ['its state does not allow it', refused('TRADE_STATE_ERROR'), 'query 600'],
    ['paid, it says', refused('ORDERPAID'), 'query 600'],
  ])('a close that is %s: a query first, then again, later each time', (_, event, next) => {
    const again = [event, NOTPAY, event, NOTPAY, event, NOTPAY, event, NOTPAY, event, NOTPAY];
    const { steps } = play([...unpaid, ...again], start(), 0, 16);
    expect(steps.slice(6, 9)).toEqual(['close 600', next, 'close 602']);
    const closes = steps.filter((step) => step.startsWith('close')).map((step) => Number(step.split(' ')[1]));
    const gaps = closes.slice(1, 5).map((at, index) => at - closes[index]!);
    expect(gaps).toEqual([2, 4, 8, 16]);
  });

  it('what it says of itself is no end: a query has to say CLOSED', () => {
    const { steps, outcome } = play([...unpaid, CLOSED, failed('query', NO_ANSWER), CLOSED_STATE]);
    expect(steps.slice(6)).toEqual(['close 600', 'query 600', 'query 660', 'query 720']);
    expect(outcome).toEqual({ kind: 'closed', found: true });
  });

  it('a parameter that is wrong: it is asked for once more, then needs a person', () => {
    const event = failed('close', { errorCode: 'PARAM_ERROR', advice: 'fix-request' });
    const { steps, outcome } = play([...unpaid, event, NOTPAY]);
    expect(steps.slice(6)).toEqual(['close 600', 'query 600']);
    expect(outcome).toMatchObject({ kind: 'needs-attention', error: { errorCode: 'PARAM_ERROR' } });
    const refusedHere = failed('close', { code: 'WECHATPAY_INVALID_REQUEST', advice: 'fix-request' });
    expect(play([...unpaid, refusedHere]).outcome).toMatchObject({ kind: 'needs-attention' });
  });

  it('closed by another hand: not believed at once, since one that had begun to pay may still', () => {
    expect(play([CLOSED_STATE, CLOSED_STATE])).toMatchObject({
      steps: ['query 5', 'query 65'],
      outcome: { kind: 'closed', found: true },
    });
    expect(play([CLOSED_STATE, paid(46)])).toMatchObject({ outcome: { kind: 'paid', isLate: true } });
  });

  it('closed, and then NOTPAY: closed again', () => {
    expect(play([...unpaid, CLOSED, CLOSED_STATE, NOTPAY, CLOSED, CLOSED_STATE]).steps.slice(6)).toEqual([
      'close 600',
      'query 600',
      'query 660',
      'close 660',
      'query 660',
      'query 720',
    ]);
  });

  it('REVOKED is an end: nothing can be paid any more', () => {
    expect(play([queried('REVOKED')]).outcome).toEqual({ kind: 'reversed' });
  });
});

describe('an order that is paid all the same', () => {
  it('between the last query and the close: ORDERPAID, which a query proves; kept, and told', () => {
    const { steps, outcome } = play([...unpaid, refused('ORDERPAID'), paid(601)]);
    expect(steps.slice(6)).toEqual(['close 600', 'query 600']);
    expect(outcome).toEqual({ kind: 'paid', payment: PAYMENT, isLate: true });
  });

  it('by who opened the password sheet before time_expire, 41 s after it', () => {
    const { outcome } = play([...unpaid, CLOSED, CLOSED_STATE, paid(641)]);
    expect(outcome).toEqual({ kind: 'paid', payment: PAYMENT, isLate: true });
  });

  it('in time, and only found out later: not late', () => {
    expect(play([...unpaid, refused('ORDERPAID'), paid(599)]).outcome).toEqual({ kind: 'paid', payment: PAYMENT });
    expect(play([...unpaid, refused('ORDERPAID'), paid(600)], start({ ifPaidLate: 'refund' })).outcome.kind).toBe(
      'paid',
    );
  });

  it.each([601, undefined])('is refunded where the policy says so: paid at %s s', (paidS) => {
    const script: Script = [...unpaid, refused('ORDERPAID'), paid(paidS), ACCEPTED, REFUNDED];
    const { steps, outcome, state } = play(script, start({ ifPaidLate: 'refund' }));
    expect(steps.slice(6)).toEqual(['close 600', 'query 600', 'refund 600', 'query-refunds 600']);
    const outRefundNo = refundNumberOf({ outTradeNo: 'T-0001' });
    expect(outcome).toEqual({ kind: 'refunded', outRefundNo, refundId: '7' });
    expect(state.sent).toEqual({ reverse: false, refundFee: 888 });
  });

  it('under ifPaid reverse it is refunded at once, whatever refundWhenExpired says, and never reversed', () => {
    const { steps, outcome } = play([paid(1), ACCEPTED, REFUNDED], start({ ifPaid: 'reverse' }));
    expect(steps).toEqual(['query 0', 'refund 0', 'query-refunds 0']);
    expect(outcome).toMatchObject({ kind: 'refunded', refundId: '7' });
  });

  it('with an amount that is not known, a person refunds', () => {
    const state = startResolution(
      { product: 'unified-order', outTradeNo: '1', orderCreatedAt: ORDER.orderCreatedAt },
      CREATED + DAY,
      {
        ifPaid: 'reverse',
      },
    );
    expect(play([paid(1, {})], state).outcome).toMatchObject({ kind: 'refund-required' });
  });

  it('with another amount it is asked for once more, then needs a person; and is not closed', () => {
    const other = paid(3, { totalFee: 1, currency: 'HKD' });
    expect(play([other])).toMatchObject({ steps: ['query 5', 'query 10'], outcome: { kind: 'needs-attention' } });
    expect(play([other, NOTPAY])).toMatchObject({
      steps: ['query 5', 'query 10'],
      outcome: { kind: 'needs-attention' },
    });
  });

  it.each([['keep'], ['reverse']] as const)(
    'with another amount, and then CLOSED, however often: a person is told of the amount; under %s',
    (ifPaid) => {
      const payment = { transactionId: '43', totalFee: 1, currency: 'HKD' };
      const { outcome } = play([paid(3, payment), CLOSED_STATE], start({ ifPaid }));
      expect(outcome).toMatchObject({
        kind: 'needs-attention',
        amounts: { paid: payment, expected: { totalFee: 888 } },
      });
      const accepted = play([paid(3, payment), CLOSED_STATE], start({ ifPaid: 'keep', ifAmountDiffers: 'accept' }));
      expect(accepted.outcome).toMatchObject({ kind: 'paid', payment });
    },
  );

  it('refunded in part by another: under keep a person decides, under reverse the rest is refunded', () => {
    const part: ResolutionEvent = { kind: 'refunds-queried', totalFee: 888, refunded: 88, pending: 0 };
    expect(play([queried('REFUND'), part]).outcome).toMatchObject({ kind: 'needs-attention' });
    const { steps } = play([queried('REFUND'), part, ACCEPTED, REFUNDED], start({ ifPaid: 'reverse' }));
    expect(steps).toEqual(['query 0', 'query-refunds 0', 'refund 0', 'query-refunds 0']);
  });
});

describe('an order that is not found', () => {
  it('has never come where a close found none either, and two answers in a row say so', () => {
    const { steps, outcome } = play([NOT_FOUND], start({ ifPaid: 'reverse' }), 0, 4);
    expect([steps.slice(0, 2), outcome.kind]).toEqual([['query 0', 'close 300'], 'unresolved']);
    const { steps: all, outcome: end } = play(
      [NOT_FOUND, refused('ORDERNOTEXIST'), NOT_FOUND, NOT_FOUND],
      start({ ifPaid: 'reverse' }),
    );
    expect(all).toEqual(['query 0', 'close 300', 'query 300', 'query 305']);
    expect(end).toEqual({ kind: 'closed', found: false });
  });

  it('is not called closed while a close brought no answer, nor where it was there before', () => {
    const lost = failed('close', NO_ANSWER);
    const deaf = play(
      [NOT_FOUND, lost, NOT_FOUND, lost, NOT_FOUND, lost, NOT_FOUND],
      start({ ifPaid: 'reverse' }),
      0,
      9,
    );
    expect(deaf.outcome.kind).toBe('unresolved');
    const known = play(
      [...unpaid, refused('ORDERNOTEXIST'), NOT_FOUND, refused('ORDERNOTEXIST'), NOT_FOUND],
      start(),
      0,
      20,
    );
    expect(known.outcome.kind).toBe('unresolved');
  });
});

describe('a hint', () => {
  it('has the order asked at once, and decides nothing', () => {
    const state = askOrderNow(start(), CREATED + 2 * SECOND);
    expect(state).toMatchObject({ kind: 'asking', at: CREATED + 2 * SECOND });
    expect(play([NOTPAY, NOTPAY], state, 1).steps.slice(0, 3)).toEqual(['query 2', 'query 7', 'query 30']);
  });

  it('a flood of them costs a query in 5 s', () => {
    let state = start();
    let queries = 0;
    for (let now = CREATED + 100 * SECOND; now < CREATED + 200 * SECOND; now += 100) {
      state = askOrderNow(state, now);
      if (nextResolutionStep(state, now).kind !== 'query') continue;
      queries += 1;
      state = advanceResolution(state, NOTPAY, { now });
    }
    expect(queries).toBe(22); // the two that were due anyway among them
  });

  it('where a close is due, the order is asked for first; a flood of them does not hold the close up', () => {
    const closing: ResolutionState = { ...start(), kind: 'closing', at: CREATED + 600 * SECOND, attempts: 0 };
    let now = CREATED + 600 * SECOND;
    let state = askOrderNow(closing, now);
    expect(nextResolutionStep(state, now)).toEqual({ kind: 'query' });
    state = askOrderNow(advanceResolution(state, NOTPAY, { now }), now);
    expect(nextResolutionStep(state, now)).toEqual({ kind: 'close' });
    now = CREATED + 400 * SECOND;
    expect(nextResolutionStep(advanceResolution(askOrderNow(closing, now), NOTPAY, { now }), now)).toEqual({
      kind: 'wait',
      until: CREATED + 600 * SECOND,
    });
  });

  it('of Quick Pay has it asked as well; a reversal, a refund and an end stay what they are', () => {
    const quick = startResolution({ outTradeNo: '1', orderCreatedAt: ORDER.orderCreatedAt }, CREATED + DAY);
    expect(askOrderNow(quick, CREATED + 1)).toMatchObject({ kind: 'asking', at: CREATED + 1 });
    const states: readonly ResolutionState[] = [
      { ...quick, kind: 'reversing', at: CREATED, attempts: 0 },
      { ...start(), kind: 'refunding', at: CREATED, attempts: 0, payment: PAYMENT, refundFee: 888 },
      { ...start(), kind: 'ended', outcome: { kind: 'closed', found: true } },
    ];
    for (const state of states) expect(askOrderNow(state, CREATED + 1)).toEqual(state);
  });
});

describe('whoever takes it over', () => {
  const closing: ResolutionState = {
    ...start(),
    kind: 'closing',
    at: CREATED + 600 * SECOND,
    attempts: 1,
    givenUpAt: CREATED,
  };
  const refunding: ResolutionState = {
    ...start({ ifPaid: 'reverse' }),
    kind: 'refunding',
    at: CREATED + 600 * SECOND,
    attempts: 1,
    payment: PAYMENT,
    refundFee: 888,
  };

  it('asks first, and a refund that may have been sent is repeated with the same amount', () => {
    expect(askFirst(closing)).toMatchObject({ kind: 'checking-close', attempts: 1, notBefore: CREATED + 600 * SECOND });
    expect(setAside(closing)).toEqual(askFirst(closing));
    expect(askFirst(refunding)).toMatchObject({ kind: 'checking-close', sent: { refundFee: 888 } });
    expect(setAside(refunding)).toMatchObject({ kind: 'checking-close', sent: { reverse: false } });
    const { steps } = play([paid(1), ACCEPTED, REFUNDED], askFirst(refunding), 600);
    expect(steps).toEqual(['query 600', 'refund 600', 'query-refunds 600']);
  });

  it('a close that was decided stays decided', () => {
    const reopened = reopenResolution(setAside(closing), CREATED + HOUR, CREATED + DAY);
    expect(reopened).toMatchObject({ kind: 'checking-close', at: CREATED + HOUR, givenUpAt: CREATED });
    const stopped = {
      ...start(),
      givenUpAt: CREATED,
      kind: 'ended',
      outcome: { kind: 'unresolved' },
    } as ResolutionState;
    expect(reopenResolution(stopped, CREATED + HOUR, CREATED + DAY)).toMatchObject({ kind: 'checking-close' });
    expect(reopenResolution(start(), CREATED + MINUTE, CREATED + DAY)).toMatchObject({
      kind: 'asking',
      at: CREATED + MINUTE,
    });
  });

  it('what a close was refused for before is not held against it: it is tried again', () => {
    const wrong = failed('close', { errorCode: 'PARAM_ERROR', advice: 'fix-request' });
    const refusedOnce = advanceResolution(closing, wrong, { now: CREATED + 10 * MINUTE });
    // Needs a person at once, or is left at its deadline, with the refusal in it.
    const left = {
      ...setAside(closing),
      refusal: { ...NO_ANSWER, message: '', advice: 'fix-request', outcome: 'rejected' },
    };
    for (const stored of [refusedOnce, left as ResolutionState]) {
      const reopened = reopenResolution(stored, CREATED + HOUR, CREATED + DAY);
      const { steps, outcome } = play([NOTPAY, CLOSED, CLOSED_STATE], reopened, 3600);
      expect(steps.slice(0, 2)).toEqual(['query 3600', expect.stringContaining('close ')]);
      expect(outcome).toEqual({ kind: 'closed', found: true });
    }
  });

  it('the sale is on again before anything was closed: it is asked for as before', () => {
    const off = start({ ifPaid: 'reverse' });
    const on = reopenResolution(off, CREATED + MINUTE, CREATED + DAY, { ifPaid: 'keep' });
    expect(on).toMatchObject({ kind: 'asking', at: CREATED + MINUTE });
    const decided = advanceResolution(off, NOTPAY, { now: CREATED });
    const stands = reopenResolution(decided, CREATED + MINUTE, CREATED + DAY, { ifPaid: 'keep' });
    expect(stands).toMatchObject({ kind: 'checking-close', notBefore: CREATED + 5 * MINUTE });
  });

  it('a closed order of which a notification says that it is paid is asked for again, and refunded by policy', () => {
    const { state } = play([...unpaid, CLOSED, CLOSED_STATE]);
    const reopened = reopenResolution(state, CREATED + HOUR, CREATED + DAY, { ifPaidLate: 'refund' });
    const { steps, outcome } = play([paid(700), ACCEPTED, REFUNDED], reopened, 3600);
    expect(steps).toEqual(['query 3600', 'refund 3600', 'query-refunds 3600']);
    expect(outcome.kind).toBe('refunded');
    expect(play([CLOSED_STATE], reopenResolution(state, CREATED + HOUR, CREATED + DAY), 3600).outcome).toEqual({
      kind: 'closed',
      found: true,
    });
  });

  it('a paid one is refunded where the sale is off', () => {
    const { state } = play([paid(1)]);
    expect(() => reopenResolution(state, CREATED, CREATED + DAY)).toThrow('has an end: the order is paid');
    const off = reopenResolution(state, CREATED + 10 * DAY, CREATED + 20 * DAY, { ifPaid: 'reverse' });
    expect(play([paid(1), ACCEPTED, REFUNDED], off, 864_000).steps).toEqual([
      'query 864000',
      'refund 864000',
      'query-refunds 864000',
    ]);
  });
});

describe('in process', () => {
  const NOT_PAID: Answer = { trade_state: 'NOTPAY' };
  const IS_CLOSED: Answer = { trade_state: 'CLOSED' };
  const IS_PAID: Answer = { trade_state: 'SUCCESS', transaction_id: '42', total_fee: '888', fee_type: 'HKD' };

  test('resolveOrder waits for its time, closes and proves it, with no deadline given', async () => {
    const answers = [...unpaid.map(() => NOT_PAID), {}, IS_CLOSED] as unknown as [Answer, ...Answer[]];
    const { client, calls, wait } = scripted(answers);
    const { outcome } = await resolveOrder(client, ORDER, { wait });
    expect(outcome).toEqual({ kind: 'closed', found: true });
    expect(calls.slice(6).map(({ path, at }) => `${path} ${(at - CREATED) / SECOND}`)).toEqual([
      '/pay/closeorder 600',
      '/pay/orderquery 600',
      '/pay/orderquery 660',
    ]);
    expect(calls[6]?.fields).toMatchObject({ out_trade_no: 'T-0001' });
    expect(calls[6]?.fields).not.toHaveProperty('transaction_id');
  });

  test('paid between the query and the close: an end, and no error', async () => {
    const { client } = scripted([NOT_PAID, refusal('ORDERPAID'), IS_PAID], { time: CREATED + HOUR });
    const { outcome } = await resolveOrder(client, ORDER, { wait: () => Promise.resolve() });
    expect(outcome).toMatchObject({ kind: 'paid', payment: PAYMENT, isLate: true });
  });

  test('a notification ends the wait: asked at once', async () => {
    const { client, calls } = scripted([IS_PAID]);
    let run: ResolutionRun | undefined;
    const { outcome } = await resolveOrder(client, ORDER, {
      onStart: (started) => {
        run = started;
      },
      wait: (_, signal) => {
        run?.askNow();
        expect(signal?.aborted).toBe(true);
        return Promise.resolve();
      },
    });
    expect(outcome.kind).toBe('paid');
    expect(calls.map(({ at }) => at - CREATED)).toEqual([0]);
    run?.askNow(); // it has ended: nothing happens
    expect(calls).toHaveLength(1);
  });

  test('a notification ends a wait by the timer, too', async () => {
    const { client } = scripted([IS_PAID]);
    const { outcome } = await resolveOrder(client, ORDER, {
      onStart: (run) => {
        setImmediate(run.askNow);
      },
    });
    expect(outcome.kind).toBe('paid');
  });

  test('a callback that throws stops nothing', async () => {
    const { client, wait } = scripted([IS_PAID]);
    const error = new Error('no');
    const { outcome, callbackErrors } = await resolveOrder(client, ORDER, {
      wait,
      onStart: () => {
        throw error;
      },
    });
    expect(outcome.kind).toBe('paid');
    expect(callbackErrors).toEqual([{ callback: 'onStart', error }]);
  });

  test('a closed order is asked for again where a rule is given, and refunded', async () => {
    const ended: ResolutionState = {
      ...start(),
      givenUpAt: CREATED,
      kind: 'ended',
      outcome: { kind: 'closed', found: true },
    };
    const silent = scripted([IS_PAID]);
    expect((await resumeResolution(silent.client, ended)).outcome.kind).toBe('closed');
    expect(silent.calls).toEqual([]);
    const { client, calls, wait } = scripted([IS_PAID, { refund_id: '7' }, refusal('REFUNDNOTEXIST')], {
      time: CREATED + HOUR,
    });
    const again = await resumeResolution(client, ended, {
      ifPaidLate: 'refund',
      wait,
      deadline: new Date(CREATED + HOUR + MINUTE),
    });
    expect(calls.slice(0, 2).map(({ path }) => path)).toEqual(['/pay/orderquery', '/secapi/pay/refund']);
    expect(again.outcome.kind).toBe('unresolved');
  });
});
