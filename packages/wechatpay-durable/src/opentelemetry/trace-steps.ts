import {
  context,
  createTraceState,
  isSpanContextValid,
  ROOT_CONTEXT,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { TraceContext } from '../trace-context.js';
import type { TracedStep, Tracing } from '../tracing.js';
import { resultOf } from './step-result.js';

/**
 * Traces the steps of durable orders: each is a span, below the request by which its order was stored, whichever process takes it. Its
 * calls, and what `onResolved` does, belong to the same trace.
 */
export function traceSteps(tracer: Tracer, orderNumbers: boolean): Tracing {
  return {
    current: () => attempt(() => toTraceContext(context.active())),
    resume: (stored, work) => within(attempt(() => fromTraceContext(stored)) ?? ROOT_CONTEXT, work),
    step: (step, take) => {
      const span = attempt(() =>
        tracer.startSpan(`step ${step.step}`, { attributes: attributesOf(step, orderNumbers) }),
      );
      if (!span) return take();
      return within(trace.setSpan(context.active(), span), async () => {
        try {
          const event = await take();
          attempt(() => {
            const result = resultOf(event);
            span.setAttribute('wechatpay.result', result);
            end(span, event.kind === 'failed' ? result : undefined);
          });
          return event;
        } catch (error) {
          attempt(() => {
            end(span, error instanceof Error ? error.name : 'Error');
          });
          throw error;
        }
      });
    },
  };
}

function attributesOf(
  { kind, step, merchantId, outTradeNo, outRefundNo }: TracedStep,
  orderNumbers: boolean,
): Attributes {
  return {
    'wechatpay.kind': kind,
    'wechatpay.step': step,
    'wechatpay.merchant.id': merchantId,
    ...(orderNumbers && { 'wechatpay.out_trade_no': outTradeNo }),
    ...(orderNumbers && outRefundNo !== undefined && { 'wechatpay.out_refund_no': outRefundNo }),
  };
}

/** An error's message may name an order: its code is enough. */
function end(span: Span, errorType: string | undefined): void {
  if (errorType !== undefined) span.setAttribute('error.type', errorType).setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}

function toTraceContext(active: Context): TraceContext | undefined {
  const found = trace.getSpanContext(active);
  if (!found || !isSpanContextValid(found)) return undefined;
  const { traceId, spanId, traceFlags, traceState } = found;
  const tracestate = traceState?.serialize();
  const traceparent = `00-${traceId}-${spanId}-${(traceFlags & 0xff).toString(16).padStart(2, '0')}`;
  return { traceparent, ...(tracestate && { tracestate }) };
}

const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})$/;

/** What is stored may be of another version, or of another program. */
function fromTraceContext(stored: TraceContext | undefined): Context {
  const { traceparent, tracestate } = Object(stored) as Partial<Record<keyof TraceContext, unknown>>;
  const [, traceId, spanId, flags] = TRACEPARENT.exec(String(traceparent)) ?? [];
  if (traceId === undefined || spanId === undefined) return ROOT_CONTEXT;
  const traceState = typeof tracestate === 'string' && { traceState: createTraceState(tracestate) };
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags ?? '0', 16), isRemote: true, ...traceState };
  return trace.setSpanContext(ROOT_CONTEXT, remote);
}

/** Does the work in a context, and once, whatever a context manager does. */
function within<Result>(active: Context, work: () => Promise<Result>): Promise<Result> {
  let begun: Promise<Result> | undefined;
  return attempt(() => context.with(active, () => (begun = work()))) ?? begun ?? work();
}

/** What traces must not stop what it traces. */
function attempt<Result>(work: () => Result): Result | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
