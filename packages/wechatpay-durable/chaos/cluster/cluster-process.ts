import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildSettings, Order } from './child.js';
import type { ReconcileMessage } from './reconcile.js';

export interface ProcessOptions {
  readonly folder: string;
  readonly settings: (process: string) => Omit<ChildSettings, 'log'>;
  readonly onMessage?: (process: string, message: Message | ReconcileMessage) => void;
  readonly onEnd?: (process: string) => void;
}

/** What a child says. */
interface Message {
  readonly kind: string;
  readonly task?: undefined;
  readonly outTradeNo?: string;
  readonly answer?: string;
  readonly codeUrl?: string;
  /** Of a notification. */
  readonly number?: number;
  /** What it was asked. */
  readonly open?: number;
  readonly redriven?: readonly string[];
}

/** A line of a process's log. */
export interface LogEntry {
  readonly at: number;
  readonly by: string;
  readonly kind: string;
  readonly outTradeNo?: string;
  readonly [name: string]: unknown;
}

/** Of a machine that does much else. */
const START_MS = 120_000;
const ANSWER_MS = 10_000;

/** A process that is killed, and replaced by another of the same name. */
export class ClusterProcess {
  readonly name: string;
  readonly #role: 'worker' | 'cashier' | 'shop';
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #count = 0;
  #isMeantToEnd = false;
  #pause: ChildProcess | undefined;
  isReady = false;
  /** When each was killed, by its process, as in `worker-2.3`. */
  readonly killedAt = new Map<string, number>();
  /** When each was started. */
  readonly startedAt = new Map<string, number>();
  /** What ended without being stopped or killed. */
  readonly unexpectedExits: string[] = [];

  constructor(role: 'worker' | 'cashier' | 'shop', index: number, options: ProcessOptions) {
    this.name = `${role}-${index}`;
    this.#role = role;
    this.#options = options;
  }

  /** The process that there is now. */
  get process(): string {
    return `${this.name}.${this.#count}`;
  }

  get isPaused(): boolean {
    return this.#pause !== undefined;
  }

  async start(): Promise<void> {
    this.#count += 1;
    this.#isMeantToEnd = false;
    const { process: name } = this;
    this.startedAt.set(name, Date.now());
    const { folder, settings, onMessage, onEnd } = this.#options;
    const file = join(folder, `${name}.json`);
    writeFileSync(file, JSON.stringify({ ...settings(name), log: this.#log(this.#count) }));
    const child = fork(fileURLToPath(new URL(`./${this.#role}.ts`, import.meta.url)), [file], {
      execArgv: ['--import', 'tsx'],
      // What tsx keeps goes where all goes in the end.
      env: { PATH: process.env.PATH, TMPDIR: folder, TSX_TSCONFIG_PATH: TSCONFIG, NODE_OPTIONS: '' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    let errors = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors = (errors + text).slice(-4000)));
    const ready = new Promise<void>((resolve) => {
      child.on('message', (message: Message) => {
        if (message.kind === 'ready') {
          this.isReady = true;
          resolve();
        } else onMessage?.(name, message);
      });
    });
    child.once('exit', (code, signal) => {
      this.isReady = false;
      if (!this.#isMeantToEnd) this.unexpectedExits.push(`${name} ended with ${String(signal ?? code)}: ${errors}`);
      onEnd?.(name);
    });
    await Promise.race([ready, once(child, 'exit'), sleep(START_MS, undefined, { ref: false })]);
  }

  /** @returns its answer; without a word where it gives none. */
  async ask(kind: (Order & { readonly kind: 'count' | 'redrive' })['kind']): Promise<Partial<Message>> {
    const child = this.#child;
    if (!isAlive(child)) return {};
    const answered = new Promise<Message>((resolve) => {
      const listen = (message: Message): void => {
        if (message.kind !== kind) return;
        child.off('message', listen);
        resolve(message);
      };
      child.on('message', listen);
    });
    this.send({ kind } satisfies Order);
    return Promise.race([answered, sleep(ANSWER_MS, {}, { ref: false })]);
  }

  send(message: object): void {
    this.#child?.send(message, () => undefined);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!isAlive(child)) return;
    this.#isMeantToEnd = true;
    this.isReady = false;
    this.killedAt.set(this.process, Date.now());
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    await this.resume();
  }

  /** As a machine that sleeps: it goes on, later, in the middle of whatever it did. Also where this process has died. */
  async pause(): Promise<void> {
    const script = 'kill -STOP "$1"; echo; read -r _; kill -CONT "$1"';
    const pause = spawn('sh', ['-c', script, 'sh', String(this.#child?.pid)], {
      stdio: ['pipe', 'pipe', 'ignore'],
      detached: true,
    });
    this.#pause = pause;
    await Promise.race([once(pause.stdout, 'data'), once(pause, 'exit')]);
  }

  async resume(): Promise<void> {
    if (!this.#pause) return;
    const exit = once(this.#pause, 'exit');
    this.#pause.stdin?.end();
    await exit;
    this.#pause = undefined;
  }

  /** Asks it to stop; @returns whether it did. */
  async stop(withinMs: number): Promise<boolean> {
    const child = this.#child;
    if (!isAlive(child)) return true;
    this.#isMeantToEnd = true;
    const exit = once(child, 'exit');
    this.send({ kind: 'stop' } satisfies Order);
    await Promise.race([exit, sleep(withinMs, undefined, { ref: false })]);
    const isStopped = !isAlive(child);
    child.kill('SIGKILL');
    return isStopped;
  }

  entries(): LogEntry[] {
    return Array.from({ length: this.#count }, (_, index) => {
      let text = '';
      try {
        text = readFileSync(this.#log(index + 1), 'utf8');
      } catch {
        // It was killed before it had done anything.
      }
      const lines = text.split('\n').filter((line) => line.endsWith('}'));
      return lines.map(
        (line) => ({ by: `${this.name}.${index + 1}`, ...(JSON.parse(line) as Omit<LogEntry, 'by'>) }) as LogEntry,
      );
    }).flat();
  }

  #log(count: number): string {
    return join(this.#options.folder, `${this.name}.${count}.jsonl`);
  }
}

function isAlive(child: ChildProcess | undefined): child is ChildProcess {
  return child?.exitCode === null && child.signalCode === null;
}

const TSCONFIG = fileURLToPath(new URL('../../tsconfig.json', import.meta.url));
