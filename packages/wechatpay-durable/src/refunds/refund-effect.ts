import { outcomeOf } from '../ends.js';
import type { DurableRefund } from '../stores/store.js';
import { isWithoutEffect, partOf } from './parts.js';

/**
 * What a durable refund does to the money of its order.
 *
 * - `under-way`: money may still move by it, unseen: it is open, or nobody knows what became of it.
 * - `returned`: a verified answer says that it was accepted, and it was not ended without effect.
 * - `none`: it was called off, refused, or ended by WeChat Pay, or its number is another order's: nothing of it goes back.
 */
export type RefundEffect = 'under-way' | 'returned' | 'none';

/**
 * Tells what a durable refund does to the money of its order: before you return money of it by another way, look at each.
 *
 * @example
 * const refunds = await durableOrders.find({ outTradeNo, kind: 'refund' });
 * if (refunds.some((refund) => refundEffectOf(refund) === 'under-way')) throw new Error('Wait for its end.');
 */
export function refundEffectOf(refund: DurableRefund): RefundEffect {
  if (isUnderWay(refund)) return 'under-way';
  if (isWithoutEffect(refund)) return 'none';
  return partOf(refund).some(({ refundStatus }) => refundStatus !== 'REFUNDCLOSE') ? 'returned' : 'none';
}

function isUnderWay(refund: DurableRefund): boolean {
  if (refund.status === 'cancelled') return false;
  const outcome = outcomeOf(refund);
  switch (outcome?.kind) {
    case 'refunded':
    case 'refund-rejected':
      return false;
    case 'needs-attention':
      return !SEEN.has(outcome.reason);
    default:
      return true;
  }
}

/** A verified answer has named the refund, or said that there is none: nothing of it moves by itself any more. */
const SEEN: ReadonlySet<string> = new Set(['closed', 'not-received', 'differs', 'too-late']);
