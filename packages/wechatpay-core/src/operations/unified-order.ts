// Over 250 lines, as one idea: one page of the documentation; half of it says what each of its fields means.
import { callThrough } from '../call/call-through.js';
import { propertiesOf, toFields, type FieldMap } from '../call/fields.js';
import { type CallOptions, type Operation } from '../call/operation.js';
import { ReplyReader } from '../call/reply-reader.js';
import type { VerifiedReply } from '../call/reply.js';
import type { Fields } from '../call/sign.js';
import { quoted } from '../call/untrusted-text.js';
import type { WechatPayClient } from '../client.js';
import { WechatPayRequestError, WechatPayResponseError } from '../errors.js';
import { REQUEST_ERROR_CODES, row } from './error-codes.js';
import { replyBase, type ReplyBase } from './payment.js';

/**
 * How the customer pays.
 *
 * - `JSAPI`: in an official account, and in a mini program.
 * - `NATIVE`: by a QR code that the merchant shows.
 * - `APP`: in the merchant's app.
 * - `MWEB`: in a phone's browser (H5).
 */
export type TradeType = (typeof TRADE_TYPES)[number];

const TRADE_TYPES = ['JSAPI', 'NATIVE', 'APP', 'MWEB'] as const;

/** What an order has, however it is paid. */
export interface UnifiedOrderFields {
  /** The merchant's own order number; at most 32 characters. */
  readonly outTradeNo: string;
  /** What is sold, as the customer sees it; at most 128 characters. Pages say 127 or 128; WeChat Pay may count bytes. */
  readonly body: string;
  /** `total_fee`: a whole number of the currency's minor unit. HKD 8.88 is 888; JPY and KRW have none: JPY 888 is 888. */
  readonly totalFee: number;
  /** `fee_type`: ISO 4217, as in `HKD`. Give it: what holds without it is not documented everywhere. */
  readonly currency?: string | undefined;
  /**
   * `notify_url`: where WeChat Pay tells of the payment. An absolute `https:` URL without a query; at most 256 characters. WeChat
   * Pay has to reach it from outside. `http:` is accepted for a loopback address, as of a sandbox on this machine.
   */
  readonly notifyUrl: string;
  /**
   * `spbill_create_ip`: an IP address, version 4 or 6. Of APP and MWEB the customer's, of NATIVE the caller's.
   * `::ffff:203.0.113.7` is sent as `203.0.113.7`; a list, as behind proxies, is refused.
   */
  readonly spbillCreateIp: string;
  /** @default '1.0', the only one */
  readonly version?: string | undefined;
  /** The items, JSON; at most 6000 characters. */
  readonly detail?: string | undefined;
  /** At most 32 characters; `WEB` for a web page. */
  readonly deviceInfo?: string | undefined;
  /** Comes back in Query Order and in the notification; at most 128 characters. */
  readonly attach?: string | undefined;
  /** At most 32 characters. */
  readonly goodsTag?: string | undefined;
  /** `no_credit`: no credit cards. */
  readonly limitPay?: string | undefined;
  /** `time_start`: when the order was made. */
  readonly timeStart?: Date | undefined;
  /**
   * `time_expire`: until when the customer may begin to pay. Not an end: who has begun can still pay after it, and until the order
   * is closed Query Order says NOTPAY. The least life is 1 or 5 min, by the page: WeChat Pay decides.
   */
  readonly timeExpire?: Date | undefined;
  /** `product_id`: the merchant's number of what is sold; at most 32 characters, by the mainland's page. Required for `NATIVE`. */
  readonly productId?: string | undefined;
  /**
   * `openid`: the customer, as the client's `appId` knows them; at most 128 characters, by the mainland's page. Required for `JSAPI`,
   * or `subOpenId`.
   */
  readonly openId?: string | undefined;
  /** `sub_openid`, institutional mode: the customer, as `subAppId` knows them; at most 128 characters. */
  readonly subOpenId?: string | undefined;
  /** `scene_info`: JSON; at most 256 characters. Required for `MWEB`, as in `{"h5_info":{"type":"Wap",…}}`. */
  readonly sceneInfo?: string | undefined;
  /** `sub_mch_id`, institutional mode. Overrides the client's. */
  readonly subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. Overrides the client's. */
  readonly subAppId?: string | undefined;
}

