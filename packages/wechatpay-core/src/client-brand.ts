import { foreignVersion, hasBrand } from './brand.js';
import type { WechatPayClient } from './client.js';
import { WechatPayConfigError } from './errors.js';

/** Tells whether a value is a client, also of another installed copy of this library that this one works with. */
export function isWechatPayClient(value: unknown): value is WechatPayClient {
  return hasBrand(value, 'client');
}

/**
 * What a package that takes clients checks at its start, so that an incompatible copy is one clear error there, and no
 * misread answer later.
 *
 * @param field how the caller names it, for the message.
 * @throws {WechatPayConfigError} what is no client, or one of an installed copy that this one cannot work with.
 */
export function assertWechatPayClient(value: unknown, field = 'client'): asserts value is WechatPayClient {
  if (isWechatPayClient(value)) return;
  const problem =
    foreignVersion(value, 'client') === undefined
      ? 'must be a WechatPayClient; make one with new WechatPayClient(config).'
      : 'was made by another installed copy of wechatpay-core, which this one cannot work with. ' +
        'Install one version for all packages: npm ls wechatpay-core shows the copies.';
  throw new WechatPayConfigError(field, problem);
}
