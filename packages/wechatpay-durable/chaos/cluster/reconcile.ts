import type { DurableOrders, Reconciliation } from '../../src/index.js';
import { log, tell, type Order } from './child.js';

/** Which day a worker is told to reconcile: plain JSON. */
export interface ReconcileTask {
  readonly kind: 'reconcile';
  /** Named in what it says of it. */
  readonly task: number;
  readonly merchantId: string;
  readonly date: string;
}

/** What a worker says of it: that it begins, and how it ended. */
export interface ReconcileMessage {
  readonly kind: 'reconciling' | 'reconciled';
  readonly task: number;
  readonly result?: Reconciliation;
  /** Where it failed: by which code; empty for an error of no class of ours. */
  readonly code?: string;
  readonly message?: string;
}

/** Reconciles the days that it is told. */
export function reconcileWhenTold(durableOrders: DurableOrders): void {
  process.on('message', (given: ReconcileTask | Order) => {
    if (given.kind === 'reconcile') void reconcile(durableOrders, given);
  });
}

async function reconcile(durableOrders: DurableOrders, { task, merchantId, date }: ReconcileTask): Promise<void> {
  say({ kind: 'reconciling', task });
  try {
    say({ kind: 'reconciled', task, result: await durableOrders.reconcile({ merchantId, date }) });
  } catch (error) {
    const { code = '', message } = error as Error & { readonly code?: string };
    say({ kind: 'reconciled', task, code, message });
  }
}

function say(message: ReconcileMessage): void {
  log({ ...message, result: undefined });
  tell(message);
}