/** An order that the customer pays by themselves. `tradeType` says how, and what else it needs. */
export type UnifiedOrderRequest = UnifiedOrderFields &
  (
    | { readonly tradeType: 'JSAPI'; readonly openId: string }
    | { readonly tradeType: 'JSAPI'; readonly subOpenId: string }
    | { readonly tradeType: 'NATIVE'; readonly productId: string }
    | { readonly tradeType: 'APP' }
    | { readonly tradeType: 'MWEB'; readonly sceneInfo: string }
  );

/** A verified answer: the order is there and can be paid. Nothing is paid yet. */
export interface UnifiedOrderResult extends ReplyBase {
  /** `prepay_id`: what the phone pays by; the mainland pages say that it holds for 2 hours. */
  readonly prepayId: string;
  readonly tradeType: TradeType;
  /** `code_url`, of `NATIVE`: the text of the QR code. */
  readonly codeUrl?: string;
  /** `mweb_url`, of `MWEB`: where the browser goes; it holds for 5 min. */
  readonly mwebUrl?: string;
  readonly deviceInfo?: string;
}

// Up to out_trade_no the lengths are of the global page. It was not established that it names the others too: they are Submit Quick
// Pay's, but for notify_url and trade_type, which are those of v3 Global, and product_id, openid and sub_openid, of the mainland.
const REQUEST: FieldMap<keyof UnifiedOrderFields | 'tradeType'> = {
  outTradeNo: ['out_trade_no', 32],
  body: ['body', 128],
  totalFee: ['total_fee', 'amount'],
  currency: ['fee_type', 'currency'],
  tradeType: ['trade_type', 16],
  notifyUrl: ['notify_url', 'notify-url'],
  spbillCreateIp: ['spbill_create_ip', 'ip'],
  version: ['version', 32],
  detail: ['detail', 6000],
  deviceInfo: ['device_info', 32],
  attach: ['attach', 128],
  goodsTag: ['goods_tag', 32],
  limitPay: ['limit_pay', 32],
  timeStart: ['time_start', 'time'],
  timeExpire: ['time_expire', 'time'],
  productId: ['product_id', 32],
  openId: ['openid', 128],
  subOpenId: ['sub_openid', 128],
  sceneInfo: ['scene_info', 256],
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

/** Unified Order. A code that is not here is `unknown`: the order may be there, and the customer may pay it. */
export const UNIFIED_ORDER: Operation<UnifiedOrderRequest, UnifiedOrderResult> = {
  name: 'Unified Order',
  path: '/pay/unifiedorder',
  properties: propertiesOf(REQUEST),
  toFields: toUnifiedOrderFields,
  toResult,
  errorCodes: {
    ...REQUEST_ERROR_CODES,
    POST_DATA_EMPTY: row('The post data is empty', 'Check the post data; shorten detail', 'rejected', 'fix-request'),
    // Also seen, as "201", for a number that was used with other values: the order that has it may be paid.
    INVALID_REQUEST: row(
      'Invalid request',
      'Check the parameters; if the order number was used with other values, query and close the earlier order',
      'unknown',
      'fix-request',
    ),
    // The same number with the same values is the same order again.
    SYSTEMERROR: row('System error', 'Call again with the same parameters', 'unknown', 'retry-later'),
    ORDERPAID: row('The order is paid', 'Query the order', 'unknown', 'query-order'),
    OUT_TRADE_NO_USED: row(
      'The order number was used with other values',
      'Query and close the earlier order, then take a new order number',
      'rejected',
      'new-order',
    ),
    ORDERCLOSED: row('The order is closed', 'Take a new order number', 'rejected', 'new-order'),
    NOTENOUGH: row('The balance is too low', 'Ask the customer for another card', 'rejected', 'change-payment'),
  },
};

/**
 * Makes an order that the customer pays by themselves: by QR code, in an official account, a mini program, an app or a browser.
 * Shows no client certificate.
 *
 * Store the order before the call: where the error's `outcome` is `unknown`, it may be there and can be paid. The same request
 * again is the same order again; the same number with other values is refused (OUT_TRADE_NO_USED). An order that is not paid has
 * to be closed by {@link closeOrder}; `timeExpire` alone does not end it.
 *
 * @returns the verified order. For the phone, `jsapiPayParameters`, `miniProgramPayParameters` and `appPayParameters` sign what it
 *   needs.
 * @throws {WechatPayRequestError} a request that must not be sent; nothing was sent.
 * @throws {WechatPayBusinessError} a signed refusal; look at `outcome` first.
 * @throws {WechatPayTransportError} no usable answer: look at `outcome`; the order may be there.
 * @throws {WechatPayGatewayError | WechatPaySignatureError | WechatPayResponseError} an answer that cannot be trusted: the order may
 *   be there.
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665947
 * @example
 * const { codeUrl } = await unifiedOrder(client, {
 *   tradeType: 'NATIVE',
 *   productId: 'tea',
 *   outTradeNo: '20261127-0001',
 *   body: 'a cup of tea',
 *   totalFee: 888,
 *   currency: 'HKD',
 *   notifyUrl: 'https://shop.example/wechatpay/payments',
 *   spbillCreateIp: '203.0.113.7',
 * });
 */
export async function unifiedOrder(
  client: WechatPayClient,
  request: Extract<UnifiedOrderRequest, { tradeType: 'NATIVE' }>,
  options?: CallOptions,
): Promise<UnifiedOrderResult & { readonly tradeType: 'NATIVE'; readonly codeUrl: string }>;
export async function unifiedOrder(
  client: WechatPayClient,
  request: Extract<UnifiedOrderRequest, { tradeType: 'MWEB' }>,
  options?: CallOptions,
): Promise<UnifiedOrderResult & { readonly tradeType: 'MWEB'; readonly mwebUrl: string }>;
export async function unifiedOrder(
  client: WechatPayClient,
  request: UnifiedOrderRequest,
  options?: CallOptions,
): Promise<UnifiedOrderResult>;
export async function unifiedOrder(
  client: WechatPayClient,
  request: UnifiedOrderRequest,
  options?: CallOptions,
): Promise<UnifiedOrderResult> {
  return callThrough(client, UNIFIED_ORDER, request, options);
}

/** What one way to pay needs, of which one is enough. */
const NEEDED: Readonly<Record<TradeType, readonly (keyof UnifiedOrderFields)[]>> = {
  JSAPI: ['openId', 'subOpenId'],
  NATIVE: ['productId'],
  APP: [],
  MWEB: ['sceneInfo'],
};

function toUnifiedOrderFields(request: UnifiedOrderRequest): Fields {
  const fields = toFields(request, REQUEST, [
    'outTradeNo',
    'body',
    'totalFee',
    'tradeType',
    'notifyUrl',
    'spbillCreateIp',
  ]);
  const tradeType = TRADE_TYPES.find((known) => known === fields.trade_type);
  if (tradeType === undefined) {
    throw new WechatPayRequestError(
      'tradeType',
      `is ${quoted(fields.trade_type ?? '', 16)}. Valid values: ${TRADE_TYPES.join(', ')}.`,
    );
  }
  const [needed, ...others] = NEEDED[tradeType];
  if (needed !== undefined && ![needed, ...others].some((property) => fields[REQUEST[property][0]] !== undefined)) {
    const alternative = others.length === 0 ? '' : `, and so is ${others.join(', ')}; give one of them`;
    throw new WechatPayRequestError(needed, `is missing${alternative}: WeChat Pay requires it of ${tradeType}.`);
  }
  const { time_start: start, time_expire: expiry } = fields;
  if (start && expiry && expiry <= start) {
    throw new WechatPayRequestError('timeExpire', 'is not after timeStart: nobody could pay the order.');
  }
  return { version: '1.0', ...fields };
}

/** What the customer cannot pay without. */
const RETURNED: Readonly<Partial<Record<TradeType, string>>> = { NATIVE: 'code_url', MWEB: 'mweb_url' };

function toResult(reply: VerifiedReply, sent: Fields): UnifiedOrderResult {
  const tradeType = TRADE_TYPES.find((known) => known === sent.trade_type) ?? 'JSAPI';
  if (reply.trade_type && reply.trade_type !== tradeType) {
    throw new WechatPayResponseError(
      `the reply is about an order of ${quoted(reply.trade_type, 16)}, not of ${tradeType}. ${CAN_BE_PAID}`,
    );
  }
  const missing = ['prepay_id', RETURNED[tradeType]].find((name) => name !== undefined && !reply[name]);
  if (missing !== undefined) throw new WechatPayResponseError(`the reply has no ${missing}. ${CAN_BE_PAID}`);
  const { prepay_id: prepayId = '' } = reply;
  const reader = new ReplyReader(reply);
  return {
    ...replyBase(reply, reader),
    prepayId,
    tradeType,
    ...reader.texts({ codeUrl: 'code_url', mwebUrl: 'mweb_url', deviceInfo: 'device_info' }),
  };
}

const CAN_BE_PAID =
  'The order may be there and can be paid: query it and close it. Check that the product is activated.';
