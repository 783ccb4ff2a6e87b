import type { ResolutionOutcome, ResolutionState } from 'wechatpay-core';
import type { DurableOrder } from 'wechatpay-durable';

/**
 * How an order of the checkout stands, for its customer.
 *
 * - `waiting`: it can be paid.
 * - `closing`: not any more, which is being proven.
 * - `paid`, `closed`: its end.
 * - `refunding`, `refunded`: it was paid after it was given up, and the money goes back by itself.
 * - `attention`: a person has to look at it.
 */
export type CheckoutState = 'waiting' | 'closing' | 'paid' | 'closed' | 'refunding' | 'refunded' | 'attention';

/** An order that its customer pays by a QR code. */
export interface CheckoutOrder {
  readonly outTradeNo: string;
  /** What is sold: in memory only, as `codeUrl`. */
  readonly description?: string;
  readonly totalFee: number;
  readonly currency: string;
  readonly createdAt: Date;
  /** Until when the customer may begin to pay. */
  readonly expiresAt?: Date;
  readonly state: CheckoutState;
  /** The text of the QR code, while the order can be paid. */
  readonly codeUrl?: string;
}

/** What is told of a durable order while it is driven, before or after that is stored. */
export type Known = Pick<DurableOrder, 'state' | 'outcome' | 'status'>;

/** How an order stands at a time, by what is known of it. */
export function stateOf({ status, state, outcome }: Known, now: number): CheckoutState {
  const end = outcome ?? (state.kind === 'ended' ? state.outcome : undefined);
  if (end) return END_STATES[end.kind];
  if (status === 'cancelled') return 'closed'; // nobody was shown anything to pay by
  const open = OPEN_STATES[state.kind];
  return open === 'waiting' && now >= (state.timeExpire ?? Infinity) ? 'closing' : open;
}

const END_STATES: Readonly<Record<ResolutionOutcome['kind'], CheckoutState>> = {
  paid: 'paid',
  closed: 'closed',
  reversed: 'closed',
  refunded: 'refunded',
  'refund-required': 'attention',
  'needs-attention': 'attention',
  unresolved: 'attention',
};

const OPEN_STATES: Readonly<Record<ResolutionState['kind'], CheckoutState>> = {
  asking: 'waiting',
  closing: 'closing',
  'checking-close': 'closing',
  refunding: 'refunding',
  'checking-refunds': 'refunding',
  // Of Quick Pay alone.
  reversing: 'closing',
  checking: 'closing',
  expired: 'closing',
  ended: 'closing',
};
