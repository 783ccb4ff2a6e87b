import type { NestExpressApplication } from '@nestjs/platform-express';
import { Sandbox } from 'wechatpay-sandbox';
import { DurableOrders, type DurableRow, type StoreFilter } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { callApi } from '../../test/call-api.js';
import { startApp } from '../../test/start-app.js';
import { TickingClock } from '../../test/ticking-clock.js';
import { DemoSandboxModule } from '../demo/demo-sandbox.js';

/** A store that counts how often it is asked. */
class CountingStore extends MemoryStore {
  lists = 0;
  gets = 0;

  override list(filter: StoreFilter): Promise<DurableRow[]> {
    this.lists += 1;
    return super.list(filter);
  }

  override get(id: string): Promise<DurableRow | undefined> {
    this.gets += 1;
    return super.get(id);
  }
}

const store = new CountingStore();
const clock = new TickingClock(1);
let app: NestExpressApplication;
let origin: string;

beforeAll(async () => {
  app = await startApp(DemoSandboxModule.wechatPay(clock), { store, demo: { clock, customers: [] } });
  origin = await app.getUrl();
});
afterAll(async () => {
  await app.close();
});

/** An order that another process charged, as far as this one can tell: nobody has told it. */
async function chargeElsewhere(outTradeNo: string): Promise<void> {
  const orderCreatedAt = new Date(clock.now());
  const notBefore = new Date(clock.now() + 3_600_000);
  await app.get(DurableOrders).enqueue({ outTradeNo, orderCreatedAt, totalFee: 888, currency: 'HKD', notBefore });
}

interface OpenPage {
  readonly told: () => string;
  readonly close: () => void;
}

/** What a browser does that opens the page. */
async function openPage(): Promise<OpenPage> {
  expect(await (await fetch(`${origin}/`)).text()).toContain('<title>Till</title>');
  const closing = new AbortController();
  const events = await fetch(`${origin}/events`, { signal: closing.signal });
  let told = '';
  void (async () => {
    for await (const chunk of events.body!.pipeThrough(new TextDecoderStream())) told += chunk;
  })().catch(() => undefined);
  return {
    told: () => told,
    close: () => {
      closing.abort();
    },
  };
}

it('pages that are open cost no query an order, however many there are: all share one look into the store', async () => {
  const numbers = Array.from({ length: 20 }, (_, index) => `O${index}`);
  await Promise.all(numbers.map(chargeElsewhere));
  const { requests } = app.get(Sandbox, { strict: false });
  const sent = requests.length;
  const started = performance.now();
  const before = { lists: store.lists, gets: store.gets };

  const pages = await Promise.all(Array.from({ length: 12 }, openPage));
  for (const { told } of pages) await expect.poll(told, { timeout: 60_000 }).toContain('"id":"order-O19"');
  await Promise.all(Array.from({ length: 10 }, () => callApi(origin, 'GET', '/orders')));

  // Follows what others do without being loaded anew, and that is one look for all as well.
  await chargeElsewhere('later');
  for (const { told } of pages) await expect.poll(told, { timeout: 60_000 }).toContain('"id":"order-later"');

  const seconds = Math.ceil((performance.now() - started) / 1000);
  expect(store.gets - before.gets).toBe(0);
  // At most one look a second, of three queries.
  expect(store.lists - before.lists).toBeLessThanOrEqual(3 * (seconds + 1));
  expect(requests).toHaveLength(sent);
  for (const { close } of pages) close();
});
