import assert from 'node:assert/strict';
import { expect, it } from 'vitest';
import {
  DEFAULT_RESOLUTION_POLICY,
  type ResolutionCall,
  type ResolutionError,
  type ResolutionEvent,
  type ResolutionPolicy,
  type ResolutionState,
} from '../index.js';
import { advanceResolution, askFirst, nextResolutionStep, readResolutionState, startResolution } from './index.js';
import { explore } from '../../test/explore.js';

// Every state that the machine can reach, under every kind of answer, crash and delay, up to a horizon: the laws hold in each.
// Time is abstracted to the bounds that the rules know: 5, 15 and 45 s, the 7 days, the deadline.

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const CREATED = 0;
/** Of the first minute each step is followed, then of the first half minute after the 7 days. */
const HORIZONS = [72 * SECOND, 7 * DAY + 32 * SECOND] as const;
const DEADLINE = 8 * DAY;
const MAX_ATTEMPTS = 1;
const TOTAL_FEE = 100;

/** What the walker itself remembers of the way to a state: it judges by this, and by nothing that the machine says. */
interface Way {
  /** A reversal, or a refund of so much, may have reached the gateway. */
  readonly reverseSent: boolean;
  readonly refundSent: number | undefined;
  /** A verified answer said that it is paid, whatever the amount. */
  readonly paidSeen: boolean;
  /** One said that it is paid with another amount, or with none that it told. */
  readonly otherSeen: boolean;
  /** The last query of the order: what it said, and how many in a row were unclear since when. */
  readonly last: 'none' | 'paid' | 'unpaid' | 'absent' | 'unclear' | 'nobody-asked' | 'ended';
  readonly unclear: number;
  readonly unclearSince: number;
  /** A verified answer named the order. */
  readonly seen: boolean;
  /** Revoke Order was answered, signed: refused, or done. */
  readonly answered: boolean;
}

interface Node {
  readonly state: ResolutionState;
  readonly now: number;
  readonly way: Way;
}

const error = (
  code: ResolutionError['code'],
  outcome: ResolutionError['outcome'],
  rest: Partial<ResolutionError> = {},
): ResolutionError => ({
  code,
  outcome,
  message: '',
  ...rest,
});
const SIGNED = 'WECHATPAY_BUSINESS_FAIL';
const unsent = error('WECHATPAY_CONNECTION', 'not-sent');
const unclear = error('WECHATPAY_TIMEOUT', 'unknown');
const throttled = error(SIGNED, 'rejected', { errorCode: 'FREQUENCY_LIMITED', advice: 'retry-later' });
const throttledUnsigned = error('WECHATPAY_GATEWAY_FAIL', 'unknown', { advice: 'retry-later' });
const wrong = error(SIGNED, 'rejected', { errorCode: 'PARAM_ERROR', advice: 'fix-request' });
const absent = (errorCode: string): ResolutionError => error(SIGNED, 'rejected', { errorCode, advice: 'fix-request' });
const paid = (totalFee?: number, currency?: string): ResolutionEvent => ({
  kind: 'queried',
  tradeState: 'SUCCESS',
  payment: { ...(totalFee !== undefined && { totalFee }), ...(currency !== undefined && { currency }) },
});
const AS_ASKED = paid(TOTAL_FEE, 'HKD');
const refunds = (refunded: number, pending: number, refundStatus?: string): ResolutionEvent => ({
  kind: 'refunds-queried',
  totalFee: TOTAL_FEE,
  refunded,
  pending,
  ...(refundStatus !== undefined && { own: { refundStatus } }),
  ...(refundStatus === 'CHANGE' && { stopped: { outRefundNo: 'R1', refundStatus } }),
});
const failures = (step: ResolutionCall['kind'], errors: readonly ResolutionError[]): ResolutionEvent[] =>
  errors.map((one) => ({ kind: 'failed', step, error: one }));

