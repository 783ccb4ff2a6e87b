import type { RefundOrderRequest } from 'wechatpay-core';
import type { DurableRefundData } from '../stores/store.js';

/** What a durable refund sends; of a state that cannot be read, nothing. */
export function requestOf({ state }: Pick<DurableRefundData, 'state'>): Partial<RefundOrderRequest> {
  return Object((Object(state) as { request?: unknown }).request) as Partial<RefundOrderRequest>;
}
