import type { DurableOrder } from 'wechatpay-durable';
import { amountText } from '../output/money.js';
import { pairs, table } from '../output/table.js';
import type { Words } from '../words/words.js';
import type { View } from './view.js';

/** How durable orders are shown. */
export const ORDERS: View<DurableOrder> = {
  json: (order) => {
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
      product: state.product ?? 'quick-pay',
      ifPaid: state.policy.ifPaid,
      createdAt: order.createdAt.toISOString(),
      dueAt: order.dueAt?.toISOString(),
      endedAt: order.endedAt?.toISOString(),
    };
  },
  table: (orders, { labels, noOrders }) => {
    if (orders.length === 0) return [noOrders];
    return table(
      [labels.order, labels.merchant, labels.status, labels.outcome, labels.expected, labels.createdAt],
      orders.map((order) => [
        order.state.order.outTradeNo,
        order.merchantId,
        order.status,
        order.outcome?.kind ?? '',
        expectedText(order),
        order.createdAt.toISOString(),
      ]),
    );
  },
  lines: (order, { labels }) => {
    const { outcome, state } = order;
    const error = outcome && 'error' in outcome ? outcome.error : undefined;
    return pairs([
      [labels.order, state.order.outTradeNo],
      [labels.merchant, order.merchantId],
      [labels.status, order.status],
      [labels.outcome, outcome?.kind],
      [labels.reason, error?.message],
      [labels.expected, expectedText(order)],
      [labels.paid, paidText(order)],
      [labels.policy, state.policy.ifPaid],
      [labels.createdAt, order.createdAt.toISOString()],
      [labels.dueAt, order.dueAt?.toISOString()],
    ]);
  },
  facts: (order, { labels }) => [
    [labels.order, order.state.order.outTradeNo],
    [labels.merchant, order.merchantId],
    [labels.status, order.status],
    [labels.outcome, order.outcome?.kind],
    [labels.expected, expectedText(order)],
    [labels.paid, paidText(order)],
  ],
  amount: ({ state }) => ({ fee: state.totalFee, currency: state.currency }),
};

/** What becomes of it where it is paid. */
export function policyFact({ state }: DurableOrder, { labels }: Words): [name: string, value: string] {
  return [labels.policy, state.policy.ifPaid];
}

/** What turned out paid, where that is why a person is needed. */
function paidText({ outcome }: DurableOrder): string | undefined {
  const paid = outcome && 'amounts' in outcome ? outcome.amounts.paid : undefined;
  return paid?.totalFee === undefined ? undefined : amountText(paid.totalFee, paid.currency);
}

/** What it should cost. */
function expectedText({ state }: DurableOrder): string {
  return state.totalFee === undefined ? '' : amountText(state.totalFee, state.currency);
}
