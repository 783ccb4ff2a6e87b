import type { BookOrder, OrderBook } from '../../../src/index.js';
import type { Order } from './ledger.js';

// What the shop has noted of its orders: what happened, but for what was spoiled.

/** The shop's order; undefined where it has none. */
export function bookOrderOf(order: Order): BookOrder | undefined {
  const { spoil, outTradeNo, transactionId, amount, currency, paidAt, lag, refunds, reversedAt } = order;
  if (spoil === 'unknown') return undefined;
  const noted: BookOrder = {
    outTradeNo,
    transactionId,
    totalFee: amount,
    currency,
    state: reversedAt === undefined ? 'paid' : 'reversed',
    paidAt: new Date(paidAt + lag * 1_000),
    ...(reversedAt !== undefined && { reversedAt: new Date(reversedAt) }),
    fee: feeOf(amount, currency),
    refunds: refunds.map(({ outRefundNo, amount: refundFee, at }) => ({
      outRefundNo,
      refundFee,
      at: new Date(at),
      state: 'accepted',
    })),
  };
  return spoiled(noted, order);
}

function spoiled(noted: BookOrder, { spoil, amount, currency, paidAt }: Order): BookOrder {
  const [first, ...others] = noted.refunds ?? [];
  const refund = { outRefundNo: 'more', refundFee: 1, at: new Date(paidAt + 600_000) };
  const withFirst = (changes: object): BookOrder => ({ ...noted, refunds: [{ ...first!, ...changes }, ...others] });
  switch (spoil) {
    case 'amount':
      return { ...noted, totalFee: amount + 1 };
    case 'currency':
      return { ...noted, currency: currency === 'USD' ? 'HKD' : 'USD' };
    case 'transaction':
      return { ...noted, transactionId: '42' };
    case 'fee':
      return { ...noted, fee: feeOf(amount, currency, 1n) };
    case 'open':
    case 'not-paid':
      return { ...noted, state: spoil, paidAt: undefined };
    case 'reversed in the book':
      return { ...noted, state: 'reversed', reversedAt: new Date(paidAt + 60_000) };
    case 'paid in the book':
      return { ...noted, state: 'paid', reversedAt: undefined };
    case 'refund unknown':
      return { ...noted, refunds: others };
    case 'refund amount':
      return withFirst({ refundFee: first!.refundFee + 1 });
    case 'refund currency':
      return withFirst({ currency: 'USD' });
    case 'refund failed':
      return withFirst({ state: 'failed' });
    case 'refund invented':
      return { ...noted, refunds: [...noted.refunds!, { ...refund, state: 'accepted' }] };
    case 'refund pending':
      return { ...noted, refunds: [...noted.refunds!, { ...refund, state: 'pending' }] };
    default:
      return noted;
  }
}

/** 0.60 %, to five places of the major unit, half up. @param more of the last place */
export function feeOf(amount: number, currency: string, more = 0n): string {
  const digits = { JPY: 0, KWD: 3 }[currency] ?? 2;
  const fee = (BigInt(amount) * 10n ** BigInt(5 - digits) * 6n + 500n) / 1_000n + more;
  const text = fee.toString().padStart(6, '0');
  return `${text.slice(0, -5)}.${text.slice(-5)}`;
}

/** The port: it knows all orders of all days, and gives all of them for each day. */
export function bookOf(orders: readonly BookOrder[]): OrderBook {
  return {
    findOrders: (numbers) =>
      orders.filter((order) =>
        numbers.some(
          ({ outTradeNo, transactionId }) => order.outTradeNo === outTradeNo || order.transactionId === transactionId,
        ),
      ),
    ordersOf: () => orders,
  };
}
