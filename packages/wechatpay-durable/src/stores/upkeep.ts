/** What a worker does now and then, beside its work. */
export interface Duty {
  readonly everyMs: number;
  /** A worker that lives for less than `everyMs` does it too. @default everyMs */
  readonly firstMs?: number;
  /** Where it has several steps, it begins no other once the signal is aborted. */
  readonly do: (signal: AbortSignal) => Promise<unknown>;
}

/** Does each duty at its time, one at a time; what fails is told, and done again at the next. */
export class Upkeep {
  readonly #timers: NodeJS.Timeout[];
  readonly #onProblem: (error: Error) => void;
  readonly #stopping = new AbortController();
  #last: Promise<void> = Promise.resolve();

  constructor(duties: readonly Duty[], onProblem: (error: Error) => void) {
    this.#onProblem = onProblem;
    this.#timers = duties.flatMap((duty) => {
      let isWaiting = false;
      const ring = (): void => {
        if (isWaiting) return;
        isWaiting = true;
        this.#last = this.#last
          .then(() => this.#do(duty))
          .finally(() => {
            isWaiting = false;
          });
      };
      const { everyMs, firstMs } = duty;
      return [setInterval(ring, everyMs), ...(firstMs === undefined ? [] : [setTimeout(ring, firstMs)])];
    });
    for (const timer of this.#timers) timer.unref();
  }

  async #do(duty: Duty): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    try {
      await duty.do(signal);
    } catch (error) {
      this.#onProblem(error as Error);
    }
  }

  /** Begins no other, nor another step of one, and waits for the one that is being done. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const timer of this.#timers) clearTimeout(timer);
    await this.#last;
  }
}
