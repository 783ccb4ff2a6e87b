// Over 250 lines, as one idea: what is measured, in its order, each with the processes that it needs.
// How fast durable orders are stored and resolved, how soon another worker takes over, and how long it takes to ask a store that keeps a
// million. It writes docs/benchmarks-durable.md.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { WechatPayConfig } from 'wechatpay-core';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { PostgresStore } from 'wechatpay-durable/postgres';
import { RedisStore } from 'wechatpay-durable/redis';
import { PostgresServer, PRODUCTION_SETTINGS } from '../test/servers/postgres.js';
import { RedisServer } from '../test/servers/redis.js';
import { ask, fillFolder, fillPostgres, fillRedis, type Asked, type Population } from './asking.js';
import { judge, tellMissed } from './bars.js';
import { Process } from './child.js';
import type { Store } from './process.js';
import type { DurableOrder } from 'wechatpay-durable';
import { page } from './page.js';
import { measureReconciling } from './reconciling-alone.js';
import type { Enqueued, Fairness, Resolved, Results, Takeover } from './results.js';

const quick = process.argv.includes('--quick');
const ORDERS = quick ? 1000 : 6000;
const ENQUEUED = quick ? 500 : 3000;
const TAKEOVERS = quick ? 1 : 5;
const ENDED = quick ? 10_000 : 1_000_000;
const WAITING = quick ? 1000 : 100_000;
const RECONCILED = quick ? 20_000 : 1_000_000;
const FAIR = { hanging: 1000, fresh: 100 };
/** How many orders a worker works on by default. */
const IN_HAND = 32;

const [load = 0] = loadavg();
const startedAt = new Date();
const folder = mkdtempSync(join(tmpdir(), 'bench-durable-'));
const server = await PostgresServer.create(PRODUCTION_SETTINGS);
const gateway = new Process();
let orders = 0;
try {
  const config = await gateway.ask('gateway');
  let stores = 0;
  const postgres = async (): Promise<Store> => ({ connectionString: await server.createDatabase() });
  const embedded = (): { readonly folder: string } => ({ folder: join(folder, String((stores += 1))) });

  console.error('bench: a bare INSERT');
  const bareInsertMs = await measureBareInsert();
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

  console.error('bench: one merchant hangs, another one does not');
  const fairness = await measureFairness({ connectionString: await server.createDatabase() }, config);
  console.error('bench: the event loop beside an embedded store');
  const stallMs = await measureStall(embedded(), config, await newOrders(quick ? 500 : 2000));
  const { asked, bytes } = await measureAsking(embedded(), config, await newOrders(20));

  const reconciled = await measureReconciling(server, RECONCILED);

  const machine = `${cpus().length} cores (${cpus()[0]?.model.split(' ').slice(0, 2).join(' ') ?? '?'})`;
  const results: Results = {
    bareInsertMs,
    enqueued,
    resolved,
    takeovers,
    asked,
    bytes,
    fairness,
    reconciled,
    stallMs,
    load,
    startedAt,
    machine,
    orders: ORDERS,
    inHand: IN_HAND,
    settings: PRODUCTION_SETTINGS,
  };
  const bars = judge(results);
  const text = page(results, bars);
  tellMissed(bars);
  if (quick) console.log(text);
  else writeFileSync(fileURLToPath(new URL('../../../docs/benchmarks-durable.md', import.meta.url)), text);
} finally {
  await gateway.kill();
  await server.dispose();
  rmSync(folder, { recursive: true, force: true });
}

async function newOrders(count: number): Promise<{ from: number; to: number }> {
  const range = { from: orders, to: (orders += count) };
  await gateway.ask('orders', range);
  return range;
}

async function measureEnqueue(
  name: string,
  store: Store,
  config: WechatPayConfig,
  range: { from: number; to: number },
  atOnce: number,
): Promise<Enqueued> {
  const till = new Process();
  await till.ask('open', { store, configs: [config] });
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
  for (const worker of processes) await worker.ask('open', { store, configs: [config] });
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
  const timesBefore = processorTimes();
  const end = await until(count);
  const timesAfter = processorTimes();
  const after = [await cpuOf(processes), await cpuOf([gateway])] as const;
  const { dead } = await first.ask('counts');
  if (dead > 0) throw new Error(`${dead} are dead`);
  const tables = ['orders', 'journal', 'tally', 'job_common'];
  const bytes = 'connectionString' in store ? await sizeOf(store.connectionString, tables) : NaN;
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
    busy: 1 - (timesAfter.idle - timesBefore.idle) / (timesAfter.all - timesBefore.all),
    bytes: bytes / count,
  };
}

/** Of all processors, whoever they worked for. */
function processorTimes(): { readonly idle: number; readonly all: number } {
  const times = cpus().map((each) => each.times);
  const all = times.flatMap((each) => Object.values(each)).reduce((sum, ms) => sum + ms, 0);
  return { idle: times.reduce((sum, { idle }) => sum + idle, 0), all };
}

/** A row as large as an order's, committed and flushed: what a store cannot do without. */
async function measureBareInsert(): Promise<number> {
  const client = new Client({ connectionString: await server.createDatabase() });
  await client.connect();
  try {
    await client.query('CREATE TABLE bare (id int PRIMARY KEY, data text)');
    const times: number[] = [];
    for (let id = 0; id < ENQUEUED; id += 1) {
      const begun = performance.now();
      await client.query('INSERT INTO bare VALUES ($1, $2)', [id, 'x'.repeat(1000)]);
      times.push(performance.now() - begun);
    }
    return quantile(
      times.sort((a, b) => a - b),
      0.5,
    );
  } finally {
    await client.end();
  }
}

