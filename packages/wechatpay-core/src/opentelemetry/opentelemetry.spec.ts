import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { afterEach, expect, it } from 'vitest';
import { refusal, scripted } from '../../test/scripted.js';
import { queryOrder, WechatPayConfigError, type WechatPayClient } from '../index.js';
import { CALL_INSTRUMENTS, observeCalls, type Instrument, type ObserveOptions } from './index.js';

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

interface Point {
  readonly instrument: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly value: unknown;
}

function observed(client: WechatPayClient, options: Partial<ObserveOptions> = {}) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meters = new MeterProvider({ readers: [reader] });
  const spans = new InMemorySpanExporter();
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] });
  const stop = observeCalls(client, { meter: meters.getMeter('shop'), tracer: tracers.getTracer('shop'), ...options });
  stops.push(stop);
  const collect = async (): Promise<Point[]> => {
    exporter.reset();
    await reader.forceFlush();
    const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(({ metrics }) => metrics));
    return all.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({
        instrument: descriptor.name,
        unit: descriptor.unit,
        attributes,
        value,
      })),
    );
  };
  return { collect, spans, stop };
}

const PAID = {
  trade_state: 'SUCCESS',
  transaction_id: '4200001234',
  openid: 'oUpF8uMuAJO',
  total_fee: '888',
  trade_type: 'MICROPAY',
};

it('tells of each call by operation, outcome and code, and names nobody', async () => {
  const { client } = scripted([PAID, refusal('ORDERNOTEXIST'), new Error('secret of a proxy'), PAID]);
  const { collect, spans, stop } = observed(client);
  for (let time = 0; time < 3; time += 1) await queryOrder(client, { outTradeNo: 'A1-17' }).catch(() => undefined);

  const points = await collect();
  const calls = points.filter(({ instrument }) => instrument === 'wechatpay.client.calls');
  const call = { 'wechatpay.operation': 'Query Order', 'wechatpay.merchant.id': client.merchantId };
  expect(calls.map(({ attributes }) => attributes)).toEqual([
    { ...call, 'wechatpay.outcome': 'succeeded' },
    { ...call, 'wechatpay.outcome': 'rejected', 'error.type': 'ORDERNOTEXIST' },
    { ...call, 'wechatpay.outcome': 'unknown', 'error.type': 'WECHATPAY_CONNECTION' },
  ]);
  expect(calls.map(({ value }) => value)).toEqual([1, 1, 1]);

  const finished = spans.getFinishedSpans();
  expect(finished.map(({ name, kind, status }) => ({ name, kind, status: status.code }))).toEqual([
    { name: 'Query Order', kind: 2, status: 0 },
    { name: 'Query Order', kind: 2, status: 2 },
    { name: 'Query Order', kind: 2, status: 2 },
  ]);
  expect(finished[2]?.attributes).toEqual({
    ...call,
    'wechatpay.outcome': 'unknown',
    'error.type': 'WECHATPAY_CONNECTION',
    'url.path': '/pay/orderquery',
  });
  const told = JSON.stringify([points, finished.map(({ name, attributes, status }) => ({ name, attributes, status }))]);
  for (const one of ['A1-17', '4200001234', 'oUpF8uMuAJO', '888', 'secret of a proxy']) expect(told).not.toContain(one);

  stop();
  await queryOrder(client, { outTradeNo: 'A1-17' });
  expect(spans.getFinishedSpans()).toHaveLength(3);
});

it('names the order in a span where it is asked to, and never in a metric', async () => {
  const { client } = scripted([PAID]);
  const { collect, spans } = observed(client, { orderNumbers: true });
  await queryOrder(client, { outTradeNo: 'A1-17' });
  expect(spans.getFinishedSpans()[0]?.attributes).toMatchObject({ 'wechatpay.out_trade_no': 'A1-17' });
  expect(JSON.stringify(await collect())).not.toContain('A1-17');
});

