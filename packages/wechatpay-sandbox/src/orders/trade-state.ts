import type { Order, TradeState } from './order.js';

/** The documentation's word for how an order stands. */
export function tradeStateOf({ state, history, refunds }: Pick<Order, 'state' | 'history' | 'refunds'>): TradeState {
  // A reversal refunds or closes; an order that went this way is REVOKED all the same.
  const isReversed = history.some(({ event }) => event === 'reversed');
  switch (state) {
    case 'paid':
      return refunds.length > 0 ? 'REFUND' : 'SUCCESS';
    case 'user-paying':
      return 'USERPAYING';
    case 'not-paid':
      return history.at(-1)?.event === 'refused' ? 'PAYERROR' : 'NOTPAY';
    case 'closed':
      return isReversed ? 'REVOKED' : 'CLOSED';
    case 'reversed':
      return 'REVOKED';
    case 'refunded':
      return isReversed ? 'REVOKED' : 'REFUND';
  }
}
