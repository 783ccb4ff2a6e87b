import type { DurableRow } from 'wechatpay-durable';
import { amountText } from '../output/money.js';
import type { Words } from '../words/words.js';

/** How rows of a kind are shown. */
export interface View<Row extends DurableRow> {
  /** As `--json` has it. Amounts are in the minor unit. */
  readonly json: (row: Row) => Record<string, unknown>;
  readonly table: (rows: readonly Row[], words: Words) => string[];
  readonly lines: (row: Row, words: Words) => string[];
  /** What stands in a plan. */
  readonly facts: (row: Row, words: Words) => [name: string, value: string | undefined][];
  readonly amount: (row: Row) => { readonly fee: number | undefined; readonly currency: string | undefined };
}

/** What many are worth together, by currency. */
export function sumOf<Row extends DurableRow>({ amount }: View<Row>, rows: readonly Row[]): string {
  const sums = new Map<string, number>();
  for (const row of rows) {
    const { fee, currency = '?' } = amount(row);
    if (fee !== undefined) sums.set(currency, (sums.get(currency) ?? 0) + fee);
  }
  return [...sums].map(([currency, sum]) => amountText(sum, currency)).join(', ') || '?';
}
