import { createHash } from 'node:crypto';
import { CLOSE_NOT_BEFORE_MS } from '../operations/close-order.js';
import { REVERSE_NOT_AFTER_MS } from '../operations/reverse-order.js';
import type { ResolutionFacts, ResolutionOrder, ResolutionOutcome, ResolutionState, ResolutionStep } from './state.js';

/**
 * What is to be done now. Store the state before it is done.
 *
 * @param now milliseconds since 1970, by the clock that `orderCreatedAt` was taken from.
 */
export function nextResolutionStep(state: ResolutionState, now: number): ResolutionStep {
  if (state.kind === 'ended') return { kind: 'done', outcome: state.outcome };
  if (now >= state.deadline) return { kind: 'done', outcome: unresolved(state) };
  if (now < state.at) return { kind: 'wait', until: Math.min(state.at, state.deadline) };
  switch (state.kind) {
    case 'asking':
    case 'checking':
    case 'expired':
    case 'checking-close':
      return { kind: 'query' };
    case 'closing': {
      // Whatever time was stored.
      const soonest = state.orderCreatedAt + CLOSE_NOT_BEFORE_MS;
      return now < soonest ? { kind: 'wait', until: Math.min(soonest, state.deadline) } : { kind: 'close' };
    }
    case 'reversing':
      return isTooLateToReverse(state, now) ? { kind: 'query' } : { kind: 'reverse' };
    case 'refunding': {
      const { refundFee, currency } = state;
      // The order's own currency, where the answer left it out: a refund has to be in it.
      const payment = currency === undefined ? state.payment : { currency, ...state.payment };
      return { kind: 'refund', outRefundNo: refundNumberOf(state.order), refundFee, payment };
    }
    case 'checking-refunds':
      return { kind: 'query-refunds', outRefundNo: refundNumberOf(state.order) };
  }
}

/** The outcome of a resolution that stops before its order is resolved. */
export function unresolved({ lastError }: ResolutionFacts): ResolutionOutcome {
  return { kind: 'unresolved', ...(lastError && { error: lastError }) };
}

/** Revoke Order "can be called to cancel a transaction made within 7 days after an order is created". */
export function isTooLateToReverse({ kind, orderCreatedAt }: ResolutionState, now: number): boolean {
  return kind === 'expired' || now > orderCreatedAt + REVERSE_NOT_AFTER_MS;
}

/** The number of the one refund that a resolution may make: the same for the same order, whoever resolves it. */
export function refundNumberOf({ outTradeNo, subMerchantId = '' }: ResolutionOrder): string {
  const hash = createHash('sha256').update(`${subMerchantId}/${outTradeNo}`).digest('hex');
  return `settle${hash.slice(0, 26)}`;
}
