import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  advance,
  askFirst,
  nextStep,
  reopenSettlement,
  startSettlement,
  WechatPayRequestError,
  type SettleError,
  type SettleEvent,
  type SettleOutcome,
  type SettlePolicy,
  type SettleState,
} from './index.js';

const CREATED = Date.UTC(2026, 10, 23);
const DAY_S = 24 * 60 * 60;
const ORDER = { outTradeNo: '1415717424', orderCreatedAt: new Date(CREATED) };

function start(policy: Partial<SettlePolicy> = {}, deadlineS = 7 * DAY_S): SettleState {
  return startSettlement(ORDER, CREATED + deadlineS * 1000, policy);
}

/** What the gateway says to the steps, in turn; the last answer holds on. */
type Script = readonly [SettleEvent, ...SettleEvent[]];

/** Runs a settlement by its script, on a clock that jumps. Gives each step with its second, and the outcome. */
function play(
  script: Script,
  state = start(),
  fromS = 0,
): { steps: string[]; outcome: SettleOutcome; state: SettleState } {
  const steps: string[] = [];
  let now = CREATED + fromS * 1000;
  for (let answered = 0; ;) {
    const step = nextStep(state, now);
    if (step.kind === 'done') return { steps, outcome: step.outcome, state };
    if (step.kind === 'wait') {
      expect(step.until).toBeGreaterThan(now);
      now = step.until;
      continue;
    }
    steps.push(`${step.kind} ${(now - CREATED) / 1000}`);
    const event = script[Math.min(answered, script.length - 1)]!;
    answered += 1;
    // Stored after each step, and read back: as JSON.
    state = JSON.parse(JSON.stringify(advance(state, event, now))) as SettleState;
  }
}

const state = (tradeState: (SettleEvent & { kind: 'queried' })['tradeState']): SettleEvent => ({
  kind: 'queried',
  tradeState,
  payment: tradeState === 'SUCCESS' ? { transactionId: '42', totalFee: 100, currency: 'HKD' } : {},
});
const failed = (step: 'query' | 'reverse' | 'refund', error: Partial<SettleError>): SettleEvent => ({
  kind: 'failed',
  step,
  error: { code: 'WECHATPAY_BUSINESS_FAIL', outcome: 'unknown', message: 'no', ...error },
});

const PAID = state('SUCCESS');
const PAYING = state('USERPAYING');
const REVOKED: SettleEvent = { kind: 'reversed', recall: false };
const RECALL: SettleEvent = { kind: 'reversed', recall: true };
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
const asked = (answer: SettleEvent): SettleEvent[] => ASKED.map(() => answer);

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
    const { outcome } = play([PAID], startSettlement({ ...ORDER, totalFee: 99 }, CREATED + 60_000));
    expect(outcome).toMatchObject({
      kind: 'needs-attention',
      error: { message: expect.stringContaining('99') as string },
    });
  });
});

it('nor one that is paid in another currency', () => {
  const { outcome } = play([PAID], startSettlement({ ...ORDER, totalFee: 100, currency: 'USD' }, CREATED + 60_000));
  expect(outcome).toMatchObject({
    kind: 'needs-attention',
    error: { message: expect.stringContaining('paid with 100 HKD, and should cost 100 USD') as string },
  });
});

describe('takes the word of a query that says how it ended', () => {
  test.each<[string, SettleOutcome]>([
    ['CLOSED', { kind: 'closed', found: true }],
    ['REVOKED', { kind: 'revoked' }],
    ['REFUND', { kind: 'refunded' }],
  ])('%s', (tradeState, outcome) => {
    for (const ifPaid of ['keep', 'revoke'] as const) {
      const { steps, ...ended } = play([state(tradeState as 'CLOSED')], start({ ifPaid }));
      expect(ended).toMatchObject({ outcome });
      expect(steps).toHaveLength(1);
    }
  });
});

