import { type WechatPayClient } from '../client.js';
import { isWechatPayError, WechatPayResponseError } from '../errors.js';
import {
  QUERY_REFUND,
  queryRefund,
  type QueryRefundRequest,
  type QueryRefundResult,
  type RefundDetail,
} from './query-refund.js';
import { readRequest, type CallOptions } from '../call/operation.js';

/** All refunds of an order, each once, and what the order costs. */
export interface AllRefunds {
  /** `total_fee`, in the minor unit of the order's currency. */
  readonly totalFee?: number;
  /** `fee_type`, ISO 4217. */
  readonly currency?: string;
  readonly refunds: readonly RefundDetail[];
}

/** Query Refund gives 10 refunds a call, and an order has at most 50. */
const PAGE = 10;
const MAX_PAGES = 10;

/**
 * Asks for every refund of an order, page by page: Query Refund's `offset`, until as many are seen as it says there are.
 *
 * @throws {WechatPayResponseError} pages that do not bring all the refunds that the first one told of.
 * @throws {WechatPayError} what `queryRefund` throws.
 * @see https://pay.weixin.qq.com/wiki/doc/api/wxpay/en/pay/QuickPay/chapter8_5.shtml (Query Refund)
 */
export async function queryAllRefunds(
  client: WechatPayClient,
  given: Omit<QueryRefundRequest, 'offset'>,
  options?: CallOptions,
): Promise<AllRefunds> {
  const request = readRequest(QUERY_REFUND, given as QueryRefundRequest); // once: each page is asked of the same order
  const found = new Map<RefundDetail['refundId'], RefundDetail>();
  const first = await queryRefund(client, request, options);
  let page = first;
  let seen = 0;
  for (let pages = 1; ; pages += 1) {
    for (const refund of page.refunds) found.set(refund.refundId, refund);
    seen += page.refunds.length;
    const total = page.totalRefundCount ?? first.totalRefundCount;
    // A full page without a total is no proof that it was the last.
    if (total === undefined ? page.refunds.length < PAGE : found.size >= total) break;
    const hasMore = page.refunds.length > 0 && pages < MAX_PAGES;
    const next = hasMore ? await nextPage(client, { ...request, offset: seen }, options) : undefined;
    if (!next && total === undefined) break;
    if (!next) {
      const problem = `Query Refund told of ${total} refunds and brought ${found.size}; ask by outRefundNo for the others.`;
      throw new WechatPayResponseError(problem);
    }
    page = next;
  }
  const { totalFee, currency } = first;
  return {
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
    refunds: [...found.values()],
  };
}

/** Past the last page the gateway answers PARAM_ERROR. */
async function nextPage(
  client: WechatPayClient,
  request: QueryRefundRequest,
  options: CallOptions | undefined,
): Promise<QueryRefundResult | undefined> {
  try {
    return await queryRefund(client, request, options);
  } catch (error) {
    if (isWechatPayError(error) && error.code === 'WECHATPAY_BUSINESS_FAIL' && error.errorCode === 'PARAM_ERROR')
      return undefined;
    throw error;
  }
}
