import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { keepWatch } from '../servers/own-process.js';
import type { Command, Report, StoreOfAnotherProcess } from '../worker.js';
import { Mailbox } from './mailbox.js';

const WORKER = fileURLToPath(new URL('../worker.ts', import.meta.url));
const PACKAGE = fileURLToPath(new URL('../..', import.meta.url));

/** A worker with a process of its own, so that it can vanish. */
export class AnotherProcess {
  readonly #child: ChildProcess;
  readonly #guard: ChildProcess;
  readonly #reports = new Mailbox<Report>();

  private constructor(underTest: StoreOfAnotherProcess) {
    this.#child = fork(WORKER, [JSON.stringify(underTest)], { cwd: PACKAGE, execArgv: ['--import', 'tsx'] });
    this.#child.on('message', (report: Report) => {
      this.#reports.put(report);
    });
    // One that is stopped does not see that the test has ended.
    this.#guard = keepWatch();
    if (this.#child.pid !== undefined) this.#guard.stdin?.write(`${String(this.#child.pid)}\n`);
    this.#child.once('exit', () => {
      this.#guard.stdin?.end('\n');
    });
  }

  /** Opens the store, and works on what is due, one at a time. */
  static async start(underTest: StoreOfAnotherProcess): Promise<AnotherProcess> {
    const worker = new AnotherProcess(underTest);
    await worker.next('ready');
    return worker;
  }

  /** The next report of this kind. */
  next<Kind extends Report['kind']>(kind: Kind): Promise<Extract<Report, { kind: Kind }>> {
    return this.#reports.take((report): report is Extract<Report, { kind: Kind }> => report.kind === kind);
  }

  /** What it answers: `saved` or `refused`. */
  async save(data: Extract<Command, { kind: 'save' }>['data']): Promise<Report> {
    this.#send({ kind: 'save', data });
    return this.#reports.take((report): report is Report => report.kind === 'saved' || report.kind === 'refused');
  }

  end(verdict: Extract<Command, { kind: 'end' }>['verdict']): void {
    this.#send({ kind: 'end', verdict });
  }

  /** It stands still, as in a long pause, until {@link resume}. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** It vanishes: kill -9. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }

  #send(command: Command): void {
    this.#child.send(command);
  }
}
