// Over 250 lines, as one idea: what a store is given, gives and promises, for whoever writes or uses one.
import type {
  RefundOutcome,
  RefundState,
  ResolutionOutcome,
  ResolutionState,
  StatementDay,
  StatementRow,
} from 'wechatpay-core';
import type { TraceContext } from '../trace-context.js';
import type { SqlExecutor } from './sql-executor.js';

/**
 * Where a durable order is.
 *
 * - `waiting`: for the time of its next step.
 * - `active`: a worker has it.
 * - `done`: its order has an end: paid, reversed, closed or refunded. Of a refund: the customer has the money.
 * - `dead`: it needs a person: see `outcome`; {@link OrderStore.redrive} sets it going again.
 * - `cancelled`: called off before anything was reversed, since nothing was paid, or its money is looked after otherwise. Of a refund:
 *   before anything was sent.
 */
export type DurableOrderStatus = 'waiting' | 'active' | 'done' | 'dead' | 'cancelled';

/** Of one that no worker takes on. */
export type EndedStatus = Extract<DurableOrderStatus, 'done' | 'dead' | 'cancelled'>;

/**
 * What can be set going again. Of those that wait, `open` have no outcome; of the `untold` it is stored, and `onResolved` has not
 * taken it yet.
 */
export type ReopenedStatus = EndedStatus | 'open' | 'untold';

/** What a row of a store is: an order, or a refund that is driven to its end as an order is. */
export type DurableKind = 'order' | 'refund';

/** What is stored of a durable order: plain JSON, without a secret. */
export interface DurableOrderData {
  /** Absent: an order is what a row is unless it says otherwise. */
  readonly kind?: 'order';
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
  /** Where it is traced, the request that stored it, or set it going again: each step of a worker belongs to the same trace. */
  readonly trace?: TraceContext;
}

/** What is stored of a durable refund: plain JSON, without a secret. */
export interface DurableRefundData extends Omit<DurableOrderData, 'kind' | 'state' | 'outcome'> {
  readonly kind: 'refund';
  /** The order that it is a part of, as far as its numbers are known. */
  readonly order: { readonly outTradeNo: string; readonly transactionId?: string };
  /** When a verified answer first named WeChat Pay's number of it, in milliseconds since 1970, by the client's clock. */
  readonly acceptedAt?: number;
  /** `state.request` is what is sent, the same each time. */
  readonly state: RefundState;
  /** Where it is done or dead, or would be if `onRefundResolved` had been told. */
  readonly outcome?: RefundOutcome;
}

export type DurableData = DurableOrderData | DurableRefundData;

/** How a row stands in its store. */
interface Standing {
  /** A UUID, the same for the same merchant and order: see {@link durableOrderId}. */
  readonly id: string;
  readonly status: DurableOrderStatus;
  readonly createdAt: Date;
  /** When the next step is due, by the store's clock; of one that waits. */
  readonly dueAt?: Date;
  /** When it became done, dead or cancelled. */
  readonly endedAt?: Date;
  /** The `id` of the order that it is a refund of. */
  readonly parentId?: string;
  /** Its last journal entry: where the journal does not reach it, entries were cut off. */
  readonly journalHead?: Pick<StoredJournalEntry, 'seq' | 'hash'>;
}

/** A durable order as a store keeps it. */
export interface DurableOrder extends DurableOrderData, Standing {}

/** A durable refund as a store keeps it. */
export interface DurableRefund extends DurableRefundData, Standing {}

export type DurableRow = DurableOrder | DurableRefund;

