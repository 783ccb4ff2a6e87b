import type { SandboxClock } from './clock.js';
import type { Merchant } from './merchants.js';
import { randomAlphanumeric, randomDigits } from './random.js';

/** The states of an order. A revoked order ends as `refunded` where it was paid, as `closed` where it was not. */
export const orderStates = ['paid', 'user-paying', 'not-paid', 'closed', 'revoked', 'refunded'] as const;

/** @see {@link orderStates} */
export type OrderState = (typeof orderStates)[number];

/** What happened to an order, in the order in which it happened. */
export interface OrderEvent {
  readonly at: Date;
  readonly event: 'created' | 'paid' | 'abandoned' | 'revoked';
  /** The state from then on. */
  readonly state: OrderState;
}

/** An order in the gateway's book: a live view, that shows what a revoke has done to it. */
export interface Order {
  readonly outTradeNo: string;
  /** 28 digits, unless given. */
  readonly transactionId: string;
  readonly merchantId: string;
  /** The sub-merchant that it belongs to, where the merchant is an institution. */
  readonly subMerchantId?: string;
  readonly state: OrderState;
  readonly createdAt: Date;
  /** In minor units: 1250 is HKD 12.50. */
  readonly totalFee: number;
  readonly currency: string;
  /** Exchange rate to CNY times 10 to the 8th power, which a reply then carries. */
  readonly rate?: string;
  /** In minor units. What the customer has lost is `paid - refunded`. */
  readonly money: { readonly paid: number; readonly refunded: number };
  readonly history: readonly OrderEvent[];
}

/** What `orders.create` takes. */
export interface OrderOptions {
  state: OrderState;
  /** @default random, 32 characters */
  outTradeNo?: string;
  /** @default random, 28 digits */
  transactionId?: string;
  /**
   * A time, or milliseconds since 1970.
   *
   * @default a minute before the sandbox clock's now, so that the order is old enough (15 s) to be revoked
   */
  createdAt?: Date | number;
  /** In minor units. @default 1250 */
  totalFee?: number;
  /** @default 'HKD' */
  currency?: string;
  /** @default none: the reply then has no `rate` */
  rate?: string;
  /** @default the sandbox's own merchant */
  merchant?: Merchant;
  /** Required where the merchant is an institution. */
  subMerchantId?: string;
}

type Changeable<T> = { -readonly [K in keyof T]: T[K] };
type Entry = Changeable<Omit<Order, 'money' | 'history'>> & {
  money: { paid: number; refunded: number };
  history: OrderEvent[];
};

/** The gateway's order book. */
export class Orders {
  readonly #book = new Map<string, Entry>();
  readonly #byTransactionId = new Map<string, Entry>();
  readonly #clock: SandboxClock;
  readonly #defaultMerchant: Merchant;

  /** @internal */
  constructor(clock: SandboxClock, defaultMerchant: Merchant) {
    this.#clock = clock;
    this.#defaultMerchant = defaultMerchant;
  }

