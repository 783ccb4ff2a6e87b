import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertWechatPayClient,
  QUERY_ORDER,
  REVERSE_NOT_BEFORE_MS,
  WechatPayConfigError,
  WechatPayRequestError,
  type QuickPayRequest,
  type ResolutionPayment,
  type ResolutionPolicy,
  type ResolutionState,
  type WechatPayClient,
} from 'wechatpay-core';
import { advanceResolution, readResolutionState, reopenResolution } from 'wechatpay-core/resolution';
import { dueAt, ended, mayHoldMoney, ongoing, outcomeOf } from './ends.js';
import type {
  EnqueueOptions,
  DurableOrderCounts,
  DurableOrderData,
  OrderStore,
  DurableOrderFilter,
  OrderHandler,
  DurableOrder,
} from './stores/store.js';
import { about, publish } from './events.js';
import { createHandler, type ResolvedOrder } from './handler.js';
import { checkTimeout } from './charge-time.js';
import {
  begin,
  deadlineOf,
  readIntent,
  readOrder,
  readProperties,
  readRedrive,
  type OrderOf,
  type RedriveOptions,
  type OrderIntent,
} from './intent.js';
import { lookAfter } from './late-answer.js';
import { Lifecycle } from './stores/lifecycle.js';
import { MerchantWatch, toError, type MerchantProblem } from './merchant-watch.js';
import { checkOptions, checkWhole, StoreInUseError, wrong } from './stores/options.js';
import { payDurably, type DurablePayment, type DurablePayOptions, type StoredPayments } from './pay.js';
import { durableOrderId } from './durable-order-id.js';

export interface DurableOrdersOptions {
  /** Where durable orders are kept: on PostgreSQL, embedded in this process, or on Redis. */
  readonly store: OrderStore;
  /**
   * The merchants' clients, one of each, with a `timeoutMs` of at most 30000. A worker takes on the durable orders of these, and leaves
   * the others to other workers.
   */
  readonly clients: WechatPayClient | readonly WechatPayClient[];
  /** How many durable orders this process works on at a time. @default 32 */
  readonly concurrency?: number;
  /**
   * Called with each end, also of a payment whose answer was clear, and waited for: at least once, and again until it resolves,
   * which it has to within 30 s. Note the outcome in the shop's own database here, in a way that can be repeated; `end` grows with
   * each end of an order, so that an old one that comes late is known.
   */
  readonly onResolved?: ((resolved: ResolvedOrder) => Promise<void> | void) | undefined;
  /**
   * How many times as fast as the real one the clients' clocks go; for demos and tests. A client's `timeoutMs` is taken to be in
   * the time of its clock.
   *
   * @default 1
   */
  readonly speed?: number;
}