/** Every kind of answer to each call. */
const ANSWERS: Readonly<Record<ResolutionCall['kind'], readonly ResolutionEvent[]>> = {
  query: [
    AS_ASKED,
    paid(1, 'HKD'),
    paid(TOTAL_FEE, 'CNY'),
    paid(),
    ...(['NOTPAY', 'PAYERROR', 'CLOSED', 'REVOKED', 'REFUND'] as const).map((tradeState): ResolutionEvent => ({
      kind: 'queried',
      tradeState,
      payment: {},
    })),
    ...failures('query', [unsent, unclear, throttled, throttledUnsigned, wrong, absent('ORDERNOTEXIST')]),
  ],
  reverse: [
    { kind: 'reversed', recall: false },
    { kind: 'reversed', recall: true },
    ...failures('reverse', [
      unsent,
      unclear,
      wrong,
      throttledUnsigned,
      error(SIGNED, 'unknown', { errorCode: 'SYSTEMERROR', advice: 'query-order', recall: true }),
      error(SIGNED, 'rejected', { errorCode: 'USERPAYING', advice: 'retry-later' }),
      error(SIGNED, 'rejected', { errorCode: 'REVERSE_EXPIRE', advice: 'refund' }),
      error(SIGNED, 'unknown', { errorCode: 'NEVER_HEARD_OF', advice: 'query-order' }),
    ]),
  ],
  close: [], // of Unified Order: closing.walk.spec.ts
  refund: [{ kind: 'refund-accepted' }, ...failures('refund', [unsent, unclear, throttled, wrong])],
  'query-refunds': [
    refunds(TOTAL_FEE, 0),
    refunds(TOTAL_FEE, 0, 'SUCCESS'),
    refunds(0, TOTAL_FEE, 'PROCESSING'),
    refunds(1, 0),
    refunds(0, 0),
    refunds(0, 0, 'CHANGE'),
    ...failures('query-refunds', [unclear, wrong, absent('REFUNDNOTEXIST')]),
  ],
};

/** A call that is answered takes no time, one that is not takes all that it may. */
const TIMEOUT_MS = 15 * SECOND;

function remember(way: Way, step: ResolutionCall, event: ResolutionEvent, now: number): Way {
  const wasSent = !(event.kind === 'failed' && event.error.outcome === 'not-sent');
  if (step.kind === 'reverse') {
    const answered =
      way.answered || event.kind === 'reversed' || (event.kind === 'failed' && event.error.code === SIGNED);
    return { ...way, reverseSent: way.reverseSent || wasSent, answered };
  }
  if (step.kind === 'refund') return { ...way, refundSent: wasSent ? step.refundFee : way.refundSent };
  if (step.kind !== 'query') return way;
  const last = meaningOf(event);
  const isUnclear = last === 'unclear' || last === 'absent';
  return {
    ...way,
    last,
    paidSeen: way.paidSeen || last === 'paid',
    otherSeen: way.otherSeen || (last === 'paid' && !isAsAsked(event)),
    seen: way.seen || event.kind === 'queried',
    unclear: isUnclear ? way.unclear + 1 : last === 'nobody-asked' ? way.unclear : 0,
    unclearSince: isUnclear && way.unclear === 0 ? now : way.unclearSince,
  };
}

/** Paid with what the order should cost. */
function isAsAsked(event: ResolutionEvent): boolean {
  return event.kind === 'queried' && event.payment?.totalFee === TOTAL_FEE && event.payment.currency === 'HKD';
}

function meaningOf(event: ResolutionEvent): Way['last'] {
  if (event.kind === 'queried') {
    if (event.tradeState === 'SUCCESS') return 'paid';
    return ['NOTPAY', 'PAYERROR'].includes(event.tradeState) ? 'unpaid' : 'ended';
  }
  if (event.kind !== 'failed') return 'ended';
  if (event.error.errorCode === 'ORDERNOTEXIST') return 'absent';
  return event.error === unclear ? 'unclear' : 'nobody-asked';
}

/** The laws of a step that is about to be taken. */
function assertMaySend({ state, now, way }: Node, step: ResolutionCall): void {
  const { policy } = state;
  if (step.kind === 'reverse') {
    assert(now >= CREATED + 15 * SECOND);
    assert(now <= CREATED + 7 * DAY);
    // What was seen paid is not undone, unless a reversal may be under way.
    if (policy.ifPaid === 'keep' && !way.reverseSent) assert(!way.paidSeen);
  }
  if (step.kind === 'refund') {
    assert(policy.refundWhenExpired);
    assert(policy.ifPaid === 'reverse' || way.reverseSent || way.refundSent !== undefined);
    if (way.refundSent !== undefined) assert.equal(step.refundFee, way.refundSent);
    assert(step.refundFee <= step.payment.totalFee);
  }
}

