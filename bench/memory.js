// Many calls through one client: what stays behind, and how often it connects.
import { Worker } from './worker.js';

export async function measureMemory(gateway, settings, { memoryCalls }) {
  console.error(`bench: memory over ${memoryCalls} calls`);
  const worker = await Worker.start('contender.js', settings, ['core']);
  const before = await gateway.ask('usage');
  const step = memoryCalls / 10;
  const samples = [];
  for (let calls = step; calls <= memoryCalls; calls += step) {
    await worker.ask('burst', { concurrency: 64, calls: step });
    samples.push({ calls, ...(await worker.ask('memory')) });
  }
  const after = await gateway.ask('usage');
  await worker.stop();
  return { samples, handshakes: after.handshakes - before.handshakes };
}
