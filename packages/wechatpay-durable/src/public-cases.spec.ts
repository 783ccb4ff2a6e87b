import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { MERCHANT, openClockedShop, OTHER_MERCHANT, SECOND } from '../test/clocked-shop.js';
import { observeDurableOrders } from 'wechatpay-durable/opentelemetry';

// Troubles that others had in operating a shop, as they told of them in public, each with the right end.

const SOURCES = {
  otherMerchant: 'https://github.com/binarywang/weixin-java-pay-demo/issues/102',
  replayedLetter: 'https://github.com/KanishJebaMathewM/Truxify/issues/11218',
  repeatedEvent: 'https://github.com/toeverything/AFFiNE/pull/15078',
  deadScheduler: 'https://github.com/Embassy-of-the-Free-Mind/sourcelibrary-v2/issues/4528',
  endlessSeries: 'https://github.com/musicmonk42/The_Code_Factory_Working_V2/issues/1800',
};

it(`open orders of one merchant stay its own while another becomes the one that sells (${SOURCES.otherMerchant})`, async () => {
  const shop = await openClockedShop();
  await shop.enqueue('OLD-1', { policy: { ifPaid: 'reverse' } });
  await shop.enqueue('NEW-1', { merchantId: OTHER_MERCHANT });
  await shop.pass(60 * SECOND);
  const body = shop.notification('OLD-1');
  expect((await shop.durableOrders.notified(body)).kind).toBe('late');
  expect(shop.told.map(({ order, outcome }) => `${order.outTradeNo} ${outcome.kind}`).sort()).toEqual([
    'NEW-1 paid',
    'OLD-1 reversed',
  ]);
  for (const { outTradeNo, merchantId } of shop.calls) {
    expect(merchantId).toBe(outTradeNo === 'OLD-1' ? MERCHANT : OTHER_MERCHANT);
  }
});

it(`a dead order that is set going again twice, and notified of, is told once for each end (${SOURCES.replayedLetter})`, async () => {
  const shop = await openClockedShop();
  await shop.enqueue('C1', { totalFee: 100 });
  for (let answers = 0; answers < 2; answers += 1) await shop.pass(60 * SECOND);
  expect(shop.told.map(({ outcome }) => outcome.kind)).toEqual(['needs-attention']);
  const order = { outTradeNo: 'C1', merchantId: MERCHANT };
  const accept = { policy: { ifAmountDiffers: 'accept' } } as const;
  const twice = [shop.durableOrders.redrive(order, accept), shop.durableOrders.redrive(order, accept)];
  expect((await Promise.all(twice)).sort()).toEqual([false, true]);
  for (let answers = 0; answers < 2; answers += 1) await shop.pass(60 * SECOND);
  expect(await shop.durableOrders.redrive(order, accept)).toBe(false);
  for (let copies = 0; copies < 2; copies += 1) await shop.durableOrders.notified(shop.notification('C1'));
  await shop.pass(60 * SECOND);
  expect(shop.told.map(({ outcome, end }) => `${outcome.kind} ${end}`)).toEqual(['needs-attention 1', 'paid 2']);
});

it(`a notification that comes again after the end opens nothing (${SOURCES.repeatedEvent})`, async () => {
  const shop = await openClockedShop();
  await shop.enqueue('C1');
  expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('woken');
  expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe('duplicate');
  await shop.pass(60 * SECOND);
  for (const expected of ['duplicate', 'duplicate']) {
    expect((await shop.durableOrders.notified(shop.notification('C1'))).kind).toBe(expected);
  }
  await shop.pass(60 * SECOND);
  expect(await shop.durableOrders.get({ outTradeNo: 'C1', merchantId: MERCHANT })).toMatchObject({ status: 'done' });
  expect(shop.told).toHaveLength(1);
});

it(`a process that does no work sees that nobody does, and for how long (${SOURCES.deadScheduler})`, async () => {
  const shop = await openClockedShop({ works: false });
  await shop.enqueue('C1');
  const watcher = await shop.other();
  const seen: number[] = [];
  for (let hours = 0; hours < 3; hours += 1) {
    shop.clock.time += 3_600 * SECOND;
    seen.push((await watcher.counts()).lateMs);
  }
  expect(seen.map((late) => Math.round(late / 3_600 / SECOND))).toEqual([1, 2, 3]);
  expect((await watcher.counts()).oldestOpenAt).toBeInstanceOf(Date);
});

it(`as many series for many orders as for a few (${SOURCES.endlessSeries})`, async () => {
  const shop = await openClockedShop();
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('shop');
  const stop = observeDurableOrders(shop.durableOrders, { meter });
  const seriesAfter = async (from: number, to: number): Promise<string[]> => {
    for (let number = from; number < to; number += 1) await shop.enqueue(`C${number}`);
    await shop.pass(60 * SECOND);
    exporter.reset();
    await reader.forceFlush();
    const scopes = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics);
    return scopes
      .flatMap(({ metrics }) => metrics)
      .flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map((point) => `${descriptor.name} ${JSON.stringify(point.attributes)}`),
      );
  };
  const few = await seriesAfter(0, 3);
  const many = await seriesAfter(3, 60);
  stop();
  expect(many.sort()).toEqual(few.sort());
  expect(many.join()).not.toMatch(/C\d|42C/);
});
