import type { Environment } from 'wechatpay-core';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { Session } from '../session.js';

/** A merchant whose settings an environment has. */
export interface NamedMerchant {
  /** As `--merchant` takes it; `default` for the WECHATPAY_* without a name. */
  readonly name: string;
  /** What its variables begin with, as in `WECHATPAY_HK_`. */
  readonly prefix: string;
  /** `mch_id`, where it is set. */
  readonly merchantId: string | undefined;
}

const DEFAULT: NamedMerchant = { name: 'default', prefix: 'WECHATPAY_', merchantId: undefined };

/** Every merchant that has a WECHATPAY_…_MERCHANT_ID, the one without a name first. */
export function merchantsIn(environment: Environment): readonly NamedMerchant[] {
  const found = Object.keys(environment).flatMap((variable) => {
    const named = /^WECHATPAY_(?:(?<name>[A-Z0-9_]+)_)?MERCHANT_ID$/.exec(variable);
    const merchantId = environment[variable]?.trim();
    const name = named?.groups?.name;
    // WECHATPAY_SUB_MERCHANT_ID is a setting of the one without a name.
    if (!named || !merchantId || /(?:^|_)SUB$/.test(name ?? '')) return [];
    if (name === undefined) return [{ ...DEFAULT, merchantId }];
    return [{ name: name.toLowerCase().replaceAll('_', '-'), prefix: `WECHATPAY_${name}_`, merchantId }];
  });
  return found.toSorted((a, b) => Number(b.name === DEFAULT.name) - Number(a.name === DEFAULT.name));
}

/**
 * The merchant that a command is about. Where there are several, none of them is a default.
 *
 * @throws {CliError} one that has no settings, or none where there are several.
 */
export function chooseMerchant({ options, words }: Session, environment: Environment): NamedMerchant {
  const all = merchantsIn(environment);
  const { merchant } = options;
  if (merchant === undefined) {
    const [only = DEFAULT, ...others] = all;
    if (others.length === 0) return only;
    throw new CliError(EXIT_CODES.usage, 'WHICH_MERCHANT', words.whichMerchant(all.map(({ name }) => name)));
  }
  const wanted = merchant.toLowerCase().replaceAll('_', '-');
  const found = all.find(({ name, merchantId }) => name === wanted || merchantId === merchant);
  if (found) return found;
  throw new CliError(
    EXIT_CODES.usage,
    'NO_SUCH_MERCHANT',
    words.noSuchMerchant(
      merchant,
      all.map(({ name }) => name),
    ),
  );
}
