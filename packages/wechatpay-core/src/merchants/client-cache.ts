import type { WechatPayClient } from '../client.js';

/** A client, and what it was made of. */
export interface CachedClient {
  readonly client: WechatPayClient;
  /** Its settings but key and certificate, which can be rotated. */
  readonly others: object;
  /** By the registry's clock. */
  freshUntil: number;
}

/**
 * The clients that were used last, and no more than so many. One that is dropped is found again as long as somebody else has it: there are
 * no two of a merchant at work.
 */
export class ClientCache {
  readonly #limit: number;
  /** In the order in which they were used. */
  readonly #kept = new Map<string, CachedClient>();
  readonly #dropped = new Map<string, WeakRef<WechatPayClient>>();
  readonly #ofClient = new WeakMap<WechatPayClient, CachedClient>();
  /** Everyone that may have connections. */
  readonly #alive = new Set<WeakRef<WechatPayClient>>();
  readonly #collected = new FinalizationRegistry<readonly [string, WeakRef<WechatPayClient>]>(
    ([merchantId, reference]) => {
      this.#alive.delete(reference);
      if (this.#dropped.get(merchantId)?.deref() === undefined) this.#dropped.delete(merchantId);
    },
  );

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Those that are kept. */
  clients(): WechatPayClient[] {
    return Array.from(this.#kept.values(), ({ client }) => client);
  }

  /** Without counting as a use. */
  peek(merchantId: string): CachedClient | undefined {
    const kept = this.#kept.get(merchantId);
    if (kept) return kept;
    const client = this.#dropped.get(merchantId)?.deref();
    return client && this.#ofClient.get(client);
  }

  use(merchantId: string): CachedClient | undefined {
    const cached = this.peek(merchantId);
    if (cached) this.#keep(merchantId, cached);
    return cached;
  }

  add(merchantId: string, cached: CachedClient): void {
    this.#ofClient.set(cached.client, cached);
    const reference = new WeakRef(cached.client);
    this.#alive.add(reference);
    this.#collected.register(cached.client, [merchantId, reference]);
    this.#keep(merchantId, cached);
  }

  /** Whoever has its client keeps it. */
  remove(merchantId: string): void {
    this.#kept.delete(merchantId);
    this.#dropped.delete(merchantId);
  }

  /** Everyone that somebody may still have, also of what was removed. */
  everyone(): WechatPayClient[] {
    return [...this.#alive].flatMap((reference) => reference.deref() ?? []);
  }

  #keep(merchantId: string, cached: CachedClient): void {
    this.remove(merchantId);
    this.#kept.set(merchantId, cached);
    if (this.#kept.size <= this.#limit) return;
    const [oldest] = this.#kept;
    if (oldest === undefined) return;
    this.#kept.delete(oldest[0]);
    this.#dropped.set(oldest[0], new WeakRef(oldest[1].client));
  }
}
