import { once } from 'node:events';
import type { DemoClock } from '../src/demo.js';

/** A clock that stands still until somebody waits for a time, and then is there: how fast a machine is does not matter. */
export class JumpingClock implements DemoClock {
  readonly speed = 1;
  #now = Date.now();
  #isHeld = false;
  #steps = 0;
  readonly #held: (() => void)[] = [];

  readonly now = (): number => this.#now;

  readonly wait = async (until: number, signal?: AbortSignal): Promise<void> => {
    if (this.#steps > 0) {
      this.#steps -= 1;
    } else if (this.#isHeld) {
      const released = new Promise<void>((resolve) => this.#held.push(resolve));
      await Promise.race([released, ...(signal ? [once(signal, 'abort')] : [])]);
    }
    if (!signal?.aborted) this.#now = Math.max(this.#now, until);
  };

  /** From now on, time does not pass for who waits. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Time passes once more: for who waits longest, or where nobody does, for who waits next. */
  step(): void {
    const release = this.#held.shift();
    if (release) release();
    else this.#steps += 1;
  }

  /** Time passes again. */
  release(): void {
    this.#isHeld = false;
    this.#steps = 0;
    for (const release of this.#held.splice(0)) release();
  }
}
