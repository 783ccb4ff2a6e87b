import type { ResolutionPolicy } from 'wechatpay-core';
import { readResolutionState } from 'wechatpay-core/resolution';
import { DurableOrdersError } from '../errors.js';
import { isOrder, isRefund } from '../stores/kinds.js';
import type { DurableOrder, ParentCheck } from '../stores/store.js';
import { refundEffectOf } from './refund-effect.js';
import { requestOf } from './refund-rows.js';

/**
 * An order is not reversed as long as a refund of it is under way: Query Order may not show that refund yet, so that all of the payment
 * would go back beside a part of it. What has arrived, Query Order shows, and the rest alone is returned.
 *
 * @param id of the order.
 * @throws {DurableOrdersError} `WECHATPAY_ORDER_BUSY`
 */
export function noRefundUnderWay(id: string): ParentCheck {
  const check: ParentCheck['check'] = (siblings) => {
    const open = siblings.filter(isRefund).find((refund) => refundEffectOf(refund) === 'under-way');
    if (!open) return;
    const { outRefundNo = '' } = requestOf(open);
    const problem =
      `Refund ${outRefundNo} of order ${open.order.outTradeNo} has no proven end: a reversal would return money beside it. ` +
      'Wait for its end, or cancel it as long as it was not sent; then call again. Nothing was stored.';
    throw new DurableOrdersError('WECHATPAY_ORDER_BUSY', problem, { outcome: 'not-sent' });
  };
  return { id, check };
}

/**
 * The same for an order that is set going again, whatever asked for it: where it would return a payment, by the rules that are stored or
 * given, or since a reversal or a refund of its own may have been sent.
 *
 * @param rules what is given beside those that are stored.
 */
export function noRefundBesideReturn(id: string, rules: Partial<ResolutionPolicy> = {}): ParentCheck {
  const { check } = noRefundUnderWay(id);
  return {
    id,
    check: (siblings, order) => {
      if (!order || !isOrder(order) || returnsPayment(order, rules)) check(siblings, order);
    },
  };
}

function returnsPayment({ state: stored }: DurableOrder, rules: Partial<ResolutionPolicy>): boolean {
  const { policy, sent, product } = readResolutionState(stored);
  const { ifPaid, ifPaidLate } = { ...policy, ...rules };
  const isRefundedLate = product === 'unified-order' && ifPaidLate === 'refund';
  return ifPaid === 'reverse' || sent.reverse || sent.refundFee !== undefined || isRefundedLate;
}
