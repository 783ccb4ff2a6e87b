import { isWechatPayError, queryRefund, type RefundDetail } from 'wechatpay-core';
import { outcomeOf } from '../ends.js';
import type { Orders } from '../orders.js';
import { ownPart } from '../refunds/parts.js';
import { hastenRefund, redriveDeadRefund } from '../refunds/redrive-refund.js';
import { isOrder } from '../stores/kinds.js';
import type { DurableOrder, DurableRefund, DurableRow } from '../stores/store.js';
import type { Asked } from './ask.js';
import type { ReconciliationDifference } from './differences.js';

const FOR_PERSON = (why: NonNullable<Asked['why']>): Asked => ({ status: 'needs-person', why });

/**
 * Asks WeChat Pay for a refund that the statement says something else of. Only a durable refund that has stopped goes on from the answer,
 * and only where WeChat Pay has it: nothing is submitted then.
 */
export async function askForRefund(
  orders: Orders,
  merchantId: string,
  { outTradeNo, outRefundNo, subMerchantId, totalFee, orderId }: ReconciliationDifference,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  if (outRefundNo === undefined) return FOR_PERSON('answer-decides-nothing');
  const named = { outRefundNo, merchantId, subMerchantId };
  const stored = await orders.getRefund(named);
  if (stored && isOpen(stored)) {
    if (!outcomeOf(stored)) await hastenRefund(orders, named);
    return { status: 'asking' };
  }
  // What its resolution refunds is no durable refund: the order itself says what becomes of it.
  const maker = stored ? undefined : await makerOf(orders, orderId, outRefundNo);
  if (maker && isOpen(maker) && !outcomeOf(maker)) return { status: 'asking' };
  let found: RefundDetail | undefined;
  try {
    const request = { outRefundNo, ...(subMerchantId !== undefined && { subMerchantId }) };
    const answer = await queryRefund(await orders.clientOf(merchantId), request, { signal });
    if (answer.outTradeNo !== undefined && answer.outTradeNo !== outTradeNo)
      return FOR_PERSON('answer-decides-nothing');
    found = answer.refunds.find((refund) => refund.outRefundNo === outRefundNo);
  } catch (error) {
    if (!isWechatPayError(error)) throw error;
    const isAbsent = error.code === 'WECHATPAY_BUSINESS_FAIL' && error.errorCode === 'REFUNDNOTEXIST';
    if (!isAbsent) return { status: 'asking' };
  }
  if (!stored) {
    const isThere = found !== undefined && isMade(found) && (totalFee === undefined || found.refundFee === totalFee);
    if (!isThere) return FOR_PERSON('answer-decides-nothing');
    if (!maker) return FOR_PERSON('unknown-refund');
    return FOR_PERSON(outcomeOf(maker)?.kind === 'refunded' ? 'answer-agrees-with-order' : 'answer-decides-nothing');
  }
  if (confirms(found, stored)) {
    return { ...FOR_PERSON('answer-agrees-with-order'), movedAt: stored.state.submittedAt };
  }
  const isStopped = stored.status === 'dead' && found !== undefined && isMade(found);
  const isSame = isStopped && found?.refundFee === stored.state.request.refundFee;
  // It is asked for first, and the answer ends it.
  if (isSame && (await redriveDeadRefund(orders, stored, {}))) return { status: 'asking' };
  return FOR_PERSON('answer-decides-nothing');
}

/** The order whose resolution makes, or has made, the refund of this number. */
async function makerOf(
  orders: Orders,
  orderId: string | undefined,
  outRefundNo: string,
): Promise<DurableOrder | undefined> {
  const order = orderId === undefined ? undefined : await orders.store.get(orderId);
  if (!order || !isOrder(order)) return undefined;
  const outcome = outcomeOf(order);
  const hasRefunded = outcome?.kind === 'refunded' && outcome.outRefundNo === outRefundNo;
  return hasRefunded || ownPart(order).some((part) => part.outRefundNo === outRefundNo) ? order : undefined;
}

function isOpen({ status }: DurableRow): boolean {
  return status === 'waiting' || status === 'active';
}

/** The customer has the money, or it is on its way. */
function isMade({ refundStatus }: RefundDetail): boolean {
  return refundStatus === 'SUCCESS' || refundStatus === 'PROCESSING';
}

/** Whether an answer says what the durable refund says. */
function confirms(found: RefundDetail | undefined, stored: DurableRefund): boolean {
  const outcome = outcomeOf(stored);
  if (outcome?.kind === 'refunded') return found?.refundStatus === 'SUCCESS' && found.refundFee === outcome.refundFee;
  return outcome?.kind === 'refund-rejected' && found === undefined;
}
