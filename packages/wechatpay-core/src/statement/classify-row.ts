import { readLeastUnits } from './decimal.js';
import type { MovementKind } from './movement-key.js';
import type { BookOrder, BookRefund } from './order-book.js';
import type { StatementRow } from './row.js';
import type { Twin } from './twins.js';

/**
 * How a row stands to the book. Each row has exactly one, the first of these that holds:
 *
 * - `foreign`: of a sub-merchant that is not among yours.
 * - `repeated`: the same movement, by all its numbers, stood in an earlier row.
 * - `statement-only`: the book does not know the order, or not the refund.
 * - `transaction-differs`: the book knows the order by another number of WeChat Pay (perhaps it was paid twice), or that number by another
 *   order.
 * - `reversed-in-book`: paid at WeChat Pay, and no reversal in this statement; the book says that it was reversed by then.
 * - `reversed-in-statement`: reversed at WeChat Pay; the book says that it is paid.
 * - `state-differs`: the money moved; the book says that it is open, not paid, or that the refund failed.
 * - `currency-differs`, `amount-differs`, `fee-differs`: the state is the same.
 * - `agreed`
 */
export type RowClass =
  | 'foreign'
  | 'repeated'
  | 'statement-only'
  | 'transaction-differs'
  | 'reversed-in-book'
  | 'reversed-in-statement'
  | 'state-differs'
  | 'currency-differs'
  | 'amount-differs'
  | 'fee-differs'
  | 'agreed';

/** A row, and what the book says of it. */
export interface RowComparison {
  readonly class: RowClass;
  readonly kind: MovementKind;
  readonly row: StatementRow;
  /** Undefined where the book does not know it. */
  readonly order: BookOrder | undefined;
  /** Of the row of a refund. */
  readonly refund: BookRefund | undefined;
  /** Where something differs: what the book says. */
  readonly expected: string | number | undefined;
  /** Where something differs: what the statement says. */
  readonly found: string | number | undefined;
  /**
   * A suspicion, whatever the class: the same customer paid the same amount within a minute, under another number, in an earlier row.
   * Ask before you refund.
   */
  readonly twin: Twin | undefined;
}

export type Judgement = Pick<RowComparison, 'class' | 'order' | 'refund' | 'expected' | 'found'>;

/** A payment that the book says was reversed: only the rest of the statement can tell. */
export const UNDECIDED = Symbol('undecided');

export function kindOf({ tradeState, refundId }: StatementRow): MovementKind {
  if (tradeState === 'REVOKED') return 'reversal';
  return tradeState === 'REFUND' || refundId !== undefined ? 'refund' : 'payment';
}

/** Judges a row that is neither foreign nor repeated. */
export function judgeRow(
  row: StatementRow,
  kind: MovementKind,
  order: BookOrder | undefined,
): Judgement | typeof UNDECIDED {
  if (!order) return judgement('statement-only', order);
  const { state } = order;
  if (order.outTradeNo !== row.outTradeNo) {
    return judgement('transaction-differs', order, order.outTradeNo, row.outTradeNo);
  }
  if (order.transactionId !== undefined && order.transactionId !== row.transactionId) {
    return judgement('transaction-differs', order, order.transactionId, row.transactionId);
  }
  if (kind === 'refund') return judgeRefund(row, order);
  if (kind === 'reversal' && state === 'paid') return judgement('reversed-in-statement', order, state, row.tradeState);
  const isKnown = kind === 'reversal' || row.tradeState === 'SUCCESS';
  if (!isKnown || state === 'open' || state === 'not-paid')
    return judgement('state-differs', order, state, row.tradeState);
  if (kind === 'reversal') return judgeReversal(row, order);
  if (state === 'reversed') return UNDECIDED;
  const amount = judgeAmount(row, order);
  if (amount.class !== 'agreed' || order.fee === undefined || isSameDecimal(order.fee, row.fee)) return amount;
  return judgement('fee-differs', order, order.fee, row.fee);
}

/** Judges what a payment is worth, where both say that it was paid. */
export function judgeAmount(row: StatementRow, order: BookOrder): Judgement {
  const { currency, totalFee } = order;
  if (isAnother(currency, row.currency)) return judgement('currency-differs', order, currency, row.currency);
  if (isAnother(totalFee, row.totalFee)) return judgement('amount-differs', order, totalFee, row.totalFee);
  return judgement('agreed', order);
}

/** What the book does not know is not compared; what the row does not say differs. */
function isAnother(expected: string | number | undefined, found: string | number | undefined): boolean {
  return expected !== undefined && expected !== found;
}

function judgeReversal(row: StatementRow, order: BookOrder): Judgement {
  const { currency, totalFee } = order;
  if (isAnother(currency, row.currency)) return judgement('currency-differs', order, currency, row.currency);
  if (totalFee === undefined) return judgement('agreed', order);
  const amount = row.totalFee === undefined || row.totalFee === 0 ? row.refundFee : row.totalFee;
  // What was refunded before is not returned once more.
  const left = totalFee - refundedOf(order);
  if (amount !== undefined && amount !== 0 && amount !== totalFee && amount !== left) {
    return judgement('amount-differs', order, totalFee, amount);
  }
  return judgement('agreed', order);
}

function judgeRefund(row: StatementRow, order: BookOrder): Judgement {
  const refund = findRefund(row, order);
  if (!refund) return judgement('statement-only', order, undefined, row.outRefundNo);
  const judge = (of: RowClass, expected?: string | number, found?: string | number): Judgement => ({
    ...judgement(of, order, expected, found),
    refund,
  });
  // Of other states, the money did not reach the customer.
  const isReturned = row.refundStatus === undefined || ['SUCCESS', 'PROCESSING'].includes(row.refundStatus);
  if ((refund.state === 'failed') === isReturned) {
    return judge('state-differs', refund.state, row.refundStatus ?? row.tradeState);
  }
  const currency = row.refundCurrency ?? row.currency;
  const expected = refund.currency ?? order.currency;
  if (isAnother(expected, currency)) return judge('currency-differs', expected, currency);
  // What was asked for, where the edition has it: coupons make less of it.
  const amount = row.requestedRefundFee ?? row.refundFee;
  if (amount !== refund.refundFee) return judge('amount-differs', refund.refundFee, amount);
  return judge('agreed');
}

function judgement(
  of: RowClass,
  order: BookOrder | undefined,
  expected?: string | number,
  found?: string | number,
): Judgement {
  return { class: of, order, refund: undefined, expected, found };
}

/** The refund of a row, by your number or WeChat Pay's; never by its amount. */
export function findRefund(row: StatementRow, order: BookOrder | undefined): BookRefund | undefined {
  return order?.refunds?.find(
    ({ outRefundNo, refundId }) =>
      outRefundNo === row.outRefundNo || (refundId !== undefined && refundId === row.refundId),
  );
}

function refundedOf({ refunds = [] }: BookOrder): number {
  return refunds.reduce((sum, { state, refundFee }) => (state === 'accepted' ? sum + refundFee : sum), 0);
}

function isSameDecimal(expected: string, found: string | undefined): boolean {
  const value = readLeastUnits(expected);
  return value !== undefined && found !== undefined && value === readLeastUnits(found);
}
