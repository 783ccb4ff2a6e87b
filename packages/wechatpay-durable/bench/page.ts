import type { Bar } from './bars.js';
import type { Reconciled } from './reconciling.js';
import type { Results } from './results.js';

/** What the year below assumes. */
const YEAR = { ordersADay: 100_000, keptDays: 30, journalDays: 400 };

/** docs/benchmarks-durable.md. */
export function page(results: Results, bars: readonly Bar[]): string {
  const {
    enqueued,
    resolved,
    takeovers,
    asked,
    bytes,
    load,
    startedAt,
    machine,
    orders,
    inHand,
    settings,
    reconciled,
  } = results;
  const settingsText = Object.entries(settings)
    .map(([name, value]) => `\`${name}\` ${value}`)
    .join(', ');
  const two = resolved.find(({ name, workers }) => name === 'PostgreSQL' && workers === 2);
  const [firstAsked] = asked;
  return `# Benchmarks of durable orders

Written by \`npm run bench:durable\`, never by hand. ${startedAt.toISOString().slice(0, 10)}, Node.js ${process.version}, ${machine},
${process.platform} ${process.arch}; the load average before it was ${load.toFixed(1)}. Workers, PostgreSQL and the gateway share these cores.
PostgreSQL runs with its own defaults, as in production: ${settingsText}.

## The bars

|  | what | measured | bar |
| --- | --- | --- | --- |
${bars.map(({ what, measured, wanted, isMet }) => `| ${isMet ? 'pass' : '**miss**'} | ${what} | ${measured} | ${wanted} |`).join('\n')}

That nothing is lost is shown by \`npm run chaos\`: see [how it is tried](hardening.md).

## Storing a durable order

One row, committed before \`enqueue\` resolves; on PostgreSQL flushed to the disk.

| store | at once | a second | p50 | p99 |
| --- | --- | --- | --- | --- |
${enqueued.map((row) => `| ${row.name} | ${row.atOnce} | ${whole(row.perSecond)} | ${row.p50.toFixed(1)} ms | ${row.p99.toFixed(1)} ms |`).join('\n')}

## Resolving

${orders.toLocaleString('en')} orders that are due, against the sandbox over mutual TLS. Every other one is paid: one query. The rest is
unpaid: a query, the decision stored, a reversal.

| store | workers | resolutions a second | CPU of the workers, each | CPU of the gateway, each | processors busy |
| --- | --- | --- | --- | --- | --- |
${resolved.map((row) => `| ${row.name} | ${row.workers} | ${whole(row.perSecond)} | ${row.workerCpuMs.toFixed(2)} ms | ${row.gatewayCpuMs.toFixed(2)} ms | ${Math.round(row.busy * 100)} % |`).join('\n')}

A resolved durable order takes ${((two?.bytes ?? NaN) / 1024).toFixed(1)} KiB of PostgreSQL's disk, indexes and what its updates left included.

PGlite is one process by its nature: there is no second worker. What bounds them is the processors: see
[capacity](guides/durable-capacity.md).

## Taking over

A worker with ${inHand} open durable orders is killed by \`kill -9\`. On PostgreSQL another one is running; the folder of PGlite is
opened by a process that is started then. From the kill to the end of each order.

| store | kills | p50 | the slowest |
| --- | --- | --- | --- |
${takeovers.map(({ name, rounds, seconds }) => `| ${name} | ${rounds} | ${(seconds[seconds.length >> 1] ?? NaN).toFixed(1)} s | ${(seconds.at(-1) ?? NaN).toFixed(1)} s |`).join('\n')}

## Asking

Of ${whole(firstAsked?.rows)} orders, that were created over ${YEAR.keptDays} days; a page is of 100. The median of each question, in milliseconds.

| question | ${asked.map(({ name }) => name).join(' | ')} |
| --- |${' --- |'.repeat(asked.length)}
${(firstAsked?.questions ?? []).map(({ name }, index) => `| ${name} | ${asked.map(({ questions }) => (questions[index]?.p50 ?? NaN).toFixed(2)).join(' | ')} |`).join('\n')}

${reconcilingSection(reconciled)}
## A year

Measured above: an order takes ${kib(bytes.row)} KiB of PostgreSQL's disk and its journal ${kib(bytes.journal)} KiB, indexes included.
${whole(YEAR.ordersADay)} orders a day, kept for ${YEAR.keptDays} days, and their journals for ${YEAR.journalDays}: after a year ${whole(YEAR.ordersADay * YEAR.keptDays)} rows,
${gib(YEAR.ordersADay * YEAR.keptDays * bytes.row)} GiB, and ${gib(YEAR.ordersADay * 365 * bytes.journal)} GiB of journal; it grows no more after ${YEAR.journalDays} days, at ${gib(YEAR.ordersADay * (YEAR.keptDays * bytes.row + YEAR.journalDays * bytes.journal))} GiB
in all. Each day as many rows are cleared away as come: autovacuum has ${whole(YEAR.ordersADay)} dead rows a day to collect in each table, and
the space is used again. Resolving at ${whole(two?.perSecond)} a second, a day's orders take ${(YEAR.ordersADay / (two?.perSecond ?? NaN) / 60).toFixed(1)} minutes of these processors.
`;
}

/** How long the reconciliation of a day takes. */
export function reconcilingSection({ rows, seconds, copySeconds, mebibytes }: Reconciled): string {
  return `## Reconciling

A statement of ${whole(rows)} rows against ${whole(rows)} orders on PostgreSQL: read, staged, looked up and cleared away, in
${seconds.toFixed(1)} s, where COPY of as many rows and one join, by PostgreSQL alone, take ${copySeconds.toFixed(1)} s; with ${Math.round(mebibytes)} MiB above what the process had before. One row is of no order, and one order has no row: both are found.
The database shares the cores; the network is left out.
`;
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}

function gib(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}

function whole(value = NaN): string {
  return Math.round(value).toLocaleString('en');
}
