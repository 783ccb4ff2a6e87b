import type { RefundEvent, ResolutionEvent } from 'wechatpay-core';

/** What a step brought, as an attribute of few values: a state, the kind of an answer, or the code of an error. */
export function resultOf(event: ResolutionEvent | RefundEvent): string {
  switch (event.kind) {
    case 'queried':
      return event.tradeState;
    case 'refund-queried':
      return event.refunds[0]?.refundStatus ?? 'none';
    case 'failed':
      return event.error.errorCode ?? event.error.code;
    default:
      return event.kind;
  }
}
