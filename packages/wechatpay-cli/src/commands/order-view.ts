import type { QueryOrderResult } from 'wechatpay-core';
import { amountText } from '../output/money.js';
import { pairs } from '../output/table.js';
import type { Words } from '../words/words.js';

/** An order as `--json` has it. Amounts are in the minor unit; the customer's openid is left out, which is personal data. */
export function orderJson(order: QueryOrderResult): Record<string, unknown> {
  return {
    outTradeNo: order.outTradeNo,
    transactionId: order.transactionId,
    tradeState: order.tradeState,
    tradeStateDescription: order.tradeStateDescription,
    totalFee: order.totalFee,
    currency: order.currency,
    settlementTotalFee: order.settlementTotalFee,
    cashFee: order.cashFee,
    cashCurrency: order.cashCurrency,
    rate: order.rate,
    tradeType: order.tradeType,
    bankType: order.bankType,
    attach: order.attach,
    paidAt: order.paidAt?.toISOString(),
    merchantId: order.merchantId,
    subMerchantId: order.subMerchantId,
  };
}

export function orderLines(order: QueryOrderResult, { labels, tradeStates }: Words): string[] {
  return pairs([
    [labels.order, order.outTradeNo],
    [labels.transaction, order.transactionId],
    [labels.state, `${order.tradeState}: ${tradeStates[order.tradeState]}`],
    [labels.amount, order.totalFee === undefined ? undefined : amountText(order.totalFee, order.currency)],
    [labels.cash, order.cashFee === undefined ? undefined : amountText(order.cashFee, order.cashCurrency)],
    [labels.paidAt, order.paidAt?.toISOString()],
    [labels.product, order.tradeType],
    [labels.merchant, order.merchantId],
  ]);
}
