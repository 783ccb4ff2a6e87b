import { setTimeout as sleep } from 'node:timers/promises';
import {
  advance,
  assertWechatPayClient,
  QUERY_ORDER,
  readState,
  reopenSettlement,
  REVOKE_NOT_BEFORE_MS,
  WechatPayConfigError,
  WechatPayRequestError,
  type QuickPayRequest,
  type SettlePayment,
  type SettlePolicy,
  type SettleState,
  type WechatPayClient,
} from 'wechatpay-core';
import { dueAt, ended, mayHoldMoney, ongoing, outcomeOf } from './ends.js';
import type {
  EnqueueOptions,
  ReversalCounts,
  ReversalData,
  ReversalEngine,
  ReversalFilter,
  ReversalHandler,
  StoredReversal,
} from './engine.js';
import { about, publish } from './events.js';
import { createHandler, type SettledReversal } from './handler.js';
import { checkTimeout } from './guard-time.js';
import {
  begin,
  deadlineOf,
  readIntent,
  readOrder,
  readProperties,
  readRedrive,
  type OrderOf,
  type RedriveOptions,
  type ReversalIntent,
} from './intent.js';
import { lookAfter } from './late-answer.js';
import { Lifecycle } from './lifecycle.js';
import { MerchantWatch, toError, type MerchantProblem } from './merchant-watch.js';
import { checkOptions, checkWhole, EngineInUseError, wrong } from './options.js';
import { payGuarded, type DurablePayment, type DurablePayOptions, type Guards } from './pay.js';
import { reversalId } from './reversal-id.js';

export interface DurableReversalsOptions {
  /** Where reversals are kept: on PostgreSQL, embedded in this process, or on Redis. */
  readonly engine: ReversalEngine;
  /**
   * The merchants' clients, one of each, with a `timeoutMs` of at most 30000. A worker takes on the reversals of these, and leaves
   * the others to other workers.
   */
  readonly clients: WechatPayClient | readonly WechatPayClient[];
  /** How many reversals this process works on at a time. @default 32 */
  readonly concurrency?: number;
  /**
   * Called with each end, also of a payment whose answer was clear, and waited for: at least once, and again until it resolves,
   * which it has to within 30 s. Note the outcome in the shop's own database here, in a way that can be repeated; `end` grows with
   * each end of an order, so that an old one that comes late is known.
   */
  readonly onSettled?: ((settled: SettledReversal) => Promise<void> | void) | undefined;
  /**
   * How many times as fast as the real one the clients' clocks go; for demos and tests. A client's `timeoutMs` is taken to be in
   * the time of its clock.
   *
   * @default 1
   */
  readonly speed?: number;
}

const OPTIONS = ['engine', 'clients', 'concurrency', 'onSettled', 'speed'];
const ENGINE_METHODS = [
  'open',
  'close',
  'enqueue',
  'process',
  'reschedule',
  'amend',
  'cancel',
  'get',
  'list',
  'redrive',
  'counts',
];
const FILTER = ['status', 'merchantId', 'createdBefore', 'limit', 'after'];
/** A step takes up to the client's time-out. */
const TRIES = 80;
const TRY_AGAIN_MS = 250;

/**
 * Reversals that survive the process: each is stored before the risk is taken, driven by any worker, and never lost.
 *
 * The library decides what is next and when, the engine keeps, wakes and leases. Delivery is at least once, so each worker
 * asks for an order before it acts on it.
 *
 * @example
 * const reversals = new DurableReversals({ engine: new PostgresEngine({ connectionString }), clients: client });
 * await reversals.start();
 * const { outcome } = await reversals.pay(request);
 */
export class DurableReversals {
  readonly #engine: ReversalEngine;
  readonly #clients: ReadonlyMap<string, WechatPayClient>;
  readonly #concurrency: number;
  readonly #onSettled: DurableReversalsOptions['onSettled'];
  readonly #speed: number;
  readonly #paying = new Set<Promise<unknown>>();
  readonly #lifecycle = new Lifecycle();
  readonly #watch: MerchantWatch;
  #isWorking = false;
  #stopping = new AbortController();

