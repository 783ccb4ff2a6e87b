import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('..', import.meta.url));
const children: ChildProcess[] = [];

export interface Started {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<unknown[]>;
  /** Where it listens, once it does. */
  readonly url: () => Promise<string>;
}

/** The application as `npm start` runs it, in one process: a signal reaches it, and nothing outlives the test. */
export function startProcess(env: Record<string, string>): Started {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/main.ts'], {
    cwd: folder,
    env: { ...process.env, TSX_TSCONFIG_PATH: '../../tsconfig.json', PORT: '0', ...env },
  });
  children.push(child);
  let output = '';
  const note = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const ended = once(child, 'exit');
  const url = async (): Promise<string> => {
    for (;;) {
      const [, found] = /The till: +(\S+)\//.exec(output) ?? [];
      if (found !== undefined) return found;
      if (child.exitCode !== null) throw new Error(output);
      await Promise.race([once(child.stdout, 'data'), ended]);
    }
  };
  return { child, output: () => output, ended, url };
}

export async function killAll(): Promise<void> {
  const running = children.splice(0).filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null);
  const ends = running.map((child) => once(child, 'exit'));
  for (const child of running) child.kill('SIGKILL');
  await Promise.all(ends);
}
