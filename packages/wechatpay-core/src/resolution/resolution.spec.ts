import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  WechatPayRequestError,
  type ResolutionCall,
  type ResolutionError,
  type ResolutionEvent,
  type ResolutionOutcome,
  type ResolutionPolicy,
  type ResolutionState,
} from '../index.js';
import { advanceResolution, askFirst, nextResolutionStep, reopenResolution, startResolution } from './index.js';

const CREATED = Date.UTC(2026, 10, 23);
const DAY_S = 24 * 60 * 60;
const ORDER = { outTradeNo: '1415717424', orderCreatedAt: new Date(CREATED) };

function start(policy: Partial<ResolutionPolicy> = {}, deadlineS = 7 * DAY_S): ResolutionState {
  return startResolution(ORDER, CREATED + deadlineS * 1000, policy);
}

/** What the gateway says to the steps, in turn; the last answer holds on. */
type Script = readonly [ResolutionEvent, ...ResolutionEvent[]];

/** Runs a resolution by its script, on a clock that jumps. Gives each step with its second, and the outcome. */
function play(
  script: Script,
  state = start(),
  fromS = 0,
): { steps: string[]; outcome: ResolutionOutcome; state: ResolutionState } {
  const steps: string[] = [];
  let now = CREATED + fromS * 1000;
  for (let answered = 0; ;) {
    const step = nextResolutionStep(state, now);
    if (step.kind === 'done') return { steps, outcome: step.outcome, state };
    if (step.kind === 'wait') {
      expect(step.until).toBeGreaterThan(now);
      now = step.until;
      continue;
    }
    steps.push(`${step.kind} ${(now - CREATED) / 1000}`);
    if (steps.length > 200_000) throw new Error(`It goes on for ever: ${steps.slice(-5).join(', ')}`);
    const event = script[Math.min(answered, script.length - 1)]!;
    answered += 1;
    // Stored after each step, and read back: as JSON.
    state = JSON.parse(JSON.stringify(advanceResolution(state, event, { now }))) as ResolutionState;
  }
}

const state = (tradeState: (ResolutionEvent & { kind: 'queried' })['tradeState']): ResolutionEvent => ({
  kind: 'queried',
  tradeState,
  payment: tradeState === 'SUCCESS' ? { transactionId: '42', totalFee: 100, currency: 'HKD' } : {},
});
const failed = (step: ResolutionCall['kind'], error: Partial<ResolutionError>): ResolutionEvent => ({
  kind: 'failed',
  step,
  error: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', message: 'no', ...error },
});

const PAID = state('SUCCESS');
const PAYING = state('USERPAYING');
const REVERSED: ResolutionEvent = { kind: 'reversed', recall: false };
const REVOKED = state('REVOKED');
const RECALL: ResolutionEvent = { kind: 'reversed', recall: true };
const ACCEPTED: ResolutionEvent = { kind: 'refund-accepted', refundId: '7' };
const OWN = { refundStatus: 'SUCCESS', refundId: '7' };
const refunds = (
  refunded: number,
  pending: number,
  own?: { refundStatus: string; refundId?: string },
): ResolutionEvent => ({
  kind: 'refunds-queried',
  totalFee: 100,
  refunded,
  pending,
  ...(own && { own }),
});
const NO_ANSWER = { code: 'WECHATPAY_TIMEOUT' } as const;
const NOT_SENT = { code: 'WECHATPAY_CONNECTION', outcome: 'not-sent' } as const;
const NOT_FOUND = failed('query', { errorCode: 'ORDERNOTEXIST', outcome: 'rejected', advice: 'fix-request' });
const USER_PAYING = failed('reverse', {
  errorCode: 'USERPAYING',
  outcome: 'rejected',
  advice: 'retry-later',
  recall: true,
});
const EXPIRED = failed('reverse', { errorCode: 'REVERSE_EXPIRE', outcome: 'rejected', advice: 'refund' });
const INVALID = failed('reverse', { errorCode: 'INVALID_REQUEST', outcome: 'unknown', advice: 'fix-request' });
/** Refused each time, and not there each time: until a minute is over, twice after that. */
const NEVER_CAME = [INVALID, NOT_FOUND, INVALID, NOT_FOUND, INVALID, NOT_FOUND, INVALID, NOT_FOUND, NOT_FOUND];
const PARAMETER = { errorCode: 'PARAM_ERROR', outcome: 'rejected', advice: 'fix-request' } as const;
const ASKED = [
  'query 5',
  'query 10',
  'query 15',
  'query 20',
  'query 25',
  'query 30',
  'query 35',
  'query 40',
  'query 45',
];
const asked = (answer: ResolutionEvent): ResolutionEvent[] => ASKED.map(() => answer);

