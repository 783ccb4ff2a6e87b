import type { Order, TradeState } from './order.js';

/** The documentation's word for how an order stands. */
export function tradeStateOf({ state, history, refunds }: Pick<Order, 'state' | 'history' | 'refunds'>): TradeState {
  // A revoke refunds or closes; an order that went this way is REVOKED all the same.
  const isRevoked = history.some(({ event }) => event === 'revoked');
  switch (state) {
    case 'paid':
      return refunds.length > 0 ? 'REFUND' : 'SUCCESS';
    case 'user-paying':
      return 'USERPAYING';
    case 'not-paid':
      return history.at(-1)?.event === 'refused' ? 'PAYERROR' : 'NOTPAY';
    case 'closed':
      return isRevoked ? 'REVOKED' : 'CLOSED';
    case 'revoked':
      return 'REVOKED';
    case 'refunded':
      return isRevoked ? 'REVOKED' : 'REFUND';
  }
}
