import type { OrderOf } from '../intent.js';
import type { Orders } from '../orders.js';
import { isRefundOf, type RefundOf } from '../refunds/refund-intent.js';
import { brokenLink } from '../stores/journal.js';
import { readJournal } from './explain.js';

/** Whether a journal is as it was noted. */
export interface JournalCheck {
  /** Every entry has the hash that follows from the one before: none was changed, and none is missing in between. */
  readonly isIntact: boolean;
  /** How many entries there are. */
  readonly entries: number;
  /** The `seq` of the first entry that was changed, or before which one is missing. */
  readonly brokenAt?: number;
  /** The `seq` of the first entry that is kept: above 1 once older ones are kept no longer. */
  readonly firstSeq?: number;
}

/** What `DurableOrders.verifyJournal` does. */
export async function verifyJournal(orders: Orders, one: OrderOf | RefundOf): Promise<JournalCheck> {
  const id = isRefundOf(one) ? orders.refundIdOf(one) : orders.idOf(one);
  const entries = await readJournal(orders, id);
  const brokenAt = brokenLink(id, entries);
  const [first] = entries;
  return {
    isIntact: brokenAt === undefined,
    entries: entries.length,
    ...(brokenAt !== undefined && { brokenAt }),
    ...(first && { firstSeq: first.seq }),
  };
}
