import { gbk, latin1, readAsLatin1, twice, type Encode } from './encodings.js';
import type { ReadField } from './read-fields.js';

/** Every cause of a signature that does not hold that can be told from the fields and the key; stable. */
export const SIGN_CAUSES = [
  'other-algorithm',
  'sign-type-not-sent',
  'lower-case',
  'key-white-space',
  'key-case',
  'key-left-out',
  'field-not-signed',
  'empty-signed',
  'white-space-trimmed',
  'number-form',
  'escaped',
  'url-encoded',
  'encoding',
  'order',
  'plain-sha256',
  'sign-form',
  'not-found',
] as const;

export type SignCause = (typeof SIGN_CAUSES)[number];

/** A way in which the fields may have been written when they were signed. */
export interface Way {
  readonly cause: SignCause;
  /** Which field, or which form; never the key. */
  readonly detail: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly key: string;
  readonly encode?: Encode;
  readonly isUnsorted?: boolean;
  readonly keepsEmpty?: boolean;
  readonly withoutKey?: boolean;
}

/** Every way that is tried, the likeliest first. */
export function* waysOf(all: readonly ReadField[], key: string, rawKey: string): Generator<Way> {
  const fields = all.filter(({ name }) => name !== 'sign').map(({ name, value }) => [name, value] as const);
  const base = { fields, key };
  for (const [detail, variant] of keys(key, rawKey)) yield { ...base, cause: 'key-white-space', detail, key: variant };
  for (const [detail, variant] of [
    ['lower case', key.toLowerCase()],
    ['upper case', key.toUpperCase()],
  ] as const) {
    if (variant !== key) yield { ...base, cause: 'key-case', detail, key: variant };
  }
  yield { ...base, cause: 'key-left-out', detail: '', withoutKey: true };
  for (const [name] of fields)
    yield { ...base, cause: 'field-not-signed', detail: name, fields: without(fields, [name]) };
  const empty = fields.filter(([, value]) => value === '').map(([name]) => name);
  if (empty.length > 0) yield { ...base, cause: 'empty-signed', detail: empty.join(', '), keepsEmpty: true };
  yield { ...base, cause: 'empty-signed', detail: 'sign', fields: [...fields, ['sign', '']], keepsEmpty: true };
  yield* valueWays(all, base);
  yield { ...base, cause: 'order', detail: 'as written', isUnsorted: true };
  yield {
    ...base,
    cause: 'order',
    detail: 'without regard to case',
    fields: sortedWithoutCase(fields),
    isUnsorted: true,
  };
  for (const [index, [first]] of fields.entries()) {
    for (const [second] of fields.slice(index + 1)) {
      const left = without(fields, [first, second]);
      yield { ...base, cause: 'field-not-signed', detail: `${first}, ${second}`, fields: left };
    }
  }
}

type Pair = readonly [name: string, value: string];

function without(fields: readonly Pair[], names: readonly string[]): readonly Pair[] {
  return fields.filter(([name]) => !names.includes(name));
}

function sortedWithoutCase(fields: readonly Pair[]): readonly Pair[] {
  return fields
    .toSorted(([a], [b]) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1))
    .filter(([, value]) => value !== '');
}

/** The key as it may have been read elsewhere: with a line break, quotes, a byte order mark. */
function* keys(key: string, rawKey: string): Generator<readonly [detail: string, variant: string]> {
  const names: readonly (readonly [string, string])[] = [
    ['as it is set, with its white space or quotes', rawKey],
    ['a line break after it', `${key}\n`],
    ['a carriage return and a line break after it', `${key}\r\n`],
    ['a space after it', `${key} `],
    ['a space before it', ` ${key}`],
    ['a byte order mark before it', `\ufeff${key}`],
    ['double quotes around it', `"${key}"`],
    ['single quotes around it', `'${key}'`],
  ];
  for (const [detail, variant] of names) if (variant !== key) yield [detail, variant];
}

/** The values, one field at a time and then all at once, as they may have been written when they were signed. */
function* valueWays(all: readonly ReadField[], base: Pick<Way, 'fields' | 'key'>): Generator<Way> {
  const written = new Map(all.map((field) => [field.name, field.written]));
  const forms: readonly (readonly [SignCause, (value: string, name: string) => readonly string[]])[] = [
    [
      'white-space-trimmed',
      (value) => [value.trim(), value.replaceAll(/\s+/g, ' '), `${value} `, ` ${value}`, `${value}\n`],
    ],
    ['number-form', numberForms],
    [
      'escaped',
      (value, name) => [
        written.get(name) ?? value,
        escaped(value),
        JSON.stringify(value).slice(1, -1),
        unicodeEscaped(value),
      ],
    ],
    [
      'url-encoded',
      (value) => [encodeURIComponent(value), encodeURIComponent(value).replaceAll('%20', '+'), decoded(value)],
    ],
  ];
  for (const [cause, form] of forms) {
    for (const [at, [name, value]] of base.fields.entries()) {
      for (const variant of new Set(form(value, name))) {
        if (variant === value) continue;
        const fields = base.fields.map((field, index) => (index === at ? ([name, variant] as const) : field));
        yield { ...base, cause, detail: cause === 'number-form' ? `${name}: ${variant}` : name, fields };
      }
    }
    const everywhere = base.fields.map(([name, value]) => [name, form(value, name)[0] ?? value] as const);
    yield { ...base, cause, detail: 'all fields', fields: everywhere };
  }
  const encodings: readonly (readonly [string, Encode])[] = [
    ['GBK', gbk],
    ['UTF-8 twice', twice],
    ['Latin-1', latin1],
    ['the document was read as Latin-1', readAsLatin1],
  ];
  for (const [detail, encode] of encodings) yield { ...base, cause: 'encoding', detail, encode };
}

/** 888 as 888.0, 888.00 or 8.88; 28 digits as a number of JavaScript; 007 as 7; a time without its zone stays. */
function numberForms(value: string): readonly string[] {
  if (!/^-?[0-9]+(?:\.[0-9]+)?$/.test(value)) return [value];
  const number = Number(value);
  const major = /^[0-9]{1,15}$/.test(value) ? (number / 100).toFixed(2) : value;
  return [
    String(number),
    `${value}.0`,
    `${value}.00`,
    number.toFixed(2),
    String(Math.round(number)),
    major,
    `0${value}`,
  ];
}

function escaped(value: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&apos;',
  };
  return value.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

function unicodeEscaped(value: string): string {
  return value.replaceAll(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value.replaceAll('+', ' '));
  } catch {
    return value;
  }
}
