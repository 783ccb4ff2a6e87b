import { setTimeout as sleep } from 'node:timers/promises';
import { assertSignal, type WechatPayClient } from './client.js';
import { WechatPayRequestError } from './errors.js';
import { queryOrder } from './query-order.js';
import { refund } from './refund.js';
import { reverseOrder } from './reverse.js';
import {
  advance,
  assertState,
  nextStep,
  startSettlement,
  toSettleError,
  unresolved,
  type SettleEvent,
  type SettleOrder,
  type SettleOutcome,
  type SettlePayment,
  type SettlePolicy,
  type SettleState,
  type SettleStep,
} from './settle.js';

/** The order to settle. */
export interface SettleRequest extends SettleOrder {
  /** When quick pay was called, or the order created otherwise: by the client's clock. */
  readonly orderCreatedAt: Date;
  /** What it should cost, in the currency's minor unit. Where another amount turns out paid, it needs attention. */
  readonly totalFee?: number | undefined;
  /** ISO 4217: the currency that it should be paid in. */
  readonly currency?: string | undefined;
}

export interface SettleOptions extends Partial<SettlePolicy> {
  /** Stops after the step in hand, with the outcome `unresolved`; settle on from the state. */
  readonly signal?: AbortSignal | undefined;
  /** No step begins later; then the outcome is `unresolved`. @default 60 s from now, or that of the state */
  readonly deadline?: Date | undefined;
  /** Told after each step, and waited for before the next: store the state here, and a crash loses nothing. */
  readonly onStep?: ((done: SettledStep) => Promise<void> | void) | undefined;
  /** Waits until a time of the client's clock. @default a timer */
  readonly wait?: ((until: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/** A step that was made, what came of it, and the state after it. */
export interface SettledStep {
  readonly step: SettleStep;
  readonly event: SettleEvent;
  readonly state: SettleState;
}

export interface Settlement {
  readonly outcome: SettleOutcome;
  /** Plain JSON. An `unresolved` order is settled on from it: `settleOrder(client, state)`. */
  readonly state: SettleState;
}

/** In process, a settlement takes 45 s of asking, and some time to revoke. */
const DEFAULT_DEADLINE_MS = 60_000;

/**
 * Brings an order whose outcome is not known to an end: asks while the customer may be paying, then revokes it, again where
 * need be. Nothing is thrown for what the gateway answers or the network does: the outcome says it.
 *
 * @param order the order, or the state at which an earlier run stopped; its policy then holds on.
 * @throws {WechatPayRequestError} an order or options that make no sense; nothing was sent.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/guide/pos/Closed-loop_Transactions.shtml
 */
export async function settleOrder(
  client: WechatPayClient,
  order: SettleRequest | SettleState,
  options: SettleOptions = {},
): Promise<Settlement> {
  const { signal, deadline, onStep, wait } = options;
  assertSignal(signal);
  if (Object(order) !== order) throw new WechatPayRequestError('order', 'is missing; give the order, or its state.');
  const end = deadline?.getTime();
  let state =
    'version' in order
      ? resume(order, end ?? order.deadline)
      : startSettlement(order, end ?? client.now() + DEFAULT_DEADLINE_MS, options);
  for (;;) {
    const step = nextStep(state, client.now());
    if (step.kind === 'done') return { outcome: step.outcome, state };
    if (signal?.aborted) return { outcome: unresolved(state), state };
    if (step.kind === 'wait') {
      await (wait ? wait(step.until, signal) : waitByTimer(client, step.until, signal));
      continue;
    }
    const event = await takeStep(client, state, step, signal);
    state = advance(state, event, client.now(), Math.random());
    if (onStep) await onStep({ step, event, state });
  }
}

function resume(state: SettleState, deadline: number): SettleState {
  assertState(state);
  if (!Number.isFinite(deadline)) throw new WechatPayRequestError('deadline', 'must be a valid Date.');
  return { ...state, deadline };
}

/** Makes the call of a step. What a driver of one's own runs between `nextStep` and `advance`. */
export async function takeStep(
  client: WechatPayClient,
  { order }: SettleState,
  step: SettleStep & { kind: 'query' | 'reverse' | 'refund' },
  signal?: AbortSignal,
): Promise<SettleEvent> {
  try {
    switch (step.kind) {
      case 'query': {
        const { tradeState, transactionId, totalFee, currency } = await queryOrder(client, order, { signal });
        const payment: { -readonly [Name in keyof SettlePayment]: SettlePayment[Name] } = {};
        if (transactionId !== undefined) payment.transactionId = transactionId;
        if (totalFee !== undefined) payment.totalFee = totalFee;
        if (currency !== undefined) payment.currency = currency;
        return { kind: 'queried', tradeState, payment };
      }
      case 'reverse': {
        const { recall } = await reverseOrder(client, order, { signal });
        return { kind: 'reversed', recall };
      }
      case 'refund': {
        const { outRefundNo, payment } = step;
        const totalFee = payment.totalFee ?? 0; // never 0: a step to refund has the amount that was paid
        const currency = payment.currency === undefined ? {} : { refundCurrency: payment.currency };
        const request = { ...order, outRefundNo, totalFee, refundFee: totalFee, ...currency };
        const { refundId } = await refund(client, request, { signal });
        return { kind: 'refunded', refundId };
      }
    }
  } catch (error) {
    return { kind: 'failed', step: step.kind, error: toSettleError(error) };
  }
}

async function waitByTimer(client: WechatPayClient, until: number, signal: AbortSignal | undefined): Promise<void> {
  const timer = sleep(Math.max(until - client.now(), 1), undefined, { signal });
  await timer.catch((error: unknown) => {
    if (!signal?.aborted) throw error;
  });
}
