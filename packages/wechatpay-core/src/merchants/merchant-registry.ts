import { isDeepStrictEqual } from 'node:util';
import { brand, hasBrand } from '../brand.js';
import { readOnce } from '../call/given.js';
import { WechatPayClient } from '../client.js';
import { CONFIG_PROPERTIES, type WechatPayConfig } from '../config.js';
import { isWechatPayError, WechatPayMerchantError, WechatPayRequestError } from '../errors.js';
import { merchantNamedIn, refuseUnknownMerchant } from '../notifications/open-notification.js';
import type { KeyRotation } from '../rotation.js';
import { Redactor } from '../transport/redact.js';
import { ClientCache, type CachedClient } from './client-cache.js';
import { Lookups, lookupFailed, type AskedBy } from './lookups.js';
import { resolveRegistryOptions, type MerchantRegistryOptions, type RegistrySettings } from './registry-options.js';
import { UnknownMerchants } from './unknown-merchants.js';

export type { MerchantLookup, MerchantRegistryOptions } from './registry-options.js';

/** A merchant in use that could not be asked for is asked for again after so long. */
const RETRY_MS = 10_000;
/** So many are reloaded at once. */
const RELOADS_AT_ONCE = 8;

/**
 * The clients of many merchants, each made when it is first needed, of settings that the application is asked for.
 *
 * Questions that come at once about one merchant are one. Settings that have changed are taken over without a restart: a key and a
 * certificate as by {@link WechatPayClient.rotate}, anything else by another client. Settings that cannot be used are refused before anything is sent.
 *
 * @example
 * const merchants = new MerchantRegistry({ load: (merchantId) => vault.merchant(merchantId) });
 * const client = await merchants.get('1900000109');
 * await queryOrder(client, { outTradeNo });
 */
export class MerchantRegistry {
  static {
    brand(this, 'merchants');
  }

  readonly #settings: RegistrySettings;
  readonly #clients: ClientCache;
  readonly #lookups: Lookups<WechatPayClient | undefined>;
  readonly #unknown: UnknownMerchants;
  #closing: Promise<void> | undefined;

