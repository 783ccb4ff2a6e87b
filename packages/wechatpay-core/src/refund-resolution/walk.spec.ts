import assert from 'node:assert/strict';
import { expect, it } from 'vitest';
import type {
  FoundRefund,
  RefundAndResolveRequest,
  RefundEvent,
  RefundPolicy,
  RefundState,
  RefundStep,
  ResolutionError,
} from '../index.js';
import {
  advanceRefund,
  askRefundFirst,
  askRefundNow,
  nextRefundStep,
  readRefundState,
  reopenRefund,
  startRefund,
} from '../resolution/index.js';
import { explore } from '../../test/explore.js';

// Every state that the machine can reach, beside the truth at WeChat Pay that it does not see: calls that take effect and are not
// answered, arrive late, are refused although they took effect, or are not listed yet; crashes; clocks that run on. Time is abstracted
// to the bounds that the rules know. The laws hold in each, and are judged by the truth alone.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const YEAR = 365 * 24 * HOUR;
const DEADLINE = 40 * 24 * HOUR;
const TIMEOUT_MS = 15 * SECOND;
/** A call that is not answered arrives so much later at most, and a refund that was made is listed so much later at most. */
const LATE_MS = 45 * SECOND;
const LISTED_MS = 40 * SECOND;

const request: RefundAndResolveRequest = {
  outTradeNo: 'T1',
  outRefundNo: 'R1',
  totalFee: 888,
  refundFee: 300,
  refundCurrency: 'HKD',
};

/** The truth at WeChat Pay. */
interface World {
  readonly refund?: 'PROCESSING' | 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE';
  readonly listedFrom?: number;
  /** A Submit Refund is still under way, and arrives by then. */
  readonly lateUntil?: number;
}

/** What the walker remembers of the way to a state. */
interface Way {
  /** When Submit Refund last left, where that is not forgotten. */
  readonly submittedAt: number | undefined;
  /** The last Submit Refund has an unknown outcome, and no verified answer of Query Refund came since. */
  readonly isUnknown: boolean;
  /** Query Refund has said that it ended without money for the customer. */
  readonly isOver: boolean;
  readonly isRefused: boolean;
  readonly resumed: number;
}

interface Node {
  readonly state: RefundState;
  readonly now: number;
  readonly world: World;
  readonly way: Way;
}

const error = (code: ResolutionError['code'], rest: Partial<ResolutionError> = {}): ResolutionError => ({
  code,
  outcome: 'unknown',
  message: code,
  ...rest,
});
const signed = (errorCode: string, outcome: ResolutionError['outcome'], advice: ResolutionError['advice']) =>
  error('WECHATPAY_BUSINESS_FAIL', { errorCode, outcome, ...(advice && { advice }) });
const unsent = error('WECHATPAY_CONNECTION', { outcome: 'not-sent' });
const unsendable = error('WECHATPAY_INVALID_REQUEST', { outcome: 'not-sent', advice: 'fix-request' });
const unanswered = error('WECHATPAY_TIMEOUT');
const throttledUnsigned = error('WECHATPAY_GATEWAY_FAIL', { advice: 'retry-later' });
const absent = signed('REFUNDNOTEXIST', 'rejected', 'fix-request');
const wrong = signed('PARAM_ERROR', 'rejected', 'fix-request');

/** What comes back from a Submit Refund that WeChat Pay has looked at, whatever it did. */
const ANSWERS: readonly ResolutionError[] = [
  unanswered,
  throttledUnsigned,
  signed('SYSTEMERROR', 'unknown', 'retry-later'),
  signed('INVALID_REQUEST', 'unknown', 'fix-request'),
  signed('NOTENOUGH', 'rejected', 'retry-later'),
  signed('FREQUENCY_LIMITED', 'rejected', 'retry-later'),
  signed('TRADE_OVERDUE', 'rejected', 'fix-request'),
  wrong,
];

const failed = (step: 'submit-refund' | 'query-refund', one: ResolutionError): RefundEvent => ({
  kind: 'failed',
  step,
  error: one,
});
const accepted: RefundEvent = { kind: 'refund-accepted', outRefundNo: 'R1', refundId: '7' };
const found = (more: Partial<FoundRefund>): FoundRefund => ({
  outTradeNo: 'T1',
  totalFee: 888,
  currency: 'HKD',
  refundId: '7',
  refundFee: 300,
  ...more,
});
const queried = (more: Partial<FoundRefund>, outRefundNo = 'R1'): RefundEvent => ({
  kind: 'refund-queried',
  outRefundNo,
  refunds: [found(more)],
});

