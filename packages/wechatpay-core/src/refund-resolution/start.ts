import { assertUnambiguousRequest } from '../call/operation.js';
import { readGiven, type Properties } from '../call/given.js';
import { WechatPayRequestError } from '../errors.js';
import { REFUND_NOT_AFTER_MS, REFUND_ORDER, type RefundOrderRequest } from '../operations/refund-order.js';
import { assertTime, timeOf } from '../resolution/start.js';
import { isTooLateToRefund } from './build.js';
import { checkRefundPolicy, type RefundPolicy } from './policy.js';
import type { RefundState } from './state.js';

/** The refund to bring to its end: what Submit Refund is given, and when the order was paid. */
export type RefundAndResolveRequest = RefundOrderRequest & {
  /** When the order was paid, by the client's clock: a payment older than a year is not refunded. */
  readonly paidAt?: Date | undefined;
};

/** Now, and when no step begins any more: in milliseconds since 1970, by the same clock. */
export interface RefundTimes {
  readonly now: number;
  readonly deadline: number;
}

const PROPERTIES: Properties = { ...REFUND_ORDER.properties, paidAt: 'paid_at' };

/**
 * The state before the first step.
 *
 * @throws {WechatPayRequestError} a refund that Submit Refund cannot be given, or one of a payment older than a year; a deadline or a
 *   policy that is invalid.
 */
export function startRefund(
  given: RefundAndResolveRequest,
  { now, deadline }: RefundTimes,
  policy: Partial<RefundPolicy> = {},
): RefundState {
  const { request, paidAt } = readRefund(given);
  assertTime('now', now);
  assertTime('deadline', deadline);
  const facts = {
    version: 1,
    request,
    startedAt: now,
    ...(paidAt !== undefined && { paidAt }),
    policy: checkRefundPolicy(policy),
    deadline,
    submissions: 0,
    failures: 0,
  } as const;
  if (isTooLateToRefund(facts, now)) {
    const days = REFUND_NOT_AFTER_MS / 86_400_000;
    throw new WechatPayRequestError(
      'paidAt',
      `is more than ${days} days ago: Submit Refund refuses it. Return the money by other means.`,
    );
  }
  return { ...facts, kind: 'submitting', at: now, attempts: 0 };
}

/** @throws {WechatPayRequestError} an unknown property, or what Submit Refund would refuse before the first byte. */
export function readRefund(given: RefundAndResolveRequest): {
  readonly request: RefundOrderRequest;
  readonly paidAt: number | undefined;
} {
  const { values, unknown } = readGiven(given, PROPERTIES, 'request');
  if (unknown) throw unknown;
  const { paidAt, ...refund } = values;
  const request = checkRefundRequest(refund);
  return { request, paidAt: paidAt === undefined || paidAt === null ? undefined : timeOf('paidAt', paidAt) };
}

/**
 * A plain copy of what Submit Refund is given; null is absent, as in a row of a database.
 *
 * @throws {WechatPayRequestError} what it would refuse before the first byte.
 */
export function checkRefundRequest(values: object): RefundOrderRequest {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  const request = Object.fromEntries(given) as unknown as RefundOrderRequest;
  assertUnambiguousRequest(REFUND_ORDER.toFields(request, Date.now), REFUND_ORDER.properties);
  return request;
}