  /**
   * Enters an order.
   *
   * @throws {Error} where the number is taken or longer than 32 characters, or where an institution's order names no
   *   sub-merchant of it: such an order could not be reached.
   */
  create(options: OrderOptions): Order {
    const { state, totalFee = 1250, currency = 'HKD', rate, subMerchantId } = options;
    const merchant = options.merchant ?? this.#defaultMerchant;
    const outTradeNo = options.outTradeNo ?? randomAlphanumeric(32);
    const transactionId = options.transactionId ?? randomDigits(28, '42000');
    assertReachable(outTradeNo, transactionId, merchant, subMerchantId);
    const key = bookKey(merchant.merchantId, subMerchantId, outTradeNo);
    if (this.#book.has(key)) throw new Error(`order ${outTradeNo} exists already: choose another outTradeNo`);
    if (this.#byTransactionId.has(transactionId)) {
      throw new Error(`transaction ${transactionId} exists already: choose another transactionId`);
    }

    const createdAt = new Date(options.createdAt ?? this.#clock.now() - 60_000);
    if (!Number.isSafeInteger(totalFee) || totalFee < 0)
      throw new TypeError('totalFee is a whole number of minor units');
    if (Number.isNaN(createdAt.getTime())) throw new TypeError('createdAt is no time');
    if (!orderStates.includes(state)) throw new TypeError(`state is one of ${orderStates.join(', ')}`);
    const entry: Entry = {
      outTradeNo,
      transactionId,
      merchantId: merchant.merchantId,
      ...(subMerchantId !== undefined && { subMerchantId }),
      state,
      createdAt,
      totalFee,
      currency,
      ...(rate !== undefined && { rate }),
      money: {
        paid: state === 'paid' || state === 'refunded' ? totalFee : 0,
        refunded: state === 'refunded' ? totalFee : 0,
      },
      history: [{ at: createdAt, event: 'created', state }],
    };
    this.#book.set(key, entry);
    this.#byTransactionId.set(transactionId, entry);
    return entry;
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
    return owners.map((owner) => this.#book.get(bookKey(merchant.merchantId, owner, outTradeNo))).find(Boolean);
  }

  /** @returns the order of that transaction, whosever it is. */
  getByTransactionId(transactionId: string): Order | undefined {
    return this.#byTransactionId.get(transactionId);
  }

  /** All orders of all merchants, in the order in which they were created. */
  list(): readonly Order[] {
    return [...this.#book.values()];
  }

  /** The customer pays: `user-paying` or `not-paid` becomes `paid`. */
  pay(order: Order): void {
    const entry = this.#open(order, 'pay');
    entry.money.paid = entry.totalFee;
    this.#record(entry, 'paid', 'paid');
  }

  /** The customer gives up: `user-paying` becomes `not-paid`. */
  abandon(order: Order): void {
    this.#record(this.#open(order, 'abandon'), 'abandoned', 'not-paid');
  }

  /** A paid order is refunded, an unpaid one closed; one that has ended stays as it is. */
  revoke(order: Order): void {
    const entry = this.#entry(order);
    if (entry.state === 'paid') {
      entry.money.refunded = entry.money.paid;
      this.#record(entry, 'revoked', 'refunded');
    } else if (entry.state === 'not-paid') {
      this.#record(entry, 'revoked', 'closed');
    }
  }

  #record(entry: Entry, event: OrderEvent['event'], state: OrderState): void {
    entry.state = state;
    entry.history.push({ at: new Date(this.#clock.now()), event, state });
  }

  #open(order: Order, verb: string): Entry {
    const entry = this.#entry(order);
    if (entry.state !== 'user-paying' && entry.state !== 'not-paid') {
      throw new Error(`order ${entry.outTradeNo} is ${entry.state}: nobody can ${verb} it any more`);
    }
    return entry;
  }

  #entry(order: Order): Entry {
    const entry = this.#book.get(bookKey(order.merchantId, order.subMerchantId, order.outTradeNo));
    if (entry === undefined) throw new Error(`order ${order.outTradeNo} is not in this sandbox's book`);
    return entry;
  }
}

function bookKey(merchantId: string, subMerchantId: string | undefined, outTradeNo: string): string {
  return JSON.stringify([merchantId, subMerchantId ?? null, outTradeNo]);
}

function assertReachable(
  outTradeNo: string,
  transactionId: string,
  merchant: Merchant,
  subMerchantId: string | undefined,
): void {
  for (const [name, value] of Object.entries({ outTradeNo, transactionId })) {
    if (value === '' || Array.from(value).length > 32) throw new Error(`${name} has 1 to 32 characters: ${value}`);
  }
  const isInstitution = merchant.subMerchants.length > 0;
  if (isInstitution && !merchant.subMerchants.some((sub) => sub.subMerchantId === subMerchantId)) {
    throw new Error(
      `an institution's order belongs to a sub-merchant: pass subMerchantId, one of merchant.subMerchants`,
    );
  }
  if (!isInstitution && subMerchantId !== undefined) {
    throw new Error('only an institution has sub-merchants: create the merchant with subMerchants');
  }
}
