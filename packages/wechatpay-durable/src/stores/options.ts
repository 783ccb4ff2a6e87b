import { findUnknownProperty, WechatPayConfigError } from 'wechatpay-core';
import { DurableOrdersError } from '../errors.js';

/**
 * @param within the option that holds these, as in `connection`.
 * @param otherNames by which an option is known elsewhere, such as in an earlier version.
 * @throws {WechatPayConfigError} options that are missing, or an unknown one: a typing error would hold silently.
 */
export function checkOptions(
  options: unknown,
  names: readonly string[],
  { within, otherNames }: { within?: string; otherNames?: Readonly<Record<string, string>> } = {},
): void {
  if (Object(options) !== options) throw wrong(within ?? 'options', 'are missing; see the guide.');
  const unknown = findUnknownProperty(options as object, names, otherNames);
  if (unknown) throw wrong(within === undefined ? unknown.name : `${within}.${unknown.name}`, unknown.problem);
}

/** @throws {WechatPayConfigError} what is not `{ … }`: of an object of a class, nobody would read the settings. */
export function assertPlainObject(name: string, value: unknown, remedy: string): void {
  if (typeof value !== 'object' || value === null) throw wrong(name, `must be an object. ${remedy}`);
  const prototype = Object.getPrototypeOf(value) as object | null;
  // Object.prototype of any realm has none itself.
  if (prototype === null || Object.getPrototypeOf(prototype) === null) return;
  throw wrong(name, `is an object of a class, whose settings nobody would read. ${remedy}`);
}

/** @throws {WechatPayConfigError} what is no whole number in a range. */
export function checkWhole(name: string, value: unknown, least: number, most: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < least || (value as number) > most) {
    throw wrong(name, `must be a whole number from ${least} to ${most}.`);
  }
}

export function wrong(name: string, problem: string): WechatPayConfigError {
  return new WechatPayConfigError(name, problem);
}

/** Imports an optional peer. @throws {DurableOrdersError} one that is not installed; says how. */
export async function loadPeer<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    throw new DurableOrdersError('WECHATPAY_PACKAGE_MISSING', `${name} is not installed: npm install ${name}`, {
      cause,
    });
  }
}

/** Orders are timed by the clocks of the machines that work on them: all are held against the store's. */
export const MAX_CLOCK_SKEW_MS = 5_000;

/**
 * @param now the store's clock, in milliseconds since 1970.
 * @throws {DurableOrdersError} this machine's clock is another.
 */
export function assertClock(now: number | undefined): void {
  const skew = Date.now() - (now ?? NaN);
  if (Math.abs(skew) <= MAX_CLOCK_SKEW_MS) return;
  throw new DurableOrdersError(
    'WECHATPAY_CLOCK_SKEW',
    `The clock of this machine is ${(skew / 1000).toFixed(1)} s off the store's: an order could be reversed too early. ` +
      'Set both by NTP.',
  );
}
