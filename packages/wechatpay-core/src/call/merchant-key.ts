import { decryptRefundInfo, refundKeyOf } from './refund-cipher.js';
import { Signer, type Fields, type SignType } from './sign.js';
import { Redactor } from '../transport/redact.js';

/** An API key that is being replaced. */
export interface PreviousApiKey {
  /** 32 characters, and another one than the new key. */
  readonly apiKey: string;
  /** From then on, by the client's clock, nothing that it signed is accepted. Notifications are sent again for 24 h. */
  readonly until: Date;
}

/** What signs, and for a while what signed before. */
export interface ApiKeys {
  readonly apiKey: string;
  readonly previousApiKey: PreviousApiKey | undefined;
}

/** What verifies a reply. */
export interface VerifyingKey {
  /** The algorithm of the client's requests, of their replies, and of the notifications about their orders. */
  readonly signType: SignType;
  verify(fields: Fields, signType?: SignType): boolean;
  /** Until when the key that signed this was accepted, where it is no more. For a message: it makes nothing sound. */
  expired(fields: Fields, signType?: SignType): Date | undefined;
}

/** One call's: it is signed with the key that it began with, and what was accepted then is for its reply, whatever key comes meanwhile. */
export interface CallKey extends VerifyingKey {
  /** Whether its keys are still the merchant's. */
  isCurrent(): boolean;
  sign(fields: Fields, signType?: SignType): string;
}

/**
 * What can be done with a merchant's API key, which itself comes out nowhere. While the key is changed there are two: the new one signs, and
 * what either signed is accepted until a date.
 */
export class MerchantKey implements VerifyingKey {
  readonly signType: SignType;
  // Private to the language: no inspect shows them.
  readonly #now: () => number;
  /** Every key that there was: a call under way may be of any of them, and none of them is to be shown. */
  readonly #secrets = new Set<string>();
  #keys: HeldKeys;

  constructor({ signType, now, ...keys }: ApiKeys & { readonly signType: SignType; readonly now: () => number }) {
    this.signType = signType;
    this.#now = now;
    this.#keys = this.#hold(keys);
  }

  /** @returns whether anything is different. */
  rotate(keys: ApiKeys): boolean {
    const { current, previous, until } = this.#keys;
    const isSame =
      current.is(keys.apiKey) &&
      until?.getTime() === keys.previousApiKey?.until.getTime() &&
      (previous?.is(keys.previousApiKey?.apiKey ?? '') ?? true);
    if (!isSame) this.#keys = this.#hold(keys, current);
    return !isSame;
  }

  #hold({ apiKey, previousApiKey: previous }: ApiKeys, current?: HeldKey): HeldKeys {
    this.#secrets.add(apiKey);
    if (previous) this.#secrets.add(previous.apiKey);
    return {
      current: current?.is(apiKey) ? current : new HeldKey(apiKey),
      previous: previous && new HeldKey(previous.apiKey),
      until: previous?.until,
    };
  }

  sign(fields: Fields, signType: SignType = this.signType): string {
    return this.#keys.current.signer.sign(fields, signType);
  }

  verify(fields: Fields, signType: SignType = this.signType): boolean {
    return this.#accepted(this.#keys).some((key) => key.signer.verify(fields, signType));
  }

  expired(fields: Fields, signType: SignType = this.signType): Date | undefined {
    const { previous, until } = this.#keys;
    return previous?.signer.verify(fields, signType) ? until : undefined;
  }

  forCall(): CallKey {
    const keys = this.#keys;
    return {
      signType: this.signType,
      isCurrent: () => keys === this.#keys,
      sign: (fields, signType = this.signType) => keys.current.signer.sign(fields, signType),
      verify: (fields, signType = this.signType) =>
        this.#accepted(keys).some((key) => key.signer.verify(fields, signType)) ||
        (keys !== this.#keys && this.verify(fields, signType)),
      expired: (fields, signType) => this.expired(fields, signType),
    };
  }

  /** What each key that is accepted makes of it: nothing of that is authenticated, nor is it whole where the key is another's. */
  decryptRefundInfo(reqInfo: string): readonly Uint8Array[] {
    return this.#accepted(this.#keys).flatMap((key) => decryptRefundInfo(reqInfo, key.refundKey) ?? []);
  }

  /** Hides every key that there was, and what else is given. */
  redactor(...others: readonly string[]): Redactor {
    return new Redactor(...others, ...this.#secrets);
  }

  /** Those that hold now. A clock that fails accepts none of before. */
  #accepted({ current, previous, until }: HeldKeys): readonly HeldKey[] {
    if (!previous || !until) return [current];
    try {
      return this.#now() < until.getTime() ? [current, previous] : [current];
    } catch {
      return [current];
    }
  }
}

/** Which keys there are at a time. */
interface HeldKeys {
  readonly current: HeldKey;
  readonly previous: HeldKey | undefined;
  readonly until: Date | undefined;
}

/** An API key, made ready. */
class HeldKey {
  readonly signer: Signer;
  readonly #apiKey: string;

  constructor(apiKey: string) {
    this.#apiKey = apiKey;
    this.signer = new Signer(apiKey);
  }

  get refundKey(): ReturnType<typeof refundKeyOf> {
    return refundKeyOf(this.#apiKey);
  }

  is(apiKey: string): boolean {
    return this.#apiKey === apiKey;
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
