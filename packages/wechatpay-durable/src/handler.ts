import { type ResolutionError, type ResolutionState, type TakenStep, type WechatPayClient } from 'wechatpay-core';
import {
  advanceResolution,
  askFirst,
  askOrderNow,
  nextResolutionStep,
  setAside,
  takeResolutionStep,
} from 'wechatpay-core/resolution';
import { isOrder } from './stores/kinds.js';
import type {
  DurableData,
  DurableOrderData,
  DurableRefundData,
  DurableRow,
  JournalEntry,
  Lease,
  OrderHandler,
  Verdict,
} from './stores/store.js';
import { again, dueAt, ended, isUnified, ongoing, outcomeOf, type EndedOrder } from './ends.js';
import { about, publish } from './events.js';
import { clockFor, workerClock } from './clocks.js';
import { decided, noteDecision, noteEvent } from './journal/answers.js';
import { entry } from './journal/entries.js';
import { ruleOf, type Rule } from './journal/rules.js';
import { leave, unreadable } from './leave.js';
import type { FoundClient } from './merchant-clients.js';
import { heldBack, mayHaveHadEffect, withTimeLeft } from './pauses/held-state.js';
import type { Hold, MerchantPauses } from './pauses/merchant-pauses.js';
import { isReturn, storeReturn, withoutReturn } from './refunds/return-beside-refunds.js';
import { createEndTeller, orderTelling, type ResolvedOrder } from './tell-end.js';
import type { Tracing } from './tracing.js';

/** What a worker needs, whatever it works on. */
export interface HandlerOptions {
  readonly findClient: (merchantId: string) => Promise<FoundClient>;
  /** Real milliseconds from a time of the client's clock, `now`, to another. */
  readonly delay: (until: number, now: number) => number;
  readonly pauses: MerchantPauses;
  /** Whether the journal keeps the customer's openid. */
  readonly keepsOpenId: boolean;
  readonly tracing: () => Tracing;
  /** Called once an end is stored. */
  readonly onEnd: (id: string) => void;
  /** The refunds of an order. */
  readonly partsOf: (parentId: string) => Promise<DurableRow[]>;
}

/** A row that a worker has. */
type LeaseOf<Data extends DurableData> = Omit<Lease, 'data'> & { readonly data: Data };

/** What a worker does with a row: it takes the steps that are due, by the rules of its kind, and stores each. */
export function createHandler(
  options: HandlerOptions & {
    readonly onResolved: ((resolved: ResolvedOrder) => Promise<void> | void) | undefined;
    /** What it does with a refund. */
    readonly refund: (lease: LeaseOf<DurableRefundData>) => Promise<Verdict>;
  },
): OrderHandler {
  const order = createOrderHandler(options);
  return (lease) => {
    const { data } = lease;
    return options
      .tracing()
      .resume(data.trace, () => (isOrder(data) ? order({ ...lease, data }) : options.refund({ ...lease, data })));
  };
}

