import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES } from '../exit-codes.js';
import type { AcknowledgeOptions } from '../options.js';
import { actor } from '../orders/actor.js';
import { withOrders } from '../orders/with-orders.js';
import type { Report, Session } from '../session.js';
import { chooseMerchant } from '../settings/merchants.js';
import { readVariables } from '../settings/variables.js';
import { dayOf } from './day-of.js';
import { subMerchantOf } from './sub-merchant.js';

/** `wechatpay acknowledge`: a person has looked at a difference, or dealt with a day that is late. It moves no money, and changes no order. */
export async function acknowledge(
  session: Session,
  { date: day, order }: { readonly date: string; readonly order: string | undefined },
  given: AcknowledgeOptions,
): Promise<Report> {
  const { words } = session;
  const { labels } = words;
  const { subMerchant, kind = 'payment', refundNo, refundId, class: of, line, ofSubMerchant, note, ...options } = given;
  chooseMerchant(session, readVariables(session));
  if (order === undefined) return acknowledgeDay(session, day, given);
  return withOrders(session, options, async (store) => {
    const client = store.clientOf();
    const date = dayOf(day, client.now());
    const named = {
      ...{ kind, outTradeNo: order },
      ...(refundNo !== undefined && { outRefundNo: refundNo }),
      ...(refundId !== undefined && { refundId }),
      ...(of !== undefined && { class: of }),
      ...(line !== undefined && { line }),
      ...(ofSubMerchant !== undefined && { ofSubMerchantId: ofSubMerchant }),
    };
    const plan = {
      action: words.reconcile.acknowledgePlan,
      facts: [
        [labels.order, order],
        [words.reconcile.movement, kind],
        [labels.refund, refundNo],
        [labels.refundId, refundId],
        [labels.what, of && words.reconcile.classes[of]],
        [words.reconcile.line, line?.toString()],
        [labels.merchant, client.merchantId],
        [words.reconcile.day, date],
        [words.reconcile.note, note],
      ] as const,
    };
    const result = { date, ...named };
    if ((await confirm(session, plan)) === 'dry-run') {
      return { exitCode: EXIT_CODES.done, result: { ...result, dryRun: true }, lines: [words.dryRun] };
    }
    const request = { date, ...named, ...subMerchantOf(subMerchant) };
    if (!(await store.acknowledge(request, { actor: actor(), ...(note !== undefined && { note }) }))) {
      throw new CliError(EXIT_CODES.refused, 'NO_DIFFERENCE', words.reconcile.noDifference);
    }
    return {
      exitCode: EXIT_CODES.done,
      result: { ...result, acknowledged: true },
      lines: [words.reconcile.acknowledged],
    };
  });
}

/** Of a day that is late: it has no reconciliation, and so no difference. */
async function acknowledgeDay(session: Session, day: string, given: AcknowledgeOptions): Promise<Report> {
  const { words } = session;
  const { subMerchant, note, kind, refundNo, refundId, class: of, line, ofSubMerchant, ...options } = given;
  if ([kind, refundNo, refundId, of, line, ofSubMerchant].some((name) => name !== undefined)) {
    throw new CliError(EXIT_CODES.usage, 'ORDER_NEEDED', words.reconcile.whichDifference);
  }
  return withOrders(session, options, async (store) => {
    const client = store.clientOf();
    const date = dayOf(day, client.now());
    const plan = {
      action: words.reconcile.acknowledgeDayPlan,
      facts: [
        [words.labels.merchant, client.merchantId],
        [words.reconcile.day, date],
        [words.reconcile.note, note],
      ] as const,
    };
    if ((await confirm(session, plan)) === 'dry-run') {
      return { exitCode: EXIT_CODES.done, result: { date, dryRun: true }, lines: [words.dryRun] };
    }
    const said = { actor: actor(), ...(note !== undefined && { note }) };
    if (!(await store.acknowledgeDay({ date, ...subMerchantOf(subMerchant) }, said))) {
      throw new CliError(EXIT_CODES.refused, 'NOT_LATE', words.reconcile.notLate);
    }
    return { exitCode: EXIT_CODES.done, result: { date, acknowledged: true }, lines: [words.reconcile.acknowledged] };
  });
}
