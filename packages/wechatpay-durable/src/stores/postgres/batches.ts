/** At most so many share a transaction. */
const MOST = 64;

interface Waiting<Item> {
  readonly item: Item;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Does together what comes while the one before is being done: where nobody waits, each is done at once.
 *
 * Where those that were to be done together cannot be, each is done by itself: one that fails spoils no other.
 */
export class Batches<Item> {
  readonly #do: (items: readonly Item[]) => Promise<void>;
  readonly #canSplit: (error: unknown) => boolean;
  #waiting: Waiting<Item>[] = [];
  #isDoing = false;

  /** @param canSplit whether what was thrown says that nothing was done, because of some of them. */
  constructor(doThem: (items: readonly Item[]) => Promise<void>, canSplit: (error: unknown) => boolean) {
    this.#do = doThem;
    this.#canSplit = canSplit;
  }

  add(item: Item): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ item, resolve, reject });
      if (this.#isDoing) return;
      this.#isDoing = true;
      void this.#doAll();
    });
  }

  async #doAll(): Promise<void> {
    await Promise.resolve(); // all of this turn
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, MOST);
      if (await this.#tryThem(batch)) continue;
      for (const one of batch) await this.#tryThem([one]);
    }
    // In the turn in which nobody waited: who comes a moment later begins anew.
    this.#isDoing = false;
  }

  /** @returns false where each is to be tried by itself. */
  async #tryThem(batch: readonly Waiting<Item>[]): Promise<boolean> {
    try {
      await this.#do(batch.map(({ item }) => item));
      for (const { resolve } of batch) resolve();
    } catch (error) {
      if (batch.length > 1 && this.#canSplit(error)) return false;
      for (const { reject } of batch) reject(error);
    }
    return true;
  }
}
