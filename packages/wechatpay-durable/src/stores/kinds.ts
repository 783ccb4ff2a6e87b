import type { DurableData } from './store.js';

/** Whether what is stored is an order, and no refund. */
export function isOrder<Data extends DurableData>(data: Data): data is Exclude<Data, { readonly kind: 'refund' }> {
  return data.kind !== 'refund';
}

export function isRefund<Data extends DurableData>(data: Data): data is Extract<Data, { readonly kind: 'refund' }> {
  return data.kind === 'refund';
}

/** For a year, an order can be refunded: as long, its parts count. */
const REFUNDABLE_DAYS = 366;

/** For how long a refund is kept that has ended. */
export function refundDays(keepDays: number, journalDays: number): number {
  return Math.max(keepDays, journalDays, REFUNDABLE_DAYS);
}
