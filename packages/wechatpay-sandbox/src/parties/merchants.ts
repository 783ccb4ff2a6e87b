import { randomAlphanumeric, randomAppId, randomDigits } from '../random.js';
import type { CertificateAuthority } from './certificate-authority.js';

/** A sub-merchant of an institution. */
export interface SubMerchant {
  subMerchantId: string;
  /** Where it has one, a request's `sub_appid` must be this one. */
  subAppId?: string;
}

/** What a merchant is made of. What is left out is random and looks like WeChat Pay's own. */
export interface MerchantOptions {
  merchantId?: string;
  appId?: string;
  /** 32 characters. */
  apiKey?: string;
  /** Of the PKCS#12 file. @default the merchant ID, as WeChat Pay ships it */
  passphrase?: string;
  /** Makes this merchant an institution: its requests must name one of these in `sub_mch_id`. */
  subMerchants?: readonly Partial<SubMerchant>[];
}

/**
 * A merchant: all that a client needs to call the gateway.
 *
 * What clients do not read (`cert` and `key` beside `pfx`, `subMerchants`) is not enumerable, so that `{ ...merchant }` is
 * what a strict client takes.
 */
export interface Merchant {
  readonly appId: string;
  readonly merchantId: string;
  readonly apiKey: string;
  readonly certificate: {
    /** As apiclient_cert.p12. */
    readonly pfx: Buffer;
    readonly passphrase: string;
    /** PEM, as apiclient_cert.pem. */
    readonly cert: string;
    /** PEM, as apiclient_key.pem. */
    readonly key: string;
  };
  /** Empty, unless the merchant is an institution. */
  readonly subMerchants: readonly SubMerchant[];
  /** The gateway's root certificate (PEM). */
  readonly ca: string;
  /** Where the gateway listens. */
  readonly baseUrl: string;
}

/** What `merchants.rotate` takes. */
export interface RotationOptions {
  /** The new key, 32 characters. @default a random one */
  apiKey?: string;
  /** With which key the gateway signs replies and notifications while both are accepted; `by-turns`: now with one, now with the other. */
  signsWith?: 'new' | 'previous' | 'by-turns';
}

/** What is known of a merchant. */
interface Entry {
  merchant: Merchant;
  /** Those that sign requests, the newest first. */
  apiKeys: readonly string[];
  /** Of the certificates that were issued and are not retired, in upper-case hex. */
  serialNumbers: readonly string[];
  signsWith: NonNullable<RotationOptions['signsWith']>;
  /** How many documents were signed by turns. */
  turns: number;
}

/** The merchants that the gateway knows. */
export class Merchants {
  readonly #byId = new Map<string, Entry>();
  /** Serial numbers of certificates that no gateway takes any more. */
  readonly #retired = new Set<string>();
  readonly #authority: CertificateAuthority;
  readonly #baseUrl: () => string;

  /** @internal */
  constructor(authority: CertificateAuthority, baseUrl: () => string) {
    this.#authority = authority;
    this.#baseUrl = baseUrl;
  }