describe('keeps an order that turns out paid', () => {
  test.each<[string, Script, steps: string[]]>([
    ['at the first query', [PAID], ['query 5']],
    ['while it asks', [PAYING, PAYING, PAID], ['query 5', 'query 10', 'query 15']],
    [
      'after queries without an answer',
      [failed('query', NO_ANSWER), NOT_FOUND, PAID],
      ['query 5', 'query 10', 'query 15'],
    ],
  ])('%s', (_, script, steps) => {
    expect(play(script)).toMatchObject({
      steps,
      outcome: { kind: 'paid', payment: { transactionId: '42', totalFee: 100, currency: 'HKD' } },
    });
  });

  it('but not one that is paid with another amount than it costs', () => {
    const { outcome, steps } = play([PAID], startResolution({ ...ORDER, totalFee: 99 }, CREATED + 60_000));
    expect(steps).toEqual(['query 5', 'query 10']);
    expect(outcome).toMatchObject({
      kind: 'needs-attention',
      error: { message: expect.stringContaining('99') as string },
      amounts: { expected: { totalFee: 99 }, paid: { totalFee: 100, currency: 'HKD' } },
    });
  });

  it('nor one that is paid in another currency', () => {
    const { outcome } = play([PAID], startResolution({ ...ORDER, totalFee: 100, currency: 'USD' }, CREATED + 60_000));
    expect(outcome).toMatchObject({
      kind: 'needs-attention',
      error: { message: expect.stringContaining('paid with 100 HKD, and should cost 100 USD') as string },
    });
  });

  it('nor one whose answer leaves the amount out; one that leaves the currency out is about the one that was asked', () => {
    const priced = startResolution({ ...ORDER, totalFee: 100, currency: 'HKD' }, CREATED + 60_000);
    const bare: ResolutionEvent = { kind: 'queried', tradeState: 'SUCCESS', payment: {} };
    expect(play([bare], priced).outcome).toMatchObject({ kind: 'needs-attention', amounts: { paid: {} } });
    const amount: ResolutionEvent = { kind: 'queried', tradeState: 'SUCCESS', payment: { totalFee: 100 } };
    expect(play([amount], priced).outcome.kind).toBe('paid');
  });

  it('and takes the second word where the first was odd', () => {
    const priced = startResolution({ ...ORDER, totalFee: 100 }, CREATED + 60_000);
    const odd: ResolutionEvent = { kind: 'queried', tradeState: 'SUCCESS', payment: { totalFee: 1 } };
    expect(play([odd, PAID], priced).outcome.kind).toBe('paid');
    // It was paid, if oddly: nothing that comes after reverses it.
    for (const after of [state('NOTPAY'), state('PAYERROR'), failed('query', NO_ANSWER)]) {
      const { outcome, steps } = play([odd, after], priced, 44);
      expect(outcome.kind === 'needs-attention' || outcome.kind === 'unresolved').toBe(true);
      expect(steps.every((step) => step.startsWith('query'))).toBe(true);
    }
  });

  it.each([
    ['keep', 'paid', ['query 86400']],
    ['reverse', 'reversed', ['query 86400', 'reverse 86400', 'query 86400']],
  ] as const)('a person can accept another amount: %s', (ifPaid, kind, steps) => {
    for (const first of ['keep', 'reverse'] as const) {
      const wrong = startResolution({ ...ORDER, totalFee: 99 }, CREATED + 60_000, { ifPaid: first });
      const { state: stopped } = play([PAID], wrong);
      const later = CREATED + DAY_S * 1000;
      const again = reopenResolution(stopped, later, later + 60_000, { ifPaid, ifAmountDiffers: 'accept' });
      const script: Script = ifPaid === 'keep' ? [PAID] : [PAID, REVERSED, REVOKED];
      expect(play(script, again, DAY_S)).toMatchObject({ steps, outcome: { kind } });
    }
  });
});

describe('takes the word of a query that says how it ended', () => {
  test.each<[string, ResolutionOutcome]>([
    ['CLOSED', { kind: 'closed', found: true }],
    ['REVOKED', { kind: 'reversed' }],
  ])('%s', (tradeState, outcome) => {
    for (const ifPaid of ['keep', 'reverse'] as const) {
      const { steps, ...ended } = play([state(tradeState as 'CLOSED')], start({ ifPaid }));
      expect(ended).toMatchObject({ outcome });
      expect(steps).toHaveLength(1);
    }
  });
});

