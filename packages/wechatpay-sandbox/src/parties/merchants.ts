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

/** The merchants that the gateway knows. */
export class Merchants {
  readonly #byId = new Map<string, Merchant>();
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

    const passphrase = options.passphrase ?? merchantId;
    const { cert, key, pfx } = await this.#authority.issueClient({ commonName: merchantId, passphrase });
    const baseUrl = this.#baseUrl;
    const settings = {
      appId: options.appId ?? randomAppId(),
      merchantId,
      apiKey,
      certificate: withHidden({ pfx, passphrase }, { cert, key }),
      ca: this.#authority.pem,
      get baseUrl() {
        return baseUrl();
      },
    };
    const subMerchants = (options.subMerchants ?? []).map((sub) => ({ subMerchantId: randomDigits(10, '19'), ...sub }));
    const merchant = withHidden(settings, { subMerchants });
    this.#byId.set(merchantId, merchant);
    return merchant;
  }

  get(merchantId: string | undefined): Merchant | undefined {
    return merchantId === undefined ? undefined : this.#byId.get(merchantId);
  }

  /** All of them, the default merchant first. */
  list(): readonly Merchant[] {
    return [...this.#byId.values()];
  }
}

function withHidden<Shown extends object, Hidden extends object>(shown: Shown, hidden: Hidden): Shown & Hidden {
  for (const [name, value] of Object.entries(hidden)) Object.defineProperty(shown, name, { value });
  return shown as Shown & Hidden;
}
