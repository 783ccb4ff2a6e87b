/** What comes in is kept until somebody asks for it, and who asks is kept until it comes in. */
export class Mailbox<Item> {
  readonly #items: Item[] = [];
  readonly #waiting = new Set<() => void>();

  put(item: Item): void {
    this.#items.push(item);
    for (const look of this.#waiting) look();
  }

  /** How many nobody has taken. */
  get size(): number {
    return this.#items.length;
  }

  /** The first that fits. @throws {Error} none came within `timeoutMs`. */
  take<Wanted extends Item>(fits: (item: Item) => item is Wanted, timeoutMs = 30_000): Promise<Wanted> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.#items.find(fits);
        if (found === undefined) return;
        this.#items.splice(this.#items.indexOf(found), 1);
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(look);
        reject(new Error(`Nothing came within ${timeoutMs} ms; there was ${JSON.stringify(this.#items)}`));
      }, timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}
