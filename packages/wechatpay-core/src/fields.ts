import { WechatPayRequestError } from './errors.js';
import type { Fields } from './sign.js';

/** How an operation's request maps to the wire: for each property its documented name and its longest value. */
export type FieldMap<Property extends string> = Readonly<Record<Property, readonly [name: string, maxLength: number]>>;

/**
 * Checks the properties of a request and gives them their wire names.
 *
 * Refuses what the documented type forbids, and nothing else: which characters an order number may have is not documented
 * on the global pages. What XML cannot carry is refused by `encode`.
 *
 * @throws {WechatPayRequestError} names the property and the remedy.
 */
export function toFields<Property extends string>(
  request: Readonly<Partial<Record<Property, unknown>>>,
  map: FieldMap<Property>,
): Fields {
  const given: unknown = request;
  if (typeof given !== 'object' || given === null) {
    throw new WechatPayRequestError('request', `must be an object such as { ${Object.keys(map)[0] ?? ''}: '…' }.`);
  }
  const fields: Record<string, string> = {};
  for (const [property, [name, maxLength]] of Object.entries(map) as [Property, FieldMap<Property>[Property]][]) {
    const value = request[property];
    if (value === undefined || value === null) continue;
    if (typeof value !== 'string') {
      throw new WechatPayRequestError(property, `must be a string; as a ${typeof value} it could lose digits.`);
    }
    if (value === '') throw new WechatPayRequestError(property, 'is empty; leave it out instead.');
    if (Array.from(value).length > maxLength) {
      throw new WechatPayRequestError(property, `has more than ${maxLength} characters; WeChat Pay takes no more.`);
    }
    fields[name] = value;
  }
  return fields;
}

/** Picks the fields that a reply has, by the properties they are given. WeChat Pay sends some of them empty: those are left out. */
export function fromFields<Property extends string>(
  reply: Readonly<Record<string, string>>,
  names: Readonly<Record<Property, string>>,
): Partial<Record<Property, string>> {
  const properties: Partial<Record<Property, string>> = {};
  for (const [property, name] of Object.entries<string>(names) as [Property, string][]) {
    const value = reply[name];
    if (value) properties[property] = value;
  }
  return properties;
}
