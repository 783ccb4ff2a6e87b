import { assertIdentified } from '../call/deciding.js';
import { keyOf } from '../call/merchant-key.js';
import { ReplyReader } from '../call/reply-reader.js';
import { sayExpired, type VerifiedReply } from '../call/reply.js';
import { otherSignType } from '../call/sign.js';
import { quoted } from '../call/untrusted-text.js';
import type { WechatPayClient } from '../client.js';
import { WechatPayNotificationError } from '../errors.js';
import { paymentFrom, refundFieldOf, replyBase, type Payment, type ReplyBase } from '../operations/payment.js';
import { asNotificationError, clientsFor, openNotification, type NotifiedClients } from './open-notification.js';

/** In every verified notification of a payment. */
interface NotificationBase extends ReplyBase {
  /**
   * Equal in every copy of one notification, and different for another order, payment or result: what to compare with those that were
   * handled. A result that is not paid has another than the payment that may follow it.
   */
  readonly id: string;
  readonly outTradeNo: string;
  /** Whose it is, of the clients that were given: for `queryOrder`. Not enumerable: no JSON and no copy has it. */
  readonly client: WechatPayClient;
}

/** The customer has paid. Compare what with your order: `comparePayment`. */
export interface PaidNotification extends NotificationBase, Payment {
  readonly isPaid: true;
  readonly outTradeNo: string;
  readonly transactionId: string;
  readonly totalFee: number;
}

/** Signed, and about a payment that failed (`result_code` FAIL). Acknowledge it: it would come again. The order is not at its end. */
export interface NotPaidNotification extends NotificationBase {
  readonly isPaid: false;
  /** `err_code`; empty where there is none. */
  readonly errorCode: string;
  /** `err_code_des`; empty where there is none. */
  readonly errorDescription: string;
}

/** What WeChat Pay posts about a payment, verified. */
export type PaymentNotification = PaidNotification | NotPaidNotification;

/**
 * Reads a payment notification, of every product but Quick Pay. A pure function: it calls nobody, and remembers nothing.
 *
 * Nothing is believed before the signature over all fields holds, with the algorithm of the client that made the order; `sign_type` and
 * the signature's length choose nothing. Where several clients are given, the one of its `mch_id` and `appid` is taken: also an old and
 * a new API key of one merchant, as two clients.
 *
 * The same notification comes several times, late, and in any order: compare `id`. Compare what was paid with your order
 * ({@link comparePayment}), store it, and answer {@link acknowledge} within 5 s.
 *
 * @param body the request's bytes, before any parser; at most 64 KiB.
 * @returns the verified notification.
 * @throws {WechatPayNotificationError} anything that is not WeChat Pay's word to one of these clients; `problem` says why. Answer
 *   {@link refuse}.
 * @throws {WechatPayRequestError | WechatPayConfigError} `clients` or `body` is invalid.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/In-AppPay/chapter8_7.shtml
 * @example
 * const notification = readPaymentNotification(client, body);
 * if (notification.isPaid && comparePayment(notification, order).length === 0) await store(notification);
 * return acknowledge();
 */
export function readPaymentNotification(clients: NotifiedClients, body: Uint8Array | string): PaymentNotification {
  let outTradeNo: string | undefined;
  try {
    const { fields, candidates } = openNotification(clients, body);
    const [client] = clientsFor(signersOf(candidates, fields), fields);
    const { sign, ...verified } = fields;
    outTradeNo = verified.out_trade_no;
    return toNotification(verified as unknown as VerifiedReply, client);
  } catch (error) {
    throw asNotificationError(error, 'Payment notification', outTradeNo);
  }
}

function signersOf(
  candidates: readonly [WechatPayClient, ...WechatPayClient[]],
  fields: Readonly<Record<string, string>>,
): readonly WechatPayClient[] {
  const signers = candidates.filter((candidate) => keyOf(candidate).verify(fields));
  if (signers.length > 0) return signers;
  const other = candidates.map(keyOf).find((key) => key.verify(fields, otherSignType(key.signType)));
  const [expired] = candidates.flatMap((candidate) => keyOf(candidate).expired(fields) ?? []);
  const problem = !fields.sign
    ? 'it has no signature'
    : other
      ? `it is signed with ${otherSignType(other.signType)}, but the client signs its orders with ${other.signType}; an order made ` +
        'before a change of signType needs a client with the one before'
      : (sayExpired(expired) ?? 'its signature does not hold: it is forged, or `apiKey` is not the one of its order');
  throw new WechatPayNotificationError('wrong-signature', `${problem}. Nothing in it was believed.`);
}

function toNotification(verified: VerifiedReply, client: WechatPayClient): PaymentNotification {
  assertPaymentNotification(verified);
  const reader = new ReplyReader(verified);
  const base = replyBase(verified, reader);
  const { out_trade_no: outTradeNo = '' } = verified;
  const idOf = (end: string): string =>
    [base.merchantId, base.subMerchantId ?? '', outTradeNo, end].map(encodeURIComponent).join('/');
  if (verified.result_code === 'FAIL') {
    const { err_code: errorCode = '', err_code_des: errorDescription = '' } = verified;
    return owned({ isPaid: false, id: idOf('not-paid'), ...base, outTradeNo, errorCode, errorDescription }, client);
  }
  const payment = paymentFrom(reader);
  const { transactionId = '', totalFee = 0 } = payment;
  return owned(
    {
      isPaid: true,
      id: idOf(transactionId),
      ...base,
      ...payment,
      outTradeNo,
      transactionId,
      totalFee,
      ...reader.unreadable,
    },
    client,
  );
}

/** Signed by the merchant's key, and perhaps still no notification of a payment: a reply, or a request of ours, that somebody kept. */
function assertPaymentNotification(verified: VerifiedReply): void {
  const { return_code: returnCode, result_code: resultCode, trade_state: tradeState } = verified;
  const foreign = ['recall', 'prepay_id', 'auth_code'].find((name) => verified[name]) ?? refundFieldOf(verified);
  if (foreign !== undefined || (tradeState && tradeState !== 'SUCCESS')) {
    throw malformed(`it has ${foreign ?? 'trade_state'}: it is a document of another API`);
  }
  if (returnCode !== 'SUCCESS') throw malformed(`its return_code is ${quoted(returnCode ?? '', 16)}, not SUCCESS`);
  if (resultCode !== 'SUCCESS' && resultCode !== 'FAIL') throw malformed('it has no result_code of SUCCESS or FAIL');
  const isPaid = resultCode === 'SUCCESS';
  assertIdentified(verified, isPaid ? ['out_trade_no', 'transaction_id', 'total_fee'] : ['out_trade_no']);
}

function malformed(problem: string): WechatPayNotificationError {
  return new WechatPayNotificationError('malformed', `${problem}. It says nothing about a payment.`);
}

/** With the client beside it, where neither JSON nor a copy of its properties takes it along. */
function owned<Notification extends object>(
  notification: Notification,
  client: WechatPayClient,
): Notification & { readonly client: WechatPayClient } {
  return Object.defineProperty(notification, 'client', { value: client }) as Notification & {
    readonly client: WechatPayClient;
  };
}
