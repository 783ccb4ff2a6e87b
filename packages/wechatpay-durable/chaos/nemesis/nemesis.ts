import { setTimeout as sleep } from 'node:timers/promises';
import type { Member } from './crew.js';
import { LONG_MS } from './networks.js';
import { Random } from './random.js';
import type { Town } from './town.js';

/** How often each was done. */
export type Mischief = Record<'workers killed' | 'cashiers killed' | 'workers paused' | 'database crashes', number>;

/** How many customers come at once, before the database crashes. */
const RUSH = 15;

/** Does harm for so many seconds; when it returns, everything that was stopped or killed is there again. */
export async function doMischief(town: Town): Promise<Mischief> {
  const { settings, workers, cashiers, weather, postgres, tills } = town;
  const counts = { 'workers killed': 0, 'cashiers killed': 0, 'workers paused': 0, 'database crashes': 0 };
  const over = sleep(settings.seconds * 1000);

  /** Seconds from one to the next, at least and at most; and what is done. */
  const acts: Record<string, [number, number, (random: Random) => Promise<void>]> = {
    'kill a worker': [
      2,
      7,
      async (random) => {
        const victim = random.chance(0.7) ? (await busiest(town))?.member : random.pick(workers);
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
        const victim = await busy(town);
        if (!victim) return;
        victim.member.pause();
        counts['workers paused'] += 1;
        // Whoever takes these on is at it when the one that sleeps wakes up.
        for (const outTradeNo of victim.inHand) weather.slow.add(outTradeNo);
        // However short the chaos is, one lease has to be lost.
        const awake = sleep(random.between(...LONG_MS));
        await (counts['workers paused'] === 1 ? awake : Promise.race([awake, over]));
        await victim.member.resume();
      },
    ],
    'crash the database': [
      12,
      22,
      async (random) => {
        counts['database crashes'] += 1;
        // In the middle of a rush: many are between their guard and their answer.
        tills.rush(RUSH);
        await sleep(random.between(30, 300));
        await postgres.crash();
        await sleep(random.between(100, 2_500));
        await postgres.start();
      },
    ],
    'a storm': [
      6,
      12,
      async (random) => {
        weather.isStormy = true;
        await sleep(random.between(1_500, 4_000));
        weather.isStormy = false;
      },
    ],
  };

  let isOver = false;
  void over.then(() => (isOver = true));
  await Promise.all(
    Object.entries(acts).map(async ([name, [least, most, act]]) => {
      const random = new Random(settings.seed, name);
      for (;;) {
        const ms = random.between(least * 1000, most * 1000);
        await Promise.race([sleep(ms, undefined, { ref: false }), over]);
        if (isOver) return;
        await act(random);
      }
    }),
  );
  return counts;
}

/** The worker that has most in hand: where it hurts. */
async function busiest({ audit, workers }: Town): Promise<{ member: Member; inHand: readonly string[] } | undefined> {
  const inHand = await Promise.race([audit.inHand(), sleep(500, new Map<string, string[]>(), { ref: false })]);
  return workers
    .filter(({ isReady, isPaused }) => isReady && !isPaused)
    .map((member) => ({ member, inHand: inHand.get(member.process) ?? [] }))
    .sort((one, other) => other.inHand.length - one.inHand.length)[0];
}

/** Waits for one that has something in hand: to pause another would do nothing. */
async function busy(town: Town): Promise<{ member: Member; inHand: readonly string[] } | undefined> {
  for (let time = 0; time < 30; time += 1) {
    const found = await busiest(town);
    if (found && found.inHand.length > (time < 15 ? 1 : 0)) return found;
    await sleep(100);
  }
  return undefined;
}

/** @returns false where it is not there, or sleeps. */
async function replace(victim: Member | undefined, random: Random): Promise<boolean> {
  if (!victim?.isReady || victim.isPaused) return false;
  await victim.kill();
  await sleep(random.between(100, 2_500));
  await victim.start();
  return true;
}
