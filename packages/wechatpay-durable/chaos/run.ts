import { setTimeout as sleep } from 'node:timers/promises';
import { processesOf, withCluster, type Cluster } from './cluster/cluster.js';
import type { Link } from './cluster/link.js';
import { collectHistory } from './history/collect.js';
import type { History } from './history/history.js';
import { runNemesis } from './nemesis/nemesis.js';
import type { Settings } from './settings.js';

/** A cashier who waits for as long as it takes, and some. */
const SERVED_WITHIN_MS = 30_000;
/** Time for a lease to lapse, the 45 s of an order on the fast clock, and some reversals that are a minute of it apart. */
const AT_REST_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 10_000;

/** Runs the workload and the nemesis on a cluster, heals the cluster, waits for every order to end, and collects the history. */
export function runChaos(settings: Settings): Promise<History> {
  return withCluster(settings, async (cluster) => {
    cluster.tills.open(cluster.cashiers);
    const nemesis = await runNemesis(cluster);
    const rest = await healAndWait(cluster);
    // Whatever is still to come at the gateway, has come.
    cluster.sandbox.clock.advance(600_000);
    return collectHistory(cluster, { ...rest, nemesis });
  });
}

/** Stops every fault, and gives each order the time to end. */
async function healAndWait(cluster: Cluster): Promise<Pick<History, 'unfinished' | 'redriven'>> {
  const { gatewayNemesis, networks, workers, tills, payers, sandbox, observer, old } = cluster;
  gatewayNemesis.isHealed = true;
  for (const link of Object.values(networks) as Link[]) link.heal();

  const unfinished: string[] = [];
  const until = async (what: string, isTrue: () => boolean | Promise<boolean>, withinMs: number): Promise<void> => {
    const end = Date.now() + withinMs;
    while (!(await isTrue())) {
      if (Date.now() > end) return void unfinished.push(`${what}: not within ${withinMs / 1000} s`);
      await sleep(250);
    }
  };
  const isAtRest = async (): Promise<boolean> => (await observer.countOpen()) === 0;
  const isThere = (): boolean => processesOf(cluster).every(({ isReady }) => isReady);
  await until('every process is there', isThere, SERVED_WITHIN_MS);
  await until('every customer is served', () => tills.isServed, SERVED_WITHIN_MS);
  tills.close();
  await until('every customer who pays by themselves has paid', () => payers.areDone, AT_REST_WITHIN_MS);
  const isAcknowledged = (): boolean => sandbox.notifications.list().every(({ state }) => state === 'acknowledged');
  await until('every notification is acknowledged', isAcknowledged, AT_REST_WITHIN_MS);
  await until(
    'every order of the release before is taken over',
    async () => !(await old?.countLeft()),
    AT_REST_WITHIN_MS,
  );
  await until('every durable order has an end, or is dead', isAtRest, AT_REST_WITHIN_MS);

  const redriven = await observer.redriveDead();
  await until('every durable order that was redriven has an end', isAtRest, AT_REST_WITHIN_MS);
  const areStopped = await Promise.all(workers.map((worker) => worker.stop(STOPPED_WITHIN_MS)));
  if (areStopped.includes(false)) unfinished.push(`every worker stops: not within ${STOPPED_WITHIN_MS / 1000} s`);
  return { unfinished, redriven };
}
