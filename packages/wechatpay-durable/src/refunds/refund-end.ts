import type { RefundOrderRequest, RefundOutcome } from 'wechatpay-core';
import { type EndedRefund } from '../ends.js';
import { aboutRefund, publish } from '../events.js';
import { createEndTeller, type EndTeller } from '../tell-end.js';
import { requestOf } from './refund-rows.js';

/** A durable refund that has an outcome, or needs a person. */
export interface ResolvedRefund {
  readonly id: string;
  readonly merchantId: string;
  /** Of a stored state that cannot be read, it is empty: look the durable refund up by its `id`. */
  readonly outRefundNo: string;
  /** The order that it is a part of. */
  readonly order: { readonly outTradeNo: string; readonly transactionId?: string };
  /** What was asked for, as it is sent; of a stored state that cannot be read, nothing. */
  readonly refund: Partial<RefundOrderRequest>;
  readonly outcome: RefundOutcome;
  /** The number of this end: 1 for the first, and more after each redrive. */
  readonly end: number;
  /** When it came to this end: by the client's clock, the same each time that this end is told. */
  readonly endedAt: Date;
}

export type RefundListener = (resolved: ResolvedRefund) => Promise<void> | void;

/** How the end of a refund is told. Only `refunded` leaves nothing to do. */
export function createRefundTeller({
  onRefundResolved,
  delay,
  onEnd,
}: {
  readonly onRefundResolved: RefundListener | undefined;
  readonly delay: (until: number, now: number) => number;
  readonly onEnd: (id: string) => void;
}): EndTeller<EndedRefund> {
  return createEndTeller<EndedRefund>({
    name: 'onRefundResolved',
    tell: onRefundResolved && ((id, data) => onRefundResolved(structuredClone(resolvedOf(id, data)))),
    isProven: ({ outcome }) => outcome.kind === 'refunded',
    publishEnd: (id, data) => {
      const { outcome, end, endAt } = data;
      publish({ kind: 'refund-resolved', ...aboutRefund(id, data), outcome, end, endedAt: new Date(endAt) });
    },
    delay,
    onEnd,
  });
}

function resolvedOf(id: string, data: EndedRefund): ResolvedRefund {
  const { merchantId, order, outcome, end, endAt } = data;
  const refund = requestOf(data);
  const { outRefundNo = '' } = refund;
  return { id, merchantId, outRefundNo, order, refund, outcome, end, endedAt: new Date(endAt) };
}
