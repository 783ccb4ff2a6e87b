import { callThrough } from '../call/call-through.js';
import { assertOrderCreatedAt, identifyOrder, ORDER_PROPERTIES, type OrderRequest } from './order-identity.js';
import type { WechatPayClient } from '../client.js';
import { WechatPayRequestError, WechatPayResponseError } from '../errors.js';
import type { Properties } from '../call/given.js';
import { replyBase } from './payment.js';
import type { VerifiedReply } from '../call/reply.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { Fields } from '../call/sign.js';
import { type CallOptions, type Operation } from '../call/operation.js';
/** The order to reverse. */
export type ReverseOrderRequest = OrderRequest & {
  /**
   * When the order was created. Where it is given, a reversal that WeChat Pay asks not to be sent is refused here: one
   * earlier than {@link REVERSE_NOT_BEFORE_MS} or later than {@link REVERSE_NOT_AFTER_MS} after it.
   */
  readonly orderCreatedAt?: Date | undefined;
};

/** A verified reply with `result_code` SUCCESS: a paid order is refunded, an unpaid one closed, unless `recall` is true. */
export interface ReverseOrderResult {
  readonly returnCode: 'SUCCESS';
  /** `return_msg`, as in `OK`. */
  readonly returnMessage?: string;
  readonly resultCode: 'SUCCESS';
  readonly appId: string;
  readonly merchantId: string;
  readonly subAppId?: string;
  readonly subMerchantId?: string;
  readonly nonceStr?: string;
  /** `err_code` and `err_code_des`: documented for every reply, and empty in a success. */
  readonly errorCode?: string;
  readonly errorDescription?: string;
  /** True: WeChat Pay asks for the reversal to be called again. Space the calls, and bound their number. */
  readonly recall: boolean;
  /**
   * The exchange rate from the order's currency to RMB times 10^8: `650000000` is 6.5.
   * {@link exchangeRate} gives the decimal. The page calls it required, its own sample lacks it: it can be absent.
   */
  readonly rate?: string;
  /**
   * Every verified field of the reply by its wire name, without `sign`; also those that no page lists. One without a value takes no
   * part in the signature: anybody on the way may have added it.
   */
  readonly raw: Readonly<Record<string, string>>;
}

/** Revoke Order "should be called at least 15s later after the order is created". */
export const REVERSE_NOT_BEFORE_MS = 15_000;

/** Revoke Order "can be called to cancel a transaction made within 7 days after an order is created". */
export const REVERSE_NOT_AFTER_MS = 7 * 24 * 60 * 60 * 1000;

/**
 * Reverses an order: a paid one is refunded, an unpaid one is closed. Reversing twice is safe: the answer is the same again.
 *
 * Not earlier than 15 s after the order was created, not later than 7 days: past that, refund it.
 *
 * @param request at least one of `transactionId` and `outTradeNo`.
 * @returns the verified result. Where `recall` is true, reverse again.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal: `advice` says what to do, `outcome` whether it may have happened.
 * @throws {WechatPayTransportError} no usable answer: look at `outcome`; the reversal may have happened.
 * @throws {WechatPayGatewayError | WechatPaySignatureError | WechatPayResponseError} an answer that cannot be trusted: the
 *   reversal may have happened.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013659173
 */
export async function reverseOrder(
  client: WechatPayClient,
  request: ReverseOrderRequest,
  options?: CallOptions,
): Promise<ReverseOrderResult> {
  return callThrough(client, REVERSE_ORDER, request, options);
}

/**
 * The decimal of a `rate`, exact: `'650000000'` is `'6.5'`.
 *
 * @param rate the exchange rate from foreign currency to RMB times 10^8, in digits.
 * @throws {RangeError} a text that is not a whole number.
 */
export function exchangeRate(rate: string): string {
  if (!/^[0-9]+$/.test(rate)) throw new RangeError('rate: must be a whole number in digits, as in 650000000.');
  const digits = rate.padStart(9, '0');
  const decimal = `${digits.slice(0, -8).replace(/^0+(?=[0-9])/, '')}.${digits.slice(-8)}`;
  return decimal.replace(/\.?0+$/, '');
}

