import { setTimeout as sleep } from 'node:timers/promises';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { observeCalls, type Instrument, type ObserveOptions } from 'wechatpay-core/opentelemetry';
import { DAY, openClockedShop, SECOND, type ClockedShop } from '../../test/clocked-shop.js';
import { durableHealth, type DurableOrders } from '../index.js';
import { MemoryStore } from '../stores/memory.js';
import { DURABLE_INSTRUMENTS, observeDurableOrders } from './index.js';

const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

interface Point {
  readonly instrument: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

function measured(durableOrders: DurableOrders): {
  readonly collect: () => Promise<Point[]>;
  readonly stop: () => void;
} {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const stop = observeDurableOrders(durableOrders, { meter: provider.getMeter('shop') });
  stops.push(stop, () => provider.shutdown());
  const collect = async (): Promise<Point[]> => {
    exporter.reset();
    await reader.forceFlush();
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
    return all.flatMap(({ descriptor: { name: instrument, unit }, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({ instrument, unit, attributes, value })),
    );
  };
  return { collect, stop };
}

/** As in `orders dead`: the last part of the name, then each attribute. */
const read = (points: readonly Point[]): Record<string, unknown> =>
  Object.fromEntries(
    points.map(({ instrument, attributes, value }) => [
      [instrument.replace('wechatpay.durable.', ''), ...Object.values(attributes)].join(' '),
      value,
    ]),
  );

describe('a meter', () => {
  it('is told how many there are, how they go and how they end, as its table says and nothing else, until it is stopped', async () => {
    const store = new (class extends MemoryStore {
      isGone = false;
      hangs = false;
      override counts(): ReturnType<MemoryStore['counts']> {
        if (this.hangs) return new Promise(() => undefined); // a database that has vanished without a word
        return this.isGone ? Promise.reject(new Error('connection lost')) : super.counts();
      }
    })({ now: () => shop.clock.time });
    const shop: ClockedShop = await openClockedShop({ store, onResolved: () => undefined });
    const { collect, stop } = measured(shop.durableOrders);
    expect(read(await collect())).toMatchObject({
      store_up: 1,
      'orders dead': 0,
      'problems WECHATPAY_STORE_FAILED': 0,
    });

    await shop.enqueue('A1');
    await shop.enqueue('A2');
    await shop.enqueue('A3', { notBefore: new Date(shop.clock.time + DAY) });
    // Another amount than it should cost: a person decides.
    shop.answer = ({ outTradeNo }) =>
      outTradeNo === 'A2'
        ? { trade_state: 'SUCCESS', transaction_id: '42A2', total_fee: '1', fee_type: 'HKD' }
        : undefined;
    await shop.pass(20 * SECOND);
    await shop.pass(20 * SECOND);
    const points = await collect();
    expect(read(points)).toMatchObject({
      'orders waiting': 1,
      'orders done': 1,
      'orders dead': 1,
      lateness_seconds: 0,
      'ends order paid false': 1,
      'ends order needs-attention true': 1,
      'steps order query SUCCESS': expect.any(Number) as number,
    });
    const rows: readonly Instrument[] = Object.values(DURABLE_INSTRUMENTS);
    for (const { instrument, unit, attributes } of points) {
      const row = rows.find(({ name }) => name === instrument);
      expect(row, instrument).toMatchObject({ unit });
      expect(row?.attributes).toEqual(expect.arrayContaining(Object.keys(attributes)));
    }
    expect(JSON.stringify(points)).not.toMatch(/A[123]\b|oUpF8|888/);

    store.isGone = true;
    const gone = read(await collect());
    expect(gone).toMatchObject({ store_up: 0 });
    store.isGone = false;
    store.hangs = true;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const collecting = collect();
    await vi.advanceTimersByTimeAsync(3_100); // the exporter has a timer of its own after that
    expect(read(await collecting)).toMatchObject({ store_up: 0 });
    vi.useRealTimers();

    stop();
    await shop.durableOrders.cancel({ outTradeNo: 'A3', merchantId: shop.calls[0]?.merchantId });
    expect(read(await collect())).not.toMatchObject({ 'orders cancelled': 1 });
  });

  it('is told of a merchant whose calls fail, and that its orders are held back', async () => {
    const shop = await openClockedShop();
    const { collect } = measured(shop.durableOrders);
    shop.answer = () => ({ unsigned: '<xml><return_code>FAIL</return_code><return_msg>签名错误</return_msg></xml>' });
    for (const outTradeNo of ['A1', 'A2', 'A3', 'A4']) await shop.enqueue(outTradeNo);
    for (let time = 0; time < 6; time += 1) await shop.pass(30 * SECOND);
    const code = 'WECHATPAY_GATEWAY_FAIL';
    expect(read(await collect())).toMatchObject({
      [`merchant_problem 10000100 ${code}`]: 1,
      [`merchant_paused 10000100 ${code}`]: 1,
    });
    shop.answer = () => undefined;
    await shop.pass(DAY / 24);
    expect(read(await collect())).toMatchObject({
      [`merchant_problem 10000100 ${code}`]: 0,
      [`merchant_paused 10000100 ${code}`]: 0,
    });
  });
});

it('is told of days that are not reconciled, and of differences that need a person', async () => {
  const shop = await openClockedShop({ works: false });
  const day = { merchantId: '10000100', subMerchantId: '', date: '20261119' };
  const differences = ['carried', 'needs-person', 'needs-person', 'matched'].map((status) => ({ status }));
  const none = await durableHealth(shop.durableOrders);
  expect(none.status).toBe('up');
  await shop.store.reconciliations.claim(day, 'test', 60_000);
  await shop.store.reconciliations.put(day, 'test', {
    ...day,
    reconciledAt: 0,
    rows: 9,
    agreed: 5,
    differing: 4,
    differences,
  });
  // Another process, since a look is as of the last minute.
  const other = await shop.other();
  const { collect } = measured(other);
  expect(read(await collect())).toMatchObject({
    'reconciliation_late_days 10000100': 2,
    'reconciliation_late_days 10000200': 0,
    'reconciliation_differences 10000100 false': 1,
    'reconciliation_differences 10000100 true': 2,
  });
  const { status, findings } = await durableHealth(other);
  expect(status).toBe('degraded');
  expect(findings.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^Merchant 10000100: the statements of 20261120, 20261121 are not reconciled/),
    expect.stringMatching(/^Merchant 10000100: 2 differences of 20261119 need a person/),
  ]);
});

