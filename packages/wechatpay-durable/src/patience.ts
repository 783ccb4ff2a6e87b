import { setTimeout as sleep } from 'node:timers/promises';

/** Real time: the cashier waits. */
const STORE_LIMIT_MS = 5_000;
const TRIES = 4;
const TRY_AGAIN_MS = 500;

/**
 * Whether the durable order has what is to become of the order: an answer that took very long may come when a reversal is decided already.
 *
 * Where the store cannot be reached, nobody knows: the durable order finds the order paid and keeps it, unless every query fails until
 * it gives up. A store that comes back soon is waited for.
 */
export async function isStored(store: () => Promise<boolean>): Promise<boolean> {
  for (let time = 1; ; time += 1) {
    try {
      return await store();
    } catch {
      if (time === TRIES) return false;
    }
    await sleep(TRY_AGAIN_MS);
  }
}

/** How long the cashier waits for the store, once Quick Pay has answered: what is under way by then goes on by itself. */
export class Patience {
  #timer: NodeJS.Timeout | undefined;
  #over: Promise<undefined> | undefined;

  /** @returns what comes of it; undefined where that takes too long. */
  wait<Result>(work: Promise<Result>): Promise<Result | undefined> {
    this.#over ??= new Promise((resolve) => {
      this.#timer = setTimeout(() => {
        resolve(undefined);
      }, STORE_LIMIT_MS);
    });
    return Promise.race([work, this.#over]);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
