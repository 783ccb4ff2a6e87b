import type { PaymentResult, QuickPayResult, WechatPayError } from 'wechatpay-core';
import { EXIT_CODES } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { pairs } from '../output/table.js';
import type { Report, Session } from '../session.js';

export type Declined = Extract<PaymentResult['outcome'], { readonly kind: 'declined' }>;

/** Quick Pay's own answer was clear. */
export function paid({ words }: Session, result: QuickPayResult): Report {
  const { labels } = words;
  const { outTradeNo, transactionId, totalFee, currency } = result;
  return {
    exitCode: EXIT_CODES.done,
    result: {
      outTradeNo,
      outcome: { kind: 'paid', payment: { transactionId, totalFee, currency } },
      proven: true,
      tradeState: 'SUCCESS',
    },
    lines: [
      `${words.proven}: ${words.outcomes.paid}`,
      ...pairs([
        [labels.order, outTradeNo],
        [labels.transaction, transactionId],
        [labels.outcome, 'paid'],
        [labels.amount, amountText(totalFee, currency)],
      ]),
    ],
  };
}

/** A query confirmed it, or nothing was sent; and nothing is open. */
export function declined(session: Session, outTradeNo: string, { error, tradeState }: Declined): Report {
  const { words } = session;
  return {
    exitCode: EXIT_CODES.refused,
    result: { outTradeNo, outcome: outcomeJson(error), proven: true, tradeState },
    lines: [`${words.proven}: ${words.pay.declined}`, ...reasonLines(session, outTradeNo, error)],
  };
}

/** @param undone what came of reversing the order, which the refusal left open */
export function declinedAndReversed(
  session: Session,
  outTradeNo: string,
  error: WechatPayError,
  undone: Report,
): Report {
  const { words } = session;
  const { proven, tradeState, outcome: reversal } = undone.result;
  return {
    exitCode: undone.exitCode === EXIT_CODES.done ? EXIT_CODES.refused : undone.exitCode,
    result: { outTradeNo, outcome: outcomeJson(error), proven, tradeState, reversal },
    lines: [
      proven === true ? `${words.proven}: ${words.pay.declined}` : `${words.notProven}: ${words.pay.stillOpen}`,
      ...reasonLines(session, outTradeNo, error),
    ],
  };
}

function reasonLines({ words }: Session, outTradeNo: string, error: WechatPayError): string[] {
  const { labels } = words;
  return pairs([
    [labels.order, outTradeNo],
    [labels.outcome, 'declined'],
    [labels.reason, error.message],
    [labels.advice, adviceOf(error)],
  ]);
}

function outcomeJson(error: WechatPayError): Record<string, unknown> {
  const { code, message } = error;
  const errorCode = 'errorCode' in error ? error.errorCode : undefined;
  return { kind: 'declined', error: { code, errorCode, advice: adviceOf(error), message } };
}

function adviceOf(error: WechatPayError): string | undefined {
  return 'advice' in error ? String(error.advice) : undefined;
}
