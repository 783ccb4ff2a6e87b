// Over 250 lines, as one idea: every way in which an order of the till changes, with who is told. Its words and rows stand beside it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Inject,
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
  type OnModuleInit,
} from '@nestjs/common';
import { endWith, exhaustMap, ignoreElements, interval, merge, share, takeUntil, type Observable } from 'rxjs';
import {
  isWechatPayError,
  WechatPayClient,
  WechatPayRequestError,
  type QuickPayRequest,
  type RefundOutcome,
  type RefundOrderRequest,
  type ResolutionOutcome,
  type ResolutionState,
} from 'wechatpay-core';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  type DurablePayment,
  type DurableOrderEvent,
  type DurableOrder,
  type DurableRefund,
  type OrderOf,
} from 'wechatpay-durable';
import { notSent } from '../http/not-sent.js';
import { formatMoney } from './money.js';
import { phrase } from './phrase.js';
import {
  asked,
  declined,
  ended,
  standing,
  WAITING,
  type Answer,
  type Standing,
  type TillOrder,
  type TillRefund,
} from './till.order.js';
import { Reversals, type Reversed, type Reversible } from './reversal.js';
import { isOpen, TillRows, type Row, type Total } from './till.rows.js';
import { errorWord, nextOf, stepRemedy, stepWords } from './till.words.js';
import { UnderWay } from './under-way.js';

const isProvenUnpaid = ({ kind }: ResolutionOutcome): boolean => kind === 'reversed' || kind === 'closed';

/** An order, as a caller names it. */
interface OrderName {
  readonly outTradeNo: string;
  readonly subMerchantId?: string | undefined;
}

const PAGE = 1000;
/** Of the store: those that may still change. */
const OPEN = ['waiting', 'active', 'dead'] as const;
/** What was seen in the store is good enough for so long, in real time. */
const LOOK_HOLDS_MS = 1000;
/** How often the store is looked into while a page is open. */
const LOOK_EVERY_MS = 5000;

/**
 * The orders that were charged and how they stand, for the cashier's page.
 *
 * What must not be lost is in the store: the order, before it is charged, and how it ended. The rest, as what was sold and
 * each step, is in memory for whoever looks on.
 */
