import type { BookOrder, BookRefund, RefundState, ResolutionOutcome, ResolutionState } from 'wechatpay-core';
import { orderOf, outcomeOf } from '../ends.js';
import type { DurableOrder, DurableRefund, DurableRow } from '../stores/store.js';

/** Whether a verified answer has said what became of the payment: what was paid is claimed by the book. */
export function isProven(row: DurableOrder): boolean {
  switch (outcomeOf(row)?.kind) {
    case 'paid':
    case 'refund-required':
    case 'refunded':
    case 'reversed':
    case 'closed':
      return true;
    default:
      return false;
  }
}

/** What a durable order says about money; undefined of one whose state cannot be read. */
export function toBookOrder(row: DurableOrder): BookOrder | undefined {
  const { outTradeNo, subMerchantId } = orderOf(row);
  if (outTradeNo === '') return undefined;
  const { totalFee, currency, orderCreatedAt } = Object(row.state) as Partial<ResolutionState>;
  const outcome = outcomeOf(row);
  const payment = outcome && 'payment' in outcome ? outcome.payment : undefined;
  return {
    outTradeNo,
    subMerchantId,
    transactionId: payment?.transactionId,
    // What was paid, by a verified answer: it may have been accepted though it is not what the order should cost.
    totalFee: payment?.totalFee ?? totalFee,
    currency: payment?.currency ?? currency,
    ...standingOf(row, outcome, new Date(orderCreatedAt ?? NaN)),
  };
}

/** A durable refund, where it is one that can be read. @param at when it was accepted; where that is not given, it is claimed for no day. */
export function toBookRefund(row: DurableRow, at = new Date(NaN)): BookRefund[] {
  if (row.kind !== 'refund') return [];
  const { request, refundId } = Object(row.state) as Partial<RefundState>;
  const { outRefundNo, refundFee, refundCurrency } = Object(request) as Partial<RefundState['request']>;
  if (outRefundNo === undefined || refundFee === undefined) return [];
  return [{ outRefundNo, refundId, refundFee, currency: refundCurrency, state: stateOfRefund(row), at }];
}

/** One that does not go on, and of which no answer has proven that it was made, differs from a row that says so: it is asked for. */
function stateOfRefund(row: DurableRefund): BookRefund['state'] {
  const outcome = outcomeOf(row);
  if (row.status === 'cancelled') return 'failed';
  switch (outcome?.kind) {
    case 'refunded':
      return 'accepted';
    case 'refund-rejected':
      return 'failed';
    case 'needs-attention':
      // The money of a refund that was accepted may still come back; that of another never left.
      if (outcome.reason === 'not-received' || outcome.reason === 'closed') return 'accepted';
      return 'failed';
    default:
      return outcome !== undefined || row.status === 'dead' ? 'failed' : 'pending';
  }
}

/**
 * @param createdAt when it was paid is not stored. A Quick Pay is paid within a minute of that, an order of the other products within
 *   two hours: of one from before midnight, the statement of the next day may have it.
 */
function standingOf(
  { status, endAt, state }: DurableOrder,
  outcome: ResolutionOutcome | undefined,
  createdAt: Date,
): Pick<BookOrder, 'state' | 'paidAt' | 'reversedAt' | 'refunds'> {
  if (!outcome) return { state: status === 'cancelled' ? 'not-paid' : 'open' };
  switch (outcome.kind) {
    case 'paid':
    case 'refund-required':
      return { state: 'paid', paidAt: createdAt };
    case 'refunded': {
      const { sent, totalFee } = state;
      const refundFee = sent.refundFee ?? totalFee;
      const { outRefundNo, refundId } = outcome;
      // When it was accepted is not stored: it is claimed for no day.
      const refund = { outRefundNo: outRefundNo ?? '', refundId, state: 'accepted', at: new Date(NaN) } as const;
      const isOurs = outRefundNo !== undefined && refundFee !== undefined;
      return { state: 'paid', paidAt: createdAt, refunds: isOurs ? [{ ...refund, refundFee }] : [] };
    }
    case 'reversed':
      // Whether anything was paid before is not stored: neither is claimed for a day.
      return { state: 'reversed', ...(endAt !== undefined && { reversedAt: new Date(endAt) }) };
    case 'closed':
      return { state: 'not-paid' };
    default:
      return { state: 'open' };
  }
}
