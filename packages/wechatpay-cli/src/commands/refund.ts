import { createHash } from 'node:crypto';
import {
  checkRefundPart,
  type QueryOrderResult,
  type RefundAndResolveRequest,
  type RefundDetail,
  type RefundOutcome,
  type WechatPayClient,
} from 'wechatpay-core';
import { confirm } from '../ask/confirm.js';
import { CliError } from '../cli-error.js';
import { EXIT_CODES, type ExitCode } from '../exit-codes.js';
import { amountText } from '../output/money.js';
import { pairs } from '../output/table.js';
import type { RefundOptions } from '../options.js';
import {
  assertNoneUnderWay,
  storedRefundFacts,
  storedRefundsOf,
  withNamedStore,
  type StoredRefund,
} from '../orders/beside-refunds.js';
import type { Report, Session } from '../session.js';
import { dryRun } from './close.js';
import { findFirst, orderName, planFacts } from './find-order.js';
import { refundsOf } from './query-refund.js';
import { givenAmount } from './given-amount.js';
import { runRefund } from './run-refund.js';

/**
 * `wechatpay refund`: after a look at what is paid and what is refunded already, a durable refund where a store is named, so that whoever
 * refunds shares one sum; else the core's closed loop.
 */
export async function refund(session: Session, given: string | undefined, options: RefundOptions): Promise<Report> {
  const { words } = session;
  const name = orderName(session, given, options);
  if ((options.amount === undefined) === (options.all !== true)) {
    throw new CliError(EXIT_CODES.usage, 'HOW_MUCH', words.howMuch);
  }
  return withNamedStore(session, options, async (client, store) => {
    const found = await findFirst(session, client, name);
    const payment = paymentOf(session, found.order);
    // Also of an order that says nothing of refunds yet: one may be on its way.
    const { refunds: known } = await refundsOf(session, client, found.outTradeNo);
    const stored = await storedRefundsOf(session, client, store, found.outTradeNo);
    const refunds = [...known, ...unseen(stored, known)];
    const part = choosePart(session, client, payment, refunds, options);
    const { outRefundNo } = part.request;
    assertNoneUnderWay(session, stored, options, outRefundNo);
    const { labels } = words;
    const facts: [string, string | undefined][] = [
      ...planFacts(session, client, found),
      [labels.refunded, part.refunded > 0 ? amountText(part.refunded, payment.currency) : undefined],
      storedRefundFacts(session, stored),
      [words.labels.refund, `${amountText(part.request.refundFee, payment.currency)}, ${outRefundNo}`],
      [labels.left, amountText(part.left, payment.currency)],
    ];
    const plan = store ? words.refundStoredPlan : words.refundPlan;
    const action = part.isKnown ? words.sameRefund(outRefundNo) : plan;
    if ((await confirm(session, { action, facts })) === 'dry-run') return dryRun(session, found.outTradeNo);
    // Whoever was asked may have taken long to answer.
    const now = await storedRefundsOf(session, client, store, found.outTradeNo);
    assertNoneUnderWay(session, now, options, outRefundNo);
    const outcome = await runRefund(session, client, store, part.request, options);
    return report(session, { ...part, isDurable: store !== undefined }, payment.currency, outcome);
  });
}

/** A refund as WeChat Pay tells of it, or the store. */
type SeenRefund = Pick<RefundDetail, 'outRefundNo' | 'refundFee' | 'refundStatus'>;

/** Durable refunds that WeChat Pay does not tell of (yet): they take their part of the sum. */
function unseen(stored: readonly StoredRefund[] | undefined, known: readonly RefundDetail[]): SeenRefund[] {
  const told = new Set(known.map(({ outRefundNo }) => outRefundNo));
  return (stored ?? [])
    .filter(({ outRefundNo, effect }) => effect !== 'none' && !told.has(outRefundNo))
    .map(({ outRefundNo, refundFee }) => ({
      outRefundNo,
      ...(refundFee !== undefined && { refundFee }),
      refundStatus: 'PROCESSING',
    }));
}

interface PaidOrder {
  readonly order: QueryOrderResult;
  readonly outTradeNo: string;
  readonly totalFee: number;
  readonly currency: string;
}

/** @throws {CliError} an order that is not paid, or of which the answer does not tell the amount. */
function paymentOf({ words }: Session, order: QueryOrderResult | undefined): PaidOrder {
  const isPaid = order?.tradeState === 'SUCCESS' || order?.tradeState === 'REFUND';
  const { totalFee, currency, outTradeNo } = order ?? {};
  if (!order || !isPaid || totalFee === undefined || currency === undefined || outTradeNo === undefined) {
    const state = order ? words.tradeStates[order.tradeState] : '?';
    throw new CliError(EXIT_CODES.refused, 'NOT_REFUNDABLE', words.cannotRefund(state));
  }
  return { order, outTradeNo, totalFee, currency };
}

interface Part {
  readonly request: RefundAndResolveRequest;
  /** Refunded before, or on its way: in the minor unit. */
  readonly refunded: number;
  readonly left: number;
  /** This refund was asked for before. */
  readonly isKnown: boolean;
}

