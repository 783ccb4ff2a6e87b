import { processesOf, withCluster, type Cluster } from './cluster/cluster.js';
import type { Link } from './cluster/link.js';
import { collectHistory } from './history/collect.js';
import type { History } from './history/history.js';
import type { Reconciling } from './history/reconciling.js';
import { interruptReconcilers } from './nemesis/interrupt-reconcilers.js';
import { runNemesis } from './nemesis/nemesis.js';
import { Rest } from './rest.js';
import type { Settings } from './settings.js';
import { reconcileDays } from './workload/reconcile-days.js';
import { dayOf, statedFrom } from './workload/statement-days.js';

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
    const rest = new Rest();
    const redriven = await healAndWait(cluster, rest);
    // Whatever is still to come at the gateway, has come.
    cluster.advance(600_000);
    const reconciling = await reconcile(cluster, rest);
    await stop(cluster, rest);
    return collectHistory(cluster, { unfinished: rest.unfinished, redriven, nemesis, reconciling });
  });
}

/** Stops every fault, and gives each order the time to end. @returns what was redriven. */
async function healAndWait(cluster: Cluster, rest: Rest): Promise<readonly string[]> {
  const { gatewayNemesis, networks, tills, payers, sandbox, observer, old, reconcilers } = cluster;
  gatewayNemesis.isHealed = true;
  for (const link of Object.values(networks) as Link[]) link.heal();

  await isThere(cluster, rest);
  await rest.until('every customer is served', () => tills.isServed, SERVED_WITHIN_MS);
  tills.close();
  await rest.until('every customer who pays by themselves has paid', () => payers.areDone, AT_REST_WITHIN_MS);
  const isAcknowledged = (): boolean => sandbox.notifications.list().every(({ state }) => state === 'acknowledged');
  await rest.until('every notification is acknowledged', isAcknowledged, AT_REST_WITHIN_MS);
  await rest.until(
    'every order of the release before is taken over',
    async () => !(await old?.countLeft()),
    AT_REST_WITHIN_MS,
  );
  await rest.until('nobody is at a day', () => reconcilers.areDone, AT_REST_WITHIN_MS);
  await isAtRest('every durable order has an end, or is dead', cluster, rest);

  const redriven = await observer.redriveDead();
  await isAtRest('every durable order that was redriven has an end', cluster, rest);
  return redriven;
}

/** The morning after: each day is reconciled, by workers that are killed in the middle, and then to its end. */
async function reconcile(cluster: Cluster, rest: Rest): Promise<Reconciling> {
  const { sandbox, database, settings, reconcilers, advance } = cluster;
  const movements = sandbox.ledger.list();
  const lastDay = movements
    .map((movement) => dayOf(movement).date)
    .sort()
    .at(-1);
  if (lastDay !== undefined) advance(Math.max(0, statedFrom(lastDay) + HOUR_MS - sandbox.clock.now()));
  const [beganAt, amidFaults] = [Date.now(), reconcilers.attempts.length];
  const interrupted = await interruptReconcilers(cluster, rest);
  await isThere(cluster, rest);
  await rest.until('nobody is at a day', () => reconcilers.areDone, AT_REST_WITHIN_MS);
  const isShared = settings.store !== 'embedded';
  const leftByKilled = isShared ? await database.claims.left() : undefined;
  if (isShared) await database.claims.age();
  const days = await reconcileDays(cluster, rest);
  await isAtRest('every durable order that was asked for has an end', cluster, rest);
  return { ...interrupted, beganAt, movements, amidFaults, leftByKilled, days, attempts: reconcilers.attempts };
}

const HOUR_MS = 60 * 60_000;

async function stop({ workers }: Cluster, { unfinished }: Rest): Promise<void> {
  const areStopped = await Promise.all(workers.map((worker) => worker.stop(STOPPED_WITHIN_MS)));
  if (areStopped.includes(false)) unfinished.push(`every worker stops: not within ${STOPPED_WITHIN_MS / 1000} s`);
}

function isThere(cluster: Cluster, rest: Rest): Promise<void> {
  const areReady = (): boolean => processesOf(cluster).every(({ isReady }) => isReady);
  return rest.until('every process is there', areReady, SERVED_WITHIN_MS);
}

function isAtRest(what: string, { observer }: Cluster, rest: Rest): Promise<void> {
  return rest.until(what, async () => (await observer.countOpen()) === 0, AT_REST_WITHIN_MS);
}
