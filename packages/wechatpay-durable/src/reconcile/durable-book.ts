// Over 250 lines, as one idea: which durable orders and refunds the statement of a day may be about.
import { statementDay } from 'wechatpay-core';
import type { BookNumbers, BookOrder, OrderBook, RefundState, ResolutionState, StatementDay } from 'wechatpay-core';
import { orderOf, outcomeOf } from '../ends.js';
import { isOrder, isRefund } from '../stores/kinds.js';
import type {
  DurableKind,
  DurableOrder,
  DurableRefund,
  DurableRow,
  OrderStore,
  StagedStatement,
  StoreFilter,
} from '../stores/store.js';
import { isProven, toBookOrder, toBookRefund } from './book-order.js';
import type { BookedOrder } from './differences.js';

/** Whose orders the book is about. */
export interface BookOwner {
  readonly merchantId: string;
  /** Undefined: of all sub-merchants. */
  readonly subMerchantId: string | undefined;
}

/** The durable orders of a merchant, as a book that a statement is compared with. */
export class DurableBook implements OrderBook {
  readonly #store: OrderStore;
  readonly #owner: BookOwner;
  /** Where the rows of the statement are in the database. */
  readonly #staged: StagedStatement | undefined;
  readonly #booked = new WeakMap<BookOrder, BookedOrder>();
  /** The numbers of orders that the statement has refunds of, with theirs: only these are asked for them. */
  readonly #refunded = new Map<string, Set<string>>();
  /** Of the day whose orders were asked for: refunds that were known to be accepted on it, and submitted before. */
  readonly #acceptedLater: BookOrder[] = [];

  constructor(store: OrderStore, owner: BookOwner, staged: StagedStatement | undefined) {
    this.#store = store;
    this.#owner = owner;
    this.#staged = staged;
  }

  /** Is told of each refund of the statement, before its order is looked for. */
  expectRefundOf(outTradeNo: string, outRefundNo: string | undefined): void {
    const numbers = this.#refunded.get(outTradeNo) ?? new Set<string>();
    this.#refunded.set(outTradeNo, outRefundNo === undefined ? numbers : numbers.add(outRefundNo));
  }

  /** The durable order that the book has given as this. */
  bookedAs(order: BookOrder): BookedOrder | undefined {
    return this.#booked.get(order);
  }

  /** Refunds that nobody may have claimed for the day of their submission, once {@link ordersOf} has come to its end. */
  get acceptedLater(): readonly BookOrder[] {
    return this.#acceptedLater;
  }

