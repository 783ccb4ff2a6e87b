// More callers than a slow gateway can answer: how many calls are answered, and how many end with an unknown outcome. Each case has
// a client and a port of the gateway of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from './worker.js';

const CONNECTIONS = 64; // the default of maxConnections
/** With a fast gateway 64 connections carry more calls than a core can make with TLS: then it is the core that is measured. */
const FAST_CONNECTIONS = 8;
export const DEFAULT_TIMEOUT_MS = 15_000;
/** The goodput after a gateway came back is looked at for so long. */
const RECOVERED_MS = 5_000;
const RECOVERY_MS = 2_000;
/** A call that is under way at the end of the stretch that is looked at is answered within `delayMs` and so long. */
const ANSWERED_WITHIN_MS = 500;
/** What the connections carry is looked at before and after each case: what this machine can do changes by the minute. */
const CARRIED_MS = 3_000;
const STOPPED_DELAY_MS = 500;

/** `{ cases: [{ timeoutMs, delayMs, callers, stops, … }], heapGrowth }`. */
export async function measureOverload(gateway, settings, plan) {
  const { overloadTimeouts, overloadDelays, overloadCallers, overloadMs, stopMs } = plan;
  const measuredMs = (delayMs) => Math.max(overloadMs, delayMs * 5);
  const worker = await Worker.start('overload-worker.js', settings);
  const before = await worker.ask('memory');
  const cases = [];
  const grid = (delayMs, stops) =>
    overloadTimeouts.flatMap((timeoutMs) =>
      overloadCallers.map((callers) => ({ timeoutMs, delayMs, callers, stops, connections: connectionsFor(delayMs) })),
    );
  // Compiled, like the client that it is compared with.
  await steady(
    gateway,
    worker,
    [{ timeoutMs: DEFAULT_TIMEOUT_MS, delayMs: 50, callers: 64, connections: FAST_CONNECTIONS }],
    CARRIED_MS,
  );
  const carried = {};
  for (const delayMs of overloadDelays) {
    const connections = connectionsFor(delayMs);
    const port = await gateway.ask('open', { delayMs });
    const carry = () => {
      console.error(`bench: what ${connections} connections carry, gateway ${delayMs} ms`);
      return worker.ask('carried', { port, delayMs, connections, ms: Math.max(CARRIED_MS, delayMs * 3) });
    };
    carried[delayMs] = await carry();
    // Who is busy now and then runs alone: what one case costs must not be another one's loss.
    const size = delayMs < 2_000 ? 1 : 9;
    const group = grid(delayMs, false);
    while (group.length > 0) {
      const now = group.splice(0, size);
      console.error(`bench: overload, ${now.map(describeCase).join('; ')}`);
      const results = await steady(gateway, worker, now, measuredMs(delayMs));
      const before = carried[delayMs];
      carried[delayMs] = await carry();
      const mean = (before + carried[delayMs]) / 2;
      cases.push(...results.map((each) => ({ ...each, possible: each.delayMs < each.timeoutMs ? mean : 0 })));
    }
  }
  for (const each of grid(STOPPED_DELAY_MS, true)) {
    console.error(`bench: a gateway that stops for ${stopMs / 1000} s, ${describeCase(each)}`);
    const results = await stopped(gateway, worker, [each], stopMs);
    cases.push(...results.map((result) => ({ ...result, possible: carried[STOPPED_DELAY_MS] })));
  }
  const after = await worker.ask('memory');
  await worker.stop();
  return { cases, heapGrowth: after.heap - before.heap };
}

function connectionsFor(delayMs) {
  return delayMs < 200 ? FAST_CONNECTIONS : CONNECTIONS;
}

export function describeCase({ timeoutMs, delayMs, callers }) {
  return `timeoutMs ${timeoutMs}, gateway ${delayMs} ms, ${callers} callers`;
}

async function steady(gateway, worker, cases, ms) {
  await open(gateway, worker, cases);
  // The first answers come at once for as many calls as there are connections: from the second round on, it is steady.
  await sleep(Math.max(1_500, cases[0].delayMs * 1.5));
  return results(worker, cases, ms);
}

async function stopped(gateway, worker, cases, stopMs) {
  const ports = await open(gateway, worker, cases);
  await sleep(4_000);
  await gateway.ask('stop', { ports });
  await worker.ask('gatewayStops');
  await sleep(stopMs);
  await gateway.ask('comeBack', { ports });
  await worker.ask('gatewayIsBack');
  await sleep(RECOVERY_MS);
  return results(worker, cases, RECOVERED_MS);
}

/** The answers a second from now on, for so long; the rest is counted from the start. */
async function results(worker, cases, ms) {
  const from = await worker.ask('now');
  await sleep(ms);
  const to = await worker.ask('now');
  await sleep(cases[0].delayMs + ANSWERED_WITHIN_MS);
  const came = await worker.ask('stop', { from, to });
  return cases.map((each, index) => ({ ...each, ...came[index] }));
}

async function open(gateway, worker, cases) {
  const ports = [];
  for (const { delayMs } of cases) ports.push(await gateway.ask('open', { delayMs }));
  await worker.ask('begin', { cases: cases.map((each, index) => ({ ...each, port: ports[index] })) });
  return ports;
}
