import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.js';
import type { Random } from '../random.js';
import { daysOf, isStated } from '../workload/statement-days.js';
import { replace } from './replace.js';

const BEGINS_WITHIN_MS = 2_000;

/**
 * Has a worker reconcile a day whose statement is there, while all else goes wrong: orders of that day are being reversed and refunded.
 *
 * @returns whether it was killed at it.
 */
export async function reconcileAmidFaults(cluster: Cluster, random: Random): Promise<boolean> {
  const { settings, database, sandbox, workers, reconcilers, knows } = cluster;
  const worker = random.pick(workers);
  const days = daysOf(sandbox.ledger.list()).filter((day) => isStated(day, sandbox) && knows(worker, day.merchantId));
  if (days.length === 0) return false;
  const day = random.pick(days);
  // Nobody waits for the minute of one that was killed; and one that lives loses its day to this one.
  if (settings.store !== 'embedded' && random.chance(0.5)) await database.claims.lapse();
  // Now: it may have been killed while the database was away.
  if (!worker.isReady || worker.isPaused) return false;
  const { begun } = reconcilers.ask(worker, day);
  if (!random.chance(0.4)) return false;
  await Promise.race([begun, sleep(BEGINS_WITHIN_MS, undefined, { ref: false })]);
  await sleep(random.between(0, 400));
  return replace(cluster, worker, random);
}
