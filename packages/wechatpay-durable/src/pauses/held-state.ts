import type { ResolutionEvent, ResolutionState } from 'wechatpay-core';
import { setAside } from 'wechatpay-core/resolution';

/** So much time an order has at least, once its merchant's settings work again. */
const LEAST_LEFT_MS = 5 * 60_000;

interface Holding {
  /** By the client's clock. */
  readonly at: number;
  readonly forMs: number;
  /** Since when its merchant is paused; absent where that is not sure. */
  readonly since: number | undefined;
  /** The failure for which it is held. */
  readonly event: ResolutionEvent | undefined;
}

/**
 * A state that is held back: its next step is the one that it was, and its deadline is later by as long as it is held. One whose
 * deadline was over before is not helped by that.
 */
export function heldBack(given: ResolutionState, { at, forMs, since, event }: Holding): ResolutionState {
  const state = event?.kind === 'failed' ? { ...withSent(given, event.step), lastError: event.error } : given;
  const later = state.deadline + forMs;
  if (since === undefined) return { ...setAside(state), deadline: later };
  if (state.deadline <= since) return setAside(state);
  return { ...setAside(state), deadline: Math.max(later, at + forMs + LEAST_LEFT_MS) };
}

/** A state whose deadline came while its merchant was paused. */
export function withTimeLeft<State extends ResolutionState>(state: State, at: number): State {
  return { ...state, deadline: at + LEAST_LEFT_MS };
}

/** Whether a reversal or a refund may have been made, so that it must not be forgotten. */
export function mayHaveHadEffect(event: ResolutionEvent): boolean {
  return event.kind === 'failed' && MOVES_MONEY.has(event.step) && event.error.outcome === 'unknown';
}

const MOVES_MONEY: ReadonlySet<string> = new Set(['reverse', 'refund']);

/** What has left may take effect, whatever came back. */
function withSent(state: ResolutionState, step: string): ResolutionState {
  if (step === 'reverse') return { ...state, sent: { ...state.sent, reverse: true } };
  return state.kind === 'refunding' ? { ...state, sent: { ...state.sent, refundFee: state.refundFee } } : state;
}
