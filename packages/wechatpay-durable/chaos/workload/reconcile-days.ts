import type { Cluster } from '../cluster/cluster.js';
import type { Attempt } from '../cluster/reconcilers.js';
import { Random } from '../random.js';
import type { Rest } from '../rest.js';
import { daysOf, type MerchantDay } from './statement-days.js';

/** A day that was reconciled until nothing was asked for any more, once more then, and again. */
export interface ReconciledDay extends MerchantDay {
  readonly first: Attempt | undefined;
  readonly again: Attempt | undefined;
}

const ANSWER_WITHIN_MS = 120_000;
/** Some differences are asked for at first, and what an order comes to by that, or what the next day has, is seen the next time. */
const MOST_PASSES = 6;

/** Has each day on which money moved reconciled, the earliest first, by one worker or another. */
export async function reconcileDays(cluster: Cluster, rest: Rest): Promise<ReconciledDay[]> {
  const { sandbox, settings, workers, reconcilers, knows } = cluster;
  const random = new Random(settings.seed, 'days');
  const days = daysOf(sandbox.ledger.list());
  const reconcileEach = async (): Promise<(Attempt | undefined)[]> => {
    const attempts: (Attempt | undefined)[] = [];
    for (const day of days) {
      const worker = random.pick(workers.filter((one) => one.isReady && knows(one, day.merchantId)));
      attempts.push(await rest.of('a day is reconciled', reconcilers.ask(worker, day).ended, ANSWER_WITHIN_MS));
    }
    return attempts;
  };
  for (let pass = 1; pass <= MOST_PASSES && !(await reconcileEach()).every(isOver); pass += 1);
  const [first, again] = [await reconcileEach(), await reconcileEach()];
  return days.map((day, index) => ({ ...day, first: first[index], again: again[index] }));
}

function isOver(attempt: Attempt | undefined): boolean {
  return attempt?.result?.differences.every(({ status }) => status !== 'asking') === true;
}
