import { WechatPayError } from '../../src/index.js';
import {
  closesAt,
  errorOf,
  isByHand,
  isResolving,
  isUnclearForLong,
  mayBeReversed,
  outcomeOf,
  policyOf,
  saysUnpaid,
  wasGivenUp,
} from './evidence.js';
import { hasJumped, type Law } from './law.js';
import type { Deed } from './caller.js';
import type { Heard, Keeper, Sent } from './keeper.js';
import { CLOSE_PAGE, QUERY_ORDER_PAGE, QUICK_PAY_PAGE, REFUND_PAGE, REVERSE_PAGE } from './pages.js';

/** What is said about the money is so. */
export const LAWS_OF_MONEY: Readonly<Record<string, Law>> = {
  'paid is paid, in that amount, and kept'({ deed, keeper, life, sent, heard }, broken) {
    const outcome = outcomeOf(deed);
    if (outcome?.kind !== 'paid' || heard.length === 0) return;
    const order = keeper.order(life.outTradeNo);
    const { story } = life;
    if (order.standing !== 'paid' || order.here !== order.amount) broken(`the order is ${String(order)}`);
    const accepts = deed.act.policy.ifAmountDiffers === 'accept' || deed.from?.policy.ifAmountDiffers === 'accept';
    if (story.totalFee !== undefined && order.amount !== story.totalFee && !accepts)
      broken(`${order.amount} was paid, ${story.totalFee} was asked`);
    if (story.currency !== undefined && order.currency !== story.currency && !accepts)
      broken(`it was paid in ${order.currency}`);
    const payment = Object(
      (outcome as { payment?: unknown }).payment ??
        (deed.ended.how === 'result' ? (deed.ended.result as { result?: unknown }).result : {}),
    ) as { totalFee?: number };
    if (payment.totalFee !== undefined && payment.totalFee !== order.amount && !accepts)
      broken(`it is called paid with ${payment.totalFee}`);
    const believed = heard.find(
      ({ word }) => word.kind === 'state' && word.state === 'SUCCESS' && (word.amount === 'as-asked' || accepts),
    );
    if (!believed && sent.length > 0) broken('no answer that can be believed said so');
    const returning = keeper.sentOf(life.outTradeNo).find(isReturnUnderWay);
    if (returning && !isByHand(life)) broken(`${returning.path} is under way`);
  },

  'what is called reversed, closed, refunded or declined leaves no money here, and none can come'(
    { deed, keeper, life, heard },
    broken,
  ) {
    const outcome = outcomeOf(deed);
    if (!outcome || !['reversed', 'closed', 'refunded', 'declined'].includes(outcome.kind)) return;
    if (heard.length === 0) return;
    const order = keeper.order(life.outTradeNo);
    // What was declined is this charge; the number may have been used before.
    if (outcome.kind === 'declined' && life.story.past !== 'new') return;
    if (order.here > 0) broken(`called ${outcome.kind}, it is ${String(order)}`);
    if (order.standing === 'open') broken(`called ${outcome.kind}, it can still be paid`);
    const charge = keeper.sentOf(life.outTradeNo, QUICK_PAY_PAGE.path).find(({ isUnderWay }) => isUnderWay);
    if (charge && order.standing === 'absent' && !hasJumped(life))
      broken(`called ${outcome.kind}, its charge is under way`);
  },

  'refund-required has something to refund'({ deed, keeper, life, heard }, broken) {
    const order = keeper.order(life.outTradeNo);
    if (outcomeOf(deed)?.kind !== 'refund-required' || heard.length === 0) return;
    // A reversal that arrives late may have made it untrue in the meantime; the refund is refused then.
    if (keeper.sentOf(life.outTradeNo, REVERSE_PAGE.path).length > 0) return;
    if (order.here === 0) broken(`it is ${String(order)}`);
  },

  'under keep, an order that was said to be paid is not undone'({ deed, keeper, sent, earlier, life }, broken) {
    if (!isResolving(deed) || !policyOf(deed).keeps) return;
    const first = sent.find(({ path }) => path === REVERSE_PAGE.path || path === REFUND_PAGE.path);
    if (!first || mayBeReversed(earlier, deed) || isByHand(life)) return;
    // What is refunded since it was paid too late has a law of its own.
    if (life.story.product !== undefined && policyOf(deed).refundsLate) return;
    const said = heardBefore(keeper, first, deed).filter(
      ({ word, path }) => (path === QUERY_ORDER_PAGE.path || path === QUICK_PAY_PAGE.path) && word.kind === 'state',
    );
    const paid = said.findLast(
      ({ word }) => word.kind === 'state' && word.state === 'SUCCESS' && word.amount === 'as-asked',
    );
    if (paid?.isPlain) broken(`it was said to be paid, and then came ${first.path}`);
    // What an earlier act was told, and has stored, holds until a verified answer says otherwise: also of another amount.
    const known = deed.act.does === 'resolve' ? undefined : deed.from?.tradeState;
    if (said.length === 0 && (known === 'SUCCESS' || known === 'REFUND'))
      broken(`it was known to be paid, nothing else was said, and then came ${first.path}`);
  },

  'under keep, a reversal is decided by a verified state, or by three unclear answers in a row over a stretch of time'(
    { deed, keeper, sent, earlier, life },
    broken,
  ) {
    if (!isResolving(deed) || !policyOf(deed).keeps) return;
    const first = sent.find(({ path }) => path === REVERSE_PAGE.path);
    if (!first || mayBeReversed(earlier, deed) || isByHand(life) || hasJumped(life)) return;
    const { reverseAfterMs, queryEveryMs } = policyOf(deed);
    const queries = heardBefore(keeper, first).filter(({ path }) => path === QUERY_ORDER_PAGE.path);
    if (queries.some((word) => saysUnpaid(word, life.createdAt + reverseAfterMs))) return;
    const queryGap = Math.max(60_000, 3 * queryEveryMs, ...earlier.deeds.map((one) => 3 * policyOf(one).queryEveryMs));
    if (!isUnclearForLong(queries, queryGap)) {
      broken(`it was reversed after ${JSON.stringify(queries.map(({ word, at }) => [at - life.createdAt, word]))}`);
    }
  },

  'under keep, what was paid is refunded only where it was paid late, and that is asked for'(
    { deed, sent, earlier, life, keeper },
    broken,
  ) {
    if (life.story.product === undefined || !isResolving(deed) || !policyOf(deed).keeps) return;
    const first = sent.find(({ path }) => path === REFUND_PAGE.path);
    if (!first || mayBeReversed(earlier, deed) || isByHand(life)) return;
    if (!policyOf(deed).refundsLate) broken('nobody asked for it');
    if (hasJumped(life) || wasGivenUp(earlier, deed)) return;
    const { paidAt = 0 } = keeper.order(life.outTradeNo);
    // Where time_end cannot be read, what was found once it was given up is late.
    if (keeper.heardOf(life.outTradeNo).some(({ isOdd }) => isOdd)) return;
    const saidClosed = heardBefore(keeper, first).some(({ word }) => word.kind === 'state' && word.state === 'CLOSED');
    if (paidAt < closesAt(life, deed) && !saidClosed)
      broken(`it was paid ${closesAt(life, deed) - paidAt} ms before its time was up`);
  },

  'under keep, a close is decided by a verified state at its time, or by three unclear answers in a row'(
    { deed, keeper, sent, earlier, life },
    broken,
  ) {
    if (life.story.product === undefined || !isResolving(deed) || !policyOf(deed).keeps) return;
    const first = sent.find(({ path }) => path === CLOSE_PAGE.path);
    if (!first || wasGivenUp(earlier, deed) || mayBeReversed(earlier, deed) || hasJumped(life)) return;
    const queries = heardBefore(keeper, first).filter(({ path }) => path === QUERY_ORDER_PAGE.path);
    const at = closesAt(life, deed);
    if (first.at < at && !queries.some(({ word }) => word.kind === 'state' && word.state === 'CLOSED'))
      broken(`${at - first.at} ms before its time was up`);
    if (queries.some((heard) => heard.at >= at && saysUnpaid(heard, at))) return;
    const { queryEveryMs } = policyOf(deed);
    const queryGap = Math.max(60_000, 3 * queryEveryMs, ...earlier.deeds.map((one) => 3 * policyOf(one).queryEveryMs));
    if (!isUnclearForLong(queries, queryGap)) {
      broken(
        `it was closed after ${JSON.stringify(queries.map(({ word, at: told }) => [told - life.createdAt, word]))}`,
      );
    }
  },

  'closed of Unified Order is said twice, a minute apart'({ deed, keeper, life, heard }, broken) {
    const outcome = outcomeOf(deed);
    if (life.story.product === undefined || outcome?.kind !== 'closed' || !outcome.found || heard.length === 0) return;
    if (hasJumped(life)) return;
    const times = keeper
      .heardOf(life.outTradeNo)
      .filter(({ word }) => word.kind === 'state' && word.state === 'CLOSED')
      .map(({ at }) => at);
    if (times.length < 2 || times.at(-1)! - times[0]! < 60_000)
      broken(`at ${times.map((at) => at - life.createdAt).join(', ')} ms`);
  },

  'one Quick Pay an order'({ deed, sent }, broken) {
    const charges = sent.filter(({ path }) => path === QUICK_PAY_PAGE.path).length;
    if (charges > (deed.act.does === 'pay' || deed.act.does === 'quick pay' ? 1 : 0)) broken(`${charges} were sent`);
  },

  'a refund has always the same number and amount'({ keeper, life }, broken) {
    const refunds = keeper.sentOf(life.outTradeNo, REFUND_PAGE.path);
    const ours = refunds.filter(({ fields, wasRefused }) => fields.out_refund_no !== 'by-hand' && !wasRefused);
    const kinds = new Set(ours.map(({ fields }) => `${fields.out_refund_no} of ${fields.refund_fee}`));
    if (kinds.size > 1) broken([...kinds].join(', '));
  },

  'what is called rejected was not done'({ deed, sent }, broken) {
    const error = errorOf(deed);
    if (!(error instanceof WechatPayError) || error.outcome !== 'rejected') return;
    const last = deed.act.does === 'pay' ? sent.find(({ path }) => path === QUICK_PAY_PAGE.path) : sent.at(-1);
    // One call cannot see through a refusal that was another call's.
    if (last?.hadEffect && !last.isMistaken) broken(`${last.path} was: ${error.message}`);
  },

  'nothing is called not-sent after a byte'({ deed, sent }, broken) {
    const error = errorOf(deed);
    const bytes = deed.act.does === 'pay' ? sent.filter(({ path }) => path === QUICK_PAY_PAGE.path) : sent;
    if (error instanceof WechatPayError && error.outcome === 'not-sent' && bytes.length > 0) broken(error.message);
  },
};

function isReturnUnderWay({ path, isUnderWay }: Sent): boolean {
  return isUnderWay && (path === REVERSE_PAGE.path || path === REFUND_PAGE.path);
}

/** What was heard of an order before a request for it; in one act, or ever. */
function heardBefore(keeper: Keeper, { outTradeNo, heardBefore: end }: Sent, deed?: Deed): readonly Heard[] {
  return keeper.heard.slice(deed?.heard[0] ?? 0, end).filter((heard) => heard.outTradeNo === outTradeNo);
}
