import type { ReconciliationKey, ReconciliationPeriod, ReconciliationStore } from './store.js';

/** What stores on the same rows share of their reconciliations. */
export class ReconciliationShelf {
  readonly days = new Map<string, { readonly key: ReconciliationKey; readonly json: string; readonly at: number }>();
  readonly claims = new Map<string, { readonly owner: string; readonly until: number }>();

  /** Clears away what was stored before a time, and claims that have lapsed. */
  prune(before: number, now: number): void {
    for (const [name, { at }] of this.days) if (at < before) this.days.delete(name);
    for (const [name, { until }] of this.claims) if (until < now) this.claims.delete(name);
  }
}

/** @param opened gives the shelf, or throws where the store is not open. */
export class MemoryReconciliations implements ReconciliationStore {
  readonly #opened: () => Promise<ReconciliationShelf>;
  readonly #now: () => number;
  readonly orderDays: number;

  constructor(
    opened: () => Promise<ReconciliationShelf>,
    { now, keepDays }: { readonly now: () => number; readonly keepDays: number },
  ) {
    this.#opened = opened;
    this.#now = now;
    this.orderDays = keepDays;
  }

  async put(key: ReconciliationKey, owner: string, data: object): Promise<boolean> {
    const { claims, days } = await this.#opened();
    if (!this.#isHeld(claims.get(nameOf(key)), owner)) return false;
    days.set(nameOf(key), { key: { ...key }, json: JSON.stringify(data), at: this.#now() });
    return true;
  }

  async get(key: ReconciliationKey): Promise<object | undefined> {
    const found = (await this.#opened()).days.get(nameOf(key));
    return found && (JSON.parse(found.json) as object);
  }

  async list({ merchantId, subMerchantId, from, to }: ReconciliationPeriod): Promise<object[]> {
    const days = [...(await this.#opened()).days.values()];
    return days
      .filter(
        ({ key }) =>
          key.merchantId === merchantId && key.subMerchantId === subMerchantId && key.date >= from && key.date <= to,
      )
      .sort((one, other) => (one.key.date < other.key.date ? -1 : 1))
      .map(({ json }) => JSON.parse(json) as object);
  }

  async claim(key: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean> {
    const { claims } = await this.#opened();
    const held = claims.get(nameOf(key));
    if (held && held.owner !== owner && held.until > this.#now()) return false;
    claims.set(nameOf(key), { owner, until: this.#now() + leaseMs });
    return true;
  }

  async renew(key: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean> {
    const { claims } = await this.#opened();
    if (!this.#isHeld(claims.get(nameOf(key)), owner)) return false;
    claims.set(nameOf(key), { owner, until: this.#now() + leaseMs });
    return true;
  }

  #isHeld(claim: { readonly owner: string; readonly until: number } | undefined, owner: string): boolean {
    return claim?.owner === owner && claim.until > this.#now();
  }

  async release(key: ReconciliationKey, owner: string): Promise<void> {
    const { claims } = await this.#opened();
    if (claims.get(nameOf(key))?.owner === owner) claims.delete(nameOf(key));
  }
}

function nameOf({ merchantId, subMerchantId, date }: ReconciliationKey): string {
  return JSON.stringify([merchantId, subMerchantId, date]);
}