it('records what its table says, and nothing else: the unit and the attributes of each', async () => {
  const { client } = scripted([PAID], { maxConnections: 1 });
  const { collect } = observed(client);
  await Promise.all(['A1', 'A2'].map((outTradeNo) => queryOrder(client, { outTradeNo })));
  const points = await collect();
  const rows: readonly Instrument[] = Object.values(CALL_INSTRUMENTS);
  for (const { instrument, unit, attributes } of points) {
    const row = rows.find(({ name }) => name === instrument);
    expect(row, instrument).toMatchObject({ unit });
    expect(row?.attributes).toEqual(expect.arrayContaining(Object.keys(attributes)));
  }
  const seen = new Set(points.map(({ instrument }) => instrument));
  // A client with a custom transport has no certificate.
  expect(rows.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([CALL_INSTRUMENTS.certificate.name]);
});

// https://github.com/musicmonk42/The_Code_Factory_Working_V2/issues/1800
it('has so many series and no more, whatever orders there are and whatever codes a gateway makes up', async () => {
  let made = 0;
  const { client } = scripted([() => ((made += 1) % 2 === 0 ? PAID : refusal(`MADE_UP_${(made - 1) / 2}`))]);
  const { collect, spans } = observed(client);
  for (let order = 0; order < 300; order += 1) {
    await queryOrder(client, { outTradeNo: `A-${order}` }).catch(() => undefined);
  }
  const calls = (await collect()).filter(({ instrument }) => instrument === 'wechatpay.client.calls');
  expect(calls).toHaveLength(1 + 100 + 1); // what succeeded, the first codes, and the rest as one
  const rest = calls.find(({ attributes }) => attributes['error.type'] === '_OTHER');
  expect(rest?.value).toBe(50);
  // A span is no series: it has the code itself.
  expect(spans.getFinishedSpans().at(-2)?.attributes).toMatchObject({ 'error.type': 'MADE_UP_149' });
});

it('measures the certificate of clients that come and go', async () => {
  const certificate = { validTo: new Date(Date.now() + 10 * 86_400_000) };
  const idle = { inFlight: 0, waiting: 0, maxConnections: 1, maxQueued: 1, throttled: [], circuit: { state: 'open' } };
  const branch = { merchantId: '1900000109', certificate, now: () => Date.now(), load: () => idle };
  const clients: WechatPayClient[] = [];
  const { client } = scripted([PAID]);
  const { collect } = observed((() => clients) as unknown as WechatPayClient);
  const valueOf = async (name: string): Promise<unknown[]> =>
    (await collect()).filter(({ instrument }) => instrument === name).map(({ value }) => value);
  expect(await valueOf('wechatpay.client.circuit_open')).toEqual([]);
  clients.push(client, branch as unknown as WechatPayClient);
  expect(await valueOf('wechatpay.client.circuit_open')).toEqual([0, 1]);
  const [days, ...more] = await valueOf('wechatpay.client.certificate.remaining_days');
  expect([Math.round(Number(days)), more]).toEqual([10, []]);
});

it('goes on where what it tells fails: a call must not end the process', async () => {
  const { client } = scripted([PAID]);
  const warnings: string[] = [];
  const warn = (warning: Error): number => warnings.push(warning.message);
  process.on('warning', warn);
  const broken = { startSpan: () => { throw new TypeError('exporter is gone'); } }; // prettier-ignore
  stops.push(observeCalls(client, { tracer: broken as never }));
  await queryOrder(client, { outTradeNo: 'A1' });
  await queryOrder(client, { outTradeNo: 'A1' });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', warn);
  expect(warnings).toEqual(['OpenTelemetry was not told of a call: exporter is gone']);
});

it.each<[string, unknown, unknown, RegExp]>([
  ['no options', 1, undefined, /^options: must be an object/],
  ['neither', 1, {}, /^meter: is missing, and so is `tracer`/],
  [
    'a provider in place of a meter',
    1,
    { meter: { getMeter: () => 1 } },
    /^meter: must be a meter of @opentelemetry\/api/,
  ],
  [
    'an unknown option',
    1,
    { tracer: { startSpan: () => 1 }, orderNumber: true },
    /^orderNumber: .*Did you mean orderNumbers\?/,
  ],
  [
    'an option of another type',
    1,
    { tracer: { startSpan: () => 1 }, orderNumbers: 'yes' },
    /^orderNumbers: must be true or false/,
  ],
  ['no client', {}, { tracer: { startSpan: () => 1 } }, /^clients: must be a WechatPayClient/],
])('refuses %s, by name', (_, clients, options, problem) => {
  const given = clients === 1 ? scripted([PAID]).client : (clients as WechatPayClient);
  expect(() => observeCalls(given, options as ObserveOptions)).toThrow(WechatPayConfigError);
  expect(() => observeCalls(given, options as ObserveOptions)).toThrow(problem);
});
