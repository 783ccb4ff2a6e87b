import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Inject,
  Injectable,
  ServiceUnavailableException,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { Subject, type Observable } from 'rxjs';
import {
  WechatPayBusinessError,
  WechatPayClient,
  WechatPayError,
  WechatPayRequestError,
  type QuickPayRequest,
  type SettleState,
} from 'wechatpay-core';
import {
  DurableReversals,
  REVERSAL_CHANNEL,
  type DurablePayment,
  type ReversalEvent,
  type StoredReversal,
} from 'wechatpay-durable';
import { asked, declined, ended, standing, WAITING, type Answer, type Standing, type TillOrder } from './till.order.js';
import { errorWord, outcomeRemedy, STEPS, stepWords } from './till.words.js';

interface Entry {
  order: TillOrder;
  readonly refunds: Map<string, number>;
}

/** Orders beyond these are forgotten, the oldest first; those without an end stay. */
const MAX_ORDERS = 500;
const PAGE = 1000;
const OPEN: readonly TillOrder['state'][] = ['paying', 'refund-required', 'needs-attention', 'unresolved'];

/**
 * The orders that were charged and how they stand, for the cashier's page.
 *
 * What must not be lost is in the store: the order, before it is charged, and how it ended. The rest, as what was sold and
 * each step, is in memory for whoever looks on.
 */