interface Happening {
  readonly event: RefundEvent;
  readonly world: World;
  readonly now: number;
}

const made = (world: World, now: number): World =>
  world.refund ? world : { ...world, refund: 'PROCESSING', listedFrom: now + LISTED_MS };

const durationOf = (one: ResolutionError): number => (one === unanswered ? TIMEOUT_MS : 0);

function* submitted(world: World, now: number, answers: readonly ResolutionError[]): Generator<Happening> {
  yield { event: accepted, world: made(world, now), now };
  for (const one of answers) {
    const event = failed('submit-refund', one);
    const later = now + durationOf(one);
    yield { event, world: made(world, now), now: later }; // it was made, whatever the answer says
    if (!world.refund) yield { event, world, now: later };
  }
  if (!world.refund) {
    const late = { ...world, lateUntil: now + LATE_MS };
    yield { event: failed('submit-refund', unanswered), world: late, now: now + TIMEOUT_MS };
  }
  for (const one of [unsent, unsendable]) yield { event: failed('submit-refund', one), world, now };
}

function* asked(world: World, now: number): Generator<Happening> {
  for (const one of [unanswered, throttledUnsigned, signed('FREQUENCY_LIMITED', 'rejected', 'retry-later'), wrong]) {
    yield { event: failed('query-refund', one), world, now: now + durationOf(one) };
  }
  // Answers about other refunds.
  yield { event: queried({ refundStatus: 'SUCCESS' }, 'R2'), world, now };
  yield { event: queried({ refundStatus: 'SUCCESS', outTradeNo: 'T2' }), world, now };
  yield { event: queried({ refundStatus: 'SUCCESS', refundFee: 301 }), world, now };
  const { refund, listedFrom = 0 } = world;
  if (!refund || now < listedFrom) yield { event: failed('query-refund', absent), world, now };
  if (!refund) return;
  yield { event: queried({ refundStatus: refund }), world, now };
  if (refund !== 'PROCESSING') return;
  for (const next of ['SUCCESS', 'CHANGE', 'REFUNDCLOSE'] as const) {
    yield { event: queried({ refundStatus: next }), world: { ...world, refund: next }, now };
  }
}

/** A call that is under way arrives by its time, at any moment until then. */
function* arrivals({ world, now, ...node }: Node): Generator<Node> {
  const { lateUntil, ...arrived } = world;
  if (lateUntil === undefined || now < lateUntil) yield { ...node, world, now };
  if (lateUntil !== undefined) yield { ...node, world: made(arrived, Math.min(now, lateUntil)), now };
}

const sent = (event: RefundEvent): boolean => !(event.kind === 'failed' && event.error.outcome === 'not-sent');
const isSignedFor = (event: RefundEvent): boolean => event.kind !== 'failed' || event.error.outcome === 'rejected';

function remember(way: Way, step: RefundStep, event: RefundEvent, now: number): Way {
  if (step.kind === 'submit-refund') {
    const isRefused = event.kind === 'failed' && event.error.advice === 'fix-request';
    if (!sent(event)) return { ...way, isRefused };
    return { ...way, submittedAt: now, isUnknown: !isSignedFor(event), isRefused };
  }
  const isAnswered = event.kind === 'refund-queried' || (event.kind === 'failed' && event.error === absent);
  const isOver =
    event.kind === 'refund-queried' &&
    event.refunds.some(({ refundStatus = '' }) => ['CHANGE', 'REFUNDCLOSE'].includes(refundStatus));
  return { ...way, isUnknown: way.isUnknown && !isAnswered, isOver: way.isOver || isOver };
}

/** The laws of a Submit Refund that is about to leave. */
function assertMaySubmit({ state, now, way }: Node, step: RefundStep & { kind: 'submit-refund' }): void {
  assert.deepEqual(step.request, request); // the same each time: what makes it one refund
  assert(!way.isUnknown);
  assert(!way.isOver);
  if (way.submittedAt !== undefined) assert(now >= way.submittedAt + MINUTE);
  if (state.paidAt !== undefined) assert(now <= state.paidAt + YEAR);
}

