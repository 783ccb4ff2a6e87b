import { Subject } from 'rxjs';
import type { Phrase } from './phrase.js';
import { withRefunds, type Standing, type TillOrder, type TillRefund } from './till.order.js';

/** An order of the page. */
export interface Row {
  /** With what was returned of it. */
  order: TillOrder;
  /** How its payment stands. */
  standing: Standing;
  /** Whether this process charged it, so that its customer was here. */
  readonly isOurs: boolean;
  /** The {@link TillRows.revision} of its last change. */
  revision: number;
}

/** What the shop took today, in one currency's minor unit. */
export interface Total {
  readonly currency: string;
  readonly count: number;
  readonly paid: number;
  readonly returned: number;
}

/** For so long after an order was charged its customer may be waiting at the till. */
const CUSTOMER_WAITS_MS = 90_000;

/** Orders beyond these are forgotten, the oldest first; those without an end stay, and those of today. */
const MAX_ORDERS = 500;
const OPEN: readonly TillOrder['state'][] = ['paying', 'refund-required', 'needs-attention', 'unresolved'];

/** Whether it has no end yet. */
export function isOpen({ state }: Pick<TillOrder, 'state'>): boolean {
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

  /** Those whose payment has no end yet, as far as this process knows. */
  open(): Row[] {
    return [...this.#rows.values()].filter(({ standing }) => isOpen(standing));
  }

  /** Refunds that have no end yet, each with its order. */
  openRefunds(): { readonly row: Row; readonly refund: TillRefund }[] {
    return [...this.#rows.values()].flatMap((row) =>
      row.order.refunds
        .filter(({ state }) => state === 'pending' || state === 'stuck')
        .map((refund) => ({ row, refund })),
    );
  }

  /** What was paid of the orders of today, by this machine's calendar, and what of it goes back. */
  totals(): Total[] {
    const totals = new Map<string, Total>();
    for (const { order, standing } of this.#rows.values()) {
      if (standing.state !== 'paid' || !this.#isOfToday(order)) continue;
      const { currency, totalFee, kept = totalFee } = order;
      const { count, paid, returned } = totals.get(currency) ?? { count: 0, paid: 0, returned: 0 };
      totals.set(currency, {
        currency,
        count: count + 1,
        paid: paid + totalFee,
        returned: returned + totalFee - kept,
      });
    }
    return [...totals.values()];
  }

  /** Whether its customer may still be at the till: not after a restart, and not for long. */
  isCustomerHere({ isOurs, order }: Row): boolean {
    return isOurs && this.#now() < order.createdAt.getTime() + CUSTOMER_WAITS_MS;
  }

  add(order: Omit<TillOrder, keyof Standing | 'steps' | 'refunds'>, standing: Standing, isOurs: boolean): Row {
    const row: Row = { order: { ...order, ...standing, steps: [], refunds: [] }, standing, isOurs, revision: 0 };
    this.#rows.set(order.outTradeNo, row);
    this.#changed(row);
    for (const [outTradeNo, { order: old }] of this.#rows) {
      if (this.#rows.size <= MAX_ORDERS) break;
      if (!isOpen(old) && !this.#isOfToday(old)) this.#rows.delete(outTradeNo);
    }
    return row;
  }

  /** Notes what happened, and how the order stands since. */
  tell(row: Row, what: Phrase, now: Standing): void {
    this.show(row, now, { steps: [...row.order.steps, { at: new Date(this.#now()), what }] });
  }

  /** Notes how an order stands. */
  show(row: Row, now: Standing, changes: Partial<Pick<TillOrder, 'steps' | 'transactionId' | 'refunds'>> = {}): void {
    const { kept: _kept, next: _next, knownBy: _knownBy, why: _why, ...order } = row.order;
    row.standing = now;
    row.order = withRefunds({ ...order, ...changes, ...now });
    this.#changed(row);
  }

  /** Notes a refund of it, or how that stands now. @returns whether that was news. */
  refund(row: Row, refund: TillRefund, what?: Phrase): boolean {
    const { refunds, steps } = row.order;
    const known = refunds.find(({ outRefundNo }) => outRefundNo === refund.outRefundNo);
    if (known?.state === refund.state) return false;
    const others = refunds.filter((one) => one !== known);
    this.show(row, row.standing, {
      refunds: [...others, refund],
      ...(what && { steps: [...steps, { at: new Date(this.#now()), what }] }),
    });
    return true;
  }

  #isOfToday({ createdAt }: TillOrder): boolean {
    return createdAt.getTime() >= new Date(this.#now()).setHours(0, 0, 0, 0);
  }

  #changed(row: Row): void {
    this.revision += 1;
    row.revision = this.revision;
    this.changes.next(row.order);
  }
}
