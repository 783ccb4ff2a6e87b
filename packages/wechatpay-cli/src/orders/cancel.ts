import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { LookOptions } from '../options.js';
import type { Report, Session } from '../session.js';
import { actor } from './actor.js';
import { ORDERS, policyFact } from './order-view.js';
import { REFUNDS } from './refund-view.js';
import { findOrder, findRefund, oneNumber, orderOf, refundOf, withOrders } from './with-orders.js';

/** `wechatpay orders cancel`: an order of which nothing is decided, or a refund of which nothing can have been sent. */
export async function cancel(session: Session, order: string | undefined, options: LookOptions): Promise<Report> {
  const { words } = session;
  const name = oneNumber(session, order, options);
  return withOrders(session, options, async (store) => {
    if ('outRefundNo' in name) {
      const refund = await findRefund(session, store, name.outRefundNo);
      const plan = { action: words.cancelRefundPlan, facts: REFUNDS.facts(refund, words) };
      return carryOut(session, plan, words.refundNotCancelled, () =>
        store.cancel(refundOf(refund), { actor: actor() }),
      );
    }
    const found = await findOrder(session, store, name);
    // Its customer can pay it: it has to be closed, which calling it off does not.
    if (found.state.product === 'unified-order') {
      throw new CliError(EXIT_CODES.refused, 'CLOSE_IT', words.unifiedNotCancelled);
    }
    const plan = { action: words.cancelPlan, facts: [...ORDERS.facts(found, words), policyFact(found, words)] };
    return carryOut(session, plan, words.notCancelled, () => store.cancel(orderOf(found), { actor: actor() }));
  });
}

async function carryOut(
  session: Session,
  plan: Parameters<typeof confirm>[1],
  tooLate: string,
  callOff: () => Promise<boolean>,
): Promise<Report> {
  const { words } = session;
  if ((await confirm(session, plan)) === 'dry-run') {
    return { exitCode: EXIT_CODES.done, result: { dryRun: true, cancelled: false }, lines: [words.dryRun] };
  }
  if (!(await callOff())) throw new CliError(EXIT_CODES.refused, 'TOO_LATE', tooLate);
  return { exitCode: EXIT_CODES.done, result: { cancelled: true }, lines: [words.cancelled] };
}
