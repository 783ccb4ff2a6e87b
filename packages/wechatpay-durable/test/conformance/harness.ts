import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ResolutionPolicy } from 'wechatpay-core';
import { advanceResolution, askRefundFirst, startRefund, startResolution } from 'wechatpay-core/resolution';
import type {
  Amendment,
  DurableData,
  Lease,
  ProblemListener,
  DurableOrderData,
  OrderStore,
  DurableOrderStatus,
  DurableRefundData,
  DurableRow,
  JournalEntry,
  Verdict,
} from '../../src/stores/store.js';
import type { SqlExecutor } from '../../src/stores/sql-executor.js';
import type { StoreOfAnotherProcess } from '../worker.js';
import { Mailbox } from './mailbox.js';

/** A store on an empty store. */
export interface StoreUnderTest {
  /** Open. */
  readonly store: OrderStore;
  /**
   * Another instance on the same store, as another process would have it; not open yet.
   *
   * @param longLease with a lease three times as long as that of the store.
   */
  readonly second: (options?: { longLease?: boolean }) => OrderStore;
  /** How a process of its own opens the same store; absent where no other process can. */
  readonly anotherProcess?: StoreOfAnotherProcess;
  /** Closes the store, where it is open, and gives up the store. */
  readonly dispose: () => Promise<void>;
  /** Commits what `work` enqueues in `tx` where it resolves, and rolls it back where it rejects. */
  readonly transaction?: (work: (tx: SqlExecutor) => Promise<void>) => Promise<void>;
  /** How many connections to the store there are, of all the stores on it. */
  readonly connections?: () => Promise<number>;
  /** Makes what is stored look older by as many days. */
  readonly passDays?: (days: number) => Promise<void>;
}

export interface Conformance {
  /** @param shortLease with a lease as short as the store lets it be, in this process and in another. */
  readonly open: (options?: { shortLease?: boolean }) => Promise<StoreUnderTest>;
  /** Whether several instances can work on one store. @default true */
  readonly isShared?: boolean;
  /** Whether it outlives the process. @default true */
  readonly isDurable?: boolean;
  /** Whether `enqueue` takes a `tx`; then `transaction` is there. */
  readonly supportsTransactions: boolean;
  /** Options that are invalid, each with what its error says. */
  readonly badOptions?: readonly { name: string; open: () => unknown; message: RegExp }[];
}

/** A lease of an order that the test holds. */
export interface Delivery extends Lease {
  readonly data: DurableOrderData;
  readonly at: number;
  readonly end: (verdict: Verdict) => void;
  readonly fail: (error: Error) => void;
}

/** A worker that does what the test says. */
export class TestWorker {
  readonly problems: { error: Error; id: string | undefined }[] = [];
  readonly #deliveries = new Mailbox<Delivery>();
  readonly #held = new Set<Delivery>();
  #isOver = false;

