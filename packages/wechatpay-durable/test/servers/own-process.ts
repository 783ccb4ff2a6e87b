import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** It reads the process's id, and an empty line once that has ended; where its input ends, whoever was in charge is gone. */
const GUARD = `
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -QUIT "$pid"
  for _ in $(seq 60); do
    kill -0 "$pid" || { pid=; break; }
    sleep 0.05
  done
  [ -z "$pid" ] || kill -KILL "$pid"
fi
[ -z "$1" ] || rm -rf "$1"
`;

/**
 * A server's process and its folder, of which nothing is left once {@link dispose} was called, or this process has ended: even by
 * SIGKILL, since a shell of its own keeps watch.
 */
export class OwnProcess {
  readonly folder: string;
  readonly #guard: ChildProcess;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(folder: string) {
    this.folder = folder;
    this.#guard = keepWatch(folder);
  }

  static async create(name: string): Promise<OwnProcess> {
    return new OwnProcess(await mkdtemp(join(tmpdir(), `wechatpay-${name}-`)));
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** What it has written to stdout and stderr. */
  get output(): string {
    return this.#output;
  }

  /** Starts it, and waits until its output says `ready`. @throws {Error} it ended before, with what it wrote. */
  async start(
    command: string,
    args: readonly string[],
    ready: string,
    options: Pick<SpawnOptions, 'uid' | 'gid' | 'env' | 'cwd'> = {},
  ): Promise<void> {
    if (this.#child) throw new Error('It runs already.');
    const child = spawn(command, args, { cwd: this.folder, ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    this.#output = '';
    if (child.pid !== undefined) this.#guard.stdin?.write(`${String(child.pid)}\n`);
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => {
        this.#child = undefined;
        if (this.#guard.stdin?.writable) this.#guard.stdin.write('\n');
        reject(new Error(`${command} ended with ${String(signal ?? code)}:\n${this.#output}`));
      });
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          this.#output = (this.#output + text).slice(-20_000);
          if (this.#output.includes(ready)) resolve();
        });
      }
    });
  }

  /** Sends a signal, and waits until it has ended. */
  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  /** Ends it, and deletes the folder. */
  async dispose(): Promise<void> {
    if (this.#guard.exitCode !== null || this.#guard.signalCode !== null) return;
    const exit = once(this.#guard, 'exit');
    this.#guard.ref();
    this.#guard.stdin?.end();
    await exit;
  }
}

/**
 * Watches over the process whose id is written to its stdin, and ends it where this process has ended, or the input has.
 *
 * @param folder is deleted then.
 */
export function keepWatch(folder = ''): ChildProcess {
  // A session of its own: a Ctrl-C in the terminal must not end the guard before its work.
  const guard = spawn('sh', ['-c', GUARD, 'sh', folder], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  (guard.stdin as Socket).unref();
  return guard;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
