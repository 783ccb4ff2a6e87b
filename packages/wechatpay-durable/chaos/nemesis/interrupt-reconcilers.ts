import { setTimeout as sleep } from 'node:timers/promises';
import { QUERY_ORDER } from 'wechatpay-core';
import type { Movement, Sandbox } from 'wechatpay-sandbox';
import type { ClusterProcess } from '../cluster/cluster-process.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Asked, Attempt } from '../cluster/reconcilers.js';
import { groupBy } from '../group-by.js';
import { Random } from '../random.js';
import type { Rest } from '../rest.js';
import { dayOf, type MerchantDay } from '../workload/statement-days.js';

/** A day that a worker had when it was stopped, and that another has reconciled until it went on. */
interface TakenOver {
  readonly late: Attempt;
  readonly other: Attempt;
}

/** How workers were disturbed in the middle of a day. */
export interface Interrupted {
  readonly killed: readonly Attempt[];
  readonly takenOver: readonly TakenOver[];
}

const DOWNLOAD_PATH = '/pay/downloadbill';
/** The gateway's reply to whoever is to be disturbed comes so much later: shorter than a time-out. */
const HELD_MS = 2_000;
const ANSWER_WITHIN_MS = 120_000;
const TRIES = 4;
const MOST_ROUNDS = 5;

/**
 * Kills and stops workers in the middle of the days that they reconcile. What tells of the middle is what the gateway is asked, and no
 * time: however slow the machine is.
 */
export async function interruptReconcilers(cluster: Cluster, rest: Rest): Promise<Interrupted> {
  const { settings, sandbox, merchants, database } = cluster;
  const isAlone = settings.store === 'embedded';
  const random = new Random(settings.seed, 'reconcilers');
  const starting: Promise<void>[] = [];
  const kill = async (victim: ClusterProcess): Promise<void> => {
    await victim.kill();
    await database.claims.lapse();
    const start = victim.start();
    if (isAlone) await start;
    else starting.push(start);
  };
  const killed: Attempt[] = [];
  const takenOver: TakenOver[] = [];
  const rounds = Math.min(MOST_ROUNDS, Math.max(1, Math.floor(settings.seconds / 60)));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, interrupt] of [
      ...(isAlone ? [] : [takeOver]),
      killWhileDownloading,
      killWhileAsking,
    ].entries()) {
      const { merchantId = '' } = merchants[(round + index) % merchants.length] ?? {};
      const day = busiestDay(sandbox.ledger.list(), merchantId);
      for (let time = 0, isDone = !day; time < TRIES && !isDone && day; time += 1) {
        const found = await interrupt({ cluster, day, random, rest, kill });
        if (found && 'late' in found) takenOver.push(found);
        else if (found) killed.push(found);
        isDone = found !== undefined;
        if (!isDone) await Promise.all(starting);
      }
    }
    await Promise.all(starting.splice(0));
  }
  // What was not met is met by nobody.
  sandbox.faults.clear();
  return { killed, takenOver };
}

interface Place {
  readonly cluster: Cluster;
  readonly day: MerchantDay;
  readonly random: Random;
  readonly rest: Rest;
  readonly kill: (victim: ClusterProcess) => Promise<void>;
}

/** Several reconcile a day at once; the one that has it is killed at its download. */
async function killWhileDownloading({ cluster, day, random, rest, kill }: Place): Promise<Attempt | undefined> {
  const held = hold(cluster.sandbox, DOWNLOAD_PATH, day);
  const asked = readyFor(cluster, day).map((worker) => ({ worker, ...cluster.reconcilers.ask(worker, day) }));
  if (asked.length === 0) return undefined;
  await rest.of('a statement is asked for', Promise.race([held, ...asked.map(({ ended }) => ended)]), ANSWER_WITHIN_MS);
  const atIt = (): typeof asked => asked.filter(({ attempt }) => attempt.end === undefined);
  // The others are sent away at once.
  for (let time = 0; time < 25 && atIt().length > 1; time += 1) await sleep(20);
  await sleep(random.between(0, 300));
  const [victim] = atIt();
  if (victim) await kill(victim.worker);
  for (const { ended } of asked) await rest.of('a reconciler answers', ended, ANSWER_WITHIN_MS);
  return victim && wasKilled(victim);
}

