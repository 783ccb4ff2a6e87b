import {
  DEFAULT_RESOLUTION_POLICY,
  findUnknownProperty,
  readOnce,
  REVERSE_NOT_AFTER_MS,
  WechatPayRequestError,
  type ResolutionOrder,
  type ResolutionPolicy,
  type ResolutionProduct,
  type ResolutionState,
  type WechatPayClient,
} from 'wechatpay-core';
import { nextResolutionStep, startResolution } from 'wechatpay-core/resolution';
import { readActor, type ActorOptions } from './actor.js';
import { FIRST_STEP_MS } from './charge-time.js';

/** An order that is to be resolved, whatever happens to this process. */
export interface OrderIntent extends ResolutionOrder {
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** How the order is made. @default 'quick-pay' */
  readonly product?: ResolutionProduct | undefined;
  /** When Quick Pay or Unified Order is called, or the order is created otherwise: by the client's clock. */
  readonly orderCreatedAt: Date;
  /**
   * Of Unified Order, its `timeExpire`: the order is closed then where it is not paid, 5 min after it was created at the soonest. Without
   * it, the policy's `closeAfterMs` says when.
   */
  readonly timeExpire?: Date | undefined;
  /** What it should cost, in the currency's minor unit. Where another amount turns out paid, it needs attention. */
  readonly totalFee?: number | undefined;
  /** ISO 4217: the currency that it should be paid in. */
  readonly currency?: string | undefined;
  /** The first step is not taken before. @default 15 s after `orderCreatedAt`: by then, the call was answered */
  readonly notBefore?: Date | undefined;
  /**
   * Where there is no end by then, it is dead: `unresolved`. Of Quick Pay with `refundWhenExpired` it must be later than 7 days after
   * `orderCreatedAt`: a refund follows only then.
   *
   * @default 7 days from now, and of Unified Order from `timeExpire`; of Quick Pay with `refundWhenExpired`, at least 14 days after
   *   `orderCreatedAt`
   */
  readonly deadline?: Date | undefined;
  /** How to resolve; see wechatpay-core. */
  readonly policy?: Partial<ResolutionPolicy> | undefined;
}

/** An order, as its durable order is found. */
export interface OrderOf {
  readonly outTradeNo: string;
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** Where the intent named one. */
  readonly subMerchantId?: string | undefined;
}

export interface RedriveOptions extends ActorOptions {
  /** @default 7 days from now; with `refundWhenExpired`, at least 14 days after the order was created */
  readonly deadline?: Date | undefined;
  /**
   * What changes from now on. `{ refundWhenExpired: true }` refunds an order that is too old to be reversed;
   * `{ ifAmountDiffers: 'accept' }` ends one that was paid with another amount: kept, or with `ifPaid: 'reverse'` returned.
   */
  readonly policy?: Partial<ResolutionPolicy> | undefined;
}

const DAY_MS = 24 * 60 * 60 * 1000;
/** Time to reverse, and then time to refund. */
const RESOLVE_MS = 7 * DAY_MS;
const REFUND_MS = 7 * DAY_MS;
/** By so much the clocks of a shop's machines may differ. */
const MAX_CREATED_AHEAD_MS = 60_000;

const ORDER = ['outTradeNo', 'merchantId', 'subMerchantId'];
const INTENT = [
  ...ORDER,
  ...['product', 'subAppId', 'orderCreatedAt', 'timeExpire', 'totalFee', 'currency', 'notBefore', 'deadline', 'policy'],
];
const REDRIVE = ['deadline', 'policy', 'actor'];
const POLICY = Object.keys(DEFAULT_RESOLUTION_POLICY);
const OTHER_NAMES = { outTradeNo: 'out_trade_no', merchantId: 'mch_id', subMerchantId: 'sub_mch_id' };

// Each gives a plain copy of what it was given, own and inherited: what was checked is what counts.

/** @throws {WechatPayRequestError} an argument that is missing, or an unknown property. */
export function readProperties<Given extends object>(
  name: string,
  given: Given,
  known: readonly string[],
  otherNames: Readonly<Record<string, string>> = OTHER_NAMES,
): Given {
  const copy = readOnce(given, known, name);
  const unknown = findUnknownProperty(copy, known, otherNames);
  if (unknown) throw new WechatPayRequestError(unknown.name, unknown.problem);
  return copy;
}

/** @throws {WechatPayRequestError} an order without its number, or with an unknown property. */
export function readOrder<Order extends OrderOf>(order: Order): Order {
  return readIdentified(order, ORDER);
}

/** @throws {WechatPayRequestError} as {@link readOrder}, and an unknown policy property. */
export function readIntent(given: OrderIntent): OrderIntent {
  const { policy, orderCreatedAt, timeExpire, notBefore, deadline, ...intent } = readIdentified(given, INTENT);
  return {
    ...intent,
    orderCreatedAt: asOfNow(orderCreatedAt),
    timeExpire: asOfNow(timeExpire),
    notBefore: asOfNow(notBefore),
    deadline: asOfNow(deadline),
    ...(policy !== undefined && { policy: readPolicy(policy) }),
  };
}

/** A Date can be changed while a registry is asked for the merchant. */
function asOfNow<Value>(value: Value): Value {
  return value instanceof Date ? (new Date(value) as Value) : value;
}