  async findOrders(numbers: readonly BookNumbers[]): Promise<BookOrder[]> {
    const { merchantId } = this.#owner;
    const found = await (this.#store.reconciliations?.findOrders?.(merchantId, numbers) ?? this.#findEach(numbers));
    const orders = found.flatMap((row) => this.#bookOf(row));
    const known = new Set(orders.map(nameOf));
    const others = numbers.filter((each) => !known.has(nameOf(each))).map(({ outTradeNo }) => outTradeNo);
    const alone = await Promise.all([...new Set(others)].map((outTradeNo) => this.#refundsAlone(outTradeNo)));
    return [
      ...(await Promise.all(orders.map((order) => this.#withRefunds(order)))),
      ...alone.flat().filter((order) => !known.has(nameOf(order))),
    ];
  }

  /** A durable refund outlives its order, and may be of one that was charged elsewhere: which order that is, it says itself. */
  async #refundsAlone(outTradeNo: string): Promise<BookOrder[]> {
    const { merchantId } = this.#owner;
    const orders = new Map<string, BookOrder>();
    for (const outRefundNo of this.#refunded.get(outTradeNo) ?? []) {
      const rows = (await this.#store.find({ outRefundNo, merchantId })).filter(isRefund);
      for (const row of rows.filter(({ order }) => order.outTradeNo === outTradeNo)) {
        const { request } = Object(row.state) as Partial<RefundState>;
        const { subMerchantId } = Object(request) as Partial<RefundState['request']>;
        const named = { outTradeNo, transactionId: row.order.transactionId, subMerchantId };
        const { refunds = [] } = orders.get(nameOf(named)) ?? {};
        const order: BookOrder = { ...named, state: 'paid', refunds: [...refunds, ...toBookRefund(row)] };
        if (!this.#isOwn(order)) continue;
        this.#booked.set(order, { id: row.parentId ?? row.id, isRefundAlone: true });
        orders.set(nameOf(order), order);
      }
    }
    return [...orders.values()];
  }

  async #findEach(numbers: readonly BookNumbers[]): Promise<DurableOrder[]> {
    const { merchantId } = this.#owner;
    const found = new Map<string, DurableOrder>();
    const find = async (query: { outTradeNo: string } | { transactionId: string }): Promise<boolean> => {
      const rows = (await this.#store.find({ ...query, merchantId })).filter(isOrder);
      for (const row of rows) found.set(row.id, row);
      return rows.length > 0;
    };
    await Promise.all(
      numbers.map(async ({ outTradeNo, transactionId }) => {
        if (!(await find({ outTradeNo }))) await find({ transactionId });
      }),
    );
    return [...found.values()];
  }

  async *ordersOf(_day: string, from: Date, until: Date): AsyncGenerator<BookOrder, void> {
    // When it was stored may be a little before, and well after it was created.
    const stored = {
      from: new Date(from.getTime() - STORED_BEFORE_MS),
      until: new Date(until.getTime() + STORED_LATER_MS),
    };
    const orders = this.#staged ? this.#staged.unlisted(from, until) : this.#list('order', stored);
    for await (const row of orders) if (isOrder(row)) yield* this.#bookOf(row);
    for await (const row of this.#refundsOf(from, until)) {
      if (!isRefund(row)) continue;
      const claims = this.#refundClaimOf(row);
      const { acceptedAt = NaN, state } = row;
      const isLater = acceptedAt >= from.getTime() && acceptedAt < until.getTime();
      if (isLater && (state.submittedAt ?? NaN) < from.getTime()) this.#acceptedLater.push(...claims);
      yield* claims;
    }
  }

  /**
   * Durable refunds that may have been submitted in a period, and more. One waits for the money that it is paid from, and may be redriven
   * long after it was asked for: of those that are older than that wait, the open ones, and those that have ended since.
   */
  async *#refundsOf(from: Date, until: Date): AsyncGenerator<DurableRow, void> {
    const waiting = new Date(from.getTime() - REFUND_WAITS_MS);
    // By the clock of the store, one may be asked for a little after it was submitted by the client's.
    yield* this.#list('refund', { from: waiting, until: new Date(until.getTime() + STORED_BEFORE_MS) });
    const { merchantId } = this.#owner;
    const older = { kind: 'refund', merchantId, createdBefore: waiting } as const;
    const ended = {
      from: new Date(from.getTime() - STORED_BEFORE_MS),
      to: new Date(until.getTime() + ENDS_LATER_MS),
    };
    const open = new Set<string>();
    for await (const row of this.#pages({ ...older, status: ['waiting', 'active'] })) {
      open.add(row.id);
      yield row;
    }
    for await (const row of this.#pages({ ...older, ended })) if (!open.has(row.id)) yield row;
  }

  /**
   * The ids of orders that may have been paid on a day, and nobody knows: without an outcome, called off, or stopped without a proven
   * one. A payment may come so long after its order was created that the day before counts too.
   */
  async *unproven({ from, until }: StatementDay): AsyncGenerator<string, void> {
    const stored = {
      from: new Date(from.getTime() - PAID_LATER_MS - STORED_BEFORE_MS),
      until: new Date(until.getTime() + STORED_LATER_MS),
    };
    for await (const row of this.#list('order', stored)) {
      if (!isOrder(row) || isProven(row)) continue;
      const { subMerchantId } = orderOf(row);
      const { orderCreatedAt, product } = Object(row.state) as Partial<ResolutionState>;
      const createdAt = orderCreatedAt ?? row.createdAt.getTime();
      const isQuickPay = orderCreatedAt !== undefined && product === undefined;
      const paidLater = isQuickPay ? QUICKLY_PAID_LATER_MS : PAID_LATER_MS;
      const isOfDay = createdAt >= from.getTime() - paidLater && createdAt < until.getTime();
      const isOwn = this.#owner.subMerchantId === undefined || subMerchantId === this.#owner.subMerchantId;
      if (isOfDay && isOwn) yield row.id;
    }
  }

  /**
   * Orders of the days before that ended on this one as paid: where their own day was compared by then, nobody has claimed them for it.
   * When they ended is by the store's clock.
   */
  async *endedLater(day: StatementDay): AsyncGenerator<BookOrder, void> {
    const { from, until } = day;
    const { merchantId } = this.#owner;
    const ended = { kind: 'order', merchantId, ended: { from, to: until } } as const;
    // Nearly all orders of the day end on it: a database that knows which do not is not asked for those.
    for await (const row of this.#store.reconciliations?.endedLater?.(merchantId, day) ?? this.#pages(ended)) {
      if (!isOrder(row)) continue;
      for (const order of this.#bookOf(row)) {
        const isEarlier = order.paidAt !== undefined && order.paidAt.getTime() < from.getTime();
        if (order.state === 'paid' && isEarlier) yield order;
      }
    }
  }

  async *#pages(filter: StoreFilter): AsyncGenerator<DurableRow, void> {
    let after: DurableRow | undefined;
    do {
      const rows = await this.#store.list({ ...filter, limit: PAGE, ...(after && { after }) });
      yield* rows;
      after = rows.length < PAGE ? undefined : rows.at(-1);
    } while (after);
  }

  async *#list(kind: DurableKind, { from, until }: { from: Date; until: Date }): AsyncGenerator<DurableRow, void> {
    const { merchantId } = this.#owner;
    let after: Pick<DurableRow, 'id' | 'createdAt'> = { id: '00000000-0000-0000-0000-000000000000', createdAt: from };
    for (;;) {
      const rows = await this.#store.list({ kind, merchantId, createdBefore: until, after, limit: PAGE });
      yield* rows;
      const last = rows.at(-1);
      if (rows.length < PAGE || !last) return;
      after = last;
    }
  }

  async #withRefunds(order: BookOrder): Promise<BookOrder> {
    const booked = this.#booked.get(order);
    if (!booked || !this.#refunded.has(order.outTradeNo)) return order;
    const parts = await this.#store.find({ parentId: booked.id });
    const whole = { ...order, refunds: [...(order.refunds ?? []), ...parts.flatMap((row) => toBookRefund(row))] };
    this.#booked.set(whole, booked);
    return whole;
  }

  #bookOf(row: DurableOrder): BookOrder[] {
    const order = toBookOrder(row);
    if (!order || !this.#isOwn(order)) return [];
    const isStoredLater = order.paidAt !== undefined && row.createdAt.getTime() >= lastStored(order.paidAt);
    const booked = { id: row.id, outcome: outcomeOf(row), endAt: row.endAt };
    this.#booked.set(order, { ...booked, ...(isStoredLater && { isStoredLater }) });
    return [order];
  }

  /** A refund that WeChat Pay has accepted, and that a statement has to have. */
  #refundClaimOf(row: DurableRefund): BookOrder[] {
    const { refundId, submittedAt, request } = Object(row.state) as Partial<RefundState>;
    const kind = outcomeOf(row)?.kind;
    const isAccepted = refundId !== undefined && (kind === undefined || kind === 'refunded');
    if (!isAccepted || submittedAt === undefined) return [];
    const { outTradeNo, transactionId } = row.order;
    const { subMerchantId } = Object(request) as Partial<RefundState['request']>;
    const refunds = toBookRefund(row, new Date(submittedAt)).map((refund) => ({
      ...refund,
      state: 'accepted' as const,
    }));
    const order: BookOrder = { outTradeNo, transactionId, subMerchantId, state: 'paid', refunds };
    if (outTradeNo === '' || !this.#isOwn(order)) return [];
    this.#booked.set(order, { id: row.parentId ?? row.id, acceptedAt: row.acceptedAt });
    return [order];
  }

  #isOwn(order: BookOrder): boolean {
    const { subMerchantId } = this.#owner;
    return subMerchantId === undefined || order.subMerchantId === subMerchantId;
  }
}

function nameOf({ outTradeNo, subMerchantId }: Pick<BookOrder, 'outTradeNo' | 'subMerchantId'>): string {
  return JSON.stringify([subMerchantId ?? '', outTradeNo]);
}

/** Of the day that an order is claimed for: what is stored later is not looked through for it. NaN where that is no day. */
function lastStored(paidAt: Date): number {
  return Number.isNaN(paidAt.getTime()) ? NaN : statementDay(paidAt).until.getTime() + STORED_LATER_MS;
}

const PAGE = 1000;
const STORED_BEFORE_MS = 10 * 60_000;
const STORED_LATER_MS = 24 * 60 * 60_000;
const REFUND_WAITS_MS = 3 * 24 * 60 * 60_000;
/** From the day on which a refund was accepted to its end, which is told for as long as any is kept. */
const ENDS_LATER_MS = 400 * 24 * 60 * 60_000;
/** An order that is not paid by Quick Pay can be paid for two hours, unless its `timeExpire` says otherwise. */
const PAID_LATER_MS = 2 * 60 * 60_000;
/** Quick Pay: within a minute, and the clocks may differ. */
const QUICKLY_PAID_LATER_MS = 10 * 60_000;
