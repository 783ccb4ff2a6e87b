import { setTimeout as sleep } from 'node:timers/promises';
import { startResolution } from 'wechatpay-core/resolution';
import { durableOrderId } from '../../src/index.js';
import type { Order } from '../cluster/child.js';
import type { ClusterProcess } from '../cluster/cluster-process.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Link } from '../cluster/link.js';
import { LONG_MS } from '../cluster/networks.js';
import { Random } from '../random.js';
import { reconcileAmidFaults } from './reconcile-amid-faults.js';
import { replace } from './replace.js';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How often the nemesis did each; of those alone that it may do. */
export type NemesisCounts = Readonly<Record<string, number>>;

/** How many customers come at once, before the database crashes. */
const RUSH = 15;
/** How far a clock may jump, in milliseconds of the fast clock. */
const JUMPS_MS = [-180_000, -60_000, 60_000, 180_000];
/** Time for three orders of a merchant to fail, in each process. */
const BROKEN_MS = 8_000;
/** So long after the configured time, it is over all the same. */
const LATEST_MS = 120_000;

/** Injects faults for the configured time. When it returns, everything that it stopped or killed runs again. */
export async function runNemesis(cluster: Cluster): Promise<NemesisCounts> {
  const { settings, workers, cashiers, gatewayNemesis, tills } = cluster;
  const isAlone = settings.store === 'embedded';
  const counts = {
    ...{ 'workers killed': 0, 'workers paused': 0 },
    ...(!isAlone && { 'cashiers killed': 0, 'database crashes': 0 }),
    ...(settings.faults.includes('clock') && { 'clocks stepped': 0 }),
    ...(settings.faults.includes('merchant') && { 'merchants broken': 0 }),
    ...(settings.faults.includes('upgrade') && { 'orders of the release before': 0 }),
  } as Record<string, number>;
  const count = (name: string): void => {
    counts[name] = (counts[name] ?? 0) + 1;
  };
  const over = untilAllHappened(settings.seconds * 1000, () => [
    ...Object.values(counts),
    cluster.reconcilers.attempts.length,
  ]);

  /** For each fault: seconds from one to the next, at least and at most, and how it is injected. */
  const faults: Record<string, [number, number, (random: Random) => Promise<void>]> = {
    // Who is the only one needs time to start, and to come to work.
    'kill a worker': [
      isAlone ? 8 : 2,
      isAlone ? 15 : 7,
      async (random) => {
        const victim = random.chance(0.7) ? (await busiest(cluster))?.target : random.pick(workers);
        if (await replace(cluster, victim, random)) count('workers killed');
      },
    ],
    'kill a cashier': [
      2,
      8,
      async (random) => {
        if (!isAlone && (await replace(cluster, random.pick(cashiers), random))) count('cashiers killed');
      },
    ],
    'pause a worker': [
      isAlone ? 15 : 4,
      isAlone ? 25 : 8,
      async (random) => {
        const victim = await busy(cluster);
        if (!victim) return;
        await victim.target.pause();
        count('workers paused');
        // Whoever takes these on is at it when the one that sleeps wakes up.
        for (const outTradeNo of victim.orders) gatewayNemesis.slow.add(outTradeNo);
        // However short the chaos is, one lease has to be lost.
        const awake = sleep(random.between(...LONG_MS));
        await (counts['workers paused'] === 1 ? awake : Promise.race([awake, over]));
        await victim.target.resume();
      },
    ],
    'reconcile a day': [
      isAlone ? 3 : 1,
      isAlone ? 8 : 3,
      async (random) => {
        if (await reconcileAmidFaults(cluster, random)) count('workers killed');
      },
    ],
    'crash the database': [
      12,
      22,
      async (random) => {
        if (isAlone) return;
        count('database crashes');
        // In the middle of a rush: many are between their durable order and their answer.
        tills.rush(RUSH);
        await sleep(random.between(30, 300));
        await restart(cluster, random.between(100, 2_500));
      },
    ],
    'a burst of gateway faults': [
      6,
      12,
      async (random) => {
        gatewayNemesis.isBursting = true;
        await sleep(random.between(1_500, 4_000));
        gatewayNemesis.isBursting = false;
      },
    ],
    ...(settings.faults.includes('clock') && {
      'a clock jumps': [
        4,
        8,
        (random: Random) => {
          const victim = random.pick(workers);
          if (!victim.isReady) return Promise.resolve();
          victim.send({ kind: 'clock', aheadMs: random.pick(JUMPS_MS) } satisfies Order);
          count('clocks stepped');
          return Promise.resolve();
        },
      ],
    }),
  };

  let isOver = false;
  void over.then(() => (isOver = true));
  await Promise.all([
    breakMerchants(cluster, count),
    storeAsBefore(cluster, count),
    ...Object.entries(faults).map(async ([name, [least, most, inject]]) => {
      const random = new Random(settings.seed, name);
      for (;;) {
        const ms = random.between(least * 1000, most * 1000);
        await Promise.race([sleep(ms, undefined, { ref: false }), over]);
        if (isOver) return;
        await inject(random);
      }
    }),
  ]);
  for (const worker of workers) worker.send({ kind: 'clock', aheadMs: 0 } satisfies Order);
  return counts;
}

