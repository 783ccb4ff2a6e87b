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
import { advanceResolution, askFirst, askOrderNow, nextResolutionStep, startResolution } from './index.js';
import { explore } from '../../test/explore.js';

// Every state that an order of Unified Order can reach, under every kind of answer, crash, hint and delay, up to a horizon: the laws hold
// in each. Time is abstracted to the bounds that the rules know: the queries before and at 5 min, the close then, the minute after CLOSED.

const SECOND = 1000;
const DAY = 24 * 60 * 60 * SECOND;
const CREATED = 0;
const CLOSES = 300 * SECOND;
/** All times are multiples of one: what comes between two of them is as what comes at the second. */
const TICK = 20 * SECOND;
/** When the walk begins, by the first query. What comes before is like what comes then. */
const ASKED = CLOSES - 2 * TICK;
/** Of the first minutes each step is followed, then of those after a day in which nobody worked on it. */
const HORIZONS = [CLOSES + 80 * SECOND, DAY + 80 * SECOND] as const;
const DEADLINE = 8 * DAY;
const MAX_ATTEMPTS = 1;
const TOTAL_FEE = 100;

/** What the walker itself remembers of the way to a state: it judges by this, and by nothing that the machine says. */
interface Way {
  /** A close was due, or CLOSED was said. */
  readonly isGivenUp: boolean;
  readonly refundSent: number | undefined;
  /** A verified answer said that it is paid, whatever the amount. */
  readonly paidSeen: boolean;
  /** One said that it is paid with another amount, or with none that it told. */
  readonly otherSeen: boolean;
  readonly last: 'none' | 'paid' | 'unpaid' | 'absent' | 'unclear' | 'nobody-asked' | 'ended';
  readonly unclear: number;
  readonly unclearSince: number;
  /** A verified answer named the order. */
  readonly seen: boolean;
  /** When CLOSED was first said, in answers that follow each other. */
  readonly closedSince: number | undefined;
  /** Close Order was answered, signed: done, or that there is no such order. */
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
): ResolutionError => ({ code, outcome, message: '', ...rest });
const SIGNED = 'WECHATPAY_BUSINESS_FAIL';
const unsent = error('WECHATPAY_CONNECTION', 'not-sent');
const unclear = error('WECHATPAY_TIMEOUT', 'unknown');
const throttled = error(SIGNED, 'rejected', { errorCode: 'FREQUENCY_LIMITED', advice: 'retry-later' });
const throttledUnsigned = error('WECHATPAY_GATEWAY_FAIL', 'unknown', { advice: 'retry-later' });
const wrong = error(SIGNED, 'rejected', { errorCode: 'PARAM_ERROR', advice: 'fix-request' });
const absent = (errorCode: string): ResolutionError => error(SIGNED, 'rejected', { errorCode, advice: 'fix-request' });
const closeCode = (errorCode: string): ResolutionError =>
  error(SIGNED, 'rejected', { errorCode, advice: 'query-order' });
const paid = (totalFee?: number, currency?: string, paidAt?: number): ResolutionEvent => ({
  kind: 'queried',
  tradeState: 'SUCCESS',
  payment: { ...(totalFee !== undefined && { totalFee }), ...(currency !== undefined && { currency }) },
  ...(paidAt !== undefined && { paidAt }),
});
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

/** Paid before its time was up, and at a time that the answer does not tell. */
const IN_TIME = paid(TOTAL_FEE, 'HKD', CREATED);
const SOME_TIME = paid(TOTAL_FEE, 'HKD');

/** Every kind of answer to each call. */
const ANSWERS: Readonly<Record<ResolutionCall['kind'], readonly ResolutionEvent[]>> = {
  query: [
    IN_TIME,
    SOME_TIME,
    paid(1, 'HKD'),
    paid(),
    ...(['NOTPAY', 'PAYERROR', 'CLOSED', 'REVOKED', 'REFUND'] as const).map((tradeState): ResolutionEvent => ({
      kind: 'queried',
      tradeState,
      payment: {},
    })),
    ...failures('query', [unsent, unclear, throttled, throttledUnsigned, wrong, absent('ORDERNOTEXIST')]),
  ],
  reverse: [], // of Quick Pay
  close: [
    { kind: 'closed' },
    ...failures('close', [
      unsent,
      unclear,
      wrong,
      throttledUnsigned,
      closeCode('ORDERPAID'),
      closeCode('ORDERCLOSED'),
      closeCode('ORDERNOTEXIST'),
      error(SIGNED, 'unknown', { errorCode: 'SYSTEMERROR', advice: 'retry-later' }),
    ]),
  ],
  refund: [{ kind: 'refund-accepted' }, ...failures('refund', [unsent, unclear, throttled, wrong])],
  'query-refunds': [
    refunds(TOTAL_FEE, 0, 'SUCCESS'),
    refunds(0, TOTAL_FEE, 'PROCESSING'),
    refunds(1, 0),
    refunds(0, 0),
    refunds(0, 0, 'CHANGE'),
    ...failures('query-refunds', [unclear, wrong, absent('REFUNDNOTEXIST')]),
  ],
};

