// One contender in a process of its own: `node contender.js <name>`, asked by calls.js, memory.js and profile.js.
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { recordProfile } from './profile.js';
import { percentile } from './stats.js';
import { serve } from './worker.js';

serve(async (settings) => {
  const { call, plain, isReversed } = await (await import(`./contenders/${process.argv[2]}.js`)).open(settings);
  let orders = 0;
  const numbered = (reverse) => () => reverse(`T${(orders += 1)}`);
  const reverse = numbered(call);
  return {
    isReversed: async () => isReversed(await reverse()),
    turn: ({ function: name, ...options }) => turn(name === 'plain' ? numbered(plain) : reverse, options),
    burst: (options) => burst(reverse, options),
    profile: (options) => recordProfile(() => turn(reverse, options)),
    memory,
  };
});

/**
 * Keeps `concurrency` calls in flight, and looks at `ms` of it, after `warmMs` and after each has once been answered: the
 * handshakes of connections that dropped while others had their turn come before. Calls that are in flight when the look
 * begins or ends count by when they end, so that a slow contender is not charged for starting up and running out.
 */
async function turn(reverse, { concurrency, warmMs, ms }) {
  let running = true;
  let latencies = [];
  let answered = 0;
  let total = 0;
  let allAnswered;
  const warm = new Promise((resolve) => {
    allAnswered = resolve;
  });
  const loops = Array.from({ length: concurrency }, async () => {
    await reverse();
    total += 1;
    if ((answered += 1) === concurrency) allAnswered();
    while (running) {
      const startedAt = performance.now();
      await reverse();
      latencies.push(performance.now() - startedAt);
      total += 1;
    }
  });
  const ended = Promise.all(loops); // rejects with the first call that fails: a benchmark of errors is none
  await Promise.race([ended, Promise.all([warm, sleep(warmMs)])]);
  latencies = [];
  const cpu = process.cpuUsage();
  const from = performance.now();
  // On a machine that stands still for a while, a turn goes on until there is something to tell.
  do await Promise.race([ended, sleep(ms)]);
  while (latencies.length < concurrency);
  const elapsedMs = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  const measured = latencies;
  latencies = [];
  running = false;
  await ended;
  return {
    total,
    callsPerSecond: (measured.length / elapsedMs) * 1000,
    cpuMicros: (user + system) / measured.length,
    p50: percentile(measured, 0.5),
    p99: percentile(measured, 0.99),
  };
}

/** What a machine that stood still has kept from leaving was not sent, and is made again. @returns how many of these there were. */
async function burst(reverse, { concurrency, calls }) {
  let left = calls;
  let notSent = 0;
  const loops = Array.from({ length: concurrency }, async () => {
    while (left > 0) {
      left -= 1;
      try {
        await reverse();
      } catch (error) {
        if (error.outcome !== 'not-sent') throw error;
        left += 1;
        notSent += 1;
        await sleep(error.retryAfterMs ?? 100);
      }
    }
  });
  await Promise.all(loops);
  return { notSent };
}

function isSocket(file) {
  try {
    return readlinkSync(join(FILES, file)).startsWith('socket:');
  } catch {
    return false; // it was open only to read the folder
  }
}

/** In MiB, after the garbage is gone: finalizers run between two collections. And what the process holds open, where it can be seen. */
async function memory() {
  for (let i = 0; i < 3; i += 1) {
    globalThis.gc();
    await sleep(20);
  }
  const { rss, heapUsed } = process.memoryUsage();
  const files = existsSync(FILES) ? readdirSync(FILES) : undefined;
  // Idle connections hold no process up: Node.js does not name them among what is active.
  const sockets = files?.filter(isSocket).length ?? NaN;
  return { rss: rss / 2 ** 20, heap: heapUsed / 2 ** 20, sockets, files: files?.length ?? NaN };
}

const FILES = '/proc/self/fd';
