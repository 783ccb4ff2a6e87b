import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hostileXml } from '../../test/hostile-xml.js';
import { decode, encode } from './xml.js';

const bytes = (text: string): Buffer => Buffer.from(text);

describe('decode', () => {
  it.each(hostileXml)('refuses $name', ({ body, problem }) => {
    expect(decode(body)).toEqual({ problem });
  });

  it('reads CDATA, the built-in and the numeric entities, and comments as nothing', () => {
    const body =
      '\uFEFF<?xml version="1.0" encoding="utf-8"?>\n<xml><!-- x --><a>&lt;&#20013;&#x4e2d;</a><b><![CDATA[&lt;]]> </b><c/></xml>\n';
    expect(decode(bytes(body))).toEqual({ fields: { a: '<中中', b: '&lt; ', c: '' } });
  });

  it('keeps a name that JavaScript knows apart from what JavaScript means by it', () => {
    const { fields } = decode(bytes('<xml><__proto__>1</__proto__><constructor>2</constructor></xml>'));
    expect(Object.entries(fields ?? {})).toEqual([
      ['__proto__', '1'],
      ['constructor', '2'],
    ]);
  });

  it('never throws, whatever it is given', () => {
    const pieces = fc.constantFrom(
      '<xml>',
      '</xml>',
      '<a>',
      '</a>',
      '<![CDATA[',
      ']]>',
      '&',
      '&#1;',
      ';',
      '<',
      '>',
      '<?',
      '<!',
      '\0',
      'x',
      '\uD800',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.array(pieces).map((parts) => bytes(parts.join(''))),
        ),
        (body) => {
          const document = decode(body);
          expect(document.fields === undefined).toBe(document.problem !== undefined);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe('encode', () => {
  // XML cannot carry control characters or half a surrogate pair.
  const text = fc
    .string({ unit: 'binary' })
    .map((value) => value.replace(/[^\n\r\t -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, ''));

  it('is read back to the letter, ]]> included', () => {
    const values = fc.oneof(
      text,
      fc.array(fc.constantFrom(']', ']]>', '>', '<![CDATA[', '&amp;', '\r', '\n', 'x')).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.stringMatching(/^[a-z][a-z_]{0,9}$/), values), (fields) => {
        expect(decode(bytes(encode(fields)))).toEqual({ fields: { ...fields } });
      }),
    );
  });

  it('wraps each value in CDATA, as the real gateway does', () => {
    expect(encode({ return_code: 'SUCCESS', attach: '' })).toBe(
      '<xml>\n<return_code><![CDATA[SUCCESS]]></return_code>\n<attach><![CDATA[]]></attach>\n</xml>',
    );
  });
});
