import { type WechatPayClient } from '../client.js';
import { readOnce } from '../call/given.js';
import { QUERY_ORDER } from '../operations/query-order.js';
import { advanceResolution } from './advance.js';
import { Callbacks, type CallbackError } from './callbacks.js';
import { drive, readRunOptions, RUN_OPTIONS, type Machine, type ResolutionRun, type RunOptions } from './drive.js';
import { isUnified } from './build.js';
import { closesAt } from './decide-close.js';
import { nextResolutionStep, unresolved } from './next-step.js';
import { POLICY_NAMES, rulesIn, type ResolutionPolicy } from './policy.js';
import { namesOf, startResolution, type ResolveOrderRequest } from './start.js';
import { askOrderNow, isStopped, readResolutionState, reopenResolution, setAside } from './stored-state.js';
import { takeResolutionStep } from './take-step.js';
import type { ResolutionCall, ResolutionEvent, ResolutionOutcome, ResolutionState, ResolutionStep } from './state.js';

export interface ResolveOrderOptions extends Partial<ResolutionPolicy> {
  /** Stops after the current step, with the outcome `unresolved`; go on from the state. */
  readonly signal?: AbortSignal | undefined;
  /**
   * No step begins later; then the outcome is `unresolved`.
   *
   * @default 90 s from now; of Unified Order 10 min after it is to be closed, by `timeExpire` or `closeAfterMs`, and at least from now
   */
  readonly deadline?: Date | undefined;
  /** Called after each step, and waited for before the next, for 30 s at most: store the state here, and a crash loses nothing. */
  readonly onStep?: ((done: TakenStep) => Promise<void> | void) | undefined;
  /**
   * Waits until a time of the client's clock, or until the signal: the caller's, or `askNow`. 30 s later a timer goes on without it.
   *
   * @default a timer
   */
  readonly wait?: ((until: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Called before the first step with the run: its `askNow` is for a notification of this order. Not waited for. */
  readonly onStart?: ((run: ResolutionRun) => void) | undefined;
}

/** A step that was made, what came of it, and the state after it. */
export interface TakenStep {
  readonly step: ResolutionStep;
  readonly event: ResolutionEvent;
  readonly state: ResolutionState;
}

export interface Resolution {
  readonly outcome: ResolutionOutcome;
  /** Plain JSON. An `unresolved` order is resumed from it: `resumeResolution(client, state)`. */
  readonly state: ResolutionState;
  /** What `onStart`, `onStep`, `onUnclear`, `wait` or the clock threw, the first 20 of them. It stopped nothing. */
  readonly callbackErrors?: readonly CallbackError[];
}

/** In process, a resolution takes 45 s of asking, and some time to reverse, or to be sure that an order never came. */
export const DEFAULT_DEADLINE_MS = 90_000;

/** From when an order of Unified Order is to be closed: to close it, to ask once more, or to refund what was paid. */
const CLOSING_MS = 10 * 60_000;

function defaultDeadline(state: ResolutionState, now: number): number {
  return isUnified(state) ? Math.max(now, closesAt(state)) + CLOSING_MS : now + DEFAULT_DEADLINE_MS;
}

/**
 * Brings an order whose outcome is not known to an end: asks while the customer may be paying, then reverses it, again where
 * need be. An order of Unified Order is closed in place of it, and refunded where it has to be. Nothing is thrown for what the gateway answers, the network does or a callback throws: the result says it.
 *
 * @throws {WechatPayRequestError} an order or options that are invalid; nothing was sent.
 * @example
 * // An order of Unified Order; `runs` is asked where a notification comes: runs.get(outTradeNo)?.askNow()
 * const order = { product: 'unified-order', outTradeNo, orderCreatedAt, timeExpire, totalFee: 888, currency: 'HKD' } as const;
 * const { outcome } = await resolveOrder(client, order, { onStart: (run) => runs.set(outTradeNo, run) });
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/Closed-loop_Transactions.shtml
 */
export async function resolveOrder(
  client: WechatPayClient,
  order: ResolveOrderRequest,
  options: ResolveOrderOptions = {},
): Promise<Resolution> {
  const { deadline, policy, ...run } = readOptions(options);
  const callbacks = new Callbacks();
  const begun = startResolution(order, deadline ?? 0, policy);
  const now = (): number => callbacks.now(() => client.now());
  const start = withParty(client, { ...begun, deadline: deadline ?? defaultDeadline(begun, now()) });
  client.check(QUERY_ORDER, start.order); // with the client's own parties: what a later query would refuse
  return drive(client, RESOLUTION, start, run, callbacks);
}

/**
 * Goes on with a resolution that stopped, `unresolved` or otherwise without an end, from its state. The order is asked for first.
 * A state that has an outcome gives it again, without a call. One of Unified Order that ended `closed`, and that a notification says is paid,
 * is asked for again where a rule is given, as in `{ ifPaidLate: 'refund' }`.
 *
 * @param stored what an earlier run returned, or `onStep` was told; also as JSON that was read back.
 * @param options the deadline counts from now (90 s by default), and not from the earlier run; rules that are given replace those of the state.
 * @throws {WechatPayRequestError} a state or options that are invalid; nothing was sent.
 * @example const { outcome } = await resumeResolution(client, JSON.parse(row.state), { deadline: inAnHour });
 */
export async function resumeResolution(
  client: WechatPayClient,
  stored: ResolutionState,
  options: ResolveOrderOptions = {},
): Promise<Resolution> {
  const { deadline, policy, ...run } = readOptions(options);
  const callbacks = new Callbacks();
  const state = readResolutionState(stored);
  const hasEnd = state.kind === 'ended' && !isStopped(state.outcome);
  if (hasEnd && Object.keys(policy).length === 0) return { outcome: state.outcome, state };
  client.check(QUERY_ORDER, state.order);
  const now = callbacks.now(() => client.now());
  const open = reopenResolution(
    state,
    now,
    deadline ?? defaultDeadline({ ...state, policy: { ...state.policy, ...policy } }, now),
    policy,
  );
  return drive(client, RESOLUTION, open, run, callbacks);
}

/** The client's own sub-merchant, where the order names none: the state, and the number of its refund, are the same whoever resolves it. */
export function withParty({ subMerchantId }: WechatPayClient, state: ResolutionState): ResolutionState {
  return { ...state, order: namesOf({ subMerchantId, ...state.order }) };
}

/** What is left of the options once all are checked. */
export interface ReadOptions extends RunOptions<TakenStep> {
  readonly policy: Partial<ResolutionPolicy>;
  readonly deadline: number | undefined;
}

/**
 * A plain copy of the options of `resolveOrder`, `resumeResolution` or `payAndResolve`, for who passes them on with changes: a spread
 * would lose those that an object inherits, as the getters of a class.
 *
 * @throws {WechatPayRequestError} no object, or one that cannot be read.
 * @example resolveOrder(client, order, { ...readResolveOptions(options), signal });
 */
export function readResolveOptions<Options extends ResolveOrderOptions>(options: Options): Options {
  return readOnce(options, [...POLICY_NAMES, ...RUN_OPTIONS, 'onUnclear'], 'options');
}

/** @throws {WechatPayRequestError} an unknown option, or one that is invalid. */
export function readOptions(given: ResolveOrderOptions, more: readonly string[] = []): ReadOptions {
  const { options, run, deadline } = readRunOptions<TakenStep, ResolveOrderOptions>(given, POLICY_NAMES, more);
  return { ...run, deadline, policy: rulesIn(options) };
}

/** How an order is resolved: the machine that {@link drive} runs. */
export const RESOLUTION: Machine<ResolutionState, ResolutionCall, ResolutionEvent, ResolutionOutcome> = {
  nextStep: nextResolutionStep,
  takeStep: takeResolutionStep,
  advance: advanceResolution,
  unresolved,
  setAside,
  askNow: askOrderNow,
};
