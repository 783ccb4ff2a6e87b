import { isWechatPayError, queryAllRefunds, type AllRefunds, type WechatPayClient } from 'wechatpay-core';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { withProgress } from '../output/progress.js';
import { table } from '../output/table.js';
import type { OrderOptions, RefundNumbers } from '../options.js';
import type { Report, Session } from '../session.js';
import { withClient } from '../settings/connect.js';

/** `wechatpay query-refund`: every refund of an order, or one. */
export async function queryRefunds(
  session: Session,
  order: string | undefined,
  options: OrderOptions & RefundNumbers,
): Promise<Report> {
  const { words, io } = session;
  const { transactionId, refundNo, refundId } = options;
  const names = [
    order !== undefined && { outTradeNo: order },
    transactionId !== undefined && { transactionId },
    refundNo !== undefined && { outRefundNo: refundNo },
    refundId !== undefined && { refundId },
  ].filter((name) => name !== false);
  const [name] = names;
  if (!name) throw new CliError(EXIT_CODES.usage, 'ORDER_NEEDED', words.orderNeeded);
  if (names.length > 1) throw new CliError(EXIT_CODES.usage, 'ONE_NUMBER', words.oneNumber);
  const found = await withClient(session, (client) =>
    withProgress(session, words.asking, () => queryAllRefunds(client, name, { signal: io.signal })),
  );
  return { exitCode: EXIT_CODES.done, result: refundsJson(found), lines: refundLines(found, session) };
}

/** Every refund of an order; none where WeChat Pay says that there is none. */
export async function refundsOf(session: Session, client: WechatPayClient, outTradeNo: string): Promise<AllRefunds> {
  try {
    return await queryAllRefunds(client, { outTradeNo }, { signal: session.io.signal });
  } catch (error) {
    const isNone =
      isWechatPayError(error) && error.code === 'WECHATPAY_BUSINESS_FAIL' && error.errorCode === 'REFUNDNOTEXIST';
    if (isNone) return { refunds: [] };
    if (!isWechatPayError(error) || error.code === 'WECHATPAY_ABORTED') throw error;
    const message = `${error.message}\n${session.words.nothingChanged}`;
    throw new CliError(EXIT_CODES.refused, error.code, message, { cause: error });
  }
}

function refundsJson({ totalFee, currency, refunds }: AllRefunds): Record<string, unknown> {
  return {
    totalFee,
    currency,
    refunds: refunds.map((refund) => ({
      outRefundNo: refund.outRefundNo,
      refundId: refund.refundId,
      refundStatus: refund.refundStatus,
      refundFee: refund.refundFee,
      refundChannel: refund.refundChannel,
      succeededAt: refund.succeededAt?.toISOString(),
    })),
  };
}

function refundLines({ currency, refunds }: AllRefunds, { words }: Session): string[] {
  if (refunds.length === 0) return [words.noRefunds];
  const { labels } = words;
  return table(
    [labels.refund, labels.state, labels.amount, labels.succeededAt],
    refunds.map(({ outRefundNo = '', refundStatus = '?', refundFee, succeededAt }) => [
      outRefundNo,
      refundStatus,
      amountText(refundFee, currency),
      succeededAt?.toISOString() ?? '',
    ]),
  );
}
