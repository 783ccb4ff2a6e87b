// Over 250 lines, as one idea: every way in which a stored state is taken up again, each with what makes it safe.
import { WechatPayRequestError } from '../errors.js';
import { CLOSE_NOT_BEFORE_MS } from '../operations/close-order.js';
import { REVERSE_NOT_BEFORE_MS } from '../operations/reverse-order.js';
import { factsOf, isUnified, returnsPayment } from './build.js';
import { checkPolicy, DEFAULT_RESOLUTION_POLICY, type ResolutionPolicy } from './policy.js';
import { assertAmount, assertTime, namesOf } from './start.js';
import type { Checking, CheckingClose, ResolutionFacts, ResolutionOutcome, ResolutionState } from './state.js';
import { isVersion1, upgradeVersion1 } from './version-1.js';
import { identifyOrder } from '../operations/order-identity.js';

/**
 * A state as it was stored, checked before it moves money: another version wrote it, or another hand. States of earlier versions
 * are brought to this one, and rules that a policy did not have yet take their defaults.
 *
 * @throws {WechatPayRequestError} what is no state, or one of a later version.
 */
export function readResolutionState(stored: unknown): ResolutionState {
  const given = Object(stored) as Partial<ResolutionState> & Record<string, unknown>;
  const state = isVersion1(given) ? upgradeVersion1(given) : given;
  const wrong = Object.entries(RULES).find(([name, isRight]) => !isRight(state[name], state))?.[0];
  if (wrong !== undefined) {
    throw new WechatPayRequestError(
      'state',
      `is not a state that this version of wechatpay-core can read: ${wrong} is invalid. Start again from the order.`,
    );
  }
  const { order, policy, totalFee, currency } = state as unknown as ResolutionState;
  const { outTradeNo, subMerchantId, subAppId } = order;
  identifyOrder({ outTradeNo, subMerchantId, subAppId });
  assertAmount(totalFee, currency);
  // Nothing else of the order is passed on: a stray transactionId would be asked for instead.
  return {
    ...(state as unknown as ResolutionState),
    order: namesOf(order),
    policy: checkPolicy({ ...DEFAULT_RESOLUTION_POLICY, ...policy }),
  };
}

const isTime = (value: unknown): boolean => Number.isFinite(value);
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const isTimeOrAbsent = (value: unknown): boolean => value === undefined || isTime(value);
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;

const KINDS: Readonly<Record<ResolutionState['kind'], readonly string[]>> = {
  asking: ['at'],
  reversing: ['at', 'attempts'],
  checking: ['at', 'attempts', 'notBefore', 'isReversed'],
  expired: ['at', 'attempts'],
  closing: ['at', 'attempts'],
  'checking-close': ['at', 'attempts', 'notBefore', 'isClosed'],
  refunding: ['at', 'attempts', 'payment', 'refundFee'],
  'checking-refunds': ['at', 'attempts'],
  ended: ['outcome'],
};

/** What only one product has: an order is reversed, or closed. */
const OF_QUICK_PAY: readonly unknown[] = ['reversing', 'checking', 'expired'];
const OF_UNIFIED_ORDER: readonly unknown[] = ['closing', 'checking-close'];

const OUTCOMES: readonly unknown[] = [
  'paid',
  'reversed',
  'closed',
  'refunded',
  'refund-required',
  'needs-attention',
  'unresolved',
];

const FIELDS: Readonly<Record<string, (value: unknown) => boolean>> = {
  at: isTime,
  attempts: isCount,
  notBefore: isTime,
  isReversed: (value) => typeof value === 'boolean',
  isClosed: (value) => typeof value === 'boolean',
  payment: (value) => isObject(value) && isCount((value as { totalFee?: unknown }).totalFee),
  refundFee: isCount,
  outcome: (value) => isObject(value) && OUTCOMES.includes((value as { kind?: unknown }).kind),
};

