import {
  checkRefundPart,
  WechatPayRequestError,
  type KnownRefundPart,
  type RefundableOrder,
  type RefundAndResolveRequest,
  type RefundOrderRequest,
  type ResolutionAmounts,
  type ResolutionPayment,
  type ResolutionState,
} from 'wechatpay-core';
import { readResolutionState, refundNumberOf } from 'wechatpay-core/resolution';
import { isProven, outcomeOf } from '../ends.js';
import { requestOf } from './refund-rows.js';
import { isOrder, isRefund } from '../stores/kinds.js';
import type { DurableOrder, DurableRefund, DurableRow } from '../stores/store.js';

/** What is known of an order, while nobody else can add to it. */
export interface Family {
  /** The rows of its refunds. */
  readonly siblings: readonly DurableRow[];
  /** Its own row, where there is one. */
  readonly parent: DurableRow | undefined;
}

/**
 * Judges a part of an order's refund against everything that is stored of the order.
 *
 * @param now milliseconds since 1970, by the client's clock.
 * @returns when it may be sent: a minute after the part before it.
 * @throws {WechatPayRequestError} a part that would return more than was paid, or that WeChat Pay would refuse.
 */
export function planPart(
  request: RefundAndResolveRequest,
  { siblings, parent }: Family,
  now: number,
): { readonly notBefore: number } {
  const order = parent && isOrder(parent) ? parent : undefined;
  if (order) assertRefundable(order);
  const refunds = siblings.filter(isRefund).filter((row) => !isWithoutEffect(row));
  const known: RefundableOrder = {
    ...paymentOf(order, refunds, request),
    parts: [...refunds.flatMap(partOf), ...ownPart(order)],
  };
  const check = checkRefundPart(request, known, now);
  if (check.kind === 'allowed') return check;
  if (check.kind === 'known') {
    throw new WechatPayRequestError(
      'outRefundNo',
      'is the number of another refund of this order. Take another number.',
    );
  }
  const [field = '', ...rest] = check.message.split(': ');
  throw new WechatPayRequestError(field, rest.join(': '));
}

/** @throws {WechatPayRequestError} an order of which everything is returned, or going to be. */
function assertRefundable(order: DurableOrder): void {
  const outcome = outcomeOf(order);
  const isOver =
    outcome && isProven(outcome) && outcome.kind !== 'paid' && !(outcome.kind === 'closed' && !outcome.found);
  if (isOver) {
    throw new WechatPayRequestError('outTradeNo', `is an order that is ${outcome.kind}: there is nothing to refund.`);
  }
  const state = stateOf(order);
  const isOpen = order.status === 'waiting' || order.status === 'active';
  if (!state || outcome || !isOpen) return;
  const { policy, sent, kind } = state;
  if (policy.ifPaid === 'reverse' || sent.reverse || kind !== 'asking') {
    const problem = 'is an order that is being reversed: all that was paid is returned. Refund nothing beside that.';
    throw new WechatPayRequestError('outTradeNo', problem);
  }
}

/** Of a state that cannot be read nothing is known: WeChat Pay decides. */
function stateOf(order: DurableOrder): ResolutionState | undefined {
  try {
    return readResolutionState(order.state);
  } catch {
    return undefined;
  }
}

/** Called off before it was sent; or refused, which two answers have confirmed. */
export function isWithoutEffect(row: DurableRefund): boolean {
  return row.status === 'cancelled' || outcomeOf(row)?.kind === 'refund-rejected';
}

/** A refund as a part of the sum; none where its number turned out to be another order's, and it was never accepted. */
export function partOf(row: DurableRefund): KnownRefundPart[] {
  // What cannot be read is refused as such: it could be any amount.
  const { outRefundNo = '', refundFee = NaN } = requestOf(row);
  const { submittedAt } = row.state;
  // One that is planned counts as sent at its time: the next one comes a minute later.
  const at = row.state.kind === 'submitting' ? Math.max(row.state.at, submittedAt ?? 0) : submittedAt;
  const part = { outRefundNo, refundFee, submittedAt: at };
  const outcome = outcomeOf(row);
  if (outcome?.kind !== 'needs-attention') return [part];
  const { reason, found } = outcome;
  if (reason === 'closed') return [{ ...part, refundStatus: 'REFUNDCLOSE' }];
  if (reason !== 'differs' || !found) return [part];
  const { outTradeNo, transactionId } = row.order;
  if (row.state.refundId !== undefined) return [part];
  const isOther =
    (found.outTradeNo !== undefined && found.outTradeNo !== outTradeNo) ||
    (found.transactionId !== undefined && transactionId !== undefined && found.transactionId !== transactionId);
  return isOther ? [] : [{ ...part, refundFee: found.refundFee ?? refundFee }];
}

/** The refund that the order's own resolution makes. */
export function ownPart(order: DurableOrder | undefined): KnownRefundPart[] {
  const state = order && stateOf(order);
  if (!state) return [];
  const refundFee = state.kind === 'refunding' ? state.refundFee : state.sent.refundFee;
  return refundFee === undefined ? [] : [{ outRefundNo: refundNumberOf(state.order), refundFee }];
}

/** What was paid: as a verified answer said it; else what it should cost, or what the parts before were made of. */
function paymentOf(
  order: DurableOrder | undefined,
  refunds: readonly DurableRefund[],
  { totalFee: asked }: RefundOrderRequest,
): Pick<RefundableOrder, 'totalFee' | 'currency'> {
  const outcome = order && outcomeOf(order);
  const { payment, amounts } = (outcome ?? {}) as { payment?: ResolutionPayment; amounts?: ResolutionAmounts };
  const paid = payment ?? amounts?.paid;
  const [first] = refunds;
  const state = order && stateOf(order);
  const totalFee = paid?.totalFee ?? state?.totalFee ?? (first && requestOf(first).totalFee) ?? asked;
  const currency = paid?.currency ?? state?.currency;
  return { totalFee, ...(currency !== undefined && { currency }) };
}
