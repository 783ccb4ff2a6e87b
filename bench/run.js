// `npm run bench`: measures the built packages against the bare HTTP client and against the peers that a user would pick,
// and writes docs/benchmarks.md and docs/benchmarks.svg. `-- --quick` is short, prints the same page and writes nothing;
// with `-- --check` a missed bar is a failure.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FULL, QUICK } from './plan.js';
import { prepare } from './prepare.js';

const quick = process.argv.includes('--quick');
const plan = quick ? QUICK : FULL;

const [load] = loadavg(); // of the last minute, before we add to it
prepare();
// What these import is installed by the line above.
const { createSettings } = await import('./settings.js');
const { Worker } = await import('./worker.js');
const { measureCalls } = await import('./calls.js');
const { measureMemory } = await import('./memory.js');
const { measureProfile } = await import('./profile.js');
const { measureOverload } = await import('./overload.js');
const { measureImports } = await import('./imports.js');
const { judge } = await import('./bars.js');
const { writePage } = await import('./page.js');
const { drawChart } = await import('./chart.js');

const folder = mkdtempSync(join(tmpdir(), 'wechatpay-bench-'));
const startedAt = new Date();
try {
  const settings = await createSettings(folder);
  const gateway = await Worker.start('gateway.js', settings);
  settings.port = await gateway.ask('port');

  // First: the gateway's orders are paid when it starts, and one that was paid five minutes before it is asked for is another.
  console.error('bench: resolving');
  const resolvingWorker = await Worker.start('resolving.js', settings);
  const resolving = await resolvingWorker.ask('measure', plan);
  await resolvingWorker.stop();
  const calls = await measureCalls(gateway, settings, plan);
  const memory = await measureMemory(gateway, settings, plan);
  const profile = await measureProfile(settings, plan);
  const overload = await measureOverload(gateway, settings, plan);
  await gateway.stop();

  console.error('bench: sign, verify, encode and decode');
  const codecWorker = await Worker.start('codec.js', settings);
  const codec = await codecWorker.ask('measure', plan);
  await codecWorker.stop();

  console.error('bench: a sandbox with many orders');
  const sandboxWorker = await Worker.start('sandbox.js', settings);
  const sandbox = await sandboxWorker.ask('measure', plan);
  await sandboxWorker.stop();
  console.error('bench: reading statements');
  const statementWorker = await Worker.start('statement.js', settings);
  const statement = await statementWorker.ask('measure', plan);
  await statementWorker.stop();

  const imports = measureImports(plan);

  const minutes = (Date.now() - startedAt) / 60_000;
  const results = {
    calls,
    memory,
    profile,
    codec,
    resolving,
    overload,
    sandbox,
    statement,
    imports,
    plan,
    startedAt,
    load,
    minutes,
  };
  results.bars = judge(results);
  const page = writePage(results);
  if (quick) {
    console.log(page);
  } else {
    write('../docs/benchmarks.md', page);
    write('../docs/benchmarks.svg', drawChart(results));
  }
  for (const { name, bar, value, pass } of results.bars) {
    console.log(`${pass ? 'pass' : 'MISS'}  ${name}: ${value} (${bar})`);
  }
  if (process.argv.includes('--check') && results.bars.some(({ pass }) => !pass)) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true });
}

function write(path, text) {
  writeFileSync(fileURLToPath(new URL(path, import.meta.url)), text);
}