/** The laws of an end: it is what is true at WeChat Pay, and stays so. */
function assertEnd({ state, now, world, way }: Node, event: RefundEvent): void {
  if (state.kind !== 'ended') return;
  const { outcome } = state;
  switch (outcome.kind) {
    case 'refunded':
      assert.equal(world.refund, 'SUCCESS');
      assert(event.kind === 'refund-queried' && event.outRefundNo === 'R1');
      break;
    case 'refund-rejected':
      assert.equal(world.refund, undefined);
      assert.equal(world.lateUntil, undefined);
      assert(way.isRefused);
      assert(event.kind === 'failed' && event.step === 'query-refund' && event.error === absent);
      break;
    case 'needs-attention':
      if (outcome.reason === 'not-received') assert.equal(world.refund, 'CHANGE');
      if (outcome.reason === 'closed') assert.equal(world.refund, 'REFUNDCLOSE');
      if (outcome.reason === 'no-end') assert(now >= state.startedAt);
      break;
    case 'unresolved':
      throw new Error('Only the time being up is unresolved.');
  }
}

/** How far a walk goes. */
interface Bounds {
  readonly submissions: number;
  readonly attempts: number;
  readonly answers: readonly ResolutionError[];
}

function isInside({ state }: Node, { submissions, attempts }: Bounds): boolean {
  return state.submissions <= submissions && !('attempts' in state && state.attempts > attempts);
}

function* following(node: Node, { answers }: Bounds): Generator<Node> {
  const { state, now, way } = node;
  if (state.kind === 'ended') {
    if (state.outcome.kind === 'refunded') assert.throws(() => reopenRefund(state, { now, deadline: DEADLINE }));
    else if (way.resumed < 1) {
      // A person has fixed the cause; or only looks again.
      const later = now + 10 * MINUTE;
      const reopened = reopenRefund(state, { now: later, deadline: DEADLINE });
      yield { ...node, state: reopened, now: later, way: { ...way, resumed: way.resumed + 1, isOver: false } };
    }
    return;
  }
  const step = nextRefundStep(state, now);
  assert.notEqual(step.kind, 'done'); // an open refund is worked on until its deadline
  if (step.kind === 'wait') {
    assert(step.until > now);
    yield { ...node, now: step.until };
    const hurried = askRefundNow(state, now);
    assert.equal(nextRefundStep(hurried, now).kind, 'query-refund');
    if (state.kind === 'waiting') yield { ...node, state: hurried };
    return;
  }
  if (step.kind === 'done') return;
  if (step.kind === 'submit-refund') assertMaySubmit(node, step);
  const happenings = step.kind === 'submit-refund' ? submitted(node.world, now, answers) : asked(node.world, now);
  for (const { event, world, now: later } of happenings) {
    const after = advanceRefund(state, event, { now: later, jitter: 0 });
    const next = { state: after, now: later, world, way: remember(way, step, event, later) };
    assertEnd(next, event);
    yield next;
    // The process dies before it has stored what came back; another resumes from the state before, at once or after a while.
    if (step.kind !== 'submit-refund' || !sent(event)) continue;
    for (const downMs of [0, 2 * MINUTE]) {
      const restart = later + downMs;
      const restarted = askRefundFirst(state, restart);
      const first = nextRefundStep(restarted, Math.max(restart, 'at' in restarted ? restarted.at : 0));
      assert.equal(first.kind, 'query-refund');
      yield {
        state: restarted,
        now: restart,
        world,
        way: { ...way, submittedAt: undefined, isUnknown: true, isRefused: false },
      };
    }
  }
}

