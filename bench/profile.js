// Where the CPU time of calls goes, by V8's sampling profiler (what `node --cpu-prof` records), summed up by whose code it is.
import { Session } from 'node:inspector/promises';
import { Worker } from './worker.js';

export const NODE = 'Node.js, TLS and the kernel';

/** In the contender's process. */
export async function recordProfile(run) {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  await run();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return sharesByOwner(profile);
}

/** Shares of reverseOrder's CPU time, at 16 calls at once: `{ undici: 0.41, … }`. */
export async function measureProfile(settings, { profileMs }) {
  console.error('bench: a CPU profile of reverseOrder');
  const worker = await Worker.start('contender.js', settings, ['core']);
  const options = { concurrency: 16, warmMs: 500 };
  await worker.ask('turn', { ...options, ms: profileMs }); // compiled by now
  const shares = await worker.ask('profile', { ...options, ms: profileMs });
  await worker.stop();
  return shares;
}

function sharesByOwner({ nodes, samples, timeDeltas }) {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const owners = new Map();
  const visit = (id, parentOwner) => {
    const node = byId.get(id);
    const owner = ownerOf(node.callFrame) ?? parentOwner;
    owners.set(id, owner);
    for (const child of node.children ?? []) visit(child, owner);
  };
  visit(nodes[0].id, NODE);

  const micros = {};
  let total = 0;
  samples.forEach((id, index) => {
    const owner = owners.get(id);
    if (owner === 'idle') return;
    micros[owner] = (micros[owner] ?? 0) + timeDeltas[index];
    total += timeDeltas[index];
  });
  const shares = Object.entries(micros).map(([owner, time]) => [owner, time / total]);
  return Object.fromEntries(shares.sort(([, a], [, b]) => b - a));
}

// What belongs to nobody in particular (array methods, regular expressions) counts for who called it.
function ownerOf({ functionName, url }) {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collection';
  if (functionName === '(program)') return NODE;
  const [, ownFile] = /\/wechatpay-core\/dist\/(\w+)\.js$/.exec(url) ?? [];
  if (ownFile !== undefined) return `wechatpay-core, ${ownFile}`;
  const [, name] = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(url) ?? [];
  if (name !== undefined) return name;
  if (url.startsWith('node:internal/crypto')) return 'node:crypto';
  if (url.startsWith('node:')) return NODE;
  if (url.includes('/bench/')) return 'the benchmark';
  return undefined;
}
