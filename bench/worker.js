// Processes that are asked by message: the gateway and each contender live in one of their own, so that CPU time and memory
// are theirs alone, and so that one's garbage or optimised code does not become another's.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

let nextId = 0;

export class Worker {
  /** Which process it is. */
  id;
  #child;
  #waiting;

  static async start(file, settings, parameters = []) {
    const worker = new Worker();
    worker.id = nextId += 1;
    worker.#child = fork(fileURLToPath(new URL(file, import.meta.url)), parameters, {
      execArgv: ['--expose-gc'],
      // The only way to have tenpay, which takes no `ca`, trust the gateway. The others are given `ca`.
      env: { ...process.env, NODE_EXTRA_CA_CERTS: settings.caFile, NODE_ENV: 'production' },
    });
    worker.#child.on('message', ({ result, error }) => {
      const { resolve, reject } = worker.#waiting;
      if (error === undefined) resolve(result);
      else reject(new Error(`${[file, ...parameters].join(' ')}: ${error}`));
    });
    worker.#child.on('exit', (code) => {
      worker.#waiting?.reject(new Error(`${[file, ...parameters].join(' ')} ended with ${code}.`));
    });
    await worker.ask('start', settings);
    return worker;
  }

  /** Asks one thing at a time. */
  ask(question, parameters = {}) {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#child.send({ question, parameters });
    });
  }

  async stop() {
    this.#waiting = undefined;
    this.#child.disconnect();
    this.#child.kill();
    await once(this.#child, 'exit');
  }
}

/** The other side: `start(settings)` gives the handlers by their questions. */
export function serve(start) {
  let handlers = {
    start: async (settings) => {
      handlers = await start(settings);
    },
  };
  process.on('message', async ({ question, parameters }) => {
    try {
      process.send({ result: await handlers[question](parameters) });
    } catch (error) {
      process.send({ error: error.stack ?? String(error) });
    }
  });
  process.on('disconnect', () => process.exit()); // never outlives the run
}
