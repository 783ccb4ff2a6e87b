import type { DurableData } from './store.js';

/** Whether what is stored is an order, and no refund. */
export function isOrder<Data extends DurableData>(data: Data): data is Exclude<Data, { readonly kind: 'refund' }> {
  return data.kind !== 'refund';
}

export function isRefund<Data extends DurableData>(data: Data): data is Extract<Data, { readonly kind: 'refund' }> {
  return data.kind === 'refund';
}
