import type { QueryOrderResult, ResolutionOutcome, WechatPayError } from 'wechatpay-core';
import type { DurableOrder } from 'wechatpay-durable';
import { declinedRemedy, nextOf, outcomeRemedy } from './till.words.js';

/** An order of this till. */
export interface TillOrder {
  readonly outTradeNo: string;
  readonly subMerchantId?: string;
  /** What is sold: in memory only, so that an order from before a restart has none. */
  readonly description?: string;
  readonly totalFee: number;
  readonly currency: string;
  readonly createdAt: Date;
  /** Still worked on, declined by Quick Pay, or as it ended. */
  readonly state: 'paying' | 'declined' | ResolutionOutcome['kind'];
  /** What the shop has of it, in the currency's minor unit; absent where that is not known. */
  readonly kept?: number;
  /** What the cashier should do, or know. */
  readonly remedy: string;
  /** What happened so far, as far as this process saw it. */
  readonly steps: readonly { readonly at: Date; readonly text: string }[];
  /** What comes next, and when. */
  readonly next?: { readonly text: string; readonly at: Date };
}

/** What changes of an order: `kept` and `next` are as they are said here, and else not known. */
export type Standing = Pick<TillOrder, 'state' | 'remedy'> & Pick<Partial<TillOrder>, 'kept' | 'next'>;

export const WAITING: Standing = { state: 'paying', remedy: 'Wait.' };

/** Of an order whose payment Quick Pay refused. */
export function declined(error: WechatPayError): Standing {
  return { state: 'declined', kept: 0, remedy: declinedRemedy(error) };
}

/**
 * Of an order that has come to an end, or needs a person.
 *
 * @param isCustomerHere whether the customer may still be at the till.
 */
export function ended(outcome: ResolutionOutcome, totalFee: number, isCustomerHere = false): Standing {
  const remedy = outcomeRemedy(outcome, isCustomerHere);
  switch (outcome.kind) {
    case 'paid':
      return { state: 'paid', kept: totalFee, remedy };
    case 'reversed':
    case 'closed':
    case 'refunded':
      return { state: outcome.kind, kept: 0, remedy };
    case 'refund-required':
    case 'needs-attention': {
      const { remaining } = outcome.amounts ?? {};
      return { state: outcome.kind, remedy, ...(remaining !== undefined && { kept: remaining }) };
    }
    case 'unresolved':
      return { state: outcome.kind, remedy };
  }
}

/** Of an order, as its reversal is written down. */
export function standing({ status, state, outcome }: DurableOrder): Standing {
  if (outcome?.kind === 'paid') {
    return { state: 'paid', remedy: `${outcomeRemedy(outcome)} Press Ask: it may have been returned since.` };
  }
  if (outcome) return ended(outcome, 0);
  if (status === 'cancelled') {
    return { state: 'declined', kept: 0, remedy: 'Nothing was charged. Begin a new order.' };
  }
  const next = nextOf(state);
  return { ...WAITING, ...(next && { next }) };
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
  const { tradeState, totalFee } = answer;
  switch (tradeState) {
    case 'SUCCESS':
      return ended({ kind: 'paid', payment: {} }, totalFee ?? order.totalFee, isCustomerHere);
    case 'REFUND':
      return { state: 'refunded', remedy: 'The money was returned, in whole or in part.' };
    case 'REVOKED':
      return ended({ kind: 'reversed' }, 0);
    case 'CLOSED':
      return ended({ kind: 'closed', found: true }, 0);
    case 'NOTPAY':
    case 'PAYERROR':
      return { state: 'declined', kept: 0, remedy: 'It is not paid.' };
    case 'USERPAYING':
    case 'ACCEPT':
      return undefined;
  }
}
