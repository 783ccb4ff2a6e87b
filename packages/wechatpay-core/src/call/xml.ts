import { XMLParser } from './fast-xml-parser.cjs';
import { WechatPayRequestError, WechatPayResponseError } from '../errors.js';
import type { Fields } from './sign.js';

/** The largest document that {@link decodeXml} reads: 64 KiB. The longest documented reply is a tenth of it. */
export const MAX_XML_BYTES = 64 * 1024;

/**
 * Writes wire fields as the flat `<xml>` document that WeChat Pay v2 takes. Absent and empty values are left out, as they
 * are from the signature.
 *
 * @throws {WechatPayRequestError} a value that XML 1.0 cannot carry, or a name that is no field name; names the field.
 */
export function encodeXml(fields: Fields): string {
  let xml = '<xml>';
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (value === undefined || value === null || value === '') continue;
    if (!isFieldName(name)) throw new WechatPayRequestError(name, 'is no field name; use letters, digits and "_".');
    if (typeof (value as unknown) !== 'string') throw new WechatPayRequestError(name, 'must be a string.');
    if (!isXmlText(value)) throw new WechatPayRequestError(name, NOT_XML_TEXT);
    xml += `<${name}>${value.replace(UNSAFE, (character) => `&#${String(character.charCodeAt(0))};`)}</${name}>`;
  }
  return `${xml}</xml>`;
}

/**
 * Reads a flat `<xml>` document. Values stay the strings that were sent: `007` and 28 digits survive to the letter.
 *
 * Accepted besides plain fields: CDATA, the five predefined and numeric entities, empty elements, an `<?xml?>` declaration
 * of UTF-8, a byte order mark, white space between fields. All else is refused: a DOCTYPE, other entities, attributes,
 * comments, nesting, a field twice, names of `Object.prototype`, invalid UTF-8, characters outside XML 1.0, more than 64 KiB.
 *
 * @param document at most {@link MAX_XML_BYTES}.
 * @returns an object without prototype; empty elements are empty strings.
 * @throws {WechatPayResponseError} anything that is not such a document.
 */
export function decodeXml(document: Uint8Array | string): Record<string, string> {
  return decodeFlat(document, 'xml');
}

/** As {@link decodeXml}, also for the decrypted part of a refund notification, whose root is `<root>`. */
export function decodeFlat(document: Uint8Array | string, root: Root): Record<string, string> {
  return readFields(parseDocument(document, FLAT_DOCUMENT[root], `it is not a flat <${root}> document`, root));
}

/**
 * The elements of a document that a grammar describes.
 *
 * @param otherwise what is wrong with any other.
 * @throws {WechatPayResponseError} a document that the grammar does not describe.
 */
export function parseDocument(
  document: Uint8Array | string,
  grammar: RegExp,
  otherwise: string,
  root: Root = 'xml',
): Node[] {
  const text = toText(document);
  if (!grammar.test(text) || !isXmlText(text)) throw malformed(describeForeign(text) ?? otherwise);
  return parseRoot(text, root);
}

/** @throws {WechatPayResponseError} a field twice, or one with a name of Object.prototype. */
export function readFields(elements: readonly Node[]): Record<string, string> {
  const fields = Object.create(null) as Record<string, string>;
  for (const element of elements) {
    const [name = '#text'] = Object.keys(element);
    if (name === '#text') continue; // white space between fields: the grammar allows no other text there
    if (!isFieldName(name)) throw malformed('it has a field with a reserved name');
    if (name in fields) throw malformed(`it has the field ${name} twice`);
    fields[name] = readContent(element[name] ?? []);
  }
  return fields;
}

const NAME = '[A-Za-z][A-Za-z0-9_]*';
export const SPACE = '[ \\t\\r\\n]*';
const CDATA = '<!\\[CDATA\\[[^\\]]*(?:\\](?!\\]>)[^\\]]*)*\\]\\]>';
const ENTITY = '&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});';
// Each alternative begins with another character, and none can match the empty string: matching takes linear time.
const CONTENT = `[^<&\\]]*(?:(?:${ENTITY}|${CDATA}|\\](?!\\]>))[^<&\\]]*)*`;
const QUOTED = (value: string): string => `(?:"${value}"|'${value}')`;
const DECLARATION = `<\\?xml version=${QUOTED('1\\.[0-9]')}(?: encoding=${QUOTED('[Uu][Tt][Ff]-8')})?(?: standalone=${QUOTED('(?:yes|no)')})? ?\\?>`;

// fast-xml-parser repairs what it reads (`<xml><a></xml>`, two roots, text after the end), and so does its validator here
// and there. This is the whole grammar that a reply may have; the parser then only has to take it apart.
const FLAT = `(?:${fieldPattern(1)}${SPACE})*`;
type Root = 'xml' | 'root';
const FLAT_DOCUMENT: Readonly<Record<Root, RegExp>> = { xml: documentOf(FLAT), root: documentOf(FLAT, 'root') };

