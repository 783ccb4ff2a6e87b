import { setTimeout as sleep } from 'node:timers/promises';
import type { Evidence } from './evidence.js';
import { gather } from './gather.js';
import type { Link } from './link.js';
import { doMischief } from './mischief.js';
import type { Settings } from './settings.js';
import { withTown, type Town } from './town.js';

/** A cashier who waits for as long as it takes, and some. */
const SERVED_WITHIN_MS = 30_000;
/** A lease that has to lapse, the 45 s of an order on the fast clock, and some revokes that are spaced by a minute of it. */
const AT_REST_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 10_000;

/** Lets it all happen, waits until it has come to rest, and gathers what everybody has seen. */
export function runStorm(settings: Settings): Promise<Evidence> {
  return withTown(settings, async (town) => {
    town.tills.open(town.cashiers);
    const mischief = await doMischief(town);
    const rest = await comeToRest(town);
    // Whatever is still to come at the gateway, has come.
    town.sandbox.clock.advance(600_000);
    return gather(town, { ...rest, mischief });
  });
}

/** All is well again: what is to have an end gets the time for it. */
async function comeToRest(town: Town): Promise<Pick<Evidence, 'unfinished' | 'redriven'>> {
  const { weather, networks, workers, cashiers, tills, reversals } = town;
  weather.isCalm = true;
  for (const link of Object.values(networks) as Link[]) link.calm();

  const unfinished: string[] = [];
  const until = async (what: string, isTrue: () => boolean | Promise<boolean>, withinMs: number): Promise<void> => {
    const end = Date.now() + withinMs;
    while (!(await isTrue())) {
      if (Date.now() > end) return void unfinished.push(`${what}: not within ${withinMs / 1000} s`);
      await sleep(250);
    }
  };
  const isAtRest = async (): Promise<boolean> => {
    const { waiting, active } = await reversals.counts();
    return waiting + active === 0;
  };
  const isThere = (): boolean => [...workers, ...cashiers].every(({ isReady }) => isReady);
  await until('every process is there', isThere, SERVED_WITHIN_MS);
  await until('every customer is served', () => tills.isServed, SERVED_WITHIN_MS);
  tills.close();
  await until('every reversal has an end, or is dead', isAtRest, AT_REST_WITHIN_MS);

  const redriven: string[] = [];
  for (const { merchantId, state } of await reversals.dead({ limit: 1000 })) {
    const { outTradeNo } = state.order;
    if (await reversals.redrive({ merchantId, outTradeNo })) redriven.push(outTradeNo);
  }
  await until('every reversal that was redriven has an end', isAtRest, AT_REST_WITHIN_MS);
  const areStopped = await Promise.all(workers.map((worker) => worker.stop(STOPPED_WITHIN_MS)));
  if (areStopped.includes(false)) unfinished.push(`every worker stops: not within ${STOPPED_WITHIN_MS / 1000} s`);
  return { unfinished, redriven };
}
