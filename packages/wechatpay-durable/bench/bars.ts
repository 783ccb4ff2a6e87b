// What durable orders are held to. Each bar tells its figure.
import type { Reconciled } from './reconciling.js';
import type { Results } from './results.js';

export interface Bar {
  readonly what: string;
  readonly measured: string;
  readonly wanted: string;
  readonly isMet: boolean;
}

const BARS = {
  /** A second; or as many as the processors allow, which are busy for so large a share of their time then. */
  resolutions: 2000,
  busy: 0.9,
  /** Of milliseconds; or so many times what a bare INSERT takes on this disk. */
  enqueueMs: 1.5,
  timesBareInsert: 3,
  takeoverSeconds: 12,
  askingMs: { PostgreSQL: 10, PGlite: 50, Redis: 50 },
  stallMs: 100,
  fairSeconds: 3,
  timesCopyAndJoin: 5, // 15 s where these take 3 s
  reconcileMiB: 256,
} as const;

export function judge(results: Results): Bar[] {
  const { enqueued, resolved, takeovers, asked, stallMs, fairness, reconciled, bareInsertMs } = results;
  const two = resolved.find(({ name, workers }) => name === 'PostgreSQL' && workers === 2);
  const alone = enqueued.find(({ name, atOnce }) => name === 'PostgreSQL' && atOnce === 1)?.p50 ?? NaN;
  const { perSecond = NaN, busy = NaN } = two ?? {};
  const slowest = (name: string): number => takeovers.find((one) => one.name === name)?.seconds.at(-1) ?? NaN;
  return [
    {
      what: 'resolutions on PostgreSQL, 2 workers',
      measured: `${thousands(Math.round(perSecond))} a second, the processors ${Math.round(busy * 100)} % busy`,
      wanted: `at least ${thousands(BARS.resolutions)}, or processors that are ${BARS.busy * 100} % busy`,
      isMet: perSecond >= BARS.resolutions || busy >= BARS.busy,
    },
    {
      what: 'storing one on PostgreSQL, one at once, p50',
      measured: `${alone.toFixed(1)} ms, where a bare INSERT takes ${bareInsertMs.toFixed(1)} ms`,
      wanted: `at most ${BARS.enqueueMs} ms, or ${BARS.timesBareInsert} times a bare INSERT`,
      isMet: alone <= Math.max(BARS.enqueueMs, BARS.timesBareInsert * bareInsertMs),
    },
    atMost('takeover on PostgreSQL after a kill -9, the slowest', slowest('PostgreSQL'), BARS.takeoverSeconds, 's'),
    ...asked.map(({ name, rows, questions }) => {
      const slow = questions.reduce((most, each) => (each.p50 > most.p50 ? each : most));
      const what = `the slowest question to ${name} with ${thousands(rows)} orders, p50 (${slow.name})`;
      return atMost(what, slow.p50, BARS.askingMs[name as keyof typeof BARS.askingMs], 'ms');
    }),
    atMost('the event loop of a process with an embedded store is held up', stallMs, BARS.stallMs, 'ms'),
    atMost(
      `${fairness.fresh} orders of a merchant, where ${fairness.hanging} of another hang`,
      fairness.seconds,
      BARS.fairSeconds,
      's',
    ),
    ...judgeReconciling(reconciled),
  ];
}

/** Those of the reconciliation of a day alone. */
export function judgeReconciling(reconciled: Reconciled): Bar[] {
  return [
    atMost(
      `reconciling ${thousands(reconciled.rows)} rows, against COPY and a join alone`,
      reconciled.seconds / reconciled.copySeconds,
      BARS.timesCopyAndJoin,
      'times as long',
    ),
    atMost('the memory that takes, above what the process had', reconciled.mebibytes, BARS.reconcileMiB, 'MiB'),
  ];
}

/** With `--check`, a missed bar is a failure. */
export function tellMissed(bars: readonly Bar[]): void {
  const missed = bars.filter(({ isMet }) => !isMet);
  for (const { what, measured, wanted } of missed) console.error(`missed: ${what}: ${measured}, ${wanted}`);
  if (process.argv.includes('--check') && missed.length > 0) process.exitCode = 1;
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}

function atMost(what: string, value: number, bar: number, unit: string): Bar {
  return { what, measured: `${value.toFixed(1)} ${unit}`, wanted: `at most ${bar} ${unit}`, isMet: value <= bar };
}
