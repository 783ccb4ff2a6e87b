import { callThrough } from '../call/call-through.js';
import { propertiesOf, toFields, type FieldMap } from '../call/fields.js';
import type { CallOptions, Operation } from '../call/operation.js';
import type { VerifiedReply } from '../call/reply.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { Fields } from '../call/sign.js';
import type { WechatPayClient } from '../client.js';
import { WechatPayResponseError } from '../errors.js';
import { beijingDay } from '../statement/beijing.js';
import { readDay } from '../statement/day.js';
import { REQUEST_ERROR_CODES, row } from './error-codes.js';
import { replyBase, type ReplyBase } from './payment.js';

export interface QueryExchangeRateRequest {
  /** `fee_type`, ISO 4217, as in `USD`. */
  readonly currency: string;
  /**
   * A day of Beijing: `20260301`, `2026-03-01`, or a Date, which means the day that it falls on there. The rate changes at 10:00.
   *
   * @default the day by the client's clock
   */
  readonly date?: string | Date | undefined;
  /** `sub_mch_id`, institutional mode. Overrides the client's. */
  readonly subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. Overrides the client's. */
  readonly subAppId?: string | undefined;
}

/** A verified answer. It is for reference: the rate of a payment stands in the reply of that payment. */
export interface QueryExchangeRateResult extends ReplyBase {
  /** `fee_type` */
  readonly currency: string;
  /** The exchange rate to RMB (the selling price) times 10^8: `650000000` is 6.5; `exchangeRate` gives the decimal. */
  readonly rate: string;
  /** `rate_time`: the day of Beijing that the rate is of, as in `20260301`. It may be another than the one that was asked for. */
  readonly rateDate?: string;
}

const REQUEST: FieldMap<'currency' | 'subMerchantId' | 'subAppId'> = {
  currency: ['fee_type', 'currency'],
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

/** Query Exchange Rate. Neither its request nor its reply has a nonce: an old reply would pass for a new one. */
export const QUERY_EXCHANGE_RATE: Operation<QueryExchangeRateRequest, QueryExchangeRateResult> = {
  name: 'Query Exchange Rate',
  path: '/pay/queryexchagerate', // so spelled
  isBare: true,
  properties: { ...propertiesOf(REQUEST), date: 'date' },
  toFields: (request, now) => ({
    ...toFields(request, REQUEST, ['currency']),
    date: request.date === undefined ? beijingDay(now()) : readDay(request.date),
  }),
  toResult,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    SYSTEMERROR: row('System error', 'Query again', 'unknown', 'retry-later'),
  },
};

/**
 * Asks for the day's exchange rate of a currency to RMB. It moves no money, and binds no payment to it.
 *
 * The page has neither nonce nor algorithm: the request is signed with MD5, and so is the reply, whatever `signType` the client has.
 *
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal.
 * @throws {WechatPayResponseError} an answer about another currency, or without a rate, among others.
 * @throws {WechatPayTransportError | WechatPayGatewayError | WechatPaySignatureError} no answer that can be trusted.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/QuickPay/chapter8_10.shtml
 * @example
 * const { rate } = await queryExchangeRate(client, { currency: 'USD' });
 * console.log(exchangeRate(rate)); // 6.5
 */
export async function queryExchangeRate(
  client: WechatPayClient,
  request: QueryExchangeRateRequest,
  options?: CallOptions,
): Promise<QueryExchangeRateResult> {
  return callThrough(client, QUERY_EXCHANGE_RATE, request, options);
}

function toResult(reply: VerifiedReply, sent: Fields): QueryExchangeRateResult {
  const reader = new ReplyReader(reply);
  const { currency } = reader.currencies({ currency: 'fee_type' });
  if (currency === undefined || currency !== sent.fee_type) {
    throw new WechatPayResponseError('the reply is about another currency than the request. Query it again.');
  }
  // A payment's reply has a rate as well: that of its own moment.
  const foreign = ['trade_state', 'total_fee', 'prepay_id'].find((name) => reply[name] !== undefined);
  if (foreign !== undefined) {
    throw new WechatPayResponseError(`the reply has ${foreign} and is the answer of another API. Query it again.`);
  }
  const { rate, rateDate } = reader.texts({ rate: 'rate', rateDate: 'rate_time' });
  if (rate === undefined || !/^[0-9]{1,16}$/.test(rate)) {
    throw new WechatPayResponseError('the reply has no rate, which is a whole number. Query it again.');
  }
  return {
    ...replyBase(reply, reader),
    currency,
    rate,
    ...(rateDate !== undefined && { rateDate }),
    ...reader.unreadable,
  };
}
