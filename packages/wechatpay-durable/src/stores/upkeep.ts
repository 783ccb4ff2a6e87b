/** What a worker does now and then, beside its work. */
export interface Duty {
  readonly everyMs: number;
  readonly do: () => Promise<unknown>;
}

/** Does each duty at its time, one at a time; what fails is told, and done again at the next. */
export class Upkeep {
  readonly #timers: NodeJS.Timeout[];
  readonly #onProblem: (error: Error) => void;
  #last: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(duties: readonly Duty[], onProblem: (error: Error) => void) {
    this.#onProblem = onProblem;
    this.#timers = duties.map((duty) => {
      let isWaiting = false;
      return setInterval(() => {
        if (isWaiting) return;
        isWaiting = true;
        this.#last = this.#last
          .then(() => this.#do(duty))
          .finally(() => {
            isWaiting = false;
          });
      }, duty.everyMs).unref();
    });
  }

  async #do(duty: Duty): Promise<void> {
    if (this.#isStopped) return;
    try {
      await duty.do();
    } catch (error) {
      this.#onProblem(error as Error);
    }
  }

  /** Begins no other, and waits for the one that is being done. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const timer of this.#timers) clearInterval(timer);
    await this.#last;
  }
}
