import { createHash } from 'node:crypto';
import { readOrder } from './intent.js';

/** An order, as a durable order of it is found. */
export interface DurableOrderKey {
  /** `mch_id`. */
  readonly merchantId: string;
  /** `sub_mch_id`, where the intent had one. */
  readonly subMerchantId?: string | undefined;
  readonly outTradeNo: string;
}

/**
 * The `id` of the one durable order that an order can have: a UUID (version 8) made of merchant and order number.
 *
 * @throws {WechatPayRequestError} an order without its number, or with an unknown property.
 * @example durableOrderId({ merchantId: '1900000109', outTradeNo: '1415717424' })
 */
export function durableOrderId(key: DurableOrderKey): string {
  const { merchantId, subMerchantId = '', outTradeNo } = readOrder(key);
  return uuidOf([merchantId, subMerchantId, outTradeNo]);
}

/** A UUID (version 8) made of texts: the same for the same. */
export function uuidOf(parts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex', 0, 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
