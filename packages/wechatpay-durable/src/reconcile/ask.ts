import type { ResolutionEvent, ResolutionOutcome, ResolutionState } from 'wechatpay-core';
import { advanceResolution, recheckResolution, setAside, takeResolutionStep } from 'wechatpay-core/resolution';
import { readClock } from '../clocks.js';
import { ended, isUnified, ongoing, orderOf, outcomeOf } from '../ends.js';
import { hastenOrder } from '../enqueue.js';
import { isDurableOrdersError } from '../errors.js';
import { about, publish } from '../events.js';
import { deadlineOf } from '../intent.js';
import { noteDecision, noteEvent } from '../journal/answers.js';
import { entry } from '../journal/entries.js';
import { ruleOf } from '../journal/rules.js';
import type { Orders } from '../orders.js';
import { noteReopened, type Reopened } from '../redrive.js';
import { isWithoutEffect } from '../refunds/parts.js';
import { noRefundBesideReturn } from '../refunds/refund-under-way.js';
import { isOrder, isRefund } from '../stores/kinds.js';
import type { DurableOrder, DurableOrderData, DurableRow } from '../stores/store.js';
import type { DifferenceStatus, DifferenceWhy } from './differences.js';

/** What came of asking. */
export interface Asked {
  readonly status: DifferenceStatus;
  readonly why?: DifferenceWhy;
  /** When the payment was made that the durable order knows, as a verified answer told it; or when the refund was submitted. */
  readonly movedAt?: number | undefined;
  /** A verified answer names the order, and says that nobody has paid it. */
  readonly isUnpaid?: boolean;
  /** A verified answer says that there is no such order. */
  readonly isAbsent?: true;
}

const STILL_ASKING: Asked = { status: 'asking' };
const DECIDES_NOTHING: Asked = { status: 'needs-person', why: 'answer-decides-nothing' };
const RETURN_IS_FOR_PERSON: Asked = { status: 'needs-person', why: 'return-is-for-person' };

/**
 * Asks WeChat Pay for an order that the statement says something else of. What the statement says decides nothing: only a verified answer
 * that contradicts the stored end is stored, and the durable order goes on from it.
 */
export async function askForOrder(orders: Orders, id: string, signal: AbortSignal | undefined): Promise<Asked> {
  const stored = await orders.store.get(id);
  if (!stored || !isOrder(stored)) return { status: 'needs-person', why: 'unknown-order' };
  const outcome = outcomeOf(stored);
  const client = await orders.clientOf(stored.merchantId);
  if (stored.status === 'active' || stored.status === 'waiting') {
    // It is asked for anyway.
    const { outTradeNo, subMerchantId } = orderOf(stored);
    if (!outcome) await hastenOrder(orders, { outTradeNo, subMerchantId, merchantId: stored.merchantId });
    return STILL_ASKING;
  }
  const now = readClock(client);
  const before = recheckResolution(stored.state, now, deadlineFor(stored, now));
  let raw: Readonly<Record<string, string>> | undefined;
  const event = await takeResolutionStep(client, before, { kind: 'query' }, signal, (reply) => (raw = reply));
  if (event.kind !== 'queried') return isAboutOrder(event) ? { ...DECIDES_NOTHING, isAbsent: true } : STILL_ASKING;
  const told = {
    movedAt: isSamePayment(event, outcome) ? event.paidAt : undefined,
    isUnpaid: UNPAID.has(event.tradeState),
  };
  const isRefundedHere = event.tradeState === 'REFUND' && (await hasRefund(orders, id));
  if (confirms(event, outcome, isRefundedHere)) {
    return { status: 'needs-person', why: 'answer-agrees-with-order', ...told };
  }
  const at = readClock(client);
  const after = advanceResolution(before, event, { now: at });
  // The same end again would be told again each time that the day is reconciled.
  const isSameEnd = after.kind === 'ended' && after.outcome.kind === outcome?.kind;
  if (isSameEnd || !maySetGoing(event, after)) return { ...DECIDES_NOTHING, ...told };
  // Somebody was asked to decide about its money, and may have: only what is proven is stored, and nothing is returned.
  if (stored.status === 'dead' && after.kind !== 'ended') return { ...RETURN_IS_FOR_PERSON, ...told };
  await setGoing(orders, stored, { before, event, after, at, raw }); // or somebody else has, since it was read
  return { ...STILL_ASKING, ...told };
}

/** Not USERPAYING, which may still end as paid. */
const UNPAID: ReadonlySet<string> = new Set(['NOTPAY', 'CLOSED', 'PAYERROR']);

