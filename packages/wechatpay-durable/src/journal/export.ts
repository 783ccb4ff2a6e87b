import { orderOf } from '../ends.js';
import { readListFilter } from '../list.js';
import type { Orders } from '../orders.js';
import { requestOf } from '../refunds/refund-rows.js';
import { isRefund } from '../stores/kinds.js';
import type { DurableKind, DurableOrderFilter, DurableRow } from '../stores/store.js';
import { readJournal } from './explain.js';

/** Whose journals are exported. */
export interface JournalFilter extends Omit<DurableOrderFilter, 'limit' | 'after'> {
  /** The journals of orders, or those of refunds. @default 'order' */
  readonly kind?: DurableKind | undefined;
}

const PAGE = 100;

/** What `DurableOrders.exportJournal` does: it checks the filter at once, and reads as far as it is asked. */
export function exportJournal(orders: Orders, given: JournalFilter): AsyncIterable<string> {
  const filter = readListFilter(given, ['kind', 'status', 'merchantId', 'createdBefore', 'ended']);
  return linesOf(orders, filter);
}

async function* linesOf(
  orders: Orders,
  { kind = 'order', ...filter }: JournalFilter,
): AsyncGenerator<string, void, undefined> {
  let after: DurableRow | undefined;
  for (;;) {
    const page = await orders.store.list({ ...filter, kind, limit: PAGE, ...(after && { after }) });
    for (const row of page) yield* linesOfRow(orders, row);
    after = page.at(-1);
    if (page.length < PAGE || !after) return;
  }
}

async function* linesOfRow(orders: Orders, row: DurableRow): AsyncGenerator<string, void, undefined> {
  const { id, merchantId } = row;
  const numbers = isRefund(row)
    ? { outTradeNo: row.order.outTradeNo, outRefundNo: requestOf(row).outRefundNo }
    : { outTradeNo: orderOf(row).outTradeNo };
  for (const { seq, at, kind, fields, hash } of await readJournal(orders, id)) {
    yield `${JSON.stringify({ id, merchantId, ...numbers, seq, at, kind, fields, hash })}\n`;
  }
}