/** The statement says another amount than the ledger; the one that asks for that order is killed. */
async function killWhileAsking({ cluster, day, random, rest, kill }: Place): Promise<Attempt | undefined> {
  const { sandbox, workload, reconcilers } = cluster;
  const listed = sandbox.ledger.list().filter((movement) => isOf(movement, day));
  const jobs = new Map(workload.map(({ outTradeNo, job }) => [outTradeNo, job.kind]));
  const row = listed.findIndex(({ kind, outTradeNo }) => kind === 'payment' && jobs.get(outTradeNo) === 'pay');
  const worker = random.pick(readyFor(cluster, day));
  sandbox.statements.addFault({ kind: 'amount-altered', amount: 100_001, row: Math.max(0, row) });
  const held = hold(sandbox, QUERY_ORDER.path, day);
  const asked = reconcilers.ask(worker, day);
  await rest.of('an order is asked for', Promise.race([held, asked.ended]), ANSWER_WITHIN_MS);
  await sleep(random.between(0, 300));
  if (!asked.attempt.end) await kill(worker);
  await rest.of('a reconciler answers', asked.ended, ANSWER_WITHIN_MS);
  sandbox.statements.reset();
  return wasKilled(asked);
}

/** One sleeps at its download, its claim lapses, and another reconciles the day: the first has to store nothing when it goes on. */
async function takeOver({ cluster, day, random, rest }: Place): Promise<TakenOver | undefined> {
  const { sandbox, database, reconcilers } = cluster;
  const ready = readyFor(cluster, day);
  const late = random.pick(ready);
  const others = ready.filter((worker) => worker !== late);
  if (others.length === 0) return undefined;
  const held = hold(sandbox, DOWNLOAD_PATH, day);
  const asked = reconcilers.ask(late, day);
  await rest.of('a statement is asked for', Promise.race([held, asked.ended]), ANSWER_WITHIN_MS);
  const heldAt = Date.now();
  await late.pause();
  const isInTime = Date.now() < heldAt + HELD_MS / 2;
  await database.claims.lapse();
  const other = await rest.of('a day is taken over', reconcilers.ask(random.pick(others), day).ended, ANSWER_WITHIN_MS);
  await late.resume();
  const attempt = await rest.of('a reconciler answers', asked.ended, ANSWER_WITHIN_MS);
  return isInTime && attempt && other ? { late: attempt, other } : undefined;
}

/** Lets the reply to the next such request of a merchant come late. @returns once it is there. */
function hold({ faults }: Sandbox, path: string, { merchantId }: MerchantDay): Promise<void> {
  return new Promise((resolve) => {
    const when = ({ fields }: { readonly fields: Readonly<Record<string, string>> }): boolean => {
      if (fields.mch_id !== merchantId) return false;
      resolve();
      return true;
    };
    faults.add({ kind: 'delay', delayMs: HELD_MS }, { path, when });
  });
}

function wasKilled({ attempt }: Pick<Asked, 'attempt'>): Attempt | undefined {
  return attempt.hasBegun && attempt.end === 'died' ? attempt : undefined;
}

function readyFor({ workers, knows }: Cluster, { merchantId }: MerchantDay): ClusterProcess[] {
  return workers.filter((worker) => worker.isReady && !worker.isPaused && knows(worker, merchantId));
}

function busiestDay(movements: readonly Movement[], merchantId: string): MerchantDay | undefined {
  const own = movements.filter((movement) => movement.merchantId === merchantId);
  const [busiest] = [...groupBy(own, (movement) => dayOf(movement).date)].sort(
    ([, one], [, other]) => other.length - one.length,
  );
  return busiest && { merchantId, date: busiest[0] };
}

function isOf(movement: Movement, { merchantId, date }: MerchantDay): boolean {
  return movement.merchantId === merchantId && dayOf(movement).date === date;
}
