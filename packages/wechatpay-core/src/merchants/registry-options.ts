import { findUnknownProperty } from '../call/known-properties.js';
import { timeBy } from '../call/time-by.js';
import { clock } from '../config-checks.js';
import type { WechatPayConfig } from '../config.js';
import { WechatPayConfigError, type WechatPayMerchantError } from '../errors.js';
import { wholeNumber } from '../transport/queue/queue-settings.js';

/**
 * Asks the application for a merchant: a database, a vault.
 *
 * @param options `signal` is aborted where it takes longer than `loadTimeoutMs`.
 * @returns its settings, as `new WechatPayClient` takes them; undefined or null where there is no such merchant.
 */
export type MerchantLookup = (
  merchantId: string,
  options: { readonly signal: AbortSignal },
) => Promise<WechatPayConfig | null | undefined> | WechatPayConfig | null | undefined;

/** What `new MerchantRegistry` takes. */
export interface MerchantRegistryOptions {
  /** Asks the application for a merchant that is needed. */
  readonly load: MerchantLookup;
  /**
   * How many clients are kept; 1 to 100,000. Of more, those that were used last; and as many again of merchants that only notifications have
   * named. One that is dropped goes on for whoever has it, and is not made again while somebody has it.
   *
   * @default 1000
   */
  readonly maxClients?: number | undefined;
  /**
   * How old settings may be, in milliseconds: at its next use after that, a merchant is asked for again, without anybody waiting for it.
   *
   * @default 300_000
   */
  readonly maxAgeMs?: number | undefined;
  /** How long `load` may take, in milliseconds; WeChat Pay waits 5 s for the answer to a notification. @default 3000 */
  readonly loadTimeoutMs?: number | undefined;
  /**
   * Called where a merchant that is in use could not be asked for again, or has settings that cannot be used: it goes on with those before, and
   * is asked for again 10 s later. For a log or an alarm; what it throws is ignored.
   */
  readonly onProblem?: ((error: WechatPayMerchantError) => void) | undefined;
  /** The clock by which settings grow old, in milliseconds. @default Date.now */
  readonly now?: (() => number) | undefined;
}

const PROPERTIES = ['load', 'maxClients', 'maxAgeMs', 'loadTimeoutMs', 'onProblem', 'now'];
const OTHER_NAMES = { maxAgeMs: 'ttl', maxClients: 'max', loadTimeoutMs: 'timeoutMs', load: 'lookup' };

export interface RegistrySettings {
  readonly load: MerchantLookup;
  readonly maxClients: number;
  readonly maxAgeMs: number;
  readonly loadTimeoutMs: number;
  readonly onProblem: (error: WechatPayMerchantError) => void;
  readonly now: () => number;
}

/** @throws {WechatPayConfigError} an option that is missing, wrong or unknown. */
export function resolveRegistryOptions(options: MerchantRegistryOptions): RegistrySettings {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new WechatPayConfigError(
      'options',
      'must be an object, as in { load: (merchantId) => vault.merchant(merchantId) }.',
    );
  }
  const unknown = findUnknownProperty(given, PROPERTIES, OTHER_NAMES);
  if (unknown) throw new WechatPayConfigError(unknown.name, unknown.problem);
  const { load, maxClients, maxAgeMs, loadTimeoutMs, onProblem = () => undefined, now } = options;
  for (const [name, value] of Object.entries({ load, onProblem })) {
    if (typeof (value as unknown) !== 'function') throw new WechatPayConfigError(name, 'must be a function.');
  }
  const time = clock('now', now);
  return {
    load,
    maxClients: wholeNumber('maxClients', maxClients, 1, 100_000, 1_000),
    maxAgeMs: wholeNumber('maxAgeMs', maxAgeMs, 1, 0x7fffffff, 300_000),
    loadTimeoutMs: wholeNumber('loadTimeoutMs', loadTimeoutMs, 1, 60_000, 3_000),
    onProblem,
    now: () => timeBy(time),
  };
}