  /** Adds a merchant and issues its certificate. */
  async create(options: MerchantOptions = {}): Promise<Merchant> {
    const merchantId = options.merchantId ?? randomDigits(10, '19');
    const apiKey = options.apiKey ?? randomAlphanumeric(32);
    if (this.#byId.has(merchantId)) throw new Error(`merchant ${merchantId} exists already: choose another merchantId`);
    if (apiKey.length !== 32) throw new Error(`apiKey has 32 characters, not ${apiKey.length}`);

    const subMerchants = (options.subMerchants ?? []).map((sub) => ({ subMerchantId: randomDigits(10, '19'), ...sub }));
    const appId = options.appId ?? randomAppId();
    const passphrase = options.passphrase ?? merchantId;
    const { merchant, serialNumber } = await this.#make({ appId, merchantId, apiKey, subMerchants }, passphrase);
    const entry: Entry = {
      merchant,
      apiKeys: [apiKey],
      serialNumbers: [serialNumber],
      signsWith: 'new',
      turns: 0,
    };
    this.#byId.set(merchantId, entry);
    return merchant;
  }

  /**
   * Gives a merchant another API key and another certificate. Those before go on being accepted, until {@link retire}.
   *
   * @returns the merchant as `get` has it from now on; what `create` returned stays what it was.
   * @throws {Error} a merchant that does not exist, or a key that has not 32 characters.
   * @example
   * const { apiKey, certificate } = await sandbox.merchants.rotate(merchantId, { signsWith: 'by-turns' });
   */
  async rotate(
    merchantId: string,
    { apiKey = randomAlphanumeric(32), signsWith = 'new' }: RotationOptions = {},
  ): Promise<Merchant> {
    const entry = this.#entry(merchantId);
    if (apiKey.length !== 32) throw new Error(`apiKey has 32 characters, not ${apiKey.length}`);
    const { appId, subMerchants, certificate } = entry.merchant;
    const facts = { appId, merchantId, apiKey, subMerchants };
    const { merchant, serialNumber } = await this.#make(facts, certificate.passphrase);
    entry.merchant = merchant;
    entry.apiKeys = [apiKey, ...entry.apiKeys.filter((each) => each !== apiKey)];
    entry.serialNumbers = [serialNumber, ...entry.serialNumbers];
    entry.signsWith = signsWith;
    return merchant;
  }

  /** Ends the overlap: of a merchant's API keys and certificates, only the newest are accepted. */
  retire(merchantId: string): void {
    const entry = this.#entry(merchantId);
    const [newest, ...older] = entry.serialNumbers;
    for (const serialNumber of older) this.#retired.add(serialNumber);
    entry.serialNumbers = newest === undefined ? [] : [newest];
    entry.apiKeys = entry.apiKeys.slice(0, 1);
  }

  /** The API keys that requests of a merchant may be signed with. @internal */
  apiKeysOf({ merchantId }: Merchant): readonly string[] {
    return this.#entry(merchantId).apiKeys;
  }

  /** The API key with which the next document for a merchant is signed. @internal */
  signingKeyOf({ merchantId }: Merchant): string {
    const entry = this.#entry(merchantId);
    const [newest = '', previous = newest] = entry.apiKeys;
    if (entry.signsWith === 'by-turns') entry.turns += 1;
    return entry.signsWith === 'previous' || entry.turns % 2 === 1 ? previous : newest;
  }

  /** @internal */
  isRetired(serialNumber: string | undefined): boolean {
    return serialNumber !== undefined && this.#retired.has(serialNumber);
  }

  #entry(merchantId: string): Entry {
    const entry = this.#byId.get(merchantId);
    if (entry === undefined) throw new Error(`no merchant has the merchantId ${merchantId}`);
    return entry;
  }

  async #make(
    { subMerchants, ...facts }: Pick<Merchant, 'appId' | 'merchantId' | 'apiKey' | 'subMerchants'>,
    passphrase: string,
  ): Promise<{ merchant: Merchant; serialNumber: string }> {
    const issued = await this.#authority.issueClient({ commonName: facts.merchantId, passphrase });
    const { cert, key, pfx } = issued;
    const baseUrl = this.#baseUrl;
    const certificate = withHidden({ pfx, passphrase }, { cert, key });
    const getters = {
      get baseUrl() {
        return baseUrl();
      },
    };
    const settings = Object.assign(getters, { ...facts, certificate, ca: this.#authority.pem });
    return { merchant: withHidden(settings, { subMerchants }), serialNumber: issued.serialNumber.toUpperCase() };
  }

  get(merchantId: string | undefined): Merchant | undefined {
    return merchantId === undefined ? undefined : this.#byId.get(merchantId)?.merchant;
  }

  /** All of them, the default merchant first. */
  list(): readonly Merchant[] {
    return [...this.#byId.values()].map(({ merchant }) => merchant);
  }
}

function withHidden<Shown extends object, Hidden extends object>(shown: Shown, hidden: Hidden): Shown & Hidden {
  for (const [name, value] of Object.entries(hidden)) Object.defineProperty(shown, name, { value });
  return shown as Shown & Hidden;
}
