import type { Ledger } from '../orders/ledger.js';
import type { Orders } from '../orders/orders.js';
import { beijingDay, beijingMidnightOf } from './beijing-day.js';
import { entriesOf } from './entries.js';
import { feeInMinorUnits } from './money.js';

const hourMs = 60 * 60 * 1_000;
const dayMs = 24 * hourMs;

/** What a merchant gets for a day, in one currency; in minor units. */
export interface DaysSettlement {
  /** As in `20260301`. */
  readonly date: string;
  readonly midnight: number;
  readonly isSettled: boolean;
  readonly currency: string;
  readonly paid: number;
  readonly returned: number;
  readonly fee: number;
}

/** The settlements of all days that had a movement, the earliest first. */
export function settlementsOf(
  ledger: Ledger,
  orders: Orders,
  parties: { readonly merchantId: string; readonly subMerchantId: string | undefined },
  now: number,
): readonly DaysSettlement[] {
  const days = new Map<string, { paid: number; returned: number; midnight: number; currency: string }>();
  const extract = { ...parties, from: -Infinity, until: Infinity, type: 'ALL' as const };
  for (const { at, order, total, refund } of entriesOf(ledger, orders, extract, 'own-row')) {
    const midnight = beijingMidnightOf(at.getTime());
    const { currency } = order.facts;
    const key = `${midnight} ${currency}`;
    const before = days.get(key) ?? { paid: 0, returned: 0, midnight, currency };
    days.set(key, { ...before, paid: before.paid + total, returned: before.returned + refund });
  }
  return [...days.values()]
    .toSorted((a, b) => a.midnight - b.midnight)
    .map((each) => ({
      ...each,
      date: beijingDay(each.midnight),
      isSettled: now >= each.midnight + dayMs + 10 * hourMs,
      fee: feeInMinorUnits(each.paid, each.currency) - feeInMinorUnits(each.returned, each.currency),
    }));
}
