import type { WechatPayClient } from '../client.js';
import { isWechatPayError } from '../errors.js';
import { queryAllRefunds } from '../query-all-refunds.js';
import { queryOrder } from '../query-order.js';
import { refund } from '../refund.js';
import { reverseOrder } from '../reverse.js';
import type { SettleCall, SettleError, SettleEvent, SettleOrder, SettlePayment, SettleState } from './state.js';

/** Makes the call of a step. What a custom driver runs between `nextStep` and `advance`; it does not throw for a failed call. */
export async function takeStep(
  client: WechatPayClient,
  { order }: Pick<SettleState, 'order'>,
  step: SettleCall,
  signal?: AbortSignal,
): Promise<SettleEvent> {
  const options = { signal };
  try {
    switch (step.kind) {
      case 'query': {
        const { tradeState, ...answer } = await queryOrder(client, order, options);
        const { paidAt } = answer;
        return { kind: 'queried', tradeState, payment: paymentOf(answer), ...(paidAt && { paidAt: paidAt.getTime() }) };
      }
      case 'reverse': {
        const { recall } = await reverseOrder(client, order, options);
        return { kind: 'reversed', recall };
      }
      case 'refund': {
        const { outRefundNo, refundFee, payment } = step;
        const { totalFee, currency } = payment;
        const request = {
          ...order,
          outRefundNo,
          totalFee,
          refundFee,
          ...(currency !== undefined && { refundCurrency: currency }),
        };
        const { refundId } = await refund(client, request, options);
        return { kind: 'refund-accepted', refundId };
      }
      case 'query-refunds':
        return await countRefunds(client, order, step.outRefundNo, signal);
    }
  } catch (error) {
    return { kind: 'failed', step: step.kind, error: toSettleError(error) };
  }
}

async function countRefunds(
  client: WechatPayClient,
  order: SettleOrder,
  outRefundNo: string,
  signal: AbortSignal | undefined,
): Promise<SettleEvent> {
  const { totalFee, currency, refunds } = await queryAllRefunds(client, order, { signal });
  const sum = (...states: string[]): number =>
    refunds
      .filter(({ refundStatus }) => states.includes(refundStatus ?? ''))
      .reduce((total, { refundFee = 0 }) => total + refundFee, 0);
  const own = refunds.find((one) => one.outRefundNo === outRefundNo);
  const stopped = refunds.find(({ refundStatus }) => !['SUCCESS', 'PROCESSING'].includes(refundStatus ?? ''));
  return {
    kind: 'refunds-queried',
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    ...(stopped && { stopped: { outRefundNo: stopped.outRefundNo ?? '', refundStatus: stopped.refundStatus ?? '' } }),
    refunded: sum('SUCCESS'),
    pending: sum('PROCESSING'),
    ...(own && {
      own: { refundStatus: own.refundStatus ?? '', ...(own.refundId !== undefined && { refundId: own.refundId }) },
    }),
  };
}

function paymentOf({ transactionId, totalFee, currency }: SettlePayment): SettlePayment {
  return {
    ...(transactionId !== undefined && { transactionId }),
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
  };
}

/** An error as a state can keep it. */
export function toSettleError(error: unknown): SettleError {
  if (!isWechatPayError(error)) throw error;
  const { code, outcome, message } = error;
  switch (error.code) {
    case 'WECHATPAY_BUSINESS_FAIL': {
      const { errorCode, advice, recall } = error;
      return { code, outcome, message, errorCode, advice, ...(recall !== undefined && { recall }) };
    }
    case 'WECHATPAY_INVALID_REQUEST':
    case 'WECHATPAY_GATEWAY_FAIL':
      return { code, outcome, message, advice: error.advice };
    default:
      return { code, outcome, message };
  }
}
