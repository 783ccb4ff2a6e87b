import type { RefundEvent, ResolutionEvent } from 'wechatpay-core';
import type { DurableKind } from './stores/store.js';
import type { TraceContext } from './trace-context.js';

/** A step that is about to be taken. */
export interface TracedStep {
  readonly kind: DurableKind;
  /** As in `query`. */
  readonly step: string;
  readonly merchantId: string;
  readonly outTradeNo: string;
  readonly outRefundNo?: string | undefined;
}

/** Who traces the work of durable orders, where somebody does: see `opentelemetry/trace-steps.ts`. Whatever it does, the work is done, once. */
export interface Tracing {
  /** Where what is stored now belongs; undefined where nothing is traced. */
  readonly current: () => TraceContext | undefined;
  /** Does a worker's work on a row where the row belongs. */
  readonly resume: <Result>(stored: TraceContext | undefined, work: () => Promise<Result>) => Promise<Result>;
  readonly step: <Event extends ResolutionEvent | RefundEvent>(
    step: TracedStep,
    take: () => Promise<Event>,
  ) => Promise<Event>;
}

/** Nobody traces. */
export const UNTRACED: Tracing = {
  current: () => undefined,
  resume: (_, work) => work(),
  step: (_, take) => take(),
};

// For this package's own entries, whichever installed copy made the durable orders; it is no part of the public API.
const TRACING = Symbol.for('wechatpay-durable.tracing');

/** Lets {@link setTracing} reach into the instances of a class: on its prototype, so that no inspect and no copy shows it. */
export function shareTracing<Instance extends object>(
  constructor: { readonly prototype: Instance },
  set: (instance: Instance, tracing: Tracing) => void,
): void {
  Object.defineProperty(constructor.prototype, TRACING, {
    set(this: Instance, tracing: Tracing) {
      set(this, tracing);
    },
  });
}

export function setTracing(durableOrders: object, tracing: Tracing): void {
  (durableOrders as { [TRACING]: Tracing })[TRACING] = tracing;
}
