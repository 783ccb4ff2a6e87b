// `npm run bench:durable`: how fast durable orders are stored and resolved, and how soon another worker takes over. It writes
// docs/benchmarks-durable.md; `-- --quick` prints it and writes nothing.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { WechatPayConfig } from 'wechatpay-core';
import { PostgresServer, PRODUCTION_SETTINGS } from '../test/servers/postgres.js';
import type { Commands, Store } from './process.js';
import { page, type Enqueued, type Resolved, type Takeover } from './page.js';

const quick = process.argv.includes('--quick');
const ORDERS = quick ? 1000 : 6000;
const ENQUEUED = quick ? 500 : 3000;
const TAKEOVERS = quick ? 1 : 5;
/** How many orders a worker works on by default. */
const IN_HAND = 32;

class Process {
  readonly #child: ChildProcess;

  constructor() {
    const file = fileURLToPath(new URL('process.ts', import.meta.url));
    this.#child = fork(file, { execArgv: ['--import', 'tsx'], env: { ...process.env, NODE_ENV: 'benchmark' } });
  }

  /** One thing at a time. */
  async ask<Name extends keyof Commands>(
    name: Name,
    ...[parameters]: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const answer = once(this.#child, 'message') as Promise<[{ result: never; error?: string }]>;
    this.#child.send({ name, parameters: parameters ?? {} });
    const [{ result, error }] = await answer;
    if (error !== undefined) throw new Error(`${name}: ${error}`);
    return result;
  }

  async kill(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

const [load = 0] = loadavg();
const startedAt = new Date();
const folder = mkdtempSync(join(tmpdir(), 'bench-durable-'));
const server = await PostgresServer.create(PRODUCTION_SETTINGS);
const gateway = new Process();
try {
  const config = await gateway.ask('gateway');
  let orders = 0;
  let stores = 0;
  const newOrders = async (count: number): Promise<{ from: number; to: number }> => {
    const range = { from: orders, to: (orders += count) };
    await gateway.ask('orders', range);
    return range;
  };
  const postgres = async (): Promise<Store> => ({ connectionString: await server.createDatabase() });
  const embedded = (): Store => ({ folder: join(folder, String((stores += 1))) });

  const enqueued: Enqueued[] = [];
  const resolved: Resolved[] = [];
  const takeovers: Takeover[] = [];
  for (const [name, store] of [
    ['PostgreSQL', await postgres()],
    ['PGlite', embedded()],
  ] as const) {
    for (const atOnce of [1, 16]) {
      console.error(`bench: enqueue on ${name}, ${atOnce} at once`);
      enqueued.push(await measureEnqueue(name, store, config, await newOrders(ENQUEUED), atOnce));
    }
  }
  for (const [name, workers, store] of [
    ['PostgreSQL', 1, await postgres()],
    ['PostgreSQL', 2, await postgres()],
    ['PGlite', 1, embedded()],
  ] as const) {
    console.error(`bench: resolve on ${name}, ${workers} workers`);
    resolved.push(await measureResolving(name, workers, store, config, await newOrders(ORDERS)));
  }
  for (const [name, store] of [
    ['PostgreSQL', await postgres()],
    ['PGlite', embedded()],
  ] as const) {
    const seconds: number[] = [];
    for (let round = 0; round < TAKEOVERS; round += 1) {
      console.error(`bench: takeover on ${name}`);
      seconds.push(...(await measureTakeover(store, config, await newOrders(IN_HAND))));
    }
    takeovers.push({ name, rounds: TAKEOVERS, seconds: seconds.sort((a, b) => a - b) });
  }

  const machine = `${cpus().length} cores (${cpus()[0]?.model.split(' ').slice(0, 2).join(' ') ?? '?'})`;
  const text = page({
    enqueued,
    resolved,
    takeovers,
    load,
    startedAt,
    machine,
    orders: ORDERS,
    inHand: IN_HAND,
    settings: PRODUCTION_SETTINGS,
  });
  if (quick) console.log(text);
  else writeFileSync(fileURLToPath(new URL('../../../docs/benchmarks-durable.md', import.meta.url)), text);
} finally {
  await gateway.kill();
  await server.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function measureEnqueue(
  name: string,
  store: Store,
  config: WechatPayConfig,
  range: { from: number; to: number },
  atOnce: number,
): Promise<Enqueued> {
  const till = new Process();
  await till.ask('open', { store, config });
  const begun = performance.now();
  const times = await till.ask('enqueue', { ...range, atOnce });
  const perSecond = (times.length / (performance.now() - begun)) * 1000;
  await till.ask('stop');
  await till.kill();
  return { name, atOnce, perSecond, p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
}

async function measureResolving(
  name: string,
  workers: number,
  store: Store,
  config: WechatPayConfig,
  range: { from: number; to: number },
): Promise<Resolved> {
  const count = range.to - range.from;
  const processes = Array.from({ length: workers }, () => new Process());
  const [first] = processes;
  if (!first) throw new Error('no worker');
  for (const worker of processes) await worker.ask('open', { store, config });
  await first.ask('enqueue', { ...range, atOnce: 16 });
  const cpuOf = async (some: readonly Process[]): Promise<number> => {
    const all = await Promise.all(some.map((one) => one.ask('cpu')));
    return all.reduce((sum, { seconds }) => sum + seconds, 0);
  };
  for (const worker of processes) await worker.ask('work');
  // The first tenth warms up.
  const until = async (enough: number): Promise<{ at: number; done: number }> => {
    for (;;) {
      const { done } = await first.ask('counts');
      if (done >= enough) return { at: performance.now(), done };
      await sleep(50);
    }
  };
  const begin = await until(count / 10);
  const before = [await cpuOf(processes), await cpuOf([gateway])] as const;
  const end = await until(count);
  const after = [await cpuOf(processes), await cpuOf([gateway])] as const;
  const { dead } = await first.ask('counts');
  if (dead > 0) throw new Error(`${dead} are dead`);
  const bytes = 'connectionString' in store ? await sizeOf(store.connectionString) : NaN;
  for (const worker of processes) {
    await worker.ask('stop');
    await worker.kill();
  }
  const made = end.done - begin.done;
  const seconds = (end.at - begin.at) / 1000;
  const cpuMs = (of: 0 | 1): number => ((after[of] - before[of]) / made) * 1000;
  return {
    name,
    workers,
    perSecond: made / seconds,
    workerCpuMs: cpuMs(0),
    gatewayCpuMs: cpuMs(1),
    bytes: bytes / count,
  };
}

/** Of the table with its indexes, and what its updates have left in it. */
async function sizeOf(connectionString: string): Promise<number> {
  const [row] = await server.query(
    `SELECT sum(pg_total_relation_size('wechatpay.' || name)) AS bytes FROM unnest('{orders,journal,tally,job_common}'::text[]) name`,
    connectionString,
  );
  return Number(row?.bytes);
}

/** Kills a worker that has its hands full. On one store for all processes another is ready; else it is started again. */
async function measureTakeover(
  store: Store,
  config: WechatPayConfig,
  range: { from: number; to: number },
): Promise<number[]> {
  const isShared = 'connectionString' in store;
  await gateway.ask('hang', { times: IN_HAND });
  const killed = new Process();
  await killed.ask('open', { store, config });
  await killed.ask('enqueue', { ...range, atOnce: 16 });
  await killed.ask('work');
  while ((await killed.ask('counts')).active < IN_HAND) await sleep(20);
  let other = new Process();
  if (isShared) await other.ask('open', { store, config });
  const before = (await (isShared ? other : killed).ask('counts')).done;
  if (isShared) await other.ask('work');
  await killed.kill();
  const killedAt = performance.now();
  await gateway.ask('hang', { times: 0 });
  if (!isShared) {
    await other.kill();
    other = new Process();
    await other.ask('open', { store, config });
    await other.ask('work');
  }
  const seconds: number[] = [];
  while (seconds.length < IN_HAND) {
    const { done } = await other.ask('counts');
    while (seconds.length < done - before) seconds.push((performance.now() - killedAt) / 1000);
    await sleep(20);
  }
  await other.ask('stop');
  await other.kill();
  return seconds;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
