import type { WechatPayClient } from '../client.js';
import { queryRefund, type QueryRefundResult, type RefundDetail } from '../operations/query-refund.js';
import type { ReplyBase } from '../operations/payment.js';
import { refundOrder } from '../operations/refund-order.js';
import { toResolutionError } from '../resolution/take-step.js';
import type { FoundRefund, RefundCall, RefundEvent, RefundState } from './state.js';

/**
 * Makes the call of a step. What a custom driver runs between `nextRefundStep` and `advanceRefund`; it does not throw for a failed call.
 *
 * The refund is asked for by its own number: that finds it however many parts its order has.
 *
 * @param onReply called with every verified field of the answer by its wire name, as `raw` of a result has them.
 */
export async function takeRefundStep(
  client: WechatPayClient,
  { request }: Pick<RefundState, 'request'>,
  step: RefundCall,
  signal?: AbortSignal,
  onReply?: (raw: ReplyBase['raw']) => void,
): Promise<RefundEvent> {
  const options = { signal };
  try {
    switch (step.kind) {
      case 'submit-refund': {
        const { outRefundNo, refundId, raw } = await refundOrder(client, step.request, options);
        onReply?.(raw);
        return { kind: 'refund-accepted', outRefundNo, refundId };
      }
      case 'query-refund': {
        const { outRefundNo } = step;
        const { subMerchantId, subAppId } = request;
        const answer = await queryRefund(client, { outRefundNo, subMerchantId, subAppId }, options);
        onReply?.(answer.raw);
        return { kind: 'refund-queried', outRefundNo, refunds: answer.refunds.map((one) => foundIn(answer, one)) };
      }
    }
  } catch (error) {
    return { kind: 'failed', step: step.kind, error: toResolutionError(error) };
  }
}

function foundIn(
  { outTradeNo, transactionId, totalFee, currency }: QueryRefundResult,
  { refundId, refundFee, refundStatus, succeededAt }: RefundDetail,
): FoundRefund {
  const found = { outTradeNo, transactionId, totalFee, currency, refundId, refundFee, refundStatus };
  const told = Object.entries(found).filter(([, value]) => value !== undefined);
  return { ...(Object.fromEntries(told) as FoundRefund), ...(succeededAt && { succeededAt: succeededAt.getTime() }) };
}
