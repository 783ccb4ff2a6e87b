import { setTimeout as sleep } from 'node:timers/promises';
import {
  advance,
  askFirst,
  nextStep,
  takeStep,
  type SettleOrder,
  type SettleOutcome,
  type SettleState,
  type WechatPayClient,
} from 'wechatpay-core';
import type { Lease, ReversalData, ReversalHandler, Verdict } from './engine.js';
import { about, publish } from './events.js';

/** A reversal that has an end, or needs a person. */
export interface SettledReversal {
  readonly id: string;
  readonly merchantId: string;
  readonly order: SettleOrder;
  readonly outcome: SettleOutcome;
}

interface HandlerOptions {
  readonly clientOf: (merchantId: string) => WechatPayClient | undefined;
  readonly onSettled: ((settled: SettledReversal) => Promise<void> | void) | undefined;
  /** Real milliseconds from a time of the client's clock, `now`, to another. */
  readonly delay: (until: number, now: number) => number;
}

/** Until a worker asks again for a merchant that it does not know, or for an `onSettled` that failed. */
const LATER_MS = 60_000;
const TELL_AGAIN_MS = 10_000;
/** For so long `onSettled` may take, in real time. */
const TELL_LIMIT_MS = 30_000;

/** What a worker does with a reversal: it takes the steps that are due, by the rules of settling, and stores each. */
export function createHandler({ clientOf, onSettled, delay }: HandlerOptions): ReversalHandler {
  return async ({ id, data, signal, save }) => {
    const { merchantId } = data;
    const client = clientOf(merchantId);
    if (!client) return leave(id, data, `Merchant ${merchantId} has no client here`);
    let state: SettleState;
    try {
      // Whoever had it before may have acted, and died before a word of it was stored.
      state = askFirst(data.state);
    } catch (error) {
      return leave(id, data, (error as Error).message);
    }
    let isStored = true;
    for (;;) {
      const step = nextStep(state, client.now());
      if (step.kind === 'done') return end(id, { merchantId, state, outcome: step.outcome }, save);
      if (step.kind === 'wait' || signal.aborted) {
        const until = step.kind === 'wait' ? step.until : 0;
        return { kind: 'again', data: { merchantId, state }, delayMs: delay(until, client.now()) };
      }
      // A revoke that is decided is stored before it is sent: the order can no longer be kept.
      if (!isStored) await save({ merchantId, state });
      const event = await takeStep(client, state, step);
      state = advance(state, event, client.now(), Math.random());
      isStored = false;
      const dueAt = state.outcome ? {} : { dueAt: new Date(state.next.at) };
      publish({ kind: 'step', ...about(id, { merchantId, state }), step: { step, event, state }, ...dueAt });
    }
  };

  /** To a worker that knows what to do with it; where none comes by the deadline, to a person. */
  function leave(id: string, data: ReversalData, problem: string): Verdict {
    publish({ kind: 'problem', id, error: new Error(`Reversal ${id} is left to another worker: ${problem}`) });
    if (data.state.deadline < Date.now()) {
      return { kind: 'dead', data: { ...data, outcome: { kind: 'unresolved' } } };
    }
    // Not on the beat of its own polling: it would be due just before this worker looks again, and never go to another.
    return { kind: 'again', data, delayMs: delay(LATER_MS * (0.5 + Math.random()), 0) };
  }

  async function end(
    id: string,
    data: ReversalData & { outcome: SettleOutcome },
    save: Lease['save'],
  ): Promise<Verdict> {
    const { merchantId, state, outcome } = data;
    if (onSettled) {
      // Stored, and fenced, before anybody is told: a worker that has lost it may have come to another end.
      await save({ merchantId, state });
      try {
        await withinReason(onSettled({ id, merchantId, order: state.order, outcome }));
      } catch (cause) {
        const error = new Error(`onSettled failed for reversal ${id}, and is called again.`, { cause });
        publish({ kind: 'problem', id, error });
        return { kind: 'again', data: { merchantId, state }, delayMs: delay(TELL_AGAIN_MS, 0) };
      }
    }
    return {
      kind: hasEnd(outcome) ? 'done' : 'dead',
      data,
      onStored: () => {
        publish({ kind: 'settled', ...about(id, data), outcome });
      },
    };
  }
}

async function withinReason(telling: Promise<void> | void): Promise<void> {
  const limit = new AbortController();
  const late = sleep(TELL_LIMIT_MS, undefined, { signal: limit.signal, ref: false }).then(() => {
    throw new Error(`It took more than ${TELL_LIMIT_MS / 1000} s.`);
  });
  try {
    await Promise.race([telling, late]);
  } finally {
    late.catch(() => undefined);
    limit.abort();
  }
}

function hasEnd({ kind }: SettleOutcome): boolean {
  return kind === 'paid' || kind === 'revoked' || kind === 'closed' || kind === 'refunded';
}
