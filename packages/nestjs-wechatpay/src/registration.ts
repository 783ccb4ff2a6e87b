import type { ModulesContainer } from '@nestjs/core';
import { findUnknownProperty, WechatPayConfigError, type ConfigProblem } from 'wechatpay-core';

/** A check of one property: what is wrong with its value, where something is. */
export type Check = (value: unknown) => string | undefined;

/** What a `forRoot` or `forRootAsync` of this package takes. */
export interface RegistrationRules {
  /** As in `WechatPayModule.forRoot`. */
  readonly method: string;
  /** As in `{ appId, merchantId, … }`. */
  readonly example: string;
  /** The properties that are checked here; those that are undefined are left out of it. */
  readonly checks: Readonly<Record<string, Check>>;
  /** Every property, where an unknown one is to be refused here. */
  readonly known?: readonly string[];
}

/**
 * Checks what a module is registered with, where it is registered: the stack then leads to that line.
 *
 * @throws {WechatPayConfigError} every property that is wrong or unknown.
 */
export function checkRegistration(
  given: readonly unknown[],
  { method, example, checks, known }: RegistrationRules,
): void {
  const [options] = given;
  const call = `${method}(${example})`;
  if (given.length > 1) throw wrong('options', `must be one object; call ${call}, with a name in it.`);
  if (options === undefined || options === null) throw wrong('options', `are missing; call ${call}.`);
  // Never the value: a string may be the API key.
  if (typeof options !== 'object') throw wrong('options', `must be an object, not a ${typeof options}; call ${call}.`);
  if ('then' in options) throw wrong('options', `must be an object, not a Promise; await it, or use forRootAsync.`);
  const problems: ConfigProblem[] = [];
  for (const name of known ? Object.keys(options) : []) {
    const unknown = findUnknownProperty({ [name]: undefined }, known ?? []);
    if (unknown) problems.push({ field: name, problem: unknown.problem });
  }
  for (const [field, check] of Object.entries(checks)) {
    const problem = check((options as Record<string, unknown>)[field]);
    if (problem !== undefined) problems.push({ field, problem });
  }
  const [first, ...others] = problems;
  if (first) throw new WechatPayConfigError(first.field, first.problem, undefined, others);
}

const ASYNC_PROPERTIES = ['imports', 'inject', 'useFactory', 'useClass', 'useExisting', 'provideInjectionTokensFrom'];

/** As {@link checkRegistration}, for the options of a `forRootAsync`; `extras` are those that stand beside the factory. */
export function checkAsyncRegistration(
  given: readonly unknown[],
  method: string,
  extras: Readonly<Record<string, Check>>,
): void {
  const example = '{ imports, inject, useFactory }';
  const checks = { ...extras, imports: isListOrAbsent, inject: isListOrAbsent, useFactory: isFunctionOrAbsent };
  const known = [...ASYNC_PROPERTIES, ...Object.keys(extras)];
  checkRegistration(given, { method, example, checks, known });
  const options = given[0] as Record<string, unknown>;
  const ways = ['useFactory', 'useClass', 'useExisting'].filter((way) => options[way] !== undefined);
  if (ways.length === 0) throw wrong('useFactory', 'is missing; give useFactory, useClass or useExisting.');
  if (ways.length > 1) throw wrong(ways[1] ?? '', `stands beside ${ways[0]}; give one of them.`);
  if (options.useClass !== undefined && typeof options.useClass !== 'function') {
    throw wrong('useClass', 'must be a class.');
  }
}

/** @throws {WechatPayConfigError} what a factory gave that has its place beside it: there it would be read, here it is not. */
export function checkNotExtras(options: unknown, extras: Readonly<Record<string, Check>>): void {
  const misplaced = Object.keys(Object(options) as object).find((name) => Object.hasOwn(extras, name));
  if (misplaced !== undefined) throw wrong(misplaced, 'is not read from a factory; put it beside useFactory.');
}

export const isBooleanOrAbsent: Check = (value) =>
  value === undefined || typeof value === 'boolean' ? undefined : 'must be true or false.';

export const isFunctionOrAbsent: Check = (value) =>
  value === undefined || typeof value === 'function' ? undefined : `must be a function, not a ${typeof value}.`;

export const isNameOrAbsent: Check = (value) =>
  value === undefined || (typeof value === 'string' && value.trim() !== '')
    ? undefined
    : 'must be a text that is not empty; leave it out for the merchant without a name.';

export const isMerchantListOrAbsent: Check = (value) => {
  if (value === undefined) return undefined;
  if (!Array.isArray(value) || value.length === 0 || value.some((name) => isNameOrAbsent(name) !== undefined)) {
    return 'must be an array of names, with undefined for the merchant without one.';
  }
  return new Set(value).size < value.length ? 'names a merchant twice.' : undefined;
};

const isListOrAbsent: Check = (value) =>
  value === undefined || Array.isArray(value) ? undefined : `must be an array, not a ${typeof value}.`;

/** A registered merchant, as messages say it. */
export function merchantNamed(name: string | undefined): string {
  return name === undefined ? 'the merchant without a name' : `'${name}'`;
}

/** The modules of an application that are made by now; of one that is not, Nest has a prototype, or throws. */
export function instancesIn(modules: ModulesContainer): object[] {
  return [...modules.values()].flatMap((module) => {
    try {
      return [module.instance];
    } catch {
      return [];
    }
  });
}

function wrong(field: string, problem: string): WechatPayConfigError {
  return new WechatPayConfigError(field, problem);
}