/** What leads anywhere from here: what informs only is left out, and times that are over are over. */
function keyOf({ state, now, world, way }: Node): string {
  const left = (time: number | undefined): number => Math.max(0, (time ?? 0) - now);
  const age = (time: number | undefined): number => (time === undefined ? -1 : Math.min(2 * MINUTE, now - time));
  const parts: unknown[] = [state.kind, state.submissions, state.failures, age(state.submittedAt)];
  const { startedAt, policy, paidAt = 0 } = state;
  // Beyond the longest pause, how far off a bound is makes no difference.
  for (const bound of [startedAt + policy.attentionAfterMs, paidAt + YEAR]) parts.push(Math.min(2 * HOUR, left(bound)));
  if (state.kind === 'ended') parts.push(state.outcome.kind, 'reason' in state.outcome && state.outcome.reason);
  else parts.push(left(state.at));
  if ('attempts' in state) parts.push(state.attempts);
  if (state.kind === 'checking') parts.push(left(state.notBefore));
  if (state.kind === 'refused') parts.push(state.isAbsent, state.refusal.errorCode);
  if (state.kind === 'following') parts.push(state.absences);
  parts.push(world.refund, left(world.listedFrom), world.lateUntil === undefined ? -1 : left(world.lateUntil));
  parts.push(age(way.submittedAt), way.isUnknown, way.isOver, way.isRefused, way.resumed);
  return JSON.stringify(parts);
}

function walk(
  policy: Partial<RefundPolicy>,
  paidAt: number | undefined,
  bounds: Bounds,
): { states: number; edges: number; ends: Set<string> } {
  const times = { now: 0, deadline: DEADLINE };
  const given = { ...request, ...(paidAt !== undefined && { paidAt: new Date(paidAt) }) };
  const way: Way = { submittedAt: undefined, isUnknown: false, isOver: false, isRefused: false, resumed: 0 };
  const start: Node = { state: startRefund(given, times, policy), now: 0, world: {}, way };
  const ends = new Set<string>();
  const read = new Map<string, number>();
  const onFound = (node: Node): boolean => {
    const { state } = node;
    // What is stored is read back, of each kind often enough.
    const count = read.get(state.kind) ?? 0;
    read.set(state.kind, count + 1);
    if (count < 500) assert.deepEqual(readRefundState(JSON.parse(JSON.stringify(state))), state);
    if (state.kind === 'ended') {
      const { outcome } = state;
      ends.add(outcome.kind === 'needs-attention' ? outcome.reason : outcome.kind);
    }
    return isInside(node, bounds);
  };
  const arriving = function* (node: Node): Generator<Node> {
    for (const after of following(node, bounds)) yield* arrivals(after);
  };
  return { ...explore(start, { following: arriving, keyOf, onFound }), ends };
}

const FEW = ANSWERS.filter(({ errorCode = '' }) => ['', 'INVALID_REQUEST', 'NOTENOUGH'].includes(errorCode));
const YEAR_ENDS = 90 * SECOND - YEAR;
const SMALL: Bounds = { submissions: 1, attempts: 0, answers: FEW };

/** With the number of states that each reaches: a machine, or a walk, that has lost some must say why. */
const WALKS: readonly [
  name: string,
  policy: Partial<RefundPolicy>,
  paidAt: number | undefined,
  bounds: Bounds,
  end: string,
  atLeast: number,
][] = [
  ['a fresh payment', {}, undefined, { submissions: 2, attempts: 2, answers: ANSWERS }, 'refund-rejected', 69_592],
  ['failures in a row', {}, undefined, { ...SMALL, submissions: 3 }, 'keeps-failing', 8_941],
  ['a year that ends', {}, YEAR_ENDS, SMALL, 'too-late', 5_684],
  ['a near horizon', { attentionAfterMs: 3 * MINUTE }, undefined, SMALL, 'no-end', 25_411],
];

it.each(WALKS)(
  'the laws hold in every reachable state: %s',
  { timeout: 120_000 },
  (name, policy, paidAt, bounds, end, atLeast) => {
    const { states, edges, ends } = walk(policy, paidAt, bounds);
    console.log(`${name}: ${states} states, ${edges} edges, ends: ${[...ends].sort().join(', ')}`);
    expect(states).toBeGreaterThanOrEqual(atLeast);
    for (const one of ['refunded', 'not-received', 'closed', 'differs', 'cannot-ask', end]) expect(ends).toContain(one);
  },
);

it('an end by the deadline, from every kind of state', () => {
  const state = startRefund(request, { now: 0, deadline: MINUTE });
  const step = nextRefundStep(state, MINUTE);
  expect(step).toMatchObject({ kind: 'done', outcome: { kind: 'unresolved' } });
});
