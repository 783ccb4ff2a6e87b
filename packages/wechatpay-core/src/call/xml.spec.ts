import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { decodeXml, encodeXml, MAX_XML_BYTES, WechatPayRequestError, WechatPayResponseError } from '../index.js';

const xmlText = fc
  .string({ unit: 'binary', minLength: 1 })
  .map((text) => text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '-'));
const fieldName = fc.stringMatching(/^[a-z][a-zA-Z0-9_]{0,12}$/).filter((name) => !(name in Object.prototype));
const fieldMap = fc.dictionary(fieldName, xmlText, { maxKeys: 12 });

describe('round trip', () => {
  it('returns any field map of what XML can carry', () => {
    fc.assert(
      fc.property(fieldMap, (fields) => {
        expect({ ...decodeXml(encodeXml(fields)) }).toEqual({ ...fields });
        expect({ ...decodeXml(Buffer.from(encodeXml(fields))) }).toEqual({ ...fields });
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['28 digits', '1217752501201407033233368018'],
    ['leading zeros', '0070'],
    ['the end of CDATA', 'a]]>b'],
    ['markup', '<a href="x">&amp;</a>'],
    ['an entity that is text', '&lt;&#65;'],
    ['emoji', '🐼 pays'],
    ['surrounding spaces', '  a  '],
    ['only spaces', '   '],
    ['line ends of every kind', 'a\r\nb\rc\nd\te'],
    ['what looks like a DOCTYPE', '<!DOCTYPE xml [<!ENTITY a "b">]>'],
    ['what looks like a number', '1e5'],
    ['what looks like a boolean', 'true'],
  ])('keeps %s', (_, value) => {
    expect(decodeXml(encodeXml({ value })).value).toBe(value);
  });

  it('leaves out what is empty, as the signature does', () => {
    expect(encodeXml({ a: '', b: null, c: undefined, d: '0' })).toBe('<xml><d>0</d></xml>');
  });
});

describe('encode refuses', () => {
  test.each([
    ['a control character', 'a\u0000'],
    ['an escape', '\u001b[31m'],
    ['half of a surrogate pair', 'a\ud83d'],
    ['the noncharacter U+FFFE', '\ufffe'],
  ])('%s, by field name', (_, attach) => {
    expect(() => encodeXml({ appid: 'wx1', attach })).toThrow(WechatPayRequestError);
    expect(() => encodeXml({ appid: 'wx1', attach })).toThrow(/^attach: .*remove it/);
  });

  test.each(['a b', '1a', 'a>b', '', '__proto__', 'constructor', 'toString'])('the field name %j', (name) => {
    expect(() => encodeXml(Object.fromEntries([[name, 'x']]))).toThrow(WechatPayRequestError);
  });
});

describe('decode accepts', () => {
  test.each<[string, string | Buffer, Record<string, string>]>([
    ['CDATA', '<xml><a><![CDATA[<b>&amp;]]></a></xml>', { a: '<b>&amp;' }],
    ['brackets in CDATA', '<xml><a><![CDATA[]]]]></a></xml>', { a: ']]' }],
    ['empty CDATA', '<xml><a><![CDATA[]]></a></xml>', { a: '' }],
    ['CDATA and text by turns', '<xml><a>1<![CDATA[&lt;]]>&lt;<![CDATA[2]]></a></xml>', { a: '1&lt;<2' }],
    ['DOCTYPE inside CDATA', '<xml><a><![CDATA[<!DOCTYPE x>]]></a></xml>', { a: '<!DOCTYPE x>' }],
    ['the five entities', '<xml><a>&amp;&lt;&gt;&quot;&apos;</a></xml>', { a: `&<>"'` }],
    ['numeric entities', '<xml><a>&#65;&#x1F43C;&#10;</a></xml>', { a: 'A🐼\n' }],
    ['an entity once', '<xml><a>&amp;lt;&#38;#65;</a></xml>', { a: '&lt;&#65;' }],
    ['an empty element', '<xml><a/><b></b></xml>', { a: '', b: '' }],
    ['no field', '<xml></xml>', {}],
    ['a declaration', `<?xml version="1.0" encoding='utf-8' standalone="yes"?>\n<xml><a>1</a></xml>`, { a: '1' }],
    ['a byte order mark', '\ufeff<xml><a>1</a></xml>', { a: '1' }],
    ['a byte order mark in bytes', Buffer.from('\ufeff<xml><a>1</a></xml>'), { a: '1' }],
    ['white space between fields', '\n<xml>\r\n\t<a>1</a >\n  <b>2</b>\n</xml>\n', { a: '1', b: '2' }],
    ['a lone bracket and a greater-than sign', '<xml><a>]]&gt; > ] ]</a></xml>', { a: ']]> > ] ]' }],
  ])('%s', (_, document, fields) => {
    expect({ ...decodeXml(document) }).toEqual(fields);
  });

  it('exactly 64 KiB', () => {
    const frame = '<xml><a></a></xml>'.length;
    const document = `<xml><a>${'x'.repeat(MAX_XML_BYTES - frame)}</a></xml>`;
    expect(decodeXml(document).a).toHaveLength(MAX_XML_BYTES - frame);
    expect(() => decodeXml(`${document} `)).toThrow(WechatPayResponseError);
  });

  it('without giving a prototype to the result', () => {
    expect(Object.getPrototypeOf(decodeXml('<xml><a>1</a></xml>'))).toBeNull();
  });
});

const BILLION_LAUGHS = `<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><xml><a>&b;</a></xml>`;

describe('decode refuses', () => {
  test.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['a text', 'SUCCESS'],
    ['HTML', '<html><head><title>502 Bad Gateway</title></head></html>'],
    ['JSON', '{"return_code":"SUCCESS"}'],
    ['another root', '<root><a>1</a></root>'],
    ['a self-closed root', '<xml/>'],
    ['two roots', '<xml><a>1</a></xml><xml><a>2</a></xml>'],
    ['two self-closed roots', '<xml/><xml/>'],
    ['an unclosed root', '<xml><a>1</a>'],
    ['half a closing tag', '<xml><a>1</a></xml'],
    ['an unclosed field', '<xml><a>1</xml>'],
    ['a field closed as another', '<xml><a>1</b></xml>'],
    ['fields that overlap', '<xml><a>1<b>2</a></b></xml>'],
    ['nesting', '<xml><a><b>1</b></a></xml>'],
    ['a field twice', '<xml><a>1</a><a>1</a></xml>'],
    ['attributes', '<xml><a b="1">1</a></xml>'],
    ['attributes of the root', '<xml xmlns="x"><a>1</a></xml>'],
    ['a namespace prefix', '<xml><x:a>1</x:a></xml>'],
    ['text before the root', 'x<xml><a>1</a></xml>'],
    ['text after the root', '<xml><a>1</a></xml>x'],
    ['text between fields', '<xml>x<a>1</a></xml>'],
    ['CDATA between fields', '<xml><![CDATA[x]]><a>1</a></xml>'],
    ['a comment in a value', '<xml><a>1<!-- x -->2</a></xml>'],
    ['a comment between fields', '<xml><!-- x --><a>1</a></xml>'],
    ['a processing instruction', '<xml><?php x?><a>1</a></xml>'],
    ['a second declaration', '<?xml version="1.0"?><?xml version="1.0"?><xml></xml>'],
    ['another encoding', '<?xml version="1.0" encoding="GBK"?><xml></xml>'],
    ['a DOCTYPE', '<!DOCTYPE xml><xml><a>1</a></xml>'],
    ['a DOCTYPE in lower case', '<!doctype xml><xml><a>1</a></xml>'],
    ['a DOCTYPE in the root', '<xml><!DOCTYPE x><a>1</a></xml>'],
    ['an external entity', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml><a>&e;</a></xml>'],
    ['a billion laughs', BILLION_LAUGHS],
    ['an entity of HTML', '<xml><a>&nbsp;</a></xml>'],
    ['a bare ampersand', '<xml><a>a & b</a></xml>'],
    ['an entity without end', '<xml><a>&amp</a></xml>'],
    ['a reference to NUL', '<xml><a>&#0;</a></xml>'],
    ['a reference to a surrogate', '<xml><a>&#xD83D;</a></xml>'],
    ['a reference beyond Unicode', '<xml><a>&#x110000;</a></xml>'],
    ['the end of CDATA in text', '<xml><a>x]]>y</a></xml>'],
    ['CDATA without end', '<xml><a><![CDATA[x</a></xml>'],
    ['CDATA in lower case', '<xml><a><![cdata[x]]></a></xml>'],
    ['__proto__', '<xml><__proto__>1</__proto__></xml>'],
    ['constructor', '<xml><constructor>1</constructor></xml>'],
    ['prototype and the like', '<xml><hasOwnProperty>1</hasOwnProperty></xml>'],
    ['toString', '<xml><toString>1</toString></xml>'],
    ['a name with a digit first', '<xml><1a>1</1a></xml>'],
    ['a space before a name', '<xml>< a>1</ a></xml>'],
    ['a NUL', '<xml><a>\0</a></xml>'],
    ['a NUL in CDATA', '<xml><a><![CDATA[\0]]></a></xml>'],
    ['half of a surrogate pair', '<xml><a>\ud83d</a></xml>'],
    ['bytes that are no UTF-8', Buffer.from([...Buffer.from('<xml><a>'), 0xff, ...Buffer.from('</a></xml>')])],
    ['an overlong form', Buffer.from([...Buffer.from('<xml><a>'), 0xc0, 0xbc, ...Buffer.from('</a></xml>')])],
    ['UTF-16', Buffer.from('<xml><a>1</a></xml>', 'utf16le')],
    ['more than 64 KiB', `<xml><a>${'x'.repeat(MAX_XML_BYTES)}</a></xml>`],
    ['more than 64 KiB of three-byte characters', `<xml><a>${'签'.repeat(MAX_XML_BYTES / 3)}</a></xml>`],
  ])('%s', (_, document) => {
    expect(() => decodeXml(document)).toThrow(WechatPayResponseError);
  });
});

const BETWEEN =
  'check `baseUrl`, and what stands between this machine and WeChat Pay (a proxy, a firewall, a login page)';
// 成功
const GBK = Buffer.from('<xml><return_msg>\xb3\xc9\xb9\xa6</return_msg></xml>', 'latin1');

test.each<[input: string | Uint8Array, message: string]>([
  ['<root></root>', 'it is not a flat <xml> document'],
  ['', 'it is empty'],
  [Buffer.alloc(0), 'it is empty'],
  ['<html></html>', `it is an HTML page; ${BETWEEN}`],
  [Buffer.from('\r\n<!DOCTYPE html><title>登录</title>'), `it is an HTML page; ${BETWEEN}`],
  [Buffer.from('<HTML><p>\xb5\xc7</HTML>', 'latin1'), `it is an HTML page; ${BETWEEN}`],
  ['{"code":"PARAM_ERROR"}', `it is JSON; ${BETWEEN}`],
  ['<?xml version="1.0" encoding="GBK"?><xml></xml>', `it is encoded in GBK, not in UTF-8; ${BETWEEN}`],
  [GBK, `it is not UTF-8, but seems to be GBK; ${BETWEEN}`],
  [gzipSync('<xml><a>1</a></xml>'), `it is compressed with gzip, which was not asked for; ${BETWEEN}`],
  ['<xml><constructor>1</constructor></xml>', ''],
  ['<xml><toString>1</toString></xml>', ''],
  ['<xml><a>1</a><a>2</a></xml>', 'it has the field a twice'],
  ['<xml><a>&#0;</a></xml>', 'it has a reference to a character outside XML 1.0'],
  ['<xml><a>&#1114112;</a></xml>', 'it has a reference to a character outside XML 1.0'],
  [Buffer.from([0x3c, 0xff]), `it is not UTF-8; ${BETWEEN}`],
  ['x'.repeat(MAX_XML_BYTES + 1), 'it is larger than 65536 bytes'],
  [Buffer.alloc(MAX_XML_BYTES + 1), 'it is larger than 65536 bytes'],
])('says why %j cannot be read', (input, message) => {
  expect(() => decodeXml(input)).toThrow(WechatPayResponseError);
  expect(() => decodeXml(input)).toThrow(
    message === '' ? /reserved name|parser refused/ : `cannot be read: ${message}.`,
  );
});

it('reads the last character of Unicode by its number', () => {
  expect(decodeXml('<xml><a>&#x10FFFD;</a></xml>').a).toBe('\u{10FFFD}');
});

test.each([
  ['a b', '1', 'a b: is no field name; use letters, digits and "_".'],
  ['a', 1 as never, 'a: must be a string.'],
])('says why the field %j cannot be written', (name, value, message) => {
  expect(() => encodeXml({ [name]: value })).toThrow(message);
});
