import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { ResolveOptions } from '../options.js';
import { assertReversible, storedRefundFacts, storedRefundsOf, withNamedStore } from '../orders/beside-refunds.js';
import type { Report, Session } from '../session.js';
import { dryRun } from './close.js';
import { findFirst, orderName, planFacts } from './find-order.js';
import { orderJson } from './order-view.js';
import { readTime } from './resolve.js';
import { durableOrderFact, durableOrderOf, runReversal } from './run-reversal.js';

/**
 * `wechatpay reverse`: whatever was paid goes back; again while WeChat Pay asks for it, until a query proves it. A durable order is reversed as
 * such, by a worker.
 */
export async function reverse(session: Session, given: string | undefined, options: ResolveOptions): Promise<Report> {
  const { words } = session;
  const name = orderName(session, given, options);
  const created = readTime(session, options.created);
  return withNamedStore(session, options, async (client, store) => {
    const found = await findFirst(session, client, name);
    const { order, outTradeNo } = found;
    if (order && (order.tradeState === 'REVOKED' || order.tradeState === 'CLOSED')) {
      const line = words.nothingToReverse(words.tradeStates[order.tradeState]);
      return { exitCode: EXIT_CODES.done, result: { ...orderJson(order), sent: false, proven: true }, lines: [line] };
    }
    if (order?.tradeState === 'REFUND') throw new CliError(EXIT_CODES.refused, 'USE_REFUND', words.useRefund);
    const stored = await storedRefundsOf(session, client, store, outTradeNo);
    assertReversible(session, stored, options);
    const action = order ? words.reversePlan : words.reverseUnknownPlan;
    const durable = durableOrderFact(session, await durableOrderOf(client, store, found, options));
    const facts = [...planFacts(session, client, found), durable, storedRefundFacts(session, stored)];
    const plan = { action, facts };
    if ((await confirm(session, plan)) === 'dry-run') return dryRun(session, outTradeNo);
    // Whoever was asked may have taken long to answer.
    assertReversible(session, await storedRefundsOf(session, client, store, outTradeNo), options);
    return runReversal(session, client, store, found, { ...options, ifPaid: 'reverse', created });
  });
}
