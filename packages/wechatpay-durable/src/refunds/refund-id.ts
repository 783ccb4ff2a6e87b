import { uuidOf } from '../durable-order-id.js';
import { readRefundOf } from './refund-intent.js';

/** A refund, as a durable refund of it is found. */
export interface DurableRefundKey {
  /** `mch_id`. */
  readonly merchantId: string;
  /** `sub_mch_id`, where the refund named one. */
  readonly subMerchantId?: string | undefined;
  readonly outRefundNo: string;
}

/**
 * The `id` of the one durable refund that a refund number can have: a UUID (version 8) made of merchant and number.
 *
 * @throws {WechatPayRequestError} a refund without its number, or with an unknown property.
 * @example durableRefundId({ merchantId: '1900000109', outRefundNo: 'R-0001' })
 */
export function durableRefundId(key: DurableRefundKey): string {
  const { merchantId, subMerchantId = '', outRefundNo } = readRefundOf(key);
  return uuidOf(['refund', merchantId, subMerchantId, outRefundNo]);
}