/** @throws {WechatPayRequestError} */
export function readRedrive(options: RedriveOptions): RedriveOptions {
  const { deadline, policy, actor } = readProperties('options', options, REDRIVE);
  return {
    ...(deadline !== undefined && { deadline }),
    ...(policy !== undefined && { policy: readPolicy(policy) }),
    ...readActor({ actor }),
  };
}

/** Options that are an actor alone. @throws {WechatPayRequestError} an invalid actor, or an unknown property. */
export function readActorOptions(options: ActorOptions): { readonly actor?: string } {
  return readActor(readProperties('options', options, ['actor']));
}

/** @throws {WechatPayRequestError} a policy with an unknown property, or that may not be given here. */
export function readPolicy<Policy extends Partial<ResolutionPolicy>>(
  policy: Policy,
  except?: keyof ResolutionPolicy,
): Policy {
  return readProperties(
    'policy',
    policy,
    POLICY.filter((name) => name !== except),
  );
}

const NULL_IS_ABSENT = ['merchantId', 'subMerchantId', 'subAppId'];

function readIdentified<Order extends OrderOf>(given: Order, known: readonly string[]): Order {
  const copy = readOnce<object>(given, [...known, 'transactionId'], 'order');
  // Null is absent, as in a row of a database: the client's own counts.
  const named = Object.entries(copy).filter(([name, value]) => value !== null || !NULL_IS_ABSENT.includes(name));
  const order = Object.fromEntries(named) as unknown as Order;
  // Nobody would find such an order again: all without a number would be one.
  const { outTradeNo, transactionId } = order as { outTradeNo?: unknown; transactionId?: unknown };
  if (transactionId !== undefined) {
    throw new WechatPayRequestError(
      'transactionId',
      'is not read: a durable order is known by its outTradeNo. Give that.',
    );
  }
  if (typeof outTradeNo === 'string' && outTradeNo !== '') return readProperties('order', order, known);
  readProperties('order', order, known); // a name that is mistyped says more
  throw new WechatPayRequestError('outTradeNo', 'is missing: a durable order is known by it.');
}

/** The first state of an order, and when its first step is due, by the client's clock. */
export function begin(
  intent: OrderIntent,
  { subMerchantId: byDefault }: WechatPayClient,
  now: number,
): { state: ResolutionState; dueAt: number } {
  const { outTradeNo, subMerchantId = byDefault, subAppId, orderCreatedAt, totalFee, currency, policy } = intent;
  const { product, timeExpire } = intent;
  const createdAt = timeOf('orderCreatedAt', orderCreatedAt) ?? Number.NaN;
  const expiry = timeOf('timeExpire', timeExpire);
  const isUnified = product === 'unified-order';
  const deadline = deadlineOf(intent.deadline, {
    now,
    orderCreatedAt: createdAt,
    policy,
    isUnified,
    timeExpire: expiry,
  });
  const order = {
    outTradeNo,
    ...(subMerchantId !== undefined && { subMerchantId }),
    ...(subAppId !== undefined && { subAppId }),
  };
  const state = startResolution(
    { ...order, product, orderCreatedAt, timeExpire, totalFee, currency },
    deadline,
    policy,
  );
  const first = nextResolutionStep(state, 0);
  const firstAt = first.kind === 'wait' ? first.until : 0;
  const dueAt = Math.max(firstAt, timeOf('notBefore', intent.notBefore) ?? createdAt + FIRST_STEP_MS);
  if (createdAt > now + MAX_CREATED_AHEAD_MS) throw new WechatPayRequestError('orderCreatedAt', 'is in the future.');
  if (deadline <= Math.max(dueAt, now)) {
    throw new WechatPayRequestError('deadline', 'must be later than now, and than the first step (`notBefore`).');
  }
  if (expiry !== undefined && deadline <= expiry) {
    throw new WechatPayRequestError('deadline', 'must be later than `timeExpire`: the order is closed only then.');
  }
  return { state, dueAt };
}

/**
 * Until when an order is worked on, in milliseconds since 1970.
 *
 * @throws {WechatPayRequestError} no valid Date; a deadline before which `refundWhenExpired` cannot take effect.
 */
export function deadlineOf(
  given: Date | undefined,
  {
    now,
    orderCreatedAt,
    policy,
    isUnified = false,
    timeExpire = now,
  }: {
    now: number;
    orderCreatedAt: number;
    policy?: Partial<ResolutionPolicy> | undefined;
    isUnified?: boolean;
    timeExpire?: number | undefined;
  },
): number {
  const deadline = timeOf('deadline', given);
  // Its refund follows as soon as it is decided.
  if (isUnified) return deadline ?? Math.max(now, timeExpire) + RESOLVE_MS;
  const expiresAt = orderCreatedAt + REVERSE_NOT_AFTER_MS;
  if (policy?.refundWhenExpired !== true) return deadline ?? now + RESOLVE_MS;
  if (deadline === undefined) return Math.max(now + RESOLVE_MS, expiresAt + REFUND_MS);
  if (deadline > expiresAt) return deadline;
  throw new WechatPayRequestError(
    'refundWhenExpired',
    `cannot take effect: an order is refunded once it can no longer be reversed, 7 days after it was created ` +
      `(${new Date(expiresAt).toISOString()}), and the deadline is ${new Date(deadline).toISOString()}. ` +
      'Give a later deadline, or none.',
  );
}

function timeOf(name: string, value: Date | undefined): number | undefined {
  if (value === undefined) return undefined;
  const time = (value as unknown) instanceof Date ? value.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw new WechatPayRequestError(name, 'must be a valid Date.');
  return time;
}
