import { type ResolutionError, type ResolutionState, type TakenStep, type WechatPayClient } from 'wechatpay-core';
import {
  advanceResolution,
  askFirst,
  nextResolutionStep,
  setAside,
  takeResolutionStep,
} from 'wechatpay-core/resolution';
import { isOrder } from './stores/kinds.js';
import type { Lease, DurableData, DurableOrderData, JournalEntry, OrderHandler, Verdict } from './stores/store.js';
import { again, dueAt, ongoing, outcomeOf } from './ends.js';
import { DurableOrdersError } from './errors.js';
import { about, publish } from './events.js';
import { clockFor, workerClock } from './clocks.js';
import { noteDecision, noteEvent } from './journal/answers.js';
import { entry } from './journal/entries.js';
import { ruleOf, type Rule } from './journal/rules.js';
import { heldBack, mayHaveHadEffect, withTimeLeft } from './pauses/held-state.js';
import type { Hold, MerchantPauses } from './pauses/merchant-pauses.js';
import { createEndTeller, type ResolvedOrder } from './tell-end.js';

interface HandlerOptions {
  readonly clientOf: (merchantId: string) => WechatPayClient | undefined;
  readonly onResolved: ((resolved: ResolvedOrder) => Promise<void> | void) | undefined;
  /** Real milliseconds from a time of the client's clock, `now`, to another. */
  readonly delay: (until: number, now: number) => number;
  readonly pauses: MerchantPauses;
  /** Whether the journal keeps the customer's openid. */
  readonly keepsOpenId: boolean;
  /** Called once an end is stored. */
  readonly onEnd: (id: string) => void;
}

/**
 * Until an order is looked at again that this worker cannot take on: soon at first, or the worker that can would ask too seldom
 * for the rule of unclear answers; later, as long as no worker has taken it on.
 */
const LEAVE_MS = 5_000;
const LONGEST_LEAVE_MS = 60_000;
/** A state that no worker can read for so long is told as unresolved. */
const UNREADABLE_MS = 7 * 24 * 60 * 60 * 1000;

/** What a worker does with a durable order: it takes the steps that are due, by the rules of resolving, and stores each. */
export function createHandler(options: HandlerOptions): OrderHandler {
  const { clientOf, delay, pauses, keepsOpenId } = options;
  const end = createEndTeller(options);
  return async ({ id, data, signal, save }) => {
    const { merchantId } = data;
    const client = clientOf(merchantId);
    let now = workerClock(client, id);
    if (!isOrder(data)) return leave(id, data, { ...UNREADABLE, message: 'It is a refund.' }, now(), save);
    const outcome = outcomeOf(data);
    // Stored, and perhaps not told yet: whoever it belongs to, and whatever else its state says.
    if (outcome) return end(id, data, { state: data.state, outcome, rule: 'already-ended' }, now(), save);
    if (!client)
      return leave(id, data, { ...NO_CLIENT, message: `Merchant ${merchantId} has no client here.` }, now(), save);
    let first: ResolutionState;
    try {
      // Whoever had it before may have acted, and died before a word of it was stored.
      first = askFirst(data.state);
    } catch (error) {
      return leave(id, data, { ...UNREADABLE, message: (error as Error).message }, now(), save);
    }
    now = clockFor(first, now);
    try {
      return await drive({ id, data, signal, save, client, now }, first);
    } finally {
      pauses.release({ id }, now());
    }
  };

  /** Takes the steps that are due. What is noted of each is stored with the state that it led to. */
  async function drive(driven: Driven, first: ResolutionState): Promise<Verdict> {
    const { id, data, signal, save, client, now } = driven;
    const { merchantId } = data;
    let state = first;
    let isStored = true;
    let notes: JournalEntry[] = [];
    let rule: Rule = 'deadline';
    for (;;) {
      const one = { id, merchantId, order: state.order };
      const step = nextResolutionStep(state, now());
      if (step.kind === 'done') {
        const pausedSince = state.kind === 'ended' ? undefined : pauses.sinceOf(one);
        if (pausedSince === undefined || state.deadline <= pausedSince)
          return end(id, data, { state, outcome: step.outcome, rule, notes }, now(), save);
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
      if (!isStored) await save(ongoing(data, state), notes);
      notes = [];
      let raw: Readonly<Record<string, string>> | undefined;
      const event = await takeResolutionStep(client, state, step, undefined, (reply) => (raw = reply));
      const at = now();
      notes.push(noteEvent(at, step.kind, event, { raw, keepsOpenId }));
      const held = pauses.hear(one, event, at);
      // A failure that is the merchant's decides nothing about the order.
      if (held && !mayHaveHadEffect(event)) return hold(driven, state, held, notes, { step, event });
      const before = state;
      state = advanceResolution(state, event, { now: at, jitter: Math.random() });
      rule = state.kind === 'ended' ? ruleOf(before, event, state) : 'deadline';
      notes.push(...noteDecision(at, before, event, state));
      isStored = false;
      const due = state.kind === 'ended' ? {} : { dueAt: new Date(dueAt(state, at)) };
      publish({ kind: 'step', ...about(id, { merchantId, state }), step: { step, event, state }, ...due });
    }
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

  /** To a worker that knows what to do with it; where none comes by the deadline, to a person. */
  async function leave(
    id: string,
    data: DurableData,
    error: ResolutionError,
    now: number,
    save: Lease['save'],
  ): Promise<Verdict> {
    const message = `Durable order ${id} is left to another worker: ${error.message}`;
    publish({ kind: 'problem', id, error: new DurableOrdersError('WECHATPAY_LEFT_TO_ANOTHER', message) });
    const { deadline } = Object(data.state) as Partial<ResolutionState>;
    const { unreadableSince = now } = data;
    const isReadable = Number.isFinite(deadline);
    if ((isReadable ? Number(deadline) : unreadableSince + UNREADABLE_MS) <= now && isOrder(data)) {
      const outcome = { kind: 'unresolved', error } as const;
      return end(id, data, { state: data.state, outcome, rule: 'nobody-could-take-it' }, now, save);
    }
    const leaveMs = Math.min(Math.max(LEAVE_MS, now - unreadableSince), LONGEST_LEAVE_MS);
    // Not on the beat of its own polling: it would be due just before this worker looks again, and never go to another.
    const journal = data.unreadableSince === undefined ? [entry('left', now, { reason: error.message })] : [];
    const delayMs = delay(leaveMs * (0.5 + Math.random()), 0);
    return again({ ...data, unreadableSince }, delayMs, journal);
  }
}

/** An order that a worker has, and can take on. */
interface Driven extends Pick<Lease, 'id' | 'signal' | 'save'> {
  readonly data: DurableOrderData;
  readonly client: WechatPayClient;
  readonly now: () => number;
}

const NO_CLIENT = { code: 'WECHATPAY_INVALID_CONFIG', outcome: 'not-sent' } as const;
const UNREADABLE = { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' } as const;
