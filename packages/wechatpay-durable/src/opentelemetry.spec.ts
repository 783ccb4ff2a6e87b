import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { queryOrder, WechatPayClient } from 'wechatpay-core';
import { Sandbox } from 'wechatpay-sandbox';
import { MemoryStore } from './stores/memory.js';
import { DurableOrders } from './index.js';
import { observeDurableOrders } from './opentelemetry.js';

it('tells a meter how many there are, how they go and how they end, until it is stopped', async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  const sandbox = await Sandbox.create();
  let [isKeyReset, laterMs] = [false, 0];
  const client = new WechatPayClient({
    ...sandbox.merchant,
    now: () => Date.now() + laterMs,
    transport: (request) => {
      const reply = sandbox.handle(request);
      if (reply.kind !== 'reply') return Promise.reject(new Error(reply.kind));
      const { status, body } = reply;
      const text = Buffer.from(body).toString();
      const signed = isKeyReset ? text.replace(/(<sign><!\[CDATA\[)./, '$1?') : text;
      return Promise.resolve({ status, body: Buffer.from(signed) });
    },
  });
  const durableOrders = new DurableOrders({ store: new MemoryStore(), clients: client });
  await durableOrders.start();
  const stop = observeDurableOrders(durableOrders, provider.getMeter('shop'));

  const collect = async (): Promise<Record<string, unknown>> => {
    exporter.reset();
    await reader.forceFlush();
    const metrics = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
    const points = metrics.flatMap(({ descriptor, dataPoints }) =>
      dataPoints.map(({ attributes, value }) => [[descriptor.name, ...Object.values(attributes)].join(' '), value]),
    );
    return Object.fromEntries(points) as Record<string, unknown>;
  };

  const minuteAgo = Date.now() - 60_000;
  sandbox.orders.create({ outTradeNo: 'A1', state: 'paid', createdAt: minuteAgo });
  await durableOrders.enqueue({ outTradeNo: 'A1', orderCreatedAt: new Date(minuteAgo) });
  await durableOrders.enqueue({
    outTradeNo: 'A2',
    orderCreatedAt: new Date(),
    notBefore: new Date(Date.now() + 60_000),
  });
  await expect.poll(() => durableOrders.get({ outTradeNo: 'A1' })).toMatchObject({ status: 'done' });

  const told = await collect();
  expect(told).toMatchObject({
    'wechatpay.orders waiting': 1,
    'wechatpay.orders done': 1,
    'wechatpay.orders dead': 0,
    'wechatpay.orders.late': 0,
    'wechatpay.orders.resolved paid': 1,
    'wechatpay.orders.steps query SUCCESS': 1,
  });
  expect(told['wechatpay.orders.oldest_age']).toBeGreaterThan(0);

  isKeyReset = true;
  for (let time = 0; time < 6; time += 1) {
    await queryOrder(client, { outTradeNo: 'A1' }).catch(() => undefined);
    laterMs += 15_000;
  }
  const merchantProblem = `wechatpay.merchant.problem ${client.merchantId} WECHATPAY_SIGNATURE_MISMATCH`;
  expect(await collect()).toMatchObject({ [merchantProblem]: 1 });
  isKeyReset = false;
  await queryOrder(client, { outTradeNo: 'A1' });
  expect(await collect()).toMatchObject({ [merchantProblem]: 0 });

  stop();
  await durableOrders.cancel({ outTradeNo: 'A2' });
  expect(await collect()).not.toMatchObject({ 'wechatpay.orders cancelled': 1 });
  await durableOrders.stop();
  await provider.shutdown();
});
