import { describe, expect, it, test } from 'vitest';
import {
  DEFAULT_RESOLUTION_POLICY,
  type ResolutionOutcome,
  type ResolutionPolicy,
  type ResolutionState,
} from '../index.js';
import {
  askFirst,
  nextResolutionStep,
  readResolutionState,
  recheckResolution,
  reopenResolution,
  setAside,
  type ResolutionFacts,
} from './index.js';
import stored from '../../test/stored-states.json' with { type: 'json' };

// What each release has stored is read by each later one: an order in flight outlives an upgrade.
const LATER = Date.UTC(2026, 10, 30);

test.each(stored)('$release: $name', ({ state, reads, then }) => {
  const read = readResolutionState(state);
  expect(read).toMatchObject({ version: 2, ...reads });
  expect(readResolutionState(JSON.parse(JSON.stringify(read)))).toEqual(read);
  expect(nextResolutionStep(askFirst(state as unknown as ResolutionState), LATER)).toMatchObject(then);
});

it('a state of a later version is left to that version', () => {
  expect(() => readResolutionState({ ...stored[0]!.state, version: 3 })).toThrow(/version is invalid/);
});

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const CREATED = Date.UTC(2026, 10, 23);
const NOW = CREATED + DAY;
const DEADLINE = CREATED + 30 * DAY;
const PAYMENT = { transactionId: '42', totalFee: 888, currency: 'HKD' };
const ERROR = { code: 'WECHATPAY_TIMEOUT', outcome: 'unknown', message: 'no' } as const;

const FACTS: ResolutionFacts = {
  version: 2,
  order: { outTradeNo: '1415717424' },
  orderCreatedAt: CREATED,
  policy: DEFAULT_RESOLUTION_POLICY,
  deadline: CREATED + 60 * SECOND,
  sent: { reverse: false },
};
const UNIFIED: ResolutionFacts = {
  ...FACTS,
  version: 3,
  product: 'unified-order',
  timeExpire: CREATED + DAY,
  givenUpAt: CREATED,
};
const at = CREATED + 50 * SECOND;
const STATES = {
  asking: { ...FACTS, kind: 'asking', at },
  reversing: { ...FACTS, kind: 'reversing', at, attempts: 0 },
  checking: { ...FACTS, kind: 'checking', at, attempts: 2, notBefore: at + 1, isReversed: true },
  expired: { ...FACTS, kind: 'expired', at, attempts: 3 },
  refunding: { ...FACTS, kind: 'refunding', at, attempts: 1, payment: PAYMENT, refundFee: 88 },
  closing: { ...UNIFIED, kind: 'closing', at, attempts: 0 },
  'checking-close': { ...UNIFIED, kind: 'checking-close', at, attempts: 2, notBefore: at + 1, isClosed: true },
  'checking-refunds': { ...FACTS, kind: 'checking-refunds', at, attempts: 4, payment: PAYMENT },
  ended: { ...FACTS, kind: 'ended', outcome: { kind: 'unresolved' } },
} satisfies Record<ResolutionState['kind'], ResolutionState>;

describe('recheckResolution', () => {
  const OUTCOMES: readonly ResolutionOutcome[] = [
    { kind: 'paid', payment: PAYMENT },
    { kind: 'reversed' },
    { kind: 'closed', found: true },
    { kind: 'refunded' },
    { kind: 'refund-required', payment: PAYMENT },
    { kind: 'needs-attention', error: ERROR },
    { kind: 'unresolved' },
  ];
  it.each(OUTCOMES)('asks again for what ended as $kind, with its facts and by its policy', (outcome) => {
    for (const ifPaid of ['keep', 'reverse'] as const) {
      const policy = { ...DEFAULT_RESOLUTION_POLICY, ifPaid };
      const again = recheckResolution({ ...FACTS, policy, kind: 'ended', outcome }, NOW, DEADLINE);
      expect(nextResolutionStep(again, NOW)).toEqual({ kind: 'query' });
      expect(again).toMatchObject({ order: FACTS.order, policy, deadline: DEADLINE, sent: FACTS.sent });
      expect(again.kind).toBe(ifPaid === 'keep' ? 'asking' : 'checking');
    }
  });

  it('keeps what may have been sent, and refuses what is no time', () => {
    const sent = { reverse: true, refundFee: 88 };
    const refunded = { ...FACTS, sent, kind: 'ended', outcome: { kind: 'refunded' } } as const;
    expect(recheckResolution(refunded, NOW, DEADLINE)).toMatchObject({ kind: 'expired', sent });
    expect(() => recheckResolution(refunded, NaN, DEADLINE)).toThrow(/^now: /);
    expect(() => recheckResolution(refunded, NOW, NaN)).toThrow(/^deadline: /);
  });
});