describe('revokes without a clear result', () => {
  test.each<[string, Script, steps: string[], SettleOutcome]>([
    ['after 45 s', [...asked(PAYING), REVOKED] as never, [...ASKED, 'reverse 45'], { kind: 'revoked' }],
    [
      'where no query is answered',
      [...asked(failed('query', NO_ANSWER)), REVOKED] as never,
      [...ASKED, 'reverse 45'],
      { kind: 'revoked' },
    ],
    [
      'at once where the payment failed, but not before 15 s',
      [state('PAYERROR'), REVOKED],
      ['query 5', 'reverse 15'],
      { kind: 'revoked' },
    ],
    [
      'again while recall is Y, each time twice as late',
      [state('PAYERROR'), RECALL, RECALL, RECALL, REVOKED],
      ['query 5', 'reverse 15', 'reverse 17', 'reverse 21', 'reverse 29'],
      { kind: 'revoked' },
    ],
    [
      'again while the user is paying',
      [state('PAYERROR'), USER_PAYING, USER_PAYING, REVOKED],
      ['query 5', 'reverse 15', 'reverse 17', 'reverse 21'],
      { kind: 'revoked' },
    ],
    [
      'again where nothing was sent',
      [state('PAYERROR'), failed('reverse', NOT_SENT), REVOKED],
      ['query 5', 'reverse 15', 'reverse 17'],
      { kind: 'revoked' },
    ],
    [
      'again where the outcome is unknown, after a query',
      [state('PAYERROR'), failed('reverse', NO_ANSWER), state('NOTPAY'), REVOKED],
      ['query 5', 'reverse 15', 'query 17', 'reverse 17'],
      { kind: 'revoked' },
    ],
    [
      'again after SYSTEMERROR, after a query that is not answered either',
      [state('PAYERROR'), failed('reverse', { errorCode: 'SYSTEMERROR' }), failed('query', NO_ANSWER), REVOKED],
      ['query 5', 'reverse 15', 'query 17', 'reverse 17'],
      { kind: 'revoked' },
    ],
    [
      'and finds that the revoke without an answer had happened',
      [state('PAYERROR'), failed('reverse', NO_ANSWER), state('REVOKED')],
      ['query 5', 'reverse 15', 'query 17'],
      { kind: 'revoked' },
    ],
    [
      'an order that is paid by now: that revoke may still take effect',
      [state('PAYERROR'), failed('reverse', NO_ANSWER), PAID, REVOKED],
      ['query 5', 'reverse 15', 'query 17', 'reverse 17'],
      { kind: 'revoked' },
    ],
    [
      'an order that never came',
      [...asked(NOT_FOUND), INVALID, NOT_FOUND] as never,
      [...ASKED, 'reverse 45', 'query 47'],
      { kind: 'closed', found: false },
    ],
  ])('%s', (_, script, steps, outcome) => {
    expect(play(script)).toMatchObject({ steps, outcome });
  });

  it('and caps the time between two revokes', () => {
    const { steps } = play([state('PAYERROR'), RECALL], start({ maxBackoffMs: 10_000 }, 60));
    expect(steps).toEqual([
      'query 5',
      ...['15', '17', '21', '29', '39', '49', '59'].map((second) => `reverse ${second}`),
    ]);
  });

  it('gives the money back where it should, not before 15 s', () => {
    expect(play([PAID, REVOKED], start({ ifPaid: 'revoke' }))).toMatchObject({
      steps: ['query 0', 'reverse 15'],
      outcome: { kind: 'revoked' },
    });
  });
});

describe('past the 7 days', () => {
  const late = 7 * DAY_S + 1;
  const give = (policy: Partial<SettlePolicy>): SettleState => start({ ifPaid: 'revoke', ...policy }, 8 * DAY_S);

  it('a paid order needs a refund', () => {
    expect(play([PAID], give({}), late)).toMatchObject({
      steps: [`query ${late}`],
      outcome: { kind: 'refund-required', payment: { totalFee: 100, currency: 'HKD' } },
    });
  });

  it('it is refunded where the policy says so, again under the same number', () => {
    const script: Script = [PAID, failed('refund', { errorCode: 'SYSTEMERROR' }), { kind: 'refunded', refundId: '7' }];
    const { steps, outcome } = play(script, give({ refundWhenExpired: true }), late);
    expect(steps).toEqual([`query ${late}`, `refund ${late}`, `refund ${late + 2}`]);
    expect(outcome).toEqual({
      kind: 'refunded',
      outRefundNo: expect.stringMatching(/^settle[0-9a-f]{26}$/) as string,
      refundId: '7',
    });
  });

  it('WeChat Pay’s own word counts: REVERSE_EXPIRE', () => {
    expect(play([PAID, EXPIRED, PAID], start({ ifPaid: 'revoke' }))).toMatchObject({
      steps: ['query 0', 'reverse 15', 'query 15'],
      outcome: { kind: 'refund-required' },
    });
  });

  it('a refund that is refused needs attention', () => {
    const refused = failed('refund', { errorCode: 'NOTENOUGH', outcome: 'rejected', advice: 'fix-request' });
    expect(play([PAID, refused], give({ refundWhenExpired: true }), late).outcome).toMatchObject({
      kind: 'needs-attention',
      error: { errorCode: 'NOTENOUGH' },
    });
  });

  it('an order that is paid is kept where it should be', () => {
    expect(play([PAID], start({}, 8 * DAY_S), late).outcome).toMatchObject({ kind: 'paid' });
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
      'a revoke that is wrong, where the order is not revoked',
      [state('PAYERROR'), failed('reverse', PARAMETER), state('NOTPAY')],
    ],
    ['a revoke that is wrong, where the order is paid', [state('PAYERROR'), failed('reverse', PARAMETER), PAID]],
  ])('%s', (_, script) => {
    expect(play(script).outcome).toMatchObject({ kind: 'needs-attention', error: { advice: 'fix-request' } });
  });

  it('not a revoke that is refused as wrong, where the order is revoked all the same', () => {
    expect(play([state('PAYERROR'), failed('reverse', PARAMETER), state('REVOKED')]).outcome).toEqual({
      kind: 'revoked',
    });
  });
});

