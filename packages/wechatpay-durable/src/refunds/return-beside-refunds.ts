import type { ResolutionState, ResolutionStep } from 'wechatpay-core';
import { setAside } from 'wechatpay-core/resolution';
import { ongoing } from '../ends.js';
import { isRefund } from '../stores/kinds.js';
import type { DurableOrderData, DurableRow, JournalEntry, Lease } from '../stores/store.js';
import { partOf } from './parts.js';
import { refundEffectOf } from './refund-effect.js';

/** A step that returns what was paid, or a part of it. */
type Return = ResolutionStep & { readonly kind: 'reverse' | 'refund' };

export function isReturn(step: ResolutionStep): step is Return {
  return step.kind === 'reverse' || step.kind === 'refund';
}

/** A refund of the order may return the same money. */
class InTheWay extends Error {}

/**
 * Stores that a payment is about to be returned, where no durable refund of its order is in the way: both are looked at and stored in one
 * transaction, so that a refund that is stored at the same time is seen, or is refused since the order is being returned.
 *
 * @param refundsOf for a custom store that calls no check: it is looked at after it is stored then.
 * @returns what is still to be noted, where a refund is in the way: nothing may be sent.
 */
export async function storeReturn(
  { id, save }: Pick<Lease, 'id' | 'save'>,
  step: Return,
  data: DurableOrderData,
  notes: readonly JournalEntry[],
  refundsOf: (id: string) => Promise<DurableRow[]>,
): Promise<{ readonly notes: readonly JournalEntry[] } | undefined> {
  const look = { isMade: false };
  const check = (siblings: readonly DurableRow[]): void => {
    look.isMade = true;
    if (isInTheWay(siblings, step)) throw new InTheWay('A refund of the order is in the way.');
  };
  let rest = notes;
  try {
    await save(data, notes, { id, check });
    rest = [];
    if (!look.isMade) check(await refundsOf(id));
    return undefined;
  } catch (error) {
    if (error instanceof InTheWay) return { notes: rest };
    throw error;
  }
}

/**
 * As long as a refund is under way nobody knows what it returns. What was accepted, Query Order may not show yet, and no answer may have
 * said so: beside it nothing is reversed, and no more is refunded than is left.
 */
function isInTheWay(siblings: readonly DurableRow[], step: Return): boolean {
  const refunds = siblings.filter(isRefund);
  if (refunds.some((refund) => refundEffectOf(refund) === 'under-way')) return true;
  const returned = refunds.filter((refund) => refundEffectOf(refund) === 'returned');
  if (step.kind === 'reverse') return returned.length > 0;
  const refunded = returned.flatMap(partOf).reduce((sum, { refundFee }) => sum + refundFee, 0);
  return !(refunded + step.refundFee <= step.payment.totalFee); // of an amount that cannot be read, too
}

/** From question to question, as long as a refund is in the way: a tenth of the order's age. */
const AGE_SHARE = 0.1;

/** The order is asked for again, later: what was decided is not, and nothing counts as sent that was not. */
export function withoutReturn(
  data: DurableOrderData,
  {
    before,
    decided,
    now,
  }: { readonly before: ResolutionState; readonly decided: ResolutionState; readonly now: number },
): DurableOrderData {
  const { orderCreatedAt, policy, deadline, lastError } = decided;
  const outage = Math.round((now - orderCreatedAt) * AGE_SHARE);
  const at = now + Math.max(policy.queryEveryMs, Math.min(policy.maxBackoffMs, outage));
  // One that nothing was decided of before is still kept, where it turns out paid; and may be refunded.
  const state = before.kind === 'asking' ? { ...before, deadline, ...(lastError && { lastError }) } : setAside(decided);
  return ongoing(data, state.kind === 'ended' ? state : { ...state, at });
}
