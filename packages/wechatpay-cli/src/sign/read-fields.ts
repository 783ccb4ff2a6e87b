/** A field as it was written, and as it is meant. */
export interface ReadField {
  readonly name: string;
  readonly value: string;
  /** The text of an XML element that is no CDATA, entities and all. */
  readonly written: string;
}

/**
 * Finds the fields of a request or a reply in what people have at hand: the XML, a log line with the XML in it, also escaped, a JSON
 * object, or the text that was signed (`a=b&c=d&key=…`).
 *
 * Lenient on purpose: what is broken is what is to be explained. An API key in it is left out.
 */
export function readFields(text: string): readonly ReadField[] {
  const found = [text, unescaped(text), fromHtml(text)].map(inXml).find((fields) => fields.length > 0);
  const fields = found ?? [inJson, inQuery].map((read) => read(text)).find((each) => each.length > 1) ?? [];
  return fields.filter(({ name }) => name !== 'key' && name !== 'xml');
}

function inXml(text: string): ReadField[] {
  const [, document] = /<xml\s*>([\s\S]*?)(?:<\/xml\s*>|$)/.exec(text) ?? [];
  if (document === undefined) return [];
  const fields = document.matchAll(
    /<([A-Za-z_][\w.-]*)\s*(?:\/>|>(?:\s*<!\[CDATA\[([\s\S]*?)\]\]>\s*|([^<]*))<\/\1\s*>)/g,
  );
  return [...fields].map(([, name = '', data, plain = '']) => ({
    name,
    value: data ?? fromHtml(plain),
    written: data ?? plain,
  }));
}

/** Digits stay as they are written: 28 of them are no number of JavaScript. */
function inJson(text: string): ReadField[] {
  const source = text.includes('\\"') ? unescaped(text) : text;
  const fields = source.matchAll(
    /"([A-Za-z_]\w*)"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?[0-9][0-9.eE+-]*|true|false|null))/g,
  );
  return [...fields].map(([, name = '', quoted, bare = '']) => {
    const value = quoted === undefined ? bare : unescaped(quoted);
    return { name, value, written: value };
  });
}

/** A value may hold an ampersand: it ends where the next name begins. */
function inQuery(text: string): ReadField[] {
  const fields = text.matchAll(/(?:^|[\s?&"'])([A-Za-z_]\w*)=(.*?)(?=&[A-Za-z_]\w*=|["'\r\n]|$)/g);
  return [...fields].map(([, name = '', found = '']) => {
    const value = name === 'sign' ? (found.split(/\s/)[0] ?? '') : found;
    return { name, value, written: value };
  });
}

/** As a string of JSON is written, in a structured log. */
function unescaped(text: string): string {
  return text.replaceAll(/\\(?:u[0-9a-fA-F]{4}|.)/gs, (escape) => {
    const character = escape.charAt(1);
    if (escape.length === 6) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    return CONTROLS[character] ?? character;
  });
}

const CONTROLS: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', b: '\b', f: '\f' };

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function fromHtml(text: string): string {
  return text.replaceAll(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(\w{2,4}));/g,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
}
