import { Subject } from 'rxjs';
import type { Standing, TillOrder } from './till.order.js';

/** An order of the page. */
export interface Row {
  order: TillOrder;
  /** Whether this process charged it, so that its customer was here. */
  readonly isOurs: boolean;
  /** The {@link TillRows.revision} of its last change. */
  revision: number;
  /** The numbers of its refunds. */
  readonly refunds: Set<string>;
}

/** For so long after an order was charged its customer may be waiting at the till. */
const CUSTOMER_WAITS_MS = 90_000;

/** Orders beyond these are forgotten, the oldest first; those without an end stay. */
const MAX_ORDERS = 500;
const OPEN: readonly TillOrder['state'][] = ['paying', 'refund-required', 'needs-attention', 'unresolved'];

/** Whether it has no end yet. */
export function isOpen({ state }: TillOrder): boolean {
  return OPEN.includes(state);
}

/** The page's orders, in memory. */
export class TillRows {
  readonly changes = new Subject<TillOrder>();
  /** Counts the changes. */
  revision = 0;
  readonly #rows = new Map<string, Row>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get(outTradeNo: string): Row | undefined {
    return this.#rows.get(outTradeNo);
  }

  /** The newest first. */
  list(): TillOrder[] {
    const orders = [...this.#rows.values()].map(({ order }) => order).reverse();
    return orders.sort((a, b) => b.createdAt.getTime() - a.createdAt.getTime());
  }

  /** Whether its customer may still be at the till: not after a restart, and not for long. */
  isCustomerHere({ isOurs, order }: Row): boolean {
    return isOurs && this.#now() < order.createdAt.getTime() + CUSTOMER_WAITS_MS;
  }

  add(order: TillOrder, isOurs: boolean): Row {
    const row: Row = { order, isOurs, revision: 0, refunds: new Set() };
    this.#rows.set(order.outTradeNo, row);
    this.#changed(row);
    for (const [outTradeNo, { order: old }] of this.#rows) {
      if (this.#rows.size <= MAX_ORDERS) break;
      if (!isOpen(old)) this.#rows.delete(outTradeNo);
    }
    return row;
  }

  /** Notes what happened, and how the order stands since. */
  tell(row: Row, text: string, now: Standing): void {
    this.show(row, now, [...row.order.steps, { at: new Date(this.#now()), text }]);
  }

  /** Notes how an order stands. */
  show(row: Row, now: Standing, steps = row.order.steps): void {
    const { kept: _kept, next: _next, ...order } = row.order;
    row.order = { ...order, steps, ...now };
    this.#changed(row);
  }

  #changed(row: Row): void {
    this.revision += 1;
    row.revision = this.revision;
    this.changes.next(row.order);
  }
}
