import type { SandboxClock } from '../clock.js';
import type { Merchant } from '../parties/merchants.js';
import { randomOpenId } from '../random.js';
import type { Ledger } from './ledger.js';
import { newFacts } from './new-order.js';
import {
  OrderEntry,
  type KeptOrder,
  type OrderFacts,
  type OrderWatch,
  type Particulars,
  type Product,
} from './order-entry.js';
import type { Order, OrderOptions, OrderState } from './order.js';
import type { Step } from './plan.js';

/** The gateway's order book. */
export class Orders {
  readonly #book = new Map<string, OrderEntry>();
  readonly #byTransactionId = new Map<string, OrderEntry>();
  /** Those that may still change by themselves. */
  readonly #open = new Set<OrderEntry>();
  readonly #clock: SandboxClock;
  readonly #ledger: Ledger;
  readonly #defaultMerchant: Merchant;
  readonly #watch: OrderWatch;

  /** @internal */
  constructor(clock: SandboxClock, ledger: Ledger, defaultMerchant: Merchant, watch: OrderWatch) {
    this.#clock = clock;
    this.#ledger = ledger;
    this.#defaultMerchant = defaultMerchant;
    this.#watch = watch;
  }

  /**
   * Enters an order. It changes by calls only: it has no customer of its own, and the 45 s do not end it.
   *
   * @throws {Error} where the number is taken or longer than 32 characters, or where an institution's order names no
   *   sub-merchant of it: such an order could not be reached.
   */
  create(options: OrderOptions): Order {
    const facts = newFacts(options, options.merchant ?? this.#defaultMerchant, this.#clock.now());
    const { outTradeNo, transactionId } = facts;
    if (this.#book.has(bookKey(facts)))
      throw new Error(`order ${outTradeNo} exists already: choose another outTradeNo`);
    if (this.#byTransactionId.has(transactionId)) {
      throw new Error(`transaction ${transactionId} exists already: choose another transactionId`);
    }
    return this.enter(facts, options.state, { openId: randomOpenId() }).view;
  }

  /**
   * @param merchant whose order it is; the sandbox's own merchant where left out.
   * @param subMerchantId narrows the search where two sub-merchants of an institution use the same number.
   */
  get(outTradeNo: string, merchant: Merchant = this.#defaultMerchant, subMerchantId?: string): Order | undefined {
    const owners =
      subMerchantId === undefined
        ? [undefined, ...merchant.subMerchants.map((sub) => sub.subMerchantId)]
        : [subMerchantId];
    return owners.map((owner) => this.find(outTradeNo, merchant.merchantId, owner)).find(Boolean)?.view;
  }

  /** @returns the order of that transaction, whosever it is. */
  getByTransactionId(transactionId: string): Order | undefined {
    return this.findByTransactionId(transactionId)?.view;
  }

  /** All orders of all merchants, in the order in which they were created. */
  list(): readonly Order[] {
    return this.entries().map(({ view }) => view);
  }

  /** The customer pays: `user-paying` or `not-paid` becomes `paid`. */
  pay(order: Order): void {
    this.#stillOpen(order, 'pay').pay(this.#now());
  }

  /** The customer gives up: `user-paying` becomes `not-paid`. */
  abandon(order: Order): void {
    this.#stillOpen(order, 'abandon').giveUp(this.#now(), 'abandoned');
  }

  /** A paid order is refunded, an unpaid one closed; one that has ended stays as it is. */
  reverse(order: Order): void {
    this.entryOf(order).reverse(this.#now());
  }

  /** @internal */
  enter(facts: OrderFacts, state: OrderState, particulars: Particulars): OrderEntry {
    const catchUp = (): void => {
      this.catchUp();
    };
    const entry = new OrderEntry(facts, state, particulars, this.#ledger, catchUp, this.#watch);
    this.#book.set(bookKey(facts), entry);
    this.#byTransactionId.set(facts.transactionId, entry);
    if (entry.isOpen) this.#open.add(entry);
    this.#watch.changed();
    return entry;
  }

  /** @internal */
  keep(): readonly KeptOrder[] {
    return [...this.#book.values()].map((entry) => entry.keep());
  }

  /**
   * Takes an order over from another process.
   *
   * @internal
   */
  resume(kept: KeptOrder): void {
    const entry = this.enter(kept.facts, 'not-paid', kept.particulars);
    entry.resume(kept);
  }

  /** @internal */
  find(outTradeNo: string, merchantId: string, subMerchantId: string | undefined): OrderEntry | undefined {
    this.catchUp();
    return this.#book.get(bookKey({ merchantId, subMerchantId, outTradeNo }));
  }

  /** @internal */
  findByTransactionId(transactionId: string): OrderEntry | undefined {
    this.catchUp();
    return this.#byTransactionId.get(transactionId);
  }

  /**
   * @internal
   * @throws {Error} where the order is of another sandbox, or forgotten.
   */
  entryOf({ outTradeNo, merchantId, subMerchantId }: Order): OrderEntry {
    const entry = this.find(outTradeNo, merchantId, subMerchantId);
    if (entry === undefined) throw new Error(`order ${outTradeNo} is not in this sandbox's book`);
    return entry;
  }

  /**
   * @internal
   * @param order the order, or its `outTradeNo`, `code_url` or `prepay_id`.
   * @throws {Error} where there is no such order of Unified Order.
   */
  payable(order: Order | string): OrderEntry & { readonly product: Product } {
    const entry =
      typeof order === 'string'
        ? this.entries().find(({ facts, product }) =>
            [facts.outTradeNo, product?.codeUrl, product?.prepayId].includes(order),
          )
        : this.entryOf(order);
    if (entry && isPayable(entry)) return entry;
    throw new Error(`no order of Unified Order is ${typeof order === 'string' ? order : order.outTradeNo}`);
  }

  /** @internal */
  entries(): readonly OrderEntry[] {
    this.catchUp();
    return [...this.#book.values()];
  }

  /**
   * Lets happen what was due by now, in the order of time: nothing waits on a timer, everything on being looked at.
   *
   * @internal
   */
  catchUp(): void {
    for (let next = this.#nextDue(); next !== undefined; next = this.#nextDue()) next.entry.happen(next.step);
  }

  /** @internal */
  clear(): void {
    this.#book.clear();
    this.#byTransactionId.clear();
    this.#open.clear();
  }

  #nextDue(): { entry: OrderEntry; step: Step } | undefined {
    const now = this.#clock.now();
    let first: { entry: OrderEntry; step: Step } | undefined;
    for (const entry of this.#open) {
      if (!entry.isOpen) this.#open.delete(entry);
      const step = entry.due(now);
      if (step !== undefined && (first === undefined || step.at < first.step.at)) first = { entry, step };
    }
    return first;
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }

  #stillOpen(order: Order, verb: string): OrderEntry {
    const entry = this.entryOf(order);
    if (!entry.isOpen) {
      throw new Error(`order ${order.outTradeNo} is ${entry.state}: nobody can ${verb} it any more`);
    }
    return entry;
  }
}

function isPayable(entry: OrderEntry): entry is OrderEntry & { readonly product: Product } {
  return entry.product !== undefined;
}

function bookKey(owned: { merchantId: string; subMerchantId?: string | undefined; outTradeNo: string }): string {
  return JSON.stringify([owned.merchantId, owned.subMerchantId ?? null, owned.outTradeNo]);
}
