import type { DurableOrder } from 'wechatpay-durable';
import { amountText } from '../output/money.js';
import { pairs, table } from '../output/table.js';
import type { Words } from '../words/words.js';

/** A durable order as `--json` has it. Amounts are in the minor unit. */
export function durableJson(order: DurableOrder): Record<string, unknown> {
  const { state } = order;
  return {
    id: order.id,
    outTradeNo: state.order.outTradeNo,
    merchantId: order.merchantId,
    subMerchantId: state.order.subMerchantId,
    status: order.status,
    outcome: order.outcome,
    totalFee: state.totalFee,
    currency: state.currency,
    ifPaid: state.policy.ifPaid,
    createdAt: order.createdAt.toISOString(),
    dueAt: order.dueAt?.toISOString(),
    endedAt: order.endedAt?.toISOString(),
  };
}

export function durableTable(orders: readonly DurableOrder[], { labels, noOrders }: Words): string[] {
  if (orders.length === 0) return [noOrders];
  return table(
    [labels.order, labels.merchant, labels.status, labels.outcome, labels.expected, labels.createdAt],
    orders.map((order) => [
      order.state.order.outTradeNo,
      order.merchantId,
      order.status,
      order.outcome?.kind ?? '',
      sumText(order),
      order.createdAt.toISOString(),
    ]),
  );
}

export function durableLines(order: DurableOrder, { labels }: Words): string[] {
  const { outcome, state } = order;
  const error = outcome && 'error' in outcome ? outcome.error : undefined;
  return pairs([
    [labels.order, state.order.outTradeNo],
    [labels.merchant, order.merchantId],
    [labels.status, order.status],
    [labels.outcome, outcome?.kind],
    [labels.reason, error?.message],
    [labels.expected, sumText(order)],
    [labels.paid, paidText(order)],
    [labels.policy, state.policy.ifPaid],
    [labels.createdAt, order.createdAt.toISOString()],
    [labels.dueAt, order.dueAt?.toISOString()],
  ]);
}

/** What turned out paid, where that is why a person is needed. */
export function paidText({ outcome }: DurableOrder): string | undefined {
  const paid = outcome && 'amounts' in outcome ? outcome.amounts.paid : undefined;
  return paid?.totalFee === undefined ? undefined : amountText(paid.totalFee, paid.currency);
}

/** What it should cost. */
export function sumText({ state }: DurableOrder): string {
  return state.totalFee === undefined ? '' : amountText(state.totalFee, state.currency);
}
