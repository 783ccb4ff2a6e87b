import { createHash, createHmac } from 'node:crypto';
import type { SignType } from 'wechatpay-core';
import type { ReadField } from './read-fields.js';
import { waysOf, type SignCause, type Way } from './ways.js';

/** What is to be said of a signature. */
export interface SignatureReport {
  readonly holds: boolean;
  /** Absent where it holds. */
  readonly cause?: SignCause;
  /** Which field, or which form; never the key. */
  readonly detail: string;
  /** The algorithm under which it holds, as it is or in the way that `cause` tells. */
  readonly signType?: SignType | undefined;
}

/**
 * Says why a signature does not hold, by trying how it may have been made.
 *
 * @param fields with `sign`; in the order in which they were written.
 * @param rawKey the API key as it is set, with what stands around it.
 */
export function explainSignature(fields: readonly ReadField[], rawKey: string): SignatureReport {
  const key = rawKey
    .trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim();
  const valueOf = (name: string): string => fields.find((field) => field.name === name)?.value ?? '';
  const sign = valueOf('sign').trim();
  if (!/^(?:[0-9A-Fa-f]{32}|[0-9A-Fa-f]{64})$/.test(sign)) {
    return { holds: false, cause: 'sign-form', detail: String(sign.length) };
  }
  const isReply = valueOf('return_code') !== '';
  const declared: SignType | undefined =
    valueOf('sign_type') === '' ? (isReply ? undefined : 'MD5') : asSignType(valueOf('sign_type'));
  const asIs: Way = {
    cause: 'not-found',
    detail: '',
    key,
    fields: fields.filter(({ name }) => name !== 'sign').map(({ name, value }) => [name, value]),
  };
  const plain = signTypeOf(asIs, sign);
  if (plain) {
    const isDeclared = declared === undefined || plain === declared;
    if (!isDeclared) {
      const cause = valueOf('sign_type') === '' ? 'sign-type-not-sent' : 'other-algorithm';
      return { holds: false, cause, detail: plain, signType: plain };
    }
    if (sign !== sign.toUpperCase()) return { holds: false, cause: 'lower-case', detail: '', signType: plain };
    return { holds: true, detail: '', signType: plain };
  }
  for (const way of waysOf(fields, key, rawKey)) {
    const signType = signTypeOf(way, sign);
    if (signType) return { holds: false, cause: way.cause, detail: way.detail, signType };
  }
  if (createHash('sha256').update(bytesOf(asIs)).digest('hex').toUpperCase() === sign.toUpperCase()) {
    return { holds: false, cause: 'plain-sha256', detail: '' };
  }
  return { holds: false, cause: 'not-found', detail: '' };
}

/** The text that is signed, with the key hidden: what a developer compares with their own. */
export function stringToSign(fields: readonly ReadField[], rawKey: string): string {
  const pairs = fields.filter(({ name, value }) => name !== 'sign' && value !== '');
  const text = pairs.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(({ name, value }) => `${name}=${value}`);
  const key = rawKey.trim();
  const all = `${text.join('&')}&key=`;
  return `${key === '' ? all : all.replaceAll(key, '******')}******`;
}

function asSignType(text: string): SignType {
  return text === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5';
}

function signTypeOf(way: Way, sign: string): SignType | undefined {
  const bytes = bytesOf(way);
  const wanted = sign.toUpperCase();
  // The length tells the algorithm.
  if (wanted.length === 32) {
    return createHash('md5').update(bytes).digest('hex').toUpperCase() === wanted ? 'MD5' : undefined;
  }
  const hmac = createHmac('sha256', way.key).update(bytes).digest('hex').toUpperCase();
  return hmac === wanted ? 'HMAC-SHA256' : undefined;
}

function bytesOf({ fields, key, encode, isUnsorted, keepsEmpty, withoutKey }: Way): Buffer {
  const taken = keepsEmpty ? fields : fields.filter(([, value]) => value !== '');
  const inOrder = isUnsorted ? taken : taken.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const pairs = inOrder.map(([name, value]) => `${name}=${value}`).join('&');
  const text = withoutKey ? pairs : `${pairs}&key=${key}`;
  return encode?.(text) ?? Buffer.from(text, 'utf8');
}