const OPTIONS = ['store', 'clients', 'concurrency', 'onResolved', 'speed'];
const STORE_METHODS = [
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
 * Durable orders that survive the process: each is stored before the risk is taken, driven by any worker, and never lost.
 *
 * The library decides what is next and when, the store keeps, wakes and leases. Delivery is at least once, so each worker
 * asks for an order before it acts on it.
 *
 * @example
 * const durableOrders = new DurableOrders({ store: new PostgresStore({ connectionString }), clients: client });
 * await durableOrders.start();
 * const { outcome } = await durableOrders.pay(request);
 */
export class DurableOrders {
  readonly #store: OrderStore;
  readonly #clients: ReadonlyMap<string, WechatPayClient>;
  readonly #concurrency: number;
  readonly #onResolved: DurableOrdersOptions['onResolved'];
  readonly #speed: number;
  readonly #paying = new Set<Promise<unknown>>();
  readonly #lifecycle = new Lifecycle();
  readonly #watch: MerchantWatch;
  #isWorking = false;
  #stopping = new AbortController();

  /**
   * @throws {WechatPayConfigError} a store that is missing, no client, two of one merchant, a client's `timeoutMs` above 30000, a
   *   number that is out of range, or an unknown option.
   */
  constructor(options: DurableOrdersOptions) {
    checkOptions(options, OPTIONS);
    const { store, clients, concurrency = 32, onResolved, speed = 1 } = options;
    const missing = STORE_METHODS.find(
      (name) => typeof (Object(store) as Record<string, unknown>)[name] !== 'function',
    );
    if (missing !== undefined) {
      throw wrong(
        'store',
        `lacks ${missing}(): give a PostgresStore, an EmbeddedStore, a BullMqStore, or one of your own.`,
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
    if (onResolved !== undefined && typeof (onResolved as unknown) !== 'function') {
      throw wrong('onResolved', 'must be a function.');
    }
    if (!(speed > 0 && Number.isFinite(speed))) throw new WechatPayConfigError('speed', 'must be more than 0.');
    this.#store = store;
    this.#concurrency = concurrency;
    this.#onResolved = onResolved;
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
   * Opens the store, and begins to work on what is due. Where it fails, nothing stays open.
   *
   * @param options `work: false` for a process that only enqueues and looks, and leaves the work to others.
   * @throws {Error} it works already, or the store cannot be opened.
   */
  async start(options: { work?: boolean } = {}): Promise<void> {
    const { work = true } = readProperties('options', options, ['work']);
    await this.#lifecycle.run(async () => {
      if (work && this.#isWorking) throw new StoreInUseError();
      if (this.#stopping.signal.aborted) this.#stopping = new AbortController();
      await this.#store.open();
      try {
        if (work) await this.#work();
      } catch (error) {
        // Of a store that another one works with, nothing was opened here.
        if (!(error instanceof StoreInUseError)) await this.#store.close();
        throw error;
      }
      this.#watch.start();
    });
  }

  async #work(): Promise<void> {
    await this.#store.process(this.#handler(), {
      concurrency: this.#concurrency,
      onProblem: (error, id) => {
        publish({ kind: 'problem', error, ...(id !== undefined && { id }) });
      },
    });
    this.#isWorking = true;
  }

  /**
   * Takes no more, waits for the current payments and steps, and closes the store. What is left goes on in another worker,
   * or later.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#lifecycle.run(async () => {
      this.#stopping.abort(); // where a start was under way
      await Promise.allSettled(this.#paying);
      await this.#store.close();
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
   * Stores an order, to be resolved from `notBefore` on.
   *
   * @returns 'duplicate' where this order has a durable order, whatever became of it.
   * @throws {WechatPayRequestError} an invalid intent, an unknown property, or a `refundWhenExpired` that could not take
   *   effect before the `deadline`: nothing was stored.
   * @throws {Error} what the database throws. It may have been stored: enqueue it again, which is safe.
   */
  async enqueue(given: OrderIntent, options: EnqueueOptions = {}): Promise<'enqueued' | 'duplicate'> {
    const intent = readIntent(given);
    const { tx } = readProperties('options', options, ['tx']);
    const client = this.clientOf(intent.merchantId);
    const { merchantId } = client;
    const now = client.now();
    const { state, dueAt: due } = begin(intent, client, now);
    client.check(QUERY_ORDER, state.order); // a worker could never ask for one that it refuses
    const id = durableOrderId({
      merchantId,
      outTradeNo: state.order.outTradeNo,
      subMerchantId: state.order.subMerchantId,
    });
    const result = await this.#store.enqueue(id, { merchantId, state }, this.#delayOf(state, due, now), { tx });
    if (result === 'enqueued') publish({ kind: 'enqueued', ...about(id, { merchantId, state }) });
    return result;
  }

  /**
   * The cashier's flow: the order is stored as one to be reversed, then Quick Pay is called, once; after a clear answer the
   * durable order ends. A process that dies at any moment leaves an order that another resolves.
   *
   * A payment that was clear ends `done`, as `paid`, and `onResolved` is told of it. One that was declined is `cancelled`; where its
   * order stays open at WeChat Pay, a worker reverses it after 15 s, and `onResolved` is told that it is `reversed`.
   *
   * @returns after Quick Pay's answer, or its time-out, and 5 s for the store at most. Where the outcome is `pending`, do not charge again: {@link get} tells.
   * @throws {WechatPayRequestError} a request that must not be sent, or a number that was charged before; nothing was sent.
   * @throws {Error} what the database throws; nothing was sent.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
   */
  async pay(request: QuickPayRequest, given: DurablePayOptions = {}): Promise<DurablePayment> {
    if (this.#stopping.signal.aborted) throw new Error('The durable orders are being stopped: nothing was sent.');
    const options = readProperties('options', given, ['merchantId', 'signal', 'policy']);
    return this.#whilePaying(payDurably(this.clientOf(options.merchantId), this.#payments, request, options));
  }

  get #payments(): StoredPayments {
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
    return this.#store.reschedule(stored.id, this.#delayOf(stored.state, dueAt(stored.state, now), now));
  }

  /**
   * Calls a durable order off: nothing was paid, or its money is looked after otherwise.
   *
   * @returns false where it is too late: a worker works on it, it must reverse, or it has an outcome, even one that `onResolved` has
   *   not taken yet. {@link get} tells.
   */
  async cancel(order: OrderOf): Promise<boolean> {
    const id = this.#id(order);
    const isCancelled = await this.#store.cancel(id);
    const { merchantId } = this.clientOf(order.merchantId);
    if (isCancelled) publish({ kind: 'cancelled', id, merchantId, outTradeNo: order.outTradeNo });
    return isCancelled;
  }

  /** How the durable order of an order stands; undefined where there is none, or no more. */
  async get(order: OrderOf): Promise<DurableOrder | undefined> {
    return this.#store.get(this.#id(order));
  }

  /** Durable orders by state, age and merchant, the oldest first. */
  async list(given: DurableOrderFilter = {}): Promise<DurableOrder[]> {
    const filter = readProperties('filter', given, FILTER);
    const { limit = 100 } = filter;
    if (!Number.isSafeInteger(limit) || limit < 1 || limit > 1000) {
      throw new WechatPayRequestError('limit', 'must be a whole number from 1 to 1000.');
    }
    return this.#store.list({ ...filter, limit });
  }

  /** Those that need a person, the oldest first; `outcome` says why. */
  async dead(given: Omit<DurableOrderFilter, 'status'> = {}): Promise<DurableOrder[]> {
    const filter = readProperties(
      'filter',
      given,
      FILTER.filter((name) => name !== 'status'),
    );
    return this.list({ ...filter, status: 'dead' });
  }

  /**
   * Sets a dead durable order going again: the order is asked for first.
   *
   * @returns false where there is none of this order, or it is not dead.
   * @throws {WechatPayRequestError} a policy or a deadline that is invalid.
   */
  async redrive(order: OrderOf, given: RedriveOptions = {}): Promise<boolean> {
    const options = readRedrive(given);
    const client = this.clientOf(order.merchantId);
    const stored = await this.get(order);
    if (stored?.status !== 'dead') return false;
    const data = this.#reopened(stored, client.now(), options);
    const isRedriven = await this.#store.redrive(stored.id, data, ['dead']);
    if (isRedriven) publish({ kind: 'redriven', ...about(stored.id, data) });
    return isRedriven;
  }

  /**
   * Has an order reversed, whatever became of its payment: what was paid goes back, and nothing can be paid any more. It is
   * `reverseOrder` that survives the process. Past 7 days it is dead, `refund-required`, unless `policy.refundWhenExpired` is true.
   *
   * @returns 'already-reversing' where a reversal is decided already, 'ended' where nothing is left to be reversed.
   * @throws {WechatPayRequestError} an intent that is invalid: nothing was stored.
   * @throws {Error} what the database throws, or a worker has worked on it for 20 s: call again.
   */
  async reverse(given: OrderIntent): Promise<'enqueued' | 'already-reversing' | 'ended'> {
    const intent = readIntent(given);
    const policy = { ...intent.policy, ifPaid: 'reverse' } as const;
    const { outTradeNo, merchantId, subMerchantId } = intent;
    for (let time = 1; time <= TRIES; time += 1) {
      if ((await this.enqueue({ ...intent, policy })) === 'enqueued') return 'enqueued';
      const stored = await this.get({ outTradeNo, merchantId, subMerchantId });
      const result = stored && (await this.#reverseStored(stored, { ...intent, policy }));
      if (result) return result;
      await sleep(TRY_AGAIN_MS); // a worker has it, for one step
    }
    throw new Error(`Order ${outTradeNo} is still being worked on: have it reversed again in a minute.`);
  }

  async #reverseStored(
    stored: DurableOrder,
    intent: OrderIntent & { policy: Partial<ResolutionPolicy> },
  ): Promise<'enqueued' | 'already-reversing' | 'ended' | undefined> {
    const { id, merchantId, status, state } = stored;
    const outcome = outcomeOf(stored);
    if (outcome && !mayHoldMoney(outcome)) return 'ended'; // whether or not it was told
    const isOpen = status === 'waiting' || status === 'active';
    if (isOpen && !outcome) {
      const { policy, sent } = readResolutionState(state);
      if (policy.ifPaid === 'reverse' || sent.reverse) return 'already-reversing';
    }
    if (status === 'active') return undefined;
    const client = this.clientOf(merchantId);
    const now = client.now();
    const first = begin(intent, client, now);
    const data = this.#reopened(stored, first.dueAt, intent);
    const from = status !== 'waiting' ? status : outcome ? 'untold' : 'open';
    if (!(await this.#store.redrive(id, data, [from]))) return undefined;
    publish({ kind: 'redriven', ...about(id, data) });
    return 'enqueued';
  }

  /** What goes on after an end, with the number of that end. */
  #reopened(stored: DurableOrder, at: number, { deadline: given, policy }: RedriveOptions): DurableOrderData {
    const state = readResolutionState(stored.state);
    const now = this.clientOf(stored.merchantId).now();
    const merged = { ...state.policy, ...policy };
    const deadline = deadlineOf(given, { now, orderCreatedAt: state.orderCreatedAt, policy: merged });
    return ongoing(stored, reopenResolution(state, at, deadline, policy));
  }

  /** Merchants whose calls fail, one after another, in the same way: for a health check. Empty where all is well. */
  merchantProblems(): MerchantProblem[] {
    return this.#watch.problems();
  }

  /** How many there are of each state, and for how long the oldest has been open: for metrics, not for each request. */
  counts(): Promise<DurableOrderCounts> {
    return this.#store.counts();
  }

  /** Ends a durable order whose order was paid: a worker tells `onResolved`. @returns false where that is not sure any more. */
  async #keep(order: OrderOf, payment: ResolutionPayment): Promise<boolean> {
    const stored = await this.get(order);
    if (!stored) return false;
    const outcome = outcomeOf(stored);
    if (outcome) return outcome.kind === 'paid';
    const now = this.clientOf(order.merchantId).now();
    const state = advanceResolution(
      readResolutionState(stored.state),
      { kind: 'queried', tradeState: 'SUCCESS', payment },
      { now },
    );
    if (state.kind !== 'ended' || state.outcome.kind !== 'paid') return false; // another amount, or a reversal is decided: its worker asks
    return this.#store.amend(stored.id, ended(stored, state, state.outcome, now), 0);
  }

  /** Has the durable order of a declined order reverse it, not before 15 s. @returns false where it may end as paid. */
  async #giveUp(order: OrderOf): Promise<boolean> {
    const stored = await this.get(order);
    if (!stored) return false;
    const outcome = outcomeOf(stored);
    if (outcome) return !mayHoldMoney(outcome);
    const { orderCreatedAt, policy, sent } = readResolutionState(stored.state);
    if (policy.ifPaid === 'reverse' || sent.reverse) return true;
    const at = orderCreatedAt + REVERSE_NOT_BEFORE_MS;
    const data = this.#reopened(stored, at, { policy: { ifPaid: 'reverse' } });
    const now = this.clientOf(order.merchantId).now();
    return this.#store.amend(stored.id, data, this.#delayOf(data.state, at, now));
  }

  /** Resolves after the first try; goes on until the store has it, or {@link stop}. */
  async #lookAfter(intent: OrderIntent): Promise<void> {
    const { outTradeNo, merchantId, subMerchantId } = intent;
    const order = { outTradeNo, merchantId, subMerchantId };
    let tried: () => void = () => undefined;
    const firstTry = new Promise<void>((resolve) => {
      tried = resolve;
    });
    const looking = lookAfter({
      find: () => this.get(order),
      hasten: () => this.hasten(order).finally(tried),
      giveBack: () => this.reverse(intent),
      signal: this.#stopping.signal,
      onGivenUp: (cause) => {
        const message = `Order ${outTradeNo} may be paid, and its durable order has ended, or could not be reached: have it reversed.`;
        publish({ kind: 'problem', id: this.#id(order), error: new Error(message, { cause }) });
      },
    });
    void this.#whilePaying(looking);
    await Promise.race([looking, firstTry]);
  }

  #handler(): OrderHandler {
    return createHandler({
      clientOf: (merchantId) => this.#clients.get(merchantId),
      onResolved: this.#onResolved,
      delay: (until, now) => this.#delay(until, now),
    });
  }

  #id(order: OrderOf): string {
    const { outTradeNo, merchantId, subMerchantId } = readOrder(order);
    const client = this.clientOf(merchantId);
    return durableOrderId({
      merchantId: client.merchantId,
      subMerchantId: subMerchantId ?? client.subMerchantId,
      outTradeNo,
    });
  }

  /** As {@link #delay}, for an order: a clock that says a time before it was created was set back since. */
  #delayOf({ orderCreatedAt }: ResolutionState, until: number, now: number): number {
    return this.#delay(until, Math.max(now, orderCreatedAt));
  }

  /** Real milliseconds from a time of the client's clock to another. The store is told how long, not when: its clock may differ. */
  #delay(until: number, now: number): number {
    return Math.max(0, Math.ceil((until - now) / this.#speed));
  }
}
