import {
  acknowledge,
  isWechatPayError,
  refuse,
  type NotificationResponse,
  type UnifiedOrderRequest,
} from 'wechatpay-core';
import type { DurableOrder, DurableOrders } from 'wechatpay-durable';

/** What the customer's screen shows. */
export interface Purchase {
  readonly status: 'waiting' | 'paid' | 'not-paid' | 'call-us';
  /** To be drawn as a QR code. */
  readonly codeUrl?: string;
}

/** For how long a customer can pay. WeChat Pay closes no order earlier than 5 min after it was made. */
const OPEN_MS = 10 * 60_000;

/** Makes an order that the customer pays with their phone. It is stored first, asked for from then on, and closed where nobody pays it. */
export async function sell(
  orders: DurableOrders,
  sale: Pick<UnifiedOrderRequest, 'outTradeNo' | 'body' | 'totalFee' | 'spbillCreateIp' | 'notifyUrl'>,
): Promise<Purchase> {
  const timeExpire = new Date(orders.clientOf().now() + OPEN_MS);
  const request: UnifiedOrderRequest = {
    ...sale,
    tradeType: 'NATIVE',
    productId: sale.outTradeNo,
    currency: 'HKD',
    timeExpire,
  };
  // Who pays after the order was given up is refunded: nobody hands over the goods any more.
  const { outcome, result } = await orders.create(request, { policy: { ifPaidLate: 'refund' } });
  if (outcome.kind === 'created' && result?.codeUrl !== undefined)
    return { status: 'waiting', codeUrl: result.codeUrl };
  // Refused, or no clear answer: nobody has seen a code, so nobody can pay. The order is closed by itself; try again with a new number.
  return { status: 'not-paid' };
}

/** How an order stands, as it is stored: also after a restart, and whoever resolved it. */
export function standing({ status, outcome }: DurableOrder): Purchase {
  if (status === 'cancelled') return { status: 'not-paid' };
  switch (outcome?.kind) {
    case undefined:
      return { status: 'waiting' };
    case 'paid':
      return { status: 'paid' };
    case 'reversed':
    case 'closed':
    case 'refunded':
      return { status: 'not-paid' };
    case 'refund-required':
    case 'needs-attention':
    case 'unresolved':
      return { status: 'call-us' };
  }
}

/**
 * What WeChat Pay posts. It is a hint: its signature is verified, that it came is stored, and WeChat Pay is asked for the order at once. What
 * is not acknowledged comes again.
 */
export async function notified(orders: DurableOrders, body: Uint8Array): Promise<NotificationResponse> {
  try {
    const { kind } = await orders.notified(body);
    return kind === 'unknown-order' ? refuse('unknown-order') : acknowledge();
  } catch (error) {
    const isForged = isWechatPayError(error) && error.code === 'WECHATPAY_INVALID_NOTIFICATION';
    return refuse(isForged ? 'invalid' : 'unavailable');
  }
}
