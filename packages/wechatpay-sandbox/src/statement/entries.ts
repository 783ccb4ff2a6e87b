import type { Ledger, Movement } from '../orders/ledger.js';
import type { OrderEntry } from '../orders/order-entry.js';
import type { Orders } from '../orders/orders.js';
import type { StatementType } from './editions.js';

/** A movement of money as the statement lists it, with its order. */
export interface StatementEntry {
  readonly at: Date;
  readonly state: 'SUCCESS' | 'REFUND' | 'REVOKED';
  readonly order: OrderEntry;
  /** Of the order, where this row counts it; in minor units. */
  readonly total: number;
  /** What went back to the customer; in minor units. */
  readonly refund: number;
  readonly refundId?: string;
  readonly outRefundNo?: string;
}

/** Whose movements, of which day and kind. */
export interface Extract {
  readonly merchantId: string;
  /** Undefined: of all sub-merchants. */
  readonly subMerchantId: string | undefined;
  /** Milliseconds since 1970: from then on. */
  readonly from: number;
  /** Before then. */
  readonly until: number;
  readonly type: StatementType;
}

/**
 * What the ledger says of a day.
 *
 * @param reversals nobody has established how the row of a reversal looks. `own-row`: the payment keeps its row, and the reversal has
 *   another, like a refund without numbers. `in-place`: where both are of this day, one row with the order's amount and REVOKED.
 */
export function entriesOf(
  ledger: Ledger,
  orders: Orders,
  { merchantId, subMerchantId, from, until, type }: Extract,
  reversals: 'own-row' | 'in-place',
): readonly StatementEntry[] {
  const isListed = (movement: Movement): boolean =>
    movement.merchantId === merchantId &&
    (subMerchantId === undefined || movement.subMerchantId === subMerchantId) &&
    movement.at.getTime() >= from &&
    movement.at.getTime() < until;
  const movements = ledger.list().filter(isListed);
  const entries = movements.flatMap((movement): StatementEntry[] => {
    const order = orders.find(movement.outTradeNo, movement.merchantId, movement.subMerchantId);
    if (order === undefined) return [];
    const { at, amount } = movement;
    switch (movement.kind) {
      case 'payment':
        return [{ at, state: 'SUCCESS', order, total: amount, refund: 0 }];
      case 'reversal':
        return [{ at, state: 'REVOKED', order, total: 0, refund: amount }];
      case 'refund': {
        const { refundNumber = '' } = movement;
        const refund = order.refunds.find(({ outRefundNo }) => outRefundNo === refundNumber);
        const numbers = { refundId: refund?.refundId ?? '0', outRefundNo: refundNumber };
        return [{ at, state: 'REFUND', order, total: 0, refund: amount, ...numbers }];
      }
    }
  });
  const merged = reversals === 'in-place' ? withReversalsInPlace(entries) : entries;
  return type === 'ALL' ? merged : merged.filter(({ state }) => state === type);
}

function withReversalsInPlace(entries: readonly StatementEntry[]): readonly StatementEntry[] {
  const reversed = new Map(entries.filter(({ state }) => state === 'REVOKED').map((entry) => [entry.order, entry]));
  const paid = new Set(entries.filter(({ state }) => state === 'SUCCESS').map(({ order }) => order));
  return entries.flatMap((entry) => {
    const reversal = reversed.get(entry.order);
    if (entry.state === 'SUCCESS' && reversal !== undefined) {
      return [{ ...entry, state: 'REVOKED' as const, refund: reversal.refund }];
    }
    return entry.state === 'REVOKED' && paid.has(entry.order) ? [] : [entry];
  });
}