function choosePart(
  { words }: Session,
  client: WechatPayClient,
  { order, outTradeNo, totalFee, currency }: PaidOrder,
  refunds: readonly SeenRefund[],
  options: RefundOptions,
): Part {
  // One whose amount no answer tells counts as all of it.
  const refunded = refunds.filter(returnsMoney).reduce((sum, { refundFee = totalFee }) => sum + refundFee, 0);
  const left = totalFee - refunded;
  const numberOf = (fee: number): string => refundNumber(client, outTradeNo, fee);
  const refundFee =
    options.amount === undefined
      ? (lastOf(numberOf, left, refunds)?.refundFee ?? left)
      : givenAmount(words, options.amount, currency);
  // What is left may be as much as a part before it: that one has the number already, and this is another refund.
  const isTaken = options.all === true && left > 0 && refunds.some((each) => each.outRefundNo === numberOf(refundFee));
  const ownNumber = isTaken ? refundNumber(client, outTradeNo, refundFee, refunded) : numberOf(refundFee);
  const outRefundNo = options.refundNo ?? ownNumber;
  const same = refunds.some((each) => each.outRefundNo === outRefundNo);
  if (!same && left <= 0) throw new CliError(EXIT_CODES.refused, 'NOTHING_LEFT', words.nothingLeft);
  if (!same && refundFee > left) {
    throw new CliError(EXIT_CODES.refused, 'MORE_THAN_LEFT', words.moreThanLeft(amountText(left, currency)));
  }
  const { description } = options;
  const request: RefundAndResolveRequest = {
    outTradeNo,
    outRefundNo,
    totalFee,
    refundFee,
    refundCurrency: currency,
    ...(description !== undefined && { refundDescription: description }),
    ...(order.paidAt && { paidAt: order.paidAt }),
  };
  const parts = refunds.flatMap((each) =>
    each.outRefundNo === undefined || each.refundFee === undefined
      ? []
      : [{ outRefundNo: each.outRefundNo, refundFee: each.refundFee, refundStatus: each.refundStatus }],
  );
  const check = checkRefundPart(request, { totalFee, currency, parts }, client.now());
  if (check.kind === 'refused') throw new CliError(EXIT_CODES.refused, 'NOT_REFUNDABLE', check.message);
  return { request, refunded, left: same ? left : left - refundFee, isKnown: same };
}

/** The refund that `--all` asked for before, where it left nothing: the same command is the same refund. */
function lastOf(
  numberOf: (refundFee: number) => string,
  left: number,
  refunds: readonly SeenRefund[],
): SeenRefund | undefined {
  if (left > 0) return undefined;
  return refunds.find((each) => returnsMoney(each) && each.outRefundNo === numberOf(each.refundFee ?? 0));
}

function returnsMoney({ refundStatus }: SeenRefund): boolean {
  return refundStatus !== 'REFUNDCLOSE' && refundStatus !== 'FAIL';
}

/** The same command is the same refund, also where its answer was lost: its number is made of what it refunds. */
function refundNumber(
  { merchantId, subMerchantId = '' }: WechatPayClient,
  outTradeNo: string,
  refundFee: number,
  /** What went back before, where another refund of the same amount did. */
  ...before: readonly number[]
): string {
  const facts = [merchantId, subMerchantId, outTradeNo, refundFee, ...before];
  return `cli${createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 29)}`;
}

const EXITS: Readonly<Record<RefundOutcome['kind'], ExitCode>> = {
  refunded: EXIT_CODES.done,
  'refund-rejected': EXIT_CODES.refused,
  'needs-attention': EXIT_CODES.person,
  unresolved: EXIT_CODES.unknown,
};

function report(
  { words }: Session,
  { request: { outTradeNo, outRefundNo, refundFee }, isKnown, isDurable }: Part & { readonly isDurable: boolean },
  currency: string,
  outcome: RefundOutcome | undefined,
): Report {
  const { labels } = words;
  const isProven = outcome?.kind === 'refunded';
  const error = outcome && 'error' in outcome ? outcome.error : undefined;
  const said = {
    refunded: () => words.refundedText(amountText(refundFee, currency), outRefundNo),
    'refund-rejected': () => words.refundRejected(error?.errorCode ?? error?.code ?? '?'),
    'needs-attention': () => (outcome?.kind === 'needs-attention' ? words.refundAttention[outcome.reason] : ''),
    unresolved: () => words.refundUnresolved(outRefundNo),
    stored: () => words.refundStored(outRefundNo),
  }[outcome?.kind ?? 'stored']();
  return {
    exitCode: outcome ? EXITS[outcome.kind] : EXIT_CODES.unknown,
    result: {
      ...{ outTradeNo, outRefundNo, refundFee, currency, outcome },
      ...{ proven: isProven, knownBefore: isKnown, durable: isDurable },
    },
    lines: [
      `${isProven ? words.proven : words.notProven}: ${said}`,
      ...pairs([
        [labels.order, outTradeNo],
        [labels.refund, outRefundNo],
        [labels.refundId, isProven ? outcome.refundId : undefined],
        [labels.outcome, outcome?.kind],
        [labels.reason, error?.message],
        [labels.advice, error?.advice],
      ]),
    ],
  };
}
