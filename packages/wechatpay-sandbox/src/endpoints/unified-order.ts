import { Refusal } from '../gateway/refusal.js';
import type { OrderEntry, Product } from '../orders/order-entry.js';
import { randomAlphanumeric, randomDigits, randomOpenId } from '../random.js';
import type { Fields } from '../wire/xml.js';
import { commonFields, type Call, type Endpoint } from './endpoint.js';
import { subMerchantOf } from './find-order.js';

/** prepay_id holds for two hours; the same order asked for later has another. */
const prepayLifeMs = 2 * 60 * 60 * 1000;

/** What a way to pay needs, of which one is enough. */
const needed: Readonly<Record<string, readonly string[]>> = {
  JSAPI: ['openid', 'sub_openid'],
  NATIVE: ['product_id'],
  APP: [],
  MWEB: ['scene_info'],
};

/**
 * Unified Order: an order that its customer pays by themselves. The same request again is the same order again.
 *
 * @see {@link https://pay.weixin.qq.com/doc/global/v2/en/4013665947 | Unified Order}
 */
export const unifiedOrder: Endpoint = {
  path: '/pay/unifiedorder',
  hasRecall: false,
  codes: {
    missingField: 'LACK_PARAMS',
    notXml: 'XML_FORMAT_ERROR',
    notUtf8: 'NOT_UTF8',
    unknownMerchant: 'MCHID_NOT_EXIST',
    foreignApp: 'APPID_MCHID_NOT_MATCH',
  },
  fields: {
    ...commonFields,
    version: { maxLength: 32, format: /^1\.0$/ },
    device_info: { maxLength: 32 },
    body: { maxLength: 128, required: true },
    detail: { maxLength: 6000 },
    attach: { maxLength: 128 },
    out_trade_no: { maxLength: 32, required: true },
    total_fee: { maxLength: 15, required: true, format: /^[1-9]\d*$/ },
    fee_type: { maxLength: 16, format: /^[A-Z]{3}$/ },
    spbill_create_ip: { maxLength: 64, required: true },
    goods_tag: { maxLength: 32 },
    limit_pay: { maxLength: 32 },
    time_start: { maxLength: 14, format: /^\d{14}$/ },
    time_expire: { maxLength: 14, format: /^\d{14}$/ },
    notify_url: { maxLength: 256, required: true, format: /^https?:\/\/[^\s?#]+$/ },
    trade_type: { maxLength: 16, required: true, format: /^(?:JSAPI|NATIVE|APP|MWEB)$/ },
    product_id: { maxLength: 32 },
    openid: { maxLength: 128 },
    sub_openid: { maxLength: 128 },
    scene_info: { maxLength: 256 },
  },
  judge(call) {
    const { fields, merchant, orders, clock } = call;
    assertComplete(fields);
    const now = clock.now();
    const known = orders.find(fields.out_trade_no ?? '', merchant.merchantId, subMerchantOf(fields));
    if (known !== undefined) {
      const product = assertSame(known, fields);
      const fresh = now - product.preparedAt < prepayLifeMs ? {} : newPrepay(now);
      return {
        fields: resultFields(call, { ...product, ...fresh }),
        commit: () => {
          known.renew(fresh);
        },
      };
    }
    const product = newProduct(call, now);
    return {
      fields: resultFields(call, product),
      commit: () => {
        enter(call, product, now);
      },
    };
  },
};

function assertComplete(fields: Fields): void {
  const names = needed[fields.trade_type ?? ''] ?? [];
  if (names.length > 0 && names.every((name) => (fields[name] ?? '') === '')) {
    throw new Refusal('LACK_PARAMS', `${names.join(' or ')} is required of ${fields.trade_type ?? ''}`);
  }
  const { time_expire: expiry = '', time_start: start = '' } = fields;
  if (expiry !== '' && start !== '' && expiry <= start) {
    throw new Refusal('PARAM_ERROR', 'time_expire is not after time_start');
  }
}

/** A number that is in use. @throws {Refusal} unless it is the same order, and still open. */
function assertSame(known: OrderEntry, fields: Fields): Product {
  const { state, tradeState, product } = known;
  if (state === 'paid' || tradeState === 'REFUND') throw new Refusal('ORDERPAID');
  if (!known.isOpen) throw new Refusal('ORDERCLOSED');
  if (product?.fingerprint !== fingerprintOf(fields)) throw new Refusal('OUT_TRADE_NO_USED');
  return product;
}

function newProduct({ fields, merchant }: Call, now: number): Product {
  return {
    tradeType: fields.trade_type ?? '',
    appId: fields.appid ?? merchant.appId,
    ...(fields.sub_appid ? { subAppId: fields.sub_appid } : {}),
    ...(fields.sub_openid ? { subOpenId: fields.sub_openid } : {}),
    notifyUrl: fields.notify_url ?? '',
    signType: fields.sign_type === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5',
    fingerprint: fingerprintOf(fields),
    ...(fields.time_expire ? { expiresAt: readCompactTime(fields.time_expire) } : {}),
    codeUrl: `weixin://wxpay/bizpayurl?pr=${randomAlphanumeric(9)}`,
    ...newPrepay(now),
  };
}

function newPrepay(now: number): Pick<Product, 'prepayId' | 'preparedAt'> {
  return { prepayId: `wx${randomAlphanumeric(34).toLowerCase()}`, preparedAt: now };
}

/** What makes it the same order again: all but what differs in every request. */
function fingerprintOf({ nonce_str, sign, ...fields }: Fields): string {
  return JSON.stringify(Object.entries(withValue(fields)).sort());
}

function enter({ fields, merchant, orders }: Call, product: Product, now: number): void {
  const subMerchantId = subMerchantOf(fields);
  const {
    out_trade_no: outTradeNo = '',
    fee_type: currency = 'CNY',
    openid: openId = randomOpenId(),
    ...given
  } = withValue(fields);
  const facts = {
    outTradeNo,
    transactionId: randomDigits(28, '42000'),
    merchantId: merchant.merchantId,
    ...(subMerchantId !== undefined && { subMerchantId }),
    createdAt: new Date(now),
    totalFee: Number(given.total_fee),
    currency,
  };
  const { body, attach, device_info: deviceInfo } = given;
  const particulars = {
    openId,
    product,
    ...(body !== undefined && { body }),
    ...(attach !== undefined && { attach }),
    ...(deviceInfo !== undefined && { deviceInfo }),
  };
  orders.enter(facts, 'not-paid', particulars);
}

function resultFields({ fields, merchant }: Call, { tradeType, prepayId, codeUrl }: Product): Fields {
  return {
    result_code: 'SUCCESS',
    ...(fields.device_info ? { device_info: fields.device_info } : {}),
    trade_type: tradeType,
    prepay_id: prepayId,
    ...(tradeType === 'NATIVE' && { code_url: codeUrl }),
    ...(tradeType === 'MWEB' && {
      mweb_url: `${merchant.baseUrl}/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=${prepayId}`,
    }),
  };
}

function withValue(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== ''));
}

/** yyyyMMddHHmmss, in UTC+8, as milliseconds since 1970. */
function readCompactTime(time: string): number {
  const [, date = '', hour = '', minute = '', second = ''] = /^(\d{8})(\d\d)(\d\d)(\d\d)$/.exec(time) ?? [];
  const day = `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`;
  return Date.parse(`${day}T${hour}:${minute}:${second}+08:00`);
}