  /**
   * @throws {WechatPayConfigError} an engine that is missing, no client, two of one merchant, a client's `timeoutMs` above 30000, a
   *   number that is out of range, or an option that nobody reads.
   */
  constructor(options: DurableReversalsOptions) {
    checkOptions(options, OPTIONS);
    const { engine, clients, concurrency = 32, onSettled, speed = 1 } = options;
    const missing = ENGINE_METHODS.find(
      (name) => typeof (Object(engine) as Record<string, unknown>)[name] !== 'function',
    );
    if (missing !== undefined) {
      throw wrong(
        'engine',
        `lacks ${missing}(): give a PostgresEngine, an EmbeddedEngine, a BullMqEngine, or one of your own.`,
      );
    }
    const list: readonly WechatPayClient[] = [clients].flat();
    for (const client of list) assertWechatPayClient(client, 'clients');
    this.#clients = new Map(list.map((client) => [client.merchantId, client]));
    if (list.length === 0 || this.#clients.size < list.length) {
      throw new WechatPayConfigError('clients', 'must be at least one, and one for each merchant.');
    }
    for (const client of list) checkTimeout(client);
    checkWhole('concurrency', concurrency, 1, 10_000);
    if (onSettled !== undefined && typeof (onSettled as unknown) !== 'function') {
      throw wrong('onSettled', 'must be a function.');
    }
    if (!(speed > 0 && Number.isFinite(speed))) throw new WechatPayConfigError('speed', 'must be more than 0.');
    this.#engine = engine;
    this.#concurrency = concurrency;
    this.#onSettled = onSettled;
    this.#speed = speed;
    this.#watch = new MerchantWatch({
      clockOf: (merchantId) => {
        const client = this.#clients.get(merchantId);
        return client && (() => client.now());
      },
      onProblem: (problem) => {
        publish({ kind: 'merchant-problem', problem, error: toError(problem) });
      },
      onRecovery: (problem) => {
        publish({ kind: 'merchant-recovered', problem });
      },
    });
  }

  /**
   * Opens the engine, and begins to work on what is due. Where it fails, nothing stays open.
   *
   * @param options `work: false` for a process that only enqueues and looks, and leaves the work to others.
   * @throws {Error} it works already, or the engine cannot be opened.
   */
  async start(options: { work?: boolean } = {}): Promise<void> {
    const { work = true } = readProperties('options', options, ['work']);
    await this.#lifecycle.run(async () => {
      if (work && this.#isWorking) throw new EngineInUseError();
      if (this.#stopping.signal.aborted) this.#stopping = new AbortController();
      await this.#engine.open();
      try {
        if (work) await this.#work();
      } catch (error) {
        // Of an engine that another one works with, nothing was opened here.
        if (!(error instanceof EngineInUseError)) await this.#engine.close();
        throw error;
      }
      this.#watch.start();
    });
  }

  async #work(): Promise<void> {
    await this.#engine.process(this.#handler(), {
      concurrency: this.#concurrency,
      onProblem: (error, id) => {
        publish({ kind: 'problem', error, ...(id !== undefined && { id }) });
      },
    });
    this.#isWorking = true;
  }

  /**
   * Takes no more, waits for the payments and the steps in hand, and closes the engine. What is left goes on in another worker,
   * or later.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#lifecycle.run(async () => {
      this.#stopping.abort(); // where a start was under way
      await Promise.allSettled(this.#paying);
      await this.#engine.close();
      this.#watch.stop();
      this.#isWorking = false;
    });
  }

  /** The client of a merchant. @throws {WechatPayRequestError} one that is not known here, or none where there are several. */
  clientOf(merchantId?: string): WechatPayClient {
    const only = this.#clients.size === 1 ? [...this.#clients.keys()][0] : undefined;
    const client = this.#clients.get(merchantId ?? only ?? '');
    if (client) return client;
    throw new WechatPayRequestError(
      'merchantId',
      merchantId === undefined ? 'is missing; there are several clients.' : 'has no client here; add it to `clients`.',
    );
  }

  /**
   * Stores an order, to be seen to its end from `notBefore` on.
   *
   * @returns 'duplicate' where this order has a reversal, whatever became of it.
   * @throws {WechatPayRequestError} an invalid intent, a property that nobody reads, or a `refundWhenExpired` that could not take
   *   effect before the `deadline`: nothing was stored.
   * @throws {Error} what the database throws. It may have been stored: enqueue it again, which is safe.
   */
  async enqueue(given: ReversalIntent, options: EnqueueOptions = {}): Promise<'enqueued' | 'duplicate'> {
    const intent = readIntent(given);
    const { tx } = readProperties('options', options, ['tx']);
    const client = this.clientOf(intent.merchantId);
    const { merchantId } = client;
    const now = client.now();
    const { state, dueAt: due } = begin(intent, client, now);
    client.check(QUERY_ORDER, state.order); // a worker could never ask for one that it refuses
    const id = reversalId({ merchantId, outTradeNo: state.order.outTradeNo, subMerchantId: state.order.subMerchantId });
    const result = await this.#engine.enqueue(id, { merchantId, state }, this.#delayOf(state, due, now), { tx });
    if (result === 'enqueued') publish({ kind: 'enqueued', ...about(id, { merchantId, state }) });
    return result;
  }

  /**
   * The cashier's flow: the order is stored as one to be reversed, then Quick Pay is called, once; after a clear answer the
   * reversal ends. A process that dies at any moment leaves an order that is seen to its end by another.
   *
   * A payment that was clear ends `done`, as `paid`, and `onSettled` is told of it. One that was declined is `cancelled`; where its
   * order stays open at WeChat Pay, a worker reverses it after 15 s, and `onSettled` is told that it is `revoked`.
   *
   * @returns after Quick Pay's answer, or its time-out, and 5 s for the store at most. Where the outcome is `pending`, do not charge again: {@link get} tells.
   * @throws {WechatPayRequestError} a request that must not be sent, or a number that was charged before; nothing was sent.
   * @throws {Error} what the database throws; nothing was sent.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
   */
  async pay(request: QuickPayRequest, given: DurablePayOptions = {}): Promise<DurablePayment> {
    if (this.#stopping.signal.aborted) throw new Error('The reversals are being stopped: nothing was sent.');
    const options = readProperties('options', given, ['merchantId', 'signal', 'policy']);
    return this.#whilePaying(payGuarded(this.clientOf(options.merchantId), this.#guards, request, options));
  }

  get #guards(): Guards {
    return {
      enqueue: (intent) => this.enqueue(intent),
      cancel: (order) => this.cancel(order),
      giveUp: (order) => this.#giveUp(order),
      keep: (order, payment) => this.#keep(order, payment),
      lookAfter: (intent) => this.#lookAfter(intent),
      problemOf: (merchantId) => this.merchantProblems().find((problem) => problem.merchantId === merchantId),
      speed: this.#speed,
    };
  }

  /** Has {@link stop} wait for it. */
  #whilePaying<Result>(paying: Promise<Result>): Promise<Result> {
    this.#paying.add(paying);
    return paying.finally(() => this.#paying.delete(paying));
  }

  /** Takes the first step of one that waits as soon as the policy lets it, and not only at `notBefore`. */
  async hasten(order: OrderOf): Promise<boolean> {
    const client = this.clientOf(order.merchantId);
    const stored = await this.get(order);
    if (!stored) return false;
    const now = client.now();
    return this.#engine.reschedule(stored.id, this.#delayOf(stored.state, dueAt(stored.state, now), now));
  }

  /**
   * Calls a reversal off: nothing was paid, or its money is looked after otherwise.
   *
   * @returns false where it is too late: a worker has it in hand, it must revoke, or it has an outcome, even one that `onSettled` has
   *   not taken yet. {@link get} tells.
   */
  async cancel(order: OrderOf): Promise<boolean> {
    const id = this.#id(order);
    const isCancelled = await this.#engine.cancel(id);
    const { merchantId } = this.clientOf(order.merchantId);
    if (isCancelled) publish({ kind: 'cancelled', id, merchantId, outTradeNo: order.outTradeNo });
    return isCancelled;
  }

  /** How the reversal of an order stands; undefined where there is none, or no more. */
  async get(order: OrderOf): Promise<StoredReversal | undefined> {
    return this.#engine.get(this.#id(order));
  }

  /** Reversals by state, age and merchant, the oldest first. */
  async list(given: ReversalFilter = {}): Promise<StoredReversal[]> {
    const filter = readProperties('filter', given, FILTER);
    const { limit = 100 } = filter;
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) {
      throw new WechatPayRequestError('limit', 'must be a whole number from 1 to 1000.');
    }
    return this.#engine.list({ ...filter, limit });
  }

  /** Those that need a person, the oldest first; `outcome` says why. */
  async dead(given: Omit<ReversalFilter, 'status'> = {}): Promise<StoredReversal[]> {
    const filter = readProperties(
      'filter',
      given,
      FILTER.filter((name) => name !== 'status'),
    );
    return this.list({ ...filter, status: 'dead' });
  }

  /**
   * Sets a dead reversal going again: the order is asked for first.
   *
   * @returns false where there is none of this order, or it is not dead.
   * @throws {WechatPayRequestError} a policy or a deadline that makes no sense.
   */
  async redrive(order: OrderOf, given: RedriveOptions = {}): Promise<boolean> {
    const options = readRedrive(given);
    const client = this.clientOf(order.merchantId);
    const stored = await this.get(order);
    if (stored?.status !== 'dead') return false;
    const data = this.#reopened(stored, client.now(), options);
    const isRedriven = await this.#engine.redrive(stored.id, data, ['dead']);
    if (isRedriven) publish({ kind: 'redriven', ...about(stored.id, data) });
    return isRedriven;
  }

  /**
   * Has an order revoked, whatever became of its payment: what was paid goes back, and nothing can be paid any more. It is
   * `reverseOrder` that survives the process. Past 7 days it is dead, `refund-required`, unless `policy.refundWhenExpired` is true.
   *
   * @returns 'in-hand' where a revoke is decided already, 'ended' where nothing is left to be revoked.
   * @throws {WechatPayRequestError} an intent that makes no sense: nothing was stored.
   * @throws {Error} what the database throws, or a worker has had it in hand for 20 s: call again.
   */
  async revoke(given: ReversalIntent): Promise<'enqueued' | 'in-hand' | 'ended'> {
    const intent = readIntent(given);
    const policy = { ...intent.policy, ifPaid: 'revoke' } as const;
    const { outTradeNo, merchantId, subMerchantId } = intent;
    for (let time = 1; time <= TRIES; time += 1) {
      if ((await this.enqueue({ ...intent, policy })) === 'enqueued') return 'enqueued';
      const stored = await this.get({ outTradeNo, merchantId, subMerchantId });
      const result = stored && (await this.#revokeStored(stored, { ...intent, policy }));
      if (result) return result;
      await sleep(TRY_AGAIN_MS); // a worker has it, for one step
    }
    throw new Error(`Order ${outTradeNo} is still being worked on: have it revoked again in a minute.`);
  }

  async #revokeStored(
    stored: StoredReversal,
    intent: ReversalIntent & { policy: Partial<SettlePolicy> },
  ): Promise<'enqueued' | 'in-hand' | 'ended' | undefined> {
    const { id, merchantId, status, state } = stored;
    const outcome = outcomeOf(stored);
    if (outcome && !mayHoldMoney(outcome)) return 'ended'; // whether or not it was told
    const isOpen = status === 'waiting' || status === 'active';
    if (isOpen && !outcome) {
      const { policy, sent } = readState(state);
      if (policy.ifPaid === 'revoke' || sent.reverse) return 'in-hand';
    }
    if (status === 'active') return undefined;
    const client = this.clientOf(merchantId);
    const now = client.now();
    const first = begin(intent, client, now);
    const data = this.#reopened(stored, first.dueAt, intent);
    const from = status !== 'waiting' ? status : outcome ? 'untold' : 'open';
    if (!(await this.#engine.redrive(id, data, [from]))) return undefined;
    publish({ kind: 'redriven', ...about(id, data) });
    return 'enqueued';
  }

  /** What goes on after an end, with the number of that end. */
  #reopened(stored: StoredReversal, at: number, { deadline: given, policy }: RedriveOptions): ReversalData {
    const state = readState(stored.state);
    const now = this.clientOf(stored.merchantId).now();
    const merged = { ...state.policy, ...policy };
    const deadline = deadlineOf(given, { now, orderCreatedAt: state.orderCreatedAt, policy: merged });
    return ongoing(stored, reopenSettlement(state, at, deadline, policy));
  }

  /** Merchants whose calls fail, one after another, in the same way: for a health check. Empty where all is well. */
  merchantProblems(): MerchantProblem[] {
    return this.#watch.problems();
  }

  /** How many there are of each state, and for how long the oldest has been open: for metrics, not for each request. */
  counts(): Promise<ReversalCounts> {
    return this.#engine.counts();
  }

  /** Ends a guard whose order was paid: a worker tells `onSettled`. @returns false where that is not sure any more. */
  async #keep(order: OrderOf, payment: SettlePayment): Promise<boolean> {
    const stored = await this.get(order);
    if (!stored) return false;
    const outcome = outcomeOf(stored);
    if (outcome) return outcome.kind === 'paid';
    const now = this.clientOf(order.merchantId).now();
    const state = advance(readState(stored.state), { kind: 'queried', tradeState: 'SUCCESS', payment }, { now });
    if (state.kind !== 'ended' || state.outcome.kind !== 'paid') return false; // another amount, or a revoke is decided: its worker asks
    return this.#engine.amend(stored.id, ended(stored, state, state.outcome, now), 0);
  }

  /** Has the guard of a declined order reverse it, not before 15 s. @returns false where it may end as paid. */
  async #giveUp(order: OrderOf): Promise<boolean> {
    const stored = await this.get(order);
    if (!stored) return false;
    const outcome = outcomeOf(stored);
    if (outcome) return !mayHoldMoney(outcome);
    const { orderCreatedAt, policy, sent } = readState(stored.state);
    if (policy.ifPaid === 'revoke' || sent.reverse) return true;
    const at = orderCreatedAt + REVOKE_NOT_BEFORE_MS;
    const data = this.#reopened(stored, at, { policy: { ifPaid: 'revoke' } });
    const now = this.clientOf(order.merchantId).now();
    return this.#engine.amend(stored.id, data, this.#delayOf(data.state, at, now));
  }

  /** Resolves after the first try; goes on until the store has it, or {@link stop}. */
  async #lookAfter(intent: ReversalIntent): Promise<void> {
    const { outTradeNo, merchantId, subMerchantId } = intent;
    const order = { outTradeNo, merchantId, subMerchantId };
    let tried: () => void = () => undefined;
    const firstTry = new Promise<void>((resolve) => {
      tried = resolve;
    });
    const looking = lookAfter({
      find: () => this.get(order),
      hasten: () => this.hasten(order).finally(tried),
      giveBack: () => this.revoke(intent),
      signal: this.#stopping.signal,
      onGivenUp: (cause) => {
        const message = `Order ${outTradeNo} may be paid, and its guard has ended, or could not be reached: have it revoked.`;
        publish({ kind: 'problem', id: this.#id(order), error: new Error(message, { cause }) });
      },
    });
    void this.#whilePaying(looking);
    await Promise.race([looking, firstTry]);
  }

  #handler(): ReversalHandler {
    return createHandler({
      clientOf: (merchantId) => this.#clients.get(merchantId),
      onSettled: this.#onSettled,
      delay: (until, now) => this.#delay(until, now),
    });
  }

  #id(order: OrderOf): string {
    const { outTradeNo, merchantId, subMerchantId } = readOrder(order);
    const client = this.clientOf(merchantId);
    return reversalId({
      merchantId: client.merchantId,
      subMerchantId: subMerchantId ?? client.subMerchantId,
      outTradeNo,
    });
  }

  /** As {@link #delay}, for an order: a clock that says a time before it was created was set back since. */
  #delayOf({ orderCreatedAt }: SettleState, until: number, now: number): number {
    return this.#delay(until, Math.max(now, orderCreatedAt));
  }

  /** Real milliseconds from a time of the client's clock to another. The engine is told how long, not when: its clock may differ. */
  #delay(until: number, now: number): number {
    return Math.max(0, Math.ceil((until - now) / this.#speed));
  }
}
