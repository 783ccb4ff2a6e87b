import type { WechatPayClient } from '../client.js';
import { REFUND_ORDER } from '../operations/refund-order.js';
import { Callbacks, type CallbackError } from '../resolution/callbacks.js';
import { drive, readRunOptions, type Machine, type ResolutionRun, type RunOptions } from '../resolution/drive.js';
import { advanceRefund } from './advance.js';
import { nextRefundStep, unresolvedRefund } from './next-step.js';
import { REFUND_POLICY_NAMES, refundRulesIn, type RefundPolicy } from './policy.js';
import { startRefund, type RefundAndResolveRequest } from './start.js';
import type { RefundCall, RefundEvent, RefundOutcome, RefundState } from './state.js';
import { askRefundNow, readRefundState, reopenRefund } from './stored-state.js';
import { takeRefundStep } from './take-step.js';

export interface RefundAndResolveOptions extends Partial<RefundPolicy> {
  /** Stops after the current step, with the outcome `unresolved`; resume from the state. */
  readonly signal?: AbortSignal | undefined;
  /** No step begins later; where none is due before, the outcome is `unresolved` at once. @default 5 min from now */
  readonly deadline?: Date | undefined;
  /** Called after each step, and waited for before the next, for 30 s at most: store the state here, and a crash loses nothing. */
  readonly onStep?: ((done: TakenRefundStep) => Promise<void> | void) | undefined;
  /**
   * Waits until a time of the client's clock, or until the signal: the caller's, or `askNow`. 30 s later a timer goes on without it.
   *
   * @default a timer
   */
  readonly wait?: ((until: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
  /** Called before the first step with the run: its `askNow` is for a refund notification. Not waited for. */
  readonly onStart?: ((run: ResolutionRun) => void) | undefined;
}

/** A step that was made, what came of it, and the state after it. */
export interface TakenRefundStep {
  readonly step: RefundCall;
  readonly event: RefundEvent;
  readonly state: RefundState;
}

export interface RefundResolution {
  readonly outcome: RefundOutcome;
  /** Plain JSON. A refund without an end is resumed from it: `resumeRefund(client, state)`. */
  readonly state: RefundState;
  /** What `onStart`, `onStep`, `wait` or the clock threw, the first 20 of them. It stopped nothing. */
  readonly callbackErrors?: readonly CallbackError[];
}

/** In process, a refund to a balance takes a minute as a rule; one to a card takes days, which is for a durable driver. */
const DEFAULT_REFUND_DEADLINE_MS = 5 * 60_000;

/**
 * Refunds a payment, in whole or in part, and brings the refund to its end: Submit Refund, again with the same number where its outcome
 * is not known or WeChat Pay asks for time, then Query Refund until it says SUCCESS.
 *
 * Nothing is thrown for what the gateway answers, the network does or a callback throws: the result says it. Called again with the same
 * `outRefundNo` and amounts, it is the same refund.
 *
 * @param request `outRefundNo` at most 32 characters; amounts in the currency's minor unit.
 * @returns by the `deadline` at the latest. `refunded` is certain. Where the outcome is `unresolved`, resume from the state; do not take
 *   another `outRefundNo`.
 * @throws {WechatPayRequestError} a refund or options that are invalid; nothing was sent.
 * @example
 * const request = { outTradeNo, outRefundNo: 'R-0001', totalFee: 888, refundFee: 300, refundCurrency: 'HKD' };
 * const { outcome, state } = await refundAndResolve(client, request);
 * if (outcome.kind === 'unresolved') await save(JSON.stringify(state));
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665573 (Complete refund logic)
 */
export async function refundAndResolve(
  client: WechatPayClient,
  request: RefundAndResolveRequest,
  options: RefundAndResolveOptions = {},
): Promise<RefundResolution> {
  const { deadline, policy, run } = readRefundOptions(options);
  const callbacks = new Callbacks();
  const now = callbacks.now(() => client.now());
  const times = { now, deadline: deadline ?? now + DEFAULT_REFUND_DEADLINE_MS };
  const state = withParty(client, startRefund(request, times, policy));
  client.check(REFUND_ORDER, state.request); // with the client's own parties: what a later step would refuse
  return drive(client, REFUND, state, run, callbacks);
}

/**
 * Goes on with a refund that stopped, `unresolved` or otherwise without an end, from its state. WeChat Pay is asked for it first. A state
 * that is `refunded` gives that again, without a call.
 *
 * @param stored what an earlier run returned, or `onStep` was told; also as JSON that was read back.
 * @param options the deadline counts from now (5 min by default); rules that are given replace those of the state.
 * @throws {WechatPayRequestError} a state or options that are invalid; nothing was sent.
 * @example const { outcome } = await resumeRefund(client, JSON.parse(row.state), { deadline: inAnHour });
 */
export async function resumeRefund(
  client: WechatPayClient,
  stored: RefundState,
  options: RefundAndResolveOptions = {},
): Promise<RefundResolution> {
  const { deadline, policy, run } = readRefundOptions(options);
  const callbacks = new Callbacks();
  const state = readRefundState(stored);
  if (state.kind === 'ended' && state.outcome.kind === 'refunded') return { outcome: state.outcome, state };
  client.check(REFUND_ORDER, state.request);
  const now = callbacks.now(() => client.now());
  const times = { now, deadline: deadline ?? now + DEFAULT_REFUND_DEADLINE_MS };
  return drive(client, REFUND, reopenRefund(state, times, policy), run, callbacks);
}

const REFUND: Machine<RefundState, RefundCall, RefundEvent, RefundOutcome> = {
  nextStep: nextRefundStep,
  takeStep: takeRefundStep,
  advance: advanceRefund,
  unresolved: unresolvedRefund,
  setAside: (state) => state, // it is asked for first when it is resumed
  askNow: askRefundNow,
};

function readRefundOptions(given: RefundAndResolveOptions): {
  readonly policy: Partial<RefundPolicy>;
  readonly deadline: number | undefined;
  readonly run: RunOptions<TakenRefundStep>;
} {
  const { options, ...rest } = readRunOptions<TakenRefundStep, RefundAndResolveOptions>(given, REFUND_POLICY_NAMES);
  return { ...rest, policy: refundRulesIn(options) };
}

/** The client's own sub-merchant, where the request names none: it is the same refund whoever resolves it. */
function withParty({ subMerchantId }: WechatPayClient, state: RefundState): RefundState {
  if (subMerchantId === undefined) return state;
  return { ...state, request: { subMerchantId, ...state.request } };
}
