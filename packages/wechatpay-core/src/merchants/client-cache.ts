import type { WechatPayClient } from '../client.js';
import type { KeyRotation } from '../rotation.js';

/** A client, and what it was made of. */
export interface CachedClient {
  readonly client: WechatPayClient;
  /** Its settings but key and certificate, which can be rotated. */
  readonly others: object;
  /** By the registry's clock. */
  freshUntil: number;
}

/** In the order in which they were used. */
type Tier = Map<string, CachedClient>;

/**
 * The clients that were used last, and no more than so many; and as many again of merchants that only notifications have named, which drop
 * none of those that are used. One that is dropped is found again as long as somebody else has it: there are no two of a merchant at work.
 */
export class ClientCache {
  readonly #limit: number;
  readonly #used: Tier = new Map();
  readonly #named: Tier = new Map();
  readonly #dropped = new Map<string, WeakRef<WechatPayClient>>();
  readonly #ofClient = new WeakMap<WechatPayClient, CachedClient>();
  /** Everyone that somebody may have, by merchant: also what was dropped, removed or replaced. */
  readonly #alive = new Map<string, Set<WeakRef<WechatPayClient>>>();
  readonly #collected = new FinalizationRegistry<readonly [string, WeakRef<WechatPayClient>]>(
    ([merchantId, reference]) => {
      const alive = this.#alive.get(merchantId);
      alive?.delete(reference);
      if (alive?.size === 0) this.#alive.delete(merchantId);
      if (this.#dropped.get(merchantId)?.deref() === undefined) this.#dropped.delete(merchantId);
    },
  );

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Those that are kept. */
  clients(): WechatPayClient[] {
    return [...this.#used.values(), ...this.#named.values()].map(({ client }) => client);
  }

  /** Without counting as anything. */
  peek(merchantId: string): CachedClient | undefined {
    const kept = this.#used.get(merchantId) ?? this.#named.get(merchantId);
    if (kept) return kept;
    const client = this.#dropped.get(merchantId)?.deref();
    return client && this.#ofClient.get(client);
  }

  /** For the application. */
  use(merchantId: string): CachedClient | undefined {
    const cached = this.peek(merchantId);
    if (cached) this.#keep(this.#used, merchantId, cached);
    return cached;
  }

  /** For a notification that names it: nothing that is used gives way to it. */
  name(merchantId: string): CachedClient | undefined {
    const cached = this.peek(merchantId);
    if (cached && !this.#used.has(merchantId)) this.#keep(this.#named, merchantId, cached);
    return cached;
  }

  /** In the place of the one before it; one that is new as if it were only named. */
  add(merchantId: string, cached: CachedClient): void {
    const { client } = cached;
    this.#ofClient.set(client, cached);
    const reference = new WeakRef(client);
    const alive = this.#alive.get(merchantId);
    if (alive) alive.add(reference);
    else this.#alive.set(merchantId, new Set([reference]));
    this.#collected.register(client, [merchantId, reference]);
    this.#keep(this.#used.has(merchantId) ? this.#used : this.#named, merchantId, cached);
  }

  /** Whoever has its client keeps it. */
  remove(merchantId: string): void {
    this.#used.delete(merchantId);
    this.#named.delete(merchantId);
    this.#dropped.delete(merchantId);
  }

  /** The merchants of everyone that somebody may have. */
  merchants(): string[] {
    return [...this.#alive.keys()].filter((merchantId) => this.ofMerchant(merchantId).length > 0);
  }

  /** The clients of a merchant that somebody may have: more than one where its settings have changed. */
  ofMerchant(merchantId: string): WechatPayClient[] {
    return [...(this.#alive.get(merchantId) ?? [])].flatMap((reference) => reference.deref() ?? []);
  }

  /** Whatever it was made of, no client of a merchant goes on with the keys before: one that cannot take these sends nothing any more. */
  rotateOthers(client: WechatPayClient, keys: KeyRotation): void {
    for (const other of this.ofMerchant(client.merchantId)) {
      if (other === client) continue;
      try {
        other.rotate(keys);
      } catch {
        void other.close().catch(() => undefined);
      }
    }
  }

  #keep(tier: Tier, merchantId: string, cached: CachedClient): void {
    this.remove(merchantId);
    tier.set(merchantId, cached);
    if (tier.size <= this.#limit) return;
    const [oldest] = tier;
    if (oldest === undefined) return;
    tier.delete(oldest[0]);
    this.#dropped.set(oldest[0], new WeakRef(oldest[1].client));
  }
}
