import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolutionOrder, ResolutionOutcome, ResolutionState } from 'wechatpay-core';
import { again, ended, isProven, orderOf } from './ends.js';
import { DurableOrdersError } from './errors.js';
import { about, publish } from './events.js';
import { entry } from './journal/entries.js';
import type { Rule } from './journal/rules.js';
import type { DurableOrderData, JournalEntry, Lease, Verdict } from './stores/store.js';

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

/** How an order ended, by which rule, and what is still to be noted of the way there. */
interface End {
  readonly state: ResolutionState;
  readonly outcome: ResolutionOutcome;
  readonly rule: Rule;
  readonly notes?: readonly JournalEntry[];
}

interface TellOptions {
  readonly onResolved: ((resolved: ResolvedOrder) => Promise<void> | void) | undefined;
  /** Real milliseconds from a time of the client's clock, `now`, to another. */
  readonly delay: (until: number, now: number) => number;
  /** Called once an end is stored. */
  readonly onEnd: (id: string) => void;
}

/** Until `onResolved` is called again, after it failed. */
const TELL_AGAIN_MS = 10_000;
/** For so long `onResolved` may take, in real time. */
const TELL_LIMIT_MS = 30_000;

/** The one way in which an end is told, whatever it is and whoever came to it. */
export type EndTeller = (
  id: string,
  before: DurableOrderData,
  end: End,
  now: number,
  save: Lease['save'],
) => Promise<Verdict>;

export function createEndTeller({ onResolved, delay, onEnd }: TellOptions): EndTeller {
  const untold = new Untold();
  return async (
    id: string,
    before: DurableOrderData,
    { state, outcome, rule, notes = [] }: End,
    now: number,
    save: Lease['save'],
  ): Promise<Verdict> => {
    const data = ended(before, state, outcome, now);
    const { end, endAt } = data;
    const endedAt = new Date(endAt);
    const isNew = before.end !== end || !before.outcome;
    const journal = isNew ? [...notes, entry('ended', now, { end, outcome, rule })] : [];
    if (onResolved) {
      // Stored, and fenced, before anybody is told: a worker that has lost it may have come to another end.
      await save(data, journal);
      onEnd(id);
      try {
        const { merchantId } = data;
        // A copy: what a handler changes is not stored.
        const told = structuredClone({ id, merchantId, order: orderOf(data), outcome, end, endedAt });
        await withinReason(onResolved(told));
      } catch (cause) {
        const message = `onResolved failed for durable order ${id}, and is called again.`;
        const error = new DurableOrdersError('WECHATPAY_ON_RESOLVED_FAILED', message, { cause });
        publish({ kind: 'problem', id, error });
        const reason = cause === TOO_LATE ? 'took too long' : 'threw';
        // Once for each end: it may go on for hours.
        const journal = untold.isNew(id, end) ? [entry('telling-failed', now, { end, reason })] : [];
        return again(data, delay(TELL_AGAIN_MS, 0), journal);
      }
    }
    return {
      kind: isProven(outcome) ? 'done' : 'dead',
      data,
      journal: onResolved ? [entry('told', now, { end })] : journal,
      onStored: () => {
        onEnd(id);
        publish({ kind: 'resolved', ...about(id, data), outcome, end, endedAt });
      },
    };
  };
}

/** The ends that `onResolved` did not take, as far as this process knows. */
class Untold {
  readonly #ends = new Map<string, number>();

  isNew(id: string, end: number): boolean {
    if (this.#ends.get(id) === end) return false;
    if (this.#ends.size >= REMEMBERED) this.#ends.clear();
    this.#ends.set(id, end);
    return true;
  }
}

const REMEMBERED = 10_000;

const TOO_LATE = new DOMException(`It took more than ${TELL_LIMIT_MS / 1000} s.`, 'TimeoutError');

async function withinReason(telling: Promise<void> | void): Promise<void> {
  const limit = new AbortController();
  const late = sleep(TELL_LIMIT_MS, undefined, { signal: limit.signal, ref: false }).then(() => {
    throw TOO_LATE;
  });
  try {
    await Promise.race([telling, late]);
  } finally {
    late.catch(() => undefined);
    limit.abort();
  }
}
