import 'reflect-metadata';
import { Logger } from '@nestjs/common';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { expect, it, vi } from 'vitest';
import { openShop } from '../test/shop.js';
import { WechatPayDurableModule } from './durable.js';
import { WechatPayModule } from './index.js';

// A clock that goes twenty times as fast as the real one.
const SPEED = 20;
const START = Date.now();
const now = (): number => START + (Date.now() - START) * SPEED;
const { sandbox, settings, start } = await openShop({ now });

it('logs each end, and one that needs a person as an error, with the order and why', async () => {
  const [log, error, warn] = (['log', 'error', 'warn'] as const).map((level) =>
    vi.spyOn(Logger.prototype, level).mockImplementation(() => undefined),
  );
  const app = await start(
    WechatPayModule.forRoot({ ...settings, now, isGlobal: true }),
    WechatPayDurableModule.forRoot({ store: new MemoryStore(), speed: SPEED }),
  );
  const durableOrders = app.get(DurableOrders);
  const createdAt = now() - 60_000;
  for (const outTradeNo of ['L1', 'L2']) {
    sandbox.orders.create({ outTradeNo, state: 'paid', totalFee: 888, createdAt });
    const totalFee = outTradeNo === 'L1' ? 888 : 1;
    await durableOrders.enqueue({ outTradeNo, orderCreatedAt: new Date(createdAt), totalFee });
  }
  await expect.poll(() => error?.mock.calls.length, { timeout: 10_000 }).toBe(1);
  await expect
    .poll(() => log?.mock.calls.map(([line]) => String(line)).filter((line) => line.includes('L1')))
    .toEqual([`Order L1 of merchant ${sandbox.merchant.merchantId} ended as paid (end 1).`]);
  expect(error?.mock.calls[0]?.[0]).toMatch(
    /^Order L2 of merchant \d+ ended as needs-attention \(end 1\): .+\. A person has to look/,
  );
  expect(warn).not.toHaveBeenCalled();
  expect(JSON.stringify([log?.mock.calls, error?.mock.calls])).not.toContain(settings.apiKey);
});
