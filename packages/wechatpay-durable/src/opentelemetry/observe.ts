import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { BatchObservableCallback, Meter, ObservableResult } from '@opentelemetry/api';
import { createInstruments, readObserveOptions, type ObserveOptions } from 'wechatpay-core/opentelemetry';
import { countsInTime } from '../counts-in-time.js';
import type { DurableOrders } from '../durable-orders.js';
import { needsPerson } from '../ends.js';
import { standingsOf } from '../reconcile/standings.js';
import { DURABLE_ORDER_CHANNEL, type DurableOrderEvent } from '../events.js';
import type { DurableOrderStatus } from '../stores/store.js';
import { setTracing, UNTRACED } from '../tracing.js';
import { DURABLE_INSTRUMENTS } from './instruments.js';
import { resultOf } from './step-result.js';
import { traceSteps } from './trace-steps.js';

const STATUSES: readonly DurableOrderStatus[] = ['waiting', 'active', 'done', 'dead', 'cancelled'];

/** Told from the start, as 0: of a counter that begins at 1, no alarm sees that it grew. */
const ALARMED_PROBLEMS = ['WECHATPAY_STORE_FAILED', 'WECHATPAY_ON_RESOLVED_FAILED', 'WECHATPAY_STEP_FAILED'];

/**
 * Tells OpenTelemetry of durable orders and refunds: {@link DURABLE_INSTRUMENTS} for a meter, and for a tracer a span for each step,
 * below the request by which its order was stored, or set going again, whichever process takes it.
 *
 * No metric and no span names a customer, an amount or a message; spans name the order where `orderNumbers` is true.
 *
 * @param options the meter, the tracer, or both.
 * @returns a function that ends it.
 * @throws {WechatPayConfigError} an option that is unknown or invalid.
 * @example
 * const stop = observeDurableOrders(durableOrders, { meter: metrics.getMeter('shop'), tracer: trace.getTracer('shop') });
 */
export function observeDurableOrders(durableOrders: DurableOrders, options: ObserveOptions): () => void {
  const { meter, tracer, orderNumbers = false } = readObserveOptions(options);
  if (tracer) setTracing(durableOrders, traceSteps(tracer, orderNumbers));
  const stop = meter && measure(durableOrders, meter);
  return () => {
    if (tracer) setTracing(durableOrders, UNTRACED);
    stop?.();
  };
}

function measure(durableOrders: DurableOrders, meter: Meter): () => void {
  const instruments = createInstruments(meter, DURABLE_INSTRUMENTS);
  const { orders, oldestAge, lateness, storeUp, steps, ends, problems } = instruments;
  const { merchantProblem, merchantPaused, clockSkew, lateDays, differences } = instruments;
  for (const code of ALARMED_PROBLEMS) problems.add(0, { 'error.type': code });

  const observe: BatchObservableCallback = async (result) => {
    const counts = await countsInTime(durableOrders);
    result.observe(storeUp, counts ? 1 : 0);
    if (!counts) return;
    for (const status of STATUSES) result.observe(orders, counts[status], { 'wechatpay.status': status });
    const { oldestOpenAt, lateMs } = counts;
    result.observe(oldestAge, oldestOpenAt ? Math.max(0, Date.now() - oldestOpenAt.getTime()) / 1000 : 0);
    result.observe(lateness, lateMs / 1000);
  };
  const observeProblems = whileThere(() => durableOrders.merchantProblems());
  const observePauses = whileThere(() => durableOrders.merchantPauses());
  const observeSkews = (result: ObservableResult): void => {
    for (const { merchantId, skewMs } of durableOrders.clockSkews()) {
      result.observe(skewMs / 1000, { 'wechatpay.merchant.id': merchantId });
    }
  };
  const observeDays: BatchObservableCallback = async (result) => {
    for (const { merchantId, lateDays: late, open, forPerson } of await standingsOf(durableOrders)) {
      const merchant = { 'wechatpay.merchant.id': merchantId };
      result.observe(lateDays, late.length, merchant);
      result.observe(differences, open, { ...merchant, 'wechatpay.needs_person': false });
      result.observe(differences, forPerson, { ...merchant, 'wechatpay.needs_person': true });
    }
  };
  const listen = (message: unknown): void => {
    const event = message as DurableOrderEvent;
    switch (event.kind) {
      case 'step':
      case 'refund-step': {
        const { step, event: brought } = event.step;
        const kind = event.kind === 'step' ? 'order' : 'refund';
        const of = { 'wechatpay.kind': kind, 'wechatpay.step': step.kind, 'wechatpay.result': resultOf(brought) };
        steps.add(1, of);
        return;
      }
      case 'resolved':
      case 'refund-resolved': {
        const { outcome } = event;
        const kind = event.kind === 'resolved' ? 'order' : 'refund';
        const isLeft = needsPerson(outcome);
        ends.add(1, { 'wechatpay.kind': kind, 'wechatpay.end': outcome.kind, 'wechatpay.needs_person': isLeft });
        return;
      }
      case 'problem':
        problems.add(1, { 'error.type': event.error.code });
        return;
      default:
    }
  };

  const counted = [orders, oldestAge, lateness, storeUp];
  const ofDays = [lateDays, differences];
  meter.addBatchObservableCallback(observe, counted);
  meter.addBatchObservableCallback(observeDays, ofDays);
  merchantProblem.addCallback(observeProblems);
  merchantPaused.addCallback(observePauses);
  clockSkew.addCallback(observeSkews);
  subscribe(DURABLE_ORDER_CHANNEL, listen);
  return () => {
    meter.removeBatchObservableCallback(observe, counted);
    meter.removeBatchObservableCallback(observeDays, ofDays);
    merchantProblem.removeCallback(observeProblems);
    merchantPaused.removeCallback(observePauses);
    clockSkew.removeCallback(observeSkews);
    unsubscribe(DURABLE_ORDER_CHANNEL, listen);
  };
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
      seen.set(`${merchantId} ${code}`, { 'wechatpay.merchant.id': merchantId, 'error.type': code });
    }
    for (const [key, attributes] of seen) result.observe(now.has(key) ? 1 : 0, attributes);
  };
}
