import { isWechatPayError, queryOrder, type QueryOrderResult, type WechatPayClient } from 'wechatpay-core';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { withProgress } from '../output/progress.js';
import type { OrderOptions } from '../options.js';
import type { Session } from '../session.js';
import { isLive } from '../settings/connect.js';

/** How an order is named on the command line: by one of its two numbers. */
export type OrderName = { readonly outTradeNo: string } | { readonly transactionId: string };

/** @throws {CliError} no number, or both. */
export function orderName({ words }: Session, order: string | undefined, { transactionId }: OrderOptions): OrderName {
  if (order !== undefined && transactionId !== undefined) {
    throw new CliError(EXIT_CODES.usage, 'ONE_NUMBER', words.oneNumber);
  }
  if (order !== undefined) return { outTradeNo: order };
  if (transactionId !== undefined) return { transactionId };
  throw new CliError(EXIT_CODES.usage, 'ORDER_NEEDED', words.orderNeeded);
}

/** Asks WeChat Pay how an order stands. */
export async function askFor(session: Session, client: WechatPayClient, name: OrderName): Promise<QueryOrderResult> {
  const { signal } = session.io;
  return withProgress(session, session.words.asking, () => queryOrder(client, name, { signal }));
}

/** An order as it stands before something is done to it; `order` is absent where WeChat Pay knows none. */
export interface Found {
  readonly outTradeNo: string;
  readonly order: QueryOrderResult | undefined;
}

/**
 * Asks before anything is changed.
 *
 * @throws {CliError} no answer that can be trusted: nothing was changed, whatever the question's own outcome is.
 */
export async function findFirst(session: Session, client: WechatPayClient, name: OrderName): Promise<Found> {
  try {
    const order = await askFor(session, client, name);
    return { order, outTradeNo: order.outTradeNo ?? ('outTradeNo' in name ? name.outTradeNo : '') };
  } catch (error) {
    if (!isWechatPayError(error)) throw error;
    const isAbsent = error.code === 'WECHATPAY_BUSINESS_FAIL' && error.errorCode === 'ORDERNOTEXIST';
    if (isAbsent && 'outTradeNo' in name) return { order: undefined, outTradeNo: name.outTradeNo };
    if (error.code === 'WECHATPAY_INVALID_REQUEST' || error.code === 'WECHATPAY_ABORTED') throw error;
    const message = `${error.message}\n${session.words.nothingChanged}`;
    throw new CliError(EXIT_CODES.refused, error.code, message, { cause: error });
  }
}

/** What stands in a plan about an order: whose, where, how much. */
export function planFacts(
  { words }: Session,
  client: WechatPayClient,
  { outTradeNo, order }: Found,
): [name: string, value: string | undefined][] {
  const { labels } = words;
  const host = client.baseUrls.map((url) => new URL(url).host).join(', ');
  return [
    [labels.order, outTradeNo],
    [labels.transaction, order?.transactionId],
    [labels.state, order && words.tradeStates[order.tradeState]],
    [labels.amount, order?.totalFee === undefined ? undefined : amountText(order.totalFee, order.currency)],
    [labels.paidAt, order?.paidAt?.toISOString()],
    [
      labels.merchant,
      client.subMerchantId === undefined ? client.merchantId : `${client.merchantId}, ${client.subMerchantId}`,
    ],
    [labels.host, isLive(client.baseUrls) ? `${host} (${words.live})` : `${host} (${words.notLive})`],
  ];
}