describe('a deadline', () => {
  it('ends it unresolved, and it goes on from its state with a later one', () => {
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

it('revokes nothing because it could not ask: a query that was not sent is no unclear result', () => {
  const notAsked = failed('query', NOT_SENT);
  const { steps, outcome } = play([...Array.from({ length: 12 }, () => notAsked), PAID] as never);
  expect(outcome.kind).toBe('paid');
  expect(steps.every((step) => step.startsWith('query'))).toBe(true);
  // The longer nothing can be sent, the less often it is tried.
  expect(play([notAsked, PAID], start(), 3600).steps).toEqual(['query 3600', 'query 3900']);
});

it('does not take an order for gone while it can still be paid, however early it is to be revoked', () => {
  const early = start({ revokeAfterMs: 1 });
  const { steps, outcome } = play([NOT_FOUND, INVALID, NOT_FOUND, INVALID, PAID, REVOKED], early);
  expect(steps).toEqual(['query 5', 'reverse 15', 'query 17', 'reverse 17', 'query 21', 'reverse 21']);
  expect(outcome.kind).toBe('revoked');
});

describe('goes on with a settlement that stopped', () => {
  const later = CREATED + DAY_S * 1000;
  const reopened = (stopped: SettleState, policy?: Partial<SettlePolicy>): SettleState =>
    reopenSettlement(stopped, later, later + DAY_S * 1000, policy);

  it('asks before it does what it was about to do', () => {
    const stopped = advance(start(), PAYING, CREATED + 46_000);
    expect(nextStep(stopped, CREATED + 60_000)).toEqual({ kind: 'reverse' });
    expect(nextStep(askFirst(stopped), CREATED + 60_000)).toEqual({ kind: 'query' });
    expect(play([state('REVOKED')], askFirst(stopped), 60)).toMatchObject({
      steps: ['query 60'],
      outcome: { kind: 'revoked' },
    });
  });

  it('once its cause is mended', () => {
    const { state: stopped, outcome } = play([failed('query', PARAMETER)]);
    expect(outcome.kind).toBe('needs-attention');
    expect(play([PAID], reopened(stopped), DAY_S)).toMatchObject({ steps: ['query 86400'], outcome: { kind: 'paid' } });
  });

  it('and a revoke that was decided stays decided', () => {
    const stopped = advance(start({}, 50), PAYING, CREATED + 46_000);
    expect(nextStep(stopped, later)).toMatchObject({ outcome: { kind: 'unresolved' } });
    expect(play([PAID, REVOKED], reopened(stopped), DAY_S).steps).toEqual(['query 86400', 'reverse 86400']);
  });

  it('with another policy: gives back what was kept, refunds what is too old', () => {
    const { state: unclear } = play([PAYING], start({}, 20));
    expect(play([PAID, REVOKED], reopened(unclear, { ifPaid: 'revoke' }), DAY_S).outcome.kind).toBe('revoked');
    const { state: old } = play([PAID], start({ ifPaid: 'revoke' }, 10 * DAY_S), 8 * DAY_S);
    expect(old.outcome?.kind).toBe('refund-required');
    const again = reopenSettlement(old, CREATED, CREATED + 20 * DAY_S * 1000, { refundWhenExpired: true });
    expect(play([PAID, { kind: 'refunded' }], again, 9 * DAY_S).outcome.kind).toBe('refunded');
  });

  it('gives back what came after it was taken for gone', () => {
    const gone: SettleState = { ...start(), mustRevoke: true, outcome: { kind: 'closed', found: false } };
    expect(play([PAID, REVOKED], reopened(gone, { ifPaid: 'revoke' }), DAY_S).outcome.kind).toBe('revoked');
    expect(() => reopened(gone)).toThrow(/has an end/);
  });

  it('gives back what it has kept', () => {
    const { state: kept } = play([PAID]);
    expect(play([PAID, REVOKED], reopened(kept, { ifPaid: 'revoke' }), DAY_S)).toMatchObject({
      steps: ['query 86400', 'reverse 86400'],
      outcome: { kind: 'revoked' },
    });
  });

  it.each([
    ['state', () => reopened(play([state('REVOKED')]).state, { ifPaid: 'revoke' })],
    ['currency', () => startSettlement({ ...ORDER, currency: 'hkd' }, later)],
    ['state', () => reopened(play([PAID]).state)],
    ['deadline', () => reopenSettlement(start(), later, Number.NaN)],
    ['backoffMs', () => reopened(start(), { backoffMs: 0 })],
    ['state', () => reopened({} as SettleState)],
    ['state', () => askFirst({ ...start(), version: 2 } as never)],
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
      advice: fc.constantFrom('query-order', 'fix-request', 'refund', 'retry-later', 'revoke-again'),
      recall: fc.boolean(),
    },
    { requiredKeys: ['code', 'outcome', 'message'] },
  );
  const anyAnswer = fc.record({
    tradeState: fc.constantFrom('SUCCESS', 'NOTPAY', 'USERPAYING', 'PAYERROR', 'ACCEPT'),
    recall: fc.boolean(),
    error: fc.option(anyError),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    takesMs: fc.integer({ min: 0, max: 15_000 }),
  });

  it('no revoke before 15 s or after 7 days, revokes are spaced, nothing kept once a revoke was sent, an end by the deadline', () => {
    fc.assert(
      fc.property(
        fc.array(anyAnswer, { minLength: 1 }),
        fc.constantFrom('keep', 'revoke'),
        fc.boolean(),
        (answers, ifPaid, refundWhenExpired) => {
          let current = start(
            { ifPaid: ifPaid as 'keep', refundWhenExpired, backoffMs: 600_000, maxBackoffMs: DAY_S * 1000 },
            8 * DAY_S,
          );
          let now = CREATED;
          let lastRevoke: number | undefined;
          for (let index = 0; ; index += 1) {
            const step = nextStep(current, now);
            expect(nextStep(current, now)).toEqual(step);
            if (step.kind === 'done') {
              if (lastRevoke !== undefined) expect(step.outcome.kind).not.toBe('paid');
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
              if (lastRevoke !== undefined) expect(now - lastRevoke).toBeGreaterThanOrEqual(0.75 * 600_000);
              lastRevoke = now;
            }
            now += takesMs;
            const event = error
              ? failed(step.kind, error)
              : step.kind === 'query'
                ? state(tradeState)
                : step.kind === 'reverse'
                  ? { kind: 'reversed' as const, recall }
                  : { kind: 'refunded' as const };
            const before = JSON.stringify(current);
            const after = advance(current, event, now, jitter);
            expect(JSON.stringify(current)).toBe(before);
            current = after;
          }
        },
      ),
    );
  });
});

test.each<[string, () => unknown]>([
  ['orderCreatedAt', () => startSettlement({ outTradeNo: '1', orderCreatedAt: new Date(Number.NaN) }, 0)],
  ['outTradeNo', () => startSettlement({ ...ORDER, outTradeNo: '' }, 0)],
  ['outTradeNo', () => startSettlement({ ...ORDER, outTradeNo: 'x'.repeat(33) }, 0)],
  ['subMerchantId', () => startSettlement({ ...ORDER, subMerchantId: 1 as never }, 0)],
  ['totalFee', () => startSettlement({ ...ORDER, totalFee: 8.88 }, 0)],
  ['deadline', () => startSettlement(ORDER, Number.NaN)],
  ['ifPaid', () => start({ ifPaid: 'maybe' as never })],
  ['queryEveryMs', () => start({ queryEveryMs: 0 })],
  ['backoffMs', () => start({ backoffMs: 1.5 })],
  ['refundWhenExpired', () => start({ refundWhenExpired: 'yes' as never })],
])('refuses a wrong %s', (field, run) => {
  expect(run).toThrow(WechatPayRequestError);
  expect(run).toThrow(new RegExp(`^${field}: `));
});