const PROPERTIES: Properties<keyof ReverseOrderRequest> = { ...ORDER_PROPERTIES, orderCreatedAt: 'orderCreatedAt' };

/** The page's table of error codes, and what each means for the money. A code that is not here is `unknown`. */
export const REVERSE_ORDER: Operation<ReverseOrderRequest, ReverseOrderResult> = {
  name: 'Revoke Order',
  path: '/secapi/pay/reverse',
  isUrgent: true,
  properties: PROPERTIES,
  toFields: toReverseFields,
  toResult,
  errorCodes: {
    SYSTEMERROR: {
      description: 'API return error',
      reason: 'System timed out',
      solution: 'Try to call the Query Order API again',
      outcome: 'unknown',
      advice: 'query-order',
    },
    INVALID_TRANSACTIONID: {
      description: 'Invalid transaction_id',
      reason: 'Requested parameters are not correct',
      solution: 'Parameter error. Check transaction_id again.',
      outcome: 'rejected',
      advice: 'fix-request',
    },
    PARAM_ERROR: {
      description: 'Parameter error',
      reason: 'Requested parameters are not correct',
      solution: 'Parameter error. Check parameters again.',
      outcome: 'rejected',
      advice: 'fix-request',
    },
    REQUIRE_POST_METHOD: {
      description: 'Use post method',
      reason: 'Data is not transferred by post',
      solution: 'Check whether data is submitted via POST method',
      outcome: 'rejected',
      advice: 'fix-request',
    },
    SIGNERROR: {
      description: 'Signature error',
      reason: 'Incorrect signature result',
      solution: 'Check whether signature parameter and method comply with signature algorithm requirements',
      outcome: 'rejected',
      advice: 'fix-request',
    },
    INVALID_REQUEST: {
      description: 'Invalid request',
      reason: 'Merchant’s backend system issue',
      solution:
        'Please check the request parameters, whether the parameters are correct or whether the right certificate is used',
      // Also seen for a duplicate of a request that is still being worked on: the order may be reversed by that one.
      outcome: 'unknown',
      advice: 'fix-request',
    },
    REVERSE_EXPIRE: {
      description: 'The order is out of reverse limit date',
      reason: 'The Revoke API should be called within 7 days',
      solution: 'Please check whether the order is in 7 days. If you truly want to revoke the order, please refund it.',
      outcome: 'rejected',
      advice: 'refund',
    },
    USERPAYING: {
      description: 'User is paying',
      reason: 'Transaction in paying progress cannot be revoked',
      solution: 'Please retry it later',
      outcome: 'rejected',
      advice: 'retry-later',
    },
  },
};

function toReverseFields(request: ReverseOrderRequest, now: () => number): Fields {
  const fields = identifyOrder(request);
  assertTimely(request.orderCreatedAt, now);
  return fields;
}

function assertTimely(orderCreatedAt: unknown, clock: () => number): void {
  const createdAt = assertOrderCreatedAt(orderCreatedAt);
  if (createdAt === undefined) return;
  const now = clock();
  const notBefore = createdAt + REVERSE_NOT_BEFORE_MS;
  if (now < notBefore) {
    throw new WechatPayRequestError(
      'orderCreatedAt',
      `is less than 15 s ago; reverse at ${new Date(notBefore).toISOString()} or later.`,
      { advice: 'retry-later' },
    );
  }
  if (now > createdAt + REVERSE_NOT_AFTER_MS) {
    throw new WechatPayRequestError(
      'orderCreatedAt',
      'is more than 7 days ago, which is too late to reverse; refund the order.',
      { advice: 'refund' },
    );
  }
}

function toResult(reply: VerifiedReply): ReverseOrderResult {
  const { recall } = reply;
  if (recall !== 'Y' && recall !== 'N') {
    throw new WechatPayResponseError('the reply has no recall of Y or N. Its outcome is unknown: query the order.');
  }
  const reader = new ReplyReader(reply);
  return {
    returnCode: 'SUCCESS',
    resultCode: 'SUCCESS',
    ...replyBase(reply, reader),
    recall: recall === 'Y',
    ...reader.texts({
      returnMessage: 'return_msg',
      nonceStr: 'nonce_str',
      errorCode: 'err_code',
      errorDescription: 'err_code_des',
      rate: 'rate',
    }),
  };
}