describe('reverses without a clear result', () => {
  test.each<[string, Script, steps: string[], ResolutionOutcome]>([
    [
      'after 45 s',
      [...asked(PAYING), REVERSED, REVOKED] as never,
      [...ASKED, 'reverse 45', 'query 45'],
      { kind: 'reversed' },
    ],
    [
      'where no query is answered',
      [...asked(failed('query', NO_ANSWER)), REVERSED, REVOKED] as never,
      [...ASKED, 'reverse 45', 'query 45'],
      { kind: 'reversed' },
    ],
    [
      'at once where the payment failed, but not before 15 s',
      [state('PAYERROR'), REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'query 15'],
      { kind: 'reversed' },
    ],
    [
      'and takes no word of Revoke Order for it, whose answer names no order: a query proves it',
      [state('PAYERROR'), REVERSED, PAID, REVERSED, state('NOTPAY'), REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'query 15', 'reverse 17', 'query 17', 'reverse 21', 'query 21'],
      { kind: 'reversed' },
    ],
    [
      'and waits for that proof',
      [state('PAYERROR'), REVERSED, failed('query', NO_ANSWER), failed('query', NOT_SENT), state('CLOSED')],
      ['query 5', 'reverse 15', 'query 15', 'query 20', 'query 25'],
      { kind: 'closed', found: true },
    ],
    [
      'again while recall is Y, each time twice as late',
      [state('PAYERROR'), RECALL, RECALL, RECALL, REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'reverse 17', 'reverse 21', 'reverse 29', 'query 29'],
      { kind: 'reversed' },
    ],
    [
      'again while the user is paying',
      [state('PAYERROR'), USER_PAYING, USER_PAYING, REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'reverse 17', 'reverse 21', 'query 21'],
      { kind: 'reversed' },
    ],
    [
      'again where nothing was sent, after a query',
      [state('PAYERROR'), failed('reverse', NOT_SENT), state('NOTPAY'), REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'query 17', 'reverse 17', 'query 17'],
      { kind: 'reversed' },
    ],
    [
      'again where the outcome is unknown, after a query',
      [state('PAYERROR'), failed('reverse', NO_ANSWER), state('NOTPAY'), REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'query 17', 'reverse 17', 'query 17'],
      { kind: 'reversed' },
    ],
    [
      'again after SYSTEMERROR',
      [state('PAYERROR'), failed('reverse', { errorCode: 'SYSTEMERROR' }), REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'reverse 17', 'query 17'],
      { kind: 'reversed' },
    ],
    [
      'again after an answer that cannot be trusted, and a query that is not answered either',
      [state('PAYERROR'), failed('reverse', NO_ANSWER), failed('query', NO_ANSWER), REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'query 17', 'reverse 17', 'query 17'],
      { kind: 'reversed' },
    ],
    [
      'and finds that the reversal without an answer had happened',
      [state('PAYERROR'), failed('reverse', NO_ANSWER), REVOKED],
      ['query 5', 'reverse 15', 'query 17'],
      { kind: 'reversed' },
    ],
    [
      'an order that is paid by now: that reversal may still take effect',
      [state('PAYERROR'), failed('reverse', NO_ANSWER), PAID, REVERSED, REVOKED],
      ['query 5', 'reverse 15', 'query 17', 'reverse 17', 'query 17'],
      { kind: 'reversed' },
    ],
    [
      'an order that never came',
      [...asked(NOT_FOUND), ...NEVER_CAME] as never,
      [
        ...ASKED,
        'reverse 45',
        'query 47',
        'reverse 47',
        'query 51',
        'reverse 51',
        'query 59',
        'reverse 59',
        'query 75',
        'query 80',
      ],
      { kind: 'closed', found: false },
    ],
  ])('%s', (_, script, steps, outcome) => {
    expect(play(script)).toMatchObject({ steps, outcome });
  });

  it('keeps what is paid by now where the reversal was certainly not sent', () => {
    const { steps, outcome } = play([state('PAYERROR'), failed('reverse', NOT_SENT), PAID]);
    expect(steps).toEqual(['query 5', 'reverse 15', 'query 17']);
    expect(outcome.kind).toBe('paid');
  });

  it('and caps the time between two reversals', () => {
    const { steps } = play([state('PAYERROR'), RECALL], start({ maxBackoffMs: 10_000 }, 60));
    expect(steps).toEqual([
      'query 5',
      ...['15', '17', '21', '29', '39', '49', '59'].map((second) => `reverse ${second}`),
    ]);
  });

  it('reverses where it should, not before 15 s', () => {
    expect(play([PAID, REVERSED, REVOKED], start({ ifPaid: 'reverse' }))).toMatchObject({
      steps: ['query 0', 'reverse 15', 'query 15'],
      outcome: { kind: 'reversed' },
    });
  });
});

