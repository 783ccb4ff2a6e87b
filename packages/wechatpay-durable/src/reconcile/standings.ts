import { inTime, STORE_TIMEOUT_MS } from '../counts-in-time.js';
import type { DurableOrders } from '../durable-orders.js';
import type { ReconciliationHealth } from './health.js';

/** A look reads the differences of 90 days: more often, nothing would have changed. */
const FRESH_MS = 60_000;

interface Look {
  readonly at: number;
  readonly standings: Promise<ReconciliationHealth[]>;
}

const looks = new WeakMap<DurableOrders, Look>();

/**
 * How the reconciliation of each merchant stands, as of the last minute. One whose store keeps no reconciliations, or does not answer, is
 * left out: {@link DurableOrders.counts} tells of the store.
 */
export function standingsOf(durableOrders: DurableOrders): Promise<ReconciliationHealth[]> {
  const now = performance.now();
  const last = looks.get(durableOrders);
  if (last && now - last.at < FRESH_MS) return last.standings;
  const standings = look(durableOrders);
  looks.set(durableOrders, { at: now, standings });
  return standings;
}

async function look(durableOrders: DurableOrders): Promise<ReconciliationHealth[]> {
  const asked = durableOrders.merchantIds.map((merchantId) =>
    inTime(
      durableOrders.reconciliationHealth({ merchantId }).catch(() => undefined),
      STORE_TIMEOUT_MS,
    ),
  );
  return (await Promise.all(asked)).filter((answer) => answer !== undefined);
}
