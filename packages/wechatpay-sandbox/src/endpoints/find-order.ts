import { Refusal } from '../gateway/refusal.js';
import type { OrderEntry } from '../orders/order-entry.js';
import type { Call } from './endpoint.js';

/** What the endpoint's page says to a number that is unknown. */
export interface Unknown {
  readonly transactionId: () => Refusal;
  readonly outTradeNo: () => Refusal;
}

/**
 * transaction_id goes before out_trade_no. An order of somebody else is as unknown as one that never was.
 *
 * @throws {Refusal}
 */
export function findOrder({ fields, merchant, orders }: Call, unknown: Unknown): OrderEntry {
  const { transaction_id: transactionId = '', out_trade_no: outTradeNo = '' } = fields;
  const subMerchantId = subMerchantOf(fields);
  if (transactionId !== '') {
    const order = orders.findByTransactionId(transactionId);
    if (order?.facts.merchantId === merchant.merchantId && order.facts.subMerchantId === subMerchantId) return order;
    throw unknown.transactionId();
  }
  if (outTradeNo === '') throw new Refusal('PARAM_ERROR', 'transaction_id or out_trade_no is required');
  const order = orders.find(outTradeNo, merchant.merchantId, subMerchantId);
  if (order === undefined) throw unknown.outTradeNo();
  return order;
}

/** The sub-merchant that the request is for, where there is one. */
export function subMerchantOf(fields: Call['fields']): string | undefined {
  return fields.sub_mch_id === '' ? undefined : fields.sub_mch_id;
}
