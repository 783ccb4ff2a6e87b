import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Commands } from './process.js';

/** A process that does what it is asked for, and nothing else. */
export class Process {
  readonly #child: ChildProcess;

  constructor() {
    const file = fileURLToPath(new URL('process.ts', import.meta.url));
    this.#child = fork(file, { execArgv: ['--import', 'tsx'], env: { ...process.env, NODE_ENV: 'benchmark' } });
  }

  /** One thing at a time. */
  async ask<Name extends keyof Commands>(
    name: Name,
    ...[parameters]: Parameters<Commands[Name]>
  ): Promise<Awaited<ReturnType<Commands[Name]>>> {
    const answer = once(this.#child, 'message') as Promise<[{ result: never; error?: string }]>;
    this.#child.send({ name, parameters: parameters ?? {} });
    const [{ result, error }] = await answer;
    if (error !== undefined) throw new Error(`${name}: ${error}`);
    return result;
  }

  async kill(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}