/** Something that happened to a row, to be noted with the change that it explains: in one transaction, or not at all. */
export interface JournalEntry {
  /** When, in milliseconds since 1970: by the clock of whoever notes it. */
  readonly at: number;
  /** What, as in `enqueued`. */
  readonly kind: string;
  /** Plain JSON, without a secret. */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** An entry as it is kept: numbered within its row, and chained. */
export interface StoredJournalEntry extends JournalEntry {
  /** 1 for the first of a row, and one more for each. */
  readonly seq: number;
  /** SHA-256, in hex, of the hash of the entry before and this entry: an entry that is changed or taken away breaks the chain. */
  readonly hash: string;
}

/** What a worker is given of a durable order: nobody else has it, as long as the lease holds. */
export interface Lease {
  readonly id: string;
  readonly data: DurableData;
  /** The `id` of the order that it is a refund of. */
  readonly parentId?: string;
  /** Aborted when the worker is to stop: finish the current step, and give the durable order back. */
  readonly signal: AbortSignal;
  /**
   * Stores a new state, with what is to be noted of it, and keeps the lease.
   *
   * @param parent of an order, itself: its refunds are checked. Where the check throws, nothing is stored, and the lease is kept.
   * @throws {LeaseLostError} another worker has it by now: do nothing more.
   * @throws whatever `parent.check` throws.
   */
  readonly save: (data: DurableData, journal?: readonly JournalEntry[], parent?: ParentCheck) => Promise<void>;
}

/** What is to become of a durable order that a worker had. */
export type Verdict =
  /** It goes on, in `delayMs` milliseconds at the earliest. */
  | {
      readonly kind: 'again';
      readonly data: DurableData;
      readonly delayMs: number;
      readonly journal?: readonly JournalEntry[];
    }
  | {
      readonly kind: 'done' | 'dead';
      readonly data: DurableData;
      readonly journal?: readonly JournalEntry[];
      /** Called once that is stored. */
      readonly onStored?: () => void;
    };

/** Where it throws, the lease lapses: the durable order resumes from what was last stored, here or elsewhere. */
export type OrderHandler = (lease: Lease) => Promise<Verdict>;

/** Something went wrong in a store, or a lease was lost; the store goes on by itself. */
export type ProblemListener = (error: Error, id?: string) => void;

/** What takes the place of a row: made of the row as it is, so that no change in between is lost. */
export interface Amendment {
  readonly data: DurableData;
  /** When it is due, in milliseconds from now. */
  readonly delayMs: number;
  readonly journal?: readonly JournalEntry[];
}

export interface EnqueueOptions {
  /**
   * The transaction to enqueue in, of PostgreSQL: what is enqueued exists once it is committed. `fromPg(client)` makes one; see the
   * guide for each database library.
   */
  readonly tx?: SqlExecutor | undefined;
}

/** What a store is asked to enqueue with. */
export interface StoreEnqueueOptions extends EnqueueOptions {
  /** Noted where it is enqueued, and not where it is a duplicate. */
  readonly journal?: readonly JournalEntry[] | undefined;
  /** Of a refund: the order that it is a part of. Of an order, itself: its refunds are checked. */
  readonly parent?: ParentCheck | undefined;
}

/** Holds the parts of one order together, whichever processes enqueue them. */
export interface ParentCheck {
  /** The `id` of the order; there need not be a row of it. */
  readonly id: string;
  /**
   * Called once, between a lock on the parent and the insert: what it sees is all that there is. Nothing is stored where it throws.
   *
   * On Redis, where another process was faster, it is called again. Of a refund that is set going again, the row itself is among the
   * `siblings`.
   */
  readonly check: (siblings: readonly DurableRow[], parent: DurableRow | undefined) => void;
}

export interface DurableOrderFilter {
  readonly status?: DurableOrderStatus | readonly DurableOrderStatus[];
  readonly merchantId?: string;
  /** Only those that were enqueued before. */
  readonly createdBefore?: Date;
  /** Only those that ended at `from` or later, and before `to`: in the order of their ends. */
  readonly ended?: { readonly from: Date; readonly to: Date };
  /** At most this many, 1 to 1000. @default 100 */
  readonly limit?: number;
  /** Goes on after this one, the last of the page before. */
  readonly after?: Pick<DurableOrder, 'id' | 'createdAt' | 'endedAt'>;
}

export interface StoreFilter extends DurableOrderFilter {
  /** @default both */
  readonly kind?: DurableKind;
}

/** By what a row is found, apart from its `id`: one of the first four. */
export interface StoreQuery {
  readonly outTradeNo?: string | undefined;
  readonly outRefundNo?: string | undefined;
  /** As the customer's receipt has it: the order, and its refunds. */
  readonly transactionId?: string | undefined;
  /** The refunds of an order. */
  readonly parentId?: string | undefined;
  /** @default any */
  readonly merchantId?: string | undefined;
}

/** How many durable orders there are, refunds included, and for how long the oldest has been without an end. */
export interface DurableOrderCounts extends Readonly<Record<DurableOrderStatus, number>> {
  /** Of those that wait or are active, the one that was enqueued first; absent where there is none. */
  readonly oldestOpenAt?: Date;
  /** Of those that wait, how late the most overdue one is, in milliseconds; 0 where none is overdue. */
  readonly lateMs: number;
}

export interface ProcessOptions {
  /**
   * How many of one merchant are worked on at a time. Of all merchants together it may be twice as many, so that one whose calls
   * hang leaves room for the others: see `lanes.ts`.
   */
  readonly concurrency: number;
  readonly onProblem: ProblemListener;
}

/**
 * Stores durable orders, wakes them, and lets one worker at a time have each. It decides nothing about an order.
 *
 * Delivery is at least once. A worker whose lease has lapsed cannot store anything any more. What changes a row is stored with the
 * journal entries that are given with it, and they with it.
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
   * @returns 'duplicate' where there is one of this `id`, or of this kind, merchant, sub-merchant and number, whatever became of it,
   *   as long as it is kept.
   * @throws whatever `parent.check` throws.
   */
  enqueue(
    id: string,
    data: DurableData,
    delayMs: number,
    options?: StoreEnqueueOptions,
  ): Promise<'enqueued' | 'duplicate'>;
  /** Begins to work on what is due, fairly between merchants. @throws {DurableOrdersError} it does so already. */
  process(handler: OrderHandler, options: ProcessOptions): Promise<void>;
  /**
   * Moves the next step of one that waits, and has no outcome, to `delayMs` from now.
   *
   * @param delayMs where it depends on the row: of that, as in {@link amend}.
   * @returns false where there is none.
   */
  reschedule(
    id: string,
    delayMs: number | ((row: DurableRow) => number),
    journal?: readonly JournalEntry[],
  ): Promise<boolean>;
  /**
   * Replaces what is stored of one that waits, has no outcome, and of which nothing is decided.
   *
   * @param change called with the row as it is, and what it returns takes its place: nothing is stored in between. Where another change
   *   was faster, it is called again, with that one. Where it returns undefined, or throws, nothing is stored.
   * @returns false where there is none, it is too late, as with {@link cancel}, or `change` returned undefined.
   * @throws whatever `change` throws.
   */
  amend(id: string, change: (row: DurableRow) => Amendment | undefined): Promise<boolean>;
  /**
   * Calls off one that waits, has no outcome (`outcome` or `state.outcome`), and of which nothing is decided.
   *
   * @returns false where there is none, or it is too late: it is active, it has an outcome, it has ended, or a reversal is decided.
   */
  cancel(id: string, journal?: readonly JournalEntry[]): Promise<boolean>;
  get(id: string): Promise<DurableRow | undefined>;
  /** Those of a number, a transaction or an order, the oldest first: at most 1000. */
  find(query: StoreQuery): Promise<DurableRow[]>;
  /** The oldest first. */
  list(filter: StoreFilter): Promise<DurableRow[]>;
  /**
   * Sets one going again, now.
   *
   * @param change as of {@link amend}.
   * @param parent of an order, itself: its refunds are checked.
   * @returns false where there is none, its status is none of `from`, or `change` returned undefined.
   * @throws whatever `change` or `parent.check` throws: then nothing has changed.
   */
  redrive(
    id: string,
    from: readonly ReopenedStatus[],
    change: (row: DurableRow) => Omit<Amendment, 'delayMs'> | undefined,
    parent?: ParentCheck,
  ): Promise<boolean>;
  /**
   * Appends to the journal of a row, whatever its status, and whoever has it: nothing else of it changes.
   *
   * @returns false where there is no such row.
   */
  note(id: string, journal: readonly JournalEntry[]): Promise<boolean>;
  counts(): Promise<DurableOrderCounts>;
  /**
   * What was noted of a row, in order; also of one that is not kept any more, as long as its journal is.
   *
   * @param page goes on after `after`; at most `limit`, 1000 where it is left out.
   */
  journal(id: string, page?: { readonly after?: number; readonly limit?: number }): Promise<StoredJournalEntry[]>;
  /**
   * Clears away what is kept no longer, in small steps: those that are done or cancelled, and journal entries. A worker calls it by
   * itself each hour.
   *
   * @returns how many were cleared away.
   */
  prune(): Promise<{ readonly orders: number; readonly journal: number }>;
  /** What it keeps of reconciliations; absent in a store that keeps none. */
  readonly reconciliations?: ReconciliationStore;
}

