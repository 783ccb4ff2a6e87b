import type { Order, Refund } from './keeper.js';
import {
  CLOSE_PAGE,
  QUERY_ORDER_PAGE,
  QUERY_REFUND_PAGE,
  QUICK_PAY_PAGE,
  REFUND_PAGE,
  REVERSE_PAGE,
  type Page,
} from './pages.js';
import type { World } from './time.js';
import type { Wire } from './wire.js';

// What a call does to the money, and how it is answered where all is as documented.

/** What an order and its customer are like. */
export interface Scene {
  readonly customer:
    | { readonly does: 'pay' | 'nothing' }
    | { readonly does: 'pay later'; readonly ms: number }
    | { readonly does: 'fail'; readonly code: string };
  /** WeChat Pay closes an order that is not paid by then. */
  readonly closesAfterMs: number;
  readonly refundTakesMs: number;
  readonly refundEnds: 'SUCCESS' | 'CHANGE' | 'REFUNDCLOSE';
  /** Whether the number of an order that never came is closed by its reversal, or the reversal is an invalid request. */
  readonly blocksUnknown: boolean;
}

/** Documented fields beside `result_code` SUCCESS; or an error code. */
export type Reply = { readonly fields: Wire } | { readonly code: string; readonly recall?: 'Y' | 'N' };

export interface Call {
  readonly request: Wire;
  readonly order: Order;
  readonly scene: Scene;
  readonly world: World;
  /** Chooses among the words for the same thing. */
  readonly variant: number;
}

/** Does what a call asks for, and says so. */
export function carryOut(page: Page, call: Call): Reply {
  switch (page) {
    case QUICK_PAY_PAGE:
      return quickPay(call);
    case QUERY_ORDER_PAGE:
      return queryOrder(call);
    case REVERSE_PAGE:
      return reverse(call);
    case CLOSE_PAGE:
      return close(call);
    case REFUND_PAGE:
      return refund(call);
    case QUERY_REFUND_PAGE:
      return queryRefund(call);
    default:
      throw new Error(`There is no page ${page.path}.`);
  }
}

function quickPay({ order, request, scene, world }: Call): Reply {
  if (order.standing === 'paid') return { code: 'ORDERPAID' };
  if (order.standing === 'open') return { code: 'USERPAYING' };
  if (order.standing === 'reversed') return { code: 'ORDERREVERSED' };
  if (order.standing !== 'absent') return { code: 'ORDERCLOSED' };
  order.amount = Number(request.total_fee);
  order.currency = request.fee_type ?? 'CNY';
  const { customer } = scene;
  if (customer.does === 'pay') {
    order.charge();
    return { fields: payment(order) };
  }
  order.standing = customer.does === 'fail' ? 'failed' : 'open';
  world.in(scene.closesAfterMs, () => {
    if (order.standing === 'open' || order.standing === 'failed') order.standing = 'closed';
  });
  if (customer.does === 'fail') return { code: customer.code };
  if (customer.does === 'pay later') {
    world.in(customer.ms, () => {
      if (order.standing === 'open') order.charge();
    });
  }
  return { code: 'USERPAYING' };
}

/** What Unified Order leaves: an order that its customer pays, now or later, or never; WeChat Pay itself does not close it. */
export function unifiedOrder({ order, request, scene, world }: Omit<Call, 'variant'>): void {
  order.isUnified = true;
  order.amount = Number(request.total_fee);
  order.currency = request.fee_type ?? 'CNY';
  order.standing = 'open';
  const pay = (): void => {
    if (order.standing === 'open') order.charge(world.now);
  };
  const { customer } = scene;
  if (customer.does === 'pay') pay();
  if (customer.does === 'pay later') world.in(customer.ms, pay);
}

function queryOrder({ order, variant }: Call): Reply {
  if (order.standing === 'absent') return { code: 'ORDERNOTEXIST' };
  const words = stateWords(order);
  const state = words[variant % words.length]!;
  const wasPaid = state === 'SUCCESS' || state === 'REFUND';
  return {
    fields: {
      ...(wasPaid ? payment(order) : { out_trade_no: order.outTradeNo }),
      trade_state: state,
      trade_state_desc: state,
    },
  };
}

function stateWords({ standing, refunds, isUnified }: Order): readonly string[] {
  switch (standing) {
    case 'paid':
      return refunds.length > 0 ? ['REFUND'] : ['SUCCESS'];
    case 'open':
      return ['USERPAYING', 'NOTPAY', 'ACCEPT'];
    case 'failed':
      return isUnified ? ['PAYERROR', 'NOTPAY'] : ['PAYERROR', 'NOTPAY', 'CLOSED'];
    case 'reversed':
      return ['REVOKED'];
    default:
      return ['CLOSED'];
  }
}

