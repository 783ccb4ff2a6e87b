import { REFUND_SPACING_MS } from 'wechatpay-core';
import { isRefund } from '../stores/kinds.js';
import type { DurableRow } from '../stores/store.js';

/** A Submit Refund that is about to be made. */
interface Submission {
  readonly id: string;
  readonly submittedAt: number;
}

/**
 * "Requests for multiple refunds for the same order must be separated by 1 minute."
 *
 * A part that is stored as submitted is in the way, also where its time is later: another worker's clock may differ, or it was stored
 * between two looks.
 *
 * @returns when it may be made: its own time, where no other part is in its way.
 */
export function freeFrom(mine: Submission, parts: readonly DurableRow[]): number {
  let from = mine.submittedAt;
  for (const part of parts) {
    if (!isRefund(part) || part.id === mine.id) continue;
    const { submittedAt } = Object(part.state) as { submittedAt?: number };
    if (submittedAt !== undefined) from = Math.max(from, submittedAt + REFUND_SPACING_MS);
  }
  return from;
}
