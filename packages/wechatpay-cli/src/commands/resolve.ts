import { resumeResolution, type QueryOrderResult, type ResolutionState, type WechatPayClient } from 'wechatpay-core';
import { advanceResolution, startResolution } from 'wechatpay-core/resolution';
import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import { withProgress } from '../output/progress.js';
import type { ResolveOptions } from '../options.js';
import { assertReversible, storedRefundFacts, storedRefundsOf, withNamedStore } from '../orders/beside-refunds.js';
import type { Report, Session } from '../session.js';
import { dryRun } from './close.js';
import { findFirst, orderName, planFacts, type Found } from './find-order.js';
import { givenAmount } from './given-amount.js';
import { runOptions } from './run-options.js';
import { createdAt, reportResolution, runResolution, type Running } from './run-resolution.js';
import { durableOrderFact, durableOrderOf, runReversal } from './run-reversal.js';

/** `wechatpay resolve`: the core's closed loop, on one order. */
export async function resolve(session: Session, given: string | undefined, options: ResolveOptions): Promise<Report> {
  const { words } = session;
  const { ifPaid = 'keep' } = options;
  const name = orderName(session, given, options);
  const created = readTime(session, options.created);
  return withNamedStore(session, options, async (client, store) => {
    const found = await findFirst(session, client, name);
    const running: Running = { ...options, ifPaid, created, expected: readExpected(session, options, found.order) };
    const known = judged(client, found, running);
    // Nothing is asked anew of what has an end by the answer that is there: a loop that gets no answer would reverse it, and nobody said so.
    if (known?.kind === 'ended') {
      return reportResolution(session, found.outTradeNo, { outcome: known.outcome, state: known });
    }
    if (known?.doubt && ifPaid === 'keep') return confirmDoubt(session, client, known, running);
    const stored = await storedRefundsOf(session, client, store, found.outTradeNo);
    assertReversible(session, stored, options);
    // Of another amount than was named, nothing is stored: a person decides.
    const isReversal = ifPaid === 'reverse' && !known?.doubt;
    const durable = isReversal ? await durableOrderOf(client, store, found, options) : undefined;
    const facts = [
      ...planFacts(session, client, found),
      durableOrderFact(session, durable),
      storedRefundFacts(session, stored),
    ];
    const plan = { action: words.resolvePlan(ifPaid), facts };
    if ((await confirm(session, plan)) === 'dry-run') return dryRun(session, found.outTradeNo);
    // Whoever was asked may have taken long to answer.
    assertReversible(session, await storedRefundsOf(session, client, store, found.outTradeNo), options);
    if (isReversal) return runReversal(session, client, store, found, running);
    return runResolution(session, client, found, running);
  });
}

/** Where the order stands by the answer that is there. */
function judged(client: WechatPayClient, found: Found, running: Running): ResolutionState | undefined {
  if (!found.order) return undefined;
  const now = client.now();
  const { ifPaid, expected } = running;
  const order = { outTradeNo: found.outTradeNo, orderCreatedAt: createdAt(client, found, running), ...expected };
  const { tradeState, transactionId, totalFee, currency, paidAt } = found.order;
  const payment = {
    ...(transactionId !== undefined && { transactionId }),
    ...(totalFee !== undefined && { totalFee }),
    ...(currency !== undefined && { currency }),
  };
  return advanceResolution(
    startResolution(order, now, { ifPaid }),
    { kind: 'queried', tradeState, payment, ...(paidAt && { paidAt: paidAt.getTime() }) },
    { now },
  );
}

/** Another amount is paid, and kept: a second answer has to say so too. It goes on from what is known, by which nothing is reversed. */
async function confirmDoubt(
  session: Session,
  client: WechatPayClient,
  known: ResolutionState,
  running: Running,
): Promise<Report> {
  const resolution = await withProgress(session, session.words.resolving, () =>
    resumeResolution(client, known, runOptions(session, client, running)),
  );
  return reportResolution(session, known.order.outTradeNo, resolution);
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
