import { orderOf } from '../ends.js';
import { readListFilter } from '../list.js';
import type { Orders } from '../orders.js';
import { isOrder } from '../stores/kinds.js';
import type { DurableOrder, DurableOrderFilter } from '../stores/store.js';
import { readJournal } from './explain.js';

/** Whose journals are exported. */
export type JournalFilter = Omit<DurableOrderFilter, 'limit' | 'after'>;

const PAGE = 100;

/** What `DurableOrders.exportJournal` does: it checks the filter at once, and reads as far as it is asked. */
export function exportJournal(orders: Orders, given: JournalFilter): AsyncIterable<string> {
  const filter = readListFilter(given, ['status', 'merchantId', 'createdBefore', 'ended']);
  return linesOf(orders, filter);
}

async function* linesOf(orders: Orders, filter: JournalFilter): AsyncGenerator<string, void, undefined> {
  let after: DurableOrder | undefined;
  for (;;) {
    const rows = await orders.store.list({ ...filter, kind: 'order', limit: PAGE, ...(after && { after }) });
    const page = rows.filter(isOrder);
    for (const order of page) yield* linesOfOrder(orders, order);
    after = page.at(-1);
    if (rows.length < PAGE || !after) return;
  }
}

async function* linesOfOrder(orders: Orders, order: DurableOrder): AsyncGenerator<string, void, undefined> {
  const { id, merchantId } = order;
  const { outTradeNo } = orderOf(order);
  for (const { seq, at, kind, fields, hash } of await readJournal(orders, id)) {
    yield `${JSON.stringify({ id, merchantId, outTradeNo, seq, at, kind, fields, hash })}\n`;
  }
}
