export interface Enqueued {
  readonly name: string;
  readonly atOnce: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Resolved {
  readonly name: string;
  readonly workers: number;
  readonly perSecond: number;
  readonly workerCpuMs: number;
  readonly gatewayCpuMs: number;
  /** What a resolved one takes on the disk; NaN where that is not known. */
  readonly bytes: number;
}

export interface Takeover {
  readonly name: string;
  readonly rounds: number;
  /** From the kill to the end of each open order, sorted. */
  readonly seconds: readonly number[];
}

interface Results {
  readonly enqueued: readonly Enqueued[];
  readonly resolved: readonly Resolved[];
  readonly takeovers: readonly Takeover[];
  readonly load: number;
  readonly startedAt: Date;
  readonly machine: string;
  readonly orders: number;
  readonly inHand: number;
  /** PostgreSQL's, that are named. */
  readonly settings: Readonly<Record<string, string | number>>;
}

const RESOLUTIONS_BAR = 200;
const TAKEOVER_BAR = 15;

/** docs/benchmarks-durable.md. */
export function page(results: Results): string {
  const { enqueued, resolved, takeovers, load, startedAt, machine, orders, inHand, settings } = results;
  const settingsText = Object.entries(settings)
    .map(([name, value]) => `\`${name}\` ${value}`)
    .join(', ');
  const two = resolved.find(({ name, workers }) => name === 'PostgreSQL' && workers === 2);
  const slowest = takeovers.find(({ name }) => name === 'PostgreSQL')?.seconds.at(-1) ?? NaN;
  return `# Benchmarks of durable orders

Written by \`npm run bench:durable\`, never by hand. ${startedAt.toISOString().slice(0, 10)}, Node.js ${process.version}, ${machine},
${process.platform} ${process.arch}; the load average before it was ${load.toFixed(1)}. Workers, PostgreSQL and the gateway share these cores.
PostgreSQL runs with its own defaults, as in production: ${settingsText}.

## The bars

|  | what | measured | bar |
| --- | --- | --- | --- |
${bar('resolutions on PostgreSQL, 2 workers', `${whole(two?.perSecond)} a second`, `at least ${RESOLUTIONS_BAR}`, (two?.perSecond ?? 0) >= RESOLUTIONS_BAR)}
${bar('takeover after a kill -9, at the defaults, the slowest', `${slowest.toFixed(1)} s`, `at most ${TAKEOVER_BAR} s`, slowest <= TAKEOVER_BAR)}

That nothing is lost is shown by \`npm run chaos\`: see [how it is tried](hardening.md).

## Storing a durable order

One row, committed before \`enqueue\` resolves; on PostgreSQL flushed to the disk.

| store | at once | a second | p50 | p99 |
| --- | --- | --- | --- | --- |
${enqueued.map((row) => `| ${row.name} | ${row.atOnce} | ${whole(row.perSecond)} | ${row.p50.toFixed(1)} ms | ${row.p99.toFixed(1)} ms |`).join('\n')}

## Resolving

${orders.toLocaleString('en')} orders that are due, against the sandbox over mutual TLS. Every other one is paid: one query. The rest is
unpaid: a query, the decision stored, a reversal.

| store | workers | resolutions a second | CPU of the workers, each | CPU of the gateway, each |
| --- | --- | --- | --- | --- |
${resolved.map((row) => `| ${row.name} | ${row.workers} | ${whole(row.perSecond)} | ${row.workerCpuMs.toFixed(2)} ms | ${row.gatewayCpuMs.toFixed(2)} ms |`).join('\n')}

A resolved durable order takes ${((two?.bytes ?? NaN) / 1024).toFixed(1)} KiB of PostgreSQL's disk, indexes and what its updates left included.

PGlite is one process by its nature: there is no second worker. What bounds them is the processors: see
[capacity](guides/durable-capacity.md).

## Taking over

A worker with ${inHand} open durable orders is killed by \`kill -9\`. On PostgreSQL another one is running; the folder of PGlite is
opened by a process that is started then. From the kill to the end of each order.

| store | kills | p50 | the slowest |
| --- | --- | --- | --- |
${takeovers.map(({ name, rounds, seconds }) => `| ${name} | ${rounds} | ${(seconds[seconds.length >> 1] ?? NaN).toFixed(1)} s | ${(seconds.at(-1) ?? NaN).toFixed(1)} s |`).join('\n')}
`;
}

function bar(what: string, measured: string, wanted: string, isMet: boolean): string {
  return `| ${isMet ? 'pass' : '**miss**'} | ${what} | ${measured} | ${wanted} |`;
}

function whole(value = NaN): string {
  return Math.round(value).toLocaleString('en');
}