@Injectable()
export class Till implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #reversals: DurableReversals;
  readonly #client: WechatPayClient;
  readonly #entries = new Map<string, Entry>();
  readonly #charging = new Map<string, Promise<void>>();
  readonly #changes = new Subject<TillOrder>();
  /** The last reversal of the store that was looked at. */
  #last: StoredReversal | undefined;

  constructor(@Inject(DurableReversals) reversals: DurableReversals, @Inject(WechatPayClient) client: WechatPayClient) {
    this.#reversals = reversals;
    this.#client = client;
  }

  /** Before the worker begins. */
  onModuleInit(): void {
    subscribe(REVERSAL_CHANNEL, this.#hear);
  }

  /** Once the store is open. */
  async onApplicationBootstrap(): Promise<void> {
    await this.catchUp();
  }

  /** Pages that look on are told that it is over: their connections would keep the server open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#changes.complete();
    await Promise.all(this.#charging.values());
    unsubscribe(REVERSAL_CHANNEL, this.#hear);
  }

  /** Each order, whenever it changes here; ends when the application shuts down. */
  get changes(): Observable<TillOrder> {
    return this.#changes.asObservable();
  }

  /** The newest first, those of other processes and of earlier starts among them. */
  async list(): Promise<TillOrder[]> {
    await this.catchUp();
    return this.known();
  }

  /** Those that are known already, the newest first. */
  known(): TillOrder[] {
    const orders = [...this.#entries.values()].map(({ order }) => order).reverse();
    return orders.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  }

  get(outTradeNo: string): TillOrder | undefined {
    return this.#entries.get(outTradeNo)?.order;
  }

  /**
   * Begins to charge, and comes back at once.
   *
   * @throws {WechatPayRequestError} a number that was charged before.
   */
  async pay(request: QuickPayRequest & { currency: string }): Promise<TillOrder> {
    const { outTradeNo, subMerchantId, body: description, totalFee, currency } = request;
    const stored = await this.#reversals.get(request).catch(() => {
      throw new ServiceUnavailableException(
        'The order cannot be written down: nothing was sent. Try again in a minute.',
      );
    });
    if (stored || this.#entries.has(outTradeNo)) {
      const problem = 'was charged before; take a new number, or look how that one stands.';
      throw new WechatPayRequestError('outTradeNo', problem);
    }
    const order = {
      outTradeNo,
      ...(subMerchantId !== undefined && { subMerchantId }),
      description,
      totalFee,
      currency,
    };
    const entry = this.#add({ ...order, createdAt: new Date(this.#client.now()), steps: [], ...WAITING });
    const charging = this.#charge(entry, request).finally(() => this.#charging.delete(outTradeNo));
    this.#charging.set(outTradeNo, charging);
    return entry.order;
  }

  /** Notes a refund that WeChat Pay took; told again of the same one, it changes nothing. */
  refunded(outTradeNo: string, outRefundNo: string, refundFee: number): void {
    const entry = this.#entries.get(outTradeNo);
    if (!entry || entry.refunds.has(outRefundNo)) return;
    entry.refunds.set(outRefundNo, refundFee);
    const kept = entry.order.totalFee - [...entry.refunds.values()].reduce((sum, fee) => sum + fee);
    const isWhole = kept <= 0;
    this.#tell(entry, isWhole ? 'Refunded' : 'Refunded in part', {
      state: isWhole ? 'refunded' : 'paid',
      kept,
      remedy: isWhole ? outcomeRemedy({ kind: 'refunded' }) : 'A part was given back.',
    });
  }

  /** Notes a revoke that WeChat Pay took. */
  revoked(outTradeNo: string): void {
    const entry = this.#entries.get(outTradeNo);
    if (entry) this.#tell(entry, 'Revoked', ended({ kind: 'revoked' }, 0));
  }

  /** Notes what WeChat Pay says of an order that had ended before this process could see how. */
  asked(outTradeNo: string, answer: Answer): void {
    const entry = this.#entries.get(outTradeNo);
    if (!entry || OPEN.includes(entry.order.state) || entry.order.kept !== undefined) return;
    const now = asked(answer, entry.order);
    if (now) this.#tell(entry, 'Asked', now);
  }

  async #charge(entry: Entry, request: QuickPayRequest): Promise<void> {
    let payment: DurablePayment;
    try {
      payment = await this.#reversals.pay(request);
    } catch (error) {
      // Nothing was sent. What is stored all the same is another's, or will be found never to have arrived.
      const stored = await this.#reversals.get(request).catch(() => undefined);
      const remedy = 'Nothing was sent: the order could not be written down. Try again in a minute.';
      const refused =
        error instanceof WechatPayError ? declined(error) : ({ state: 'declined', kept: 0, remedy } as const);
      this.#tell(entry, 'Not sent', stored ? standing(stored) : refused);
      return;
    }
    const { outcome } = payment;
    if (outcome.kind === 'paid') {
      this.#tell(entry, 'Paid', ended({ kind: 'paid', payment: {} }, entry.order.totalFee));
    } else if (outcome.kind === 'declined') {
      this.#tell(entry, `Quick Pay: ${errorWord(outcome.error)}`, declined(outcome.error));
    } else if (entry.order.state === 'paying') {
      const { error } = outcome;
      const isPaying = error instanceof WechatPayBusinessError && error.errorCode === 'USERPAYING';
      const remedy = isPaying ? 'Ask the customer for the password.' : 'Wait: it is not known yet.';
      const stored = await this.#reversals.get(request).catch(() => undefined);
      const { next } = stored ? standing(stored) : WAITING;
      this.#tell(entry, `Quick Pay: ${error ? errorWord(error) : 'too late'}`, {
        state: 'paying',
        remedy,
        ...(next && { next }),
      });
    }
  }

  /** What a worker of this process did. */
  readonly #hear = (message: unknown): void => {
    const event = message as ReversalEvent;
    if (event.kind === 'problem' || event.merchantId !== this.#client.merchantId) return;
    const known = this.#entries.get(event.outTradeNo);
    const entry = known ?? (event.kind === 'step' ? this.#adopt(event.step.state, WAITING) : undefined);
    if (!entry) return;
    if (event.kind === 'settled') {
      const { outcome } = event;
      this.#tell(entry, outcome.kind === 'paid' ? 'Paid' : 'Ended', ended(outcome, entry.order.totalFee));
    }
    if (event.kind === 'redriven') this.#tell(entry, 'Redriven', WAITING);
    if (event.kind === 'step') {
      const { next, outcome } = event.step.state;
      const { remedy } = entry.order;
      const coming = outcome ? {} : { next: { text: STEPS[next.kind], at: new Date(next.at) } };
      this.#tell(entry, stepWords(event.step), { state: 'paying', remedy, ...coming });
    }
  };

  /** Reads what is new in the store since the last time, and what has become of orders that others may have worked on. */
  async catchUp(): Promise<void> {
    for (const { order } of this.#entries.values()) {
      const stored = OPEN.includes(order.state) ? await this.#reversals.get(order) : undefined;
      if (stored) this.#note(stored);
    }
    const { merchantId } = this.#client;
    for (;;) {
      const page = await this.#reversals.list({ merchantId, limit: PAGE, ...(this.#last && { after: this.#last }) });
      page.forEach((stored) => {
        this.#note(stored);
      });
      this.#last = page.at(-1) ?? this.#last;
      if (page.length < PAGE) return;
    }
  }

  #note(stored: StoredReversal): void {
    const { outTradeNo } = stored.state.order;
    if (this.#charging.has(outTradeNo)) return; // it is told soon
    const now = standing(stored);
    const known = this.#entries.get(outTradeNo);
    if (!known) this.#adopt(stored.state, now);
    else if (OPEN.includes(known.order.state) && known.order.state !== now.state) this.#show(known, now);
  }

  /** Takes on an order that another process charged, or an earlier one; what no till has charged is left out. */
  #adopt({ order, totalFee, currency, orderCreatedAt }: SettleState, now: Standing): Entry | undefined {
    if (totalFee === undefined || currency === undefined) return undefined;
    const { outTradeNo, subMerchantId } = order;
    const sub = subMerchantId === undefined ? {} : { subMerchantId };
    return this.#add({
      outTradeNo,
      ...sub,
      totalFee,
      currency,
      createdAt: new Date(orderCreatedAt),
      steps: [],
      ...now,
    });
  }

  #add(order: TillOrder): Entry {
    const entry: Entry = { order, refunds: new Map() };
    this.#entries.set(order.outTradeNo, entry);
    this.#changes.next(order);
    for (const [outTradeNo, { order: old }] of this.#entries) {
      if (this.#entries.size <= MAX_ORDERS) break;
      if (!OPEN.includes(old.state)) this.#entries.delete(outTradeNo);
    }
    return entry;
  }

  #tell(entry: Entry, text: string, now: Standing): void {
    this.#show(entry, now, [...entry.order.steps, { at: new Date(this.#client.now()), text }]);
  }

  #show(entry: Entry, now: Standing, steps = entry.order.steps): void {
    const { kept: _kept, next: _next, ...order } = entry.order;
    entry.order = { ...order, steps, ...now };
    this.#changes.next(entry.order);
  }
}
