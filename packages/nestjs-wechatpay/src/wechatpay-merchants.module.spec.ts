import 'reflect-metadata';
import { Module, type DynamicModule } from '@nestjs/common';
import { MerchantRegistry, queryOrder, type MerchantLookup, type WechatPayConfig } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { afterEach, describe, expect, it, test } from 'vitest';
import { openCountingShop } from '../test/notified-shop.js';
import { openShop, settingsOf } from '../test/shop.js';
import { WechatPayMerchantsModule, WechatPayModule, WechatPayNotificationsModule } from './index.js';
import { OnOrderResolved, WechatPayDurableModule } from './durable.js';

const { sandbox, start, paid, Shop, order } = await openCountingShop();
const { start: startApp } = await openShop();

const vault = new Map<string, WechatPayConfig>();
const asked: string[] = [];
const load: MerchantLookup = (merchantId) => {
  asked.push(merchantId);
  return vault.get(merchantId);
};
afterEach(() => {
  vault.clear();
  asked.length = 0;
  paid.length = 0;
});

const registrations: [string, () => DynamicModule][] = [
  ['forRoot', () => WechatPayMerchantsModule.forRoot({ load, isGlobal: true })],
  ['forRootAsync', () => WechatPayMerchantsModule.forRootAsync({ useFactory: () => ({ load }), isGlobal: true })],
];

describe.each(registrations)('%s', (_, register) => {
  it('gives one registry to whoever injects it, to durable orders, and closes it at the end', async () => {
    const { merchant } = sandbox;
    vault.set(merchant.merchantId, settingsOf(merchant));
    const durable = { store: new MemoryStore(), merchants: MerchantRegistry, work: false };
    const app = await startApp(register(), WechatPayDurableModule.forRoot(durable));
    const registry = app.get(MerchantRegistry);
    const client = await registry.get(merchant.merchantId);
    const { outTradeNo } = sandbox.orders.create({ state: 'paid' });
    await queryOrder(client, { outTradeNo });
    const durableOrders = app.get(DurableOrders);
    const intent = { outTradeNo, merchantId: merchant.merchantId, orderCreatedAt: new Date(client.now()) };
    expect(await durableOrders.enqueue(intent)).toBe('enqueued');
    expect(asked).toEqual([merchant.merchantId]);
    await app.close();
    await expect(registry.get(merchant.merchantId)).rejects.toThrow(/the registry is closed/);
  });
});

it('finds the merchant of a notification, beside those that are registered by name', async () => {
  const { merchant } = sandbox;
  const other = await sandbox.merchants.create();
  const nobody = await sandbox.merchants.create();
  vault.set(other.merchantId, settingsOf(other));
  const url = await start('express', {
    imports: [
      WechatPayModule.forRoot({ ...settingsOf(merchant), name: 'hk-branch' }),
      WechatPayMerchantsModule.forRoot({ load }),
      WechatPayNotificationsModule.forRoot({}),
    ],
    providers: [Shop],
  });
  for (const payee of [merchant, other, nobody]) {
    const outTradeNo = `T${payee.merchantId}`;
    await order(outTradeNo, `${url}/wechatpay/payments`, payee);
    sandbox.payer(outTradeNo).pay();
    await sandbox.notifications.idle();
  }
  expect(paid).toEqual([merchant, other].map(({ merchantId }) => `${merchantId} T${merchantId}`));
  expect(asked.filter((merchantId) => merchantId === merchant.merchantId)).toEqual([]);
});

test.each<[options: unknown, message: RegExp]>([
  [undefined, /^options: are missing; call WechatPayMerchantsModule\.forRoot\(\{ load \}\)/],
  [{ load: 1 }, /^load: must be a function/],
  [{ load, maxclients: 1 }, /Did you mean maxClients\?/],
])('forRoot refuses %j', (options, message) => {
  expect(() => WechatPayMerchantsModule.forRoot(options as never)).toThrow(message);
});

it('does not boot without `load`, nor without options', async () => {
  await expect(startApp(WechatPayMerchantsModule.forRoot({} as never))).rejects.toThrow(/load: must be a function/);
  await expect(startApp(WechatPayMerchantsModule)).rejects.toThrow(/is imported without options/);
});

it('does not boot with two registries, nor with durable orders of one beside others', async () => {
  const [store, other] = [new MemoryStore(), new MemoryStore()];
  const registry = WechatPayMerchantsModule.forRoot({ load, isGlobal: true });
  const another = WechatPayMerchantsModule.forRoot({ load, maxClients: 1 });
  await expect(startApp(registry, another)).rejects.toThrow(/is registered more than once/);
  const named = WechatPayModule.forRoot({ ...settingsOf(sandbox.merchant), isGlobal: true });
  const ofName = WechatPayDurableModule.forRoot({ store });
  const ofRegistry = WechatPayDurableModule.forRoot({ store: other, merchants: MerchantRegistry });
  await expect(startApp(registry, named, ofName, ofRegistry)).rejects.toThrow(/more than once with MerchantRegistry/);
});

it('refuses handlers of a name, where the merchants of a registry have none', async () => {
  class OfBranch {
    @OnOrderResolved({ merchants: ['hk-branch'] })
    onResolved(): void {
      // never called
    }
  }
  @Module({ providers: [OfBranch] })
  class Branch {}
  const registry = WechatPayMerchantsModule.forRoot({ load, isGlobal: true });
  const durable = WechatPayDurableModule.forRoot({ store: new MemoryStore(), merchants: MerchantRegistry });
  const booting = startApp(registry, durable, Branch);
  await expect(booting).rejects.toThrow(/is for 'hk-branch', which no WechatPayDurableModule has\. Registered: none\./);
});
