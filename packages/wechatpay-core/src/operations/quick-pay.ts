import { callThrough } from '../call/call-through.js';
import type { WechatPayClient } from '../client.js';
import { assertIdentified } from '../call/deciding.js';
import { WechatPayRequestError, WechatPayResponseError } from '../errors.js';
import { propertiesOf, toFields, type FieldMap } from '../call/fields.js';
import { paymentFrom, refundFieldOf, replyBase, type Payment, type ReplyBase } from './payment.js';
import type { VerifiedReply } from '../call/reply.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { Fields } from '../call/sign.js';
import { quoted } from '../call/untrusted-text.js';
import { type CallOptions, type Operation } from '../call/operation.js';
import { REQUEST_ERROR_CODES, row } from './error-codes.js';

/** A payment by a code that the customer shows. */
export interface QuickPayRequest {
  /** The merchant's own order number; at most 32 characters. One payment, one number: it is never charged twice. */
  readonly outTradeNo: string;
  /** What is sold, as the customer sees it; at most 128 characters. */
  readonly body: string;
  /** `total_fee`: a whole number of the currency's minor unit. HKD 8.88 is 888; JPY and KRW have none: JPY 888 is 888. */
  readonly totalFee: number;
  /** `fee_type`: ISO 4217, as in `HKD`. Give it: what holds without it is not documented everywhere. */
  readonly currency?: string | undefined;
  /**
   * `auth_code`: the payment code that the cashier scanned, 18 digits. White space around it, as a scanner's line end, is
   * removed; what is no payment code is refused before anything is sent.
   */
  readonly authCode: string;
  /** `spbill_create_ip`: the terminal's IP address, version 4 or 6; `::ffff:203.0.113.7` is sent as `203.0.113.7`. */
  readonly spbillCreateIp: string;
  /** @default '1.0', the only one */
  readonly version?: string | undefined;
  /** The items, JSON with the merchant category code; at most 6000 characters. Some pages call it required. */
  readonly detail?: string | undefined;
  /** At most 32 characters. */
  readonly deviceInfo?: string | undefined;
  /** Comes back in the answer and in Query Order; at most 128 characters. */
  readonly attach?: string | undefined;
  /** At most 32 characters. */
  readonly goodsTag?: string | undefined;
  /** `no_credit`: no credit cards. */
  readonly limitPay?: string | undefined;
  /** `time_start` and `time_expire`. */
  readonly timeStart?: Date | undefined;
  readonly timeExpire?: Date | undefined;
  /** JSON; at most 256 characters. */
  readonly sceneInfo?: string | undefined;
  /** `sub_mch_id`, institutional mode. Overrides the client's. */
  readonly subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. Overrides the client's. */
  readonly subAppId?: string | undefined;
}

/** A verified answer: the customer has paid. */
export interface QuickPayResult extends ReplyBase, Payment {
  readonly transactionId: string;
  readonly outTradeNo: string;
}

const REQUEST: FieldMap<keyof QuickPayRequest> = {
  outTradeNo: ['out_trade_no', 32],
  body: ['body', 128],
  totalFee: ['total_fee', 'amount'],
  currency: ['fee_type', 'currency'],
  authCode: ['auth_code', 128],
  spbillCreateIp: ['spbill_create_ip', 'ip'],
  version: ['version', 32],
  detail: ['detail', 6000],
  deviceInfo: ['device_info', 32],
  attach: ['attach', 128],
  goodsTag: ['goods_tag', 32],
  limitPay: ['limit_pay', 32],
  timeStart: ['time_start', 'time'],
  timeExpire: ['time_expire', 'time'],
  sceneInfo: ['scene_info', 256],
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

/** Submit Quick Pay. A code that is not here is `unknown`: the customer may have paid. */
export const QUICK_PAY: Operation<QuickPayRequest, QuickPayResult> = {
  name: 'Submit Quick Pay',
  path: '/pay/micropay',
  properties: propertiesOf(REQUEST),
  toFields: toQuickPayFields,
  toResult,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    SYSTEMERROR: row('System error', 'Query the order 5 s later', 'unknown', 'query-order'),
    BANKERROR: row("The bank's system failed", 'Query the order', 'unknown', 'query-order'),
    USERPAYING: row('The user is asked for a password', 'Wait 5 s, then query the order', 'unknown', 'query-order'),
    // By this very payment, where it was sent before and no answer came.
    ORDERPAID: row('The order is paid', 'Query the order', 'unknown', 'query-order'),
    OUT_TRADE_NO_USED: row('The order number was used before', 'Query the order', 'unknown', 'query-order'),
    // Risk control, among other causes; the order is there.
    TRADE_ERROR: row('The trade failed', 'Query the order', 'unknown', 'query-order'),
    ORDERCLOSED: row('The order is closed', 'Take a new order number', 'rejected', 'new-order'),
    ORDERREVERSED: row('The order is revoked', 'Take a new order number', 'rejected', 'new-order'),
    AUTHCODEEXPIRE: row(
      'The code has expired',
      'Ask the customer to refresh the code and scan it',
      'rejected',
      'scan-again',
    ),
    AUTH_CODE_ERROR: row(
      'The code is wrong or used',
      'Ask the customer to refresh the code and scan it',
      'rejected',
      'scan-again',
    ),
    AUTH_CODE_INVALID: row('This is no code of WeChat Pay', 'Scan the code of WeChat Pay', 'rejected', 'scan-again'),
    NOTENOUGH: row('The balance is too low', 'Ask the customer for another card', 'rejected', 'change-payment'),
    NOTSUPORTCARD: row('The card is not supported', 'Ask the customer for another card', 'rejected', 'change-payment'),
    BUYER_MISMATCH: row('Another customer has begun to pay', 'Take a new order number', 'rejected', 'new-order'),
  },
};