const NO_TIME = [undefined, null, '5', Number.NaN, Number.POSITIVE_INFINITY];
const NO_COUNT = [undefined, null, '5', -1, 1.5];

describe('a stored state is checked before it moves money', () => {
  it.each(Object.values(STATES))('what is right is read as it is: $kind', (state) => {
    expect(readResolutionState(state)).toEqual(state);
  });

  const ofKind: readonly [kind: ResolutionState['kind'], field: string, wrong: readonly unknown[]][] = [
    ...(
      [
        'asking',
        'reversing',
        'checking',
        'expired',
        'closing',
        'checking-close',
        'refunding',
        'checking-refunds',
      ] as const
    ).map((kind): [ResolutionState['kind'], string, readonly unknown[]] => [kind, 'at', NO_TIME]),
    ...(
      ['reversing', 'checking', 'expired', 'closing', 'checking-close', 'refunding', 'checking-refunds'] as const
    ).map((kind): [ResolutionState['kind'], string, readonly unknown[]] => [kind, 'attempts', NO_COUNT]),
    ['checking', 'notBefore', NO_TIME],
    ['checking', 'isReversed', [undefined, null, 1, 'true']],
    ['checking-close', 'notBefore', NO_TIME],
    ['checking-close', 'isClosed', [undefined, null, 1, 'true']],
    ['refunding', 'payment', [undefined, null, 888, {}, { totalFee: '888' }, { totalFee: -1 }, { totalFee: 1.5 }]],
    ['refunding', 'refundFee', NO_COUNT],
    ['ended', 'outcome', [undefined, null, 'paid', {}, { kind: 1 }]],
  ];
  it.each(ofKind)('of a state %s, %s', (kind, field, wrong) => {
    for (const value of wrong) {
      expect(() => readResolutionState({ ...STATES[kind], [field]: value })).toThrow(
        'state: is not a state that this version of wechatpay-core can read: kind is invalid. Start again from the order.',
      );
    }
  });

  it.each<[field: string, wrong: readonly unknown[]]>([
    ['version', [undefined, 0, 3, '2']],
    ['order', [undefined, null, '1415717424']],
    ['orderCreatedAt', NO_TIME],
    ['policy', [undefined, null, 'keep']],
    ['deadline', NO_TIME],
    ['sent', [undefined, null, true, {}, { reverse: 1 }]],
    ['kind', [undefined, null, 'paying', 'toString', '__proto__']],
  ])('%s', (field, wrong) => {
    for (const value of wrong) {
      expect(() => readResolutionState({ ...STATES.asking, [field]: value })).toThrow(`can read: ${field} is invalid.`);
    }
  });

  it.each<[string, ResolutionState, object]>([
    ['version is invalid', STATES.closing, { version: 2 }],
    ['version is invalid', STATES.asking, { version: 3 }],
    ['product is invalid', STATES.asking, { product: 'quick-pay' }],
    ['timeExpire is invalid', STATES.closing, { timeExpire: '5' }],
    ['givenUpAt is invalid', STATES.closing, { givenUpAt: null }],
    ['hintedAt is invalid', STATES.closing, { hintedAt: true }],
    ['closedSince is invalid', STATES['checking-close'], { closedSince: 'now' }],
    ['kind is invalid', STATES.closing, { kind: 'reversing' }],
    ['kind is invalid', STATES['checking-close'], { kind: 'checking', isReversed: true }],
    ['kind is invalid', STATES.closing, { kind: 'expired' }],
    ['kind is invalid', STATES.reversing, { kind: 'closing' }],
  ])('of one product, what the other has is refused: %s', (message, state, change) => {
    expect(() => readResolutionState({ ...state, ...change })).toThrow(message);
  });

  it.each<[message: string, change: object]>([
    ['outTradeNo: ', { order: {} }],
    ['subMerchantId: ', { order: { outTradeNo: '1', subMerchantId: 5 } }],
    ['subAppId: ', { order: { outTradeNo: '1', subAppId: 'x'.repeat(33) } }],
    ['totalFee: ', { totalFee: '888' }],
    ['currency: ', { currency: 'hkd' }],
    ['maxBackoffMs: ', { policy: { maxBackoffMs: 0 } }],
  ])('%s', (message, change) => {
    expect(() => readResolutionState({ ...STATES.asking, ...change })).toThrow(message);
  });

  it.each([undefined, null, 5, 'S1', []])('%j is no state', (given) => {
    expect(() => readResolutionState(given)).toThrow('can read: version is invalid.');
  });

  it('rules that a stored policy does not have yet take their defaults', () => {
    expect(readResolutionState({ ...STATES.asking, policy: { ifPaid: 'reverse' } }).policy).toEqual({
      ...DEFAULT_RESOLUTION_POLICY,
      ifPaid: 'reverse',
    });
  });
});

