import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { hostileXml } from '../hostile-xml.js';

/** FUZZ_SECONDS for each property, and as many runs as fit. The seed is printed where a property fails. */
export const spend: fc.Parameters<unknown> = {
  numRuns: Number.MAX_SAFE_INTEGER,
  plugins: [fc.interruptAfterTimeLimit(Number(process.env.FUZZ_SECONDS ?? 20) * 1000)],
};

const folder = new URL('corpus/', import.meta.url);

/** Bodies that were once interesting: edits start from them. */
export const corpus: readonly string[] = [
  ...readdirSync(folder).map((name) => readFileSync(new URL(name, folder), 'utf8')),
  ...hostileXml.map(({ body }) => body.toString('latin1')),
];

/** The names that the gateway looks for, and some that JavaScript does. */
export const fieldNames: readonly string[] = [
  ...['appid', 'mch_id', 'sub_appid', 'sub_mch_id', 'nonce_str', 'sign', 'sign_type'],
  ...['transaction_id', 'out_trade_no', 'out_refund_no', 'refund_id', 'offset'],
  ...['body', 'detail', 'attach', 'device_info', 'auth_code', 'spbill_create_ip', 'version'],
  ...['total_fee', 'fee_type', 'refund_fee', 'refund_fee_type', 'refund_desc'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf', 'a'],
];

const markup = [
  ...['<xml>', '</xml>', '<xml/>', '<a b="c">', '<a >', '</a\n>', '<x:y xmlns:x="z"/>', '<a/>'],
  ...['<![CDATA[', ']]>', ']]', '[', '<![cdata[', '&', ';', '&amp;', '&#65;', '&#x41;', '&#0;', '&#xD800;'],
  ...['&#x110000;', '&#99999999999;', '&a;', '&nbsp;', '&toString;', '&__proto__;'],
  ...['<', '>', '/', '=', '"', "'", '<!', '<?', '?>', '<!--', '-->', '--'],
  ...['<!DOCTYPE x>', '<!DOCTYPE x [<!ENTITY a "b">]>', '<?xml version="1.0"?>', '<?xml version="1.1"?>'],
  ...['<?xml version="1.0" encoding="GBK"?>', '<?xml-stylesheet href="x"?>'],
];

/** Values of fields: the right ones, the wrong ones, and the absurd. */
export const fieldValue: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    ...['1', '0', '-1', '1250', '1e3', '0x10', ' 1', '9'.repeat(15), '9'.repeat(400), 'NaN', 'Infinity', 'null', ''],
    ...['MD5', 'HMAC-SHA256', 'SHA1', 'HKD', 'CNY', '1.0', 'tea', 'cake', 'a', 'b'],
    ...['__proto__', 'constructor', 'hasOwnProperty', 'true', '[object Object]', '茶'.repeat(32), '🐼', '\ud83d'],
    ...['x'.repeat(33), 'x'.repeat(129), 'x'.repeat(6001), '\n', '\t', '\0', ']]>', '<a>', '&amp;', '203.0.113.7'],
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 40 }),
);

const token = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...markup) },
  { weight: 4, arbitrary: fc.constantFrom(...fieldNames.flatMap((name) => [`<${name}>`, `</${name}>`, `<${name}/>`])) },
  { weight: 2, arbitrary: fieldValue },
);

/** A field in one of the ways in which XML can write it, and what it says. */
const field = fc
  .tuple(
    fc.constantFrom(...fieldNames),
    fc.array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => plain(text)),
        fc.string({ unit: 'grapheme', maxLength: 8 }).map((text) => section(text)),
        fc.constantFrom(
          { xml: '&amp;', says: '&' },
          { xml: '&lt;', says: '<' },
          { xml: '&#x4e2d;', says: '中' },
          { xml: '&#10;', says: '\n' },
          { xml: '<!-- no -->', says: '' },
          { xml: '<![CDATA[]]]]><![CDATA[>]]>', says: ']]>' },
        ),
      ),
      { maxLength: 4 },
    ),
  )
  .map(([name, parts]) => ({
    name,
    xml: `<${name}>${parts.map(({ xml }) => xml).join('')}</${name}>`,
    says: parts.map(({ says }) => says).join(''),
  }));

interface Part {
  xml: string;
  says: string;
}

function plain(text: string): Part {
  const says = printable(text).replace(/[<&\]]/g, '.');
  return { xml: says, says };
}

function section(text: string): Part {
  const says = printable(text).replaceAll(']]>', '...');
  return { xml: `<![CDATA[${says}]]>`, says };
}

/** What XML 1.0 can carry as it is. */
function printable(text: string): string {
  return text.replace(/[^\n\t -\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
}

/** Flat documents without a field twice, and the fields that they hold. */
export const document: fc.Arbitrary<{ xml: string; fields: Record<string, string> }> = fc
  .uniqueArray(field, { selector: ({ name }) => name, maxLength: 6 })
  .map((fields) => ({
    xml: `<xml>\n${fields.map(({ xml }) => xml).join('\n')}</xml>`,
    fields: Object.fromEntries(fields.map(({ name, says }) => [name, says])),
  }));

/** Anything: pieces in any order, or a body (of the corpus, or a generated one) with some edits. */
export const hostile: fc.Arbitrary<string> = fc.oneof(
  fc.array(token, { maxLength: 30 }).map((tokens) => tokens.join('')),
  fc.array(token, { maxLength: 20 }).map((tokens) => `<xml>${tokens.join('')}</xml>`),
  edited(
    fc.oneof(
      document.map(({ xml }) => xml),
      fc.constantFrom(...corpus),
    ),
  ),
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
