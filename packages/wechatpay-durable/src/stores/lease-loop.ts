import type { ProblemListener, DurableOrderData, OrderHandler, Verdict } from './store.js';

/** What a store brings to a {@link LeaseLoop}. */
export interface LeaseLoopOptions<Taken> {
  readonly concurrency: number;
  readonly handler: OrderHandler;
  readonly onProblem: ProblemListener;
  /** How often it looks for what is due, with nothing to do. */
  readonly pollMs: number;
  /** How often what is held is told to be alive. */
  readonly touchMs: number;
  readonly take: (limit: number) => Promise<Taken[]>;
  readonly touch: (taken: Taken[]) => Promise<void>;
  /** @throws {LeaseLostError} */
  readonly save: (taken: Taken, data: DurableOrderData) => Promise<void>;
  /** @throws {LeaseLostError} */
  readonly resolve: (taken: Taken, verdict: Verdict) => Promise<void>;
}

/**
 * Takes what is due and hands it out, so many at a time, and the next as soon as one is ready.
 *
 * pg-boss's own workers take a batch and wait for the slowest of it, or one job at each poll.
 */
export class LeaseLoop<Taken extends { id: string; data: DurableOrderData }> {
  readonly #options: LeaseLoopOptions<Taken>;
  readonly #stopping = new AbortController();
  readonly #held = new Map<Taken, Promise<void>>();
  #isAwake = false;
  #wake: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #touching: NodeJS.Timeout | undefined;

  constructor(options: LeaseLoopOptions<Taken>) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#takeOn();
    this.#touching = setInterval(() => void this.#touch(), this.#options.touchMs);
  }

  /** Something is due. */
  wake(): void {
    this.#isAwake = true;
    this.#wake();
  }

  /** Takes no more, tells the handlers to stop, and waits for them. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#running;
    clearInterval(this.#touching);
  }

  async #takeOn(): Promise<void> {
    const { concurrency, pollMs, take, onProblem } = this.#options;
    const { signal } = this.#stopping;
    // Not for each that is ready: a quarter at once costs the store a quarter of the questions.
    const enough = Math.ceil(concurrency / 4);
    while (!signal.aborted) {
      const free = concurrency - this.#held.size;
      this.#isAwake = false;
      let taken: Taken[] = [];
      try {
        if (free > 0) taken = await take(free);
      } catch (error) {
        onProblem(error as Error);
        await this.#pause(1000);
        continue;
      }
      for (const one of taken) this.#hold(one);
      if (taken.length < free) await this.#pause(pollMs);
      else while (this.#held.size > concurrency - enough) await Promise.race(this.#held.values());
    }
    await Promise.all(this.#held.values());
  }

  #hold(taken: Taken): void {
    this.#held.set(
      taken,
      this.#handle(taken).finally(() => this.#held.delete(taken)),
    );
  }

  // Whatever goes wrong: what is no longer held is no longer told to be alive, so that its lease lapses.
  async #handle(taken: Taken): Promise<void> {
    const { handler, onProblem, save, resolve } = this.#options;
    const { id, data } = taken;
    try {
      const verdict = await handler({ id, data, signal: this.#stopping.signal, save: (next) => save(taken, next) });
      await resolve(taken, verdict);
      if (verdict.kind !== 'again') verdict.onStored?.();
      else if (verdict.delayMs === 0) this.wake();
    } catch (error) {
      onProblem(error as Error, id);
    }
  }

  async #touch(): Promise<void> {
    const { touch, onProblem } = this.#options;
    if (this.#held.size > 0) await touch([...this.#held.keys()]).catch(onProblem);
  }

  /** Until there is something to do, or the time is over. */
  async #pause(ms: number): Promise<void> {
    if (this.#isAwake || this.#stopping.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
