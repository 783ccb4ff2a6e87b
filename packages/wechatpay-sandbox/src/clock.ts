/** The time by which orders age and customers act. Tests move it; nothing ever waits for it. */
export class SandboxClock {
  readonly #source: () => number;
  readonly #onMove: (() => void)[] = [];
  #offsetMs = 0;

  /** @param source milliseconds since 1970, as `Date.now` gives them. */
  constructor(source: () => number = Date.now) {
    this.#source = source;
  }

  /** @returns milliseconds since 1970. */
  now(): number {
    return this.#source() + this.#offsetMs;
  }

  /**
   * Moves the clock, forward or (with a negative number) back. Certificates keep to the real time.
   *
   * @throws {TypeError} where `ms` is no finite number.
   */
  advance(ms: number): void {
    if (!Number.isFinite(ms)) throw new TypeError(`clock.advance(ms) takes a number of milliseconds, not ${ms}`);
    this.#offsetMs += ms;
    for (const moved of this.#onMove) moved();
  }

  /**
   * Goes on where another one was, unless that is past already.
   *
   * @internal
   */
  resume(at: number): void {
    this.#offsetMs = Math.max(0, at - this.#source());
  }

  /** @internal */
  onMove(moved: () => void): void {
    this.#onMove.push(moved);
  }

  /** @internal */
  reset(): void {
    this.#offsetMs = 0;
  }
}
