import type { Pool } from 'undici';
import { WechatPayConfigError } from '../errors.js';
import { load } from './undici.cjs';

/**
 * undici's pool, loaded now: whether this installation, bundle and runtime can send is known before the first customer.
 *
 * @throws {WechatPayConfigError} it cannot; the message says what to do.
 */
export function loadPool(): typeof Pool {
  let pool: { readonly prototype?: { readonly dispatch?: unknown } };
  try {
    pool = load().Pool;
  } catch (cause) {
    throw new WechatPayConfigError('transport', describe(cause), cause);
  }
  // A runtime or a bundler may put something else in its place, as test doubles and polyfills do.
  if (typeof pool.prototype?.dispatch !== 'function') {
    throw new WechatPayConfigError('transport', `${NEEDS}, and what was loaded in its place cannot send. ${REMEDY}`);
  }
  return pool as typeof Pool;
}

const NEEDS = 'the built-in transport needs undici';
const GUIDE = 'docs/guides/bundlers-and-containers.md';
const REMEDY = `Install it beside wechatpay-core, or give a custom \`transport\` (${GUIDE}).`;

function describe(cause: unknown): string {
  const { message } = Object(cause) as { message?: unknown };
  if (typeof message === 'string' && /dynamic require|require is not defined/i.test(message)) {
    return (
      `${NEEDS}, which this bundle cannot load: it is an ES module without \`require\`. Bundle to CommonJS, or with esbuild ` +
      `add --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' (${GUIDE}).`
    );
  }
  return `${NEEDS}, which cannot be loaded. ${REMEDY}`;
}

/** The runtime's name, where it is not Node.js. */
export function foreignRuntime(): string | undefined {
  const { bun, deno } = process.versions;
  return bun !== undefined ? `Bun ${bun}` : deno !== undefined ? `Deno ${deno}` : undefined;
}
