import { setTimeout as sleep } from 'node:timers/promises';
import type { ResolutionOrder, ResolutionOutcome } from 'wechatpay-core';
import { again, isProven, orderOf, type EndedOrder, type EndedRefund } from './ends.js';
import { DurableOrdersError } from './errors.js';
import { about, publish } from './events.js';
import { entry } from './journal/entries.js';
import type { Rule } from './journal/rules.js';
import type { DurableData, JournalEntry, Lease, Verdict } from './stores/store.js';

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

/** By which rule it ended, and what is still to be noted of the way there. */
interface Way {
  readonly rule: Rule;
  readonly notes?: readonly JournalEntry[];
}

/** Who is called with the ends of one kind of row, and what is told elsewhere. */
interface TellOptions<Ended> {
  /** The option, for messages. */
  readonly name: 'onResolved' | 'onRefundResolved';
  /** Calls it; absent where there is none. */
  readonly tell: ((id: string, data: Ended) => Promise<void> | void) | undefined;
  /** Whether nothing is left for a person to do. */
  readonly isProven: (data: Ended) => boolean;
  readonly publishEnd: (id: string, data: Ended) => void;
  /** Real milliseconds from a time of the client's clock, `now`, to another. */
  readonly delay: (until: number, now: number) => number;
  /** Called once an end is stored. */
  readonly onEnd: (id: string) => void;
}

/** Until `onResolved` is called again, after it failed. */
const TELL_AGAIN_MS = 10_000;
/** For so long `onResolved` may take, in real time. */
const TELL_LIMIT_MS = 30_000;

/** The one way in which an end is told, whatever it is and whoever came to it. @param data with its end: see {@link ended}. */
export type EndTeller<Ended> = (
  id: string,
  before: DurableData,
  data: Ended,
  way: Way,
  now: number,
  save: Lease['save'],
) => Promise<Verdict>;

export function createEndTeller<Ended extends EndedOrder | EndedRefund>({
  name,
  tell,
  isProven,
  publishEnd,
  delay,
  onEnd,
}: TellOptions<Ended>): EndTeller<Ended> {
  const untold = new Untold();
  return async (id, before, data, { rule, notes = [] }, now, save): Promise<Verdict> => {
    const { end, outcome } = data;
    const isNew = before.end !== end || !before.outcome;
    const journal = isNew ? [...notes, entry('ended', now, { end, outcome, rule })] : [];
    if (tell) {
      // Stored, and fenced, before anybody is told: a worker that has lost it may have come to another end.
      await save(data, journal);
      onEnd(id);
      try {
        await withinReason(tell(id, data));
      } catch (cause) {
        const message = `${name} failed for ${before.kind === 'refund' ? 'durable refund' : 'durable order'} ${id}, and is called again.`;
        const error = new DurableOrdersError('WECHATPAY_ON_RESOLVED_FAILED', message, { cause });
        publish({ kind: 'problem', id, error });
        const reason = cause === TOO_LATE ? 'took too long' : 'threw';
        // Once for each end: it may go on for hours.
        const journal = untold.isNew(id, end) ? [entry('telling-failed', now, { end, reason })] : [];
        return again(data, delay(TELL_AGAIN_MS, 0), journal);
      }
    }
    return {
      kind: isProven(data) ? 'done' : 'dead',
      data,
      journal: tell ? [entry('told', now, { end })] : journal,
      onStored: () => {
        onEnd(id);
        publishEnd(id, data);
      },
    };
  };
}

/** How the end of an order is told. */
export function orderTelling(
  onResolved: ((resolved: ResolvedOrder) => Promise<void> | void) | undefined,
): Pick<TellOptions<EndedOrder>, 'name' | 'tell' | 'isProven' | 'publishEnd'> {
  return {
    name: 'onResolved',
    tell:
      onResolved &&
      ((id, data) => {
        const { merchantId, outcome, end, endAt } = data;
        // A copy: what a handler changes is not stored.
        return onResolved(
          structuredClone({ id, merchantId, order: orderOf(data), outcome, end, endedAt: new Date(endAt) }),
        );
      }),
    isProven: ({ outcome }) => isProven(outcome),
    publishEnd: (id, data) => {
      const { outcome, end, endAt } = data;
      publish({ kind: 'resolved', ...about(id, data), outcome, end, endedAt: new Date(endAt) });
    },
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
