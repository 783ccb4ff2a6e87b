import { WechatPayRequestError } from '../errors.js';
import { findUnknownProperty } from './known-properties.js';

/** What a function reads of an object: each property, and the other name by which people know it, as on the wire. */
export type Properties<Property extends string = string> = Readonly<Record<Property, string>>;

export interface Given<Property extends string> {
  /** A plain copy. Each property was read once, own or inherited, so that what was checked is what is sent. */
  readonly values: Readonly<Partial<Record<Property, unknown>>>;
  /** The first unknown property, as an error to be thrown. */
  readonly unknown: WechatPayRequestError | undefined;
}

/**
 * Reads an object that a caller gave: a literal, an object without prototype, an instance of a class.
 *
 * An own, enumerable property that is not known, and holds anything but undefined, is named in `unknown`: a typing error
 * would otherwise hold silently.
 *
 * @param what the argument's name, for the message.
 * @throws {WechatPayRequestError} no object, or one that cannot be read: its getter, its proxy throws.
 */
export function readGiven<Property extends string>(
  given: unknown,
  known: Properties<Property>,
  what: string,
): Given<Property> {
  const properties = Object.keys(known) as Property[];
  if (typeof given !== 'object' || given === null) {
    throw new WechatPayRequestError(what, `must be an object such as { ${properties[0] ?? ''}: … }.`);
  }
  try {
    const from = given as Record<string, unknown>;
    const values: Partial<Record<Property, unknown>> = {};
    for (const property of properties) {
      const value = from[property];
      if (value !== undefined) values[property] = value;
    }
    const unread = Object.keys(from).find((name) => !Object.hasOwn(known, name) && from[name] !== undefined);
    const unknown = unread === undefined ? undefined : findUnknownProperty({ [unread]: unread }, properties, known);
    return { values, unknown: unknown && new WechatPayRequestError(unknown.name, unknown.problem) };
  } catch (cause) {
    throw new WechatPayRequestError(what, 'cannot be read; give a plain object of documented properties.', { cause });
  }
}

/**
 * A plain copy of an object that a caller gave: its own properties, and of the known ones those that it inherits as well, as the
 * getters of a class. Each is read once, so that what was checked is what counts. An unknown one is copied, to be refused by name.
 *
 * @param known the name of every property that is read.
 * @param what the argument's name, for the message.
 * @throws {WechatPayRequestError} no object, or one that cannot be read: its getter, its proxy throws.
 * @example const { deadline, signal } = readOnce(options, ['deadline', 'signal'], 'options');
 */
export function readOnce<Type extends object>(given: Type, known: readonly string[], what: string): Type {
  if (Object(given) !== given) throw new WechatPayRequestError(what, 'must be an object.');
  try {
    const from = given as Record<string, unknown>;
    const copy: Record<string, unknown> = {};
    for (const name of known) {
      const value = from[name];
      if (value !== undefined) copy[name] = value;
    }
    for (const name of Object.keys(given)) {
      if (known.includes(name)) continue;
      const value = from[name];
      if (value !== undefined) copy[name] = value;
    }
    return copy as Type;
  } catch (cause) {
    throw new WechatPayRequestError(what, 'cannot be read; give a plain object of documented properties.', { cause });
  }
}
