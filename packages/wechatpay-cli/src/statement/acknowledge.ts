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

/** `wechatpay acknowledge`: a person has looked at a difference. It moves no money, and changes no order. */
export async function acknowledge(
  session: Session,
  { date: day, order }: { readonly date: string; readonly order: string },
  given: AcknowledgeOptions,
): Promise<Report> {
  const { words } = session;
  const { labels } = words;
  const { subMerchant, kind = 'payment', refundNo, class: of, line, ofSubMerchant, note, ...options } = given;
  chooseMerchant(session, readVariables(session));
  return withOrders(session, options, async (store) => {
    const client = store.clientOf();
    const date = dayOf(day, client.now());
    const named = {
      ...{ kind, outTradeNo: order },
      ...(refundNo !== undefined && { outRefundNo: refundNo }),
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
