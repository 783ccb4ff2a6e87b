import { setTimeout as sleep } from 'node:timers/promises';

/** What a callback of the caller threw. It stopped nothing: an order that may be charged is resolved all the same. */
export interface CallbackError {
  /** The option, as in `onStep`; `now` is the client's clock. */
  readonly callback: 'onUnclear' | 'onStart' | 'onStep' | 'wait' | 'now';
  readonly error: unknown;
}

/** At most so many are kept of one run: a callback that fails at each step tells the same each time. */
const MAX_ERRORS = 20;

/** The longest timer of Node.js: a longer one would end at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls what the caller gave, and keeps what it throws. */
export class Callbacks {
  readonly errors: CallbackError[] = [];
  #clock: { readonly time: number; readonly at: number } | undefined;

  /** Waits for a callback, for `limitMs` at most and until `signal`: one that never returns must not hold up an order for ever. */
  async call(
    callback: CallbackError['callback'],
    run: () => Promise<void> | void,
    limitMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const limit = Math.min(limitMs, LONGEST_TIMER_MS);
    const over = new AbortController();
    const onAbort = (): void => {
      over.abort();
    };
    signal?.addEventListener('abort', onAbort);
    try {
      const late = sleep(limit, undefined, { signal: over.signal, ref: false }).then(
        () => {
          const seconds = Math.round(limit / 1000);
          throw new DOMException(
            `It did not return within ${seconds} s, and is not waited for any more.`,
            'TimeoutError',
          );
        },
        () => undefined, // the caller aborted, or it is done
      );
      await Promise.race([run(), late]);
    } catch (error) {
      this.#keep(callback, error);
    } finally {
      over.abort();
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Calls a callback without waiting for it. */
  tell(callback: CallbackError['callback'], run: () => Promise<void> | void): void {
    void (async () => {
      try {
        await run();
      } catch (error) {
        this.#keep(callback, error);
      }
    })();
  }

  /** The time by a clock that may throw, give what is no time, or be set back: then it resumes from what it said last. */
  now(clock: () => number): number {
    const at = performance.now();
    try {
      const time = clock();
      if (!Number.isFinite(time)) throw new TypeError('The clock gave no time in milliseconds since 1970.');
      const last = this.#clock;
      // Set back: time resumes from where it was, or nothing would be due, and no deadline reached, until it is that late again.
      const now = last && time < last.time ? last.time + Math.round(at - last.at) : time;
      this.#clock = { time: now, at };
      return now;
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
