import { WechatPayResponseError } from '../errors.js';
import type { Fields } from './sign.js';

/** Which order or refund a request or a reply is about. */
export const IDENTIFIERS: readonly string[] = ['transaction_id', 'out_trade_no', 'refund_id', 'out_refund_no'];

/**
 * The fields that decide about money: how a call and an order stand, whose they are, which order or refund it is, and how
 * much. Every operation reads these strictly: one that cannot be read makes the whole reply unreadable. All others inform.
 */
const DECIDING = new Set([
  ...['return_code', 'result_code', 'err_code', 'recall', 'trade_state', 'refund_status'],
  ...['appid', 'mch_id', 'sub_appid', 'sub_mch_id', 'auth_code'],
  ...IDENTIFIERS,
  ...['total_fee', 'fee_type', 'refund_fee', 'refund_fee_type', 'refund_count', 'total_refund_count'],
]);

/** Whether a field decides about money; of a list's field, as in `refund_status_0`, whether its name does. */
export function isDeciding(name: string): boolean {
  return DECIDING.has(name.replace(/_[0-9]+$/, ''));
}

/**
 * The first field whose value could be taken for more fields than one: v2 signs `name=value` pairs joined by `&` without
 * escaping, so that the same signature holds for every way of cutting that text.
 *
 * Where no value holds `&` and the name of a deciding field and `=`, and no deciding value holds `&`, any name and `=`, each
 * deciding field has the same value in every cut. A harmless text such as `a=1&b=2` stays possible.
 */
export function findAmbiguous(fields: Fields): string | undefined {
  return Object.keys(fields).find((name) => {
    const value: unknown = fields[name];
    if (typeof value !== 'string' || !value.includes('&')) return false;
    const isStrict = isDeciding(name);
    for (const [, other = ''] of value.matchAll(/&([A-Za-z][A-Za-z0-9_]*)=/g)) {
      if (isStrict || isDeciding(other)) return true;
    }
    return false;
  });
}

/** @throws {WechatPayResponseError} a verified reply that another reply of the same signature may have been made of. */
export function assertUnambiguous(reply: Fields): void {
  const name = findAmbiguous(reply);
  if (name === undefined) return;
  throw new WechatPayResponseError(
    `the reply's ${name} holds text such as "&out_trade_no=", so that its signature would hold for another order as well. ` +
      'Its outcome is unknown: look at the order on the Merchant Platform.',
  );
}

/** @throws {WechatPayResponseError} a reply that lacks an identifier: it may be about another order. */
export function assertIdentified(reply: Fields, required: readonly string[]): void {
  const name = required.find((candidate) => !reply[candidate]);
  if (name === undefined) return;
  throw new WechatPayResponseError(
    `the reply has no ${name}, so that it may be about another order. Its outcome is unknown: query the order.`,
  );
}
