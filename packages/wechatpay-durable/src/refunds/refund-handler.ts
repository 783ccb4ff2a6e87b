import {
  REFUND_SPACING_MS,
  type RefundEvent,
  type RefundOutcome,
  type RefundState,
  type ResolutionError,
  type TakenRefundStep,
  type WechatPayClient,
} from 'wechatpay-core';
import {
  advanceRefund,
  askRefundFirst,
  nextRefundStep,
  readRefundState,
  takeRefundStep,
} from 'wechatpay-core/resolution';
import { clockFor, workerClock } from '../clocks.js';
import { again, ended, ongoing, outcomeOf } from '../ends.js';
import { aboutRefund, publish } from '../events.js';
import type { HandlerOptions } from '../handler.js';
import { decided } from '../journal/answers.js';
import { entry } from '../journal/entries.js';
import { leave, unreadable } from '../leave.js';
import { mayHaveHadEffect } from '../pauses/held-state.js';
import type { Hold } from '../pauses/merchant-pauses.js';
import type { DurableRefundData, DurableRow, JournalEntry, Lease, Verdict } from '../stores/store.js';
import { AS_OF_ORDER, asOfOrder, heldRefund } from './refund-calls.js';
import { createRefundTeller, type RefundListener } from './refund-end.js';
import { noteRefundDecision, noteRefundEvent, ruleOfRefund, ruleOfSubmission } from './refund-journal.js';
import { freeFrom } from './spacing.js';

interface RefundHandlerOptions extends HandlerOptions {
  readonly onRefundResolved: RefundListener | undefined;
}

/** What is stored is sent soon after, or not at all: another worker may have the refund by then. */
const SENT_WITHIN_MS = 30_000;
/** Two parts that were in each other's way come back so far apart. */
const SPREAD_MS = 10_000;