  static async start(store: OrderStore, concurrency = 4): Promise<TestWorker> {
    const worker = new TestWorker();
    workers.set(store, worker);
    const onProblem: ProblemListener = (error, id) => worker.problems.push({ error, id });
    await store.process((lease) => worker.#handle(lease), { concurrency, onProblem });
    return worker;
  }

  /** Deliveries that the test did not take. */
  get untaken(): number {
    return this.#deliveries.size;
  }

  next(id?: string, timeoutMs?: number): Promise<Delivery> {
    return this.#deliveries.take((lease): lease is Delivery => id === undefined || lease.id === id, timeoutMs);
  }

  /** Returns what it has: a store that closes waits for it. */
  letGo(): void {
    this.#isOver = true;
    for (const { data, end } of this.#held) end({ kind: 'again', data, delayMs: HOUR_MS });
  }

  async #handle(lease: Lease): Promise<Verdict> {
    const data = lease.data as DurableOrderData;
    if (this.#isOver) return { kind: 'again', data, delayMs: HOUR_MS };
    return new Promise((end, fail) => {
      const delivery = { ...lease, data, at: Date.now(), end, fail };
      this.#held.add(delivery);
      this.#deliveries.put(delivery);
    });
  }
}

const workers = new WeakMap<OrderStore, TestWorker>();

export const MERCHANT = '1900000109';
export const HOUR_MS = 60 * 60 * 1000;

/** A new durable order, as the facade stores it. */
export function durableOrder(
  policy?: Partial<ResolutionPolicy>,
  merchantId = MERCHANT,
  orderCreatedAt = new Date(),
): { id: string; data: DurableOrderData } {
  const id = randomUUID();
  const order = { outTradeNo: id.replaceAll('-', ''), orderCreatedAt };
  return { id, data: { merchantId, state: startResolution(order, Date.now() + HOUR_MS, policy) } };
}

/** The same durable order, a query later: it differs from what was stored before. */
export function later({ merchantId, state }: DurableOrderData, now = Date.now()): DurableOrderData {
  return { merchantId, state: advanceResolution(state, { kind: 'queried', tradeState: 'USERPAYING' }, { now }) };
}

/** The same durable order, once its order turned out paid. */
export function paid({ merchantId, state }: DurableOrderData): DurableOrderData {
  const payment = { transactionId: '4200001234', totalFee: 100, currency: 'USD' };
  const after = advanceResolution(state, { kind: 'queried', tradeState: 'SUCCESS', payment }, { now: Date.now() });
  return { merchantId, state: after, ...(after.kind === 'ended' && { outcome: after.outcome }) };
}

/** The same durable order, where a person is needed. */
export function stuck({ merchantId, state }: DurableOrderData): DurableOrderData {
  return { merchantId, state, outcome: { kind: 'unresolved' } };
}

/** Takes the next lease of `id`, ends it, and waits until that is stored. */
export async function finish(
  store: OrderStore,
  worker: TestWorker,
  { id, data }: { id: string; data: DurableOrderData },
  kind: 'done' | 'dead',
): Promise<DurableRow> {
  const delivery = await worker.next(id);
  delivery.end({ kind, data: kind === 'done' ? paid(data) : stuck(data) });
  return untilStatus(store, id, kind);
}

export function untilStatus(store: OrderStore, id: string, status: DurableOrderStatus): Promise<DurableRow> {
  return until(async () => {
    const stored = await store.get(id);
    return stored?.status === status ? stored : undefined;
  });
}

/** What a verdict brings is stored after the handler has returned; the port tells nobody when. */
export async function until<Value>(look: () => Promise<Value | undefined>, timeoutMs = 20_000): Promise<Value> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (Date.now() > end) throw new Error(`It did not come to that within ${timeoutMs} ms.`);
    await sleep(20);
  }
}

/** A store on a store of its own, for one test. */
export async function use(
  { open }: Conformance,
  onTestFinished: (dispose: () => Promise<void>) => void,
  options?: { shortLease?: boolean },
): Promise<StoreUnderTest> {
  const underTest = await open(options);
  onTestFinished(async () => {
    workers.get(underTest.store)?.letGo();
    await underTest.dispose();
  });
  return underTest;
}

/** Another instance on the same store, open until the test ends. */
export async function useSecond(
  { second }: StoreUnderTest,
  onTestFinished: (dispose: () => Promise<void>) => void,
  options?: { longLease?: boolean },
): Promise<OrderStore> {
  const store = second(options);
  onTestFinished(async () => {
    workers.get(store)?.letGo();
    await store.close();
  });
  await store.open();
  return store;
}

/** A new refund of an order, as the facade stores it. */
export function durableRefund(refundFee: number, merchantId = MERCHANT): { id: string; data: DurableRefundData } {
  const id = randomUUID();
  const request = {
    ...{ transactionId: '4200001234', outRefundNo: id.replaceAll('-', '') },
    ...{ totalFee: 100, refundFee, refundCurrency: 'USD' },
  };
  const state = startRefund(request, { now: Date.now(), deadline: Date.now() + HOUR_MS });
  return { id, data: { kind: 'refund', merchantId, order: { outTradeNo: 'A1', transactionId: '4200001234' }, state } };
}

/** The same refund, once it may have been sent. */
export function sent(data: DurableRefundData): DurableRefundData {
  return { ...data, state: askRefundFirst(data.state, Date.now()) };
}

/** What a change makes of a row, whatever it is. */
export function becomes(data: DurableData, delayMs = 0, journal?: readonly JournalEntry[]): () => Amendment {
  return () => ({ data, delayMs, ...(journal && { journal }) });
}

export function entry(kind: string, fields: JournalEntry['fields'] = {}, at = 1_795_694_400_000): JournalEntry {
  return { at, kind, fields };
}
