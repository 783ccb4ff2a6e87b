import type { ResolutionError, ResolutionFacts, ResolutionPayment } from './state.js';

/**
 * Whether something else was paid than the order should cost. An answer without `total_fee` does not say that the amount is right;
 * one without `fee_type`, which is optional on its page, is about the currency that was asked.
 */
export function differs({ totalFee, currency }: ResolutionFacts, payment: ResolutionPayment): boolean {
  if (totalFee !== undefined && payment.totalFee !== totalFee) return true;
  return currency !== undefined && payment.currency !== undefined && payment.currency !== currency;
}

const PERSON = { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'rejected', advice: 'fix-request' } as const;

export function wrongAmount({ totalFee, currency }: ResolutionFacts, paid: ResolutionPayment): ResolutionError {
  const message =
    `totalFee: the order is paid with ${amount(paid)}, and should cost ${amount({ totalFee, currency })}; ` +
    'was its number used before? Keep the payment or reverse it: set ifAmountDiffers to accept.';
  return { ...PERSON, message };
}

export function closedThoughPaid({ totalFee, currency }: ResolutionFacts, paid: ResolutionPayment): ResolutionError {
  const message =
    `totalFee: an answer said that the order is paid with ${amount(paid)}, and it should cost ${amount({ totalFee, currency })}; ` +
    'the last one says that it is closed. Look for that payment on the Merchant Platform; then resume with ifAmountDiffers accept.';
  return { ...PERSON, message };
}

export function earlierPayment(paidAt: number, orderCreatedAt: number): ResolutionError {
  const [paid, asked] = [paidAt, orderCreatedAt].map((time) => new Date(time).toISOString());
  const message =
    `outTradeNo: the order was paid at ${paid}, before this payment was asked for (${asked}): its number was used before. ` +
    'Take a new number. To keep that payment or reverse it, set ifAmountDiffers to accept.';
  return { ...PERSON, message };
}

export function partlyRefunded(paid: number, refunded: number): ResolutionError {
  const message =
    `refundFee: ${refunded} of ${paid} were refunded, not by this resolution, and ${paid - refunded} are left. ` +
    'Keep the rest, or refund it.';
  return { ...PERSON, message };
}

export function refundFailed(outRefundNo: string, refundStatus: string): ResolutionError {
  const message =
    `outRefundNo: refund ${outRefundNo} ended ${refundStatus}: the money did not reach the customer. ` +
    'Handle it on the Merchant Platform, or return the money by other means.';
  return { ...PERSON, message };
}

function amount({ totalFee, currency }: { totalFee?: number | undefined; currency?: string | undefined }): string {
  return `${totalFee ?? 'an unknown amount'} ${currency ?? ''}`.trim();
}
