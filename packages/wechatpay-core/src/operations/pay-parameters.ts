import { assertWechatPayClient } from '../client-brand.js';
import type { WechatPayClient } from '../client.js';
import { readGiven } from '../call/given.js';
import { keyOf } from '../call/merchant-key.js';
import { createNonce, type SignType } from '../call/sign.js';
import { isXmlText } from '../call/xml.js';
import { WechatPayRequestError } from '../errors.js';

// What the phone needs to pay an order, signed by the merchant: a function for each caller, since their names differ by a capital.

/** What holds without it is the client's. */
export interface PayParametersOptions {
  /**
   * The appid under which the phone pays: of the official account, mini program or app. In institutional mode the sub-merchant's,
   * where the order was made with `subOpenId`.
   *
   * @default the client's `appId`
   */
  readonly appId?: string | undefined;
  /** @default random, 32 characters; give another only to repeat a published example */
  readonly nonceStr?: string | undefined;
}

/** What {@link appPayParameters} takes besides. */
export interface AppPayParametersOptions extends PayParametersOptions {
  /**
   * `partnerid`. Which one an institution gives is not documented on the global pages: try the sub-merchant's.
   *
   * @default the client's `merchantId`
   */
  readonly partnerId?: string | undefined;
}

/** For `wx.requestPayment` of a mini program. */
export interface MiniProgramPayParameters {
  /** Seconds since 1970, as text. */
  readonly timeStamp: string;
  readonly nonceStr: string;
  /** `prepay_id=…` */
  readonly package: string;
  readonly signType: SignType;
  readonly paySign: string;
}

/** For `WeixinJSBridge.invoke('getBrandWCPayRequest', …)` of a page in an official account. */
export interface JsapiPayParameters extends MiniProgramPayParameters {
  readonly appId: string;
}

/** For `wx.chooseWXPay` of the JS-SDK: it spells `timestamp`, and what is signed is `timeStamp` all the same. */
export interface JssdkPayParameters extends Omit<MiniProgramPayParameters, 'timeStamp'> {
  /** Seconds since 1970, as text. */
  readonly timestamp: string;
}

/** For the SDK of an app. All names are in lower case. */
export interface AppPayParameters {
  readonly appid: string;
  readonly partnerid: string;
  readonly prepayid: string;
  readonly package: 'Sign=WXPay';
  readonly noncestr: string;
  /** Seconds since 1970, as text. */
  readonly timestamp: string;
  readonly sign: string;
}

/**
 * What a page in an official account gives to `WeixinJSBridge.invoke('getBrandWCPayRequest', …)`.
 *
 * Make it anew each time that the customer is asked: `prepayId` may be kept, time and signature not. It is signed with the client's
 * algorithm, as the order was.
 *
 * @param prepayId of a {@link unifiedOrder} of `JSAPI`.
 * @throws {WechatPayRequestError} a `prepayId` or an option that cannot be signed.
 * @see https://pay.weixin.qq.com/wiki/doc/api/jsapi.php?chapter=7_7&index=6
 * @example
 * const { prepayId } = await unifiedOrder(client, order);
 * response.json(jsapiPayParameters(client, prepayId));
 */
export function jsapiPayParameters(
  client: WechatPayClient,
  prepayId: string,
  options?: PayParametersOptions,
): JsapiPayParameters {
  return signJsapi(client, prepayId, options);
}

/**
 * What a mini program gives to `wx.requestPayment`. As {@link jsapiPayParameters}.
 *
 * @see https://pay.weixin.qq.com/doc/global/v2/en/4013663746
 */
export function miniProgramPayParameters(
  client: WechatPayClient,
  prepayId: string,
  options?: PayParametersOptions,
): MiniProgramPayParameters {
  const { appId, ...parameters } = signJsapi(client, prepayId, options);
  return parameters;
}

/**
 * What a page in an official account gives to `wx.chooseWXPay` of the JS-SDK. As {@link jsapiPayParameters}, but for the name of its
 * `timestamp`.
 */
export function jssdkPayParameters(
  client: WechatPayClient,
  prepayId: string,
  options?: PayParametersOptions,
): JssdkPayParameters {
  const { appId, timeStamp, ...parameters } = signJsapi(client, prepayId, options);
  return { timestamp: timeStamp, ...parameters };
}

/**
 * What an app gives to WeChat's SDK. As {@link jsapiPayParameters}.
 *
 * @param prepayId of a {@link unifiedOrder} of `APP`.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/In-AppPay/chapter6_2.shtml
 */
export function appPayParameters(
  client: WechatPayClient,
  prepayId: string,
  options?: AppPayParametersOptions,
): AppPayParameters {
  const { appId, nonceStr, timeStamp, partnerId } = prepare(client, prepayId, options);
  const fields = {
    appid: appId,
    partnerid: partnerId,
    prepayid: prepayId,
    package: 'Sign=WXPay',
    noncestr: nonceStr,
    timestamp: timeStamp,
  } as const;
  return { ...fields, sign: keyOf(client).sign(fields) };
}

function signJsapi(
  client: WechatPayClient,
  prepayId: string,
  options: PayParametersOptions | undefined,
): JsapiPayParameters {
  const { appId, timeStamp, nonceStr } = prepare(client, prepayId, options);
  const key = keyOf(client);
  // All of these are signed, signType too.
  const fields = { appId, timeStamp, nonceStr, package: `prepay_id=${prepayId}`, signType: key.signType };
  return { ...fields, paySign: key.sign(fields) };
}

const KNOWN = { appId: 'appid', nonceStr: 'nonce_str', partnerId: 'partnerid' };

function prepare(
  client: WechatPayClient,
  prepayId: string,
  options: AppPayParametersOptions = {},
): Record<'appId' | 'nonceStr' | 'partnerId' | 'timeStamp', string> {
  assertWechatPayClient(client);
  assertSignable('prepayId', prepayId, 64);
  const { values, unknown } = readGiven(options, KNOWN, 'options');
  if (unknown) throw unknown;
  const { appId = client.appId, nonceStr = createNonce(), partnerId = client.merchantId } = values;
  assertSignable('appId', appId, 32);
  assertSignable('nonceStr', nonceStr, 32);
  assertSignable('partnerId', partnerId, 32);
  return { appId, nonceStr, partnerId, timeStamp: String(Math.floor(client.now() / 1000)) };
}

function assertSignable(property: string, value: unknown, maxLength: number): asserts value is string {
  if (typeof value !== 'string' || value === '') {
    throw new WechatPayRequestError(property, 'must be a text; prepayId is what Unified Order returned.');
  }
  if (value.length > maxLength) throw new WechatPayRequestError(property, `has more than ${maxLength} characters.`);
  // What is signed is name=value joined by &: another & would begin another field.
  if (value.includes('&') || !isXmlText(value)) {
    throw new WechatPayRequestError(property, 'holds a character that cannot be signed: "&", or a control character.');
  }
}
