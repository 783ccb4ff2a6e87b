import type { OrderOf } from '../intent.js';
import type { Orders } from '../orders.js';
import { isRefundOf, type RefundOf } from '../refunds/refund-intent.js';
import { brokenLink } from '../stores/journal.js';
import { readJournal } from './explain.js';

/** Whether a journal is as it was noted. */
export interface JournalCheck {
  /**
   * Every entry has the hash that follows from the one before, up to the one that the row names as its last: none was changed, and none
   * is missing in between or at the end. Of a row that is not kept any more, or that was stored by an earlier version, the end is not known.
   */
  readonly isIntact: boolean;
  /** How many entries there are. */
  readonly entries: number;
  /** The `seq` of the first entry that was changed, or before which one is missing, or that is missing at the end. */
  readonly brokenAt?: number;
  /** The `seq` of the first entry that is kept: above 1 once older ones are kept no longer. */
  readonly firstSeq?: number;
}

/** What `DurableOrders.verifyJournal` does. */
export async function verifyJournal(orders: Orders, one: OrderOf | RefundOf): Promise<JournalCheck> {
  const { id } = await (isRefundOf(one) ? orders.locateRefund(one) : orders.locate(one));
  // The row first: what is noted meanwhile is behind its last entry.
  const head = (await orders.store.get(id))?.journalHead;
  const entries = await readJournal(orders, id);
  const isCut = head !== undefined && head.seq > 0 && entries.find(({ seq }) => seq === head.seq)?.hash !== head.hash;
  const brokenAt = brokenLink(id, entries) ?? (isCut ? (entries.at(-1)?.seq ?? 0) + 1 : undefined);
  const [first] = entries;
  return {
    isIntact: brokenAt === undefined,
    entries: entries.length,
    ...(brokenAt !== undefined && { brokenAt }),
    ...(first && { firstSeq: first.seq }),
  };
}