describe('whoever takes a state over asks first', () => {
  it('a reversal that was due may have been sent: it stands, and waits for its time', () => {
    expect(askFirst(STATES.reversing)).toEqual({
      ...FACTS,
      sent: { reverse: true },
      kind: 'checking',
      at,
      attempts: 0,
      notBefore: at,
      isReversed: false,
    });
    // Never before 15 s, whatever a hand wrote.
    expect(askFirst({ ...STATES.reversing, at: CREATED, attempts: 2 })).toMatchObject({
      at: CREATED,
      attempts: 2,
      notBefore: CREATED + 15 * SECOND,
    });
  });

  it('a refund that was due may have been sent: with that amount', () => {
    expect(askFirst(STATES.refunding)).toEqual({
      ...FACTS,
      sent: { reverse: false, refundFee: 88 },
      kind: 'expired',
      at,
      attempts: 1,
    });
  });

  it.each(['asking', 'checking', 'expired', 'checking-refunds', 'ended'] as const)('%s asks already', (kind) => {
    expect(askFirst(STATES[kind])).toEqual(STATES[kind]);
  });
});

describe('whoever stops before a step sets the state aside', () => {
  it('a reversal that was due was not sent: nothing is', () => {
    expect(setAside(STATES.reversing)).toStrictEqual({
      ...FACTS,
      kind: 'checking',
      at,
      attempts: 0,
      notBefore: at,
      isReversed: false,
    });
  });

  it('a refund that was due was not sent; one that was sent before stands', () => {
    expect(setAside(STATES.refunding)).toStrictEqual({ ...FACTS, kind: 'expired', at, attempts: 1 });
    const sent = { reverse: true, refundFee: 88 };
    expect(setAside({ ...STATES.refunding, sent })).toMatchObject({ kind: 'expired', sent });
  });

  it.each(['asking', 'checking', 'expired', 'checking-refunds', 'ended'] as const)('%s has nothing due', (kind) => {
    expect(setAside(STATES[kind])).toBe(STATES[kind]);
  });
});

