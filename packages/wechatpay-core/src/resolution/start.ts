import { WechatPayRequestError } from '../errors.js';
import { assertCurrency } from '../call/fields.js';
import { readOnce } from '../call/given.js';
import { findUnknownProperty } from '../call/known-properties.js';
import { REVERSE_NOT_BEFORE_MS } from '../operations/reverse-order.js';
import { CLOSE_NOT_BEFORE_MS } from '../operations/close-order.js';
import { checkPolicy, POLICY_NAMES, type ResolutionPolicy } from './policy.js';
import type { ResolutionFacts, ResolutionOrder, ResolutionProduct, ResolutionState } from './state.js';
import { identifyOrder } from '../operations/order-identity.js';

/** The order to resolve. */
export interface ResolveOrderRequest extends ResolutionOrder {
  /** How the order was made. @default 'quick-pay' */
  readonly product?: ResolutionProduct | undefined;
  /**
   * Of Unified Order: its `timeExpire`, until when the customer may begin to pay. Then the order is closed where it is not paid, 5 min after
   * it was created at the soonest. Without it, the policy's `closeAfterMs` says when.
   */
  readonly timeExpire?: Date | undefined;
  /**
   * When Quick Pay or Unified Order was called: by the client's clock. What was paid more than 5 min before it is
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

const NAMES = [
  'outTradeNo',
  'subMerchantId',
  'subAppId',
  'orderCreatedAt',
  'totalFee',
  'currency',
  'product',
  'timeExpire',
];

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
  const { outTradeNo, subMerchantId, subAppId, orderCreatedAt, totalFee, currency, product } = order;
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
  const timeExpire = readProduct(order, createdAt);
  const rules = checkPolicy(policy);
  const isUnified = product === 'unified-order';
  const facts: ResolutionFacts = {
    version: isUnified ? 3 : 2,
    ...(isUnified && { product }),
    order: namesOf(order),
    orderCreatedAt: createdAt,
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    policy: rules,
    deadline,
    sent: { reverse: false },
    ...(timeExpire !== undefined && { timeExpire }),
  };
  if (rules.ifPaid === 'keep') return { ...facts, kind: 'asking', at: createdAt + rules.firstQueryMs };
  const decided = { at: createdAt, attempts: 0 };
  return isUnified
    ? { ...facts, kind: 'checking-close', ...decided, notBefore: createdAt + CLOSE_NOT_BEFORE_MS, isClosed: false }
    : { ...facts, kind: 'checking', ...decided, notBefore: createdAt + REVERSE_NOT_BEFORE_MS, isReversed: false };
}

/** @throws {WechatPayRequestError} a product that is unknown, or a `timeExpire` that it cannot have. */
function readProduct({ product, timeExpire }: ResolveOrderRequest, createdAt: number): number | undefined {
  if (product !== undefined && !PRODUCTS.includes(product)) {
    throw new WechatPayRequestError('product', `must be ${PRODUCTS.map((one) => `'${one}'`).join(' or ')}.`);
  }
  if (timeExpire === undefined) return undefined;
  if (product !== 'unified-order') {
    throw new WechatPayRequestError('timeExpire', "is for an order of Unified Order: give product 'unified-order'.");
  }
  const time = timeOf('timeExpire', timeExpire);
  if (time <= createdAt) throw new WechatPayRequestError('timeExpire', 'is not after orderCreatedAt.');
  return time;
}

const PRODUCTS: readonly ResolutionProduct[] = ['quick-pay', 'unified-order'];

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