/** Of the table with its indexes, and what its updates have left in it. */
async function sizeOf(connectionString: string, tables: readonly string[]): Promise<number> {
  const [row] = await server.query(
    `SELECT sum(pg_total_relation_size('wechatpay.' || name)) AS bytes FROM unnest('{${tables.join()}}'::text[]) name`,
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
  await killed.ask('open', { store, configs: [config] });
  await killed.ask('enqueue', { ...range, atOnce: 16 });
  await killed.ask('work');
  while ((await killed.ask('counts')).active < IN_HAND) await sleep(20);
  let other = new Process();
  if (isShared) await other.ask('open', { store, configs: [config] });
  const before = (await (isShared ? other : killed).ask('counts')).done;
  if (isShared) await other.ask('work');
  await killed.kill();
  const killedAt = performance.now();
  await gateway.ask('hang', { times: 0 });
  if (!isShared) {
    await other.kill();
    other = new Process();
    await other.ask('open', { store, configs: [config] });
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

/** A worker with the orders of two merchants: those of one never get an answer, and came first. */
async function measureFairness(store: Store, config: WechatPayConfig): Promise<Fairness> {
  const hanging = await gateway.ask('hangingMerchant');
  const worker = new Process();
  await worker.ask('open', { store, configs: [config, hanging] });
  const before = await newOrders(FAIR.hanging);
  await worker.ask('enqueue', { ...before, atOnce: 16, merchantId: hanging.merchantId });
  await worker.ask('work');
  while ((await worker.ask('counts')).active < IN_HAND) await sleep(20);
  const begun = performance.now();
  await worker.ask('enqueue', { ...(await newOrders(FAIR.fresh)), atOnce: 16, merchantId: config.merchantId });
  const { merchantId } = config;
  while ((await worker.ask('ended', { merchantId })).count < FAIR.fresh) await sleep(20);
  const seconds = (performance.now() - begun) / 1000;
  await worker.kill();
  return { ...FAIR, seconds };
}

/** In a process that stores orders in its own database, resolves them and reads pages of them, all at once. */
async function measureStall(
  store: Store,
  config: WechatPayConfig,
  range: { from: number; to: number },
): Promise<number> {
  const till = new Process();
  await till.ask('watch');
  await till.ask('open', { store, configs: [config] });
  await till.ask('work');
  await till.ask('enqueue', { ...range, atOnce: 16 });
  while ((await till.ask('counts')).done < range.to - range.from) await till.ask('pages', { times: 1 });
  await till.ask('pages', { times: 20 });
  const { ms } = await till.ask('longestStall');
  await till.ask('stop');
  await till.kill();
  return ms;
}

/** Asks each store that keeps very many, with copies of orders that were resolved. */
async function measureAsking(
  sampled: Store & { readonly folder: string },
  config: WechatPayConfig,
  range: { from: number; to: number },
): Promise<{ asked: Asked[]; bytes: Results['bytes'] }> {
  const till = new Process();
  await till.ask('open', { store: sampled, configs: [config] });
  await till.ask('work');
  await till.ask('enqueue', { ...range, atOnce: 1 });
  while ((await till.ask('counts')).done < range.to - range.from) await sleep(50);
  const { done, open, journal } = await till.ask('sample');
  await till.ask('stop');
  await till.kill();
  const population: Population = { ended: ENDED, waiting: WAITING, done: dated(done), open: dated(open), journal };
  const withoutJournal: Population = { ...population, journal: [] };

  const asked: Asked[] = [];
  const askOne = async (name: string, store: PostgresStore | EmbeddedStore | RedisStore): Promise<void> => {
    await store.open();
    console.error(`bench: questions to ${name}`);
    asked.push(await ask(name, store, population));
    await store.close();
  };

  console.error(`bench: ${ENDED} orders in PostgreSQL`);
  const connectionString = await server.createDatabase();
  await makeTables(new PostgresStore({ connectionString }));
  await fillPostgres(connectionString, population);
  await askOne('PostgreSQL', new PostgresStore({ connectionString }));
  const bytes = {
    row: (await sizeOf(connectionString, ['orders', 'tally'])) / (ENDED + WAITING),
    journal: (await sizeOf(connectionString, ['journal'])) / ENDED,
  };

  console.error(`bench: ${ENDED} orders in a folder`);
  const at = join(folder, 'many');
  await makeTables(new EmbeddedStore({ folder: at, onNote: () => undefined }));
  await fillFolder(at, withoutJournal);
  await askOne('PGlite', new EmbeddedStore({ folder: at, onNote: () => undefined }));

  if (RedisServer.isAvailable) {
    console.error(`bench: ${ENDED} orders in Redis`);
    const redis = await RedisServer.create({ isDurable: false });
    try {
      await fillRedis(redis.url, 'bench', withoutJournal);
      await askOne('Redis', new RedisStore({ connection: redis.url, queue: 'bench', allowVolatileRedis: true }));
    } finally {
      await redis.dispose();
    }
  }
  return { asked, bytes };
}

async function makeTables(store: PostgresStore | EmbeddedStore): Promise<void> {
  await store.open();
  await store.close();
}

/** What came from another process has texts where there were dates. */
function dated(order: DurableOrder): DurableOrder {
  return { ...order, createdAt: new Date(order.createdAt) };
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}