/** On a slow machine, processes take long to come back: it goes on until each fault was met once. */
async function untilAllHappened(ms: number, counts: () => readonly number[]): Promise<void> {
  await sleep(ms);
  const latest = Date.now() + LATEST_MS;
  while (counts().includes(0) && Date.now() < latest) await sleep(100);
}

/** Nobody reaches it before the audit listens again. */
async function restart({ database, networks }: Cluster, afterMs: number): Promise<void> {
  const ways: Link[] = [networks.cashierToDatabase, networks.workerToDatabase];
  for (const way of ways) way.isDown = true;
  await database.crash();
  await sleep(afterMs);
  await database.start();
  for (const way of ways) way.isDown = false;
}

/** In the middle, and until the end: whoever has paused the merchant then, goes on by itself. */
async function breakMerchants(
  { settings, merchants, gatewayNemesis, workers }: Cluster,
  count: (name: string) => void,
): Promise<void> {
  if (!settings.faults.includes('merchant')) return;
  const begunAt = Date.now();
  const ms = settings.seconds * 1000;
  const isPaused = (): boolean => workers.some((one) => one.entries().some(({ kind }) => kind === 'merchant-paused'));
  for (const from of [ms / 4, ms - BROKEN_MS]) {
    await sleep(Math.max(0, begunAt + from - Date.now()));
    gatewayNemesis.broken = merchants[1]?.merchantId;
    count('merchants broken');
    await sleep(BROKEN_MS);
    // On a slow machine, so few calls were made that nobody knows yet.
    const latest = Date.now() + LATEST_MS / 2;
    while (!isPaused() && Date.now() < latest) await sleep(500);
    gatewayNemesis.broken = undefined;
  }
}

/** Processes of the release before go on to store, each order at its time. */
async function storeAsBefore({ workload, old }: Cluster, count: (name: string) => void): Promise<void> {
  if (!old) return;
  const begunAt = Date.now();
  for (const { at, outTradeNo, merchantId, totalFee, job } of workload.filter(({ isOld }) => isOld)) {
    if (job.kind !== 'reverse') continue;
    await sleep(Math.max(0, begunAt + at - Date.now()));
    const policy = { ifPaid: 'reverse', refundWhenExpired: true, maxBackoffMs: 60_000 } as const;
    const order = { outTradeNo, totalFee, currency: 'HKD', orderCreatedAt: new Date(job.createdAt) };
    const state = startResolution(order, Date.now() + 30 * DAY_MS, policy);
    const id = durableOrderId({ merchantId, outTradeNo });
    while (!(await isStored(() => old.enqueue(id, { merchantId, state })))) await sleep(200);
    count('orders of the release before');
  }
}

async function isStored(store: () => Promise<void>): Promise<boolean> {
  try {
    await store();
    return true;
  } catch {
    return false; // the database is down
  }
}

/** The worker with the most orders. */
async function busiest({
  database,
  workers,
}: Cluster): Promise<{ target: ClusterProcess; orders: readonly string[] } | undefined> {
  const { audit } = database;
  const nobody = new Map<string, string[]>();
  const active = (await Promise.race([audit.activeOrders(), sleep(500, nobody, { ref: false })])) ?? nobody;
  return workers
    .filter(({ isReady, isPaused }) => isReady && !isPaused)
    .map((target) => ({ target, orders: active.get(target.process) ?? [] }))
    .sort((one, other) => other.orders.length - one.orders.length)[0];
}

/** Waits for a worker that works on an order: pausing another one has no effect. */
async function busy(cluster: Cluster): Promise<{ target: ClusterProcess; orders: readonly string[] } | undefined> {
  for (let time = 0; time < 30; time += 1) {
    const found = await busiest(cluster);
    const isKnown = cluster.settings.store !== 'embedded';
    if (found && (!isKnown || found.orders.length > (time < 15 ? 1 : 0))) return found;
    await sleep(100);
  }
  return undefined;
}