const RULES: Readonly<Record<string, (value: unknown, state: Record<string, unknown>) => boolean>> = {
  product: (value) => value === undefined || value === 'unified-order',
  // 3 is what a release that knows Quick Pay alone does not read: it would reverse what has to be closed.
  version: (value, { product }) => value === (product === undefined ? 2 : 3),
  timeExpire: isTimeOrAbsent,
  givenUpAt: isTimeOrAbsent,
  hintedAt: isTimeOrAbsent,
  closedSince: isTimeOrAbsent,
  order: isObject,
  orderCreatedAt: isTime,
  policy: isObject,
  deadline: isTime,
  sent: (value) => {
    const { reverse, refundFee } = Object(value) as { reverse?: unknown; refundFee?: unknown };
    return typeof reverse === 'boolean' && (refundFee === undefined || isCount(refundFee));
  },
  kind: (value, state) => {
    if ((state.product === undefined ? OF_UNIFIED_ORDER : OF_QUICK_PAY).includes(value)) return false;
    const names = Object.hasOwn(KINDS, String(value)) ? KINDS[value as ResolutionState['kind']] : undefined;
    return names?.every((name) => FIELDS[name]?.(state[name])) ?? false;
  },
};

/**
 * A state from a store whose last step may have been taken without a word of it: the order is asked for before anything is done.
 * What a driver that delivers at least once begins with.
 *
 * @throws {WechatPayRequestError} what is no state, or one of a later version.
 */
export function askFirst(stored: ResolutionState): ResolutionState {
  const state = readResolutionState(stored);
  switch (state.kind) {
    case 'reversing':
      return checkingAgain(state, state.at);
    case 'closing':
      return checkingCloseAgain(state, state.at);
    case 'refunding': {
      const sent = { ...state.sent, refundFee: state.refundFee };
      return refundingAgain({ ...state, sent });
    }
    default:
      return state;
  }
}

/**
 * A state whose next call is certainly not made now: the time is up, the caller aborted, or it is not due yet. When it is taken up again
 * it is asked for first, and nothing counts as sent that was not. What a driver stores when it stops before a step.
 */
export function setAside(state: ResolutionState): ResolutionState {
  switch (state.kind) {
    case 'reversing': {
      const { at, attempts } = state;
      return { ...factsOf(state), kind: 'checking', at, attempts, notBefore: at, isReversed: false };
    }
    case 'closing':
      return checkingCloseAgain(state, state.at);
    case 'refunding':
      return refundingAgain(state);
    default:
      return state;
  }
}

/**
 * The same order, asked for now, where it is asked for at all: a notification came, or the customer's phone says that it is done. Either is a
 * hint and no proof, and one that is forged costs a query: at most one in `queryEveryMs`. A close that is due waits for the answer.
 *
 * @throws {WechatPayRequestError} what is no state, or one of a later version.
 * @example state = askOrderNow(askFirst(state), now); // a durable driver: what was stored may have been sent
 */
export function askOrderNow(stored: ResolutionState, now: number): ResolutionState {
  assertTime('now', now);
  const state = readResolutionState(stored);
  if (state.kind === 'ended' || state.kind === 'reversing' || state.kind === 'refunding') return state;
  const at = Math.max(now, state.hintedAt === undefined ? now : state.hintedAt + state.policy.queryEveryMs);
  if (state.kind === 'closing' ? at > Math.max(now, state.at) : at >= state.at) return state;
  const asked = state.kind === 'closing' ? checkingCloseAgain(state, at) : { ...state, at };
  return { ...asked, hintedAt: at };
}

/**
 * A resolution that stopped without an end, to be resumed: `unresolved`, `needs-attention` or `refund-required`, once its cause
 * is fixed or a refund was made elsewhere. Also one that ended `paid`, or `closed` because it was never found, where the policy
 * is to reverse it now; and one of Unified Order that ended `closed`, where something says that it was paid all the same. The order is
 * asked for first. A reversal that may have been sent stands, and so does a close that was decided.
 *
 * @param deadline milliseconds since 1970.
 * @param policy what is to be otherwise from now on, as in `{ refundWhenExpired: true }`.
 * @throws {WechatPayRequestError} a state that has an outcome, or is invalid; a policy that is invalid.
 */
export function reopenResolution(
  stored: ResolutionState,
  now: number,
  deadline: number,
  policy: Partial<ResolutionPolicy> = {},
): ResolutionState {
  const before = askFirst(stored);
  assertTime('deadline', deadline);
  assertTime('now', now);
  const rules = checkPolicy(policy, before.policy);
  const outcome = before.kind === 'ended' ? before.outcome : undefined;
  const isClosed = isUnified(before) && outcome?.kind === 'closed';
  if (outcome && !isStopped(outcome) && !isClosed && !(mayBePaid(outcome) && rules.ifPaid === 'reverse')) {
    throw new WechatPayRequestError('state', `has an end: the order is ${outcome.kind}.`);
  }
  return asked(before, { policy: rules, deadline }, now);
}

