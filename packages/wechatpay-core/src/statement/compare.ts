import { readOnce } from '../call/given.js';
import { findUnknownProperty } from '../call/known-properties.js';
import { WechatPayRequestError } from '../errors.js';
import {
  findRefund,
  judgeAmount,
  judgeRow,
  kindOf,
  UNDECIDED,
  type Judgement,
  type RowComparison,
} from './classify-row.js';
import { readDay } from './day.js';
import { isAtEndOf, missingMovements, type BookComparison } from './missing-movements.js';
import { copyOf, keyOf } from './movement-key.js';
import type { BookOrder, OrderBook } from './order-book.js';
import { statementError } from './problems.js';
import type { StatementRow } from './row.js';
import { Twins } from './twins.js';

/** What {@link compareStatement} gives: one for each row, and one for each movement of the book without a row. */
export type StatementComparison = RowComparison | BookComparison;

export interface CompareStatementOptions {
  /** The statement's day of Beijing, as `downloadStatement` takes it. */
  readonly date: string | Date;
  /** Institutional mode: the sub-merchants that the book is about. @default all */
  readonly subMerchantIds?: readonly string[] | undefined;
}

/**
 * Compares a statement with a book of orders. It asks the book, and changes nothing: what it finds informs, and moves no money.
 *
 * Each row ends in exactly one class, and so does each movement (payment, refund, reversal) that the book claims for the day; one that
 * is in both ends with its row. Orders are found by their numbers, whatever day the book has them on: across midnight is no difference.
 *
 * **The results count when the last one has come.** Rows that break off throw, and nothing is reported as missing then.
 *
 * It takes pages of 500 rows to the book, and keeps some 250 bytes of each row in memory, to know what the book's movements met.
 *
 * @param rows of one statement of all types, as `downloadStatement` gives them, or as they were staged.
 * @throws {WechatPayRequestError} a wrong date or option; {@link WechatPayStatementError} and others: what `rows` throws; what the book
 *   throws.
 * @example
 * const statement = await downloadStatement(client, { date: '20260301' });
 * for await (const { class: found, order, row } of compareStatement(statement, book, { date: '20260301' })) {
 *   if (found !== 'agreed') console.log(found, row?.outTradeNo ?? order?.outTradeNo);
 * }
 */
export async function* compareStatement(
  rows: AsyncIterable<StatementRow> | Iterable<StatementRow>,
  orderBook: OrderBook,
  options: CompareStatementOptions,
): AsyncGenerator<StatementComparison, void> {
  assertBook(orderBook);
  const { date, subMerchantIds } = readOptions(options);
  const ours = subMerchantIds && new Set(subMerchantIds);
  /** What rows were about, and the number of WeChat Pay in the first of them. */
  const seen = new Map<string, string>();
  const twins = new Twins();
  const undecided = new Map<string, { row: StatementRow; order: BookOrder; twin: RowComparison['twin'] }>();
  /** Transactions: a reversal says nothing of another payment under the same number. */
  const reversed = new Set<string>();
  /** Payments without a row of their own. */
  const covered = new Set<string>();

  for await (const page of pagesOf(rows)) {
    const find = indexOf(await orderBook.findOrders(page.map(numbersOf)));
    for (const row of page) {
      const kind = kindOf(row);
      const order = find(row);
      const isForeign = ours !== undefined && (row.subMerchantId === undefined || !ours.has(row.subMerchantId));
      const refundNo = findRefund(row, order)?.outRefundNo ?? row.outRefundNo ?? row.refundId;
      const key = keyOf(kind, order ?? row, refundNo);
      const earlier = seen.get(key);
      const isRepeated = earlier === row.transactionId;
      const twin = kind === 'payment' && !isForeign && !isRepeated ? twins.of(row) : undefined;
      const tell = (judgement: Judgement): RowComparison => ({ kind, row, twin, ...judgement });
      if (isForeign) {
        yield tell({ ...NOTHING, class: 'foreign' });
      } else if (isRepeated) {
        yield tell({ ...NOTHING, class: 'repeated', order });
      } else if (earlier !== undefined && order && order.transactionId !== row.transactionId) {
        // One order, two payments, and this one is not the book's.
        yield tell({ ...NOTHING, class: 'transaction-differs', order, expected: earlier, found: row.transactionId });
      } else {
        seen.set(copyOf(key), copyOf(row.transactionId));
        const judgement = judgeRow(row, kind, order);
        if (kind === 'reversal') {
          reversed.add(copyOf(row.transactionId));
          // An edition that lists a reversed order once, with its amount: the row is that of its payment too.
          const isOfAnother = judgement !== UNDECIDED && judgement.class === 'transaction-differs';
          if (!isOfAnother && row.totalFee !== undefined && row.totalFee > 0)
            covered.add(keyOf('payment', order ?? row));
        }
        if (judgement !== UNDECIDED) yield tell(judgement);
        // A copy: its cells are parts of what was read with them, which would all be kept.
        else if (order) undecided.set(copyOf(key), { row: structuredClone(row), order, twin });
      }
    }
  }
  assertComplete(rows);

  for (const { row, order, twin } of undecided.values()) {
    // Near midnight the reversal may stand in the next statement: then it is missing here, and the payment agrees. Of an order that the
    // book has as never paid, no reversal is to come.
    const { paidAt, reversedAt } = order;
    const isLater = paidAt !== undefined && reversedAt !== undefined && isAtEndOf(date, reversedAt.getTime());
    const judgement: Judgement =
      reversed.has(row.transactionId) || isLater
        ? judgeAmount(row, order)
        : { ...NOTHING, class: 'reversed-in-book', order, expected: order.state, found: row.tradeState };
    yield { kind: 'payment', row, twin, ...judgement };
  }
  yield* missingMovements(orderBook, date, (key) => seen.has(key) || covered.has(key));
}