function createOrderHandler(
  options: HandlerOptions & Pick<Parameters<typeof createHandler>[0], 'onResolved'>,
): (lease: LeaseOf<DurableOrderData>) => Promise<Verdict> {
  const { findClient, delay, pauses, keepsOpenId, tracing, partsOf, onResolved, onEnd } = options;
  const end = createEndTeller<EndedOrder>({ ...orderTelling(onResolved), delay, onEnd });
  return async ({ id, data, signal, save }) => {
    const { merchantId } = data;
    const found = await findClient(merchantId);
    const { client } = found;
    let now = workerClock(client, id);
    const outcome = outcomeOf(data);
    // Stored, and perhaps not told yet: whoever it belongs to, and whatever else its state says.
    if (outcome) return end(id, data, ended(data, data.state, outcome, now()), { rule: 'already-ended' }, now(), save);
    const leaveIt = (error: ResolutionError): Promise<Verdict> => {
      const unresolved = { kind: 'unresolved', error } as const;
      const { deadline: until } = Object(data.state) as Partial<ResolutionState>;
      const giveUp = (): Promise<Verdict> =>
        end(id, data, ended(data, data.state, unresolved, now()), { rule: 'nobody-could-take-it' }, now(), save);
      return leave({ id, data, error, now: now(), until, delay, giveUp });
    };
    if (!client) return leaveIt(found.reason);
    let first: ResolutionState;
    try {
      // Whoever had it before may have acted, and died before a word of it was stored.
      first = askFirst(data.state);
    } catch (error) {
      return leaveIt(unreadable(error));
    }
    now = clockFor({ since: first.orderCreatedAt, ...('at' in first && { at: first.at }) }, now);
    try {
      return await drive({ id, data, signal, save, client, now }, isUnified(data) ? woken(first, now()) : first);
    } finally {
      pauses.release({ id }, now());
    }
  };

  /** Takes the steps that are due. What is noted of each is stored with the state that it led to. */
  async function drive(driven: Driven, first: ResolutionState): Promise<Verdict> {
    const { id, data, signal, save, client, now } = driven;
    const { merchantId } = data;
    let state = first;
    let before = first;
    let isStored = true;
    let notes: JournalEntry[] = [];
    let rule: Rule = 'deadline';
    for (;;) {
      const one = { id, merchantId, order: state.order };
      const step = nextResolutionStep(state, now());
      if (step.kind === 'done') {
        const pausedSince = state.kind === 'ended' ? undefined : pauses.sinceOf(one);
        if (pausedSince === undefined || state.deadline <= pausedSince)
          return end(id, data, ended(data, state, step.outcome, now()), { rule, notes }, now(), save);
        // Nobody asked for it, as its merchant is paused: that does not end it.
        state = withTimeLeft(state, now());
        isStored = false;
        continue;
      }
      if (step.kind === 'wait' || signal.aborted) {
        const until = step.kind === 'wait' ? step.until : 0;
        // What is not sent now does not count as sent when it is taken up again.
        return again(ongoing(data, setAside(state)), delay(until, now()), notes);
      }
      const pause = pauses.holdOf(one, step.kind, now());
      if (pause) return hold(driven, state, pause, notes);
      // A reversal that is decided is stored before it is sent: the order can no longer be kept.
      if (isReturn(step)) {
        const inTheWay = await storeReturn({ id, save }, step, ongoing(data, state), notes, partsOf);
        if (inTheWay) return postpone(driven, before, state, inTheWay.notes);
      } else if (!isStored) {
        await save(ongoing(data, state), notes);
      }
      notes = [];
      let raw: Readonly<Record<string, string>> | undefined;
      const traced = { kind: 'order', step: step.kind, merchantId, outTradeNo: state.order.outTradeNo } as const;
      const event = await tracing().step(traced, () =>
        takeResolutionStep(client, state, step, undefined, (reply) => (raw = reply)),
      );
      const at = now();
      notes.push(noteEvent(at, step.kind, event, { raw, keepsOpenId }));
      const held = pauses.hear(one, event, at);
      // A failure that is the merchant's decides nothing about the order.
      if (held && !mayHaveHadEffect(event)) return hold(driven, state, held, notes, { step, event });
      before = state;
      state = advanceResolution(state, event, { now: at, jitter: Math.random() });
      rule = state.kind === 'ended' ? ruleOf(before, event, state) : 'deadline';
      notes.push(...noteDecision(at, before, event, state));
      isStored = false;
      const due = state.kind === 'ended' ? {} : { dueAt: new Date(dueAt(state, at)) };
      publish({ kind: 'step', ...about(id, { merchantId, state }), step: { step, event, state }, ...due });
    }
  }

  /** Nothing is returned beside a refund of the order: it is asked for again, until it has an end or nothing is in the way. */
  function postpone(
    { data, now }: Driven,
    before: ResolutionState,
    returning: ResolutionState,
    notes: readonly JournalEntry[],
  ): Verdict {
    const at = now();
    const next = withoutReturn(data, { before, decided: returning, now: at });
    return again(next, delay(dueAt(next.state, at), at), [...notes, decided(at, 'postpone', 'refund-beside-it')]);
  }

  /** Until its merchant's settings work again; its deadline is later by as much. */
  function hold(
    { id, data, now }: Driven,
    state: ResolutionState,
    { code, operation, forMs, since, isFirst }: Hold,
    notes: readonly JournalEntry[],
    taken?: Pick<TakenStep, 'step' | 'event'>,
  ): Verdict {
    const at = now();
    const next = heldBack(state, { at, forMs, since, event: taken?.event });
    if (taken) {
      const { merchantId } = data;
      const dueAt = new Date(at + forMs);
      publish({ kind: 'step', ...about(id, { merchantId, state: next }), step: { ...taken, state: next }, dueAt });
    }
    const { deadline } = next;
    const held = entry('held', at, { code, operation, until: at + forMs, deadline });
    const journal = isFirst ? [...notes, held] : notes;
    return again(ongoing(data, next), delay(at + forMs, at), journal);
  }
}

/** An order that comes so long before its next step is due was woken by a notification; less may be a clock that differs. */
const WOKEN_MS = 1_000;

/** An order that is here before its next step is due: somebody says that something has happened, so it is asked for. */
function woken(state: ResolutionState, now: number): ResolutionState {
  return dueAt(state, now) - now > WOKEN_MS ? askOrderNow(state, now) : state;
}

/** An order that a worker has, and can take on. */
interface Driven extends Pick<Lease, 'id' | 'signal' | 'save'> {
  readonly data: DurableOrderData;
  readonly client: WechatPayClient;
  readonly now: () => number;
}
