import { readGiven } from '../call/given.js';
import { WechatPayRequestError } from '../errors.js';
import type { Payment, ReplyBase } from '../operations/payment.js';

/** What the shop has stored of an order. */
export interface ExpectedPayment {
  readonly outTradeNo: string;
  /** In the currency's minor unit. */
  readonly totalFee: number;
  /** ISO 4217, as in `HKD`. */
  readonly currency: string;
  /** Where the order is of a sub-merchant. */
  readonly subMerchantId?: string | undefined;
  /** WeChat Pay's number, where it is known already. */
  readonly transactionId?: string | undefined;
}

/** In what a payment differs from its order. */
export interface PaymentDifference {
  readonly field: keyof ExpectedPayment;
  readonly expected: string | number | undefined;
  /** Undefined where WeChat Pay did not say. */
  readonly received: string | number | undefined;
}

const KNOWN: Readonly<Record<keyof ExpectedPayment, string>> = {
  outTradeNo: 'out_trade_no',
  totalFee: 'total_fee',
  currency: 'fee_type',
  subMerchantId: 'sub_mch_id',
  transactionId: 'transaction_id',
};

/**
 * Compares a verified payment with the order that it should pay. A signature proves who wrote a notification, not that it is the
 * payment that you wait for.
 *
 * Where anything differs, do not count the order as paid: raise an alarm with the differences, and let `queryOrder` decide. A currency
 * that WeChat Pay leaves out differs too.
 *
 * @param payment of a notification, or of `queryOrder`.
 * @returns every difference; empty where there is none.
 * @throws {WechatPayRequestError} an invalid or unknown property of `expected`.
 */
export function comparePayment(
  payment: Payment & Pick<ReplyBase, 'subMerchantId'>,
  expected: ExpectedPayment,
): readonly PaymentDifference[] {
  const { values, unknown } = readGiven(expected, KNOWN, 'expected');
  if (unknown) throw unknown;
  for (const property of ['outTradeNo', 'totalFee', 'currency'] as const) {
    if (values[property] === undefined || values[property] === null) {
      throw new WechatPayRequestError(property, 'is missing; give what your order is about.');
    }
  }
  const { outTradeNo, totalFee, currency, subMerchantId, transactionId } = values as unknown as ExpectedPayment;
  // A sub-merchant is compared also where none is expected; WeChat Pay's number only where it is known.
  const compared = { outTradeNo, totalFee, currency, subMerchantId, ...(transactionId && { transactionId }) };
  return (Object.keys(compared) as (keyof typeof compared)[]).flatMap((field) => {
    const [wanted, received] = [compared[field] ?? undefined, payment[field]];
    return wanted === received ? [] : [{ field, expected: wanted, received }];
  });
}
