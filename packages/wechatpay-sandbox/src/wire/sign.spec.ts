import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSignedWith, sign, type SignType } from './sign.js';

interface Vector {
  name: string;
  key: string;
  fields: Record<string, string>;
  MD5?: string;
  'HMAC-SHA256'?: string;
}
const { vectors } = JSON.parse(readFileSync(new URL('../../test/vectors/signing.json', import.meta.url), 'utf8')) as {
  vectors: Vector[];
};
const signTypes: readonly SignType[] = ['MD5', 'HMAC-SHA256'];
const rows = vectors.flatMap((vector) =>
  signTypes.flatMap((signType) => {
    const expected = vector[signType];
    return expected === undefined ? [] : [{ ...vector, signType, expected }];
  }),
);

describe('sign', () => {
  it.each(rows)('matches the published example "$name" under $signType', ({ fields, key, signType, expected }) => {
    expect(sign(fields, key, signType)).toBe(expected);
    expect(isSignedWith({ ...fields, sign: expected }, key, signType)).toBe(true);
  });

  it('has examples for both algorithms', () => {
    expect(new Set(rows.map(({ signType }) => signType))).toEqual(new Set(signTypes));
  });

  it('leaves out empty values and the signature itself', () => {
    const fields = { appid: 'wx1', attach: '', sign: 'FF' };
    expect(sign(fields, 'k', 'MD5')).toBe(sign({ appid: 'wx1' }, 'k', 'MD5'));
  });

  const anyFields = fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), fc.string(), { minKeys: 1 });
  it('does not depend on the order of the fields', () => {
    fc.assert(
      fc.property(anyFields, fc.constantFrom(...signTypes), (fields, signType) => {
        const reversed = Object.fromEntries(Object.entries(fields).reverse());
        expect(sign(reversed, 'k', signType)).toBe(sign(fields, 'k', signType));
      }),
    );
  });

  it('holds for no other value, key, algorithm or letter case', () => {
    fc.assert(
      fc.property(anyFields, fc.constantFrom(...signTypes), (fields, signType) => {
        const signature = sign(fields, 'k', signType);
        const other = signType === 'MD5' ? 'HMAC-SHA256' : 'MD5';
        expect(isSignedWith({ ...fields, sign: signature }, 'k', signType)).toBe(true);
        expect(isSignedWith({ ...fields, added: '1', sign: signature }, 'k', signType)).toBe(false);
        expect(isSignedWith({ ...fields, sign: signature }, 'K', signType)).toBe(false);
        expect(isSignedWith({ ...fields, sign: signature }, 'k', other)).toBe(false);
        expect(isSignedWith({ ...fields, sign: signature.toLowerCase() }, 'k', signType)).toBe(
          signature === signature.toLowerCase(),
        );
      }),
    );
  });
});
