import type { RefundOrderRequest } from '../operations/refund-order.js';
import type { FoundRefund } from './state.js';

/**
 * What in Query Refund's answer is not the refund that was asked for: its number was used before, for another order or amount.
 *
 * @returns the message, or undefined where all that the answer tells is right.
 */
export function describeDifference(request: RefundOrderRequest, refunds: readonly FoundRefund[]): string | undefined {
  const { outRefundNo, outTradeNo, transactionId, totalFee, refundFee, refundCurrency } = request;
  const asked = { outTradeNo, transactionId, totalFee, currency: refundCurrency, refundFee };
  if (refunds.length > 1) {
    return `outRefundNo: WeChat Pay lists ${refunds.length} refunds of the number ${outRefundNo}. Look at the order on the Merchant Platform.`;
  }
  for (const [name, wanted] of Object.entries(asked)) {
    const told = refunds[0]?.[name as keyof FoundRefund];
    // An amount has to be told; an identifier or a currency that is not, is the one that was asked for.
    const isMissing = told === undefined && name === 'refundFee';
    if (wanted === undefined || wanted === told || (told === undefined && !isMissing)) continue;
    return (
      `${name}: WeChat Pay knows refund ${outRefundNo} with ${told ?? 'none'}, and it was asked for with ${wanted}: its number was ` +
      'used before. Look at both on the Merchant Platform, and take another outRefundNo for this refund.'
    );
  }
  return undefined;
}
