// The thread in which PGlite runs: in JavaScript, since a worker thread has none of the loaders that the process may have.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

/** @type {string[]} */
const printed = [];
/** @type {PGlite | undefined} */
let pglite;

const commands = {
  start: async () => {
    pglite = await PGlite.create({
      dataDir: workerData.dataDir,
      onStderr: (line) => printed.push(line) > 0,
      // After a recovery, the timer of this message would never be stopped, and keep the process from ending.
      startParams: [...PGlite.defaultStartParams, '-c', 'log_startup_progress_interval=0'],
    });
    return [];
  },
  query: async ({ text, values }) => (await pglite.query(text, values)).rows,
  // Several statements: the rows of all.
  exec: async ({ text }) => (await pglite.exec(text)).flatMap(({ rows }) => rows ?? []),
  close: async () => {
    await pglite?.close();
    return [];
  },
};

parentPort.on('message', async ({ id, kind, ...parameters }) => {
  try {
    parentPort.postMessage({ id, rows: await commands[kind](parameters) });
  } catch (error) {
    // Of an error, a message between threads keeps no fields.
    parentPort.postMessage({ id, error: { ...error, message: error.message }, printed: printed.join('\n') });
  }
});
