import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Meter, ObservableResult } from '@opentelemetry/api';
import type { RefundEvent, ResolutionEvent } from 'wechatpay-core';
import type { DurableOrders } from './durable-orders.js';
import type { DurableOrderStatus } from './stores/store.js';
import { DURABLE_ORDER_CHANNEL, type DurableOrderEvent } from './events.js';

const STATUSES: readonly DurableOrderStatus[] = ['waiting', 'active', 'done', 'dead', 'cancelled'];

/**
 * Tells a meter of OpenTelemetry's API (an optional peer, `@opentelemetry/api`) about durable orders.
 *
 * | instrument | what |
 * | --- | --- |
 * | `wechatpay.orders` (gauge, `status`) | how many there are, asked for once at each collection |
 * | `wechatpay.orders.oldest_age` (gauge, s) | for how long the oldest has been open; 0 where none is |
 * | `wechatpay.orders.late` (gauge, s) | how late the most overdue one is: alarm on this one |
 * | `wechatpay.orders.steps` (counter, `step`, `result`) | steps of this process |
 * | `wechatpay.orders.resolved` (counter, `outcome`) | ends in this process; needs-attention, unresolved and refund-required need a person |
 * | `wechatpay.refunds.resolved` (counter, `outcome`) | ends of refunds in this process; all but refunded need a person |
 * | `wechatpay.orders.problems` (counter) | failures of the store, of `onResolved`, and leases lost |
 * | `wechatpay.merchant.problem` (gauge, `merchant`, `code`) | 1 while calls of a merchant fail in the same way, then 0: alarm on this one |
 * | `wechatpay.merchant.paused` (gauge, `merchant`, `code`) | 1 while the orders of a merchant are held back, then 0: and on this one |
 *
 * @example const stop = observeDurableOrders(durableOrders, metrics.getMeter('shop'));
 * @returns a function that ends it.
 */
export function observeDurableOrders(durableOrders: DurableOrders, meter: Meter): () => void {
  const count = meter.createObservableGauge('wechatpay.orders', { description: 'Durable orders by status' });
  const oldest = meter.createObservableGauge('wechatpay.orders.oldest_age', { unit: 's' });
  const late = meter.createObservableGauge('wechatpay.orders.late', { unit: 's' });
  const steps = meter.createCounter('wechatpay.orders.steps');
  const resolved = meter.createCounter('wechatpay.orders.resolved');
  const refunds = meter.createCounter('wechatpay.refunds.resolved');
  const problems = meter.createCounter('wechatpay.orders.problems');
  const merchantProblem = meter.createObservableGauge('wechatpay.merchant.problem', {
    description: 'Calls of a merchant fail, one after another, in the same way',
  });
  const merchantPaused = meter.createObservableGauge('wechatpay.merchant.paused', {
    description: 'The orders of a merchant are held back, since its settings are wrong',
  });

  const observe: Parameters<Meter['addBatchObservableCallback']>[0] = async (result) => {
    const counts = await durableOrders.counts();
    for (const status of STATUSES) result.observe(count, counts[status], { status });
    const { oldestOpenAt, lateMs } = counts;
    result.observe(oldest, oldestOpenAt ? Math.max(0, Date.now() - oldestOpenAt.getTime()) / 1000 : 0);
    result.observe(late, lateMs / 1000);
  };
  const observeProblems = whileThere(() => durableOrders.merchantProblems());
  const observePauses = whileThere(() => durableOrders.merchantPauses());
  const listen = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    if (event.kind === 'resolved') resolved.add(1, { outcome: event.outcome.kind });
    if (event.kind === 'refund-resolved') refunds.add(1, { outcome: event.outcome.kind });
    if (event.kind === 'problem') problems.add(1);
    if (event.kind === 'step' || event.kind === 'refund-step') {
      const { step, event: result } = event.step;
      steps.add(1, { step: step.kind, result: saidBy(result) });
    }
  };

  meter.addBatchObservableCallback(observe, [count, oldest, late]);
  merchantProblem.addCallback(observeProblems);
  merchantPaused.addCallback(observePauses);
  subscribe(DURABLE_ORDER_CHANNEL, listen);
  return () => {
    meter.removeBatchObservableCallback(observe, [count, oldest, late]);
    merchantProblem.removeCallback(observeProblems);
    merchantPaused.removeCallback(observePauses);
    unsubscribe(DURABLE_ORDER_CHANNEL, listen);
  };
}

function saidBy(result: ResolutionEvent | RefundEvent): string {
  switch (result.kind) {
    case 'queried':
      return result.tradeState;
    case 'refund-queried':
      return result.refunds[0]?.refundStatus ?? 'none';
    case 'failed':
      return result.error.code;
    default:
      return result.kind;
  }
}

/** 1 for each that is there, and 0 for those that were. */
function whileThere(
  list: () => readonly { readonly merchantId: string; readonly code: string }[],
): (result: ObservableResult) => void {
  const seen = new Map<string, Record<string, string>>();
  return (result) => {
    const now = new Set<string>();
    for (const { merchantId, code } of list()) {
      now.add(`${merchantId} ${code}`);
      seen.set(`${merchantId} ${code}`, { merchant: merchantId, code });
    }
    for (const [key, attributes] of seen) result.observe(now.has(key) ? 1 : 0, attributes);
  };
}
