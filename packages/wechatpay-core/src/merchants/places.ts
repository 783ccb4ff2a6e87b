/** What begins once there is a place for it. */
type Begin = () => void;

/** So many at once; the others wait for their turn, and no more than so many. */
export class Places {
  readonly #limit: number;
  readonly #maxWaiting: number;
  readonly #taken = new Set<Begin>();
  readonly #waiting = new Set<Begin>();

  constructor(limit: number, maxWaiting: number) {
    this.#limit = limit;
    this.#maxWaiting = maxWaiting;
  }

  /** Calls it now, or once there is a place. @returns false where too many wait: it is never called. */
  enter(begin: Begin): boolean {
    if (this.#taken.size < this.#limit) this.#take(begin);
    else if (this.#waiting.size < this.#maxWaiting) this.#waiting.add(begin);
    else return false;
    return true;
  }

  /** Its place is another's from now on, whether it has begun or waits; more than once is as once. */
  leave(begin: Begin): void {
    this.#waiting.delete(begin);
    if (!this.#taken.delete(begin)) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#take(next);
  }

  #take(begin: Begin): void {
    this.#taken.add(begin);
    begin();
  }
}
