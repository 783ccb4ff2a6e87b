import { isIP } from 'node:net';
import { WechatPayRequestError } from '../errors.js';
import type { Properties } from './given.js';
import type { Fields } from './sign.js';
import { quoted } from './untrusted-text.js';
import { isXmlText, NOT_XML_TEXT } from './xml.js';

/**
 * What a documented parameter holds: a text with its longest length, an amount in the currency's minor unit (`amount`), a
 * `currency` (ISO 4217), a number from 0 (`count`), a time (`time`, `yyyyMMddHHmmss` in UTC+8), one IP address (`ip`), or the
 * address of a notification (`notify-url`).
 */
type FieldType = number | 'amount' | 'currency' | 'count' | 'time' | 'ip' | 'notify-url';

/** How an operation's request maps to the wire: for each property its documented name and type. */
export type FieldMap<Property extends string> = Readonly<Record<Property, readonly [name: string, type: FieldType]>>;

/** The properties of a map with their names on the wire: what a request may have. */
export function propertiesOf<Property extends string>(map: FieldMap<Property>): Properties<Property> {
  const names = Object.keys(map).map((property) => [property, map[property as Property][0]] as const);
  return Object.fromEntries(names) as Properties<Property>;
}

/**
 * Checks the properties of a request and gives them their wire names.
 *
 * Refuses what the documented type forbids, and nothing else: which characters an order number may have is not documented
 * on the global pages.
 *
 * @throws {WechatPayRequestError} names the property and the remedy.
 */
export function toFields<Property extends string>(
  request: Readonly<Partial<Record<Property, unknown>>>,
  map: FieldMap<Property>,
  required: readonly NoInfer<Property>[] = [],
): Fields {
  const fields: Record<string, string> = {};
  for (const property of Object.keys(map) as Property[]) {
    const [name, type] = map[property];
    const value: unknown = request[property];
    if (value !== undefined && value !== null) fields[name] = toField(property, value, type);
    else if (required.includes(property))
      throw new WechatPayRequestError(property, 'is missing; WeChat Pay requires it.');
  }
  return fields;
}

function toField(property: string, value: unknown, type: FieldType): string {
  switch (type) {
    case 'amount':
      if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return String(value);
      throw new WechatPayRequestError(
        property,
        "must be a whole number of the currency's minor unit, 1 or more: HKD 8.88 is 888, JPY 888 is 888.",
      );
    case 'currency':
      assertCurrency(property, value);
      return value;
    case 'count':
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
      throw new WechatPayRequestError(property, 'must be a whole number, 0 or more.');
    case 'time':
      if (value instanceof Date && isFourDigitYear(value)) return toChinaTime(value).replace(/\D/g, '');
      throw new WechatPayRequestError(property, 'must be a valid Date.');
    case 'ip':
      return toIpAddress(property, toText(property, value, 64));
    case 'notify-url':
      return toNotifyUrl(property, toText(property, value, 256));
    default:
      return toText(property, value, type);
  }
}

/** @throws {WechatPayRequestError} what is no currency of ISO 4217: three capital letters. */
export function assertCurrency(property: string, value: unknown): asserts value is string {
  if (typeof value === 'string' && /^[A-Z]{3}$/.test(value)) return;
  const given = typeof value === 'string' ? `; this one is ${quoted(value, 16)}` : '';
  throw new WechatPayRequestError(property, `must be three capital letters of ISO 4217, as in HKD${given}.`);
}

function toText(property: string, value: unknown, maxLength: number): string {
  if (typeof value !== 'string') {
    throw new WechatPayRequestError(property, `must be a string; as a ${typeof value} it could lose digits.`);
  }
  if (value === '') throw new WechatPayRequestError(property, 'is empty; leave it out instead.');
  if (value.length > maxLength && Array.from(value).length > maxLength) {
    throw new WechatPayRequestError(property, `has more than ${maxLength} characters; WeChat Pay accepts no more.`);
  }
  if (value.trimStart().startsWith('<![CDATA[')) {
    throw new WechatPayRequestError(property, 'is wrapped in CDATA; give the text itself: the library encodes it.');
  }
  if (!isXmlText(value)) throw new WechatPayRequestError(property, NOT_XML_TEXT);
  return value;
}

// A server that listens on IPv6 sees an IPv4 client as ::ffff:203.0.113.7, and behind a proxy the header lists them all.
function toIpAddress(property: string, text: string): string {
  const address = text.replace(/^::ffff:(?=[0-9]+\.)/i, '');
  // Behind the % of a link-local one stands this machine's network card.
  if (isIP(address) !== 0) return address.replace(/%.*$/, '');
  throw new WechatPayRequestError(
    property,
    `must be one IP address, version 4 or 6; this one is ${quoted(text, 64)}. Of a list of proxies, give the client's.`,
  );
}

// "Important parameters" (4013637942): absolute, reachable from outside, without parameters. A loopback address may be of http: the
// sandbox sends there.
function toNotifyUrl(property: string, text: string): string {
  const url = /^[\x21-\x7e]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const problem =
    url === undefined
      ? 'must be an absolute URL in ASCII, as in https://shop.example/notifications'
      : /[?#]/.test(text)
        ? 'has a query or a fragment, which WeChat Pay does not allow; put it into the path'
        : url.username || url.password
          ? 'holds a user or a password; put a secret into the path'
          : url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))
            ? undefined
            : 'must begin with https:';
  if (problem === undefined) return text;
  throw new WechatPayRequestError(property, `${problem}.`);
}

const LOOPBACK = /^(?:localhost|127(?:\.[0-9]+){3}|\[::1\])$/;

const CHINA_MS = 8 * 60 * 60 * 1000;

export function toChinaTime(time: Date): string {
  return new Date(time.getTime() + CHINA_MS).toISOString().slice(0, 19);
}

function isFourDigitYear(time: Date): boolean {
  const year = new Date(time.getTime() + CHINA_MS).getUTCFullYear(); // NaN where it is no time
  return year >= 1970 && year <= 9999;
}
