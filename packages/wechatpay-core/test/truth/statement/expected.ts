import type { BookOrder, BookRefund } from '../../../src/index.js';
import { DAY_BEGINS, DAY_ENDS, type LedgerRow, type Order } from './ledger.js';
import { feeOf } from './book.js';

// What has to be found, by what was spoiled: one line for each row, and one for each movement of the book without a row.

const EDGE_MS = 600_000;

/** An order, and what the book says of it. */
export interface Pair {
  readonly order: Order;
  readonly noted: BookOrder | undefined;
}

export function expectedOf(
  rows: readonly LedgerRow[],
  pairs: readonly Pair[],
  alteredTo: ReadonlyMap<LedgerRow, number>,
): readonly string[] {
  const has = (order: Order, kind: LedgerRow['kind'], outRefundNo?: string): boolean =>
    rows.some((row) => row.order === order && row.kind === kind && row.outRefundNo === outRefundNo);
  const isPaymentListed = (order: Order): boolean =>
    has(order, 'payment') || rows.some((row) => row.order === order && row.isBoth);

  const ofRows = rows.map((row) => {
    const { order, kind, outRefundNo } = row;
    const noted = pairs.find((pair) => pair.order === order)?.noted;
    const found = alteredTo.get(row);
    const judged = found === undefined ? classOf(row, noted, has(order, 'reversal')) : differs(row, found);
    return line(kind, order, outRefundNo, judged);
  });
  const ofBook = pairs.flatMap(({ order, noted }) =>
    noted === undefined
      ? []
      : claimsOf(noted)
          .filter(({ at }) => at >= DAY_BEGINS && at < DAY_ENDS)
          .filter(({ kind, refund }) =>
            kind === 'payment' ? !isPaymentListed(order) : !has(order, kind, refund?.outRefundNo),
          )
          .map(({ kind, at, refund }) => line(kind, order, refund?.outRefundNo, `book-only ${reasonOf(at, refund)}`)),
  );
  return [...ofRows, ...ofBook].sort();
}

export function line(
  kind: string,
  order: { outTradeNo: string },
  outRefundNo: string | undefined,
  what: string,
): string {
  return `${kind} ${order.outTradeNo} ${outRefundNo ?? ''} ${what}`;
}

/** What a class says of the two sides. */
export function difference(of: string, expected: unknown, found: unknown): string {
  return expected === undefined && found === undefined ? of : `${of} ${String(expected)} ${String(found)}`;
}

function differs({ order: { amount }, kind, amount: moved }: LedgerRow, found: number): string {
  return difference('amount-differs', kind === 'refund' ? moved : amount, found);
}

function classOf(row: LedgerRow, noted: BookOrder | undefined, isReversalListed: boolean): string {
  const { order, kind, outRefundNo, amount } = row;
  if (noted === undefined) return 'statement-only';
  switch (order.spoil) {
    case 'transaction':
      return difference('transaction-differs', '42', order.transactionId);
    case 'paid in the book':
      return kind === 'reversal' ? difference('reversed-in-statement', 'paid', 'REVOKED') : 'agreed';
    case 'amount':
      return kind === 'payment' ? difference('amount-differs', amount + 1, amount) : 'agreed';
    case 'currency':
      return difference('currency-differs', noted.currency, order.currency);
    case 'fee':
      return kind === 'payment'
        ? difference('fee-differs', feeOf(amount, order.currency, 1n), feeOf(amount, order.currency))
        : 'agreed';
    case 'open':
    case 'not-paid':
      return kind === 'payment' ? difference('state-differs', order.spoil, 'SUCCESS') : 'agreed';
  }
  if (kind === 'payment' && noted.state === 'reversed' && !isReversalListed) {
    const isLater = noted.reversedAt!.getTime() >= DAY_ENDS - EDGE_MS;
    return isLater ? 'agreed' : difference('reversed-in-book', 'reversed', 'SUCCESS');
  }
  if (kind !== 'refund' || outRefundNo !== order.refunds[0]?.outRefundNo) return 'agreed';
  switch (order.spoil) {
    case 'refund unknown':
      return difference('statement-only', undefined, outRefundNo);
    case 'refund amount':
      return difference('amount-differs', amount + 1, amount);
    case 'refund currency':
      return difference('currency-differs', 'USD', order.currency);
    case 'refund failed':
      return difference('state-differs', 'failed', 'SUCCESS');
    default:
      return 'agreed';
  }
}

interface Claim {
  readonly kind: LedgerRow['kind'];
  readonly at: number;
  readonly refund?: BookRefund;
}

function claimsOf({ state, paidAt, reversedAt, refunds = [] }: BookOrder): Claim[] {
  const payment: Claim[] = paidAt ? [{ kind: 'payment', at: paidAt.getTime() }] : [];
  const reversal: Claim[] = state === 'reversed' ? [{ kind: 'reversal', at: reversedAt!.getTime() }] : [];
  const accepted = refunds.filter((refund) => refund.state !== 'failed');
  return [
    ...payment,
    ...reversal,
    ...accepted.map((refund) => ({ kind: 'refund' as const, at: refund.at.getTime(), refund })),
  ];
}

function reasonOf(at: number, refund: BookRefund | undefined): string {
  if (refund?.state === 'pending') return 'refund-in-progress 20260302';
  if (at < DAY_BEGINS + EDGE_MS) return 'across-midnight 20260228';
  return at >= DAY_ENDS - EDGE_MS ? 'across-midnight 20260302' : 'late 20260302';
}