describe('a tracer', () => {
  const manager = new AsyncLocalStorageContextManager();
  const spans = new InMemorySpanExporter();
  const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }).getTracer('shop');

  beforeEach(() => {
    spans.reset();
    context.setGlobalContextManager(manager.enable());
  });
  afterEach(() => {
    context.disable();
  });

  const observe = (durableOrders: DurableOrders, options: Partial<ObserveOptions> = {}): void => {
    stops.push(observeDurableOrders(durableOrders, { tracer, ...options }));
  };

  /** A request that stores an order, with baggage that names its customer. */
  async function request<Result>(work: () => Promise<Result>): Promise<{ traceId: string; spanId: string }> {
    const span = tracer.startSpan('POST /checkout', {}, ROOT_CONTEXT);
    const baggage = propagation.createBaggage({ customer: { value: 'Li Lei' } });
    await context.with(propagation.setBaggage(trace.setSpan(ROOT_CONTEXT, span), baggage), work);
    span.end();
    return span.spanContext();
  }

  const steps = () =>
    spans
      .getFinishedSpans()
      .filter(({ name }) => name.startsWith('step '))
      .map((span) => ({
        name: span.name,
        traceId: span.spanContext().traceId,
        spanId: span.spanContext().spanId,
        parent: span.parentSpanContext?.spanId,
        attributes: span.attributes,
      }));

  it('sees a step of another process, its call and onResolved below the request that stored the order', async () => {
    const front = await openClockedShop({ works: false });
    observe(front.durableOrders);
    const back = await front.other({
      works: true,
      onResolved: async () => {
        await sleep(1); // as a database's driver, which goes on elsewhere
        tracer.startSpan('UPDATE orders').end();
      },
    });
    observe(back);
    stops.push(observeCalls([], { tracer }));
    const { traceId, spanId } = await request(() => front.enqueue('A1-17'));
    await front.enqueue('A2-17');
    await front.pass(20 * SECOND);

    const [first, ...more] = steps().filter((step) => step.traceId === traceId);
    expect(first).toMatchObject({
      name: 'step query',
      parent: spanId,
      attributes: { 'wechatpay.kind': 'order', 'wechatpay.step': 'query', 'wechatpay.result': 'SUCCESS' },
    });
    expect(more).toEqual([]);
    const found = spans.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
    expect(found.map(({ name, parentSpanContext }) => [name, parentSpanContext?.spanId])).toEqual([
      ['POST /checkout', undefined],
      ['Query Order', first?.spanId],
      ['step query', spanId],
      ['UPDATE orders', spanId],
    ]);
    // What was stored outside of a request belongs to none.
    expect(steps().filter((step) => step.traceId !== traceId)).toMatchObject([{ parent: undefined }]);
    // Nobody is named: neither by a span, nor in what is stored of one.
    const told = spans
      .getFinishedSpans()
      .map(({ name, attributes, status, events }) => [name, attributes, status, events]);
    expect(JSON.stringify(told)).not.toMatch(/A[12]-17|oUpF8|888|Li Lei/);
    const row = await front.durableOrders.get({ outTradeNo: 'A1-17', merchantId: '10000100' });
    expect(row?.trace).toEqual({ traceparent: `00-${traceId}-${spanId}-01` });
  });

  it('is told that a step failed by its code, and names the order where it is asked to', async () => {
    const shop = await openClockedShop();
    observe(shop.durableOrders, { orderNumbers: true });
    shop.answer = () => new Error('a secret');
    await request(() => shop.enqueue('A1-17'));
    await shop.pass(20 * SECOND);
    const [span] = spans.getFinishedSpans().filter(({ name }) => name === 'step query');
    expect(span).toMatchObject({
      status: { code: 2 },
      attributes: { 'error.type': 'WECHATPAY_CONNECTION', 'wechatpay.out_trade_no': 'A1-17' },
    });
    expect(span?.status.message).toBeUndefined();
  });

  it('follows whoever sets a dead order going again', async () => {
    const shop = await openClockedShop();
    observe(shop.durableOrders);
    const order = { outTradeNo: 'A1', merchantId: '10000100' };
    shop.answer = () => ({ trade_state: 'SUCCESS', transaction_id: '42A1', total_fee: '1', fee_type: 'HKD' });
    const checkout = await request(() => shop.enqueue('A1'));
    await shop.pass(20 * SECOND);
    await shop.pass(20 * SECOND);
    spans.reset();
    const desk = await request(() => shop.durableOrders.redrive(order, { policy: { ifAmountDiffers: 'accept' } }));
    await shop.pass(20 * SECOND);
    expect(steps().map(({ traceId, parent }) => ({ traceId, parent }))).toContainEqual({
      traceId: desk.traceId,
      parent: desk.spanId,
    });
    expect(steps().map(({ traceId }) => traceId)).not.toContain(checkout.traceId);
  });

  it.each<[string, unknown]>([
    ['a text', 'later'],
    ['a trace of another version', { traceparent: '01-x' }],
    ['a number', { traceparent: 7, tracestate: 7 }],
  ])('goes on without %s that is stored in place of a trace', async (_, stored) => {
    const store = new MemoryStore();
    const shop = await openClockedShop({ store });
    observe(shop.durableOrders);
    const enqueue = store.enqueue.bind(store);
    store.enqueue = (id, data, ...rest) => enqueue(id, { ...data, trace: stored } as never, ...rest);
    await shop.enqueue('A1', { orderCreatedAt: new Date(shop.clock.time - 60 * SECOND) });
    await expect.poll(() => steps().length).toBeGreaterThan(0);
    expect(steps()[0]).toMatchObject({ parent: undefined });
  });

  it('stops no step, and repeats none, where it fails', async () => {
    const shop = await openClockedShop();
    const broken = { startSpan: () => { throw new TypeError('gone'); } } as never; // prettier-ignore
    observe(shop.durableOrders, { tracer: broken });
    await shop.enqueue('A1');
    await shop.pass(20 * SECOND);
    // The work is begun, and then the manager throws.
    context.disable();
    const thrower = { active: () => ROOT_CONTEXT, with: (_: unknown, work: () => unknown) => { work(); throw new TypeError('gone'); }, disable: () => thrower }; // prettier-ignore
    context.setGlobalContextManager({ ...thrower, bind: (_: unknown, target: unknown) => target } as never);
    observe(shop.durableOrders);
    await shop.enqueue('A2');
    await shop.pass(20 * SECOND);
    expect(shop.told.map(({ outcome }) => outcome.kind)).toEqual(['paid', 'paid']);
    expect(shop.calls.map(({ outTradeNo }) => outTradeNo)).toEqual(['A1', 'A2']);
  });
});
