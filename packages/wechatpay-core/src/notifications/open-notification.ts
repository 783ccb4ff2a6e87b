import { describeCall } from '../call/call-error.js';
import { findAmbiguous } from '../call/deciding.js';
import { quoted } from '../call/untrusted-text.js';
import { decodeXml } from '../call/xml.js';
import { assertWechatPayClient } from '../client-brand.js';
import type { WechatPayClient } from '../client.js';
import { isWechatPayError, WechatPayNotificationError, WechatPayRequestError } from '../errors.js';

// From the bytes that somebody posted to a merchant they may be about. Nothing is believed here.

/** One client, or one for each merchant, app or API key that notifications may be of. */
export type NotifiedClients = WechatPayClient | readonly WechatPayClient[];

/** A document that names a merchant of ours, which anybody can write. */
interface OpenedNotification {
  readonly fields: Readonly<Record<string, string>>;
  /** The clients of the merchant that it names: whose key is tried. At least one. */
  readonly candidates: readonly [WechatPayClient, ...WechatPayClient[]];
}

/** @throws {WechatPayNotificationError} what is not the documented XML, or names a merchant of nobody here. */
export function openNotification(clients: NotifiedClients, body: Uint8Array | string): OpenedNotification {
  const known = listOf(clients);
  assertRaw(body);
  const fields = decode(body);
  const ambiguous = findAmbiguous(fields);
  if (ambiguous !== undefined) {
    throw new WechatPayNotificationError(
      'malformed',
      `its ${ambiguous} holds text such as "&out_trade_no=", so that its signature would hold for another order as well. ` +
        'Look at the order on the Merchant Platform.',
    );
  }
  const [first, ...others] = known.filter(({ merchantId }) => merchantId === fields.mch_id);
  if (first === undefined) {
    return refuseUnknownMerchant(
      fields.mch_id,
      'no client is of that merchant. ' +
        'Give a client for each merchant that shares this address, also for those whose last orders are still open.',
    );
  }
  return { fields, candidates: [first, ...others] };
}

/**
 * The `mch_id` that a document names, which anybody can write: for looking up whose key is to be tried.
 *
 * @throws {WechatPayNotificationError} what is not the documented XML.
 */
export function merchantNamedIn(body: Uint8Array | string): string | undefined {
  assertRaw(body);
  return decode(body).mch_id;
}

/** @throws {WechatPayNotificationError} always: no client is of the merchant that a document names. */
export function refuseUnknownMerchant(merchantId: string | undefined, remedy: string): never {
  throw new WechatPayNotificationError(
    'unknown-merchant',
    `it names ${merchantId ? `mch_id ${quoted(merchantId, 32)}` : 'no mch_id'}, and ${remedy}`,
  );
}

/**
 * The clients that a document is for: of its appid, and of its sub-merchant or of none, which serve all of them. More than one where a
 * merchant's old and new API key are both given; those of exactly its sub-merchant come first.
 */
export function clientsFor(
  candidates: readonly WechatPayClient[],
  { appid, sub_mch_id: subMerchantId = '' }: Readonly<Record<string, string>>,
): readonly [WechatPayClient, ...WechatPayClient[]] {
  const ofApp = candidates.filter((candidate) => candidate.appId === appid);
  if (ofApp.length === 0) {
    throw new WechatPayNotificationError(
      'another-app',
      `it is for ${appid ? `appid ${quoted(appid, 32)}` : 'no appid'}, and no client of its merchant is. ` +
        'Give a client for each appid of the merchant.',
    );
  }
  const isExact = (client: WechatPayClient): boolean => (client.subMerchantId ?? '') === subMerchantId;
  const others = ofApp.filter((client) => !isExact(client) && (!client.subMerchantId || !subMerchantId));
  const [first, ...rest] = [...ofApp.filter(isExact), ...others];
  if (first !== undefined) return [first, ...rest];
  throw new WechatPayNotificationError(
    'unknown-merchant',
    `it is of sub_mch_id ${quoted(subMerchantId, 32)}, and no client is of that sub-merchant. ` +
      'Give a client for it, or one without subMerchantId, which serves all of them.',
  );
}

/** Says in an error what could not be read. What a reader of replies throws becomes the error of a notification. */
export function asNotificationError(error: unknown, what: string, outTradeNo: string | undefined): unknown {
  if (!isWechatPayError(error)) return error;
  const described =
    error.code === 'WECHATPAY_MALFORMED_RESPONSE'
      ? new WechatPayNotificationError('malformed', error.message.replace('the reply', 'the notification'), error)
      : error;
  if (described.code !== 'WECHATPAY_INVALID_NOTIFICATION') return error;
  return describeCall(described, what, outTradeNo ? { outTradeNo } : {});
}

function listOf(clients: unknown): readonly WechatPayClient[] {
  const list: readonly unknown[] = Array.isArray(clients) ? clients : [clients];
  if (list.length === 0) throw new WechatPayRequestError('clients', 'is empty; give at least one client.');
  return list.map((client) => {
    assertWechatPayClient(client, 'clients');
    return client;
  });
}

function assertRaw(body: unknown): void {
  if (typeof body === 'string' || body instanceof Uint8Array) return;
  throw new WechatPayRequestError(
    'body',
    'must be the bytes of the request (a Buffer or Uint8Array), or their text. A body parser that ran before leaves an object: ' +
      'exempt this route from it, or keep its raw body.',
  );
}

function decode(body: Uint8Array | string): Record<string, string> {
  try {
    return decodeXml(body);
  } catch (cause) {
    const start = typeof body === 'string' ? body.slice(0, 64) : Buffer.from(body.subarray(0, 64)).toString();
    throw new WechatPayNotificationError(
      'malformed',
      body.length === 0
        ? 'it is empty. Give the raw body: a body parser may have read it before.'
        : `it is not a flat <xml> document of at most 64 KiB; it begins with ${quoted(start, 16)}.`,
      cause,
    );
  }
}