/**
 * Charges the customer whose code was scanned. Shows no client certificate.
 *
 * Call it once for an order number. Where the error's `outcome` is `unknown`, the customer may have paid: resolve the order
 * (`payAndResolve` does both).
 *
 * @returns the verified payment.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal: `advice` says what to ask the customer for; look at `outcome` first.
 * @throws {WechatPayTransportError} no usable answer: look at `outcome`; the customer may have paid.
 * @throws {WechatPayGatewayError | WechatPaySignatureError | WechatPayResponseError} an answer that cannot be trusted: the
 *   customer may have paid.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162
 */
export async function quickPay(
  client: WechatPayClient,
  request: QuickPayRequest,
  options?: CallOptions,
): Promise<QuickPayResult> {
  return callThrough(client, QUICK_PAY, request, options);
}

function toQuickPayFields(request: QuickPayRequest): Fields {
  const authCode = paymentCode(request.authCode);
  const fields = toFields({ ...request, authCode }, REQUEST, [
    'outTradeNo',
    'body',
    'totalFee',
    'authCode',
    'spbillCreateIp',
  ]);
  return { version: '1.0', ...fields };
}

// Documented are 18 digits that begin with 10 to 15. The second digit is left to the gateway: 15 came later than 10 to 14.
// A code can be charged for a minute: no message holds all of it.
function paymentCode(scanned: unknown): unknown {
  if (typeof scanned !== 'string') return scanned; // refused as what it is
  // A scanner ends a code with a line end, a tab or a NUL.
  const code = scanned.replace(/^[\s\p{Cc}\p{Cf}]+|[\s\p{Cc}\p{Cf}]+$/gu, '');
  if (/^1[0-9]{17}$/.test(code)) return code;
  const given =
    code === '' ? 'it is empty' : `it has ${code.length} characters and begins with ${quoted(code.slice(0, 2))}`;
  throw new WechatPayRequestError(
    'authCode',
    `is no payment code of WeChat Pay, which is 18 digits that begin with 1: ${given}. Scan the customer's code again.`,
    { advice: 'scan-again' },
  );
}

function toResult(reply: VerifiedReply, sent: Fields): QuickPayResult {
  assertIdentified(reply, ['transaction_id', 'out_trade_no']);
  assertPaid(reply, sent);
  const { transaction_id: transactionId = '', out_trade_no: outTradeNo = '' } = reply;
  const reader = new ReplyReader(reply);
  return { ...replyBase(reply, reader), ...paymentFrom(reader), transactionId, outTradeNo, ...reader.unreadable };
}

/**
 * Signed, about this order, and still no word that it is paid as asked: the answer of another page, or of another amount.
 * `fee_type` is optional here: left out, it is the currency that was asked.
 */
function assertPaid(reply: VerifiedReply, sent: Fields): void {
  const { trade_state: tradeState, total_fee: totalFee, fee_type: currency } = reply;
  const other = refundFieldOf(reply);
  if (other !== undefined || (tradeState && tradeState !== 'SUCCESS')) {
    throw new WechatPayResponseError(
      `the reply has ${other ?? 'trade_state'} and is the answer of another API. Its outcome is unknown: query the order.`,
    );
  }
  const isAnother = currency && sent.fee_type && currency !== sent.fee_type;
  if (totalFee !== sent.total_fee || isAnother) {
    const paid = `${totalFee ? quoted(totalFee, 16) : 'no total_fee'} ${currency ? quoted(currency, 16) : ''}`.trim();
    const due = `${sent.total_fee ?? ''} ${sent.fee_type ?? ''}`.trim();
    throw new WechatPayResponseError(`the reply tells of ${paid} where ${due} was asked. Query the order.`);
  }
}
