import { readOnce } from '../call/given.js';
import { findUnknownProperty } from '../call/known-properties.js';
import { WechatPayRequestError } from '../errors.js';
import { MAX_REFUND_PARTS, REFUND_SPACING_MS } from '../operations/refund-order.js';
import type { RefundStatus } from '../operations/query-refund.js';
import { assertTime, timeOf } from '../resolution/start.js';
import { isTooLateToRefund } from './build.js';
import { readRefund, type RefundAndResolveRequest } from './start.js';

/** A refund of an order that is known already, as Query Refund or your own store tells of it. */
export interface KnownRefundPart {
  readonly outRefundNo: string;
  /** In the minor unit of the order's currency. */
  readonly refundFee: number;
  /** `REFUNDCLOSE` and `FAIL` returned nothing and leave their amount free; every other one counts, also where it is not known. */
  readonly refundStatus?: RefundStatus | undefined;
  /** When Submit Refund was last sent for it, in milliseconds since 1970. */
  readonly submittedAt?: number | undefined;
}

/** What is known of the order that a part is refunded of. */
export interface RefundableOrder {
  /** What was paid, in the minor unit of `currency`. */
  readonly totalFee: number;
  /** ISO 4217. */
  readonly currency?: string | undefined;
  /** When it was paid. @default what the request says */
  readonly paidAt?: Date | undefined;
  /** All refunds of it, whoever asked for them: those that are on their way, too. */
  readonly parts: readonly KnownRefundPart[];
}

/**
 * Whether a further part of an order may be refunded.
 *
 * - `allowed`: it may, not before `notBefore`: WeChat Pay wants a minute between the parts of an order.
 * - `known`: it is the refund `part` again, and no new one.
 * - `refused`: WeChat Pay would refuse it, or money would be returned that was not paid.
 */
export type RefundPartCheck =
  | {
      readonly kind: 'allowed';
      /** Milliseconds since 1970. */
      readonly notBefore: number;
      /** What is left of the order after it, in minor units. */
      readonly remaining: number;
    }
  | { readonly kind: 'known'; readonly part: KnownRefundPart }
  | {
      readonly kind: 'refused';
      readonly reason:
        'number-used' | 'total-differs' | 'currency-differs' | 'too-late' | 'too-many-parts' | 'more-than-left';
      /** Names the property, what is wrong, and the remedy. */
      readonly message: string;
    };

const ORDER = ['totalFee', 'currency', 'paidAt', 'parts'];

/**
 * Judges a new part of an order's refund against the parts that are known: their sum, their number, the minute between two of them, the
 * order's total and currency, and the year after payment. Pure: hold the order's row while you read its parts and store the new one, so that
 * two processes cannot both be allowed the last of it.
 *
 * @param now milliseconds since 1970.
 * @throws {WechatPayRequestError} a request that Submit Refund cannot be given, or an order that is invalid.
 * @example
 * const check = checkRefundPart(request, { totalFee: 888, currency: 'HKD', parts }, Date.now());
 * if (check.kind === 'refused') throw new Error(check.message);
 */
export function checkRefundPart(given: RefundAndResolveRequest, known: RefundableOrder, now: number): RefundPartCheck {
  const { request, paidAt: paidAtOfRequest } = readRefund(given);
  const order = readOnce(known, ORDER, 'order');
  assertOrder(order);
  assertTime('now', now);
  const { outRefundNo, refundFee, totalFee, refundCurrency } = request;
  const { parts, currency } = order;
  const paidAt = order.paidAt?.getTime() ?? paidAtOfRequest;
  const refused = (reason: (RefundPartCheck & { kind: 'refused' })['reason'], message: string): RefundPartCheck => ({
    kind: 'refused',
    reason,
    message,
  });

  const same = parts.find((part) => part.outRefundNo === outRefundNo);
  if (same) {
    if (same.refundFee === refundFee) return { kind: 'known', part: same };
    const message = `is the number of a refund of ${same.refundFee}, and this one is of ${refundFee}. Take another number for another part.`;
    return refused('number-used', `outRefundNo: ${message}`);
  }
  if (totalFee !== order.totalFee) {
    return refused(
      'total-differs',
      `totalFee: is ${totalFee}, and the order was paid with ${order.totalFee}. Give what was paid.`,
    );
  }
  if (currency !== undefined && refundCurrency !== undefined && currency !== refundCurrency) {
    const message = `is ${refundCurrency}, and the order was paid in ${currency}. A refund has the order's currency.`;
    return refused('currency-differs', `refundCurrency: ${message}`);
  }
  if (paidAt !== undefined && isTooLateToRefund({ paidAt }, now)) {
    const message = `is ${new Date(paidAt).toISOString()}, more than a year ago: Submit Refund refuses it. Return the money by other means.`;
    return refused('too-late', `paidAt: ${message}`);
  }
  if (parts.length >= MAX_REFUND_PARTS) {
    const message = `has ${parts.length} parts already, and WeChat Pay refunds at most ${MAX_REFUND_PARTS}. Return the money by other means.`;
    return refused('too-many-parts', `outRefundNo: the order ${message}`);
  }
  const taken = parts
    .filter(({ refundStatus }) => !FAILED.includes(refundStatus))
    .reduce((sum, part) => sum + part.refundFee, 0);
  const remaining = totalFee - taken - refundFee;
  if (remaining < 0) {
    const message = `is ${refundFee}, and ${totalFee - taken} of ${totalFee} are left. Refund at most that.`;
    return refused('more-than-left', `refundFee: ${message}`);
  }
  const last = Math.max(...parts.map(({ submittedAt }) => submittedAt ?? -Infinity));
  return { kind: 'allowed', notBefore: Math.max(now, last + REFUND_SPACING_MS), remaining };
}

/** Nothing was returned, and nothing will be. */
const FAILED: readonly (RefundStatus | undefined)[] = ['REFUNDCLOSE', 'FAIL'];

function assertOrder(order: RefundableOrder): void {
  const unknown = findUnknownProperty(order, ORDER);
  if (unknown) throw new WechatPayRequestError(unknown.name, unknown.problem);
  const { totalFee, paidAt, parts } = order;
  if (!isAmount(totalFee))
    throw new WechatPayRequestError('totalFee', "must be a whole number of the currency's minor unit, 1 or more.");
  if (paidAt !== undefined) timeOf('paidAt', paidAt);
  const list: unknown = parts;
  if (!Array.isArray(list)) throw new WechatPayRequestError('parts', 'must be an array of refunds; of none, give [].');
  // An amount that cannot be read would count as none, and be refunded twice.
  const wrong = parts.findIndex((part) => !isPart(part));
  if (wrong >= 0)
    throw new WechatPayRequestError(
      `parts[${wrong}]`,
      'must have an outRefundNo, a refundFee of 1 or more, and valid times.',
    );
}

function isPart(part: Partial<KnownRefundPart> | null | undefined): boolean {
  const { outRefundNo, refundFee, submittedAt } = part ?? {};
  return (
    typeof outRefundNo === 'string' &&
    isAmount(refundFee) &&
    (submittedAt === undefined || Number.isFinite(submittedAt))
  );
}

function isAmount(value: unknown): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0;
}
