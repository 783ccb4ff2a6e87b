// Over 250 lines, as one idea: an order of the gateway, with every change that can happen to it.
import { randomAlphanumeric, randomDigits } from '../random.js';
import type { Ledger, Movement } from './ledger.js';
import type { Order, OrderEvent, OrderState, Refund, TradeState } from './order.js';
import { dueStep, type Plan, type Step } from './plan.js';
import { tradeStateOf } from './trade-state.js';
import type { SignType } from '../wire/sign.js';

/** What an order is, from its first day to its last. */
export type OrderFacts = Pick<
  Order,
  'outTradeNo' | 'transactionId' | 'merchantId' | 'subMerchantId' | 'createdAt' | 'totalFee' | 'currency' | 'rate'
>;

/** What only the gateway needs to know of an order that Unified Order made. */
export interface Product {
  readonly tradeType: string;
  /** The appid, and the algorithm, of the request: its notifications have them too. */
  readonly appId: string;
  readonly subAppId?: string;
  readonly subOpenId?: string;
  readonly signType: SignType;
  readonly notifyUrl: string;
  /** The request, without what differs each time. */
  readonly fingerprint: string;
  /** `time_expire`, in milliseconds since 1970. */
  readonly expiresAt?: number;
  readonly codeUrl: string;
  prepayId: string;
  preparedAt: number;
}

/** Who is told of an order. */
export interface OrderWatch {
  /** Called when an order is paid, at the time at which it is. */
  readonly paid: (order: OrderEntry, at: Date) => void;
  /** Called after each change. */
  readonly changed: () => void;
}

/** All of an order, so that it can go on in another process. */
export interface KeptOrder {
  readonly facts: OrderFacts;
  readonly particulars: Particulars;
  readonly state: OrderState;
  readonly history: readonly OrderEvent[];
  readonly refunds: readonly Refund[];
  readonly money: Order['money'];
  readonly plan: Plan;
  readonly paidAt?: Date;
}

/** What only the gateway needs to know of an order: who pays it, and what the request wants to see again. */
export interface Particulars {
  readonly openId: string;
  readonly body?: string;
  readonly attach?: string;
  readonly deviceInfo?: string;
  /** Of Quick Pay: of the attempt that is still open. */
  readonly authCode?: string;
  /** Of Unified Order. */
  readonly product?: Product;
}

/** One order of the book: its state, its money, and what its customer is about to do. */
export class OrderEntry {
  readonly facts: OrderFacts;
  /** What the outside sees. */
  readonly view: Order;
  particulars: Particulars;
  readonly #ledger: Ledger;
  readonly #watch: OrderWatch;
  readonly #history: OrderEvent[] = [];
  readonly #refunds: Refund[] = [];
  readonly #money = { paid: 0, refunded: 0 };
  #plan: Plan = {};
  #state: OrderState;
  #paidAt: Date | undefined;

