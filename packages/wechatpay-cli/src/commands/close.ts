import {
  closeOrder,
  isWechatPayError,
  type AnyWechatPayError,
  type QueryOrderResult,
  type TradeState,
  type WechatPayClient,
} from 'wechatpay-core';
import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { withProgress } from '../output/progress.js';
import type { OrderOptions } from '../options.js';
import type { Report, Session } from '../session.js';
import { withClient } from '../settings/connect.js';
import { askFor, findFirst, orderName, planFacts } from './find-order.js';
import { orderJson, orderLines } from './order-view.js';

/** `wechatpay close`: asks, closes, and asks again: only that answer is a proof. */
export async function close(session: Session, given: string | undefined, options: OrderOptions): Promise<Report> {
  const { words } = session;
  const name = orderName(session, given, options);
  return withClient(session, async (client) => {
    const found = await findFirst(session, client, name);
    const { order, outTradeNo } = found;
    const state = order?.tradeState;
    if (order && (state === 'CLOSED' || state === 'REVOKED')) {
      return { exitCode: EXIT_CODES.done, result: { ...orderJson(order), sent: false }, lines: [words.alreadyClosed] };
    }
    if (order && !UNPAID.includes(order.tradeState)) {
      const message = words.cannotClose(words.tradeStates[order.tradeState]);
      throw new CliError(EXIT_CODES.refused, 'NOT_CLOSABLE', message);
    }
    const plan = { action: words.closePlan, facts: planFacts(session, client, found) };
    if ((await confirm(session, plan)) === 'dry-run') return dryRun(session, outTradeNo);
    const failure = await send(session, client, outTradeNo);
    if (failure && failure.outcome !== 'unknown') throw failure;
    const after = await askAfter(session, client, outTradeNo);
    const isProven = after.tradeState === 'CLOSED' || after.tradeState === 'REVOKED';
    if (!isProven && failure) throw failure;
    const line = isProven ? words.closed : words.closeUnproven(words.tradeStates[after.tradeState]);
    return {
      exitCode: isProven ? EXIT_CODES.done : EXIT_CODES.unknown,
      result: { ...orderJson(after), sent: true, proven: isProven },
      lines: [`${isProven ? words.proven : words.notProven}: ${line}`, ...orderLines(after, words)],
    };
  });
}

const UNPAID: readonly TradeState[] = ['NOTPAY', 'USERPAYING', 'PAYERROR'];

async function send(
  session: Session,
  client: WechatPayClient,
  outTradeNo: string,
): Promise<AnyWechatPayError | undefined> {
  try {
    await withProgress(session, session.words.resolving, () => closeOrder(client, { outTradeNo }));
    return undefined;
  } catch (error) {
    if (isWechatPayError(error)) return error;
    throw error;
  }
}

/** Something was sent: whatever becomes of the question, that stays unknown. */
async function askAfter(session: Session, client: WechatPayClient, outTradeNo: string): Promise<QueryOrderResult> {
  try {
    return await askFor(session, client, { outTradeNo });
  } catch (error) {
    if (!isWechatPayError(error)) throw error;
    const message = `${error.message}\n${session.words.unknownOutcome}`;
    throw new CliError(EXIT_CODES.unknown, error.code, message, { cause: error });
  }
}

export function dryRun({ words }: Session, outTradeNo: string): Report {
  return { exitCode: EXIT_CODES.done, result: { outTradeNo, dryRun: true, sent: false }, lines: [words.dryRun] };
}
