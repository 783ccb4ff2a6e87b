import { propertiesOf, toFields, type FieldMap } from '../call/fields.js';
import { assertUnambiguousRequest } from '../call/operation.js';
import type { Fields } from '../call/sign.js';
import { WechatPayRequestError } from '../errors.js';

// How an order is named: what every operation on an order takes, and checks before anything is sent.

/** An order by at least one of its identifiers. Where both are given, WeChat Pay goes by `transactionId`. */
type OrderIdentifier =
  | { readonly transactionId: string; readonly outTradeNo?: string | undefined }
  | { readonly transactionId?: undefined; readonly outTradeNo: string };

/**
 * An order, as every operation names it.
 *
 * - `transactionId`: the WeChat order number, preferred; at most 32 characters.
 * - `outTradeNo`: the merchant's own order number; at most 32 characters.
 */
export type OrderRequest = OrderIdentifier & {
  /** `sub_mch_id`, institutional mode: the institution's sub-merchant. Overrides the client's. */
  readonly subMerchantId?: string | undefined;
  /** `sub_appid`, institutional mode. Overrides the client's. */
  readonly subAppId?: string | undefined;
};

// The property, its name on the page, and its type's length there.
const ORDER: FieldMap<'transactionId' | 'outTradeNo' | 'subMerchantId' | 'subAppId'> = {
  transactionId: ['transaction_id', 32],
  outTradeNo: ['out_trade_no', 32],
  subMerchantId: ['sub_mch_id', 32],
  subAppId: ['sub_appid', 32],
};

export const ORDER_PROPERTIES = propertiesOf(ORDER);

/** Checks an {@link OrderRequest} and gives it its wire names. An order that it refuses can never be asked for. */
export function identifyOrder(request: OrderRequest): Fields {
  const given: unknown = request;
  if (typeof given !== 'object' || given === null) throw new WechatPayRequestError('order', 'must be an object.');
  const fields = toFields(request, ORDER);
  if (!fields.transaction_id && !fields.out_trade_no) {
    throw new WechatPayRequestError('outTradeNo', 'is missing, and so is transactionId; give at least one of the two.');
  }
  assertUnambiguousRequest(fields, ORDER_PROPERTIES);
  return fields;
}

/**
 * When an order was created, for what a page allows only so long after it.
 *
 * @returns milliseconds since 1970; undefined where it is not given.
 * @throws {WechatPayRequestError} anything that is not a time.
 */
export function assertOrderCreatedAt(orderCreatedAt: unknown): number | undefined {
  if (orderCreatedAt === undefined || orderCreatedAt === null) return undefined;
  if (orderCreatedAt instanceof Date && !Number.isNaN(orderCreatedAt.getTime())) return orderCreatedAt.getTime();
  throw new WechatPayRequestError('orderCreatedAt', 'must be a valid Date.');
}
