// What durable orders are held to. Each bar tells its figure.
import type { Results } from './results.js';

export interface Bar {
  readonly what: string;
  readonly measured: string;
  readonly wanted: string;
  readonly isMet: boolean;
}

const BARS = {
  resolutions: 2000,
  enqueueMs: 1.5,
  takeoverSeconds: 12,
  askingMs: { PostgreSQL: 10, PGlite: 50, Redis: 50 },
  stallMs: 100,
  fairSeconds: 3,
  timesCopyAndJoin: 5, // 15 s where these take 3 s
  reconcileMiB: 256,
} as const;

export function judge({ enqueued, resolved, takeovers, asked, stallMs, fairness, reconciled }: Results): Bar[] {
  const two = resolved.find(({ name, workers }) => name === 'PostgreSQL' && workers === 2);
  const alone = enqueued.find(({ name, atOnce }) => name === 'PostgreSQL' && atOnce === 1)?.p50 ?? NaN;
  const perSecond = two?.perSecond ?? NaN;
  const slowest = (name: string): number => takeovers.find((one) => one.name === name)?.seconds.at(-1) ?? NaN;
  return [
    {
      what: 'resolutions on PostgreSQL, 2 workers',
      measured: `${Math.round(perSecond).toLocaleString('en')} a second`,
      wanted: `at least ${BARS.resolutions.toLocaleString('en')}`,
      isMet: perSecond >= BARS.resolutions,
    },
    atMost('storing one on PostgreSQL, one at once, p50', alone, BARS.enqueueMs, 'ms'),
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
    atMost(
      `reconciling ${thousands(reconciled.rows)} rows, against COPY and a join alone`,
      reconciled.seconds / reconciled.copySeconds,
      BARS.timesCopyAndJoin,
      'times as long',
    ),
    atMost('the memory that takes, above what the process had', reconciled.mebibytes, BARS.reconcileMiB, 'MiB'),
  ];
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}

function atMost(what: string, value: number, bar: number, unit: string): Bar {
  return { what, measured: `${value.toFixed(1)} ${unit}`, wanted: `at most ${bar} ${unit}`, isMet: value <= bar };
}