describe('past the 7 days', () => {
  const late = 7 * DAY_S + 1;
  const give = (policy: Partial<ResolutionPolicy>): ResolutionState =>
    start({ ifPaid: 'reverse', ...policy }, 8 * DAY_S);

  it('a paid order needs a refund', () => {
    expect(play([PAID], give({}), late)).toMatchObject({
      steps: [`query ${late}`],
      outcome: { kind: 'refund-required', payment: { totalFee: 100, currency: 'HKD' } },
    });
  });

  it('it is refunded where the policy says so, again under the same number', () => {
    const script: Script = [PAID, failed('refund', { errorCode: 'SYSTEMERROR' }), ACCEPTED, refunds(100, 0, OWN)];
    const { steps, outcome } = play(script, give({ refundWhenExpired: true }), late);
    expect(steps).toEqual([`query ${late}`, `refund ${late}`, `refund ${late + 2}`, `query-refunds ${late + 2}`]);
    expect(outcome).toEqual({
      kind: 'refunded',
      outRefundNo: expect.stringMatching(/^settle[0-9a-f]{26}$/) as string,
      refundId: '7',
    });
  });

  it('WeChat Pay’s own word counts: REVERSE_EXPIRE', () => {
    expect(play([PAID, EXPIRED, PAID], start({ ifPaid: 'reverse' }))).toMatchObject({
      steps: ['query 0', 'reverse 15', 'query 15'],
      outcome: { kind: 'refund-required' },
    });
  });

  it('a refund that is refused needs attention', () => {
    const refused = failed('refund', { errorCode: 'TRADE_OVERDUE', outcome: 'rejected', advice: 'fix-request' });
    expect(play([PAID, refused], give({ refundWhenExpired: true }), late).outcome).toMatchObject({
      kind: 'needs-attention',
      error: { errorCode: 'TRADE_OVERDUE' },
      amounts: { paid: { totalFee: 100 } },
    });
  });

  it.each(['NOTENOUGH', 'FREQUENCY_LIMITED'])('%s is a matter of time: a minute apart at least', (errorCode) => {
    const later = failed('refund', { errorCode, outcome: 'rejected', advice: 'retry-later' });
    const { steps, outcome } = play(
      [PAID, later, later, later, ACCEPTED, refunds(100, 0, OWN)],
      give({ refundWhenExpired: true, backoffMs: 50_000 }),
      late,
    );
    expect(steps.slice(1, 5)).toEqual([late, late + 60, late + 160, late + 360].map((second) => `refund ${second}`));
    expect(outcome.kind).toBe('refunded');
  });

  it('accepted is not refunded: it is followed until it has arrived', () => {
    const pending = refunds(0, 100, { refundStatus: 'PROCESSING', refundId: '7' });
    const { steps, outcome } = play(
      [PAID, ACCEPTED, pending, pending, failed('query-refunds', NO_ANSWER), refunds(100, 0, OWN)],
      give({ refundWhenExpired: true }),
      late,
    );
    expect(steps.slice(2)).toEqual([late, late + 2, late + 6, late + 14].map((second) => `query-refunds ${second}`));
    expect(outcome).toMatchObject({ kind: 'refunded', refundId: '7' });
  });

  it.each(['CHANGE', 'REFUNDCLOSE', 'FAIL'])('a refund that ends %s needs a person', (refundStatus) => {
    const stopped = { ...refunds(0, 0), stopped: { outRefundNo: 'R1', refundStatus } } as ResolutionEvent;
    const script: Script = [PAID, ACCEPTED, stopped];
    expect(play(script, give({ refundWhenExpired: true }), late).outcome).toMatchObject({
      kind: 'needs-attention',
      error: { message: expect.stringContaining(refundStatus) as string },
      amounts: { paid: { totalFee: 100 }, refunded: 0, remaining: 100 },
    });
  });

  it('an order that is paid is kept where it should be', () => {
    expect(play([PAID], start({}, 8 * DAY_S), late).outcome).toMatchObject({ kind: 'paid' });
  });
});

