/** What a callback of the caller threw. It stopped nothing: an order that may be charged is resolved all the same. */
export interface CallbackError {
  /** The option, as in `onStep`; `now` is the client's clock. */
  readonly callback: 'onUnclear' | 'onStep' | 'wait' | 'now';
  readonly error: unknown;
}

/** At most so many are kept of one run: a callback that fails at each step tells the same each time. */
const MAX_ERRORS = 20;

/** Calls what the caller gave, and keeps what it throws. */
export class Callbacks {
  readonly errors: CallbackError[] = [];
  #clock: { readonly time: number; readonly at: number } | undefined;

  async call(callback: CallbackError['callback'], run: () => Promise<void> | void): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.#keep(callback, error);
    }
  }

  /** The time by a clock that may throw, or give what is no time: then by what it said last. */
  now(clock: () => number): number {
    const at = performance.now();
    try {
      const time = clock();
      if (!Number.isFinite(time)) throw new TypeError('The clock gave no time in milliseconds since 1970.');
      this.#clock = { time, at };
      return time;
    } catch (error) {
      this.#keep('now', error);
      return this.#clock ? this.#clock.time + Math.round(at - this.#clock.at) : Date.now();
    }
  }

  /** To be spread into a result. */
  result(): { readonly callbackErrors?: readonly CallbackError[] } {
    return this.errors.length > 0 ? { callbackErrors: this.errors } : {};
  }

  #keep(callback: CallbackError['callback'], error: unknown): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ callback, error });
  }
}
