import type { ReconciliationDifference } from 'wechatpay-durable';
import { amountText } from '../output/money.js';
import { table } from '../output/table.js';
import type { Words } from '../words/words.js';

/** What a person looks at of a day. */
export function differenceTable(
  differences: readonly ReconciliationDifference[],
  { labels, reconcile }: Words,
): string[] {
  return table(
    [
      labels.order,
      reconcile.movement,
      labels.refund,
      labels.amount,
      labels.what,
      reconcile.expected,
      reconcile.found,
      labels.status,
    ],
    differences.map((each) => [
      each.outTradeNo,
      each.kind,
      each.outRefundNo ?? each.refundId ?? '',
      each.totalFee === undefined || each.totalFee === 0 ? '' : amountText(each.totalFee, each.currency),
      reconcile.classes[each.class],
      valueText(each.expected, each),
      valueText(each.found, each),
      each.why === undefined ? (reconcile.statuses[each.status] ?? reconcile.elsewhere) : reconcile.whys[each.why],
    ]),
  );
}

function valueText(value: string | number | undefined, { currency }: ReconciliationDifference): string {
  return typeof value === 'number' ? amountText(value, currency) : (value ?? '');
}
