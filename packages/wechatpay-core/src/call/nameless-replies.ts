import { IDENTIFIERS } from './deciding.js';
import { WechatPayResponseError } from '../errors.js';
import type { Fields } from './sign.js';

/** At least so many are remembered, the last ones; at most twice as many. */
const REMEMBERED = 256;

/**
 * A refusal, and Revoke Order's reply, name no order: whoever holds an old one could answer another call with it, and a late copy on a
 * kept-alive connection is taken for the next call's reply. WeChat Pay signs a new `nonce_str` into each, so that the same
 * signature about another order is a copy.
 *
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013659173 (nonce_str)
 */
export class NamelessReplies {
  /** By signature, the order of the call. Forgetting a whole map is cheaper than forgetting the oldest each time. */
  #recent = new Map<string, string>();
  #older = new Map<string, string>();

  /** @throws {WechatPayResponseError} a copy of a reply to a call about another order. */
  assertNew(reply: Fields, request: Fields): void {
    const { sign, nonce_str: nonce } = reply;
    if (!sign || !nonce || IDENTIFIERS.some((name) => reply[name])) return;
    const order = IDENTIFIERS.map((name) => request[name] ?? '').join('/');
    const before = this.#recent.get(sign) ?? this.#older.get(sign);
    if (before === undefined) {
      this.#recent.set(sign, order);
      if (this.#recent.size < REMEMBERED) return;
      this.#older = this.#recent;
      this.#recent = new Map();
    } else if (before !== order) {
      throw new WechatPayResponseError(
        'the reply is a copy of an earlier one, which was about another order. Nothing in it was believed: its outcome is unknown; query the order.',
      );
    }
  }
}
