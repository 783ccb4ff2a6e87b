import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { advance, startSettlement, type SettlePolicy } from 'wechatpay-core';
import type {
  Lease,
  ProblemListener,
  ReversalData,
  ReversalEngine,
  ReversalStatus,
  StoredReversal,
  Verdict,
} from '../../src/engine.js';
import type { StoreOfAnotherProcess } from '../worker.js';
import { Mailbox } from './mailbox.js';

/** An engine on an empty store. */
export interface EngineUnderTest {
  /** Open. */
  readonly engine: ReversalEngine;
  /**
   * Another instance on the same store, as another process would have it; not open yet.
   *
   * @param longLease with a lease three times as long as that of the engine.
   */
  readonly second: (options?: { longLease?: boolean }) => ReversalEngine;
  /** How a process of its own opens the same store. */
  readonly anotherProcess: StoreOfAnotherProcess;
  /** Closes the engine, where it is open, and gives up the store. */
  readonly dispose: () => Promise<void>;
  /** Commits what `work` enqueues in `tx` where it resolves, and rolls it back where it rejects. */
  readonly transaction?: (work: (tx: unknown) => Promise<void>) => Promise<void>;
  /** How many connections to the store there are, of all the engines on it. */
  readonly connections?: () => Promise<number>;
  /** Makes what is stored look older by as many days, and has the engine clear away what it keeps no longer. */
  readonly passDays?: (days: number) => Promise<void>;
}

export interface Conformance {
  /** @param shortLease with a lease as short as the engine lets it be, in this process and in another. */
  readonly open: (options?: { shortLease?: boolean }) => Promise<EngineUnderTest>;
  /** Whether several processes can work on one store. @default true */
  readonly isShared?: boolean;
  /** Whether `enqueue` takes a `tx`; then `transaction` is there. */
  readonly supportsTransactions: boolean;
  /** Options that make no sense, each with what its error says. */
  readonly badOptions?: readonly { name: string; open: () => unknown; message: RegExp }[];
}

/** A lease that the test has in hand. */
export interface Delivery extends Lease {
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

  static async start(engine: ReversalEngine, concurrency = 4): Promise<TestWorker> {
    const worker = new TestWorker();
    workers.set(engine, worker);
    const onProblem: ProblemListener = (error, id) => worker.problems.push({ error, id });
    await engine.process((lease) => worker.#handle(lease), { concurrency, onProblem });
    return worker;
  }

  /** Deliveries that the test did not take. */
  get untaken(): number {
    return this.#deliveries.size;
  }

  next(id?: string, timeoutMs?: number): Promise<Delivery> {
    return this.#deliveries.take((lease): lease is Delivery => id === undefined || lease.id === id, timeoutMs);
  }

  /** Gives back what it has: an engine that closes waits for it. */
  letGo(): void {
    this.#isOver = true;
    for (const { data, end } of this.#held) end({ kind: 'again', data, delayMs: HOUR_MS });
  }

  async #handle({ id, data, signal, save }: Lease): Promise<Verdict> {
    if (this.#isOver) return { kind: 'again', data, delayMs: HOUR_MS };
    return new Promise((end, fail) => {
      const delivery = { id, data, signal, save, at: Date.now(), end, fail };
      this.#held.add(delivery);
      this.#deliveries.put(delivery);
    });
  }
}

const workers = new WeakMap<ReversalEngine, TestWorker>();

export const MERCHANT = '1900000109';
export const HOUR_MS = 60 * 60 * 1000;

/** A new reversal, as the facade stores it. */
export function reversal(policy?: Partial<SettlePolicy>, merchantId = MERCHANT): { id: string; data: ReversalData } {
  const id = randomUUID();
  const order = { outTradeNo: id.replaceAll('-', ''), orderCreatedAt: new Date() };
  return { id, data: { merchantId, state: startSettlement(order, Date.now() + HOUR_MS, policy) } };
}

/** The same reversal, a query later: it differs from what was stored before. */
export function later({ merchantId, state }: ReversalData, now = Date.now()): ReversalData {
  return { merchantId, state: advance(state, { kind: 'queried', tradeState: 'USERPAYING' }, { now }) };
}

/** The same reversal, once its order turned out paid. */
export function paid({ merchantId, state }: ReversalData): ReversalData {
  const payment = { transactionId: '4200001234', totalFee: 100, currency: 'USD' };
  const after = advance(state, { kind: 'queried', tradeState: 'SUCCESS', payment }, { now: Date.now() });
  return { merchantId, state: after, ...(after.kind === 'ended' && { outcome: after.outcome }) };
}

/** The same reversal, where a person is needed. */
export function stuck({ merchantId, state }: ReversalData): ReversalData {
  return { merchantId, state, outcome: { kind: 'unresolved' } };
}

/** Takes the next lease of `id`, ends it, and waits until that is stored. */
export async function finish(
  engine: ReversalEngine,
  worker: TestWorker,
  { id, data }: { id: string; data: ReversalData },
  kind: 'done' | 'dead',
): Promise<StoredReversal> {
  const delivery = await worker.next(id);
  delivery.end({ kind, data: kind === 'done' ? paid(data) : stuck(data) });
  return untilStatus(engine, id, kind);
}

export function untilStatus(engine: ReversalEngine, id: string, status: ReversalStatus): Promise<StoredReversal> {
  return until(async () => {
    const stored = await engine.get(id);
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

/** An engine on a store of its own, for one test. */
export async function use(
  { open }: Conformance,
  onTestFinished: (dispose: () => Promise<void>) => void,
  options?: { shortLease?: boolean },
): Promise<EngineUnderTest> {
  const store = await open(options);
  onTestFinished(async () => {
    workers.get(store.engine)?.letGo();
    await store.dispose();
  });
  return store;
}

/** Another instance on the same store, open until the test ends. */
export async function useSecond(
  { second }: EngineUnderTest,
  onTestFinished: (dispose: () => Promise<void>) => void,
  options?: { longLease?: boolean },
): Promise<ReversalEngine> {
  const engine = second(options);
  onTestFinished(async () => {
    workers.get(engine)?.letGo();
    await engine.close();
  });
  await engine.open();
  return engine;
}
