/** At most so many calls in any second, wherever the second begins: the times of the last ones are kept. */
export class KnownLimit {
  readonly #perSecond: number;
  readonly #leftAt: Float64Array;
  #count = 0;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
    this.#leftAt = new Float64Array(perSecond);
  }

  /** In how many milliseconds the next call may leave; 0: now. */
  readyInMs(now: number): number {
    if (this.#count < this.#perSecond) return 0;
    const sinceMs = now - (this.#leftAt[this.#count % this.#perSecond] ?? 0);
    return sinceMs < 0 ? 0 : Math.max(0, 1_000 - sinceMs); // below 0 the clock was set back
  }

  left(now: number): void {
    this.#leftAt[this.#count % this.#perSecond] = now;
    this.#count += 1;
  }
}
