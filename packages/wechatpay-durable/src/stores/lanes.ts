/**
 * Shares a worker's lanes between merchants: whose calls hang must not hold up the others.
 *
 * There are twice as many lanes as one merchant may have. A merchant takes at most half of what the others leave: the first may have
 * its `concurrency` at once, a second half of the rest, a third half of that. However many of them hang, the next one finds a lane,
 * until all are taken; where none hangs, all come to the same share.
 */
export class Lanes {
  readonly #each: number;
  readonly #all: number;
  readonly #held = new Map<string, number>();
  #count = 0;

  /** @param concurrency how many one merchant may have at a time. */
  constructor(concurrency: number) {
    this.#each = concurrency;
    this.#all = concurrency + Math.max(concurrency, SPARE);
  }

  take(merchantId: string): void {
    this.#count += 1;
    this.#held.set(merchantId, this.#of(merchantId) + 1);
  }

  free(merchantId: string): void {
    this.#count -= 1;
    const held = this.#of(merchantId) - 1;
    if (held > 0) this.#held.set(merchantId, held);
    else this.#held.delete(merchantId);
  }

  /**
   * How many can be taken at once, of whichever merchants: nobody would get more than its share. None of those in `full`, who have it.
   */
  room(): { readonly limit: number; readonly full: readonly string[] } {
    const full: string[] = [];
    let limit = this.#share(0);
    for (const [merchantId, held] of this.#held) {
      const share = this.#share(held);
      if (share > 0) limit = Math.min(limit, share);
      else full.push(merchantId);
    }
    return { limit, full };
  }

  /** How many more a merchant may take that has so many. */
  #share(held: number): number {
    const left = this.#all - this.#count;
    return Math.max(0, Math.min(this.#each - held, left, Math.ceil((left - held) / 2)));
  }

  #of(merchantId: string): number {
    return this.#held.get(merchantId) ?? 0;
  }
}

/** Of a worker that has few lanes. */
const SPARE = 4;
