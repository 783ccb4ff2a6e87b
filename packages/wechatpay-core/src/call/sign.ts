import * as crypto from 'node:crypto';
import { createHash, createHmac, createSecretKey, randomUUID, timingSafeEqual, type KeyObject } from 'node:crypto';

/** The two algorithms of WeChat Pay v2. The gateway takes MD5 where a request names none. */
export type SignType = 'HMAC-SHA256' | 'MD5';

/** For the message about a signature that does not hold: it may have been made with this one. */
export function otherSignType(signType: SignType): SignType {
  return signType === 'MD5' ? 'HMAC-SHA256' : 'MD5';
}

/** Wire fields by their documented names (`out_trade_no`). An absent, null or empty value takes no part in a signature. */
export type Fields = Readonly<Record<string, string | null | undefined>>;

/**
 * Signs wire fields: names in ASCII order, empty values and `sign` left out, the API key at the end.
 *
 * @param fields the values as they are, before any XML escaping.
 * @param apiKey the merchant's API key (v2).
 * @param signType the algorithm; the same must stand in the request's `sign_type`.
 * @returns upper-case hex: 64 characters for HMAC-SHA256, 32 for MD5.
 * @throws {TypeError} another algorithm.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013659173 (Signature Algorithm)
 */
export function signFields(fields: Fields, apiKey: string, signType: SignType): string {
  return new Signer(apiKey).sign(fields, signType);
}

/**
 * Tells whether `fields.sign` is the signature of all the other fields. A missing `sign` is a mismatch.
 *
 * Takes the same time wherever two signatures of one length differ.
 *
 * @param signType the algorithm that was asked for, never one that the reply's length suggests.
 */
export function verifySignature(fields: Fields, apiKey: string, signType: SignType): boolean {
  return new Signer(apiKey).verify(fields, signType);
}

/** {@link signFields} and {@link verifySignature} with one API key, made ready once. */
export class Signer {
  // Private to the language: no inspect shows them.
  readonly #apiKey: string;
  readonly #hmacKey: KeyObject;

  constructor(apiKey: string) {
    this.#apiKey = apiKey;
    this.#hmacKey = createSecretKey(apiKey, 'utf8');
  }

  sign(fields: Fields, signType: SignType): string {
    const text = `${canonicalize(fields)}key=${this.#apiKey}`;
    switch (signType) {
      case 'HMAC-SHA256':
        return createHmac('sha256', this.#hmacKey).update(text).digest('hex').toUpperCase();
      case 'MD5':
        return md5(text).toUpperCase();
      default:
        throw new TypeError("signType: must be 'HMAC-SHA256' or 'MD5'.");
    }
  }

  verify(fields: Fields, signType: SignType): boolean {
    const expected = Buffer.from(this.sign(fields, signType));
    const received = Buffer.from(fields.sign ?? '');
    return received.length === expected.length && timingSafeEqual(received, expected);
  }
}

// In one go: half the time of an object of Hash. Other runtimes may lack it.
const oneShot = (crypto as Partial<typeof crypto>).hash;
const md5 = oneShot
  ? (text: string): string => oneShot('md5', text, 'hex')
  : (text: string): string => createHash('md5').update(text).digest('hex');

/** Makes a `nonce_str`: 32 hexadecimal characters, 122 bits of them from the system's secure random source. */
export function createNonce(): string {
  // Node.js keeps random bytes ready for UUIDs: 1 µs, where `randomBytes` takes 6 at each call.
  return randomUUID().replaceAll('-', '');
}

// Each pair keeps its trailing `&`, so that a map without any value still gives the documented `key=…`.
function canonicalize(fields: Fields): string {
  let text = '';
  // The default sort compares UTF-16 code units, which for documented (ASCII) names is ASCII order.
  for (const name of Object.keys(fields).sort()) {
    const value = fields[name];
    if (name !== 'sign' && value !== undefined && value !== null && value !== '') text += `${name}=${value}&`;
  }
  return text;
}
