import { outcomeOf } from '../ends.js';
import { amountText } from '../journal/sentences.js';
import type { DurableRefund } from '../stores/store.js';
import { requestOf } from './refund-rows.js';

/** A durable refund of an order, as `explain` of the order names it. */
export interface ExplainedRefund {
  readonly outRefundNo: string;
  /** In the minor unit of the order's currency. */
  readonly refundFee: number;
  readonly status: DurableRefund['status'];
  readonly outcome?: DurableRefund['outcome'];
}

export function explainedOf(row: DurableRefund): ExplainedRefund {
  const { outRefundNo = '', refundFee = 0 } = requestOf(row);
  const outcome = outcomeOf(row);
  return { outRefundNo, refundFee, status: row.status, ...(outcome && { outcome }) };
}

/** So many are named in a sentence. */
const NAMED = 5;

/** What of an order's money its durable refunds return: a part of a sentence; empty where that is nothing. */
export function refundsText(refunds: readonly ExplainedRefund[], currency: string | undefined): string {
  const told = refunds.filter(({ status, outcome }) => status !== 'cancelled' && outcome?.kind !== 'refund-rejected');
  if (told.length === 0) return '';
  const named = told.slice(0, NAMED).map((refund) => {
    const { outRefundNo, refundFee } = refund;
    return `${amountText(refundFee, currency)} ${standingOf(refund)} ${outRefundNo}`;
  });
  const rest = told.length > NAMED ? [`${told.length - NAMED} more`] : [];
  return `; of it, ${[...named, ...rest].join(', ')}`;
}

function standingOf({ outcome }: ExplainedRefund): string {
  if (!outcome) return 'is being refunded by';
  return outcome.kind === 'refunded' ? 'is refunded by' : `needs a person (${outcome.kind}) as refund`;
}