const GRID = { firstQueryMs: ASKED, queryEveryMs: TICK, backoffMs: TICK, maxBackoffMs: TICK };

/** A call that is answered takes no time, one that is not takes all that it may. */
const TIMEOUT_MS = TICK;

function remember(way: Way, step: ResolutionCall, event: ResolutionEvent, now: number): Way {
  if (step.kind === 'close') {
    const code = event.kind === 'failed' ? event.error.errorCode : undefined;
    const answered = event.kind === 'closed' || code === 'ORDERNOTEXIST' || code === 'ORDERCLOSED';
    return { ...way, answered: way.answered || answered };
  }
  const wasSent = !(event.kind === 'failed' && event.error.outcome === 'not-sent');
  if (step.kind === 'refund') return { ...way, refundSent: wasSent ? step.refundFee : way.refundSent };
  if (step.kind !== 'query') return way;
  const last = meaningOf(event);
  const isUnclear = last === 'unclear' || last === 'absent';
  const isClosed = event.kind === 'queried' && event.tradeState === 'CLOSED';
  return {
    ...way,
    last,
    isGivenUp: way.isGivenUp || isClosed,
    paidSeen: way.paidSeen || last === 'paid',
    otherSeen: way.otherSeen || (last === 'paid' && event !== IN_TIME && event !== SOME_TIME),
    seen: way.seen || event.kind === 'queried',
    unclear: isUnclear ? way.unclear + 1 : last === 'nobody-asked' ? way.unclear : 0,
    unclearSince: isUnclear && way.unclear === 0 ? now : way.unclearSince,
    closedSince: isClosed ? (way.closedSince ?? now) : event.kind === 'queried' ? undefined : way.closedSince,
  };
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

/** Whether what is paid may go back. */
function mayReturn({ state: { policy }, way }: Node): boolean {
  const isLate = policy.ifPaidLate === 'refund' && way.isGivenUp;
  return policy.ifPaid === 'reverse' || way.refundSent !== undefined || isLate;
}

/** The laws of a step that is about to be taken. */
function assertMaySend(node: Node, step: ResolutionCall): void {
  const { state, now, way } = node;
  assert.notEqual(step.kind, 'reverse'); // Revoke Order is for Quick Pay alone
  if (step.kind === 'close') {
    assert(now >= CREATED + CLOSES);
    if (!mayReturn(node)) assert(!way.paidSeen);
  }
  if (step.kind === 'refund') {
    assert(mayReturn(node));
    assert(way.paidSeen || way.last === 'ended' || state.sent.refundFee !== undefined);
    if (way.refundSent !== undefined) assert.equal(step.refundFee, way.refundSent);
    assert(step.refundFee <= step.payment.totalFee);
  }
}

/** A close is decided by a verified answer, or by unclear ones by their rule: never upon throttling, and by no hint. */
function assertMayDecide(before: ResolutionState, { state, now, way }: Node): void {
  if (before.kind !== 'asking' || state.kind !== 'closing') return;
  const byUnclear = way.unclear >= 3 && now - way.unclearSince >= 15 * SECOND;
  assert(now >= CREATED + CLOSES);
  assert(way.last === 'unpaid' || byUnclear);
}

const isQueried = (event: ResolutionEvent, tradeState: string): boolean =>
  event.kind === 'queried' && event.tradeState === tradeState;

/** The laws of an end: who says it, says it upon a verified answer that proves it. */
function assertEnd(node: Node, event: ResolutionEvent): void {
  const { state, now, way } = node;
  if (state.kind !== 'ended') return;
  const { outcome, policy } = state;
  switch (outcome.kind) {
    case 'paid':
      assert.equal(policy.ifPaid, 'keep');
      assert.equal(way.refundSent, undefined);
      if (policy.ifAmountDiffers === 'accept') assert(isQueried(event, 'SUCCESS'));
      else assert(event === IN_TIME || event === SOME_TIME);
      assert.equal(outcome.isLate === true, way.isGivenUp && event !== IN_TIME);
      if (outcome.isLate) assert.equal(policy.ifPaidLate, 'keep');
      break;
    case 'reversed':
      assert(isQueried(event, 'REVOKED'));
      break;
    case 'closed':
      if (policy.ifAmountDiffers !== 'accept') assert(!way.otherSeen); // that payment would be told to nobody
      if (outcome.found) {
        assert(isQueried(event, 'CLOSED'));
        assert(way.closedSince !== undefined && now >= way.closedSince + 60 * SECOND);
      } else {
        assert(event.kind === 'failed' && event.error.errorCode === 'ORDERNOTEXIST');
        assert(now >= CREATED + CLOSES);
        assert(!way.seen);
        assert(way.unclear >= 2); // no such answer names the order: one may be late, and about another
        assert(way.answered);
      }
      break;
    case 'refunded':
      assert(event.kind === 'refunds-queried' && event.refunded === TOTAL_FEE);
      break;
    case 'refund-required':
      assert(mayReturn(node));
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
  const isNear = now <= first || (now > DAY && now <= second);
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
  const crashed = { ...way, refundSent: state.kind === 'refunding' ? state.refundFee : way.refundSent };
  if (state.kind !== restarted.kind) yield { state: restarted, now, way: crashed };
  // Somebody says that something has happened, and that may be a lie: a question, sooner, and nothing else.
  const hinted = askOrderNow(state, now);
  const asked = nextResolutionStep(hinted, now);
  if (hinted !== state && JSON.stringify(hinted) !== JSON.stringify(state)) {
    assert(['query', 'query-refunds', 'wait'].includes(asked.kind));
    yield { state: hinted, now, way };
  }
  if (step.kind === 'wait') {
    assert(step.until > now);
    yield { ...node, now: step.until };
    if (now < DAY) yield { ...node, now: DAY + SECOND }; // nobody worked on it for a day
    return;
  }
  assertMaySend(node, step);
  for (const event of ANSWERS[step.kind]) {
    const later = now + (event.kind === 'failed' && event.error === unclear ? TIMEOUT_MS : 0);
    const after = advanceResolution(state, event, { now: later });
    const remembered = remember(way, step, event, later);
    const next: Node = {
      state: after,
      now: later,
      way: { ...remembered, isGivenUp: remembered.isGivenUp || after.kind === 'closing' },
    };
    assertMayDecide(state, next);
    assertEnd(next, event);
    yield next;
  }
}

/** What leads anywhere from here. Errors inform, and times that are over are over: without them, states that behave alike are one. */
function keyOf({ state, now, way }: Node): string {
  const left = (time: number): number => Math.max(0, time - now);
  const age = (time: number): number => Math.min(15 * SECOND, now - time);
  const { sent, doubt, policy, hintedAt } = state;
  const parts: unknown[] = [state.kind, now, sent, doubt !== undefined, state.givenUpAt !== undefined];
  if (hintedAt !== undefined) parts.push('hint', left(hintedAt + policy.queryEveryMs));
  if (state.kind === 'ended') parts.push(state.outcome.kind);
  else parts.push(left(state.at));
  if ('attempts' in state) parts.push(state.attempts);
  if (state.kind === 'checking-close') {
    const { notBefore, isClosed, refusal, isAbsent, closedSince } = state;
    const isWrong = refusal?.outcome === 'rejected' && refusal.advice === 'fix-request';
    parts.push(left(notBefore), isClosed, refusal?.errorCode === 'ORDERNOTEXIST', isWrong, isAbsent);
    parts.push(closedSince === undefined ? 'not closed' : left(closedSince + 60 * SECOND));
  }
  if (state.kind === 'refunding') parts.push(state.refundFee);
  if (state.kind === 'asking' && state.unclear) {
    parts.push(Math.min(3, state.unclear.count), age(state.unclear.since), now - state.unclear.last);
  }
  const { last, paidSeen, seen, answered, isGivenUp, refundSent, closedSince } = way;
  parts.push(last === 'ended', paidSeen, seen, answered, isGivenUp, refundSent);
  parts.push(...(isGivenUp ? [Math.min(2, way.unclear)] : [Math.min(3, way.unclear), age(way.unclearSince)]));
  parts.push(closedSince === undefined ? 'never' : left(closedSince + 60 * SECOND));
  return JSON.stringify(parts);
}

/** The state before the first step, of an order that was created when the walk begins. */
function begin(policy: Partial<ResolutionPolicy>): ResolutionState {
  const base = Date.UTC(2026, 10, 23);
  const order = {
    product: 'unified-order',
    outTradeNo: '1',
    orderCreatedAt: new Date(base),
    timeExpire: new Date(base + CLOSES),
    totalFee: TOTAL_FEE,
    currency: 'HKD',
  } as const;
  const state = startResolution(order, base + DEADLINE, policy);
  const times = ['orderCreatedAt', 'deadline', 'at', 'notBefore', 'timeExpire'];
  const moved = Object.entries(state).map(([name, value]) => [
    name,
    times.includes(name) ? (value as number) - base + CREATED : (value as unknown),
  ]);
  return Object.fromEntries(moved) as ResolutionState;
}

function walk(policy: Partial<ResolutionPolicy>): { states: number; edges: number; ends: Set<string> } {
  const way: Way = {
    isGivenUp: false,
    refundSent: undefined,
    paidSeen: false,
    otherSeen: false,
    last: 'none',
    unclear: 0,
    unclearSince: 0,
    seen: false,
    closedSince: undefined,
    answered: false,
  };
  const start: Node = { state: begin(policy), now: ASKED, way };
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
  ['keep', {}, 18_957],
  ['keep, refund what is paid late', { ifPaidLate: 'refund' }, 39_214],
  ['keep, whatever the amount', { ifAmountDiffers: 'accept' }, 13_067],
  ['return', { ifPaid: 'reverse' }, 57_219],
];

it.each(POLICIES)('the laws hold in every reachable state: %s', { timeout: 120_000 }, (name, policy, atLeast) => {
  const { states, edges, ends } = walk({ ...DEFAULT_RESOLUTION_POLICY, ...GRID, ...policy });
  console.log(`${name}: ${states} states, ${edges} edges, ends: ${[...ends].sort().join(', ')}`);
  expect(states).toBeGreaterThanOrEqual(atLeast);
});
