import { WechatPayRequestError } from '../errors.js';
import { assertCurrency } from '../call/fields.js';
import { readOnce } from '../call/given.js';
import { findUnknownProperty } from '../call/known-properties.js';
import { REVERSE_NOT_BEFORE_MS } from '../operations/reverse-order.js';
import { checkPolicy, POLICY_NAMES, type ResolutionPolicy } from './policy.js';
import type { ResolutionOrder, ResolutionState } from './state.js';
import { identifyOrder } from '../operations/order-identity.js';

/** The order to resolve. */
export interface ResolveOrderRequest extends ResolutionOrder {
  /**
   * When quick pay was called, or the order created otherwise: by the client's clock. What was paid more than 5 min before it is
   * another payment under the same number, and needs attention.
   */
  readonly orderCreatedAt: Date;
  /** What it should cost, in the currency's minor unit. Where another amount turns out paid, it needs attention. */
  readonly totalFee?: number | undefined;
  /** ISO 4217: the currency that it should be paid in. Where an answer leaves `fee_type` out, it counts as this one. */
  readonly currency?: string | undefined;
}

/**
 * No order is older. A machine that starts in 1970 and is set while an order is under way would take it for one of 50 years, which can
 * neither be reversed nor still be paid.
 */
const EARLIEST = Date.UTC(2013, 0, 1);

const NAMES = ['outTradeNo', 'subMerchantId', 'subAppId', 'orderCreatedAt', 'totalFee', 'currency'];

/** A plain copy of an order: each property is read once, own or inherited. @throws {WechatPayRequestError} what is no order. */
function readResolveRequest(order: ResolveOrderRequest): ResolveOrderRequest {
  if (Object(order) !== order) throw new WechatPayRequestError('order', 'is missing; give the order to resolve.');
  return readOnce(order, NAMES, 'order');
}

/**
 * The state before the first step.
 *
 * @param given what to resolve, and when it was created, by the clock that the other functions are given.
 * @param deadline milliseconds since 1970.
 * @throws {WechatPayRequestError} an order, a deadline or a policy that is invalid.
 */
export function startResolution(
  given: ResolveOrderRequest,
  deadline: number,
  policy: Partial<ResolutionPolicy> = {},
): ResolutionState {
  const order = readResolveRequest(given);
  if ('kind' in order || 'version' in order) {
    throw new WechatPayRequestError('order', 'is a state; go on from it by resumeResolution.');
  }
  const unknown = findUnknownProperty(order, NAMES) ?? findUnknownProperty(policy, POLICY_NAMES);
  if (unknown) throw new WechatPayRequestError(unknown.name, unknown.problem);
  const { outTradeNo, subMerchantId, subAppId, orderCreatedAt, totalFee, currency } = order;
  identifyOrder({ outTradeNo, subMerchantId, subAppId }); // throws where it is none
  assertAmount(totalFee, currency);
  assertTime('deadline', deadline);
  const createdAt = timeOf('orderCreatedAt', orderCreatedAt);
  if (createdAt < EARLIEST) {
    const time = new Date(createdAt).toISOString();
    throw new WechatPayRequestError(
      'orderCreatedAt',
      `is ${time}: this machine's clock is not set. Set it, then try again.`,
    );
  }
  const rules = checkPolicy(policy);
  const facts = {
    version: 2,
    order: namesOf(order),
    orderCreatedAt: createdAt,
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    policy: rules,
    deadline,
    sent: { reverse: false },
  } as const;
  return rules.ifPaid === 'keep'
    ? { ...facts, kind: 'asking', at: createdAt + rules.firstQueryMs }
    : {
        ...facts,
        kind: 'checking',
        at: createdAt,
        attempts: 0,
        notBefore: createdAt + REVERSE_NOT_BEFORE_MS,
        isReversed: false,
      };
}

/** The names by which a call finds an order, and nothing that stands beside them: null is absent, as in a row of a database. */
export function namesOf({ outTradeNo, subMerchantId, subAppId }: OrderNames): ResolutionOrder {
  return {
    outTradeNo,
    ...(subMerchantId !== undefined && subMerchantId !== null && { subMerchantId }),
    ...(subAppId !== undefined && subAppId !== null && { subAppId }),
  };
}

interface OrderNames {
  readonly outTradeNo: string;
  readonly subMerchantId?: string | null | undefined;
  readonly subAppId?: string | null | undefined;
}

/** @throws {WechatPayRequestError} an amount or a currency that no order can have. */
export function assertAmount(totalFee: unknown, currency: unknown): void {
  if (totalFee !== undefined && (!Number.isSafeInteger(totalFee) || (totalFee as number) < 1)) {
    throw new WechatPayRequestError('totalFee', "must be a whole number of the currency's minor unit, 1 or more.");
  }
  if (currency !== undefined) assertCurrency('currency', currency);
}

/** @throws {WechatPayRequestError} what is no time in milliseconds since 1970. */
export function assertTime(field: string, value: unknown): void {
  if (!Number.isFinite(value)) throw new WechatPayRequestError(field, 'must be a valid time.');
}

/** @throws {WechatPayRequestError} what is no valid Date. */
export function timeOf(field: string, value: unknown): number {
  if (value instanceof Date && !Number.isNaN(value.getTime())) return value.getTime();
  throw new WechatPayRequestError(field, 'must be a valid Date.');
}