/** A reversal is decided by a verified answer, or by unclear ones by their rule: never upon throttling. */
function assertMayDecide(before: ResolutionState, { state, now, way }: Node): void {
  if (before.kind !== 'asking' || state.kind !== 'reversing') return;
  const byUnclear = way.unclear >= 3 && now - way.unclearSince >= 15 * SECOND;
  assert(way.last === 'unpaid' || byUnclear);
}

const isQueried = (event: ResolutionEvent, tradeState: string): boolean =>
  event.kind === 'queried' && event.tradeState === tradeState;

/** The laws of an end: who says it, says it upon a verified answer that proves it. */
function assertEnd({ state, now, way }: Node, event: ResolutionEvent): void {
  if (state.kind !== 'ended') return;
  const { outcome, policy } = state;
  switch (outcome.kind) {
    case 'paid':
      assert.equal(policy.ifPaid, 'keep');
      assert(!way.reverseSent);
      assert.equal(way.refundSent, undefined);
      if (policy.ifAmountDiffers === 'accept') assert(isQueried(event, 'SUCCESS'));
      else assert.equal(event, AS_ASKED);
      break;
    case 'reversed':
      assert(isQueried(event, 'REVOKED'));
      break;
    case 'closed':
      if (policy.ifAmountDiffers !== 'accept') assert(!way.otherSeen); // that payment would be told to nobody
      if (outcome.found) {
        assert(isQueried(event, 'CLOSED'));
      } else {
        assert(event.kind === 'failed' && event.error.errorCode === 'ORDERNOTEXIST');
        assert(now >= CREATED + 65 * SECOND);
        assert(!way.seen);
        assert(way.unclear >= 2); // no such answer names the order: one may be late, and about another
        assert(way.answered || way.reverseSent || now > CREATED + 7 * DAY);
      }
      break;
    case 'refunded':
      assert(event.kind === 'refunds-queried' && event.refunded === TOTAL_FEE);
      break;
    case 'refund-required':
      assert(policy.ifPaid === 'reverse' || way.reverseSent || way.refundSent !== undefined);
      break;
    case 'needs-attention':
      break;
    case 'unresolved':
      throw new Error('Only the time being up is unresolved.');
  }
}

/** Where the horizon is: between its two stretches nothing new happens. */
function isInside({ state, now }: Node): boolean {
  const [first, second] = HORIZONS;
  const isNear = now <= first || (now > 7 * DAY && now <= second);
  return isNear && !('attempts' in state && state.attempts > MAX_ATTEMPTS);
}

function* following(node: Node): Generator<Node> {
  const { state, now, way } = node;
  const step = nextResolutionStep(state, now);
  // The process dies, and another resumes from what was stored: perhaps the call was made all the same.
  const restarted = askFirst(JSON.parse(JSON.stringify(state)) as ResolutionState);
  const first = nextResolutionStep(restarted, Math.max(now, 'at' in restarted ? restarted.at : 0));
  assert(['query', 'query-refunds', 'done'].includes(first.kind));
  if (step.kind === 'done') return;
  const crashed = {
    ...way,
    reverseSent: way.reverseSent || state.kind === 'reversing',
    refundSent: state.kind === 'refunding' ? state.refundFee : way.refundSent,
  };
  if (restarted !== state && state.kind !== restarted.kind) yield { state: restarted, now, way: crashed };
  if (step.kind === 'wait') {
    assert(step.until > now);
    yield { ...node, now: step.until };
    if (now < 7 * DAY) yield { ...node, now: 7 * DAY + SECOND }; // nobody worked on it for a week
    return;
  }
  assertMaySend(node, step);
  for (const event of ANSWERS[step.kind]) {
    const later = now + (event.kind === 'failed' && event.error === unclear ? TIMEOUT_MS : 0);
    const after = { state: advanceResolution(state, event, { now: later }), now: later };
    const next: Node = { ...after, way: remember(way, step, event, later) };
    assertMayDecide(state, next);
    assertEnd(next, event);
    yield next;
  }
}

