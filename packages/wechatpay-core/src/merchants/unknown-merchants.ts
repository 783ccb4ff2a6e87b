import type { AskedBy } from './lookups.js';

/** For so long a merchant that `load` does not know is not asked for again. */
const UNKNOWN_FOR_MS = 10_000;
/** So many are remembered of each kind: anybody can post a notification that names one. */
const MAX_UNKNOWN = 1_000;

/**
 * Merchants that there are not, for a while. What a notification has named is unknown to notifications alone: a merchant that has just been added
 * is there for the application, whoever has named it before.
 */
export class UnknownMerchants {
  readonly #now: () => number;
  /** Until when, by merchant; the one that was asked for first in front. */
  readonly #until = { application: new Map<string, number>(), notification: new Map<string, number>() };

  constructor(now: () => number) {
    this.#now = now;
  }

  has(merchantId: string, by: AskedBy): boolean {
    const { application, notification } = this.#until;
    const now = this.#now();
    return (by === 'application' ? [application] : [application, notification]).some(
      (until) => now < (until.get(merchantId) ?? -Infinity),
    );
  }

  add(merchantId: string, by: AskedBy): void {
    const until = this.#until[by];
    until.delete(merchantId);
    until.set(merchantId, this.#now() + UNKNOWN_FOR_MS);
    const [oldest] = until.keys();
    if (until.size > MAX_UNKNOWN && oldest !== undefined) until.delete(oldest);
  }

  /** @param merchantId default: all of them. */
  forget(merchantId?: string): void {
    for (const until of Object.values(this.#until)) {
      if (merchantId === undefined) until.clear();
      else until.delete(merchantId);
    }
  }
}