  /** @throws {WechatPayConfigError} an option that is missing, wrong or unknown. */
  constructor(options: MerchantRegistryOptions) {
    this.#settings = resolveRegistryOptions(options);
    this.#clients = new ClientCache(this.#settings.maxClients);
    this.#unknown = new UnknownMerchants(this.#settings.now);
    this.#lookups = new Lookups({
      ask: (merchantId, by, signal) => this.#load(merchantId, by, signal),
      timeoutMs: this.#settings.loadTimeoutMs,
    });
  }

  /**
   * The client of a merchant. Do not keep it for longer than a request or a step: by then there may be another.
   *
   * @param merchantId `mch_id`: 1 to 32 visible ASCII characters.
   * @throws {WechatPayMerchantError} there is none: `problem` says why.
   * @throws {WechatPayRequestError} a `merchantId` that cannot be one.
   */
  async get(merchantId: string): Promise<WechatPayClient> {
    const client = await this.find(merchantId);
    if (client) return client;
    throw new WechatPayMerchantError('unknown', merchantId, '`load` knows no such merchant. Check merchantId.');
  }

  /** As {@link get}; undefined of a merchant that `load` does not know. */
  async find(merchantId: string): Promise<WechatPayClient | undefined> {
    assertMerchantId(merchantId);
    return this.#find(merchantId, 'application');
  }

  /** The client of a merchant that was used lately, without asking anybody. */
  cached(merchantId: string): WechatPayClient | undefined {
    return this.#clients.peek(merchantId)?.client;
  }

  /** The clients that are kept now. */
  clients(): readonly WechatPayClient[] {
    return this.#clients.clients();
  }

  /**
   * The client of the merchant that a notification names: for `readPaymentNotification` and `readRefundNotification`, which judge it. Anybody can
   * name a merchant: nothing is believed here, and nothing that `get` and `find` need gives way to it. `load` is asked for at most 8 such merchants
   * at a time, while 1,000 more wait; one that it does not know is unknown to notifications for 10 s; and those that are named drop no client that is
   * used.
   *
   * @param body the request's bytes, before any parser; at most 64 KiB.
   * @throws {WechatPayNotificationError} what is not the documented XML, or names no merchant that `load` knows. Answer `refuse('invalid')`.
   * @throws {WechatPayMerchantError} the merchant could not be asked for, or too many wait. Answer `refuse('unavailable')`, and the notification
   *   comes again.
   * @example const notification = readPaymentNotification(await merchants.ofNotification(body), body);
   */
  async ofNotification(body: Uint8Array | string): Promise<WechatPayClient> {
    const merchantId = merchantNamedIn(body);
    const client = isMerchantId(merchantId) ? await this.#find(merchantId, 'notification') : undefined;
    return client ?? refuseUnknownMerchant(merchantId, '`load` knows no such merchant.');
  }

  /**
   * Asks the application again, now: for one merchant, or for all whose client is kept or somebody still has. What waits and what comes from then
   * on has the new settings, in each client that the registry has given away the new key and certificate; a call under way ends with those that it
   * began with.
   *
   * @param merchantId one of which there is no client is asked for at its next use.
   * @throws {WechatPayMerchantError} it could not be asked for, or has settings that cannot be used: those before stay in force. Of several, the
   *   first; `onProblem` is told of each.
   */
  async reload(merchantId?: string): Promise<void> {
    if (merchantId !== undefined) assertMerchantId(merchantId);
    this.#assertOpen(merchantId ?? 'all');
    this.#unknown.forget(merchantId);
    const asked = this.#lookups.merchants();
    const isInUse = (one: string): boolean => asked.includes(one) || this.#clients.ofMerchant(one).length > 0;
    const left =
      merchantId === undefined
        ? [...new Set([...this.#clients.merchants(), ...asked])]
        : [merchantId].filter((one) => isInUse(one));
    const failures: unknown[] = [];
    const work = async (): Promise<void> => {
      for (let next = left.pop(); next !== undefined; next = left.pop()) {
        const failure = await this.#refresh(next, this.#clients.peek(next), true);
        if (failure) failures.push(failure);
      }
    };
    await Promise.all(Array.from({ length: RELOADS_AT_ONCE }, work));
    if (failures.length > 0) throw failures[0];
  }

  /** Waits for the calls under way of every merchant, then closes the connections; lets no further one through. */
  async close(): Promise<void> {
    const everyone = this.#clients.merchants().flatMap((merchantId) => this.#clients.ofMerchant(merchantId));
    this.#closing ??= Promise.all(everyone.map((client) => client.close())).then(() => undefined);
    await this.#closing;
  }

  /** For `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #find(merchantId: string, by: AskedBy): Promise<WechatPayClient | undefined> {
    this.#assertOpen(merchantId);
    const take = (): CachedClient | undefined =>
      by === 'application' ? this.#clients.use(merchantId) : this.#clients.name(merchantId);
    const cached = take();
    if (cached) {
      if (this.#settings.now() >= cached.freshUntil) void this.#refresh(merchantId, cached);
      return cached.client;
    }
    if (this.#unknown.has(merchantId, by)) return undefined;
    const client = await this.#lookups.get(merchantId, by);
    take(); // whoever asked for it first
    return client;
  }

  /** @returns what it failed with, which `onProblem` is told; the client goes on. */
  async #refresh(merchantId: string, cached: CachedClient | undefined, anew = false): Promise<unknown> {
    if (cached) cached.freshUntil = Infinity; // it is being asked for
    try {
      await (anew ? this.#lookups.getAnew(merchantId) : this.#lookups.get(merchantId));
      return undefined;
    } catch (error) {
      if (cached) cached.freshUntil = this.#settings.now() + RETRY_MS;
      try {
        this.#settings.onProblem(error as WechatPayMerchantError);
      } catch {
        // A log that fails must not stop a merchant.
      }
      return error;
    }
  }

  async #load(merchantId: string, by: AskedBy, signal: AbortSignal): Promise<WechatPayClient | undefined> {
    let given: unknown;
    try {
      given = await this.#settings.load(merchantId, { signal });
    } catch (error) {
      throw lookupFailed(merchantId, error);
    }
    this.#assertOpen(merchantId);
    if (signal.aborted) return undefined; // nobody waits for it, and a later answer may be there
    if (given !== undefined && given !== null) return this.#accept(merchantId, given);
    this.#clients.remove(merchantId);
    this.#unknown.add(merchantId, by);
    return undefined;
  }

  /** Takes settings over. @throws {WechatPayMerchantError} they cannot be used; nothing has changed. */
  #accept(merchantId: string, given: unknown): WechatPayClient {
    try {
      const config = readOnce(given as Partial<WechatPayConfig>, CONFIG_PROPERTIES, 'settings');
      if (config.merchantId !== merchantId) {
        const problem = 'give the settings of the merchant that was asked for: another one would move its money.';
        throw new WechatPayRequestError('merchantId', problem);
      }
      const { apiKey, previousApiKey, certificate, ...others } = config;
      // As a new client would refuse it, what is missing is refused, and not left as it was.
      const keys = {
        apiKey: apiKey ?? null,
        previousApiKey,
        certificate: certificate ?? (others.transport ? undefined : null),
      };
      const freshUntil = this.#settings.now() + this.#settings.maxAgeMs;
      const cached = this.#clients.peek(merchantId);
      const isSame = cached !== undefined && isDeepStrictEqual(others, cached.others);
      const client = isSame ? cached.client : new WechatPayClient(config as WechatPayConfig);
      if (isSame) client.rotate(keys as KeyRotation);
      this.#clients.rotateOthers(client, keys as KeyRotation);
      if (isSame) cached.freshUntil = freshUntil;
      else this.#clients.add(merchantId, { client, others, freshUntil });
      return client;
    } catch (error) {
      const isOurs = isWechatPayError(error);
      const problem = isOurs ? error.message : 'they cannot be read.';
      // Of what a getter threw, which may hold anything, names, codes and messages alone are kept.
      const cause = isOurs && error.code === 'WECHATPAY_INVALID_CONFIG' ? error : new Redactor().cause(error);
      throw new WechatPayMerchantError(
        'invalid',
        merchantId,
        `\`load\` gave settings that cannot be used: ${problem}`,
        cause,
      );
    }
  }

  #assertOpen(merchantId: string): void {
    if (this.#closing) throw new WechatPayMerchantError('unavailable', merchantId, 'the registry is closed.');
  }
}

/** Tells whether a value is a registry, also of another installed copy of this library that this one works with. */
export function isMerchantRegistry(value: unknown): value is MerchantRegistry {
  return hasBrand(value, 'merchants');
}

function isMerchantId(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,32}$/.test(value);
}

function assertMerchantId(value: unknown): void {
  if (isMerchantId(value)) return;
  throw new WechatPayRequestError(
    'merchantId',
    'must be a text of 1 to 32 visible ASCII characters, as WeChat Pay assigned it.',
  );
}