/** Of which statement: a merchant's, or one of its sub-merchants', of a day. */
export interface ReconciliationKey {
  readonly merchantId: string;
  /** Empty: of all that the merchant's statement has. */
  readonly subMerchantId: string;
  /** A day of Beijing, as in `20260301`. */
  readonly date: string;
}

/** Which reconciliations: of these days, both included. */
export interface ReconciliationPeriod {
  readonly merchantId: string;
  readonly subMerchantId: string;
  readonly from: string;
  readonly to: string;
}

/** By what an order is looked for, as a row of a statement names it. */
export interface OrderNumbers {
  readonly outTradeNo: string;
  readonly transactionId: string;
}

/**
 * What a store keeps of reconciliations. A store without it can do all the rest.
 *
 * What is kept is plain JSON, one value for each key.
 */
export interface ReconciliationStore {
  /** For how many days an order is kept after its end: no day before that is reconciled. Left out: for ever. */
  readonly orderDays?: number | undefined;
  /**
   * Stores what came of a day, in place of what was there: to be kept for a year or so, then cleared away. In one step with the look at
   * who has the day: whoever has lost it writes over nothing of the next one.
   *
   * @param owner whoever has claimed it.
   * @returns false where that one has it no more: nothing is stored.
   */
  put(key: ReconciliationKey, owner: string, data: object): Promise<boolean>;
  get(key: ReconciliationKey): Promise<object | undefined>;
  /** By their days. */
  list(period: ReconciliationPeriod): Promise<object[]>;
  /**
   * Lets one process at a time reconcile a day.
   *
   * @param owner whoever claims it.
   * @returns false where another has it.
   */
  claim(key: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean>;
  /**
   * Has whoever has a day have it for longer.
   *
   * @returns false where that one has it no more, also where nobody else does: somebody may have had it, and changed it.
   */
  renew(key: ReconciliationKey, owner: string, leaseMs: number): Promise<boolean>;
  release(key: ReconciliationKey, owner: string): Promise<void>;
  /** Orders that have one of these numbers, up to 500 of them. Where it is left out, they are found one by one. */
  readonly findOrders?: ((merchantId: string, numbers: readonly OrderNumbers[]) => Promise<DurableOrder[]>) | undefined;
  /**
   * The orders that ended on a day, and were made before it (`state.orderCreatedAt`), whenever they were stored. Where it is left out, they
   * are looked for among all that ended on that day.
   */
  readonly endedLater?: ((merchantId: string, day: StatementDay) => AsyncIterable<DurableOrder>) | undefined;
  /** Compares inside the database. Where it is left out, all rows are compared by pages. */
  readonly stage?: ((key: ReconciliationKey) => Promise<StagedStatement>) | undefined;
}

/**
 * The rows of a statement in a table of the database, until {@link StagedStatement.drop}. Where some are lost meanwhile, each method that
 * reads them throws: a row that is gone must not count as one that agrees.
 */
export interface StagedStatement {
  add(rows: readonly StatementRow[]): Promise<void>;
  /** Once all were added: how many rows say what their orders say, and are the only ones of their orders. The others may agree too. */
  agreed(): Promise<number>;
  /** The others, in the order of the file: with what a comparison needs of each. */
  others(): AsyncIterable<StatementRow>;
  /** Orders created in a period, at least those that no row names; none of those whose rows agree. */
  unlisted(from: Date, until: Date): AsyncIterable<DurableOrder>;
  drop(): Promise<void>;
}
