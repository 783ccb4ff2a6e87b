import type { RefundCall, RefundEvent, RefundState, ResolutionCall, ResolutionEvent } from 'wechatpay-core';

/** A refund's calls are those of an order's refund: whether a merchant's settings work is one question. */
export const AS_OF_ORDER: Readonly<Record<RefundCall['kind'], ResolutionCall['kind']>> = {
  'submit-refund': 'refund',
  'query-refund': 'query-refunds',
};

/** As {@link AS_OF_ORDER}, of what came back: that it was answered, or how it failed. */
export function asOfOrder(event: RefundEvent): ResolutionEvent {
  switch (event.kind) {
    case 'refund-accepted':
      return event;
    case 'refund-queried':
      return { kind: 'refunds-queried', refunded: 0, pending: 0 };
    case 'failed':
      return { ...event, step: AS_OF_ORDER[event.step] };
  }
}

/**
 * A state that is held back, since its merchant's settings are wrong: its deadline is later by as long. When it was begun stays: by that, a
 * clock is known that was set back; and one that has been held for `attentionAfterMs` is for a person anyway.
 */
export function heldRefund<State extends RefundState>(
  state: State,
  { at, forMs, event }: { at: number; forMs: number; event: RefundEvent | undefined },
): State {
  const later = { ...state, deadline: state.deadline + Math.ceil(forMs) };
  if (event?.kind !== 'failed') return later;
  const hasLeft = event.step === 'submit-refund' && event.error.outcome !== 'not-sent';
  return { ...later, lastError: event.error, ...(hasLeft && { submittedAt: at }) };
}
