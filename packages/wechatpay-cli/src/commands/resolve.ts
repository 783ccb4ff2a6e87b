import {
  resolveOrder,
  type QueryOrderResult,
  type Resolution,
  type ResolutionOutcome,
  type WechatPayClient,
} from 'wechatpay-core';
import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { withProgress } from '../output/progress.js';
import { pairs } from '../output/table.js';
import type { ResolveOptions } from '../options.js';
import { assertReversible, storedRefundFacts, storedRefundsOf, withNamedStore } from '../orders/beside-refunds.js';
import type { Report, Session } from '../session.js';
import { dryRun } from './close.js';
import { findFirst, orderName, planFacts, type Found } from './find-order.js';
import { givenAmount } from './given-amount.js';
import { runOptions } from './run-options.js';

/** `wechatpay resolve`: the core's closed loop, on one order. */
export async function resolve(session: Session, given: string | undefined, options: ResolveOptions): Promise<Report> {
  const { words } = session;
  const { ifPaid = 'keep' } = options;
  const name = orderName(session, given, options);
  const created = readTime(session, options.created);
  return withNamedStore(session, options, async (client, store) => {
    const found = await findFirst(session, client, name);
    const expected = readExpected(session, options, found.order);
    // An order that is paid, and is to be kept, or that has an end: asking is all that is done.
    const state = found.order?.tradeState ?? '';
    const movesNothing = (ifPaid === 'keep' && state === 'SUCCESS') || state === 'REVOKED' || state === 'CLOSED';
    if (!movesNothing) {
      const stored = await storedRefundsOf(session, client, store, found.outTradeNo);
      assertReversible(session, stored, options);
      const facts = [...planFacts(session, client, found), storedRefundFacts(session, stored)];
      const plan = { action: words.resolvePlan(ifPaid), facts };
      if ((await confirm(session, plan)) === 'dry-run') return dryRun(session, found.outTradeNo);
      // Whoever was asked may have taken long to answer.
      assertReversible(session, await storedRefundsOf(session, client, store, found.outTradeNo), options);
    }
    return runResolution(session, client, found, { ...options, ifPaid, created, expected });
  });
}

export interface Running extends Omit<ResolveOptions, 'created'> {
  readonly ifPaid: 'keep' | 'reverse';
  readonly created: Date | undefined;
  /** What it should cost, in the minor unit of `currency`. */
  readonly expected?: { readonly totalFee: number; readonly currency: string } | undefined;
}

/** Runs the closed loop, and tells what is proven. */
export async function runResolution(
  session: Session,
  client: WechatPayClient,
  { outTradeNo, order }: Found,
  running: Running,
): Promise<Report> {
  const { words } = session;
  const { ifPaid, created, expected } = running;
  // When it was paid it was there already; of an order that is not paid, to take it for a new one is the safe side.
  const orderCreatedAt = created ?? order?.paidAt ?? new Date(client.now());
  const resolution = await withProgress(session, words.resolving, () =>
    resolveOrder(
      client,
      { outTradeNo, orderCreatedAt, ...expected },
      { ifPaid, ...runOptions(session, client, running) },
    ),
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

/** @throws {CliError} what is no time. */
export function readTime({ words }: Session, text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  // A time without a zone would be this machine's, which is another one in a container.
  if (!Number.isNaN(time.getTime()) && /(?:Z|[+-][0-9]{2}:?[0-9]{2})$/.test(text)) return time;
  throw new CliError(EXIT_CODES.usage, 'TIME', words.timeForm('--created'));
}

function readExpected(
  { words }: Session,
  { amount, currency: given }: ResolveOptions,
  order: QueryOrderResult | undefined,
): Running['expected'] {
  if (amount === undefined) return undefined;
  // Of an order that is not paid, the answer tells none.
  const currency = given ?? order?.currency;
  if (currency === undefined) throw new CliError(EXIT_CODES.usage, 'CURRENCY', words.currencyNeeded);
  return { totalFee: givenAmount(words, amount, currency), currency };
}
