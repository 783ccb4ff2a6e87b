import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { SaxesParser } from 'saxes';

/** FUZZ_SECONDS for each property, and as many runs as fit. The seed is printed where a property fails. */
export const spend: fc.Parameters<unknown> = {
  numRuns: Number.MAX_SAFE_INTEGER,
  plugins: [fc.interruptAfterTimeLimit(Number(process.env.FUZZ_SECONDS ?? 20) * 1000)],
};

const corpusFolder = new URL('corpus/', import.meta.url);

/** Documents that were once interesting: mutations start from them. */
export const corpus: readonly string[] = readdirSync(corpusFolder).map((name) =>
  readFileSync(new URL(name, corpusFolder), 'utf8'),
);

// What a document is made of, and what an attacker would put into one.
const TOKENS = [
  ...[
    '<xml>',
    '</xml>',
    '<xml/>',
    '<a>',
    '</a>',
    '<a/>',
    '<b>',
    '</b>',
    '<sign>',
    '</sign>',
    '<a b="c">',
    '<a >',
    '</a\n>',
  ],
  ...[
    '<![CDATA[',
    ']]>',
    ']]',
    ']',
    '[',
    '<![CDATA[]]>',
    '<![cdata[',
    '&',
    ';',
    '&amp;',
    '&lt;',
    '&#65;',
    '&#x41;',
    '&#0;',
  ],
  ...[
    '&#xD800;',
    '&#x110000;',
    '&#99999999;',
    '&a;',
    '&nbsp;',
    '<',
    '>',
    '/',
    '=',
    '"',
    "'",
    '<!',
    '<?',
    '?>',
    '<!--',
    '-->',
  ],
  ...[
    '<!DOCTYPE x>',
    '<!DOCTYPE x [<!ENTITY a "b">]>',
    '<?xml version="1.0"?>',
    '<?xml version="1.0" encoding="UTF-8"?>',
  ],
  ...[
    '<__proto__>',
    '</__proto__>',
    '<constructor>',
    '</constructor>',
    '<toString/>',
    '<hasOwnProperty>',
    '#text',
    '#cdata',
  ],
  ...[
    ' ',
    '\n',
    '\r',
    '\r\n',
    '\t',
    '\0',
    '\u0008',
    '\ufeff',
    '\ufffe',
    '\ud83d',
    '\udc3c',
    '🐼',
    '签',
    'é',
    'x',
    '0',
    '1e5',
    'true',
  ],
];

const token = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(...TOKENS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const content = fc.array(
  fc.oneof(
    // No `>` at the beginning of a piece: after another one that ends in `]]` it would be refused, rightly.
    fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[<&\]]|^>/g, '.')),
    fc.string({ unit: 'grapheme' }).map((text) => `<![CDATA[${text.replaceAll(']]>', ']] >')}]]>`),
    fc.constantFrom('&amp;', '&lt;', '&gt;', '&quot;', '&apos;', '&#10;', '&#x1F43C;', ']', ']]'),
  ),
  { maxLength: 4 },
);
const field = fc.tuple(name, content).map(([tag, parts]) => `<${tag}>${parts.join('')}</${tag}>`);

/** Documents that are flat, or nearly. */
export const document: fc.Arbitrary<string> = fc
  .array(field, { maxLength: 6 })
  .map((fields) => `<xml>${fields.join('')}</xml>`);

/** Anything: tokens in any order, or a document (of the corpus, or a generated one) with some edits. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.array(token, { maxLength: 30 }).map((tokens) => tokens.join('')),
  fc.array(token, { maxLength: 20 }).map((tokens) => `<xml>${tokens.join('')}</xml>`),
  edited(fc.oneof(document, fc.constantFrom(...corpus))),
);

/** Some edits of a text: cut, repeat, insert. */
export function edited(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.tuple(fc.nat(), fc.nat({ max: 12 }), fc.oneof(token, fc.constant('')), fc.boolean());
  return fc.tuple(text, fc.array(edit, { minLength: 1, maxLength: 4 })).map(([original, edits]) =>
    edits.reduce((current, [position, length, insert, repeat]) => {
      const at = position % (current.length + 1);
      return current.slice(0, at) + insert + current.slice(repeat ? Math.max(0, at - length) : at + length);
    }, original),
  );
}

/** What another parser, a strict one, reads in a document that should be flat: undefined where it is not well-formed. */
export function readWithSaxes(text: string): Record<string, string> | undefined {
  const parser = new SaxesParser();
  const fields: Record<string, string> = {};
  const path: string[] = [];
  let value = '';
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name: tag }) => {
    path.push(tag);
    value = '';
  });
  parser.on('text', (part) => (value += part));
  parser.on('cdata', (part) => (value += part));
  parser.on('closetag', ({ name: tag }) => {
    if (path.length === 2) fields[tag] = value;
    path.pop();
  });
  try {
    parser.write(text).close();
    return fields;
  } catch {
    return undefined;
  }
}
