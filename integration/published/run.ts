import { execFile } from 'node:child_process';

/** How a command ended. A failure is a result too: some of these commands have to fail. */
export interface Result {
  /** The exit code; 0 is success. -1: it did not start, or a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  /** Both streams, to be read where it did not end as expected. */
  readonly output: string;
}

// What `npm run` and vitest leave in the environment would change what npm and the applications do.
const inherited =
  /^(npm_(package|lifecycle|config_(workspace|local|include|omit))|NODE_(ENV|OPTIONS)$|VITEST|TEST$|NX_)/i;
const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => !inherited.test(name)));

/** Runs a command to its end. `node` is the Node.js that runs the tests. */
export function run(folder: string, command: string, ...args: string[]): Promise<Result> {
  const node = command === 'node';
  return new Promise((resolve) => {
    const child = execFile(
      node ? process.execPath : command,
      args,
      { cwd: folder, env: environment, shell: !node && process.platform === 'win32', maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const code = child.exitCode ?? -1;
        resolve({ code, stdout, output: `${stdout}${stderr}${error && code < 0 ? error.message : ''}` });
      },
    );
  });
}

/** Runs a command that has to succeed. @throws {Error} with all that it wrote. */
export async function succeed(folder: string, command: string, ...args: string[]): Promise<string> {
  const { code, stdout, output } = await run(folder, command, ...args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
  return stdout;
}
