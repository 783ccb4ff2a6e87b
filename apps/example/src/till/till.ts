// Over 250 lines, as one idea: every way in which an order of the till changes, with who is told. Its words and rows stand beside it.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  Inject,
  Injectable,
  Logger,
  ServiceUnavailableException,
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
  type ResolutionOutcome,
  type ResolutionState,
} from 'wechatpay-core';
import {
  DurableOrders,
  DURABLE_ORDER_CHANNEL,
  type DurablePayment,
  type DurableOrderEvent,
  type DurableOrder,
  type OrderOf,
} from 'wechatpay-durable';
import { asked, declined, ended, standing, WAITING, type Answer, type Standing, type TillOrder } from './till.order.js';
import { isOpen, TillRows, type Row } from './till.rows.js';
import { errorWord, nextOf, outcomeRemedy, stepRemedy, stepWords } from './till.words.js';

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
  /** Open orders that the store does not have any more. */
  readonly #lost = new Set<string>();
  readonly #logger = new Logger(Till.name);
  /** The last reversal of the store that was looked at. */
  #last: DurableOrder | undefined;
  #look: { readonly done: Promise<void>; until: number } | undefined;
  /** Each order whenever it changes; while anybody listens, the store is looked into, once for all. */
  readonly changes: Observable<TillOrder>;

  constructor(@Inject(DurableOrders) durableOrders: DurableOrders, @Inject(WechatPayClient) client: WechatPayClient) {
    this.#durableOrders = durableOrders;
    this.#client = client;
    this.#rows = new TillRows(() => client.now());
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
    const stored = await this.#durableOrders.get(keyOf(request)).catch(() => {
      throw new ServiceUnavailableException(
        'The order cannot be written down: nothing was sent. Try again in a minute.',
      );
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
    const row = this.#rows.add({ ...order, createdAt: new Date(this.#client.now()), steps: [], ...WAITING }, true);
    const charging = this.#charge(row, request).finally(() => this.#charging.delete(outTradeNo));
    this.#charging.set(outTradeNo, charging);
    return row.order;
  }

  /** Notes a refund that WeChat Pay took; told again of the same one, it changes nothing. */
  refunded(of: OrderName, outRefundNo: string, refundFee: number): void {
    const row = this.#rowOf(of);
    if (!row || row.refunds.has(outRefundNo)) return;
    row.refunds.add(outRefundNo);
    const { kept: before = NaN, totalFee } = row.order; // before a restart, other parts may have been returned
    const kept = refundFee >= totalFee ? 0 : before - refundFee;
    const isWhole = kept <= 0;
    this.#rows.tell(row, isWhole ? 'Refunded' : 'Refunded in part', {
      state: isWhole ? 'refunded' : 'paid',
      ...(!Number.isNaN(kept) && { kept }),
      remedy: isWhole ? outcomeRemedy({ kind: 'refunded' }) : 'A part was returned.',
    });
  }

  /** Notes a reversal that WeChat Pay took. */
  reversed(of: OrderName): void {
    const row = this.#rowOf(of);
    if (row) this.#rows.tell(row, 'Reversed', ended({ kind: 'reversed' }, 0));
  }

  /** Notes what WeChat Pay says of an order that had ended before this process could see how. */
  asked(outTradeNo: string, answer: Answer): void {
    const row = this.#rows.get(outTradeNo);
    if (!row || isOpen(row.order) || row.order.kept !== undefined) return;
    const now = asked(answer, row.order, this.#rows.isCustomerHere(row));
    if (now) this.#rows.tell(row, 'Asked', now);
  }

  async #charge(row: Row, request: QuickPayRequest): Promise<void> {
    let payment: DurablePayment;
    try {
      payment = await this.#durableOrders.pay(request);
    } catch (error) {
      // Nothing was sent. What is stored all the same is another's, or will be found never to have arrived.
      const stored = await this.#durableOrders.get(keyOf(request)).catch(() => undefined);
      const remedy = 'Nothing was sent: the order could not be written down. Try again in a minute.';
      const refused = isWechatPayError(error) ? declined(error) : ({ state: 'declined', kept: 0, remedy } as const);
      this.#rows.tell(row, 'Not sent', stored ? standing(stored) : refused);
      return;
    }
    const { outcome } = payment;
    if (outcome.kind === 'paid') {
      const isTold = row.order.state === 'paid'; // a worker was quicker
      if (!isTold) this.#end(row, { kind: 'paid', payment: {} });
    } else if (outcome.kind === 'declined') {
      this.#rows.tell(row, `Quick Pay: ${errorWord(outcome.error)}`, declined(outcome.error));
    } else if (row.order.state === 'paying') {
      const { error } = outcome;
      const isPaying = error !== undefined && errorWord(error) === 'USERPAYING';
      const remedy = isPaying ? 'Ask the customer for the password.' : 'Wait: it is not known yet.';
      const stored = await this.#durableOrders.get(keyOf(request)).catch(() => undefined);
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
    const event = message as DurableOrderEvent;
    if (!('outTradeNo' in event) || event.merchantId !== this.#client.merchantId) return;
    const known = this.#rows.get(event.outTradeNo);
    const row = known ?? (event.kind === 'step' ? this.#adopt(event.step.state, WAITING) : undefined);
    if (!row) return;
    const isDeclined = row.order.state === 'declined'; // its order is reversed: the cashier has nothing more to do
    if (isDeclined && (event.kind === 'step' || (event.kind === 'resolved' && isProvenUnpaid(event.outcome)))) {
      const { remedy } = row.order;
      this.#rows.tell(row, event.kind === 'step' ? stepWords(event.step) : 'Ended', {
        state: 'declined',
        kept: 0,
        remedy,
      });
      return;
    }
    if (event.kind === 'resolved') {
      const isTold = row.order.state === event.outcome.kind; // Quick Pay's own answer was clear
      if (!isTold) this.#end(row, event.outcome);
    }
    if (event.kind === 'redriven') this.#rows.tell(row, 'Redriven', WAITING);
    if (event.kind === 'step') {
      const remedy = stepRemedy(event.step, row.order.remedy, this.#rows.isCustomerHere(row));
      const next = nextOf(event.step.state);
      this.#rows.tell(row, stepWords(event.step), { state: 'paying', remedy, ...(next && { next }) });
    }
  };

  /**
   * Looks into the store for what others did: processes on the same database, and earlier starts.
   *
   * All who ask within a second share one look, and a look is two queries, however many orders are open: nobody who looks on
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
    for (const order of this.#rows.list().filter(isOpen)) {
      // What is not open any more has ended elsewhere, which is asked for once.
      const stored = open.get(order.outTradeNo) ?? (await this.#findEnd(order));
      if (stored) this.#note(stored, revision);
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
      this.#adopt(stored.state, standing(stored));
      return;
    }
    if (!isOpen(known.order) || known.revision > revision) return;
    const isCustomerHere = this.#rows.isCustomerHere(known);
    const now =
      stored.outcome?.kind === 'paid' && isCustomerHere
        ? ended(stored.outcome, known.order.totalFee, isCustomerHere)
        : standing(stored);
    if (known.order.state !== now.state) this.#rows.show(known, now);
  }

  #end(row: Row, outcome: ResolutionOutcome): void {
    const standing = ended(outcome, row.order.totalFee, this.#rows.isCustomerHere(row));
    this.#rows.tell(row, outcome.kind === 'paid' ? 'Paid' : 'Ended', standing);
  }

  /** The row of an order. Another sub-merchant may have one of the same number. */
  #rowOf({ outTradeNo, subMerchantId = this.#client.subMerchantId }: OrderName): Row | undefined {
    const row = this.#rows.get(outTradeNo);
    return (row?.order.subMerchantId ?? this.#client.subMerchantId) === subMerchantId ? row : undefined;
  }

  /** Takes on an order that another process charged, or an earlier one; what no till has charged is left out. */
  #adopt({ product, order, totalFee, currency, orderCreatedAt }: ResolutionState, now: Standing): Row | undefined {
    if (totalFee === undefined || currency === undefined) return undefined;
    const { outTradeNo, subMerchantId } = order;
    const sub = subMerchantId === undefined ? {} : { subMerchantId };
    const createdAt = new Date(orderCreatedAt);
    const what = product === 'unified-order' ? { description: 'By QR code' } : {};
    return this.#rows.add({ outTradeNo, ...sub, ...what, totalFee, currency, createdAt, steps: [], ...now }, false);
  }
}

/** What an order is found by, and no more. */
function keyOf({ outTradeNo, subMerchantId }: { outTradeNo: string; subMerchantId?: string | undefined }): OrderOf {
  return { outTradeNo, subMerchantId };
}