function close({ order, variant }: Call): Reply {
  switch (order.standing) {
    case 'absent':
      return { code: 'ORDERNOTEXIST' };
    case 'paid':
      return { code: 'ORDERPAID' };
    case 'closed':
      return variant > 0 ? { code: 'ORDERCLOSED' } : { fields: {} };
    default:
      order.standing = 'closed';
      return { fields: {} };
  }
}

function reverse({ order, scene }: Call): Reply {
  if (order.isUnified) return { code: 'INVALID_REQUEST' };
  if (order.standing === 'absent' && !scene.blocksUnknown) return { code: 'INVALID_REQUEST' };
  order.reverse();
  return { fields: { recall: 'N' } };
}

function refund({ order, request, scene, world }: Call): Reply {
  if (order.standing !== 'paid') return { code: order.standing === 'absent' ? 'ORDERNOTEXIST' : 'TRADE_STATE_ERROR' };
  const { out_refund_no: outRefundNo = '' } = request;
  const fee = Number(request.refund_fee);
  const earlier = order.refunds.find((made) => made.outRefundNo === outRefundNo);
  if (Number(request.total_fee) !== order.amount || (earlier && earlier.fee !== fee)) {
    return { code: 'REFUND_FEE_MISMATCH' };
  }
  if (!earlier && order.claimed + fee > order.amount) return { code: 'REFUND_FEE_INVALID' };
  const made = earlier ?? order.refund(outRefundNo, fee, 'PROCESSING');
  if (!earlier) {
    world.in(scene.refundTakesMs, () => {
      if (made.status === 'PROCESSING') made.status = scene.refundEnds;
    });
  }
  return {
    fields: {
      transaction_id: order.transactionId,
      out_trade_no: order.outTradeNo,
      out_refund_no: outRefundNo,
      refund_id: made.refundId,
      refund_fee: String(fee),
      total_fee: String(order.amount),
      fee_type: order.currency,
      cash_fee: String(order.amount),
    },
  };
}

const PAGE_SIZE = 10;

function queryRefund({ order, request }: Call): Reply {
  const { out_refund_no: outRefundNo, refund_id: refundId, offset = '0' } = request;
  const isAsked = ({ outRefundNo: number, refundId: id }: Refund): boolean =>
    refundId !== undefined ? id === refundId : outRefundNo === undefined || number === outRefundNo;
  const asked = order.refunds.filter(isAsked);
  if (asked.length === 0) return { code: 'REFUNDNOTEXIST' };
  const page = asked.slice(Number(offset), Number(offset) + PAGE_SIZE);
  return {
    fields: {
      transaction_id: order.transactionId,
      out_trade_no: order.outTradeNo,
      total_fee: String(order.amount),
      fee_type: order.currency,
      cash_fee: String(order.amount),
      total_refund_count: String(order.refunds.length),
      refund_count: String(page.length),
      ...Object.fromEntries(page.flatMap((made, index) => Object.entries(numbered(made, index)))),
    },
  };
}

function numbered({ outRefundNo, refundId, fee, status }: Refund, index: number): Wire {
  return {
    [`out_refund_no_${index}`]: outRefundNo,
    [`refund_id_${index}`]: refundId,
    [`refund_channel_${index}`]: 'ORIGINAL',
    [`refund_fee_${index}`]: String(fee),
    [`refund_status_${index}`]: status,
    [`refund_recv_accout_${index}`]: '支付用户零钱',
    ...(status === 'SUCCESS' && { [`refund_success_time_${index}`]: '2026-11-26 12:00:00' }),
  };
}

/** What a reply says of a payment. */
export function payment({ outTradeNo, transactionId, amount, currency, paidAt }: Order): Wire {
  return {
    openid: 'oUpF8uN95-Ptaags6E_roPHg7AG0',
    is_subscribe: 'N',
    trade_type: 'MICROPAY',
    bank_type: 'CFT',
    fee_type: currency,
    total_fee: String(amount),
    cash_fee: String(amount),
    cash_fee_type: currency,
    transaction_id: transactionId,
    out_trade_no: outTradeNo,
    attach: 'till 4',
    // Of Quick Pay later than any clock of a story: it decides nothing.
    time_end: paidAt === undefined ? '20991231120000' : beijingTime(paidAt),
  };
}

function beijingTime(at: number): string {
  return new Date(at + 8 * 3_600_000).toISOString().replace(/\D/g, '').slice(0, 14);
}
