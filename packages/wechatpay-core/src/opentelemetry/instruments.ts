import type { Counter, Histogram, Meter, ObservableGauge } from '@opentelemetry/api';

/** An instrument as it is made: a row of a table that documentation, dashboard and alerting rules are held against. */
export interface Instrument {
  /**
   * As in `wechatpay.client.call.duration_seconds`. The unit stands in it, where there is one: of Prometheus exporters some add it and
   * some do not, and both give this name.
   */
  readonly name: string;
  readonly kind: 'counter' | 'histogram' | 'gauge';
  /** UCUM; in braces what is counted. */
  readonly unit: string;
  readonly description: string;
  /** Every attribute that a point of it may have. */
  readonly attributes: readonly string[];
  /** Of a histogram, the bounds of its buckets. */
  readonly boundaries?: readonly number[];
}

type Made<Kind extends Instrument['kind']> = {
  readonly counter: Counter;
  readonly histogram: Histogram;
  readonly gauge: ObservableGauge;
}[Kind];

/** From a query within a hall to a call that fails over; none is let run for longer than `timeoutMs`. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** What `observeCalls` records. The names, units and attributes are stable: a dashboard that uses them goes on working. */
export const CALL_INSTRUMENTS = {
  calls: {
    name: 'wechatpay.client.calls',
    kind: 'counter',
    unit: '{call}',
    description:
      'Calls of this process that ended; `error.type` is `err_code` where WeChat Pay gave one, else the code of the error, and `_OTHER` after the first 100',
    attributes: ['wechatpay.operation', 'wechatpay.outcome', 'error.type', 'wechatpay.merchant.id'],
  },
  duration: {
    name: 'wechatpay.client.call.duration_seconds',
    kind: 'histogram',
    unit: 's',
    description: 'How long calls took, waiting, connecting and failing over included',
    attributes: ['wechatpay.operation', 'wechatpay.outcome'],
    boundaries: SECONDS,
  },
  wait: {
    name: 'wechatpay.client.call.wait_seconds',
    kind: 'histogram',
    unit: 's',
    description: "How long calls waited in the client's queue, of those that waited",
    attributes: ['wechatpay.operation'],
    boundaries: SECONDS,
  },
  active: {
    name: 'wechatpay.client.active_calls',
    kind: 'gauge',
    unit: '{call}',
    description: 'Calls under way',
    attributes: ['wechatpay.merchant.id'],
  },
  maxActive: {
    name: 'wechatpay.client.max_active_calls',
    kind: 'gauge',
    unit: '{call}',
    description: 'How many may be under way: `maxConnections`',
    attributes: ['wechatpay.merchant.id'],
  },
  waiting: {
    name: 'wechatpay.client.waiting_calls',
    kind: 'gauge',
    unit: '{call}',
    description: "Calls that wait in the client's queue",
    attributes: ['wechatpay.merchant.id'],
  },
  maxWaiting: {
    name: 'wechatpay.client.max_waiting_calls',
    kind: 'gauge',
    unit: '{call}',
    description: 'How many may wait: `maxQueued`',
    attributes: ['wechatpay.merchant.id'],
  },
  circuitOpen: {
    name: 'wechatpay.client.circuit_open',
    kind: 'gauge',
    unit: '{circuit}',
    description: '1 while the gateway answers nobody and calls are not sent, else 0',
    attributes: ['wechatpay.merchant.id'],
  },
  throttled: {
    name: 'wechatpay.client.throttled_operations',
    kind: 'gauge',
    unit: '{operation}',
    description: 'Operations that are slowed down, since the gateway refused for frequency',
    attributes: ['wechatpay.merchant.id'],
  },
  certificate: {
    name: 'wechatpay.client.certificate.remaining_days',
    kind: 'gauge',
    unit: 'd',
    description: 'Until the API certificate expires; below 0 once it has',
    attributes: ['wechatpay.merchant.id'],
  },
} as const satisfies Readonly<Record<string, Instrument>>;

/**
 * Makes the instruments of a table.
 *
 * @param meter of OpenTelemetry's API.
 * @param table as {@link CALL_INSTRUMENTS}.
 * @returns each instrument under the name of its row.
 * @example const { calls } = createInstruments(meter, CALL_INSTRUMENTS);
 */
export function createInstruments<Table extends Readonly<Record<string, Instrument>>>(
  meter: Meter,
  table: Table,
): { readonly [Name in keyof Table]: Made<Table[Name]['kind']> } {
  const made = Object.entries(table).map(([key, row]) => [key, create(meter, row)]);
  return Object.fromEntries(made) as { readonly [Name in keyof Table]: Made<Table[Name]['kind']> };
}

function create(meter: Meter, { name, kind, unit, description, boundaries }: Instrument): unknown {
  const options = { unit, description };
  if (kind === 'counter') return meter.createCounter(name, options);
  if (kind === 'gauge') return meter.createObservableGauge(name, options);
  const advice = boundaries && { advice: { explicitBucketBoundaries: [...boundaries] } };
  return meter.createHistogram(name, { ...options, ...advice });
}
