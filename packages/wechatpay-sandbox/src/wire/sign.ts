import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { Fields } from './xml.js';

/** The two algorithms of WeChat Pay v2. MD5 is what an absent `sign_type` means. */
export type SignType = 'MD5' | 'HMAC-SHA256';

/** Signs the raw values: CDATA and entities belong to the XML, not to the string that is signed. */
export function sign(fields: Fields, apiKey: string, signType: SignType): string {
  const text = Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .concat(`key=${apiKey}`)
    .join('&');
  const hash = signType === 'MD5' ? createHash('md5') : createHmac('sha256', apiKey);
  return hash.update(text, 'utf8').digest('hex').toUpperCase();
}

/** Whether `fields.sign` is the signature of all other fields. */
export function isSignedWith(fields: Fields, apiKey: string, signType: SignType): boolean {
  const expected = Buffer.from(sign(fields, apiKey, signType));
  const received = Buffer.from(fields.sign ?? '');
  return received.length === expected.length && timingSafeEqual(received, expected);
}
