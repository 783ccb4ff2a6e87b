import { decryptRefundInfo, refundKeyOf } from './refund-cipher.js';
import { Signer, type Fields, type SignType } from './sign.js';

/** What can be done with a merchant's API key, which itself comes out nowhere. */
export class MerchantKey {
  /** The algorithm of the client's requests, of their replies, and of the notifications about their orders. */
  readonly signType: SignType;
  // Private to the language: no inspect shows them.
  readonly #apiKey: string;
  readonly #signer: Signer;

  constructor({ apiKey, signType }: { readonly apiKey: string; readonly signType: SignType }) {
    this.signType = signType;
    this.#apiKey = apiKey;
    this.#signer = new Signer(apiKey);
  }

  sign(fields: Fields, signType: SignType = this.signType): string {
    return this.#signer.sign(fields, signType);
  }

  verify(fields: Fields, signType: SignType = this.signType): boolean {
    return this.#signer.verify(fields, signType);
  }

  /** What comes out is not authenticated; undefined where it is not of this key, or not whole. */
  decryptRefundInfo(reqInfo: string): Uint8Array | undefined {
    return decryptRefundInfo(reqInfo, refundKeyOf(this.#apiKey));
  }
}

// For this package's own functions, whichever installed copy made the client: under a registered symbol, as its brand is. It is no
// part of the public API: who uses the library need not sign or decrypt.
const KEY = Symbol.for('wechatpay-core.key');

/** Lets {@link keyOf} find the key of a class's instances: on its prototype, so that no inspect, no JSON and no copy shows it. */
export function shareKey<Instance extends object>(
  constructor: { readonly prototype: Instance },
  read: (instance: Instance) => MerchantKey,
): void {
  Object.defineProperty(constructor.prototype, KEY, {
    get(this: Instance) {
      return read(this);
    },
  });
}

/** The key of a client, which has been checked to be one. */
export function keyOf(client: object): MerchantKey {
  return (client as { readonly [KEY]: MerchantKey })[KEY];
}