function deadlineFor(stored: DurableOrder, now: number): number {
  const { orderCreatedAt, policy, timeExpire } = stored.state;
  return deadlineOf(undefined, { now, orderCreatedAt, policy, isUnified: isUnified(stored), timeExpire });
}

/** WeChat Pay's own, signed word that it knows no such order. */
function isAboutOrder(event: ResolutionEvent): boolean {
  return event.kind === 'failed' && event.error.errorCode === 'ORDERNOTEXIST';
}

/** @param isRefundedHere whether a durable refund of it may have been accepted: `REFUND` says that it was paid, then. */
function confirms(event: Queried, outcome: ResolutionOutcome | undefined, isRefundedHere: boolean): boolean {
  const { tradeState } = event;
  switch (outcome?.kind) {
    case 'paid':
      return (tradeState === 'SUCCESS' || isRefundedHere) && isSamePayment(event, outcome);
    case 'reversed':
    case 'closed':
      return tradeState === 'REVOKED' || tradeState === 'CLOSED';
    case 'refunded':
      return tradeState === 'REFUND';
    default:
      return false;
  }
}

/** Whether an answer is about the payment that a durable order knows, as far as both say. */
function isSamePayment({ payment: told }: Queried, outcome: ResolutionOutcome | undefined): boolean {
  if (outcome?.kind !== 'paid' && outcome?.kind !== 'refund-required') return true;
  const { totalFee, currency, transactionId } = outcome.payment;
  return (
    isSame(totalFee, told?.totalFee) && isSame(currency, told?.currency) && isSame(transactionId, told?.transactionId)
  );
}

/** Whether a durable refund of an order may have been accepted. */
async function hasRefund(orders: Orders, parentId: string): Promise<boolean> {
  return (await orders.store.find({ parentId })).some((row) => isRefund(row) && !isWithoutEffect(row));
}

function isSame(stored: unknown, told: unknown): boolean {
  return stored === undefined || told === undefined || stored === told;
}

/**
 * Only an end that the answer itself proves; or the return of a payment that the answer proves, where the order's policy wants it returned.
 * What would go on by asking might end otherwise: by a time-out, which says nothing about an order that was kept.
 */
function maySetGoing({ tradeState }: Queried, { kind }: ResolutionState): boolean {
  return kind === 'ended' || ((kind === 'reversing' || kind === 'refunding') && tradeState === 'SUCCESS');
}

type Queried = ResolutionEvent & { readonly kind: 'queried' };

interface Found {
  readonly before: ResolutionState;
  readonly event: Queried;
  readonly after: ResolutionState;
  readonly at: number;
  readonly raw: Readonly<Record<string, string>> | undefined;
}

/** As it is when it is set going: where it has had another end since it was read, that stands. */
async function setGoing(orders: Orders, stored: DurableOrder, found: Found): Promise<void> {
  const { before, event, after, at, raw } = found;
  const { id } = stored;
  const traced = orders.traced();
  let data: DurableOrderData | undefined;
  const change = (row: DurableRow): Reopened | undefined => {
    if (!isOrder(row) || row.end !== stored.end || outcomeOf(row)?.kind !== outcomeOf(stored)?.kind) return undefined;
    // A worker makes the call, and asks first: nothing counts as sent that was not.
    const open: DurableOrderData = { ...ongoing<DurableOrderData>(row, setAside(after)), ...traced };
    data = after.kind === 'ended' ? { ...ended(open, after, after.outcome, at), ...traced } : open;
    const noteOfEnd =
      after.kind === 'ended'
        ? [entry('ended', at, { end: data.end ?? 1, outcome: after.outcome, rule: ruleOf(before, event, after) })]
        : [];
    const journal = [
      ...noteReopened(at, row, { ...open, state: before }, { by: 'reconcile' }),
      noteEvent(at, 'query', event, { raw, keepsOpenId: orders.keepsOpenId }),
      ...noteDecision(at, before, event, after),
      ...noteOfEnd,
    ];
    return { data, journal };
  };
  const parent = after.kind === 'ended' ? undefined : noRefundBesideReturn(id, after.policy);
  try {
    const from = after.kind === 'ended' ? (['done', 'dead', 'cancelled'] as const) : (['done', 'cancelled'] as const);
    const isSet = await orders.store.redrive(id, from, change, parent);
    if (isSet && data) publish({ kind: 'redriven', ...about(id, data) });
  } catch (error) {
    // Beside a refund of it: the day is gone through again.
    if (!isDurableOrdersError(error) || error.code !== 'WECHATPAY_ORDER_BUSY') throw error;
  }
}