describe('an order of which something was refunded', () => {
  const REFUND = state('REFUND');
  const giving = (policy: Partial<ResolutionPolicy> = {}): ResolutionState => start({ ifPaid: 'reverse', ...policy });

  it.each(['keep', 'reverse'] as const)('in full: refunded, whether it is to %s', (ifPaid) => {
    const { steps, outcome } = play([REFUND, refunds(40, 60), refunds(100, 0)], start({ ifPaid }));
    expect(steps.map((step) => step.split(' ')[0])).toEqual(['query', 'query-refunds', 'query-refunds']);
    expect(outcome).toEqual({ kind: 'refunded' });
  });

  it('in full is what is paid, by each answer that tells of it', () => {
    const odd: ResolutionEvent = { kind: 'refunds-queried', totalFee: 1, refunded: 1, pending: 0 };
    const told: ResolutionEvent = { kind: 'queried', tradeState: 'REFUND', payment: { totalFee: 100 } };
    expect(play([told, odd], giving()).outcome).toMatchObject({ kind: 'refund-required', amounts: { remaining: 99 } });
    const priced = startResolution({ ...ORDER, totalFee: 100 }, CREATED + 60_000);
    expect(play([REFUND, odd], priced).outcome).toMatchObject({
      kind: 'needs-attention',
      amounts: { expected: { totalFee: 100 }, paid: { totalFee: 1 }, remaining: 0 },
    });
    const dearer = startResolution({ ...ORDER, totalFee: 999 }, CREATED + 60_000, { ifAmountDiffers: 'accept' });
    expect(play([told, refunds(100, 0)], dearer).outcome).toEqual({ kind: 'refunded' });
  });

  it('in part, by another: the rest needs a refund', () => {
    expect(play([REFUND, refunds(1, 0)], giving()).outcome).toMatchObject({
      kind: 'refund-required',
      amounts: { paid: { totalFee: 100 }, refunded: 1, remaining: 99 },
    });
  });

  it('in part, by another: the rest is refunded where the policy says so', () => {
    const script: Script = [REFUND, refunds(1, 0), ACCEPTED, refunds(100, 0, OWN)];
    const { steps, outcome } = play(script, giving({ refundWhenExpired: true }));
    expect(steps).toEqual(['query 0', 'query-refunds 0', 'refund 0', 'query-refunds 0']);
    expect(outcome).toMatchObject({ kind: 'refunded', outRefundNo: expect.any(String) as string });
  });

  it('in part, by another, where it should be kept: a person decides', () => {
    expect(play([REFUND, refunds(1, 0)]).outcome).toMatchObject({
      kind: 'needs-attention',
      amounts: { paid: { totalFee: 100 }, refunded: 1, remaining: 99 },
    });
  });

  it('asks first after a crash, and repeats a refund that may have been sent with its own amount alone', () => {
    const { state: due } = {
      state: advanceResolution(
        advanceResolution(giving({ refundWhenExpired: true }), REFUND, { now: CREATED }),
        refunds(1, 0),
        {
          now: CREATED,
        },
      ),
    };
    expect(nextResolutionStep(due, CREATED)).toMatchObject({ kind: 'refund', refundFee: 99 });
    expect(play([REFUND, refunds(1, 99, OWN), refunds(100, 0, OWN)], askFirst(due)).outcome.kind).toBe('refunded');
    expect(play([REFUND, refunds(2, 0)], askFirst(due)).outcome).toMatchObject({ kind: 'refund-required' });
    const again = play([REFUND, refunds(1, 0), ACCEPTED, refunds(100, 0, OWN)], askFirst(due));
    expect(again.steps.filter((step) => step.startsWith('refund'))).toEqual(['refund 60']);
  });
});

