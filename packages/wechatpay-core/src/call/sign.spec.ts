import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import published from '../../test/vectors/signing.json' with { type: 'json' };
import { createNonce, signFields, verifySignature, type SignType } from '../index.js';

const API_KEY = '192006250b4c09247ec02edce69f6a2d';
const SIGN_TYPES: readonly SignType[] = ['MD5', 'HMAC-SHA256'];

const vectors = published.vectors.flatMap(({ name, source, key, fields, ...signatures }) =>
  SIGN_TYPES.flatMap((signType) => {
    const expected = (signatures as Partial<Record<SignType, string>>)[signType];
    return expected === undefined ? [] : [{ name, source, key, fields: fields, signType, expected }];
  }),
);

describe('published vectors', () => {
  test.each(vectors)('$name, $signType ($source)', ({ key, fields, signType, expected }) => {
    expect(signFields(fields, key, signType)).toBe(expected);
    expect(verifySignature({ ...fields, sign: expected }, key, signType)).toBe(true);
  });
});

const fieldName = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,12}$/).filter((name) => name !== 'sign');
const fieldMap = fc.dictionary(fieldName, fc.string({ unit: 'binary' }), { maxKeys: 12 });
const signType = fc.constantFrom(...SIGN_TYPES);

describe.each(SIGN_TYPES)('%s', (algorithm) => {
  it('leaves out empty, null and absent values and sign itself', () => {
    const plain = signFields({ a: '1', b: '2' }, API_KEY, algorithm);
    expect(signFields({ b: '2', c: '', d: null, e: undefined, sign: 'x', a: '1' }, API_KEY, algorithm)).toBe(plain);
  });

  it('sorts by ASCII: upper case before underscore before lower case', () => {
    const sorted = signFields({ aB: '1', a_b: '2', ab: '3' }, API_KEY, algorithm);
    expect(signFields({ ab: '3', a_b: '2', aB: '1' }, API_KEY, algorithm)).toBe(sorted);
    expect(signFields({ aB: '3', a_b: '2', ab: '1' }, API_KEY, algorithm)).not.toBe(sorted);
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['cut short', 31],
    ['in lower case', 'lower'],
    ['too long', 'long'],
    ['not ASCII', '签'.repeat(32)],
  ])('refuses a signature that is %s', (_, how) => {
    const valid = signFields({ a: '1' }, API_KEY, algorithm);
    const broken =
      how === 31 ? valid.slice(0, 31) : how === 'lower' ? valid.toLowerCase() : how === 'long' ? `${valid}0` : how;
    expect(verifySignature({ a: '1', sign: broken as string | undefined }, API_KEY, algorithm)).toBe(false);
  });

  it('refuses the signature of the other algorithm', () => {
    const other = algorithm === 'MD5' ? 'HMAC-SHA256' : 'MD5';
    expect(verifySignature({ a: '1', sign: signFields({ a: '1' }, API_KEY, other) }, API_KEY, algorithm)).toBe(false);
  });
});

it('signs and verifies any field map, whatever the order of its fields', () => {
  fc.assert(
    fc.property(fieldMap, signType, (fields, type) => {
      const signature = signFields(fields, API_KEY, type);
      const reversed = Object.fromEntries(Object.entries(fields).reverse());
      expect(signature).toMatch(type === 'MD5' ? /^[0-9A-F]{32}$/ : /^[0-9A-F]{64}$/);
      expect(verifySignature({ ...reversed, sign: signature }, API_KEY, type)).toBe(true);
    }),
  );
});

it('refuses any change of one character, in a value, in a name, in the signature or in the key', () => {
  const changed = (text: string, at: number, to: string): string => {
    const index = at % text.length;
    return text.slice(0, index) + (text[index] === to ? (to === 'x' ? 'y' : 'x') : to) + text.slice(index + 1);
  };
  const filled = fc.dictionary(fieldName, fc.string({ minLength: 1 }), { minKeys: 1, maxKeys: 8 });
  fc.assert(
    fc.property(filled, fc.nat(), fc.nat(), fc.constantFrom('x', 'Z', '0'), signType, (fields, which, at, to, type) => {
      const signature = signFields(fields, API_KEY, type);
      const names = Object.keys(fields);
      const name = names[which % names.length]!;
      const { [name]: value, ...others } = fields;
      expect(verifySignature({ ...fields, [name]: changed(value!, at, to), sign: signature }, API_KEY, type)).toBe(
        false,
      );
      expect(verifySignature({ ...fields, sign: changed(signature, at, to) }, API_KEY, type)).toBe(false);
      expect(verifySignature({ ...fields, sign: signature }, changed(API_KEY, at, to), type)).toBe(false);
      const renamed = changed(name, at, to);
      fc.pre(renamed !== 'sign' && !(renamed in fields));
      expect(verifySignature({ ...others, [renamed]: value, sign: signature }, API_KEY, type)).toBe(false);
    }),
  );
});

it('makes nonces of 32 characters that do not repeat', () => {
  const nonces = Array.from({ length: 1000 }, createNonce);
  expect(new Set(nonces).size).toBe(1000);
  for (const nonce of nonces) expect(nonce).toMatch(/^[0-9a-f]{32}$/);
});

it('refuses another algorithm rather than choose one', () => {
  expect(() => signFields({ a: '1' }, 'key', 'SHA1' as never)).toThrow(TypeError);
});
