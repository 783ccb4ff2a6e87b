import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ResolutionError,
  type ResolutionOrder,
  type ResolutionOutcome,
  type ResolutionState,
  type WechatPayClient,
} from 'wechatpay-core';
import {
  advanceResolution,
  askFirst,
  nextResolutionStep,
  setAside,
  takeResolutionStep,
} from 'wechatpay-core/resolution';
import { isOrder } from './stores/kinds.js';
import type { Lease, DurableData, DurableOrderData, OrderHandler, Verdict } from './stores/store.js';
import { dueAt, ended, isProven, ongoing, orderOf, outcomeOf } from './ends.js';
import { DurableOrdersError } from './errors.js';
import { about, publish } from './events.js';
import { clockFor, workerClock } from './clocks.js';
import { note } from './notes.js';

/** A durable order that has an outcome, or needs a person. */
export interface ResolvedOrder {
  readonly id: string;
  readonly merchantId: string;
  /** Of a stored state that cannot be read, `outTradeNo` is empty: look the durable order up by its `id`. */
  readonly order: ResolutionOrder;
  readonly outcome: ResolutionOutcome;
  /**
   * The number of this end: 1 for the first, and more after each redrive or reversal. Told of 2 and then of 1, keep 2: the
   * notification of the old end was late.
   */
  readonly end: number;
  /** When it came to this end: by the client's clock, the same each time that this end is told. */
  readonly endedAt: Date;
}

interface HandlerOptions {
  readonly clientOf: (merchantId: string) => WechatPayClient | undefined;
  readonly onResolved: ((resolved: ResolvedOrder) => Promise<void> | void) | undefined;
  /** Real milliseconds from a time of the client's clock, `now`, to another. */
  readonly delay: (until: number, now: number) => number;
}

/**
 * Until an order is looked at again that this worker cannot take on: soon at first, or the worker that can would ask too seldom
 * for the rule of unclear answers; later, as long as no worker has taken it on.
 */
const LEAVE_MS = 5_000;
const LONGEST_LEAVE_MS = 60_000;
/** Until `onResolved` is called again, after it failed. */
const TELL_AGAIN_MS = 10_000;
/** For so long `onResolved` may take, in real time. */
const TELL_LIMIT_MS = 30_000;
/** A state that no worker can read for so long is told as unresolved. */
const UNREADABLE_MS = 7 * 24 * 60 * 60 * 1000;

/** What a worker does with a durable order: it takes the steps that are due, by the rules of resolving, and stores each. */
export function createHandler({ clientOf, onResolved, delay }: HandlerOptions): OrderHandler {
  return async ({ id, data, signal, save }) => {
    const { merchantId } = data;
    const client = clientOf(merchantId);
    let now = workerClock(client, id);
    if (!isOrder(data)) return leave(id, data, { ...UNREADABLE, message: 'It is a refund.' }, now(), save);
    const outcome = outcomeOf(data);
    // Stored, and perhaps not told yet: whoever it belongs to, and whatever else its state says.
    if (outcome) return end(id, data, data.state, outcome, now(), save);
    if (!client)
      return leave(id, data, { ...NO_CLIENT, message: `Merchant ${merchantId} has no client here.` }, now(), save);
    let state: ResolutionState;
    try {
      // Whoever had it before may have acted, and died before a word of it was stored.
      state = askFirst(data.state);
    } catch (error) {
      return leave(id, data, { ...UNREADABLE, message: (error as Error).message }, now(), save);
    }
    now = clockFor(state, now);
    let isStored = true;
    for (;;) {
      const step = nextResolutionStep(state, now());
      if (step.kind === 'done') return end(id, data, state, step.outcome, now(), save);
      if (step.kind === 'wait' || signal.aborted) {
        const until = step.kind === 'wait' ? step.until : 0;
        // What is not sent now does not count as sent when it is taken up again.
        const next = ongoing(data, setAside(state));
        const news = !isStored && { journal: note('stored', now(), next) };
        return { kind: 'again', data: next, delayMs: delay(until, now()), ...news };
      }
      // A reversal that is decided is stored before it is sent: the order can no longer be kept.
      if (!isStored) {
        const next = ongoing(data, state);
        await save(next, note('stored', now(), next));
      }
      const event = await takeResolutionStep(client, state, step);
      state = advanceResolution(state, event, { now: now(), jitter: Math.random() });
      isStored = false;
      const due = state.kind === 'ended' ? {} : { dueAt: new Date(dueAt(state, now())) };
      publish({ kind: 'step', ...about(id, { merchantId, state }), step: { step, event, state }, ...due });
    }
  };

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
    if ((isReadable ? Number(deadline) : unreadableSince + UNREADABLE_MS) <= now) {
      if (isOrder(data)) return end(id, data, data.state, { kind: 'unresolved', error }, now, save);
    }
    const leaveMs = Math.min(Math.max(LEAVE_MS, now - unreadableSince), LONGEST_LEAVE_MS);
    // Not on the beat of its own polling: it would be due just before this worker looks again, and never go to another.
    return { kind: 'again', data: { ...data, unreadableSince }, delayMs: delay(leaveMs * (0.5 + Math.random()), 0) };
  }

  /** The one way in which an end is told, whatever it is and whoever came to it. */
  async function end(
    id: string,
    before: DurableOrderData,
    state: ResolutionState,
    outcome: ResolutionOutcome,
    now: number,
    save: Lease['save'],
  ): Promise<Verdict> {
    const data = ended(before, state, outcome, now);
    const endedAt = new Date(data.endAt);
    const isNew = before.end !== data.end || !before.outcome;
    if (onResolved) {
      // Stored, and fenced, before anybody is told: a worker that has lost it may have come to another end.
      await save(data, isNew ? note('ended', now, data) : []);
      try {
        const { merchantId, end } = data;
        // A copy: what a handler changes is not stored.
        const told = structuredClone({ id, merchantId, order: orderOf(data), outcome, end, endedAt });
        await withinReason(onResolved(told));
      } catch (cause) {
        const message = `onResolved failed for durable order ${id}, and is called again.`;
        const error = new DurableOrdersError('WECHATPAY_ON_RESOLVED_FAILED', message, { cause });
        publish({ kind: 'problem', id, error });
        return { kind: 'again', data, delayMs: delay(TELL_AGAIN_MS, 0) };
      }
    }
    return {
      kind: isProven(outcome) ? 'done' : 'dead',
      data,
      journal: onResolved ? note('told', now) : isNew ? note('ended', now, data) : [],
      onStored: () => {
        publish({ kind: 'resolved', ...about(id, data), outcome, end: data.end, endedAt });
      },
    };
  }
}

const NO_CLIENT = { code: 'WECHATPAY_INVALID_CONFIG', outcome: 'not-sent' } as const;
const UNREADABLE = { code: 'WECHATPAY_INVALID_REQUEST', outcome: 'not-sent' } as const;

async function withinReason(telling: Promise<void> | void): Promise<void> {
  const limit = new AbortController();
  const late = sleep(TELL_LIMIT_MS, undefined, { signal: limit.signal, ref: false }).then(() => {
    throw new DOMException(`It took more than ${TELL_LIMIT_MS / 1000} s.`, 'TimeoutError');
  });
  try {
    await Promise.race([telling, late]);
  } finally {
    late.catch(() => undefined);
    limit.abort();
  }
}
