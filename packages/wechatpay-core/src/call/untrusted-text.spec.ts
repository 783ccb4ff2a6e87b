import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escaped, quoted, withoutSecrets } from './untrusted-text.js';

const SIGN = 'C380BEC2BFD727A4B6845133519F3AD6';

describe('text of others', () => {
  it.each([
    ['a line break', 'a\r\n\tb', '"a\\r\\n\\tb"'],
    ['a NUL', 'a\0b', '"a\\u0000b"'],
    ['next line, of C1', 'a\u0085b', '"a\\u0085b"'],
    ['a command to a terminal, of C1', 'a\u009B31mb', '"a\\u009b31mb"'],
    ['a line separator', 'a\u2028b', '"a\\u2028b"'],
    ['a paragraph separator', 'a\u2029b', '"a\\u2029b"'],
    ['right to left', 'a\u202Eb', '"a\\u202eb"'],
    ['an isolate', 'a\u2066b\u2069', '"a\\u2066b\\u2069"'],
    ['a mark of direction', 'a\u200Eb\u200F', '"a\\u200eb\\u200f"'],
    ['a byte order mark', '\uFEFFa', '"\\ufeffa"'],
    ['a tag beyond 16 bits', 'a\u{E0041}', '"a\\u{e0041}"'],
    ['half a pair', 'a\uD800', '"a\\ud800"'],
    ['quotes and backslashes', '"\\', '"\\"\\\\"'],
    ['Chinese and emoji', '订单🐼', '"订单🐼"'],
    ['a signature', `sign ${SIGN}.`, '"sign …."'],
    ['one in lower case', SIGN.toLowerCase(), '"…"'],
    ['an order number of 32 digits', '12345678901234567890123456789012', '"12345678901234567890123456789012"'],
    ['nothing', '', '""'],
  ])('is shown in a message: %s', (_, text, message) => {
    expect(quoted(text)).toBe(message);
  });

  it.each([
    ['x'.repeat(128), 'x'.repeat(128)],
    ['x'.repeat(129), `${'x'.repeat(127)}…`],
    ['🐼'.repeat(129), `${'🐼'.repeat(127)}…`],
    [`${'x'.repeat(127)}\n`, `${'x'.repeat(127)}…`],
    [`${'x'.repeat(126)}\ny`, `${'x'.repeat(126)}…`],
  ])('is cut to its documented length', (text, cut) => {
    expect(escaped(text, 128)).toBe(cut);
  });

  it('is never longer, and never holds what a log or a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.integer({ min: 1, max: 128 }), (text, max) => {
        const shown = escaped(text, max);
        expect(Array.from(shown).length).toBeLessThanOrEqual(max);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
      }),
    );
  });
});

it.each([
  [`a${SIGN}b`, [SIGN], 'a…b'],
  [`a${SIGN.toLowerCase()}b${SIGN}`, [SIGN], 'a…b…'],
  ['nothing', [SIGN], 'nothing'],
  [`İ${SIGN}`, [SIGN], 'İ…'],
])('takes our own secrets out of %j', (text, secrets, rest) => {
  expect(withoutSecrets(text, secrets)).toBe(rest);
});
