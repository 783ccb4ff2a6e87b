import { beforeAll, describe, expect, it } from 'vitest';
import { PostgresServer } from '../test/servers/postgres.js';
import { RedisServer } from '../test/servers/redis.js';
import { checks, hasBegun, checkHistory } from './checker/checker.js';
import { reconcilingChecks } from './checker/reconciling-checks.js';
import { summarize } from './checker/summary.js';
import { describeHistory, type History, type OrderHistory } from './history/history.js';
import { runChaos } from './run.js';
import { readSettings } from './settings.js';

// Real processes, a real database, a gateway that remembers everything; and nothing else that works. The ledger is the judge.
const settings = readSettings();
const SHOWN = 3;

const server = { postgres: PostgresServer, redis: RedisServer, embedded: { isAvailable: true, reason: '' } }[
  settings.store
];

describe.skipIf(!server.isAvailable)(`in chaos, on ${settings.store} ${server.reason}`, () => {
  let history: History;
  let results: Map<string, Map<OrderHistory, string>>;

  beforeAll(async () => {
    // Where vitest itself is killed, its process of tests goes too, and with it all that it has started.
    process.once('disconnect', () => process.exit(1));
    console.log(
      `CHAOS_SEED=${settings.seed} CHAOS_SECONDS=${settings.seconds} CHAOS_ORDERS=${settings.orders} CHAOS_STORE=${settings.store} CHAOS_FAULTS=${settings.faults.join(',')}`,
    );
    const start = Date.now();
    history = await runChaos(settings);
    results = checkHistory(history);
    if (settings.tell) console.log(history.orders.map((order) => describeHistory(order, history)).join('\n'));
    console.log(summarize(history, settings, Date.now() - start));
  });

  it.each(Object.keys(checks))('%s', (name) => {
    const found = [...(results.get(name) ?? [])];
    const told = found
      .slice(0, SHOWN)
      .map(([order, problem]) => `${order.planned.outTradeNo}: ${problem}\n${describeHistory(order, history)}`);
    expect(found.length, `${found.length} orders. ${told.join('\n\n')}`).toBe(0);
  });

  it.each(Object.keys(reconcilingChecks))('%s', (name) => {
    expect(reconcilingChecks[name]?.(history)).toBeUndefined();
  });

  it('everything comes to rest in time', () => {
    expect(history.unfinished).toEqual([]);
  });

  it('no process ends unasked', () => {
    expect(history.unexpectedExits).toEqual([]);
  });

  // A chaos in which nothing goes wrong would prove nothing.
  it('something did happen', () => {
    for (const [name, count] of Object.entries(history.counts)) expect(count, name).toBeGreaterThan(0);
    expect(Object.keys(history.faults).length).toBeGreaterThan(15);
    // Whether a lease is lost in the middle of a step is a matter of chance, told in the table.
  });

  it('every order agrees', ({ task }) => {
    const judged = history.orders.filter(hasBegun);
    const wrong = new Set([...results.values()].flatMap((found) => [...found.keys()]));
    task.meta.orders = { passed: judged.length - wrong.size, failed: wrong.size };
    expect([...wrong].map(({ planned }) => planned.outTradeNo)).toEqual([]);
  });
});