@Injectable()
export class Till implements OnModuleInit, OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #durableOrders: DurableOrders;
  readonly #client: WechatPayClient;
  readonly #rows: TillRows;
  readonly #charging = new Map<string, Promise<void>>();
  readonly #reversals: Reversals;
  /** Charges and refunds of which it is not decided yet whether they are taken. */
  readonly #taking = new UnderWay();
  readonly #reversing = new UnderWay();
  /** Open orders that the store does not have any more. */
  readonly #lost = new Set<string>();
  readonly #logger = new Logger(Till.name);
  /** The last order, and the last refund, of the store that was looked at. */
  #last: DurableOrder | undefined;
  #lastRefund: DurableRefund | undefined;
  #look: { readonly done: Promise<void>; until: number } | undefined;
  /** Each order whenever it changes; while anybody listens, the store is looked into, once for all. */
  readonly changes: Observable<TillOrder>;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders, @Inject(WechatPayClient) client: WechatPayClient) {
    this.#durableOrders = durableOrders;
    this.#client = client;
    this.#rows = new TillRows(() => client.now());
    this.#reversals = new Reversals(durableOrders, client);
    const isOver = this.#rows.changes.pipe(ignoreElements(), endWith(true));
    const looks = interval(LOOK_EVERY_MS).pipe(
      takeUntil(isOver),
      exhaustMap(() => this.#tryToCatchUp()),
      ignoreElements(),
    );
    this.changes = merge(this.#rows.changes, looks).pipe(share());
  }

  /** Before the worker begins. */
  onModuleInit(): void {
    subscribe(DURABLE_ORDER_CHANNEL, this.#hear);
  }

  /** Once the store is open. */
  async onApplicationBootstrap(): Promise<void> {
    await this.catchUp();
  }

  /** Pages that look on are told that it is over: their connections would keep the server open. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#rows.changes.complete();
    await Promise.all(this.#charging.values());
    unsubscribe(DURABLE_ORDER_CHANNEL, this.#hear);
  }

  /** The newest first, those of other processes and of earlier starts among them. */
  async list(): Promise<TillOrder[]> {
    await this.catchUp();
    return this.#rows.list();
  }

  /** What is known, the newest first; where the store cannot be reached, as far as this process knows it. */
  async known(): Promise<TillOrder[]> {
    await this.#tryToCatchUp();
    return this.#rows.list().map((order) => this.#asOfNow(order));
  }

  /** Who looks later is not told to hand over the goods to a customer who may have left. */
  #asOfNow(order: TillOrder): TillOrder {
    const row = this.#rows.get(order.outTradeNo);
    const isLate = order.remedy.word === 'hand-over' && row && !this.#rows.isCustomerHere(row);
    return isLate ? { ...order, remedy: phrase('paid-left') } : order;
  }

  get(outTradeNo: string): TillOrder | undefined {
    return this.#rows.get(outTradeNo)?.order;
  }

  /** What was taken today. */
  totals(): Total[] {
    return this.#rows.totals();
  }

  /** The orders of a number, as any receipt has it: the shop's own, WeChat Pay's, or a refund's. */
  async find(number: string): Promise<TillOrder[]> {
    await this.#taking.ended(number); // what comes up a moment later would be missed
    const { revision } = this.#rows;
    const { merchantId } = this.#client;
    const [own, paid, refunds] = await Promise.all([
      this.#durableOrders.find({ outTradeNo: number, merchantId }),
      this.#durableOrders.find({ transactionId: number, merchantId }),
      this.#durableOrders.find({ outRefundNo: number, merchantId }),
    ]);
    const refunded = await Promise.all(
      refunds.map(({ order: { outTradeNo }, state: { request } }) =>
        this.#durableOrders.get(keyOf({ outTradeNo, subMerchantId: request.subMerchantId })),
      ),
    );
    const found = new Map([...own, ...paid, ...refunded].flatMap((stored) => (stored ? [[stored.id, stored]] : [])));
    await Promise.all(
      [...found.values()].map(async (stored) => {
        this.#note(stored, revision);
        const { outTradeNo } = stored.state.order;
        const parts = await this.#durableOrders.find({ outTradeNo, merchantId, kind: 'refund' });
        for (const part of parts) this.#noteRefund(part);
      }),
    );
    // What is not stored yet, or was never to be, is known here alone.
    const names = [...found.values()].map(({ state }) => state.order.outTradeNo);
    const known = new Set([...names, number, ...refunds.map(({ order }) => order.outTradeNo)]);
    return [...known].flatMap((outTradeNo) => {
      const order = this.get(outTradeNo);
      return order ? [this.#asOfNow(order)] : [];
    });
  }

  /**
   * Begins to charge, and comes back at once.
   *
   * @throws {WechatPayRequestError} a number that was charged before.
   */
  async pay(request: QuickPayRequest & { currency: string }): Promise<TillOrder> {
    return this.#taking.run(request.outTradeNo, () => this.#take(request));
  }

  async #take(request: QuickPayRequest & { currency: string }): Promise<TillOrder> {
    const { outTradeNo, subMerchantId, body: description, totalFee, currency } = request;
    const stored = await this.#durableOrders.get(keyOf(request)).catch(() => {
      throw notSent('The order cannot be written down: nothing was sent. Try again in a minute.');
    });
    if (stored || this.#rows.get(outTradeNo)) {
      const problem = 'was charged before: see how that one stands before another payment is taken for it.';
      throw new WechatPayRequestError('outTradeNo', problem, { advice: 'query-order' });
    }
    const order = {
      outTradeNo,
      ...(subMerchantId !== undefined && { subMerchantId }),
      description,
      totalFee,
      currency,
    };
    const createdAt = new Date(this.#client.now());
    const row = this.#rows.add({ ...order, product: 'quick-pay', createdAt }, WAITING, true);
    const charging = this.#charge(row, request).finally(() => this.#charging.delete(outTradeNo));
    this.#charging.set(outTradeNo, charging);
    return row.order;
  }

  /**
   * Has a payment returned, in whole or in part, whatever happens to this process. Asked for again with the same number, it is the same
   * refund.
   *
   * @throws {WechatPayRequestError} more than is left, or another refund of this number: nothing was sent.
   */
  async refund(request: RefundOrderRequest & { outTradeNo: string }): Promise<TillRefund> {
    const { outTradeNo } = request;
    if (this.#reversing.has(outTradeNo)) {
      throw notSent('The order is being reversed: nothing was sent. See how it stands, and try again in a minute.');
    }
    const stored = await this.#taking.run(outTradeNo, () => this.#durableOrders.refund(request));
    this.#noteRefund(stored);
    return tillRefund(stored);
  }

  /**
   * Has an order reversed. What is written down here, itself or a refund of it, is reversed whatever happens to this process, and told as
   * reversed once that is proven; not beside a refund that is under way, which only the store can tell for sure.
   *
   * @param atOnce reverses it where nothing of it is written down. As long as it does, this process takes no refund of it.
   * @throws {DurableOrdersError} `WECHATPAY_ORDER_BUSY`: a refund of it has no proven end. Nothing was sent.
   */
  reverse<Answer>(order: Reversible, atOnce: () => Promise<Answer>): Promise<Reversed<Answer>> {
    return this.#reversing.run(order.outTradeNo, async () => {
      await this.#taking.ended(order.outTradeNo);
      const durable = await this.#reversals.reverse(order, this.#rowOf(order)?.order.createdAt);
      return durable ? { durable } : { answer: await atOnce() };
    });
  }

  /** Notes what WeChat Pay says of an order that had ended before this process could see how. */
  asked(outTradeNo: string, answer: Answer): void {
    const row = this.#rows.get(outTradeNo);
    if (!row || !answer || isOpen(row.standing)) return;
    const now = asked(answer, row.order, this.#rows.isCustomerHere(row));
    if (now) this.#rows.tell(row, phrase(`asked-${answer.tradeState}`), now);
  }

  async #charge(row: Row, request: QuickPayRequest): Promise<void> {
    let payment: DurablePayment;
    try {
      payment = await this.#durableOrders.pay(request);
    } catch (error) {
      // Nothing was sent. What is stored all the same is another's, or will be found never to have arrived.
      const stored = await this.#durableOrders.get(keyOf(request)).catch(() => undefined);
      const remedy = phrase('sent-nothing-store');
      const refused = isWechatPayError(error) ? declined(error) : ({ state: 'declined', kept: 0, remedy } as const);
      this.#rows.tell(row, phrase('step-not-sent'), stored ? standing(stored) : refused);
      return;
    }
    const { outcome } = payment;
    if (outcome.kind === 'paid') {
      const isTold = row.order.state === 'paid'; // a worker was quicker
      const { transactionId } = 'result' in payment ? payment.result : {};
      if (!isTold) this.#end(row, { kind: 'paid', payment: { ...(transactionId !== undefined && { transactionId }) } });
    } else if (outcome.kind === 'declined') {
      this.#rows.tell(row, phrase('quick-pay', errorWord(outcome.error)), declined(outcome.error));
    } else if (row.order.state === 'paying') {
      const { error } = outcome;
      const isPaying = error !== undefined && errorWord(error) === 'USERPAYING';
      const remedy = phrase(isPaying ? 'wait-password' : 'wait-unknown');
      const stored = await this.#durableOrders.get(keyOf(request)).catch(() => undefined);
      const what = error ? phrase('quick-pay', errorWord(error)) : phrase('quick-pay-doubt');
      this.#rows.tell(row, what, { state: 'paying', remedy, ...(stored && nextOf(stored.state)) });
    }
  }

  /** What a worker of this process did. */
  readonly #hear = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    if (!('outTradeNo' in event) || event.merchantId !== this.#client.merchantId) return;
    if ('outRefundNo' in event) {
      this.#hearOfRefund(event);
      return;
    }
    const known = this.#rows.get(event.outTradeNo);
    const row = known ?? (event.kind === 'step' ? this.#adopt(event.step.state, WAITING) : undefined);
    if (!row) return;
    const isDeclined = row.standing.state === 'declined'; // its order is reversed: the cashier has nothing more to do
    if (isDeclined && (event.kind === 'step' || (event.kind === 'resolved' && isProvenUnpaid(event.outcome)))) {
      this.#rows.tell(row, event.kind === 'step' ? stepWords(event.step) : phrase('step-ended'), row.standing);
      return;
    }
    if (event.kind === 'resolved') {
      const isTold = row.standing.state === event.outcome.kind; // Quick Pay's own answer was clear
      if (!isTold) this.#end(row, event.outcome);
    }
    if (event.kind === 'redriven') this.#rows.tell(row, phrase('step-redriven'), WAITING);
    if (event.kind === 'step') {
      const remedy = stepRemedy(event.step, row.standing.remedy, this.#rows.isCustomerHere(row));
      this.#rows.tell(row, stepWords(event.step), { state: 'paying', remedy, ...nextOf(event.step.state) });
    }
  };

  #hearOfRefund(event: Extract<DurableOrderEvent, { readonly outRefundNo: string }>): void {
    const row = this.#rows.get(event.outTradeNo);
    const known = row?.order.refunds.find(({ outRefundNo }) => outRefundNo === event.outRefundNo);
    if (!row || !known) return; // it is stored, and found there
    const state =
      event.kind === 'refund-resolved'
        ? END_STATES[event.outcome.kind]
        : event.kind === 'refund-cancelled'
          ? 'rejected'
          : 'pending';
    this.#tellRefund(row, { ...known, state });
  }

  #tellRefund(row: Row, refund: TillRefund): void {
    const money = formatMoney(refund.refundFee, row.order.currency);
    const words = {
      pending: phrase('step-refund-begun', money),
      refunded: phrase('step-refunded', money),
      rejected: phrase('step-refund-failed', money, refund.state),
      stuck: phrase('step-refund-failed', money, refund.state),
    };
    this.#rows.refund(row, refund, words[refund.state]);
  }

  #noteRefund(stored: DurableRefund): void {
    const row = this.#rowOf({ outTradeNo: stored.order.outTradeNo, subMerchantId: stored.state.request.subMerchantId });
    if (row) this.#tellRefund(row, tillRefund(stored));
  }

  /**
   * Looks into the store for what others did: processes on the same database, and earlier starts.
   *
   * All who ask within a second share one look, and a look is three queries, however many orders are open: nobody who looks on
   * costs the store anything by himself.
   */
  catchUp(): Promise<void> {
    const now = performance.now();
    if (this.#look && now < this.#look.until) return this.#look.done;
    const look = { done: this.#lookIntoStore(), until: Infinity };
    this.#look = look;
    const holdFor = (ms: number) => (): void => {
      look.until = performance.now() + ms;
    };
    look.done.then(holdFor(LOOK_HOLDS_MS), holdFor(0));
    return look.done;
  }

  async #tryToCatchUp(): Promise<void> {
    await this.catchUp().catch((error: unknown) => {
      this.#logger.warn(`The store cannot be looked into: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  async #lookIntoStore(): Promise<void> {
    const { revision } = this.#rows;
    const { merchantId } = this.#client;
    for (;;) {
      const page = await this.#durableOrders.list({
        merchantId,
        limit: PAGE,
        ...(this.#last && { after: this.#last }),
      });
      for (const stored of page) this.#note(stored, revision);
      this.#last = page.at(-1) ?? this.#last;
      if (page.length < PAGE) break;
    }
    const open = new Map<string, DurableOrder>();
    for (let after: DurableOrder | undefined; ;) {
      const filter = { merchantId, status: OPEN, limit: PAGE, ...(after && { after }) };
      const page = await this.#durableOrders.list(filter);
      for (const stored of page) open.set(stored.state.order.outTradeNo, stored);
      after = page.at(-1);
      if (page.length < PAGE) break;
    }
    for (const { order } of this.#rows.open()) {
      // What is not open any more has ended elsewhere, which is asked for once.
      const stored = open.get(order.outTradeNo) ?? (await this.#findEnd(order));
      if (stored) this.#note(stored, revision);
    }
    await this.#lookForRefunds();
  }

  async #lookForRefunds(): Promise<void> {
    const { merchantId } = this.#client;
    const openBefore = this.#rows.openRefunds();
    for (;;) {
      const after = this.#lastRefund && { after: this.#lastRefund };
      const page = await this.#durableOrders.list({ kind: 'refund', merchantId, limit: PAGE, ...after });
      for (const stored of page) this.#noteRefund(stored);
      this.#lastRefund = page.at(-1) ?? this.#lastRefund;
      if (page.length < PAGE) break;
    }
    // Those that go on elsewhere: of a shop's refunds, few are open at a time.
    for (const { row, refund } of openBefore) {
      const { outRefundNo } = refund;
      const stored = await this.#durableOrders.get({ outRefundNo, subMerchantId: row.order.subMerchantId });
      if (stored) this.#noteRefund(stored);
    }
  }

  async #findEnd(order: TillOrder): Promise<DurableOrder | undefined> {
    if (this.#charging.has(order.outTradeNo) || this.#lost.has(order.outTradeNo)) return undefined;
    const stored = await this.#durableOrders.get(keyOf(order));
    if (!stored) this.#lost.add(order.outTradeNo);
    return stored;
  }

  /** @param revision as it was when the store was looked at: what has changed here since is newer. */
  #note(stored: DurableOrder, revision: number): void {
    const { outTradeNo } = stored.state.order;
    if (this.#charging.has(outTradeNo)) return; // it is told soon
    const known = this.#rows.get(outTradeNo);
    if (!known) {
      this.#adopt(stored.state, standing(stored), stored.outcome);
      return;
    }
    if (!isOpen(known.standing) || known.revision > revision) return;
    const isCustomerHere = this.#rows.isCustomerHere(known);
    const now =
      stored.outcome?.kind === 'paid' && isCustomerHere
        ? ended(stored.outcome, known.order, isCustomerHere)
        : standing(stored);
    if (known.standing.state !== now.state) this.#rows.show(known, now, transactionOf(stored.outcome));
  }

  #end(row: Row, outcome: ResolutionOutcome): void {
    this.#rows.show(row, row.standing, transactionOf(outcome));
    const standing = ended(outcome, row.order, this.#rows.isCustomerHere(row));
    this.#rows.tell(row, phrase(outcome.kind === 'paid' ? 'step-paid' : 'step-ended'), standing);
  }

  /** The row of an order. Another sub-merchant may have one of the same number. */
  #rowOf({ outTradeNo, subMerchantId = this.#client.subMerchantId }: OrderName): Row | undefined {
    const row = this.#rows.get(outTradeNo);
    return (row?.order.subMerchantId ?? this.#client.subMerchantId) === subMerchantId ? row : undefined;
  }

  /** Takes on an order that another process charged, or an earlier one; what no till has charged is left out. */
  #adopt(
    { product, order, totalFee, currency, orderCreatedAt }: ResolutionState,
    now: Standing,
    outcome?: ResolutionOutcome,
  ): Row | undefined {
    if (totalFee === undefined || currency === undefined) return undefined;
    const { outTradeNo, subMerchantId } = order;
    const sub = subMerchantId === undefined ? {} : { subMerchantId };
    const createdAt = new Date(orderCreatedAt);
    return this.#rows.add(
      { outTradeNo, ...sub, ...transactionOf(outcome), product: product ?? 'quick-pay', totalFee, currency, createdAt },
      now,
      false,
    );
  }
}

/** What an order is found by, and no more. */
function keyOf({ outTradeNo, subMerchantId }: { outTradeNo: string; subMerchantId?: string | undefined }): OrderOf {
  return { outTradeNo, subMerchantId };
}

/** WeChat Pay's number of what was paid. */
function transactionOf(outcome: ResolutionOutcome | undefined): { readonly transactionId?: string } {
  const { transactionId } = outcome && 'payment' in outcome ? outcome.payment : {};
  return transactionId === undefined ? {} : { transactionId };
}

const END_STATES: Readonly<Record<RefundOutcome['kind'], TillRefund['state']>> = {
  refunded: 'refunded',
  'refund-rejected': 'rejected',
  'needs-attention': 'stuck',
  unresolved: 'stuck',
};

function tillRefund({ status, outcome, state }: DurableRefund): TillRefund {
  const { outRefundNo, refundFee } = state.request;
  const end = outcome ?? (state.kind === 'ended' ? state.outcome : undefined);
  const open = status === 'cancelled' ? 'rejected' : 'pending';
  return { outRefundNo, refundFee, state: end ? END_STATES[end.kind] : open };
}
