import type { Merchant } from '../parties/merchants.js';
import { randomAlphanumeric, randomDigits } from '../random.js';
import type { OrderFacts } from './order-entry.js';
import { orderStates, type OrderOptions } from './order.js';

/** What a test asks for, with everything that it left open filled in. @throws {Error} where no such order can be. */
export function newFacts(options: OrderOptions, merchant: Merchant, now: number): OrderFacts {
  const { state, totalFee = 1250, currency = 'HKD', rate, subMerchantId } = options;
  const outTradeNo = options.outTradeNo ?? randomAlphanumeric(32);
  const transactionId = options.transactionId ?? randomDigits(28, '42000');
  assertReachable(outTradeNo, transactionId, merchant, subMerchantId);
  const createdAt = new Date(options.createdAt ?? now - 60_000);
  if (!Number.isSafeInteger(totalFee) || totalFee < 0) throw new TypeError('totalFee is a whole number of minor units');
  if (Number.isNaN(createdAt.getTime())) throw new TypeError('createdAt is no time');
  if (!orderStates.includes(state)) throw new TypeError(`state is one of ${orderStates.join(', ')}`);
  return {
    outTradeNo,
    transactionId,
    merchantId: merchant.merchantId,
    ...(subMerchantId !== undefined && { subMerchantId }),
    createdAt,
    totalFee,
    currency,
    ...(rate !== undefined && { rate }),
  };
}

function assertReachable(
  outTradeNo: string,
  transactionId: string,
  merchant: Merchant,
  subMerchantId: string | undefined,
): void {
  for (const [name, value] of Object.entries({ outTradeNo, transactionId })) {
    if (value === '' || Array.from(value).length > 32) throw new Error(`${name} has 1 to 32 characters: ${value}`);
  }
  const isInstitution = merchant.subMerchants.length > 0;
  if (isInstitution && !merchant.subMerchants.some((sub) => sub.subMerchantId === subMerchantId)) {
    throw new Error(
      `an institution's order belongs to a sub-merchant: pass subMerchantId, one of merchant.subMerchants`,
    );
  }
  if (!isInstitution && subMerchantId !== undefined) {
    throw new Error('only an institution has sub-merchants: create the merchant with subMerchants');
  }
}
