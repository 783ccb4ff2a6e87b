import { readGiven } from '../call/given.js';
import { WechatPayRequestError } from '../errors.js';
import { REFUND_ORDER, REFUND_SPACING_MS } from '../operations/refund-order.js';
import { assertTime } from '../resolution/start.js';
import { checking, factsOf } from './build.js';
import { checkRefundPolicy, DEFAULT_REFUND_POLICY, refundRulesIn, type RefundPolicy } from './policy.js';
import { checkRefundRequest, type RefundTimes } from './start.js';
import type { OpenRefund, RefundAttention, RefundOutcome, RefundState } from './state.js';

/**
 * A state as it was stored, checked before it moves money: another version wrote it, or another hand. Only what is known is taken over;
 * rules that a policy did not have yet take their defaults.
 *
 * @throws {WechatPayRequestError} what is no state, or one of a later version.
 */
export function readRefundState(stored: unknown): RefundState {
  const state = Object(stored) as Record<string, unknown>;
  const wrong = Object.entries(RULES).find(([name, isRight]) => !isRight(state[name], state))?.[0];
  if (wrong !== undefined) throw invalid(wrong);
  const { values, unknown } = readGiven(state.request, REFUND_ORDER.properties, 'state.request');
  if (unknown) throw unknown;
  const request = checkRefundRequest(values);
  const policy = checkRefundPolicy({ ...DEFAULT_REFUND_POLICY, ...refundRulesIn(state.policy as RefundPolicy) });
  const kind = state.kind as RefundState['kind'];
  const own = KINDS[kind].map((name) => [name, state[name]] as const);
  const known = {
    ...factsOf({ ...(state as unknown as RefundState), request, policy }),
    kind,
    ...Object.fromEntries(own),
  };
  const { outcome } = known as { outcome?: RefundOutcome };
  const isOfAnother =
    outcome?.kind === 'refunded' &&
    (outcome.outRefundNo !== request.outRefundNo || outcome.refundFee !== request.refundFee);
  if (isOfAnother) throw invalid('outcome');
  return known as RefundState;
}

function invalid(name: string): WechatPayRequestError {
  return new WechatPayRequestError(
    'state',
    `is not a refund's state that this version of wechatpay-core can read: ${name} is invalid. Start again from the refund, with the same outRefundNo.`,
  );
}

const isTime = (value: unknown): boolean => Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
const isText = (value: unknown): boolean => typeof value === 'string';
const isFlag = (value: unknown): boolean => typeof value === 'boolean';
const oneOf =
  (...choices: readonly unknown[]) =>
  (value: unknown): boolean =>
    choices.includes(value);
const orAbsent =
  (isRight: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    value === undefined || isRight(value);

const isOutcomeOfCall = oneOf('not-sent', 'rejected', 'unknown');

function isError(value: unknown): boolean {
  const { code, outcome, message, errorCode, advice } = Object(value) as Record<string, unknown>;
  return isText(code) && isOutcomeOfCall(outcome) && isText(message) && [errorCode, advice].every(orAbsent(isText));
}

const ATTENTION: Readonly<Record<RefundAttention, true>> = {
  'not-received': true,
  closed: true,
  differs: true,
  'too-late': true,
  'keeps-failing': true,
  'cannot-ask': true,
  'no-end': true,
};

function isOutcome(value: unknown): boolean {
  const { kind, reason, error, found, refundFee, outRefundNo } = Object(value) as Record<string, unknown>;
  switch (kind) {
    case 'refunded':
      return isCount(refundFee) && isText(outRefundNo);
    case 'refund-rejected':
      return isError(error);
    case 'needs-attention':
      return Object.hasOwn(ATTENTION, String(reason)) && isError(error) && orAbsent(isObject)(found);
    default:
      return false; // unresolved is what a run ends with, and no state
  }
}

const KINDS: Readonly<Record<RefundState['kind'], readonly string[]>> = {
  submitting: ['at', 'attempts'],
  waiting: ['at', 'reason'],
  checking: ['at', 'attempts', 'notBefore'],
  refused: ['at', 'attempts', 'refusal', 'isAbsent'],
  following: ['at', 'attempts', 'absences'],
  ended: ['outcome'],
};

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  at: isTime,
  attempts: isCount,
  notBefore: isTime,
  reason: oneOf('balance', 'throttled'),
  refusal: isError,
  isAbsent: isFlag,
  absences: isCount,
  outcome: isOutcome,
};

const RULES: Readonly<Record<string, (value: unknown, state: Record<string, unknown>) => boolean>> = {
  version: (value) => value === 1,
  request: isObject,
  startedAt: isTime,
  paidAt: orAbsent(isTime),
  policy: isObject,
  deadline: isTime,
  submissions: isCount,
  submittedAt: orAbsent(isTime),
  failures: isCount,
  refundId: orAbsent(isText),
  lastError: orAbsent(isError),
  kind: (value, state) => {
    const names = Object.hasOwn(KINDS, String(value)) ? KINDS[value as RefundState['kind']] : undefined;
    return names?.every((name) => FIELDS[name]?.(state[name])) ?? false;
  },
};

/**
 * A state from a store whose last step may have been taken without a word of it: Query Refund comes before Submit Refund. What a driver that
 * delivers at least once begins with, where it is not the first delivery.
 *
 * @throws {WechatPayRequestError} what is no state, or one of a later version.
 */
export function askRefundFirst(stored: RefundState, now: number): RefundState {
  assertTime('now', now);
  const state = readRefundState(stored);
  if (state.kind !== 'submitting' && state.kind !== 'waiting') return state;
  // Whether it was sent, and when, is not known: the latest time is the safe one.
  return checking({ ...factsOf(state), submittedAt: now }, state.at, state.at);
}

/**
 * The same refund, asked for now: a refund notification came, which is a hint and no proof; or a person wants to know.
 *
 * @throws {WechatPayRequestError} what is no state, or one of a later version.
 */
export function askRefundNow(stored: RefundState, now: number): RefundState {
  assertTime('now', now);
  const state = readRefundState(stored);
  return state.kind === 'ended' ? state : askAt(state, now);
}

/** Nothing is submitted sooner than it would have been. */
function askAt(state: OpenRefund, at: number): OpenRefund {
  return state.kind === 'submitting' || state.kind === 'waiting'
    ? checking(factsOf(state), at, state.at)
    : { ...state, at };
}

/**
 * A refund that stopped, to be resumed: `unresolved`, or `needs-attention` and `refund-rejected` once its cause is fixed. It is asked for
 * first, and submitted again with the same number where WeChat Pay does not know it.
 *
 * @param policy what is to be otherwise from now on.
 * @throws {WechatPayRequestError} a state that is `refunded`, or is invalid; a policy that is invalid.
 */
export function reopenRefund(
  stored: RefundState,
  { now, deadline }: RefundTimes,
  policy: Partial<RefundPolicy> = {},
): RefundState {
  const before = askRefundFirst(stored, now);
  assertTime('deadline', deadline);
  const open = { startedAt: now, deadline, failures: 0, policy: checkRefundPolicy(policy, before.policy) };
  if (before.kind !== 'ended') return askAt({ ...before, ...open }, now);
  if (before.outcome.kind === 'refunded')
    throw new WechatPayRequestError('state', 'has an end: the refund is refunded.');
  const facts = { ...factsOf(before), ...open };
  return checking(facts, now, Math.max(now, (facts.submittedAt ?? 0) + REFUND_SPACING_MS));
}
