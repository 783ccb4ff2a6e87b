import type { Meter, Tracer } from '@opentelemetry/api';
import { readOnce } from '../call/given.js';
import { findUnknownProperty } from '../call/known-properties.js';
import { WechatPayConfigError } from '../errors.js';

/** To whom it is told: to a meter, a tracer, or both. */
export interface ObserveOptions {
  /** As `metrics.getMeter('shop')` gives it. Without one, nothing is measured. */
  readonly meter?: Meter | undefined;
  /** As `trace.getTracer('shop')` gives it. Without one, there are no spans. */
  readonly tracer?: Tracer | undefined;
  /**
   * Whether spans name the order, the transaction and the refund. Metrics never do, and nothing ever names a customer.
   *
   * @default false
   */
  readonly orderNumbers?: boolean | undefined;
}

const OPTIONS = ['meter', 'tracer', 'orderNumbers'];

/**
 * Checks the options of `observeCalls`, and of what is observed in the same way.
 *
 * @throws {WechatPayConfigError} an unknown option, one that is invalid, or neither a meter nor a tracer.
 */
export function readObserveOptions(given: ObserveOptions): ObserveOptions {
  if (Object(given) !== given) throw new WechatPayConfigError('options', 'must be an object, as in { meter, tracer }.');
  const options = readOnce(given, OPTIONS, 'options');
  const unknown = findUnknownProperty(options, OPTIONS);
  if (unknown) throw new WechatPayConfigError(unknown.name, unknown.problem);
  const { meter, tracer, orderNumbers } = options;
  if (meter === undefined && tracer === undefined) {
    const problem = "is missing, and so is `tracer`: give one of them, as in { meter: metrics.getMeter('shop') }.";
    throw new WechatPayConfigError('meter', problem);
  }
  assertHas('meter', meter, 'createCounter', "metrics.getMeter('shop')");
  assertHas('tracer', tracer, 'startSpan', "trace.getTracer('shop')");
  if (orderNumbers !== undefined && typeof (orderNumbers as unknown) !== 'boolean') {
    throw new WechatPayConfigError('orderNumbers', 'must be true or false.');
  }
  return options;
}

function assertHas(name: string, value: unknown, method: string, example: string): void {
  if (value === undefined || typeof (Object(value) as Record<string, unknown>)[method] === 'function') return;
  throw new WechatPayConfigError(name, `must be a ${name} of @opentelemetry/api, as ${example} gives it.`);
}
