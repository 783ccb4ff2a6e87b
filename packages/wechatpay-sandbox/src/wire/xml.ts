import { SaxesParser } from 'saxes';

/** A flat document: wire names and their raw values. */
export type Fields = Readonly<Record<string, string>>;

/** What decode() makes of a body: its fields, or what is wrong with it. */
export type Document = { fields: Fields; problem?: never } | { fields?: never; problem: string };

/** The problem of a body whose bytes are no text at all. */
export const notUtf8 = 'the body is not UTF-8';

/** Writes the fields as the real gateway does: each value in CDATA. */
export function encode(fields: Fields, root: 'xml' | 'root' = 'xml'): string {
  const lines = Object.entries(fields).map(([name, value]) => `<${name}>${cdata(value)}</${name}>\n`);
  return `<${root}>\n${lines.join('')}</${root}>`;
}

/** As {@link encode}, with a numbered element for each group: `setteinfo_0` and so on. */
export function encodeGroups(fields: Fields, name: string, groups: readonly Fields[]): string {
  const inner = (each: Fields): string => encode(each).slice('<xml>\n'.length, -'</xml>'.length);
  const elements = groups.map((group, index) => `<${name}_${index}>\n${inner(group)}</${name}_${index}>\n`);
  return `<xml>\n${inner(fields)}${elements.join('')}</xml>`;
}

/**
 * Reads a flat `<xml>` document, and nothing else: no DOCTYPE, no entity beyond the five of XML and the numeric ones,
 * no attribute, no nesting, no field twice. A merchant's request needs none of these, an attack does.
 */
export function decode(body: Uint8Array): Document {
  try {
    return { fields: parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) };
  } catch (error) {
    return { problem: error instanceof NotFlatXml ? error.message : notUtf8 };
  }
}

class NotFlatXml extends Error {}

function parse(text: string): Fields {
  const fields = new Map<string, string>();
  const parser = new SaxesParser();
  let depth = 0;
  let name = '';
  let value = '';

  const refuse = (problem: string): never => {
    throw new NotFlatXml(problem);
  };
  const append = (part: string): void => {
    if (depth === 2) value += part;
    else if (part.trim() !== '') refuse('there is text outside the fields');
  };
  parser.on('error', () => refuse('the body is not well-formed XML'));
  parser.on('doctype', () => refuse('a DOCTYPE is refused'));
  parser.on('processinginstruction', () => refuse('a processing instruction is refused'));
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8') refuse('the encoding is not UTF-8');
  });
  parser.on('attribute', () => refuse('an attribute is refused'));
  parser.on('opentagstart', (tag) => {
    depth += 1;
    if (depth === 1 && tag.name !== 'xml') refuse('the root element is not <xml>');
    if (depth === 3) refuse('a field holds another element');
    name = tag.name;
    value = '';
  });
  parser.on('text', append);
  parser.on('cdata', append);
  parser.on('closetag', () => {
    if (depth === 2) {
      if (fields.has(name)) refuse('a field is given twice');
      fields.set(name, value);
    }
    depth -= 1;
  });
  parser.write(text).close();
  return Object.fromEntries(fields);
}

/** `]]>` would end the section early, and XML reads a bare carriage return as a line feed: both leave the section. */
function cdata(value: string): string {
  const inside = value.replaceAll(']]>', ']]]]><![CDATA[>').replaceAll('\r', ']]>&#13;<![CDATA[');
  return `<![CDATA[${inside}]]>`;
}