describe('under keep, no reversal is decided by', () => {
  it('the first query after a restart: unclear answers decide three in a row, over 15 s', () => {
    const noAnswer = failed('query', NO_ANSWER);
    expect(play([noAnswer, PAID], start(), 3600)).toMatchObject({
      steps: ['query 3600', 'query 3605'],
      outcome: { kind: 'paid' },
    });
    expect(play([noAnswer, noAnswer, noAnswer, noAnswer, REVERSED, REVOKED], start(), 3600).steps).toEqual([
      'query 3600',
      'query 3605',
      'query 3610',
      'query 3615',
      'reverse 3615',
      'query 3615',
    ]);
  });

  it('a word that there is no such order, which names none: a late answer to another call says the same', () => {
    expect(play([NOT_FOUND, PAID], start(), 3600)).toMatchObject({
      steps: ['query 3600', 'query 3605'],
      outcome: { kind: 'paid' },
    });
    const gone = play([PAYING, INVALID, NOT_FOUND, PAID, REVOKED], start(), 3600);
    expect(gone).toMatchObject({ outcome: { kind: 'reversed' } });
  });

  it('nor is an order gone that was seen paid in between', () => {
    const priced = startResolution({ ...ORDER, totalFee: 99 }, CREATED + DAY_S * 1000, { ifPaid: 'reverse' });
    const { outcome } = play([PAYING, INVALID, NOT_FOUND, PAID, NOT_FOUND, NOT_FOUND, PAID] as never, priced, 3600);
    expect(outcome).toMatchObject({ kind: 'needs-attention', amounts: { paid: { totalFee: 100 } } });
  });

  it('unclear answers that are far apart', () => {
    let current = start();
    for (const minute of [60, 62, 64, 66]) {
      const now = CREATED + minute * 60_000;
      current = advanceResolution(current, failed('query', NO_ANSWER), { now });
      expect(current.kind).toBe('asking');
    }
  });

  it.each<[string, Script]>([
    ['paid with another amount', [PAID]],
    ['refunded in part', [state('REFUND'), refunds(1, 0)]],
  ])('answers that stay unclear, of an order that was seen %s and is set going again', (_, seen) => {
    const priced = startResolution({ ...ORDER, totalFee: 99 }, CREATED + DAY_S * 1000);
    const dead = play(seen, priced);
    expect(dead.outcome.kind).toBe('needs-attention');
    for (const unclear of [failed('query', NO_ANSWER), NOT_FOUND]) {
      const again = reopenResolution(dead.state, CREATED + DAY_S * 1000, CREATED + 2 * DAY_S * 1000, {
        ifAmountDiffers: 'accept',
      });
      const { steps, outcome } = play([unclear], again, DAY_S);
      expect(outcome.kind).toBe('unresolved'); // and a person looks again
      expect(new Set(steps.map((step) => step.split(' ')[0]))).toEqual(new Set(['query']));
      expect(steps.length).toBeLessThan(2_000);
      const silence = Array.from({ length: 20 }, () => unclear);
      expect(play([...silence, PAID] as never, again, DAY_S).outcome.kind).toBe('paid');
      expect(play([...silence, state('NOTPAY'), REVERSED, REVOKED] as never, again, DAY_S).outcome.kind).toBe(
        'reversed',
      );
    }
  });

  it.each<[string, Partial<ResolutionError>]>([
    ['signed', { errorCode: 'FREQUENCY_LIMITED', outcome: 'rejected', advice: 'retry-later' }],
    ['unsigned', { code: 'WECHATPAY_GATEWAY_FAIL', outcome: 'unknown', advice: 'retry-later' }],
  ])('throttling, %s: who is throttled has asked nobody', (_, error) => {
    const throttled = failed('query', error);
    const { steps, outcome } = play([...Array.from({ length: 20 }, () => throttled), PAID] as never);
    expect(outcome.kind).toBe('paid');
    expect(steps.every((step) => step.startsWith('query'))).toBe(true);
  });
});