describe('a resolution that stopped goes on', () => {
  const reopen = (state: ResolutionState, policy?: Partial<ResolutionPolicy>): ResolutionState =>
    reopenResolution(state, NOW, DEADLINE, policy);
  const open = { ...FACTS, deadline: DEADLINE };
  const ended = (outcome: ResolutionOutcome, facts: Partial<ResolutionFacts> = {}): ResolutionState => ({
    ...STATES.ended,
    ...facts,
    outcome,
  });
  const reverse: ResolutionPolicy = { ...DEFAULT_RESOLUTION_POLICY, ifPaid: 'reverse' };

  it.each<[ResolutionOutcome]>([
    [{ kind: 'unresolved' }],
    [{ kind: 'needs-attention', error: ERROR }],
    [{ kind: 'refund-required', payment: PAYMENT }],
  ])('from %j: by a query, at once, with a new deadline', (outcome) => {
    expect(reopen(ended(outcome))).toEqual({ ...open, kind: 'asking', at: NOW });
  });

  it('while it asks: what was unclear or odd before counts no more', () => {
    const state: ResolutionState = { ...STATES.asking, doubt: PAYMENT, unclear: { count: 2, since: at, last: at } };
    expect(reopen(state)).toEqual({ ...open, kind: 'asking', at: NOW });
  });

  it('to be returned: not before 15 s', () => {
    const state = { ...open, policy: reverse, kind: 'checking', at: NOW, attempts: 0, isReversed: false };
    for (const from of [STATES.asking, ended({ kind: 'paid', payment: PAYMENT }), ended({ kind: 'unresolved' })]) {
      expect(reopen(from, { ifPaid: 'reverse' })).toEqual({ ...state, notBefore: CREATED + 15 * SECOND });
    }
  });

  it('a reversal that may have been sent stands, with its time and what it said', () => {
    const sent = { reverse: true };
    expect(reopen({ ...STATES.checking, sent })).toEqual({ ...STATES.checking, ...open, sent, at: NOW });
    expect(reopen({ ...STATES.reversing })).toEqual({
      ...open,
      sent,
      kind: 'checking',
      at: NOW,
      attempts: 0,
      notBefore: at,
      isReversed: false,
    });
    expect(reopen(ended({ kind: 'unresolved' }, { sent }))).toMatchObject({ kind: 'checking', sent });
  });

  it('where it is too late to reverse, or refunds are counted: there, at once', () => {
    for (const kind of ['expired', 'checking-refunds'] as const) {
      expect(reopen(STATES[kind])).toEqual({ ...STATES[kind], ...open, at: NOW });
    }
    expect(reopen(STATES.refunding)).toMatchObject({ kind: 'expired', at: NOW, sent: { refundFee: 88 } });
    const sent = { reverse: true, refundFee: 88 };
    expect(reopen(ended({ kind: 'needs-attention', error: ERROR }, { sent }))).toEqual({
      ...open,
      sent,
      kind: 'expired',
      at: NOW,
      attempts: 0,
    });
  });

  it('with the rules that are given, and else its own', () => {
    const state = { ...STATES.asking, policy: { ...DEFAULT_RESOLUTION_POLICY, backoffMs: 7 } };
    expect(reopen(state, { maxBackoffMs: 9 }).policy).toEqual({
      ...DEFAULT_RESOLUTION_POLICY,
      backoffMs: 7,
      maxBackoffMs: 9,
    });
    expect(reopen(state).policy).toEqual(state.policy);
  });

  it.each<[what: string, ResolutionOutcome, Partial<ResolutionPolicy>]>([
    ['paid', { kind: 'paid', payment: PAYMENT }, {}],
    ['reversed', { kind: 'reversed' }, { ifPaid: 'reverse' }],
    ['refunded', { kind: 'refunded' }, { ifPaid: 'reverse' }],
    ['closed', { kind: 'closed', found: true }, { ifPaid: 'reverse' }],
    ['closed', { kind: 'closed', found: false }, {}],
  ])('not one that has an outcome: %s', (kind, outcome, policy) => {
    expect(() => reopen(ended(outcome), policy)).toThrow(`state: has an end: the order is ${kind}.`);
  });

  it('one that was taken for gone is returned if it came', () => {
    expect(reopen(ended({ kind: 'closed', found: false }), { ifPaid: 'reverse' })).toMatchObject({ kind: 'checking' });
  });

  it.each<[field: string, now: unknown, deadline: unknown]>([
    ['now', Number.NaN, DEADLINE],
    ['now', new Date(), DEADLINE],
    ['deadline', NOW, undefined],
  ])('refuses a wrong %s', (field, now, deadline) => {
    expect(() => reopenResolution(STATES.asking, now as number, deadline as number)).toThrow(
      `${field}: must be a valid time.`,
    );
  });
});

