import type { DurableRefund, ExplainedRefund } from 'wechatpay-durable';
import { amountText } from '../output/money.js';
import { pairs, table } from '../output/table.js';
import type { Words } from '../words/words.js';
import type { View } from './view.js';

/** How durable refunds are shown. */
export const REFUNDS: View<DurableRefund> = {
  json: (refund) => {
    const { outRefundNo, refundFee, totalFee, refundCurrency, subMerchantId } = refund.state.request;
    return {
      id: refund.id,
      outRefundNo,
      outTradeNo: refund.order.outTradeNo,
      merchantId: refund.merchantId,
      subMerchantId,
      status: refund.status,
      outcome: refund.outcome,
      refundFee,
      totalFee,
      currency: refundCurrency,
      lastError: refund.state.lastError,
      createdAt: refund.createdAt.toISOString(),
      dueAt: refund.dueAt?.toISOString(),
      endedAt: refund.endedAt?.toISOString(),
    };
  },
  table: (refunds, { labels, noRefunds }) => {
    if (refunds.length === 0) return [noRefunds];
    return table(
      [labels.refund, labels.order, labels.merchant, labels.status, labels.outcome, labels.amount, labels.createdAt],
      refunds.map((refund) => [
        refund.state.request.outRefundNo,
        refund.order.outTradeNo,
        refund.merchantId,
        refund.status,
        refund.outcome?.kind ?? '',
        amountOf(refund),
        refund.createdAt.toISOString(),
      ]),
    );
  },
  lines: (refund, words) => {
    const { labels } = words;
    return pairs([
      ...REFUNDS.facts(refund, words),
      [labels.reason, reasonOf(refund, words)],
      [labels.createdAt, refund.createdAt.toISOString()],
      [labels.dueAt, refund.dueAt?.toISOString()],
    ]);
  },
  facts: (refund, { labels }) => [
    [labels.refund, refund.state.request.outRefundNo],
    [labels.order, refund.order.outTradeNo],
    [labels.merchant, refund.merchantId],
    [labels.status, refund.status],
    [labels.outcome, refund.outcome?.kind],
    [labels.amount, amountOf(refund)],
  ],
  amount: ({ state }) => ({ fee: state.request.refundFee, currency: state.request.refundCurrency }),
};

/** The refunds of an order, as `explain` names them. */
export function explainedLines(
  refunds: readonly ExplainedRefund[],
  currency: string | undefined,
  { labels }: Words,
): string[] {
  if (refunds.length === 0) return [];
  const rows = refunds.map(({ outRefundNo, status, outcome, refundFee }) => [
    outRefundNo,
    status,
    outcome?.kind ?? '',
    amountText(refundFee, currency),
  ]);
  return ['', ...table([labels.refund, labels.status, labels.outcome, labels.amount], rows)];
}

function amountOf({ state }: DurableRefund): string {
  return amountText(state.request.refundFee, state.request.refundCurrency);
}

/** Why it waits, or needs a person. */
function reasonOf({ outcome, state }: DurableRefund, { refundAttention }: Words): string | undefined {
  if (outcome?.kind === 'needs-attention') return refundAttention[outcome.reason];
  const error = outcome && 'error' in outcome ? outcome.error : state.lastError;
  return error?.message;
}
