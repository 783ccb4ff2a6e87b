/**
 * Of what an order was stored by: W3C trace context, so that the steps of any worker belong to the same trace. There is no baggage, in
 * which an application may have put its customer's name.
 */
export interface TraceContext {
  /** As in `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01`. */
  readonly traceparent: string;
  readonly tracestate?: string;
}
