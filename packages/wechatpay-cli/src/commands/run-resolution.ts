import { resolveOrder, type Resolution, type ResolutionOutcome, type WechatPayClient } from 'wechatpay-core';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { withProgress } from '../output/progress.js';
import { pairs } from '../output/table.js';
import type { ResolveOptions } from '../options.js';
import type { Report, Session } from '../session.js';
import type { Found } from './find-order.js';
import { runOptions } from './run-options.js';

export interface Running extends Omit<ResolveOptions, 'created'> {
  readonly ifPaid: 'keep' | 'reverse';
  readonly created: Date | undefined;
  /** What it should cost, in the minor unit of `currency`. */
  readonly expected?: { readonly totalFee: number; readonly currency: string } | undefined;
}

/** When it was paid it was there already; of an order that is not paid, to take it for a new one is the safe side. */
export function createdAt(client: WechatPayClient, { order }: Found, { created }: Running): Date {
  return created ?? order?.paidAt ?? new Date(client.now());
}

/** Runs the closed loop, and tells what is proven. */
export async function runResolution(
  session: Session,
  client: WechatPayClient,
  found: Found,
  running: Running,
): Promise<Report> {
  const { words } = session;
  const { outTradeNo } = found;
  const { ifPaid, expected } = running;
  const order = { outTradeNo, orderCreatedAt: createdAt(client, found, running), ...expected };
  const resolution = await withProgress(session, words.resolving, () =>
    resolveOrder(client, order, { ifPaid, ...runOptions(session, client, running) }),
  );
  return reportResolution(session, outTradeNo, resolution);
}

const EXITS: Readonly<Record<ResolutionOutcome['kind'], ExitCode>> = {
  paid: EXIT_CODES.done,
  reversed: EXIT_CODES.done,
  closed: EXIT_CODES.done,
  refunded: EXIT_CODES.done,
  'refund-required': EXIT_CODES.person,
  'needs-attention': EXIT_CODES.person,
  unresolved: EXIT_CODES.unknown,
};

/** What is proven about an order that was to be brought to an end. */
export function reportResolution({ words }: Session, outTradeNo: string, { outcome, state }: Resolution): Report {
  const { labels } = words;
  const exitCode = EXITS[outcome.kind];
  const error = 'error' in outcome ? outcome.error : undefined;
  const payment = 'payment' in outcome ? outcome.payment : undefined;
  const isProven = exitCode === EXIT_CODES.done;
  return {
    exitCode,
    result: { outTradeNo, outcome, proven: isProven, tradeState: state.tradeState },
    lines: [
      `${isProven ? words.proven : words.notProven}: ${words.outcomes[outcome.kind]}`,
      ...pairs([
        [labels.order, outTradeNo],
        [labels.transaction, payment?.transactionId],
        [labels.outcome, outcome.kind],
        [labels.amount, payment?.totalFee === undefined ? undefined : amountText(payment.totalFee, payment.currency)],
        [labels.reason, error?.message],
        [labels.advice, error?.advice],
      ]),
    ],
  };
}
