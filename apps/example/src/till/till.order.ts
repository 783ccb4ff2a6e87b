import type { QueryOrderResult, ResolutionOutcome, WechatPayError } from 'wechatpay-core';
import type { DurableOrder } from 'wechatpay-durable';
import { phrase, say, type Phrase } from './phrase.js';
import { declinedWords, nextOf, outcomeRemedy } from './till.words.js';

/** A part of an order's money that goes back. */
export interface TillRefund {
  readonly outRefundNo: string;
  /** In the currency's minor unit. */
  readonly refundFee: number;
  /** `stuck`: a person has to look at it. `rejected`: nothing was returned. */
  readonly state: 'pending' | 'refunded' | 'rejected' | 'stuck';
}

/** An order of this till. */
export interface TillOrder {
  readonly outTradeNo: string;
  readonly subMerchantId?: string;
  /** As on the customer's receipt, once it is known. */
  readonly transactionId?: string;
  /** What is sold: in memory only, so that an order from before a restart has none. */
  readonly description?: string;
  readonly product: 'quick-pay' | 'unified-order';
  readonly totalFee: number;
  readonly currency: string;
  readonly createdAt: Date;
  /** Still worked on, declined by Quick Pay, or as it ended; `refunding`: all of it is on its way back. */
  readonly state: 'paying' | 'declined' | 'refunding' | ResolutionOutcome['kind'];
  /** What the shop has of it, in the currency's minor unit; absent where that is not known. */
  readonly kept?: number;
  /** What the cashier should do, or know. */
  readonly remedy: Phrase;
  /** Why it is not paid, as one would say it to the customer. */
  readonly why?: Phrase;
  /** What happened so far, as far as this process saw it. */
  readonly steps: readonly { readonly at: Date; readonly what: Phrase }[];
  /** What comes next, and when. */
  readonly next?: { readonly what: Phrase; readonly at: Date };
  /** When it is known at the latest whether the customer pays, while that is still open. */
  readonly knownBy?: Date;
  readonly refunds: readonly TillRefund[];
}

/** What changes of an order: what is not said here is not known. */
export type Standing = Pick<TillOrder, 'state' | 'remedy'> &
  Pick<Partial<TillOrder>, 'kept' | 'next' | 'knownBy' | 'why'>;

export const WAITING: Standing = { state: 'paying', remedy: phrase('wait') };

/** Of an order whose payment Quick Pay refused. */
export function declined(error: WechatPayError): Standing {
  return { state: 'declined', kept: 0, ...declinedWords(error) };
}

/**
 * Of an order that has come to an end, or needs a person.
 *
 * @param isCustomerHere whether the customer may still be at the till.
 */
export function ended(
  outcome: ResolutionOutcome,
  { totalFee, steps }: Pick<TillOrder, 'totalFee' | 'steps'>,
  isCustomerHere = false,
): Standing {
  const remedy = outcomeRemedy(outcome, isCustomerHere);
  switch (outcome.kind) {
    case 'paid':
      return { state: 'paid', kept: totalFee, remedy };
    case 'reversed': {
      const isCalledOff = steps.some(({ what }) => what.word === 'asked-PAYERROR');
      return { state: 'reversed', kept: 0, remedy, why: phrase(isCalledOff ? 'why-called-off' : 'why-no-time') };
    }
    case 'closed':
      return { state: 'closed', kept: 0, remedy, why: phrase(outcome.found ? 'why-no-time' : 'why-never-came') };
    case 'refunded':
      return { state: 'refunded', kept: 0, remedy };
    case 'refund-required':
    case 'needs-attention': {
      const { remaining } = outcome.amounts ?? {};
      return { state: outcome.kind, remedy, ...(remaining !== undefined && { kept: remaining }) };
    }
    case 'unresolved':
      return { state: outcome.kind, remedy };
  }
}

/** Of an order, as it is stored. */
export function standing({ status, state, outcome }: DurableOrder): Standing {
  if (outcome) return ended(outcome, { totalFee: state.totalFee ?? 0, steps: [] });
  if (status === 'cancelled') return { state: 'declined', kept: 0, remedy: phrase('new-order') };
  return { ...WAITING, ...nextOf(state) };
}

/** What goes back is counted: of what is paid, each part that was not refused. */
export function withRefunds(order: TillOrder): TillOrder {
  const parts = order.refunds.filter(({ state }) => state !== 'rejected');
  if (order.state !== 'paid' || parts.length === 0) return order;
  const kept = (order.kept ?? order.totalFee) - parts.reduce((sum, { refundFee }) => sum + refundFee, 0);
  const stuck = parts.find(({ state }) => state === 'stuck');
  if (stuck) return { ...order, kept, state: 'needs-attention', remedy: phrase('refund-stuck', stuck.outRefundNo) };
  if (kept > 0) return { ...order, kept, remedy: phrase('part-returned') };
  const isPending = parts.some(({ state }) => state === 'pending');
  return {
    ...order,
    kept: 0,
    state: isPending ? 'refunding' : 'refunded',
    remedy: phrase(isPending ? 'refund-on-its-way' : 'returned'),
  };
}

/** What WeChat Pay says of an order; undefined where it has none of this number. */
export type Answer = Pick<QueryOrderResult, 'tradeState' | 'totalFee'> | undefined;

/**
 * Of an order that had come to an end, as WeChat Pay says it now; undefined where that tells nothing.
 *
 * @param isCustomerHere whether the customer may still be at the till.
 */
export function asked(answer: Answer, order: TillOrder, isCustomerHere: boolean): Standing | undefined {
  if (!answer) return undefined;
  const { tradeState, totalFee = order.totalFee } = answer;
  const of = { ...order, totalFee };
  switch (tradeState) {
    case 'SUCCESS':
      return ended({ kind: 'paid', payment: {} }, of, isCustomerHere);
    case 'REFUND':
      // By this till, which knows of each part; or elsewhere, as on the Merchant Platform.
      if (order.refunds.length > 0) return ended({ kind: 'paid', payment: {} }, of, isCustomerHere);
      return { state: 'refunded', remedy: phrase('returned-some') };
    case 'REVOKED':
      return ended({ kind: 'reversed' }, of);
    case 'CLOSED':
      return ended({ kind: 'closed', found: true }, of);
    case 'NOTPAY':
    case 'PAYERROR':
      return { state: 'declined', kept: 0, remedy: phrase('not-paid') };
    case 'USERPAYING':
    case 'ACCEPT':
      return undefined;
  }
}

/** An order as a program is told of it: in English. */
export function toAnswer({ remedy, why, steps, next, ...order }: TillOrder): TillOrderAnswer {
  return {
    ...order,
    remedy: say('en', remedy),
    ...(why && { why: say('en', why) }),
    steps: steps.map(({ at, what }) => ({ at, text: say('en', what) })),
    ...(next && { next: { at: next.at, text: say('en', next.what) } }),
  };
}

interface Told {
  readonly at: Date;
  readonly text: string;
}

/** What {@link toAnswer} makes. */
export interface TillOrderAnswer extends Omit<TillOrder, 'remedy' | 'why' | 'steps' | 'next'> {
  readonly remedy: string;
  readonly why?: string;
  readonly steps: readonly Told[];
  readonly next?: Told;
}
