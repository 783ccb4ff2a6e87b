import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterProcess } from '../cluster/cluster-process.js';
import type { Cluster } from '../cluster/cluster.js';
import { LONG_MS } from '../cluster/networks.js';
import { Random } from '../random.js';

/** How often the nemesis did each. */
export type NemesisCounts = Record<
  'workers killed' | 'cashiers killed' | 'workers paused' | 'database crashes',
  number
>;

/** How many customers come at once, before the database crashes. */
const RUSH = 15;

/** Injects faults for the configured time. When it returns, everything that it stopped or killed runs again. */
export async function runNemesis(cluster: Cluster): Promise<NemesisCounts> {
  const { settings, workers, cashiers, gatewayNemesis, postgres, tills } = cluster;
  const counts = { 'workers killed': 0, 'cashiers killed': 0, 'workers paused': 0, 'database crashes': 0 };
  const over = sleep(settings.seconds * 1000);

  /** For each fault: seconds from one to the next, at least and at most, and how it is injected. */
  const faults: Record<string, [number, number, (random: Random) => Promise<void>]> = {
    'kill a worker': [
      2,
      7,
      async (random) => {
        const victim = random.chance(0.7) ? (await busiest(cluster))?.target : random.pick(workers);
        if (await replace(victim, random)) counts['workers killed'] += 1;
      },
    ],
    'kill a cashier': [
      2,
      8,
      async (random) => {
        if (await replace(random.pick(cashiers), random)) counts['cashiers killed'] += 1;
      },
    ],
    'pause a worker': [
      4,
      8,
      async (random) => {
        const victim = await busy(cluster);
        if (!victim) return;
        victim.target.pause();
        counts['workers paused'] += 1;
        // Whoever takes these on is at it when the one that sleeps wakes up.
        for (const outTradeNo of victim.orders) gatewayNemesis.slow.add(outTradeNo);
        // However short the chaos is, one lease has to be lost.
        const awake = sleep(random.between(...LONG_MS));
        await (counts['workers paused'] === 1 ? awake : Promise.race([awake, over]));
        await victim.target.resume();
      },
    ],
    'crash the database': [
      12,
      22,
      async (random) => {
        counts['database crashes'] += 1;
        // In the middle of a rush: many are between their durable order and their answer.
        tills.rush(RUSH);
        await sleep(random.between(30, 300));
        await postgres.crash();
        await sleep(random.between(100, 2_500));
        await postgres.start();
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
  };

  let isOver = false;
  void over.then(() => (isOver = true));
  await Promise.all(
    Object.entries(faults).map(async ([name, [least, most, inject]]) => {
      const random = new Random(settings.seed, name);
      for (;;) {
        const ms = random.between(least * 1000, most * 1000);
        await Promise.race([sleep(ms, undefined, { ref: false }), over]);
        if (isOver) return;
        await inject(random);
      }
    }),
  );
  return counts;
}

/** The worker with the most orders. */
async function busiest({
  audit,
  workers,
}: Cluster): Promise<{ target: ClusterProcess; orders: readonly string[] } | undefined> {
  const active = await Promise.race([audit.activeOrders(), sleep(500, new Map<string, string[]>(), { ref: false })]);
  return workers
    .filter(({ isReady, isPaused }) => isReady && !isPaused)
    .map((target) => ({ target, orders: active.get(target.process) ?? [] }))
    .sort((one, other) => other.orders.length - one.orders.length)[0];
}

/** Waits for a worker that works on an order: pausing another one has no effect. */
async function busy(cluster: Cluster): Promise<{ target: ClusterProcess; orders: readonly string[] } | undefined> {
  for (let time = 0; time < 30; time += 1) {
    const found = await busiest(cluster);
    if (found && found.orders.length > (time < 15 ? 1 : 0)) return found;
    await sleep(100);
  }
  return undefined;
}

/** @returns false where it is not there, or sleeps. */
async function replace(victim: ClusterProcess | undefined, random: Random): Promise<boolean> {
  if (!victim?.isReady || victim.isPaused) return false;
  await victim.kill();
  await sleep(random.between(100, 2_500));
  await victim.start();
  return true;
}
