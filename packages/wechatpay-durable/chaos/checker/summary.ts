import { REVERSE_NOT_BEFORE_MS } from 'wechatpay-core';
import type { History, OrderHistory } from '../history/history.js';
import type { Settings } from '../settings.js';
import { ageAtReverse, hasBegun } from './checker.js';
import { summarizeReconciling } from './reconciling-checks.js';

/** What was seen, as a table. */
export function summarize(history: History, settings: Settings, tookMs: number): string {
  const { orders, counts, faults, leasesLost, redriven } = history;
  const begun = orders.filter(hasBegun);
  const takeovers = begun.flatMap((order) => takeoversOf(order, history)).sort((one, other) => one - other);
  const answers = begun.flatMap((order) => order.answers.map(({ answer }) => String(answer)));
  const silent = begun.filter(
    ({ stored, answers: given }) =>
      stored?.status === 'cancelled' && !given.some(({ answer }) => answer === 'paid' || answer === 'declined'),
  );
  const ages = begun.map((order) => ageAtReverse(order, history.realTime) ?? Infinity);
  const early = ages.filter((age) => age < REVERSE_NOT_BEFORE_MS).sort((one, other) => one - other);
  const seconds = (ms: number | undefined): string => (ms === undefined ? '-' : `${(ms / 1000).toFixed(1)} s`);
  const rows: [string, string][] = [
    ['seed', `${settings.seed}: ${settings.seconds} s of chaos, ${(tookMs / 1000).toFixed(0)} s in all`],
    ['orders', `${begun.length}; ${orders.length - begun.length} never begun`],
    [
      'outcomes',
      tally(
        begun.map(({ stored }) =>
          stored?.status === 'done' ? (stored.outcome?.kind ?? '') : (stored?.status ?? 'none'),
        ),
      ),
    ],
    ['answers', tally(answers)],
    ['duplicates refused', String(answers.filter((answer) => answer.endsWith(' before')).length)],
    ['reversed before 15 s', `${early.length}; at the earliest at ${seconds(early[0])}`],
    ['called off, answer lost', String(silent.length)],
    ...Object.entries(counts).map(([name, count]): [string, string] => [name, String(count)]),
    ...summarizeReconciling(history),
    ['faults hit', `${Object.values(faults).reduce((sum, count) => sum + count, 0)}: ${tellCounts(faults)}`],
    [
      'takeovers',
      `${takeovers.length}; p50 ${seconds(takeovers[Math.floor(takeovers.length / 2)])}, max ${seconds(takeovers.at(-1))}`,
    ],
    ['leases lost', String(leasesLost)],
    ['dead and redriven', String(redriven.length)],
  ];
  return rows.map(([name, text]) => `${name.padEnd(28)}${text}`).join('\n');
}

/** From the death of the worker that had the lease until another worker took the order. */
function takeoversOf({ changes }: OrderHistory, { killedAt }: History): number[] {
  let lease: { by: string; at: number } | undefined;
  const found: number[] = [];
  for (const change of changes) {
    if (change.change !== 'UPDATE') continue;
    const death = lease && killedAt.get(lease.by);
    if (change.status === 'active') {
      if (lease && death !== undefined && death > lease.at && death < change.at) found.push(change.at - death);
      lease = change;
    } else lease = undefined;
  }
  return found;
}

function tally(names: readonly string[]): string {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return tellCounts(counts);
}

function tellCounts(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .sort(([, one], [, other]) => other - one)
    .map(([name, count]) => `${name} ${count}`)
    .join(', ');
}
