import {
  assertWechatPayClient,
  isMerchantRegistry,
  isWechatPayError,
  WechatPayConfigError,
  WechatPayRequestError,
  type MerchantRegistry,
  type NotifiedClients,
  type ResolutionError,
  type WechatPayClient,
} from 'wechatpay-core';
import { checkTimeout } from './charge-time.js';
import { noClient } from './leave.js';

/** A client, or why there is none here. */
export type FoundClient =
  { readonly client: WechatPayClient } | { readonly client?: never; readonly reason: ResolutionError };

/** The merchants of durable orders: clients that were given, or a registry that is asked when one is needed. */
export class MerchantClients {
  readonly #given: ReadonlyMap<string, WechatPayClient>;
  readonly #registry: MerchantRegistry | undefined;

  /** @throws {WechatPayConfigError} no client, two of one merchant, or one whose `timeoutMs` is too long. */
  constructor(given: unknown) {
    this.#registry = isMerchantRegistry(given) ? given : undefined;
    const list: readonly unknown[] = this.#registry ? [] : [given].flat();
    const clients = list.map((client) => {
      assertWechatPayClient(client, 'clients');
      return client;
    });
    this.#given = new Map(clients.map((client) => [client.merchantId, client]));
    if (!this.#registry && (list.length === 0 || this.#given.size < list.length)) {
      throw new WechatPayConfigError(
        'clients',
        'must be at least one, and one for each merchant; or a MerchantRegistry.',
      );
    }
    for (const client of clients) checkTimeout(client);
  }

  /**
   * @throws {WechatPayRequestError} a merchant that is not known here, or none where there are several.
   * @throws {WechatPayMerchantError} the registry could not ask for it, or was given settings that cannot be used.
   */
  async get(merchantId?: string): Promise<WechatPayClient> {
    if (!this.#registry) return this.known(merchantId);
    if (merchantId === undefined) throw missing();
    const client = await this.#registry.get(merchantId);
    checkTimeout(client);
    return client;
  }

  /** For a worker, whom nothing of it may stop. */
  async find(merchantId: string): Promise<FoundClient> {
    try {
      const client = this.#registry ? await this.#registry.find(merchantId) : this.#given.get(merchantId);
      if (client) checkTimeout(client);
      return client ? { client } : { reason: noClient(merchantId) };
    } catch (error) {
      if (!isWechatPayError(error)) throw error;
      const { code, message } = error;
      return { reason: { code, outcome: 'not-sent', message } };
    }
  }

  /** As {@link get}, without asking anybody: of a registry, one that was used lately. */
  known(merchantId?: string): WechatPayClient {
    const [only, another] = this.#given.keys();
    const named = merchantId ?? (another === undefined ? only : undefined);
    if (named === undefined) throw missing();
    const client = this.peek(named);
    if (client) return client;
    const problem = this.#registry
      ? 'was not used lately; await `get` of the registry.'
      : 'has no client here; add it to `clients`.';
    throw new WechatPayRequestError('merchantId', problem);
  }

  /** The `mch_id` that is meant: of a registry any, which is not asked. @throws {WechatPayRequestError} as {@link known}. */
  nameOf(merchantId?: string): string {
    return this.#registry && merchantId !== undefined ? merchantId : this.known(merchantId).merchantId;
  }

  peek(merchantId: string): WechatPayClient | undefined {
    return this.#registry ? this.#registry.cached(merchantId) : this.#given.get(merchantId);
  }

  /** All that were given; of a registry, those that were used last. */
  all(): readonly WechatPayClient[] {
    return this.#registry ? this.#registry.clients() : [...this.#given.values()];
  }

  /** The one of a merchant, which a registry is asked for; of no merchant in particular, {@link all}. */
  async ofMerchant(merchantId: string | undefined): Promise<readonly WechatPayClient[]> {
    if (merchantId === undefined) return this.all();
    const client = this.#registry ? await this.#registry.find(merchantId) : this.#given.get(merchantId);
    return client ? [client] : [];
  }

  /** Whose keys a notification is to be tried with. Nothing of it is believed. */
  async ofNotification(body: Uint8Array | string): Promise<NotifiedClients> {
    return this.#registry ? this.#registry.ofNotification(body) : this.all();
  }
}

function missing(): WechatPayRequestError {
  return new WechatPayRequestError('merchantId', 'is missing; there are several clients.');
}
