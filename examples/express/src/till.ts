import type { QuickPayRequest } from 'wechatpay-core';
import type { DurableOrder, DurableOrders } from 'wechatpay-durable';

/** What the cashier is told. `pending` is neither yes nor no: wait, and do not charge again. */
export interface Sale {
  readonly status: 'paid' | 'not-paid' | 'pending' | 'call-manager';
  readonly message: string;
}

/**
 * Charges a customer, once for each number. The order is stored before the customer is charged: whatever happens then, this process or the
 * next one resolves it.
 *
 * @throws {WechatPayRequestError} a number that was used before. "Paid" would be the answer to another call, perhaps of another customer:
 *   whoever lost the first answer asks how the order stands.
 */
export async function charge(orders: DurableOrders, request: QuickPayRequest): Promise<Sale> {
  const { outcome } = await orders.pay(request);
  switch (outcome.kind) {
    case 'paid':
      return PAID;
    case 'declined':
      return { status: 'not-paid', message: outcome.error.message };
    case 'pending':
      return PENDING;
  }
}

/** How an order stands, as it is stored: also after a restart, and whoever resolved it. */
export function standing({ status, outcome }: DurableOrder): Sale {
  if (status === 'cancelled') return NOT_PAID;
  switch (outcome?.kind) {
    case undefined:
      return PENDING;
    case 'paid':
      return PAID;
    case 'reversed':
    case 'closed':
    case 'refunded':
      return NOT_PAID;
    case 'refund-required':
    case 'needs-attention':
    case 'unresolved':
      return { status: 'call-manager', message: 'A person has to look at this order on the Merchant Platform.' };
  }
}

const PAID: Sale = { status: 'paid', message: 'Paid. Hand over the goods.' };
const PENDING: Sale = { status: 'pending', message: 'Not known yet. Wait, and do not charge again.' };
const NOT_PAID: Sale = {
  status: 'not-paid',
  message: 'Not paid, or returned. Take a new order number, and scan again.',
};
