import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Inject,
  Injectable,
  ServiceUnavailableException,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import type { Observable } from 'rxjs';
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
import { isOpen, TillRows, type Row } from './till.rows.js';
import { errorWord, outcomeRemedy, STEPS, stepWords } from './till.words.js';

const PAGE = 1000;

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
  readonly #rows: TillRows;
  readonly #charging = new Map<string, Promise<void>>();
  /** The last reversal of the store that was looked at. */
  #last: StoredReversal | undefined;

  constructor(@Inject(DurableReversals) reversals: DurableReversals, @Inject(WechatPayClient) client: WechatPayClient) {
    this.#reversals = reversals;
    this.#client = client;
    this.#rows = new TillRows(() => client.now());
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
    this.#rows.changes.complete();
    await Promise.all(this.#charging.values());
    unsubscribe(REVERSAL_CHANNEL, this.#hear);
  }

  /** Each order, whenever it changes here; ends when the application shuts down. */
  get changes(): Observable<TillOrder> {
    return this.#rows.changes.asObservable();
  }

  /** The newest first, those of other processes and of earlier starts among them. */
  async list(): Promise<TillOrder[]> {
    await this.catchUp();
    return this.known();
  }

  /** Those that are known already, the newest first. */
  known(): TillOrder[] {
    return this.#rows.list();
  }

  get(outTradeNo: string): TillOrder | undefined {
    return this.#rows.get(outTradeNo)?.order;
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
    if (stored || this.#rows.get(outTradeNo)) {
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
    const row = this.#rows.add({ ...order, createdAt: new Date(this.#client.now()), steps: [], ...WAITING });
    const charging = this.#charge(row, request).finally(() => this.#charging.delete(outTradeNo));
    this.#charging.set(outTradeNo, charging);
    return row.order;
  }

  /** Notes a refund that WeChat Pay took; told again of the same one, it changes nothing. */
  refunded(outTradeNo: string, outRefundNo: string, refundFee: number): void {
    const row = this.#rows.get(outTradeNo);
    if (!row || row.refunds.has(outRefundNo)) return;
    row.refunds.add(outRefundNo);
    const { kept: before = NaN, totalFee } = row.order; // before a restart, other parts may have been given back
    const kept = refundFee >= totalFee ? 0 : before - refundFee;
    const isWhole = kept <= 0;
    this.#rows.tell(row, isWhole ? 'Refunded' : 'Refunded in part', {
      state: isWhole ? 'refunded' : 'paid',
      ...(!Number.isNaN(kept) && { kept }),
      remedy: isWhole ? outcomeRemedy({ kind: 'refunded' }) : 'A part was given back.',
    });
  }

  /** Notes a revoke that WeChat Pay took. */
  revoked(outTradeNo: string): void {
    const row = this.#rows.get(outTradeNo);
    if (row) this.#rows.tell(row, 'Revoked', ended({ kind: 'revoked' }, 0));
  }

  /** Notes what WeChat Pay says of an order that had ended before this process could see how. */
  asked(outTradeNo: string, answer: Answer): void {
    const row = this.#rows.get(outTradeNo);
    if (!row || isOpen(row.order) || row.order.kept !== undefined) return;
    const now = asked(answer, row.order);
    if (now) this.#rows.tell(row, 'Asked', now);
  }

  async #charge(row: Row, request: QuickPayRequest): Promise<void> {
    let payment: DurablePayment;
    try {
      payment = await this.#reversals.pay(request);
    } catch (error) {
      // Nothing was sent. What is stored all the same is another's, or will be found never to have arrived.
      const stored = await this.#reversals.get(request).catch(() => undefined);
      const remedy = 'Nothing was sent: the order could not be written down. Try again in a minute.';
      const refused =
        error instanceof WechatPayError ? declined(error) : ({ state: 'declined', kept: 0, remedy } as const);
      this.#rows.tell(row, 'Not sent', stored ? standing(stored) : refused);
      return;
    }
    const { outcome } = payment;
    if (outcome.kind === 'paid') {
      const isTold = row.order.state === 'paid'; // a worker was quicker
      if (!isTold) this.#rows.tell(row, 'Paid', ended({ kind: 'paid', payment: {} }, row.order.totalFee));
    } else if (outcome.kind === 'declined') {
      this.#rows.tell(row, `Quick Pay: ${errorWord(outcome.error)}`, declined(outcome.error));
    } else if (row.order.state === 'paying') {
      const { error } = outcome;
      const isPaying = error instanceof WechatPayBusinessError && error.errorCode === 'USERPAYING';
      const remedy = isPaying ? 'Ask the customer for the password.' : 'Wait: it is not known yet.';
      const stored = await this.#reversals.get(request).catch(() => undefined);
      const { next } = stored ? standing(stored) : WAITING;
      this.#rows.tell(row, `Quick Pay: ${error ? errorWord(error) : 'paid, and whether it stays is not known yet'}`, {
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
    const known = this.#rows.get(event.outTradeNo);
    const row = known ?? (event.kind === 'step' ? this.#adopt(event.step.state, WAITING) : undefined);
    if (!row) return;
    if (event.kind === 'settled') {
      const { outcome } = event;
      const isTold = row.order.state === outcome.kind; // Quick Pay's own answer was clear
      if (!isTold) this.#rows.tell(row, outcome.kind === 'paid' ? 'Paid' : 'Ended', ended(outcome, row.order.totalFee));
    }
    if (event.kind === 'redriven') this.#rows.tell(row, 'Redriven', WAITING);
    if (event.kind === 'step') {
      const { next, outcome } = event.step.state;
      const { remedy } = row.order;
      const coming = outcome ? {} : { next: { text: STEPS[next.kind], at: new Date(next.at) } };
      this.#rows.tell(row, stepWords(event.step), { state: 'paying', remedy, ...coming });
    }
  };

  /** Reads what is new in the store since the last time, and what has become of orders that others may have worked on. */
  async catchUp(): Promise<void> {
    for (const order of this.#rows.list()) {
      const stored = isOpen(order) ? await this.#reversals.get(order) : undefined;
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
    const known = this.#rows.get(outTradeNo);
    if (!known) this.#adopt(stored.state, now);
    else if (isOpen(known.order) && known.order.state !== now.state) this.#rows.show(known, now);
  }

  /** Takes on an order that another process charged, or an earlier one; what no till has charged is left out. */
  #adopt({ order, totalFee, currency, orderCreatedAt }: SettleState, now: Standing): Row | undefined {
    if (totalFee === undefined || currency === undefined) return undefined;
    const { outTradeNo, subMerchantId } = order;
    const sub = subMerchantId === undefined ? {} : { subMerchantId };
    return this.#rows.add({
      outTradeNo,
      ...sub,
      totalFee,
      currency,
      createdAt: new Date(orderCreatedAt),
      steps: [],
      ...now,
    });
  }
}
