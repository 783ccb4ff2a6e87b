import { beijingDay, beijingMidnight, nextBeijingMidnight } from './beijing.js';
import { keyOf, type MovementKind } from './movement-key.js';
import type { BookOrder, BookRefund, OrderBook } from './order-book.js';

/** A movement that the book claims for the day, and that stands in no row. */
export interface BookComparison {
  readonly class: 'book-only';
  readonly kind: MovementKind;
  readonly row: undefined;
  readonly order: BookOrder;
  /** Of a refund. */
  readonly refund: BookRefund | undefined;
  /**
   * Why that may be normal for a while:
   *
   * - `across-midnight`: within ten minutes of the day's edge: WeChat Pay may count it to the neighbouring day.
   * - `refund-in-progress`: the refund is `pending`; it is listed once it is accepted.
   * - `late`: nothing explains it; some were seen a day late.
   */
  readonly reason: 'across-midnight' | 'refund-in-progress' | 'late';
  /** The day whose statement should have it then. */
  readonly expectedIn: string;
  /** When that statement should be there. Past that, and not in it: a person has to look. */
  readonly expectedBy: Date;
}

/** What the book claims for the day, and no row has. */
export async function* missingMovements(
  orderBook: OrderBook,
  date: string,
  isListed: (key: string) => boolean,
): AsyncGenerator<BookComparison, void> {
  const from = beijingMidnight(date);
  const until = nextBeijingMidnight(date);
  for await (const order of orderBook.ordersOf(date, new Date(from), new Date(until))) {
    for (const { kind, at, refund } of claimsOf(order)) {
      const time = at.getTime();
      if (!(time >= from && time < until) || isListed(keyOf(kind, order, refund?.outRefundNo))) continue;
      const reason = reasonOf(time, refund, date);
      const isOfDayBefore = reason === 'across-midnight' && time < until - EDGE_MS;
      const expectedIn = beijingDay(isOfDayBefore ? from - 1 : until);
      const expectedBy = new Date(nextBeijingMidnight(expectedIn) + READY_AFTER_MS);
      yield { class: 'book-only', kind, row: undefined, order, refund, reason, expectedIn, expectedBy };
    }
  }
}

/** Whether WeChat Pay may count it to the next day. */
export function isAtEndOf(date: string, time: number): boolean {
  return time >= nextBeijingMidnight(date) - EDGE_MS;
}

const EDGE_MS = 10 * 60_000;
/** Of the next day: from then on a statement should be there. */
const READY_AFTER_MS = 10 * 60 * 60_000;

function reasonOf(time: number, refund: BookRefund | undefined, date: string): BookComparison['reason'] {
  if (refund?.state === 'pending') return 'refund-in-progress';
  return time < beijingMidnight(date) + EDGE_MS || isAtEndOf(date, time) ? 'across-midnight' : 'late';
}

interface Claim {
  readonly kind: MovementKind;
  readonly at: Date;
  readonly refund?: BookRefund;
}

function claimsOf({ paidAt, reversedAt, state, refunds = [] }: BookOrder): readonly Claim[] {
  return [
    ...(paidAt ? [{ kind: 'payment' as const, at: paidAt }] : []),
    // Of an order that was never paid, no money went back.
    ...(paidAt && reversedAt && state === 'reversed' ? [{ kind: 'reversal' as const, at: reversedAt }] : []),
    ...refunds
      .filter((refund) => refund.state !== 'failed')
      .map((refund) => ({ kind: 'refund' as const, at: refund.at, refund })),
  ];
}
