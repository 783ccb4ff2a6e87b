import type { StatementRow } from 'wechatpay-core';

/** The properties of a row that are given away, in this order: not the openid, which is personal data. */
const COLUMNS = [
  ...(['line', 'tradeTime', 'tradeState', 'outTradeNo', 'transactionId', 'currency', 'totalFee'] as const),
  ...(['outRefundNo', 'refundId', 'refundFee', 'refundCurrency', 'refundStatus', 'refundType'] as const),
  ...(['fee', 'feeRate', 'feeRateNote', 'appId', 'merchantId', 'subMerchantId', 'deviceInfo'] as const),
  ...(['tradeType', 'bankType', 'settlementTotalFee', 'settlementCurrency', 'couponFee'] as const),
  ...(['requestedRefundFee', 'couponRefundFee', 'settlementRefundFee', 'settlementRefundCurrency'] as const),
  ...(['refundAppliedAt', 'refundedAt', 'cashFee', 'cashCurrency', 'cashRefundFee', 'cashRefundCurrency'] as const),
  ...(['exchangeRate', 'refundExchangeRate', 'body', 'attach', 'unsplit'] as const),
] as const satisfies readonly (keyof StatementRow)[];

/** The first line of CSV. */
export const CSV_HEAD: readonly string[] = [...COLUMNS, 'raw'];

/** A row as `--json` has it: amounts in the minor unit, times in UTC, and nothing for what the file leaves empty. */
export function rowJson(row: StatementRow): Record<string, unknown> {
  return { ...Object.fromEntries(COLUMNS.map((name) => [name, row[name]])), raw: row.raw };
}

/** The same as cells of CSV. */
export function rowCells(row: StatementRow): string[] {
  const raw = Object.keys(row.raw).length > 0 ? JSON.stringify(row.raw) : '';
  return [...COLUMNS.map((name) => cellOf(row[name])), raw];
}

function cellOf(value: string | number | Date | undefined): string {
  return value instanceof Date ? value.toISOString() : String(value ?? '');
}