describe('needs attention', () => {
  test.each<[string, Script]>([
    ['a query that is wrong', [failed('query', PARAMETER)]],
    [
      'a request that cannot be sent',
      [failed('query', { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent', advice: 'fix-request' })],
    ],
    [
      'a reversal that is wrong, where the order is not reversed',
      [state('PAYERROR'), failed('reverse', PARAMETER), state('NOTPAY')],
    ],
    ['a reversal that is wrong, where the order is paid', [state('PAYERROR'), failed('reverse', PARAMETER), PAID]],
  ])('%s', (_, script) => {
    expect(play(script).outcome).toMatchObject({ kind: 'needs-attention', error: { advice: 'fix-request' } });
  });

  it('not a reversal that is refused as wrong, where the order is reversed all the same', () => {
    expect(play([state('PAYERROR'), failed('reverse', PARAMETER), state('REVOKED')]).outcome).toEqual({
      kind: 'reversed',
    });
  });
});

describe('a deadline', () => {
  it('ends it unresolved, and it resumes from its state with a later one', () => {
    const first = play([PAYING], start({}, 12));
    expect(first).toMatchObject({ steps: ['query 5', 'query 10'], outcome: { kind: 'unresolved' } });
    const again = play([PAID], { ...first.state, deadline: CREATED + 60_000 }, 12);
    expect(again).toMatchObject({ steps: ['query 15'], outcome: { kind: 'paid' } });
  });

  it('tells the last error', () => {
    const { outcome } = play([failed('query', NO_ANSWER)], start({}, 12));
    expect(outcome).toEqual({
      kind: 'unresolved',
      error: { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown', message: 'no' },
    });
  });
});

it('reverses nothing because it could not ask: a query that was not sent is no unclear result', () => {
  const notAsked = failed('query', NOT_SENT);
  const { steps, outcome } = play([...Array.from({ length: 12 }, () => notAsked), PAID] as never);
  expect(outcome.kind).toBe('paid');
  expect(steps.every((step) => step.startsWith('query'))).toBe(true);
  // The longer nothing can be sent, the less often it is tried.
  expect(play([notAsked, PAID], start(), 3600).steps).toEqual(['query 3600', 'query 3900']);
});

it('does not take an order for gone while it can still be paid, however early it is to be reversed', () => {
  const early = start({ reverseAfterMs: 1 });
  const absent = [NOT_FOUND, NOT_FOUND, NOT_FOUND, NOT_FOUND];
  const { steps, outcome } = play([...absent, INVALID, NOT_FOUND, INVALID, PAID, REVERSED, REVOKED] as never, early);
  expect(steps).toEqual([
    ...['query 5', 'query 10', 'query 15', 'query 20'],
    ...['reverse 20', 'query 22', 'reverse 22', 'query 26', 'reverse 26', 'query 26'],
  ]);
  expect(outcome.kind).toBe('reversed');
});

describe('goes on with a resolution that stopped', () => {
  const later = CREATED + DAY_S * 1000;
  const reopened = (stopped: ResolutionState, policy?: Partial<ResolutionPolicy>): ResolutionState =>
    reopenResolution(stopped, later, later + DAY_S * 1000, policy);

  it('asks before it does what it was about to do', () => {
    const stopped = advanceResolution(start(), PAYING, { now: CREATED + 46_000 });
    expect(nextResolutionStep(stopped, CREATED + 60_000)).toEqual({ kind: 'reverse' });
    expect(nextResolutionStep(askFirst(stopped), CREATED + 60_000)).toEqual({ kind: 'query' });
    expect(play([state('REVOKED')], askFirst(stopped), 60)).toMatchObject({
      steps: ['query 60'],
      outcome: { kind: 'reversed' },
    });
  });

  it('once its cause is fixed', () => {
    const { state: stopped, outcome } = play([failed('query', PARAMETER)]);
    expect(outcome.kind).toBe('needs-attention');
    expect(play([PAID], reopened(stopped), DAY_S)).toMatchObject({ steps: ['query 86400'], outcome: { kind: 'paid' } });
  });

  it('and a reversal that was decided stays decided', () => {
    const stopped = advanceResolution(start({}, 50), PAYING, { now: CREATED + 46_000 });
    expect(nextResolutionStep(stopped, later)).toMatchObject({ outcome: { kind: 'unresolved' } });
    expect(play([PAID, REVERSED, REVOKED], reopened(stopped), DAY_S).steps).toEqual([
      'query 86400',
      'reverse 86400',
      'query 86400',
    ]);
  });

  it('with another policy: returns what was kept, refunds what is too old', () => {
    const { state: unclear } = play([PAYING], start({}, 20));
    expect(play([PAID, REVERSED, REVOKED], reopened(unclear, { ifPaid: 'reverse' }), DAY_S).outcome.kind).toBe(
      'reversed',
    );
    const { state: old } = play([PAID], start({ ifPaid: 'reverse' }, 10 * DAY_S), 8 * DAY_S);
    expect(old).toMatchObject({ kind: 'ended', outcome: { kind: 'refund-required' } });
    const again = reopenResolution(old, CREATED, CREATED + 20 * DAY_S * 1000, { refundWhenExpired: true });
    expect(play([PAID, ACCEPTED, refunds(100, 0, OWN)], again, 9 * DAY_S).outcome.kind).toBe('refunded');
  });

  it('returns what came after it was taken for gone', () => {
    const { state: gone } = play([...asked(NOT_FOUND), ...NEVER_CAME] as never);
    expect(gone).toMatchObject({ kind: 'ended', outcome: { kind: 'closed', found: false } });
    expect(play([PAID, REVERSED, REVOKED], reopened(gone, { ifPaid: 'reverse' }), DAY_S).outcome.kind).toBe('reversed');
    expect(() => reopened(gone)).toThrow(/has an end/);
  });

  it('returns what it has kept', () => {
    const { state: kept } = play([PAID]);
    expect(play([PAID, REVERSED, REVOKED], reopened(kept, { ifPaid: 'reverse' }), DAY_S)).toMatchObject({
      steps: ['query 86400', 'reverse 86400', 'query 86400'],
      outcome: { kind: 'reversed' },
    });
  });

  it.each([
    ['state', () => reopened(play([REVOKED]).state, { ifPaid: 'reverse' })],
    ['currency', () => startResolution({ ...ORDER, currency: 'hkd' }, later)],
    ['state', () => reopened(play([PAID]).state)],
    ['deadline', () => reopenResolution(start(), later, Number.NaN)],
    ['backoffMs', () => reopened(start(), { backoffMs: 0 })],
    ['state', () => reopened({} as ResolutionState)],
    ['state', () => askFirst({ ...start(), version: 3 } as never)],
  ])('refuses a wrong %s', (field, wrong) => {
    expect(wrong).toThrow(expect.objectContaining({ field, outcome: 'not-sent' }) as Error);
  });
});

describe('whatever is answered', () => {
  const anyError = fc.record(
    {
      code: fc.constantFrom('WECHATPAY_BUSINESS_FAIL', 'WECHATPAY_TIMEOUT', 'WECHATPAY_SIGNATURE_MISMATCH'),
      outcome: fc.constantFrom('not-sent', 'rejected', 'unknown'),
      message: fc.constant('no'),
      errorCode: fc.constantFrom(
        'SYSTEMERROR',
        'USERPAYING',
        'REVERSE_EXPIRE',
        'ORDERNOTEXIST',
        'INVALID_REQUEST',
        'NEW',
      ),
      advice: fc.constantFrom('query-order', 'fix-request', 'refund', 'retry-later', 'reverse-again'),
      recall: fc.boolean(),
    },
    { requiredKeys: ['code', 'outcome', 'message'] },
  );
  const anyAnswer = fc.record({
    tradeState: fc.constantFrom('SUCCESS', 'NOTPAY', 'USERPAYING', 'PAYERROR', 'ACCEPT', 'REFUND'),
    recall: fc.boolean(),
    error: fc.option(anyError),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    takesMs: fc.integer({ min: 0, max: 15_000 }),
  });

  it('no reversal before 15 s or after 7 days, reversals are spaced, nothing kept once a reversal was sent, an end by the deadline', () => {
    fc.assert(
      fc.property(
        fc.array(anyAnswer, { minLength: 1 }),
        fc.constantFrom('keep', 'reverse'),
        fc.boolean(),
        (answers, ifPaid, refundWhenExpired) => {
          let current = start(
            { ifPaid: ifPaid as 'keep', refundWhenExpired, backoffMs: 600_000, maxBackoffMs: DAY_S * 1000 },
            8 * DAY_S,
          );
          let now = CREATED;
          let lastReverse: number | undefined;
          let isSent = false;
          for (let index = 0; ; index += 1) {
            const step = nextResolutionStep(current, now);
            expect(nextResolutionStep(current, now)).toEqual(step);
            if (step.kind === 'done') {
              if (isSent) expect(step.outcome.kind).not.toBe('paid');
              break;
            }
            if (step.kind === 'wait') {
              expect(step.until).toBeGreaterThan(now);
              now = step.until;
              continue;
            }
            expect(now).toBeLessThan(CREATED + 8 * DAY_S * 1000);
            const { tradeState, recall, error, jitter, takesMs } = answers[index % answers.length]!;
            if (step.kind === 'reverse') {
              expect(now - CREATED).toBeGreaterThanOrEqual(15_000);
              expect(now - CREATED).toBeLessThanOrEqual(7 * DAY_S * 1000);
              if (lastReverse !== undefined) expect(now - lastReverse).toBeGreaterThanOrEqual(0.75 * 600_000);
              lastReverse = now;
            }
            now += takesMs;
            const event = error
              ? failed(step.kind, error)
              : step.kind === 'query'
                ? state(tradeState)
                : step.kind === 'reverse'
                  ? { kind: 'reversed' as const, recall }
                  : step.kind === 'refund'
                    ? ACCEPTED
                    : refunds(recall ? 100 : 0, 0, OWN);
            isSent ||= step.kind === 'reverse' && error?.outcome !== 'not-sent';
            const before = JSON.stringify(current);
            const after = advanceResolution(current, event, { now, jitter });
            expect(JSON.stringify(current)).toBe(before);
            current = after;
          }
        },
      ),
    );
  });
});

test.each<[string, () => unknown]>([
  ['orderCreatedAt', () => startResolution({ outTradeNo: '1', orderCreatedAt: new Date(Number.NaN) }, 0)],
  ['outTradeNo', () => startResolution({ ...ORDER, outTradeNo: '' }, 0)],
  ['outTradeNo', () => startResolution({ ...ORDER, outTradeNo: 'x'.repeat(33) }, 0)],
  ['subMerchantId', () => startResolution({ ...ORDER, subMerchantId: 1 as never }, 0)],
  ['totalFee', () => startResolution({ ...ORDER, totalFee: 8.88 }, 0)],
  ['deadline', () => startResolution(ORDER, Number.NaN)],
  ['ifPaid', () => start({ ifPaid: 'maybe' as never })],
  ['queryEveryMs', () => start({ queryEveryMs: 0 })],
  ['backoffMs', () => start({ backoffMs: 1.5 })],
  ['refundWhenExpired', () => start({ refundWhenExpired: 'yes' as never })],
])('refuses a wrong %s', (field, run) => {
  expect(run).toThrow(WechatPayRequestError);
  expect(run).toThrow(new RegExp(`^${field}: `));
});
