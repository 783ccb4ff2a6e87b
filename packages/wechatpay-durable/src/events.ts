import { channel } from 'node:diagnostics_channel';
import type { AnyWechatPayError, RefundOutcome, ResolutionOutcome, TakenRefundStep, TakenStep } from 'wechatpay-core';
import { orderOf } from './ends.js';
import type { DurableOrdersError } from './errors.js';
import { requestOf } from './refunds/refund-rows.js';
import type { DurableOrderData, DurableRefundData } from './stores/store.js';
import type { MerchantProblem } from './merchant-watch.js';
import type { MerchantPause } from './pauses/merchant-pauses.js';
import type { ReconciliationSummary } from './reconcile/reconciliation.js';

/** Whose durable order an event is about. */
interface About {
  readonly id: string;
  readonly merchantId: string;
  readonly outTradeNo: string;
}

/** Whose durable refund an event is about. */
interface AboutRefund {
  readonly id: string;
  readonly merchantId: string;
  readonly outRefundNo: string;
  /** Of the order that it is a part of. */
  readonly outTradeNo: string;
}

/** What a subscriber of {@link DURABLE_ORDER_CHANNEL} is given. It holds no secret. */
export type DurableOrderEvent =
  /** It is stored. In a transaction, it is so once that is committed. */
  | (About & { readonly kind: 'enqueued' })
  /** A step was taken by this process; its state may be stored with the next. */
  | (About & { readonly kind: 'step'; readonly step: TakenStep; readonly dueAt?: Date })
  /** It has an end, or needs a person, and that is stored: told by the process that came to it. */
  | (About & {
      readonly kind: 'resolved';
      readonly outcome: ResolutionOutcome;
      /** The number and the time of this end, as {@link ResolvedOrder} has them. */
      readonly end: number;
      readonly endedAt: Date;
    })
  | (About & { readonly kind: 'cancelled' | 'redriven' })
  /** The same of a refund. */
  | (AboutRefund & { readonly kind: 'refund-enqueued' | 'refund-cancelled' | 'refund-redriven' })
  | (AboutRefund & { readonly kind: 'refund-step'; readonly step: TakenRefundStep; readonly dueAt?: Date })
  | (AboutRefund & {
      readonly kind: 'refund-resolved';
      readonly outcome: RefundOutcome;
      readonly end: number;
      readonly endedAt: Date;
    })
  /** The store, `onResolved` or a lease failed; what it is about goes on by itself. */
  | { readonly kind: 'problem'; readonly error: DurableOrdersError | AnyWechatPayError; readonly id?: string }
  /** Calls of a merchant fail, one after another, in the same way: told once, and again once that has ended. */
  | { readonly kind: 'merchant-problem'; readonly problem: MerchantProblem; readonly error: DurableOrdersError }
  | { readonly kind: 'merchant-recovered'; readonly problem: MerchantProblem }
  /** The steps of a merchant's orders are held back in this process: once for each pause. */
  | { readonly kind: 'merchant-paused'; readonly pause: MerchantPause; readonly error: DurableOrdersError }
  /** They go on: an order was answered again, or a person said so. */
  | {
      readonly kind: 'merchant-resumed';
      readonly pause: MerchantPause;
      readonly by: 'probe' | 'person';
      readonly actor?: string;
    }
  /** A day's statement was compared with the durable orders, and what came of it is stored. */
  | ({ readonly kind: 'reconciled' } & ReconciliationSummary);

/** The name of the `node:diagnostics_channel` on which this process tells of its durable orders, as {@link DurableOrderEvent}. */
export const DURABLE_ORDER_CHANNEL = 'wechatpay:durable-order';

const events = channel(DURABLE_ORDER_CHANNEL);

export function publish(event: DurableOrderEvent): void {
  if (!events.hasSubscribers) return;
  // A copy of the state: what an observer changes is not acted on.
  events.publish('step' in event ? { ...event, step: structuredClone(event.step) } : event);
}

export function about(id: string, data: DurableOrderData): About {
  return { id, merchantId: data.merchantId, outTradeNo: orderOf(data).outTradeNo };
}

export function aboutRefund(id: string, data: DurableRefundData): AboutRefund {
  const { merchantId, order } = data;
  return { id, merchantId, outRefundNo: requestOf(data).outRefundNo ?? '', outTradeNo: order.outTradeNo };
}
