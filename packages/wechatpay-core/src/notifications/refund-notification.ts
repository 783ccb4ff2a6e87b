import { keyOf } from '../call/merchant-key.js';
import { ReplyReader } from '../call/reply-reader.js';
import { decodeFlat } from '../call/xml.js';
import type { WechatPayClient } from '../client.js';
import { WechatPayNotificationError } from '../errors.js';
import type { RefundStatus } from '../operations/query-refund.js';
import { asNotificationError, clientsFor, openNotification, type NotifiedClients } from './open-notification.js';

/**
 * What somebody who has the API key's cipher says about a refund: a hint, not a fact. It bears no signature, and its encryption has no
 * MAC, so that parts of old ones can be put together. Ask `queryRefund` by `outRefundNo`; only that decides.
 */
export interface RefundHint {
  /** Never true: nothing here is proven. */
  readonly isVerified: false;
  /** Equal in every copy of one notification, and different for another refund or status. */
  readonly id: string;
  readonly appId: string;
  readonly merchantId: string;
  readonly subAppId?: string;
  readonly subMerchantId?: string;
  /** The merchant's own number of the refund. */
  readonly outRefundNo: string;
  /** WeChat Pay's number of the refund. */
  readonly refundId?: string;
  readonly outTradeNo?: string;
  readonly transactionId?: string;
  /** SUCCESS, CHANGE (it cannot reach the customer) or REFUNDCLOSE; another word than the documented ones is passed on. */
  readonly refundStatus?: RefundStatus | (string & {});
  readonly totalFee?: number;
  readonly settlementTotalFee?: number;
  readonly refundFee?: number;
  readonly settlementRefundFee?: number;
  readonly cashRefundFee?: number;
  /** `success_time` */
  readonly refundedAt?: Date;
  /** `refund_recv_accout` (so spelled): where the money goes, in Chinese. */
  readonly refundReceivedAccount?: string;
  readonly refundAccount?: string;
  /** `API` or `VENDOR_PLATFORM`. */
  readonly refundRequestSource?: string;
  /** Every decrypted field by its wire name. */
  readonly raw: Readonly<Record<string, string>>;
  /** The wire names of decrypted fields that have no documented form; they stay in `raw`. */
  readonly unreadable?: readonly string[];
  /** Whose it is, of the clients that were given: for `queryRefund`. Not enumerable: no JSON and no copy has it. */
  readonly client: WechatPayClient;
}

/**
 * Reads a refund notification, of every product. A pure function: it calls nobody, and remembers nothing.
 *
 * @param body the request's bytes, before any parser; at most 64 KiB.
 * @returns a {@link RefundHint}: what to ask `queryRefund` about, at once.
 * @throws {WechatPayNotificationError} anything that no client's API key decrypts; `problem` says why. Answer {@link refuse}.
 * @throws {WechatPayRequestError | WechatPayConfigError} `clients` or `body` is invalid.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/ch/pay/NativePay/chapter8_8.shtml
 * @example
 * const { client, outRefundNo } = readRefundNotification(clients, body);
 * const { refunds } = await queryRefund(client, { outRefundNo });
 */
export function readRefundNotification(clients: NotifiedClients, body: Uint8Array | string): RefundHint {
  try {
    const { fields, candidates } = openNotification(clients, body);
    if (fields.return_code !== 'SUCCESS') {
      throw new WechatPayNotificationError(
        'malformed',
        'its return_code is not SUCCESS: it says nothing about a refund.',
      );
    }
    const { app_id: appid = '', req_info: reqInfo = '' } = fields; // a published example spells app_id
    const { client, inner } = decrypt(clientsFor(candidates, { appid, ...fields }), reqInfo);
    return toHint(inner, fields, client);
  } catch (error) {
    throw asNotificationError(error, 'Refund notification', undefined);
  }
}

// One answer to a wrong key, to a changed text and to what is no document inside: which it was would be an oracle.
function decrypt(
  candidates: readonly WechatPayClient[],
  reqInfo: string,
): { readonly client: WechatPayClient; readonly inner: Record<string, string> } {
  for (const client of candidates) {
    for (const document of keyOf(client).decryptRefundInfo(reqInfo)) {
      try {
        return { client, inner: decodeFlat(document, 'root') };
      } catch {
        // Another key of the merchant may fit.
      }
    }
  }
  throw new WechatPayNotificationError(
    'undecipherable',
    "its req_info is not readable with this merchant's key: it is changed or cut, or `apiKey` is not the one of its time.",
  );
}

function toHint(
  inner: Record<string, string>,
  outer: Readonly<Record<string, string>>,
  client: WechatPayClient,
): RefundHint {
  const { out_refund_no: outRefundNo = '', refund_status: status = '' } = inner;
  if (outRefundNo === '') throw new WechatPayNotificationError('malformed', 'it has no out_refund_no to ask for.');
  const reader = new ReplyReader(inner);
  const outside = new ReplyReader(outer).texts({ subAppId: 'sub_appid', subMerchantId: 'sub_mch_id' });
  const hint = {
    isVerified: false as const,
    id: [client.merchantId, outside.subMerchantId ?? '', outRefundNo, status].map(encodeURIComponent).join('/'),
    appId: client.appId,
    merchantId: client.merchantId,
    ...outside,
    outRefundNo,
    ...reader.texts({
      refundId: 'refund_id',
      outTradeNo: 'out_trade_no',
      transactionId: 'transaction_id',
      refundStatus: 'refund_status',
      refundReceivedAccount: 'refund_recv_accout',
      refundAccount: 'refund_account',
      refundRequestSource: 'refund_request_source',
    }),
    ...reader.numbers({
      totalFee: 'total_fee',
      settlementTotalFee: 'settlement_total_fee',
      refundFee: 'refund_fee',
      settlementRefundFee: 'settlement_refund_fee',
      cashRefundFee: 'cash_refund_fee',
    }),
    ...reader.times({ refundedAt: 'success_time' }),
    raw: inner,
    ...reader.unreadable,
  };
  return Object.defineProperty(hint, 'client', { value: client }) as RefundHint;
}
