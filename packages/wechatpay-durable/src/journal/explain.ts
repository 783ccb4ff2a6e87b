import { readOrder, type OrderOf } from '../intent.js';
import type { Orders } from '../orders.js';
import { explainedOf, refundsText, type ExplainedRefund } from '../refunds/refunds-of-order.js';
import { isRefund } from '../stores/kinds.js';
import type { DurableOrder, StoredJournalEntry } from '../stores/store.js';
import { readEntry, type OrderJournalEntry } from './entries.js';
import { knownMoney, type KnownMoney } from './known-money.js';
import { entryText, summaryOf } from './sentences.js';

/** What happened to an order, and what is known about its money. */
export interface OrderExplanation {
  readonly id: string;
  readonly outTradeNo: string;
  /** How it stands; absent where only its journal is kept. */
  readonly status?: DurableOrder['status'];
  readonly outcome?: DurableOrder['outcome'];
  /** What is known about the money, since when, by which verified answer; and how the durable order stands. */
  readonly summary: string;
  /** As the answers about the order have told it: what durable refunds return is in `refunds`. */
  readonly money: KnownMoney;
  /** The durable refunds of it, the oldest first. */
  readonly refunds: readonly ExplainedRefund[];
  /** The first that happened first. `text` says each in one line. */
  readonly timeline: readonly (OrderJournalEntry & { readonly text: string })[];
}

/** What `DurableOrders.explain` does. */
export async function explainOrder(orders: Orders, given: OrderOf): Promise<OrderExplanation | undefined> {
  const order = readOrder(given);
  const { id } = await orders.locate(order);
  // The journal first: what the row says by then is in it, or came later.
  const stored = await readJournal(orders, id);
  const row = await orders.read(id);
  if (!row && stored.length === 0) return undefined;
  const entries = stored.map(readEntry);
  const money = knownMoney(entries);
  const { outTradeNo } = order;
  const refunds = (await orders.store.find({ parentId: id })).filter((one) => isRefund(one)).map(explainedOf);
  return {
    id,
    outTradeNo,
    ...(row && { status: row.status }),
    ...(row?.outcome && { outcome: row.outcome }),
    summary: summaryOf(outTradeNo, money, row, refundsText(refunds, money.currency)),
    money,
    refunds,
    timeline: entries.map((noted) => ({ ...noted, text: entryText(noted) })),
  };
}

const PAGE = 1000;

/** Every entry of a row, in order. */
export async function readJournal({ store }: Pick<Orders, 'store'>, id: string): Promise<StoredJournalEntry[]> {
  const entries: StoredJournalEntry[] = [];
  for (;;) {
    const after = entries.at(-1)?.seq ?? 0;
    const page = await store.journal(id, { after, limit: PAGE });
    entries.push(...page);
    if (page.length < PAGE) return entries;
  }
}
