import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProcess } from '../cluster/cluster-process.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Random } from '../random.js';

/** Kills a process, and starts another in its place. @returns false where it is not there, or sleeps. */
export async function replace(
  { settings, database }: Pick<Cluster, 'settings' | 'database'>,
  victim: ClusterProcess | undefined,
  random: Random,
): Promise<boolean> {
  if (!victim?.isReady || victim.isPaused) return false;
  await victim.kill();
  // Later, nobody outside of it reaches the folder.
  if (settings.store === 'embedded') await database.claims.lapse();
  await sleep(random.between(100, 2_500));
  await victim.start();
  return true;
}