/**
 * A resolution that may have an end, of which something says otherwise: it is asked for again. For a driver that takes one query of it,
 * and stores what follows only where a verified answer says that the end was another: nothing else may change an end.
 *
 * @param deadline milliseconds since 1970.
 * @throws {WechatPayRequestError} a state that is invalid.
 */
export function recheckResolution(stored: ResolutionState, now: number, deadline: number): ResolutionState {
  assertTime('deadline', deadline);
  assertTime('now', now);
  const before = askFirst(stored);
  return asked(before, { policy: before.policy, deadline }, now);
}

function asked(
  before: ResolutionState,
  { policy, deadline }: Pick<ResolutionFacts, 'policy' | 'deadline'>,
  now: number,
): ResolutionState {
  const { doubt: _, ...facts } = factsOf(before);
  const open: ResolutionFacts = { ...facts, policy, deadline };
  if (before.kind === 'checking-refunds' || before.kind === 'expired') return { ...before, ...open, at: now };
  if (isUnified(open)) {
    const isDecided = returnsPayment(open) || open.givenUpAt !== undefined;
    return isDecided ? checkingCloseAgain(withFacts(before, open), now) : { ...open, kind: 'asking', at: now };
  }
  if (before.kind === 'ended' && open.sent.refundFee !== undefined)
    return { ...open, kind: 'expired', at: now, attempts: 0 };
  return returnsPayment(open) ? checkingAgain({ ...before, ...open }, now) : { ...open, kind: 'asking', at: now };
}

/** As {@link reopenResolution} judges it: stopped, but without an end. */
export function isStopped({ kind }: ResolutionOutcome): boolean {
  return kind === 'needs-attention' || kind === 'refund-required' || kind === 'unresolved';
}

function mayBePaid(outcome: ResolutionOutcome): boolean {
  return outcome.kind === 'paid' || (outcome.kind === 'closed' && !outcome.found);
}

/** The same state with other facts, and none that these leave out. */
function withFacts(state: ResolutionState, facts: ResolutionFacts): ResolutionState {
  const { doubt: _, ...rest } = state;
  return { ...rest, ...facts };
}

/** A reversal is decided, and may have been sent where it was due: a query first. */
function checkingAgain(state: ResolutionState, at: number): Checking {
  const sent = { ...state.sent, reverse: state.sent.reverse || state.kind === 'reversing' };
  const attempts = 'attempts' in state ? state.attempts : 0;
  const notBefore =
    state.kind === 'checking'
      ? state.notBefore
      : Math.max(state.orderCreatedAt + REVERSE_NOT_BEFORE_MS, state.kind === 'reversing' ? state.at : 0);
  const isReversed = state.kind === 'checking' && state.isReversed;
  return { ...factsOf(state), sent, kind: 'checking', at, attempts, notBefore, isReversed };
}

/** A close is decided, and may have been sent where it was due: a query first. Closing again is safe. */
function checkingCloseAgain(state: ResolutionState, at: number): CheckingClose {
  const soonest = state.orderCreatedAt + CLOSE_NOT_BEFORE_MS;
  if (state.kind === 'checking-close') {
    // What its last close was refused for may be fixed by now, and who knew no such order may know it by now.
    const { attempts, notBefore, isClosed, closedSince } = state;
    const known = { attempts, notBefore, isClosed, ...(closedSince !== undefined && { closedSince }) };
    return { ...factsOf(state), kind: 'checking-close', at, ...known };
  }
  const notBefore = Math.max(soonest, state.kind === 'closing' ? state.at : at);
  const attempts = 'attempts' in state ? state.attempts : 0;
  return { ...factsOf(state), kind: 'checking-close', at, attempts, notBefore, isClosed: false };
}

/** A refund is decided, and may have been sent: what was paid is asked for first. */
function refundingAgain(state: ResolutionState & { readonly kind: 'refunding' }): ResolutionState {
  const { at, attempts } = state;
  return isUnified(state) ? checkingCloseAgain(state, at) : { ...factsOf(state), kind: 'expired', at, attempts };
}
