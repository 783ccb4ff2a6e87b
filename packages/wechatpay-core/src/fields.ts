import { WechatPayRequestError, WechatPayResponseError } from './errors.js';
import type { Fields } from './sign.js';
import { isXmlText, NOT_XML_TEXT } from './xml.js';

/**
 * What a documented parameter holds: a text with its longest length, an amount in the currency's minor unit (`amount`), a
 * number from 0 (`count`), or a time (`time`, `yyyyMMddHHmmss` in UTC+8).
 */
type FieldType = number | 'amount' | 'count' | 'time';

/** How an operation's request maps to the wire: for each property its documented name and type. */
export type FieldMap<Property extends string> = Readonly<Record<Property, readonly [name: string, type: FieldType]>>;

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
  const given: unknown = request;
  if (typeof given !== 'object' || given === null) {
    throw new WechatPayRequestError('request', `must be an object such as { ${Object.keys(map)[0] ?? ''}: '…' }.`);
  }
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
    case 'count':
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return String(value);
      throw new WechatPayRequestError(property, 'must be a whole number, 0 or more.');
    case 'time':
      if (value instanceof Date && isFourDigitYear(value)) return toChinaTime(value).replace(/\D/g, '');
      throw new WechatPayRequestError(property, 'must be a valid Date.');
    default:
      return toText(property, value, type);
  }
}

function toText(property: string, value: unknown, maxLength: number): string {
  if (typeof value !== 'string') {
    throw new WechatPayRequestError(property, `must be a string; as a ${typeof value} it could lose digits.`);
  }
  if (value === '') throw new WechatPayRequestError(property, 'is empty; leave it out instead.');
  if (value.length > maxLength && Array.from(value).length > maxLength) {
    throw new WechatPayRequestError(property, `has more than ${maxLength} characters; WeChat Pay takes no more.`);
  }
  if (!isXmlText(value)) throw new WechatPayRequestError(property, NOT_XML_TEXT);
  return value;
}

/** Picks the fields that a reply has, by the properties they are given. WeChat Pay sends some of them empty: those are left out. */
export function fromFields<Property extends string>(
  reply: Readonly<Record<string, string>>,
  names: Readonly<Record<Property, string>>,
): Partial<Record<Property, string>> {
  return pick(reply, names, (value) => value);
}

/** As {@link fromFields}, for whole numbers: amounts in the currency's minor unit, and counts. */
export function numbersFrom<Property extends string>(
  reply: Readonly<Record<string, string>>,
  names: Readonly<Record<Property, string>>,
): Partial<Record<Property, number>> {
  return pick(reply, names, (value, name) => {
    const number = Number(value);
    if (!/^[0-9]+$/.test(value) || !Number.isSafeInteger(number)) throw unreadable(name, 'whole number');
    return number;
  });
}

/** As {@link fromFields}, for times: `yyyyMMddHHmmss` or `yyyy-MM-dd HH:mm:ss`, both in UTC+8. */
export function timesFrom<Property extends string>(
  reply: Readonly<Record<string, string>>,
  names: Readonly<Record<Property, string>>,
): Partial<Record<Property, Date>> {
  return pick(reply, names, (value, name) => {
    const digits = /^(\d{4})-?(\d\d)-?(\d\d) ?(\d\d):?(\d\d):?(\d\d)$/.exec(value);
    const [, year, month, day, hour, minute, second] = digits ?? [];
    const text = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
    const time = new Date(`${text}+08:00`);
    // The 31st of April would be read as the 1st of May.
    if (Number.isNaN(time.getTime()) || toChinaTime(time) !== text) throw unreadable(name, 'time');
    return time;
  });
}

/** The groups of fields that end in `_0`, `_1` and so on, without that ending; as far as there are any. */
export function indexedFrom(
  reply: Readonly<Record<string, string>>,
  names: readonly string[],
): Readonly<Record<string, string>>[] {
  const groups: Record<string, string>[] = [];
  for (;;) {
    const present = names.filter((name) => reply[`${name}_${groups.length}`] !== undefined);
    if (present.length === 0) return groups;
    groups.push(Object.fromEntries(present.map((name) => [name, reply[`${name}_${groups.length}`] ?? ''])));
  }
}

function pick<Property extends string, Value>(
  reply: Readonly<Record<string, string>>,
  names: Readonly<Record<Property, string>>,
  read: (value: string, name: string) => Value,
): Partial<Record<Property, Value>> {
  const properties: Partial<Record<Property, Value>> = {};
  for (const property of Object.keys(names) as Property[]) {
    const name = names[property];
    const value = reply[name];
    if (value) properties[property] = read(value, name);
  }
  return properties;
}

function unreadable(name: string, what: string): WechatPayResponseError {
  return new WechatPayResponseError(`the reply's ${name} is no ${what}. Its outcome is unknown: query the order.`);
}

const CHINA_MS = 8 * 60 * 60 * 1000;

function toChinaTime(time: Date): string {
  return new Date(time.getTime() + CHINA_MS).toISOString().slice(0, 19);
}

function isFourDigitYear(time: Date): boolean {
  const year = new Date(time.getTime() + CHINA_MS).getUTCFullYear(); // NaN where it is no time
  return year >= 1970 && year <= 9999;
}
