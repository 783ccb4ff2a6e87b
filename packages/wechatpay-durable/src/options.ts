import { WechatPayConfigError } from 'wechatpay-core';

/** @throws {WechatPayConfigError} options that are none, or one that nobody reads: a typing error would hold silently. */
export function checkOptions(options: unknown, names: readonly string[]): void {
  if (Object(options) !== options) throw wrong('options', 'are missing; see the guide for each engine.');
  const unknown = Object.keys(options as object).find((name) => !names.includes(name));
  if (unknown !== undefined) throw wrong(unknown, `is no option; known are ${names.join(', ')}.`);
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

/** Imports an optional peer. @throws {Error} one that is not installed; says how. */
export async function loadPeer<Module>(name: string, load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'ERR_MODULE_NOT_FOUND' && code !== 'MODULE_NOT_FOUND') throw cause;
    throw new Error(`${name} is not installed: npm install ${name}`, { cause });
  }
}
