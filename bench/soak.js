// `npm run soak`: ten million calls through one client, an hour or more. What is not flat, grows: heap, RSS, sockets, file handles.
// `SOAK_CALLS=100000 npm run soak` is short. It prints a line for each twentieth, and exits with 1 where something grew.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './prepare.js';

const CALLS = readCalls(process.env.SOAK_CALLS);
const SAMPLES = 20;
const CONCURRENCY = 64;
/** From the first sample to the last; RSS has what the allocator keeps for itself. */
const MAY_GROW = { heap: 1, rss: 16, sockets: 0, files: 0 };

prepare();
const { createSettings } = await import('./settings.js');
const { Worker } = await import('./worker.js');

const folder = mkdtempSync(join(tmpdir(), 'wechatpay-soak-'));
try {
  const settings = await createSettings(folder);
  const gateway = await Worker.start('gateway.js', settings);
  settings.port = await gateway.ask('port');
  const worker = await Worker.start('contender.js', settings, ['core']);
  await gateway.ask('turnOf', { who: worker.id });
  // Compiled and connected: what comes once does not count.
  await worker.ask('burst', { concurrency: CONCURRENCY, calls: CALLS / 100 });

  const startedAt = performance.now();
  const samples = [];
  let refused = 0;
  print('calls', 'minutes', 'heap MiB', 'RSS MiB', 'sockets', 'files', 'handshakes', 'not sent');
  for (let sample = 0; sample <= SAMPLES; sample += 1) {
    if (sample > 0) {
      const { notSent } = await worker.ask('burst', { concurrency: CONCURRENCY, calls: CALLS / SAMPLES });
      refused += notSent;
    }
    const { heap, rss, sockets, files } = await worker.ask('memory');
    const { handshakes } = await gateway.ask('usage');
    samples.push({ heap, rss, sockets, files });
    const minutes = (performance.now() - startedAt) / 60_000;
    const held = [heap.toFixed(2), rss.toFixed(0), sockets, files, handshakes];
    print((CALLS / SAMPLES) * sample, minutes.toFixed(1), ...held, refused);
  }
  await worker.stop();
  await gateway.stop();

  for (const [what, may] of Object.entries(MAY_GROW)) {
    const grown = samples.at(-1)[what] - samples[0][what];
    if (!(grown > may)) continue; // NaN: it cannot be seen here
    console.error(`soak: ${what} grew by ${grown.toFixed(2)}, more than ${may}.`);
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function readCalls(value = '') {
  if (value === '') return 10_000_000;
  if (/^\d+$/.test(value) && Number(value) >= 10_000) return Number(value);
  console.error(`SOAK_CALLS: must be a whole number, 10000 or more, not ${JSON.stringify(value)}.`);
  process.exit(2);
}

function print(...cells) {
  console.log(`| ${cells.map((cell) => (typeof cell === 'number' ? cell.toLocaleString('en') : cell)).join(' | ')} |`);
}