describe('a state of version 1', () => {
  const V1 = {
    version: 1,
    order: FACTS.order,
    orderCreatedAt: CREATED,
    policy: { ifPaid: 'keep' },
    deadline: FACTS.deadline,
    next: { kind: 'query', at },
    mustRevoke: false,
    expired: false,
    attempts: 0,
    notBefore: CREATED + 15 * SECOND,
  };
  const reverse = { ...DEFAULT_RESOLUTION_POLICY, ifPaid: 'reverse' as const };
  const sent = { reverse: true };
  const refusal = { ...ERROR, code: 'WECHATPAY_BUSINESS_FAIL' };

  it.each<[what: string, change: object, reads: object]>([
    ['that asks', {}, { ...FACTS, kind: 'asking', at }],
    [
      'with all that it may know',
      { totalFee: 888, currency: 'HKD', tradeState: 'USERPAYING', lastError: ERROR },
      { ...FACTS, kind: 'asking', at, totalFee: 888, currency: 'HKD', tradeState: 'USERPAYING', lastError: ERROR },
    ],
    [
      'whose reverse is due',
      { mustRevoke: true, next: { kind: 'reverse', at } },
      { ...FACTS, sent, kind: 'reversing', at, attempts: 0 },
    ],
    [
      'whose reverse may have been made',
      { mustRevoke: true, attempts: 1, notBefore: at + 5 },
      { ...FACTS, sent, kind: 'checking', at, attempts: 1, notBefore: at + 5, isReversed: false },
    ],
    [
      'whose reverse was refused',
      { mustRevoke: true, attempts: 1, refusal },
      {
        ...FACTS,
        sent,
        kind: 'checking',
        at,
        attempts: 1,
        notBefore: CREATED + 15 * SECOND,
        isReversed: false,
        refusal,
      },
    ],
    [
      'to be returned, nothing sent yet',
      { mustRevoke: true, policy: { ifPaid: 'reverse' } },
      {
        ...FACTS,
        policy: reverse,
        kind: 'checking',
        at,
        attempts: 0,
        notBefore: CREATED + 15 * SECOND,
        isReversed: false,
      },
    ],
    [
      'to be returned, and a reversal was sent',
      { mustRevoke: true, policy: { ifPaid: 'reverse' }, attempts: 1 },
      {
        ...FACTS,
        policy: reverse,
        sent,
        kind: 'checking',
        at,
        attempts: 1,
        notBefore: CREATED + 15 * SECOND,
        isReversed: false,
      },
    ],
    [
      'to be returned, whose reverse is due',
      { mustRevoke: true, policy: { ifPaid: 'reverse' }, next: { kind: 'reverse', at } },
      { ...FACTS, policy: reverse, sent, kind: 'reversing', at, attempts: 0 },
    ],
    [
      'that is too late to reverse',
      { mustRevoke: true, expired: true, attempts: 2 },
      { ...FACTS, sent, kind: 'expired', at, attempts: 2 },
    ],
    [
      'whose refund is due',
      { mustRevoke: true, next: { kind: 'refund', at }, payment: PAYMENT },
      {
        ...FACTS,
        sent: { reverse: true, refundFee: 888 },
        kind: 'refunding',
        at,
        attempts: 0,
        payment: PAYMENT,
        refundFee: 888,
      },
    ],
    ['that has ended', { outcome: { kind: 'reversed' } }, { ...FACTS, kind: 'ended', outcome: { kind: 'reversed' } }],
    [
      'that has ended, whatever was next',
      { mustRevoke: true, next: { kind: 'refund', at }, payment: PAYMENT, outcome: { kind: 'reversed' } },
      { ...FACTS, sent: { reverse: true, refundFee: 888 }, kind: 'ended', outcome: { kind: 'reversed' } },
    ],
  ])('%s', (_, change, reads) => {
    expect(readResolutionState({ ...V1, ...change })).toStrictEqual(reads);
  });

  it.each<[field: string, change: object]>([
    ['policy', { policy: undefined }],
    ['sent', { mustRevoke: undefined }],
    ['kind', { next: undefined }],
    ['kind', { mustRevoke: true, notBefore: undefined }],
    ['kind', { mustRevoke: true, next: { kind: 'refund', at } }],
  ])('that lacks what it needs is refused: %s', (field, change) => {
    expect(() => readResolutionState({ ...V1, ...change })).toThrow(`${field} is invalid`);
  });
});