const NOTHING = { order: undefined, refund: undefined, expected: undefined, found: undefined } as const;
const PAGE = 500;

function numbersOf({
  outTradeNo,
  transactionId,
  subMerchantId,
}: StatementRow): Parameters<OrderBook['findOrders']>[0][number] {
  return { outTradeNo, transactionId, subMerchantId };
}

/** By its own number first: that of WeChat Pay may be missing in the book, or differ. */
function indexOf(orders: readonly BookOrder[]): (row: StatementRow) => BookOrder | undefined {
  const byNumber = new Map<string, BookOrder[]>();
  for (const order of orders) {
    const others = byNumber.get(order.outTradeNo);
    if (others) others.push(order);
    else byNumber.set(order.outTradeNo, [order]);
  }
  const byTransaction = new Map(orders.map((order) => [order.transactionId, order] as const));
  return (row) => {
    const fits = (order: BookOrder): boolean =>
      order.subMerchantId === undefined || order.subMerchantId === row.subMerchantId;
    const named = byNumber.get(row.outTradeNo);
    const exact = named?.find(({ subMerchantId }) => subMerchantId === row.subMerchantId);
    return exact ?? named?.find(fits) ?? byTransaction.get(row.transactionId);
  };
}

async function* pagesOf(
  rows: AsyncIterable<StatementRow> | Iterable<StatementRow>,
): AsyncGenerator<StatementRow[], void> {
  let page: StatementRow[] = [];
  for await (const row of rows) {
    page.push(row);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

/** A statement that was left before its end would have every later order reported as missing. */
function assertComplete(rows: object): void {
  if (!('summary' in rows) || rows.summary !== undefined) return;
  throw statementError('truncated', 'the statement was not read to its end.');
}

function readOptions(options: CompareStatementOptions): CompareStatementOptions & { readonly date: string } {
  const known = ['date', 'subMerchantIds'];
  const given = readOnce(options, known, 'options');
  const unknown = findUnknownProperty(given, known);
  if (unknown) throw new WechatPayRequestError(unknown.name, unknown.problem);
  const { subMerchantIds } = given;
  if (subMerchantIds !== undefined && !isListOfTexts(subMerchantIds)) {
    throw new WechatPayRequestError('subMerchantIds', 'must be a list of strings; leave it out for all of them.');
  }
  return { date: readDay(given.date), subMerchantIds };
}

function isListOfTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function assertBook(book: unknown): asserts book is OrderBook {
  const { findOrders, ordersOf } = Object(book) as Partial<OrderBook>;
  if (typeof findOrders === 'function' && typeof ordersOf === 'function') return;
  throw new WechatPayRequestError('orderBook', 'must have the functions findOrders and ordersOf.');
}