  /** @param catchUp is called before the view shows anything: what is due by then has happened. */
  constructor(
    facts: OrderFacts,
    state: OrderState,
    particulars: Particulars,
    ledger: Ledger,
    catchUp: () => void,
    watch: OrderWatch,
  ) {
    this.facts = facts;
    this.particulars = particulars;
    this.#ledger = ledger;
    this.#watch = watch;
    this.#state = state;
    this.#history.push({ at: facts.createdAt, event: 'created', state });
    if (state === 'paid' || state === 'refunded') this.#receive(facts.createdAt);
    if (state === 'refunded') this.#return(newRefund(randomAlphanumeric(32), facts.totalFee, facts.createdAt));

    const now = (): this => {
      catchUp();
      return this;
    };
    const getters = {
      get state() {
        return now().#state;
      },
      get tradeState() {
        return now().tradeState;
      },
      get money() {
        return { ...now().#money };
      },
      get refunds() {
        return [...now().#refunds];
      },
      get history() {
        return [...now().#history];
      },
    };
    this.view = Object.assign(getters, facts);
  }

  get state(): OrderState {
    return this.#state;
  }

  /** Of Unified Order; undefined of Quick Pay and of an order that a test has entered. */
  get product(): Product | undefined {
    return this.particulars.product;
  }

  get isOpen(): boolean {
    return this.#state === 'user-paying' || this.#state === 'not-paid';
  }

  get paidAt(): Date | undefined {
    return this.#paidAt;
  }

  get refunds(): readonly Refund[] {
    return this.#refunds;
  }

  /** When the gateway loses its patience; undefined of an order that a test has entered. */
  get expiresAt(): number | undefined {
    return this.#plan.expiresAt;
  }

  /** What has been paid and not been returned. */
  get remaining(): number {
    return this.#money.paid - this.#money.refunded;
  }

  get tradeState(): TradeState {
    return tradeStateOf({ state: this.#state, history: this.#history, refunds: this.#refunds });
  }

  /** What the customer whose code was just scanned will do; what the one before was about to do is off. */
  follow(plan: Plan): void {
    this.#plan = plan;
    this.#watch.changed();
  }

  /** A new `prepay_id`, once the last one has lapsed. */
  renew(prepay: Partial<Product>): void {
    if (this.product) Object.assign(this.product, prepay);
    this.#watch.changed();
  }

  keep(): KeptOrder {
    return {
      facts: this.facts,
      particulars: this.particulars,
      state: this.#state,
      history: this.#history,
      refunds: this.#refunds,
      money: this.#money,
      plan: this.#plan,
      ...(this.#paidAt && { paidAt: this.#paidAt }),
    };
  }

  /** Makes it what it was: no money moves by that. */
  resume({ state, history, refunds, money, plan, paidAt }: KeptOrder): void {
    this.#state = state;
    this.#history.splice(0, Infinity, ...history);
    this.#refunds.splice(0, Infinity, ...refunds);
    Object.assign(this.#money, money);
    this.#plan = plan;
    this.#paidAt = paidAt;
  }

  /** Another code is scanned for an order that the last customer did not pay. */
  retry(at: Date, particulars: Particulars, state: 'user-paying' | 'not-paid'): void {
    this.particulars = particulars;
    this.#record(at, 'retried', state);
  }

  pay(at: Date): void {
    this.#receive(at);
    this.#record(at, 'paid', 'paid');
    this.#watch.paid(this, at);
  }

  /** The customer gives up by closing the page (`abandoned`), or says no (`refused`). */
  giveUp(at: Date, event: 'abandoned' | 'refused'): void {
    this.#record(at, event, 'not-paid');
  }

  /** A paid order is refunded, an unpaid one closed; one that has ended stays as it is. */
  reverse(at: Date): void {
    if (this.#state === 'paid') {
      this.#move(at, 'reversal', this.remaining);
      this.#record(at, 'reversed', 'refunded');
    } else if (this.#state === 'not-paid') {
      this.#record(at, 'reversed', 'closed');
    }
  }

  /** An unpaid order ends; nobody can pay it any more. */
  close(at: Date): void {
    this.#record(at, 'closed', 'closed');
  }

  refund(refund: Refund): void {
    this.#return(refund);
    this.#record(refund.at, 'refunded', this.remaining === 0 ? 'refunded' : 'paid');
  }

  /** Somebody has asked for its state: some customers pay after so many questions. */
  countQuery(at: Date): void {
    if (this.#plan.paysAfterQueries === undefined || this.#state !== 'user-paying') return;
    const left = this.#plan.paysAfterQueries - 1;
    this.#plan = { ...this.#plan, paysAfterQueries: left };
    this.#watch.changed();
    if (left <= 0) this.pay(at);
  }

  /** @returns the next step of the plan, where its time has come. */
  due(now: number): Step | undefined {
    return this.isOpen ? dueStep(this.#plan, this.#state === 'user-paying', now) : undefined;
  }

  /** Lets that step happen, in its own time. */
  happen({ at, event }: Step): void {
    const then = new Date(at);
    if (event === 'paid') this.pay(then);
    else if (event === 'refused') this.giveUp(then, 'refused');
    else this.#record(then, 'expired', 'reversed');
  }

  #receive(at: Date): void {
    this.#paidAt = at;
    this.#move(at, 'payment', this.facts.totalFee);
  }

  #return(refund: Refund): void {
    this.#refunds.push(refund);
    this.#move(refund.at, 'refund', refund.amount, refund.outRefundNo);
  }

  /** The only place where money moves. */
  #move(at: Date, kind: Movement['kind'], amount: number, refundNumber?: string): void {
    this.#money[kind === 'payment' ? 'paid' : 'refunded'] += amount;
    const { merchantId, subMerchantId, outTradeNo, currency } = this.facts;
    this.#ledger.append({
      at,
      merchantId,
      ...(subMerchantId !== undefined && { subMerchantId }),
      outTradeNo,
      kind,
      amount,
      currency,
      ...(refundNumber !== undefined && { refundNumber }),
    });
  }

  #record(at: Date, event: OrderEvent['event'], state: OrderState): void {
    this.#state = state;
    this.#history.push({ at, event, state });
    this.#watch.changed();
  }
}

/** A refund with a number of WeChat Pay's own. */
export function newRefund(outRefundNo: string, amount: number, at: Date): Refund {
  return { outRefundNo, refundId: randomDigits(28, '50000'), amount, at };
}
