import { beforeAll, describe, expect, it } from 'vitest';
import { PostgresServer } from '../test/servers/postgres.js';
import { tellHistory, type Evidence, type OrderEvidence } from './evidence.js';
import { readSettings } from './settings.js';
import { runStorm } from './storm.js';
import { summarize } from './summary.js';
import { checks, hasBegun, judge } from './verdict.js';

// Real processes, a real PostgreSQL, a gateway that remembers everything; and nothing else that works. The ledger is the judge.
const settings = readSettings();
const SHOWN = 3;

describe.skipIf(!PostgresServer.isAvailable)(`in chaos, on PostgreSQL ${PostgresServer.reason}`, () => {
  let evidence: Evidence;
  let verdict: Map<string, Map<OrderEvidence, string>>;

  beforeAll(async () => {
    // Where vitest itself is killed, its process of tests goes too, and with it all that it has started.
    process.once('disconnect', () => process.exit(1));
    console.log(`CHAOS_SEED=${settings.seed} CHAOS_SECONDS=${settings.seconds} CHAOS_ORDERS=${settings.orders}`);
    const start = Date.now();
    evidence = await runStorm(settings);
    verdict = judge(evidence);
    if (settings.tell) console.log(evidence.orders.map((order) => tellHistory(order, evidence)).join('\n'));
    console.log(summarize(evidence, settings, Date.now() - start));
  });

  it.each(Object.keys(checks))('%s', (name) => {
    const found = [...(verdict.get(name) ?? [])];
    const told = found
      .slice(0, SHOWN)
      .map(([order, problem]) => `${order.script.outTradeNo}: ${problem}\n${tellHistory(order, evidence)}`);
    expect(found.length, `${found.length} orders. ${told.join('\n\n')}`).toBe(0);
  });

  it('everything comes to rest in time', () => {
    expect(evidence.unfinished).toEqual([]);
  });

  it('no process ends unasked', () => {
    expect(evidence.falls).toEqual([]);
  });

  // A chaos in which nothing goes wrong would prove nothing.
  it('something did happen', () => {
    for (const [name, count] of Object.entries(evidence.counts)) expect(count, name).toBeGreaterThan(0);
    expect(Object.keys(evidence.faults).length).toBeGreaterThan(15);
    // Whether a lease is lost in the middle of a step is a matter of chance, told in the table.
  });

  it('every order agrees', ({ task }) => {
    const judged = evidence.orders.filter(hasBegun);
    const wrong = new Set([...verdict.values()].flatMap((found) => [...found.keys()]));
    task.meta.orders = { passed: judged.length - wrong.size, failed: wrong.size };
    expect([...wrong].map(({ script }) => script.outTradeNo)).toEqual([]);
  });
});
