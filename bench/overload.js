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
  const carried = {};
  for (const delayMs of overloadDelays) {
    const connections = connectionsFor(delayMs);
    console.error(`bench: what ${connections} connections carry, gateway ${delayMs} ms`);
    const port = await gateway.ask('open', { delayMs });
    carried[delayMs] = await worker.ask('carried', {
      port,
      delayMs,
      connections,
      ms: measuredMs(delayMs),
    });
    // Who is busy now and then runs alone: what one case costs must not be another one's loss.
    const size = delayMs < 2_000 ? 1 : 9;
    const group = grid(delayMs, false);
    while (group.length > 0) {
      const now = group.splice(0, size);
      console.error(`bench: overload, ${now.map(describeCase).join('; ')}`);
      cases.push(...(await steady(gateway, worker, now, measuredMs(delayMs))));
    }
  }
  for (const each of grid(STOPPED_DELAY_MS, true)) {
    console.error(`bench: a gateway that stops for ${stopMs / 1000} s, ${describeCase(each)}`);
    cases.push(...(await stopped(gateway, worker, [each], stopMs)));
  }
  for (const each of cases) each.possible = each.delayMs < each.timeoutMs ? carried[each.delayMs] : 0;
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
  const from = await worker.ask('counts');
  await sleep(ms);
  const to = await worker.ask('counts');
  await worker.ask('stop');
  return cases.map((each, index) => ({ ...each, ...between(from[index], to[index]) }));
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
  const from = await worker.ask('counts');
  await sleep(RECOVERED_MS);
  const to = await worker.ask('counts');
  await worker.ask('stop');
  return cases.map((each, index) => ({ ...each, ...between(from[index], to[index]) }));
}

/** Answers a second between two counts; the rest is counted from the start. */
function between(from, to) {
  const answered = (to.answered - from.answered) / ((to.at - from.at) / 1000);
  const { unknown, avoidable, refused, longestMs } = to;
  return { answered, unknown, avoidable, refused, longestMs };
}

async function open(gateway, worker, cases) {
  const ports = [];
  for (const { delayMs } of cases) ports.push(await gateway.ask('open', { delayMs }));
  await worker.ask('begin', { cases: cases.map((each, index) => ({ ...each, port: ports[index] })) });
  return ports;
}
