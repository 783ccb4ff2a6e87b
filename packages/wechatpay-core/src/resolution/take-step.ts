import type { WechatPayClient } from '../client.js';
import { isWechatPayError } from '../errors.js';
import { closeOrder } from '../operations/close-order.js';
import type { ReplyBase } from '../operations/payment.js';
import { queryAllRefunds } from '../operations/query-all-refunds.js';
import { queryOrder } from '../operations/query-order.js';
import { refundOrder } from '../operations/refund-order.js';
import { reverseOrder } from '../operations/reverse-order.js';
import type {
  ResolutionCall,
  ResolutionError,
  ResolutionEvent,
  ResolutionOrder,
  ResolutionPayment,
  ResolutionState,
} from './state.js';

/**
 * Makes the call of a step. What a custom driver runs between `nextStep` and `advance`; it does not throw for a failed call.
 *
 * @param onReply called with every verified field of the answer by its wire name, as `raw` of a result has them; not by Query Refund,
 *   whose answer is several pages: the event has what they say.
 */
export async function takeResolutionStep(
  client: WechatPayClient,
  { order }: Pick<ResolutionState, 'order'>,
  step: ResolutionCall,
  signal?: AbortSignal,
  onReply?: (raw: ReplyBase['raw']) => void,
): Promise<ResolutionEvent> {
  const options = { signal };
  try {
    switch (step.kind) {
      case 'query': {
        const answer = await queryOrder(client, order, options);
        const { tradeState, paidAt, raw } = answer;
        onReply?.(raw);
        return { kind: 'queried', tradeState, payment: paymentOf(answer), ...(paidAt && { paidAt: paidAt.getTime() }) };
      }
      case 'reverse': {
        const { recall, raw } = await reverseOrder(client, order, options);
        onReply?.(raw);
        return { kind: 'reversed', recall };
      }
      case 'close': {
        const { raw } = await closeOrder(client, order, options);
        onReply?.(raw);
        return { kind: 'closed' };
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
        const { refundId, raw } = await refundOrder(client, request, options);
        onReply?.(raw);
        return { kind: 'refund-accepted', refundId };
      }
      case 'query-refunds':
        return await countRefunds(client, order, step.outRefundNo, signal);
    }
  } catch (error) {
    return { kind: 'failed', step: step.kind, error: toResolutionError(error) };
  }
}

async function countRefunds(
  client: WechatPayClient,
  order: ResolutionOrder,
  outRefundNo: string,
  signal: AbortSignal | undefined,
): Promise<ResolutionEvent> {
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

function paymentOf({ transactionId, totalFee, currency }: ResolutionPayment): ResolutionPayment {
  return {
    ...(transactionId !== undefined && { transactionId }),
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
  };
}

/** An error as a state can keep it. */
export function toResolutionError(error: unknown): ResolutionError {
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