/** What a worker does with a durable refund: it takes the steps that are due, by the core's rules of a refund, and stores each. */
export function createRefundHandler(
  options: RefundHandlerOptions,
): (lease: Omit<Lease, 'data'> & { readonly data: DurableRefundData }) => Promise<Verdict> {
  const { findClient, delay, pauses, keepsOpenId, tracing, partsOf } = options;
  const end = createRefundTeller(options);
  return async (lease) => {
    const { id, data, save } = lease;
    const { merchantId } = data;
    const found = await findClient(merchantId);
    const { client } = found;
    const now = workerClock(client, id);
    const endAs = (outcome: RefundOutcome, rule: 'already-ended' | 'nobody-could-take-it'): Promise<Verdict> =>
      end(id, data, ended(data, data.state, outcome, now()), { rule }, now(), save);
    const outcome = outcomeOf(data);
    // Stored, and perhaps not told yet: whoever it belongs to, and whatever else its state says.
    if (outcome) return endAs(outcome, 'already-ended');
    const leaveIt = (error: ResolutionError): Promise<Verdict> => {
      const { startedAt, policy } = Object(data.state) as Partial<RefundState>;
      const until = Number(startedAt) + Number(policy?.attentionAfterMs);
      const giveUp = (): Promise<Verdict> => endAs({ kind: 'unresolved', error }, 'nobody-could-take-it');
      return leave({ id, data, error, now: now(), until, delay, giveUp });
    };
    if (!client) return leaveIt(found.reason);
    let state: RefundState;
    try {
      // A state by which Submit Refund is due was stored after the last one, or before the first: nothing is under way of which it
      // does not tell.
      state = readRefundState(data.state);
    } catch (error) {
      return leaveIt(unreadable(error));
    }
    const clock = clockFor({ since: state.startedAt, ...('at' in state && { at: state.at }) }, now);
    try {
      return await drive({ ...lease, client, now: clock }, state);
    } finally {
      pauses.release({ id }, now());
    }
  };

  /** Takes the steps that are due. What is noted of each is stored with the state that it led to. */
  async function drive(given: Driven, first: RefundState): Promise<Verdict> {
    const { id, signal, save, client, now } = given;
    const { merchantId, order } = given.data;
    const one = { id, merchantId, order: { ...order, ...partyOf(first) } };
    let driven = given;
    let state = first;
    let notes: JournalEntry[] = [];
    let rule = ruleOfSubmission(first);
    for (;;) {
      const { data } = driven;
      const step = nextRefundStep(state, now());
      if (step.kind === 'done') {
        const over = ended(data, state, step.outcome, now());
        return end(id, data, over, { rule: ruleOfRefund(step.outcome), notes }, now(), save);
      }
      if (step.kind === 'wait' || signal.aborted) {
        return again(ongoing(data, state), delay(step.kind === 'wait' ? step.until : 0, now()), notes);
      }
      const pause = pauses.holdOf(one, AS_OF_ORDER[step.kind], now());
      if (pause) return hold(driven, state, pause, notes);
      if (step.kind === 'submit-refund') {
        const refusal = await beforeSubmission(driven, state, [...notes], rule);
        if (refusal) return refusal;
        notes = [];
      }
      let raw: Readonly<Record<string, string>> | undefined;
      const { outTradeNo } = order;
      const { outRefundNo } = state.request;
      const traced = { kind: 'refund', step: step.kind, merchantId, outTradeNo, outRefundNo } as const;
      const event = await tracing().step(traced, () =>
        takeRefundStep(client, state, step, undefined, (reply) => (raw = reply)),
      );
      const at = now();
      notes.push(noteRefundEvent(at, event, { raw, keepsOpenId }));
      const told = asOfOrder(event);
      const held = pauses.hear(one, told, at);
      // A failure that is the merchant's decides nothing about the refund.
      if (held && !mayHaveHadEffect(told)) return hold(driven, state, held, notes, { step, event });
      const before = state;
      state = advanceRefund(state, event, { now: at, jitter: Math.random() });
      driven = { ...driven, data: withAcceptance(withTransaction(data, event, state), before, state, at) };
      rule = ruleOfSubmission(state);
      notes.push(...noteRefundDecision(at, before, state));
      const due = state.kind === 'ended' ? {} : { dueAt: new Date(state.at) };
      publish({ kind: 'refund-step', ...aboutRefund(id, data), step: { step, event, state }, ...due });
    }
  }

  /**
   * Stores that Submit Refund may have been sent, before it is: a worker that dies leaves a refund that is asked for first.
   *
   * @returns what to do instead, where it must not be sent now.
   */
  async function beforeSubmission(
    { id, data, parentId, save, now }: Driven,
    state: RefundState,
    notes: readonly JournalEntry[],
    rule: ReturnType<typeof ruleOfSubmission>,
  ): Promise<Verdict | undefined> {
    const otherParts = (): Promise<DurableRow[]> => (parentId === undefined ? Promise.resolve([]) : partsOf(parentId));
    const postponed = (until: number, notes: readonly JournalEntry[]): Verdict =>
      again(ongoing(data, { ...state, at: until } as RefundState), delay(until, now()), notes);
    const notBefore = freeFrom({ id, submittedAt: now() }, await otherParts());
    if (notBefore > now()) return postponed(notBefore, notes);
    const at = now();
    const maybe = { ...askRefundFirst(state, at), submittedAt: at, notBefore: at + REFUND_SPACING_MS } as RefundState;
    await save(ongoing(data, maybe), [...notes, decided(at, 'submit-refund', rule)]);
    // Of two that store it at once, at least one sees the other. Where both do, both come back, and not at the same time again.
    const free = freeFrom({ id, submittedAt: at }, await otherParts());
    if (free <= at && now() - at <= SENT_WITHIN_MS) return undefined;
    const until = Math.max(free, now()) + Math.round(Math.random() * SPREAD_MS);
    return postponed(until, [decided(now(), 'postpone', 'minute-between-parts')]);
  }

  /** Until its merchant's settings work again. */
  function hold(
    { id, data, now }: Driven,
    state: RefundState,
    { code, operation, forMs, isFirst }: Hold,
    notes: readonly JournalEntry[],
    taken?: Pick<TakenRefundStep, 'step' | 'event'>,
  ): Verdict {
    const at = now();
    const next = heldRefund(state, { at, forMs, event: taken?.event });
    if (taken) {
      const dueAt = new Date(at + forMs);
      publish({ kind: 'refund-step', ...aboutRefund(id, data), step: { ...taken, state: next }, dueAt });
    }
    const held = entry('held', at, { code, operation, until: at + forMs, deadline: next.deadline });
    return again(ongoing(data, next), delay(at + forMs, at), isFirst ? [...notes, held] : notes);
  }
}

/** A refund that a worker has, and can take on. */
interface Driven extends Pick<Lease, 'id' | 'parentId' | 'signal' | 'save'> {
  readonly data: DurableRefundData;
  readonly client: WechatPayClient;
  readonly now: () => number;
}

/** With the transaction that a verified answer has named: from then on, the refund is found by it. */
function withTransaction(data: DurableRefundData, event: RefundEvent, after: RefundState): DurableRefundData {
  const isOfAnother =
    after.kind === 'ended' && after.outcome.kind === 'needs-attention' && after.outcome.reason === 'differs';
  if (event.kind !== 'refund-queried' || isOfAnother || data.order.transactionId !== undefined) return data;
  const transactionId = event.refunds[0]?.transactionId;
  return transactionId === undefined ? data : { ...data, order: { ...data.order, transactionId } };
}

/** With the time at which it is known to be accepted: its day may have been compared by then, without a claim of it. */
function withAcceptance(
  data: DurableRefundData,
  before: RefundState,
  after: RefundState,
  at: number,
): DurableRefundData {
  const isNew = before.refundId === undefined && after.refundId !== undefined && data.acceptedAt === undefined;
  return isNew ? { ...data, acceptedAt: at } : data;
}

function partyOf({ request: { subMerchantId } }: RefundState): { readonly subMerchantId?: string } {
  return subMerchantId === undefined ? {} : { subMerchantId };
}
