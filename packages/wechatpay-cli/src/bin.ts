#!/usr/bin/env node
import { EXIT_CODES } from './exit-codes.js';
import { run } from './run.js';

const stop = new AbortController();
process.on('SIGINT', () => {
  // The first lets the current step end, so that its outcome is known; the second does not wait.
  if (stop.signal.aborted) process.exit(EXIT_CODES.interrupted);
  stop.abort();
});
// `wechatpay --help | head -0`: whoever read has gone. What was sent is carried through all the same.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
process.exitCode = await run(process.argv.slice(2), { signal: stop.signal });
