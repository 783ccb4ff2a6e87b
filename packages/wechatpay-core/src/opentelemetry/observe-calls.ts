import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import {
  SpanKind,
  SpanStatusCode,
  type Attributes,
  type BatchObservableCallback,
  type Tracer,
} from '@opentelemetry/api';
import { CALL_CHANNEL, type CallEvent } from '../call/events.js';
import { assertWechatPayClient } from '../client-brand.js';
import type { WechatPayClient } from '../client.js';
import { CALL_INSTRUMENTS, createInstruments } from './instruments.js';
import { readObserveOptions, type ObserveOptions } from './options.js';

/** The clients whose queue, circuit and certificate are measured: a function where they come and go. */
export type ObservedClients = WechatPayClient | readonly WechatPayClient[] | (() => Iterable<WechatPayClient>);

const DAY_MS = 24 * 60 * 60 * 1000;
/** WeChat Pay documents half as many. What answers in its place may make up more, and each would be a time series for ever. */
const MAX_ERROR_TYPES = 100;

/**
 * Tells OpenTelemetry of each call of this process, whichever client makes it: {@link CALL_INSTRUMENTS} for a meter, and for a tracer
 * a span of kind CLIENT that is named as the operation. A span begins where its call began, below the span that was active there.
 *
 * No metric and no span names a customer, an amount or a message; spans name the order where `orderNumbers` is true.
 *
 * @param clients those whose queue, circuit and certificate are measured.
 * @param options the meter, the tracer, or both.
 * @returns a function that ends it.
 * @throws {WechatPayConfigError} an option that is unknown or invalid, or no client.
 * @example
 * const stop = observeCalls(client, { meter: metrics.getMeter('shop'), tracer: trace.getTracer('shop') });
 */
export function observeCalls(clients: ObservedClients, options: ObserveOptions): () => void {
  const { meter, tracer, orderNumbers = false } = readObserveOptions(options);
  const listOf = typeof clients === 'function' ? clients : () => [clients].flat() as readonly WechatPayClient[];
  if (typeof clients !== 'function') for (const client of listOf()) assertWechatPayClient(client, 'clients');
  const instruments = meter && createInstruments(meter, CALL_INSTRUMENTS);
  const countedType = limited(MAX_ERROR_TYPES);

  const listen = guarded((event: CallEvent): void => {
    if (tracer) traceCall(tracer, event, orderNumbers);
    if (!instruments) return;
    const { operation, outcome, merchantId, durationMs, waitedMs } = event;
    const of = { 'wechatpay.operation': operation };
    const ended = { ...of, 'wechatpay.outcome': outcome };
    instruments.calls.add(1, { ...ended, ...countedType(event), 'wechatpay.merchant.id': merchantId });
    instruments.duration.record(durationMs / 1000, ended);
    if (waitedMs !== undefined) instruments.wait.record(waitedMs / 1000, of);
  });
  subscribe(CALL_CHANNEL, listen);
  if (!meter || !instruments) return () => unsubscribe(CALL_CHANNEL, listen);

  const { active, maxActive, waiting, maxWaiting, circuitOpen, throttled, certificate } = instruments;
  const observe: BatchObservableCallback = (result) => {
    for (const client of listOf()) {
      const merchant = { 'wechatpay.merchant.id': client.merchantId };
      const load = client.load();
      result.observe(active, load.inFlight, merchant);
      result.observe(maxActive, load.maxConnections, merchant);
      result.observe(waiting, load.waiting, merchant);
      result.observe(maxWaiting, load.maxQueued, merchant);
      result.observe(circuitOpen, load.circuit.state === 'closed' ? 0 : 1, merchant);
      result.observe(throttled, load.throttled.length, merchant);
      const expiry = client.certificate?.validTo.getTime();
      if (expiry !== undefined) result.observe(certificate, (expiry - client.now()) / DAY_MS, merchant);
    }
  };
  const gauges = [active, maxActive, waiting, maxWaiting, circuitOpen, throttled, certificate];
  meter.addBatchObservableCallback(observe, gauges);
  return () => {
    unsubscribe(CALL_CHANNEL, listen);
    meter.removeBatchObservableCallback(observe, gauges);
  };
}

/** A call is told when it ends, in the context in which it was made: so its span is begun late, with the time at which it began. */
function traceCall(tracer: Tracer, event: CallEvent, orderNumbers: boolean): void {
  const { operation, path, order, outcome, merchantId, durationMs, waitedMs, recall } = event;
  const { outTradeNo, transactionId } = order;
  const attributes: Attributes = {
    'wechatpay.operation': operation,
    'wechatpay.outcome': outcome,
    ...errorType(event),
    'wechatpay.merchant.id': merchantId,
    'url.path': path,
    ...(waitedMs !== undefined && { 'wechatpay.wait_seconds': waitedMs / 1000 }),
    ...(recall !== undefined && { 'wechatpay.recall': recall }),
    ...(orderNumbers && outTradeNo !== undefined && { 'wechatpay.out_trade_no': outTradeNo }),
    ...(orderNumbers && transactionId !== undefined && { 'wechatpay.transaction_id': transactionId }),
  };
  const endedAt = Date.now();
  const span = tracer.startSpan(operation, { kind: SpanKind.CLIENT, startTime: endedAt - durationMs, attributes });
  if (outcome !== 'succeeded') span.setStatus({ code: SpanStatusCode.ERROR });
  span.end(endedAt);
}

/** The attribute of the conventions for what went wrong. */
function errorType({ code, errorCode }: CallEvent): Attributes {
  const type = errorCode === undefined || errorCode === '' ? code : errorCode;
  return type === undefined ? {} : { 'error.type': type };
}

/** The first so many, and `_OTHER`, as the conventions call it, for the rest. */
function limited(most: number): (event: CallEvent) => Attributes {
  const seen = new Set<unknown>();
  return (event) => {
    const attributes = errorType(event);
    const type = attributes['error.type'];
    if (type === undefined || seen.has(type)) return attributes;
    if (seen.size === most) return { 'error.type': '_OTHER' };
    seen.add(type);
    return attributes;
  };
}

let warned = false;

/** What a subscriber of a diagnostics channel throws ends the process: an exporter that is broken must not. */
function guarded(listener: (event: CallEvent) => void): (message: unknown) => void {
  return (message) => {
    try {
      listener(message as CallEvent);
    } catch (error) {
      if (warned) return;
      warned = true;
      const why = error instanceof Error ? error.message : String(error);
      process.emitWarning(`OpenTelemetry was not told of a call: ${why}`, { code: 'WECHATPAY_NOT_OBSERVED' });
    }
  };
}