// Every option that would change a value is off: by default a 28-digit number becomes 4.2e+27.
// Decodes nothing. Without one, fast-xml-parser makes a decoder for each document.
const noEntities = {
  setExternalEntities: () => undefined,
  addInputEntities: () => undefined,
  setXmlVersion: () => undefined,
  reset: () => undefined,
  decode: (text: string) => text,
};
const parser = new XMLParser({
  preserveOrder: true,
  jPath: false, // no path is asked for; building one for each field is a fifth of the time
  cdataPropName: '#cdata',
  parseTagValue: false,
  trimValues: false,
  processEntities: false,
  entityDecoder: noEntities,
});

/** An element, by its name; or text, by `#text`. Never more than one of them. */
export type Node = Record<string, Part[]>;

interface Part {
  '#text'?: string;
  '#cdata'?: { '#text': string }[];
}

/** A field, as a part of a grammar. @param group the number of its name among the groups of the whole pattern. */
export function fieldPattern(group: number): string {
  return `<(${NAME})${SPACE}(?:/>|>${CONTENT}</\\${group}${SPACE}>)`;
}

/** The grammar of a document, by what may stand in its root. */
export function documentOf(content: string, root: Root = 'xml'): RegExp {
  return new RegExp(`^(?:${DECLARATION})?${SPACE}<${root}${SPACE}>${SPACE}${content}</${root}${SPACE}>${SPACE}$`);
}

function parseRoot(text: string, root: Root): Node[] {
  try {
    const documents = parser.parse(text) as Partial<Record<Root, Node[]>>[];
    return documents.find((node) => node[root])?.[root] ?? [];
  } catch (cause) {
    throw malformed('the XML parser refused it', cause); // fast-xml-parser throws at names such as `constructor`
  }
}

function readContent(parts: Part[]): string {
  let content = '';
  for (const part of parts) content += part['#cdata']?.[0]?.['#text'] ?? decodeEntities(part['#text'] ?? '');
  return content;
}

const PREDEFINED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decodeEntities(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(#x?)?(\w+);/g, (_, numeric: string | undefined, name: string) => {
    if (numeric === undefined) return PREDEFINED[name] ?? '';
    const codePoint = Number.parseInt(name, numeric === '#' ? 10 : 16);
    const character = codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : '\0';
    if (!isXmlText(character)) throw malformed('it has a reference to a character outside XML 1.0');
    return character;
  });
}

function toText(document: Uint8Array | string): string {
  const bytes = typeof document === 'string' ? Buffer.byteLength(document) : document.byteLength;
  if (bytes > MAX_XML_BYTES) throw malformed(`it is larger than ${MAX_XML_BYTES} bytes`);
  if (typeof document === 'string') return document.startsWith('\uFEFF') ? document.slice(1) : document;
  try {
    return utf8.decode(document);
  } catch (cause) {
    throw malformed(describeForeign(Buffer.from(document).toString('latin1')) ?? describeBytes(document), cause);
  }
}

// What comes in the place of WeChat Pay's answer, with status 200 all the same: pages of what stands between.
function describeForeign(text: string): string | undefined {
  if (text === '') return 'it is empty';
  if (/^\s*<(?:!doctype\s+html|html|head|body)\b/i.test(text)) return `it is an HTML page; ${BETWEEN}`;
  if (/^\s*[{[]/.test(text)) return `it is JSON; ${BETWEEN}`;
  const encoding = /^\s*<\?xml\s[^>]*?encoding=["']([\w-]{1,20})["']/i.exec(text)?.[1];
  if (encoding !== undefined && !/^utf-?8$/i.test(encoding))
    return `it is encoded in ${encoding}, not in UTF-8; ${BETWEEN}`;
  return undefined;
}

function describeBytes(bytes: Uint8Array): string {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return `it is compressed with gzip, which was not asked for; ${BETWEEN}`;
  return `it is not UTF-8${isGbkXml(bytes) ? ', but seems to be GBK' : ''}; ${BETWEEN}`;
}

const BETWEEN =
  'check `baseUrl`, and what stands between this machine and WeChat Pay (a proxy, a firewall, a login page)';

function isGbkXml(bytes: Uint8Array): boolean {
  try {
    return /^\s*<xml/.test(new TextDecoder('gbk', { fatal: true }).decode(bytes));
  } catch {
    return false; // or a Node.js without this encoding
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

// A carriage return would come back as a line feed (XML 1.0, 2.11) unless it travels as a reference.
const UNSAFE = /[&<>"'\r]/g;

function isFieldName(name: string): boolean {
  return FIELD_NAME.test(name) && !(name in Object.prototype);
}

const FIELD_NAME = new RegExp(`^${NAME}$`);

/** XML 1.0, 2.2: tab, line feed, carriage return, and all of Unicode but the other control characters, surrogates, FFFE and FFFF. */
export function isXmlText(text: string): boolean {
  return !NOT_XML.test(text);
}

export const NOT_XML_TEXT =
  'has a character that XML cannot carry (a control character or half of a surrogate pair); remove it.';

const NOT_XML = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

export function malformed(problem: string, cause?: unknown): WechatPayResponseError {
  return new WechatPayResponseError(`The reply cannot be read: ${problem}.`, cause);
}
