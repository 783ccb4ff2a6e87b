import type { StatementSummary } from 'wechatpay-core';
import type { DifferenceStatus, ReconciliationDifference } from './differences.js';

/** What came of comparing the statement of a day with the durable orders. */
export interface Reconciliation {
  readonly merchantId: string;
  readonly subMerchantId?: string;
  /** A day of Beijing, as in `20260301`. */
  readonly date: string;
  /** When it was last begun to be gone through, in milliseconds since 1970, by the client's clock. */
  readonly reconciledAt: number;
  /** The statement's own count and sums; absent where the day is empty and WeChat Pay made none. */
  readonly statement?: Pick<StatementSummary, 'count' | 'sums'>;
  readonly rows: number;
  /** Rows that say what the durable orders say. */
  readonly agreed: number;
  /** Rows of other sub-merchants. */
  readonly foreign: number;
  /** How many differences there are. */
  readonly differing: number;
  /** The first 10,000 of them. */
  readonly differences: readonly ReconciliationDifference[];
}

/** A reconciliation without its differences. */
export interface ReconciliationSummary extends Omit<Reconciliation, 'differences'> {
  /** Of the differences: those that are asked for. */
  readonly asking: number;
  /** Those that the statements of the next days are looked through for. */
  readonly carried: number;
  /** Those that need a person, and those beyond the first 10,000, which are not kept one by one. */
  readonly forPerson: number;
}

export function summaryOf({ differences, ...day }: Reconciliation): ReconciliationSummary {
  const count = (of: DifferenceStatus): number => differences.filter(({ status }) => status === of).length;
  const forPerson = count('needs-person') + day.differing - differences.length;
  return { ...day, asking: count('asking'), carried: count('carried'), forPerson };
}
