import type { ResolutionOutcome, ResolutionState } from 'wechatpay-core';
import type { SqlExecutor } from './sql-executor.js';

/**
 * Where a durable order is.
 *
 * - `waiting`: for the time of its next step.
 * - `active`: a worker has it.
 * - `done`: its order has an end: paid, reversed, closed or refunded.
 * - `dead`: it needs a person: see `outcome`; {@link OrderStore.redrive} sets it going again.
 * - `cancelled`: called off before anything was reversed, since nothing was paid, or its money is looked after otherwise.
 */
export type DurableOrderStatus = 'waiting' | 'active' | 'done' | 'dead' | 'cancelled';

/** Of one that no worker takes on. */
export type EndedStatus = Extract<DurableOrderStatus, 'done' | 'dead' | 'cancelled'>;

/**
 * What can be set going again. Of those that wait, `open` have no outcome; of the `untold` it is stored, and `onResolved` has not
 * taken it yet.
 */
export type ReopenedStatus = EndedStatus | 'open' | 'untold';

/** What is stored of a durable order: plain JSON, without a secret. */
export interface DurableOrderData {
  /** Whose order it is (`mch_id`): the worker takes this merchant's client. */
  readonly merchantId: string;
  readonly state: ResolutionState;
  /** Where it is done or dead, or would be if `onResolved` had been told. */
  readonly outcome?: ResolutionOutcome;
  /** How many ends it has had: 1 for the first. It stays when the durable order is set going again, and grows with the next end. */
  readonly end?: number;
  /** When it came to that end, in milliseconds since 1970, by the client's clock. */
  readonly endAt?: number;
  /** Since when no worker could take it on, its state unreadable or its merchant unknown, in milliseconds since 1970. */
  readonly unreadableSince?: number;
}

/** A durable order as a store keeps it. */
export interface DurableOrder extends DurableOrderData {
  /** A UUID, the same for the same merchant and order: see {@link durableOrderId}. */
  readonly id: string;
  readonly status: DurableOrderStatus;
  readonly createdAt: Date;
  /** When the next step is due, by the store's clock; of one that waits. */
  readonly dueAt?: Date;
  /** When it became done, dead or cancelled. */
  readonly endedAt?: Date;
}

/** What a worker is given of a durable order: nobody else has it, as long as the lease holds. */
export interface Lease {
  readonly id: string;
  readonly data: DurableOrderData;
  /** Aborted when the worker is to stop: finish the current step, and give the durable order back. */
  readonly signal: AbortSignal;
  /**
   * Stores a new state and keeps the lease.
   *
   * @throws {LeaseLostError} another worker has it by now: do nothing more.
   */
  readonly save: (data: DurableOrderData) => Promise<void>;
}

/** What is to become of a durable order that a worker had. */
export type Verdict =
  /** It goes on, in `delayMs` milliseconds at the earliest. */
  | { readonly kind: 'again'; readonly data: DurableOrderData; readonly delayMs: number }
  | {
      readonly kind: 'done' | 'dead';
      readonly data: DurableOrderData;
      /** Called once that is stored. */
      readonly onStored?: () => void;
    };

/** Where it throws, the lease lapses: the durable order resumes from what was last stored, here or elsewhere. */
export type OrderHandler = (lease: Lease) => Promise<Verdict>;

/** Something went wrong in a store, or a lease was lost; the store goes on by itself. */
export type ProblemListener = (error: Error, id?: string) => void;

export interface EnqueueOptions {
  /**
   * The transaction to enqueue in, of PostgreSQL: what is enqueued exists once it is committed. `fromPg(client)` makes one; see the
   * guide for each database library.
   */
  readonly tx?: SqlExecutor | undefined;
}

export interface DurableOrderFilter {
  readonly status?: DurableOrderStatus | readonly DurableOrderStatus[];
  readonly merchantId?: string;
  /** Only those that were enqueued before. */
  readonly createdBefore?: Date;
  /** At most this many, 1 to 1000. @default 100 */
  readonly limit?: number;
  /** Goes on after this one, the last of the page before. */
  readonly after?: Pick<DurableOrder, 'id' | 'createdAt'>;
}

/** How many durable orders there are, and for how long the oldest has been without an end. */
export interface DurableOrderCounts extends Readonly<Record<DurableOrderStatus, number>> {
  /** Of those that wait or are active, the one that was enqueued first; absent where there is none. */
  readonly oldestOpenAt?: Date;
  /** Of those that wait, how late the most overdue one is, in milliseconds; 0 where none is overdue. */
  readonly lateMs: number;
}

/**
 * Stores durable orders, wakes them, and lets one worker at a time have each. It decides nothing about an order.
 *
 * Delivery is at least once. A worker whose lease has lapsed cannot store anything any more.
 */
export interface OrderStore {
  /**
   * Connects, and makes or migrates what it needs in its database, once, under a lock. Where it is open, it does nothing.
   *
   * Several calls of `open` and `close` at once take place in their order: no connection stays open after the last `close`.
   */
  open(): Promise<void>;
  /** Takes no more, waits for the current steps, and disconnects. */
  close(): Promise<void>;
  /**
   * Stores a durable order, due in `delayMs` milliseconds.
   *
   * @returns 'duplicate' where there is one of this `id`, whatever became of it, as long as it is kept.
   */
  enqueue(
    id: string,
    data: DurableOrderData,
    delayMs: number,
    options?: EnqueueOptions,
  ): Promise<'enqueued' | 'duplicate'>;
  /** Begins to work on what is due, `concurrency` at a time. @throws {DurableOrdersError} it does so already. */
  process(handler: OrderHandler, options: { concurrency: number; onProblem: ProblemListener }): Promise<void>;
  /** Moves the next step of one that waits, and has no outcome, to `delayMs` from now. @returns false where there is none. */
  reschedule(id: string, delayMs: number): Promise<boolean>;
  /**
   * Replaces what is stored of one that waits, has no outcome, and of which nothing is decided; it is due in `delayMs` then.
   *
   * @returns false where there is none, or it is too late: as with {@link cancel}, or it has had another end since it was read
   *   (the stored `end` is higher than the one that `data` resumes from).
   */
  amend(id: string, data: DurableOrderData, delayMs: number): Promise<boolean>;
  /**
   * Calls off one that waits, has no outcome (`outcome` or `state.outcome`), and of which nothing is decided.
   *
   * @returns false where there is none, or it is too late: it is active, it has an outcome, it has ended, or a reversal is decided.
   */
  cancel(id: string): Promise<boolean>;
  get(id: string): Promise<DurableOrder | undefined>;
  /** The oldest first. */
  list(filter: DurableOrderFilter): Promise<DurableOrder[]>;
  /**
   * Sets one going again, now, with `data`.
   *
   * @returns false where there is none, its status is none of `from`, or it has had another end since it was read: the stored `end`
   *   is higher than that of `data`.
   */
  redrive(id: string, data: DurableOrderData, from: readonly ReopenedStatus[]): Promise<boolean>;
  counts(): Promise<DurableOrderCounts>;
}
