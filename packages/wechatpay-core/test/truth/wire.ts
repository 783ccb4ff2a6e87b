import { createHash, createHmac } from 'node:crypto';

// Signing and XML as the gateway does them: written anew, so that a fault of the library cannot hide here as well.

export type Wire = Record<string, string>;
export type Algorithm = 'MD5' | 'HMAC-SHA256';

/** The string to sign, without the key: `name=value` in the order of the names, joined by `&`. */
export function stringToSign(fields: Wire): string {
  return Object.entries(fields)
    .filter(([name, value]) => name !== 'sign' && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

export function signed(fields: Wire, key: string, algorithm: Algorithm = 'HMAC-SHA256'): Wire {
  const text = `${stringToSign(fields)}&key=${key}`;
  const hash = algorithm === 'MD5' ? createHash('md5') : createHmac('sha256', key);
  return { ...fields, sign: hash.update(text).digest('hex').toUpperCase() };
}

/** XML as the gateway writes it, in CDATA; where a value forbids that, with entities. */
export function write(fields: Wire, style: 'cdata' | 'entities' = 'cdata'): Buffer {
  const text = (value: string): string =>
    style === 'cdata' && !value.includes(']]>')
      ? `<![CDATA[${value}]]>`
      : value.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  const lines = Object.entries(fields).map(([name, value]) => `<${name}>${text(value)}</${name}>`);
  return Buffer.from(`<xml>\n${lines.join('\n')}\n</xml>`);
}

/** The fields of a request. It is the library that wrote it, flat and without CDATA. */
export function read(xml: string): Wire {
  const fields: Wire = {};
  for (const [, name = '', value = ''] of xml.matchAll(/<(\w+)>([^<]*)<\/\1>/g)) {
    fields[name] = value.replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)));
  }
  return fields;
}
