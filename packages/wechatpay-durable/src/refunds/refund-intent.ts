import {
  DEFAULT_REFUND_POLICY,
  QUERY_REFUND,
  REFUND_ORDER,
  WechatPayRequestError,
  type RefundAndResolveRequest,
  type RefundPolicy,
  type RefundState,
  type WechatPayClient,
} from 'wechatpay-core';
import { startRefund } from 'wechatpay-core/resolution';
import { readActor, type ActorOptions } from '../actor.js';
import { readProperties } from '../intent.js';

/** A refund that is brought to its end, whatever happens to this process. */
export type RefundIntent = RefundAndResolveRequest & {
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** How to bring it to its end; see wechatpay-core. */
  readonly policy?: Partial<RefundPolicy> | undefined;
};

/** A refund, as its durable refund is found. */
export interface RefundOf {
  readonly outRefundNo: string;
  /** `mch_id`. @default that of the only client */
  readonly merchantId?: string | undefined;
  /** Where the refund named one. */
  readonly subMerchantId?: string | undefined;
}

export interface RefundRedriveOptions extends ActorOptions {
  /** What changes from now on. */
  readonly policy?: Partial<RefundPolicy> | undefined;
}

const POLICY = Object.keys(DEFAULT_REFUND_POLICY);
const REFUND = ['outRefundNo', 'merchantId', 'subMerchantId'];
const INTENT = [...Object.keys(REFUND_ORDER.properties), 'paidAt', 'merchantId', 'policy'];
const OTHER_NAMES = { ...REFUND_ORDER.properties, merchantId: 'mch_id' };

/** Whether something names a refund, and no order. */
export function isRefundOf<Refund extends RefundOf>(given: object | Refund): given is Refund {
  try {
    return (Object(given) as Partial<RefundOf>).outRefundNo !== undefined;
  } catch {
    return false; // what cannot be read is refused as an order
  }
}

/** @throws {WechatPayRequestError} a refund without its number, or with an unknown property. */
export function readRefundOf<Refund extends RefundOf>(given: Refund): Refund {
  const refund = withoutNull(readProperties<Refund>('refund', given, REFUND, OTHER_NAMES));
  const { outRefundNo } = refund as { outRefundNo?: unknown };
  if (typeof outRefundNo === 'string' && outRefundNo !== '') return refund;
  throw new WechatPayRequestError('outRefundNo', 'is missing: a durable refund is known by it.');
}

/** @throws {WechatPayRequestError} an unknown property; what else is wrong is for {@link beginRefund}. */
export function readRefundIntent(given: RefundIntent): RefundIntent {
  const intent = withoutNull(readProperties('refund', given, INTENT, OTHER_NAMES));
  const { policy } = intent;
  return policy === undefined ? intent : { ...intent, policy: readRefundPolicy(policy) };
}

/** @throws {WechatPayRequestError} */
export function readRefundRedrive(options: RefundRedriveOptions): RefundRedriveOptions {
  const { policy, actor } = readProperties('options', options, ['policy', 'actor']);
  return { ...(policy !== undefined && { policy: readRefundPolicy(policy) }), ...readActor({ actor }) };
}

function readRefundPolicy(policy: Partial<RefundPolicy>): Partial<RefundPolicy> {
  return readProperties('policy', policy, POLICY);
}

/** Null is absent, as in a row of a database. */
function withoutNull<Given extends object>(given: Given): Given {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)) as Given;
}

/** `attentionAfterMs` ends it; what nobody has worked on for that long is asked for once more before. */
const UNTOUCHED_MS = 365 * 24 * 60 * 60 * 1000;

/** No step begins later: in milliseconds since 1970. */
export function refundDeadline(now: number): number {
  return now + UNTOUCHED_MS;
}

/**
 * The first state of a refund. Everything that a later step would refuse is refused here.
 *
 * @throws {WechatPayRequestError} what Submit Refund cannot be given; a policy that is invalid.
 */
export function beginRefund(
  client: WechatPayClient,
  { merchantId: _, policy, ...request }: RefundIntent,
  now: number,
): RefundState {
  const state = startRefund(request, { now, deadline: refundDeadline(now) }, policy);
  const { subMerchantId } = client;
  // The client's own sub-merchant, where the request names none: it is the same refund whoever sends it.
  const sent = subMerchantId === undefined ? state.request : { subMerchantId, ...state.request };
  client.check(REFUND_ORDER, sent);
  client.check(QUERY_REFUND, askedOf(sent));
  return { ...state, request: sent };
}

function askedOf({ outRefundNo, subMerchantId, subAppId }: RefundState['request']): {
  outRefundNo: string;
  subMerchantId?: string | undefined;
  subAppId?: string | undefined;
} {
  return { outRefundNo, subMerchantId, subAppId };
}
