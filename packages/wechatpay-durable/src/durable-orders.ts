// Over 250 lines, as one idea: all that an application can do with durable orders, each a line that says where it is done.
import {
  WechatPayConfigError,
  type PaymentNotification,
  type QuickPayRequest,
  type UnifiedOrderRequest,
  type WechatPayClient,
} from 'wechatpay-core';
import type { ActorOptions } from './actor.js';
import { ClockWatch, type ClockSkew } from './clock-watch.js';
import { createDurably, type DurableCreateOptions, type DurableCreation } from './create.js';
import {
  checkListeners,
  resolveOptions,
  type DurableOrdersOptions,
  type DurableStartOptions,
  type Settings,
} from './durable-orders-options.js';
import { cancelOrder, cancelRefund, enqueueOrder, hastenOrder } from './enqueue.js';
import { DurableOrdersError, isDurableOrdersError, storeInUse, toProblem } from './errors.js';
import { publish } from './events.js';
import { createHandler, type HandlerOptions } from './handler.js';
import { readActorOptions, readProperties, type OrderIntent, type OrderOf, type RedriveOptions } from './intent.js';
import { explainOrder, type OrderExplanation } from './journal/explain.js';
import { exportJournal, type JournalFilter } from './journal/export.js';
import { noteInJournal, type JournalNote } from './journal/note.js';
import { verifyJournal, type JournalCheck } from './journal/verify.js';
import {
  findRows,
  listDead,
  listRows,
  type OrderFilter,
  type OrderQuery,
  type RefundFilter,
  type RefundQuery,
} from './list.js';
import { MerchantWatch, toError, type MerchantProblem } from './merchant-watch.js';
import { takeNotification, type NotifiedOrder } from './notified.js';
import { Orders } from './orders.js';
import { payDurably, type DurablePayment, type DurablePayOptions, type StoredPayments } from './pay.js';
import { createPauses } from './pauses/create-pauses.js';
import type { MerchantPause, MerchantPauses } from './pauses/merchant-pauses.js';
import { DailyReconciler, resolveDaily, type DailyReconciliation } from './reconcile/daily.js';
import {
  acknowledgeDay,
  acknowledgeDifference,
  type AcknowledgeOptions,
  type AcknowledgeRequest,
} from './reconcile/acknowledge.js';
import type { ReconcileRequest, StatementOwner } from './reconcile/days.js';
import {
  healthOf,
  listReconciliations,
  type ReconciliationHealth,
  type ReconciliationsRequest,
} from './reconcile/health.js';
import { getReconciliation, reconcileDay, type ReconcileOptions } from './reconcile/reconcile.js';
import type { Reconciliation, ReconciliationSummary } from './reconcile/reconciliation.js';
import {
  redriveAll,
  type RedriveAllOptions,
  type RedriveAllRefundsOptions,
  type RedriveFilter,
  type RedrivenOrders,
} from './redrive-all.js';
import { redriveOrder } from './redrive.js';
import { explainRefund, type RefundExplanation } from './refunds/explain-refund.js';
import { hastenRefund, redriveRefund } from './refunds/redrive-refund.js';
import { createRefundHandler } from './refunds/refund-handler.js';
import { isRefundOf, type RefundIntent, type RefundOf, type RefundRedriveOptions } from './refunds/refund-intent.js';
import { refundDurably } from './refunds/refund.js';
import { reverseDurably } from './reverse.js';
import { storedPayments } from './stored-payments.js';
import { Lifecycle } from './stores/lifecycle.js';
import type { DurableOrder, DurableOrderCounts, DurableRefund, DurableRow, EnqueueOptions } from './stores/store.js';
import { shareTracing } from './tracing.js';
import { waitForEnd, waitForRefund, type WaitOptions } from './wait.js';

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
  static {
    shareTracing(this, (durableOrders, tracing) => (durableOrders.#orders.tracing = tracing));
  }

  readonly #orders: Orders;
  readonly #settings: Settings;
  readonly #paying = new Set<Promise<unknown>>();
  readonly #lifecycle = new Lifecycle();
  readonly #watch: MerchantWatch;
  readonly #pauses: MerchantPauses;
  readonly #clocks: ClockWatch | undefined;
  #daily: DailyReconciler | undefined;
  #isWorking = false;
  #stopping = new AbortController();

  /**
   * @throws {WechatPayConfigError} a store that is missing, no client, two of one merchant, a client's `timeoutMs` above 30000, a
   *   number that is out of range, or an unknown option.
   */
  constructor(options: DurableOrdersOptions) {
    this.#settings = resolveOptions(options);
    this.#orders = new Orders(this.#settings);
    this.#watch = new MerchantWatch({
      clockOf: (merchantId) => {
        const client = this.#settings.clients.peek(merchantId);
        return client && (() => client.now());
      },
      onProblem: (problem) => {
        publish({ kind: 'merchant-problem', problem, error: toError(problem) });
      },
      onRecovery: (problem) => {
        publish({ kind: 'merchant-recovered', problem });
      },
    });
    this.#pauses = createPauses(this.#orders);
    const { storeNow, clients, speed, daily } = this.#settings;
    this.#daily = daily && new DailyReconciler(this.#orders, daily);
    // Of a clock that goes at another speed, there is nothing to compare.
    if (storeNow && speed === 1) this.#clocks = new ClockWatch({ storeNow, clients: () => clients.all() });
  }

  /**
   * Opens the store, and begins to work on what is due. Where it fails, nothing stays open.
   *
   * @param options `work: false` for a process that only enqueues and looks, and leaves the work to others. `onResolved` and
   *   `onRefundResolved`, in the place of the constructor's, where whoever is called is made after these orders, since it uses them.
   * @throws {DurableOrdersError} it works already, or the store cannot be opened.
   */
  async start(options: DurableStartOptions = {}): Promise<void> {
    const { work = true, ...listeners } = readProperties('options', options, START_OPTIONS);
    checkListeners(listeners);
    await this.#lifecycle.run(async () => {
      if (work && this.#isWorking) throw storeInUse();
      if (this.#stopping.signal.aborted) this.#stopping = new AbortController();
      await this.#settings.store.open();
      try {
        if (work) await this.#work(listeners);
      } catch (error) {
        // Of a store that another one works with, nothing was opened here.
        const isInUse = isDurableOrdersError(error) && error.code === 'WECHATPAY_STORE_IN_USE';
        if (!isInUse) await this.#settings.store.close();
        throw error;
      }
      this.#watch.start();
      this.#clocks?.start();
      if (work) this.#daily?.start();
    });
  }

  async #work(listeners: Omit<DurableStartOptions, 'work'>): Promise<void> {
    const { store, clients, concurrency, keepsOpenId } = this.#settings;
    const { onResolved, onRefundResolved } = { ...this.#settings, ...listeners };
    const options: HandlerOptions = {
      findClient: (merchantId) => clients.find(merchantId),
      delay: (until, now) => this.#orders.delay(until, now),
      pauses: this.#pauses,
      keepsOpenId,
      tracing: () => this.#orders.tracing,
      onEnd: (id) => {
        this.#orders.ends.tell(id);
      },
      partsOf: (parentId) => store.find({ parentId }),
    };
    const refund = createRefundHandler({ ...options, onRefundResolved });
    const handler = createHandler({ ...options, onResolved, refund });
    await store.process(handler, {
      concurrency,
      onProblem: (error, id) => {
        publish({ kind: 'problem', error: toProblem(error, id), ...(id !== undefined && { id }) });
      },
    });
    this.#isWorking = true;
  }

  /**
   * Takes no more, waits for the current payments, notifications and steps, and closes the store. What is left goes on in another worker,
   * or later.
   */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#lifecycle.run(async () => {
      this.#stopping.abort(); // where a start was under way
      // Also for what a payment that ends meanwhile leaves behind: it looks after its money once more.
      while (this.#paying.size > 0) await Promise.allSettled(this.#paying);
      await this.#daily?.stop();
      await this.#settings.store.close();
      this.#watch.stop();
      this.#clocks?.stop();
      this.#isWorking = false;
    });
  }

  /**
   * The client of a merchant. With a `MerchantRegistry`, of one that was used lately: await its `get` for any.
   *
   * @throws {WechatPayRequestError} one that is not known here, or none where there are several.
   */
  clientOf(merchantId?: string): WechatPayClient {
    return this.#settings.clients.known(merchantId);
  }

  /**
   * Stores an order, to be resolved from `notBefore` on.
   *
   * @returns 'duplicate' where this order has a durable order, whatever became of it.
   * @throws {WechatPayRequestError} an invalid intent, an unknown property, or a `refundWhenExpired` that could not take
   *   effect before the `deadline`: nothing was stored.
   * @throws {DurableOrdersError} the store failed, with its error as `cause`. It may have been stored: enqueue it again, which is safe.
   *   With `ifPaid: 'reverse'`, `WECHATPAY_ORDER_BUSY`: as of {@link reverse}; a `tx` has to be READ COMMITTED then.
   */
  async enqueue(intent: OrderIntent, options: EnqueueOptions & ActorOptions = {}): Promise<'enqueued' | 'duplicate'> {
    return enqueueOrder(this.#orders, intent, options);
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
   * @throws {DurableOrdersError} the store failed, or this process stops; nothing was sent, and `outcome` says so.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013658162 (Submit Quick Pay)
   */
  async pay(request: QuickPayRequest, given: DurablePayOptions = {}): Promise<DurablePayment> {
    this.#assertGoesOn();
    const options = readProperties('options', given, PAY_OPTIONS);
    const clientOf = (): Promise<WechatPayClient> => this.#orders.clientOf(options.merchantId);
    const paymentsOf = (client: WechatPayClient): StoredPayments =>
      storedPayments(this.#orders, client, {
        problems: () => this.merchantProblems(),
        stopping: () => this.#stopping.signal,
        whilePaying: (work) => this.#whilePaying(work),
      });
    return this.#whilePaying(payDurably(clientOf, paymentsOf, request, options));
  }

  /**
   * Makes an order that the customer pays by themselves: by QR code, in an official account, a mini program, an app or a browser. It is
   * stored, then Unified Order is called, once. From then on it is asked for, and closed at `timeExpire` (or the policy's `closeAfterMs`)
   * where it is not paid; a process that dies at any moment leaves an order that another resolves.
   *
   * `onResolved` is told how it ended: `paid`, `closed`, or by `policy: { ifPaidLate: 'refund' }` `refunded`, where the customer paid after
   * it was given up.
   *
   * @returns after Unified Order's answer, or its time-out, and 5 s for the store at most. Only `created` has something to pay by.
   * @throws {WechatPayRequestError} a request that must not be sent, or a number that was used before; nothing was sent.
   * @throws {DurableOrdersError} the store failed, or this process stops; nothing was sent, and `outcome` says so.
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665947 (Unified Order)
   * @example
   * const { outcome, result } = await durableOrders.create({ tradeType: 'NATIVE', productId: 'tea', timeExpire, ...order });
   */
  async create(request: UnifiedOrderRequest, given: DurableCreateOptions = {}): Promise<DurableCreation> {
    this.#assertGoesOn();
    const options = readProperties('options', given, PAY_OPTIONS);
    const clientOf = (): Promise<WechatPayClient> => this.#orders.clientOf(options.merchantId);
    const problemOf = (merchantId: string): MerchantProblem | undefined =>
      this.merchantProblems().find((problem) => problem.merchantId === merchantId);
    return this.#whilePaying(createDurably(this.#orders, clientOf, request, options, problemOf));
  }

  /**
   * Takes a payment notification: what WeChat Pay posts to the `notifyUrl` of an order. It is read as `readPaymentNotification` reads it, that
   * it came is stored, and a worker asks for the order at once: a notification is a hint, and ends no order by itself.
   *
   * Answer WeChat Pay once this resolves: `acknowledge()`. Where it throws, `refuse()`, and the notification comes again.
   *
   * @param notification the request's bytes, before any parser; or what `readPaymentNotification` has read for one of the clients, as a
   *   method with `@OnPaymentNotified()` of nestjs-wechatpay has it.
   * @throws {WechatPayNotificationError} it is not WeChat Pay's word to one of the clients: nothing was stored.
   * @throws {WechatPayMerchantError} a `MerchantRegistry` could not be asked whose it is: nothing was stored.
   * @throws {WechatPayRequestError} what is neither, as a copy of a notification: nothing was stored.
   * @throws {DurableOrdersError} the store failed, or a worker has had the order for 4 s: nothing may be stored.
   * @example
   * const { kind } = await durableOrders.notified(body);
   * return kind === 'unknown-order' ? refuse('unknown-order') : acknowledge();
   */
  async notified(notification: Uint8Array | string | PaymentNotification): Promise<NotifiedOrder> {
    return this.#whilePaying(takeNotification(this.#orders, notification));
  }

  #assertGoesOn(): void {
    if (!this.#stopping.signal.aborted) return;
    const message = 'The durable orders are being stopped: nothing was sent.';
    throw new DurableOrdersError('WECHATPAY_STOPPING', message, { outcome: 'not-sent' });
  }

  /** Has {@link stop} wait for it. */
  #whilePaying<Result>(paying: Promise<Result>): Promise<Result> {
    this.#paying.add(paying);
    return paying.finally(() => this.#paying.delete(paying));
  }

  /**
   * Refunds a payment, in whole or in part, whatever happens to this process: the refund is stored before it is sent, and workers bring
   * it to its end. Submit Refund is made again with the same number where its outcome is not known or WeChat Pay asks for time; then Query
   * Refund follows it until the customer has the money. `onRefundResolved` is called with each end.
   *
   * The parts of an order that are stored here are never more than what was paid, also where two processes refund at once; at most 50 of
   * them, a minute apart, within a year. Asked for again with the same number, it is the refund that is there.
   *
   * @param refund `outRefundNo` at most 32 characters; amounts in the currency's minor unit. By `transactionId` alone, WeChat Pay is asked
   *   for the order's number first, where nothing is stored of it.
   * @returns the durable refund, as {@link get} gives it: stored, and perhaps begun.
   * @throws {WechatPayRequestError} a refund that WeChat Pay would refuse, that is more than is left, or of another amount or order than
   *   the one of this number; nothing was stored.
   * @throws {DurableOrdersError} the store failed: it may have been stored; call again, which is safe. `WECHATPAY_ORDER_NOT_KNOWN`: the
   *   order of a transaction could not be asked for. `WECHATPAY_ORDER_BUSY`: other parts are being stored; call again.
   * @example
   * await durableOrders.refund({ outTradeNo, outRefundNo: 'R-0001', totalFee: 888, refundFee: 300, refundCurrency: 'HKD' });
   * const { outcome } = await durableOrders.wait({ outRefundNo: 'R-0001' });
   * @see https://pay.weixin.qq.com/doc/global/v2/en/4013665573 (Complete refund logic)
   */
  async refund(refund: RefundIntent, options: EnqueueOptions & ActorOptions = {}): Promise<DurableRefund> {
    return refundDurably(this.#orders, refund, options);
  }

  /**
   * Takes the first step of one that waits as soon as the policy lets it, and not only at `notBefore`. A refund that was sent is asked for
   * now, as when a notification of it has come: that is a hint, and no proof.
   */
  async hasten(one: OrderOf | RefundOf, options: ActorOptions = {}): Promise<boolean> {
    return isRefundOf(one) ? hastenRefund(this.#orders, one, options) : hastenOrder(this.#orders, one, options);
  }

  /**
   * Calls a durable order off: nothing was paid, or its money is looked after otherwise. Or a durable refund, as long as nothing of it can
   * have been sent.
   *
   * @returns false where it is too late: a worker works on it, it must reverse, the refund may have been sent, or it has an outcome, even
   *   one that `onResolved` has not taken yet. {@link get} tells. Also of an order of Unified Order, which its customer can pay: {@link reverse}
   *   closes it.
   */
  async cancel(one: OrderOf | RefundOf, options: ActorOptions = {}): Promise<boolean> {
    return isRefundOf(one) ? cancelRefund(this.#orders, one, options) : cancelOrder(this.#orders, one, options);
  }

  /** How the durable order of an order, or the durable refund of a refund number, stands; undefined where there is none, or no more. */
  get(order: OrderOf): Promise<DurableOrder | undefined>;
  get(refund: RefundOf): Promise<DurableRefund | undefined>;
  async get(one: OrderOf | RefundOf): Promise<DurableRow | undefined> {
    return isRefundOf(one) ? this.#orders.getRefund(one) : this.#orders.get(one);
  }

  /**
   * The durable orders of a number: the shop's own, or the transaction that the customer's receipt names. More than one where
   * several merchants gave the same number. With an `outRefundNo`, or with `kind: 'refund'`, durable refunds.
   *
   * Refunds of orders that are not stored here are found of the merchant that is named, or of all clients; of a `MerchantRegistry`, of those that
   * were used lately.
   *
   * @throws {WechatPayRequestError} no number, or several.
   * @example const [order] = await durableOrders.find({ transactionId: '4200001234' });
   * @example const refunds = await durableOrders.find({ outTradeNo: 'A1', kind: 'refund' });
   */
  find(query: OrderQuery): Promise<DurableOrder[]>;
  find(query: RefundQuery): Promise<DurableRefund[]>;
  async find(query: OrderQuery | RefundQuery): Promise<DurableRow[]> {
    return findRows(this.#orders, query);
  }

  /**
   * Durable orders by state, age and merchant, the oldest first; or those that ended in a period, by the time of their ends. With
   * `kind: 'refund'`, durable refunds.
   */
  list(filter?: OrderFilter): Promise<DurableOrder[]>;
  list(filter: RefundFilter): Promise<DurableRefund[]>;
  async list(filter: OrderFilter | RefundFilter = {}): Promise<DurableRow[]> {
    return listRows(this.#orders, filter);
  }

  /** Those that need a person, the oldest first; `outcome` says why. With `kind: 'refund'`, durable refunds. */
  dead(filter?: Omit<OrderFilter, 'status'>): Promise<DurableOrder[]>;
  dead(filter: Omit<RefundFilter, 'status'>): Promise<DurableRefund[]>;
  async dead(filter: Omit<OrderFilter | RefundFilter, 'status'> = {}): Promise<DurableRow[]> {
    return listDead(this.#orders, filter);
  }

  /**
   * Sets a dead durable order or refund going again: it is asked for first.
   *
   * @returns false where there is none, or it is not dead.
   * @throws {WechatPayRequestError} a policy or a deadline that is invalid; a refund whose amount other parts have taken meanwhile.
   * @throws {DurableOrdersError} `WECHATPAY_ORDER_BUSY`: with `ifPaid: 'reverse'`, as of {@link reverse}.
   */
  redrive(order: OrderOf, options?: RedriveOptions): Promise<boolean>;
  redrive(refund: RefundOf, options?: RefundRedriveOptions): Promise<boolean>;
  async redrive(one: OrderOf | RefundOf, options: RedriveOptions | RefundRedriveOptions = {}): Promise<boolean> {
    return isRefundOf(one) ? redriveRefund(this.#orders, one, options) : redriveOrder(this.#orders, one, options);
  }

  /**
   * Has an order reversed, whatever became of its payment: what was paid goes back, and nothing can be paid any more. It is
   * `reverseOrder` that survives the process. One of Unified Order is closed, 5 min after it was created at the soonest, or refunded.
   * Past 7 days it is dead, `refund-required`, unless `policy.refundWhenExpired` is true.
   *
   * As long as a durable refund of it has no proven end, it is not reversed: money would go back twice over. Of one that was refunded in
   * part, the rest is returned as far as WeChat Pay lets it be, or it is dead, `refund-required`.
   *
   * @returns 'already-reversing' where a reversal is decided already, 'ended' where nothing is left to be reversed.
   * @throws {WechatPayRequestError} an intent that is invalid: nothing was stored.
   * @throws {DurableOrdersError} the store failed; `WECHATPAY_ORDER_BUSY`: a refund of it has no proven end, or a worker has worked on it
   *   for 20 s: call again.
   */
  async reverse(intent: OrderIntent, options: ActorOptions = {}): Promise<'enqueued' | 'already-reversing' | 'ended'> {
    return reverseDurably(this.#orders, intent, options);
  }

  /**
   * Waits until an order, or a refund, has an outcome, or was called off: in this process or in any other. It looks often at first, and later
   * every 5 s.
   *
   * @returns the durable order, as {@link get} gives it. Of one that was called off, `status` is `cancelled`, without an `outcome`.
   * @throws {WechatPayRequestError} an invalid order or signal.
   * @throws {DurableOrdersError} `WECHATPAY_NO_SUCH_ORDER`: nothing is stored of it. `WECHATPAY_WAIT_ABORTED`: the signal is aborted, with
   *   its reason as `cause`. `WECHATPAY_STOPPING`: this process stops. The order goes on by itself.
   * @example
   * const { outcome } = await durableOrders.wait({ outTradeNo }, { signal: AbortSignal.timeout(60_000) });
   */
  wait(order: OrderOf, options?: WaitOptions): Promise<DurableOrder>;
  wait(refund: RefundOf, options?: WaitOptions): Promise<DurableRefund>;
  async wait(one: OrderOf | RefundOf, options: WaitOptions = {}): Promise<DurableRow> {
    const { signal } = this.#stopping;
    return isRefundOf(one)
      ? waitForRefund(this.#orders, one, options, signal)
      : waitForEnd(this.#orders, one, options, signal);
  }

  /**
   * Says what is known about the money of an order, or of a refund, since when, and by which verified answer; and what happened to it, from its journal.
   *
   * @returns undefined where there is neither a durable order nor a journal of it.
   * @example console.log((await durableOrders.explain({ outTradeNo }))?.summary);
   */
  explain(order: OrderOf): Promise<OrderExplanation | undefined>;
  explain(refund: RefundOf): Promise<RefundExplanation | undefined>;
  async explain(one: OrderOf | RefundOf): Promise<OrderExplanation | RefundExplanation | undefined> {
    return isRefundOf(one) ? explainRefund(this.#orders, one) : explainOrder(this.#orders, one);
  }

  /**
   * Writes a note into the journal of an order, or of a refund, whatever its status: {@link explain} shows it in the timeline. Nothing else
   * changes by it.
   *
   * @param note `text` of 1 to 1000 characters, never a secret; `actor` says who wrote it.
   * @returns false where there is no such durable order, or no more.
   * @throws {WechatPayRequestError} a text or an actor that is invalid.
   * @example await durableOrders.note({ outTradeNo }, { text: 'Called the customer: they have the money.', actor: 'Ann' });
   */
  async note(one: OrderOf | RefundOf, note: JournalNote): Promise<boolean> {
    return noteInJournal(this.#orders, one, note);
  }

  /**
   * Looks whether the journal of an order, or of a refund, is as it was noted: each entry has the hash of the one before, up to the one that
   * the row names as its last.
   */
  async verifyJournal(one: OrderOf | RefundOf): Promise<JournalCheck> {
    return verifyJournal(this.#orders, one);
  }

  /**
   * The journals of the orders that are kept, or with `kind: 'refund'` of the refunds, as NDJSON: one line, with its line break, for each entry.
   *
   * @param filter whose; all where it is left out.
   * @throws {WechatPayRequestError} a filter that is invalid, at once.
   * @example await pipeline(durableOrders.exportJournal({ ended: { from, to } }), createWriteStream('journal.ndjson'));
   */
  exportJournal(filter: JournalFilter = {}): AsyncIterable<string> {
    return exportJournal(this.#orders, filter);
  }

  /**
   * Sets many dead durable orders, or with `kind: 'refund'` durable refunds, going again: each is asked for first.
   *
   * @param filter which; `{}` takes all that are dead.
   * @param options what changes from now on, as of {@link redrive}; `dryRun: true` only says which they are.
   * @throws {WechatPayRequestError} a filter or an option that is invalid.
   * @throws {DurableOrdersError} the store failed: some may be redriven; call again.
   * @example await durableOrders.redriveAll({ code: 'NOAUTH' }, { dryRun: true });
   */
  redriveAll(
    filter: RedriveFilter & { readonly kind?: 'order' | undefined },
    options?: RedriveAllOptions,
  ): Promise<RedrivenOrders>;
  redriveAll(
    filter: RedriveFilter & { readonly kind: 'refund' },
    options?: RedriveAllRefundsOptions,
  ): Promise<RedrivenOrders>;
  async redriveAll(
    filter: RedriveFilter,
    options: RedriveAllOptions | RedriveAllRefundsOptions = {},
  ): Promise<RedrivenOrders> {
    return redriveAll(this.#orders, filter, options);
  }

  /**
   * Downloads WeChat Pay's statement of a day, compares it with the durable orders, stores what came of it, and asks WeChat Pay for each
   * order that differs. What the statement says moves no money: only a verified answer that contradicts what is stored is stored, and the
   * durable order goes on from it.
   *
   * Of an order that no statement has, those of the next three days are looked through: reconcile them too; then it needs a person. A
   * day can be reconciled again, also where a process has died in the middle.
   *
   * @param request which day, from 10:00 of the next in Beijing, up to three months back, and no further than the store keeps orders.
   * @returns what is stored: {@link reconciliation} gives it again.
   * @throws {WechatPayRequestError} a day, a merchant or a property that is invalid.
   * @throws {WechatPayConfigError} a custom store that keeps no reconciliations.
   * @throws {WechatPayStatementError} no statement, or not one to rely on: nothing is stored, and no order counts as missing.
   * @throws {WechatPayTransportError} it could not be downloaded, or broke off.
   * @throws {DurableOrdersError} `WECHATPAY_RECONCILING`: another call works on this day. The store failed: call again.
   * @example
   * const { agreed, differences } = await durableOrders.reconcile({ date: '20260301' });
   * for (const each of differences) if (each.status === 'needs-person') console.log(each.outTradeNo, each.class, each.why);
   */
  async reconcile(request: ReconcileRequest, options: ReconcileOptions = {}): Promise<Reconciliation> {
    return reconcileDay(this.#orders, request, options);
  }

  /** What came of reconciling a day; undefined where it was not reconciled. */
  async reconciliation(request: ReconcileRequest): Promise<Reconciliation | undefined> {
    return getReconciliation(this.#orders, request);
  }

  /**
   * The days that are reconciled, without their differences, by their days.
   *
   * @throws {WechatPayRequestError} a day, a merchant or a property that is invalid.
   * @example
   * for (const { date, rows, forPerson } of await durableOrders.reconciliations()) console.log(date, rows, forPerson);
   */
  async reconciliations(request: ReconciliationsRequest = {}): Promise<ReconciliationSummary[]> {
    return listReconciliations(this.#orders, request);
  }

  /**
   * How the reconciliation of a merchant stands: which days are late, and how many differences are open or need a person. For a page of
   * health and for alarms.
   *
   * @throws {WechatPayRequestError} a merchant or a property that is invalid.
   * @example
   * const { lateDays, forPerson } = await durableOrders.reconciliationHealth();
   */
  async reconciliationHealth(request: StatementOwner = {}): Promise<ReconciliationHealth> {
    return healthOf(this.#orders, request, this.#daily);
  }

  /**
   * Has each day reconciled from now on, as the option `reconcileDaily` does: where this process works, until `stop`.
   *
   * @throws {WechatPayConfigError} an option that is invalid, a store that keeps no reconciliations; or it does so already.
   * @example durableOrders.reconcileDaily({ since: '20260301' });
   */
  reconcileDaily(options: DailyReconciliation = {}): void {
    if (this.#daily) {
      throw new WechatPayConfigError('reconcileDaily', 'is on already: give it once, as an option or by this call.');
    }
    const daily = resolveDaily(options, this.#settings.store) ?? options;
    this.#daily = new DailyReconciler(this.#orders, daily);
    if (this.#isWorking) this.#daily.start();
  }

  /**
   * Reconciles what is due now: each day that is missing, and each of which a question has had no answer; of each day one caller at a
   * time, at most once in half an hour. What `reconcileDaily` does each minute, for a schedule of your own: a cron job, a queue.
   *
   * @returns which days are reconciled by it; a day that failed, and differences that stay open, are told as problems.
   * @throws {WechatPayConfigError} an option that is invalid, a store that keeps no reconciliations.
   * @example const days = await durableOrders.reconcileDue({ since: '20260301' }); // as in [{ date: '20260301', … }]
   */
  async reconcileDue(options: DailyReconciliation & ReconcileOptions = {}): Promise<ReconciliationSummary[]> {
    const { signal, since, merchantIds } = readProperties('options', options, ['since', 'merchantIds', 'signal']);
    const daily = { ...(since !== undefined && { since }), ...(merchantIds !== undefined && { merchantIds }) };
    return new DailyReconciler(this.#orders, resolveDaily(daily, this.#settings.store) ?? daily).once(signal);
  }

  /**
   * Notes that a person has looked at a difference that needed one: it counts as open no more, also where the day is reconciled again and it
   * is still there. It moves no money and changes no order.
   *
   * @returns false where there is no such difference, or it needs no person.
   * @throws {WechatPayRequestError} a day, a merchant, a note or a property that is invalid; a request that names several differences.
   * @throws {DurableOrdersError} `WECHATPAY_RECONCILING`: the day is being reconciled. The store failed.
   * @example
   * const difference = { kind: 'payment', outTradeNo: '20260301-0007' } as const;
   * await durableOrders.acknowledge({ date: '20260301', ...difference }, { actor: 'accounts-2', note: 'paid at the till' });
   */
  async acknowledge(request: AcknowledgeRequest, options: AcknowledgeOptions = {}): Promise<boolean> {
    return acknowledgeDifference(this.#orders, request, options);
  }

  /**
   * Notes that a person has dealt with a day that is late: it counts as late no more. For one that cannot be reconciled any more, since its
   * orders are gone, or of which no statement can be had. As long as its orders are kept, it is tried all the same.
   *
   * @returns false where the day is not late, or somebody has said so before.
   * @throws {WechatPayRequestError} a day, a merchant, a note or a property that is invalid.
   * @throws {DurableOrdersError} `WECHATPAY_RECONCILING`: somebody else notes something; call again. The store failed.
   * @example
   * await durableOrders.acknowledgeDay({ date: '20260301' }, { actor: 'accounts-2', note: 'compared by hand' });
   */
  async acknowledgeDay(request: ReconcileRequest, options: AcknowledgeOptions = {}): Promise<boolean> {
    return acknowledgeDay(this.#orders, request, options, this.#daily?.since);
  }

  /**
   * The merchants whose steps this process holds back, since they fail for one order after another: a key, a certificate or a
   * permission is wrong. Each process has its own.
   */
  merchantPauses(): MerchantPause[] {
    return this.#pauses.list();
  }

  /**
   * Has the orders of a merchant go on in this process, and its sub-merchants'. They go on by themselves once an order is answered.
   *
   * @param merchantId `mch_id`. @default that of the only client
   * @returns false where the merchant is not paused here.
   */
  resume(merchantId?: string, options: ActorOptions = {}): boolean {
    const { actor } = readActorOptions(options);
    return this.#pauses.resume(this.#settings.clients.nameOf(merchantId), actor);
  }

  /** The merchants whose orders are worked on here (`mch_id`), one for each client. */
  get merchantIds(): readonly string[] {
    return this.#daily?.merchantIds ?? this.#settings.clients.all().map(({ merchantId }) => merchantId);
  }

  /** Merchants whose calls fail, one after another, in the same way: for a health check. Empty where all is well. */
  merchantProblems(): MerchantProblem[] {
    return this.#watch.problems();
  }

  /**
   * How far the clock of each merchant's client is from the store's, as of the last 30 s. Empty until they were held against each other
   * once, with `speed`, and for a store that does not tell its clock.
   */
  clockSkews(): ClockSkew[] {
    return this.#clocks?.skews() ?? [];
  }

  /** How many there are of each state, and for how long the oldest has been open: for metrics, not for each request. */
  counts(): Promise<DurableOrderCounts> {
    return this.#settings.store.counts();
  }
}

const START_OPTIONS = ['work', 'onResolved', 'onRefundResolved'];
const PAY_OPTIONS = ['merchantId', 'signal', 'policy', 'actor'];