/**
 * What leads anywhere from here. Errors inform, and times that are over are over: without them, states that behave alike are one.
 */
function keyOf({ state, now, way }: Node): string {
  const left = (time: number): number => Math.max(0, time - now);
  const age = (time: number): number => Math.min(15 * SECOND, now - time);
  const { sent, doubt } = state;
  const parts: unknown[] = [state.kind, now, sent, doubt !== undefined];
  if (state.kind === 'ended') parts.push(state.outcome.kind);
  else parts.push(left(state.at));
  if ('attempts' in state) parts.push(state.attempts);
  if (state.kind === 'checking') parts.push(left(state.notBefore), state.isReversed, state.refusal?.outcome);
  if ('isAbsent' in state) parts.push(state.isAbsent);
  if (state.kind === 'refunding') parts.push(state.refundFee);
  if (state.kind === 'asking' && state.unclear) {
    parts.push(Math.min(3, state.unclear.count), age(state.unclear.since), now - state.unclear.last);
  }
  const { last, paidSeen, answered, reverseSent, refundSent } = way;
  parts.push(
    last,
    paidSeen,
    way.seen,
    answered,
    reverseSent,
    refundSent,
    Math.min(3, way.unclear),
    age(way.unclearSince),
  );
  return JSON.stringify(parts);
}

/** The state before the first step, of an order that was created when the walk begins. */
function begin(deadline: number, policy?: Partial<ResolutionPolicy>): ResolutionState {
  const base = Date.UTC(2026, 10, 23);
  const order = { outTradeNo: '1', orderCreatedAt: new Date(base), totalFee: TOTAL_FEE, currency: 'HKD' };
  const state = startResolution(order, base + deadline, policy);
  const times = ['orderCreatedAt', 'deadline', 'at', 'notBefore'];
  const moved = Object.entries(state).map(([name, value]) => [
    name,
    times.includes(name) ? (value as number) - base + CREATED : (value as unknown),
  ]);
  return Object.fromEntries(moved) as ResolutionState;
}

function walk(policy: Partial<ResolutionPolicy>): { states: number; edges: number; ends: Set<string> } {
  const way: Way = {
    reverseSent: false,
    refundSent: undefined,
    paidSeen: false,
    otherSeen: false,
    last: 'none',
    unclear: 0,
    unclearSince: 0,
    answered: false,
    seen: false,
  };
  const start: Node = { state: begin(DEADLINE, policy), now: CREATED, way };
  const ends = new Set<string>();
  const onFound = (node: Node): boolean => {
    if (node.state.kind !== 'ended') return isInside(node);
    ends.add(node.state.outcome.kind);
    return false;
  };
  return { ...explore(start, { following, keyOf, onFound }), ends };
}

/** With the number of states that each reaches: a machine, or a walk, that has lost some must say why. */
const POLICIES: readonly [name: string, policy: Partial<ResolutionPolicy>, atLeast: number][] = [
  ['keep', {}, 72_457],
  ['keep, whatever the amount', { ifAmountDiffers: 'accept' }, 44_689],
  ['return', { ifPaid: 'reverse' }, 72_394],
  ['return, refund what is too old', { ifPaid: 'reverse', refundWhenExpired: true }, 88_224],
  ['keep, refund what is too old', { refundWhenExpired: true }, 87_031],
];

it.each(POLICIES)('the laws hold in every reachable state: %s', { timeout: 120_000 }, (name, policy, atLeast) => {
  const { states, edges, ends } = walk({ ...DEFAULT_RESOLUTION_POLICY, ...policy });
  console.log(`${name}: ${states} states, ${edges} edges, ends: ${[...ends].sort().join(', ')}`);
  expect(states).toBeGreaterThanOrEqual(atLeast);
});

it('an end by the deadline, and a state that reads itself, from every kind of state', () => {
  const state = begin(90 * SECOND);
  expect(nextResolutionStep(state, 90 * SECOND)).toMatchObject({ kind: 'done', outcome: { kind: 'unresolved' } });
  expect(readResolutionState(state)).toEqual(state);
});
