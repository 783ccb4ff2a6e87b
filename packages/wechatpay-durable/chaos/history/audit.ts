import type { DurableOrderData, DurableOrderStatus, DurableRefundData } from '../../src/index.js';

/** A row of the store as it was after a change, written in the transaction that made it. */
export interface Change {
  readonly at: number;
  /** The process, as in `worker-2.3`: the third one of that name. */
  readonly by: string;
  readonly change: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly id: string;
  readonly status: DurableOrderStatus;
  /** Grows with each lease, and each change of another than its worker. */
  readonly lease: number;
  readonly data: DurableOrderData;
}

/** The same of a refund. */
export interface RefundChange extends Omit<Change, 'data'> {
  readonly data: DurableRefundData;
}

/** Watches the store from inside of it: no process that changes a row can keep that to itself. */
export interface Audit {
  /** From now on; of a server that was down, again. */
  readonly begin: () => Promise<void>;
  /** Every change, in the order in which they were made. */
  readonly changes: () => Promise<(Change | RefundChange)[]>;
  /** The orders that each process works on; undefined where nobody outside of the process can know. */
  readonly activeOrders: () => Promise<ReadonlyMap<string, readonly string[]> | undefined>;
}
