import 'reflect-metadata';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { WechatPayConfigError } from 'wechatpay-core';
import { DurableOrders } from 'wechatpay-durable';
import { MemoryStore } from 'wechatpay-durable/memory';
import { describe, expect, it, vi } from 'vitest';
import { openShop } from '../test/shop.js';
import { WechatPayDurableModule, type WechatPayDurableOptions } from './durable.js';
import { WechatPayModule } from './index.js';

const { settings, start } = await openShop();

const options = (): WechatPayDurableOptions => ({
  store: new MemoryStore(),
});
const forRootAsync = WechatPayDurableModule.forRootAsync.bind(WechatPayDurableModule);

describe('two registrations of one merchant', () => {
  const durable = (merchants?: (string | undefined)[]): DynamicModule =>
    WechatPayDurableModule.forRoot({ ...options(), ...(merchants && { merchants }) });
  const wechatPay = (name?: string): DynamicModule =>
    WechatPayModule.forRoot({ ...settings, isGlobal: true, ...(name !== undefined && { name }) });
  const inFeature = (...imports: DynamicModule[]): Type => {
    @Module({ imports })
    class FeatureModule {}
    return FeatureModule;
  };
  const cases: [string, () => (DynamicModule | Type)[], RegExp][] = [
    ['both without a name', () => [wechatPay(), durable(), inFeature(durable())], /the merchant without a name/],
    [
      'both of one name',
      () => [wechatPay('hk'), wechatPay('sg'), durable(['hk']), inFeature(durable(['hk']))],
      /more than once for 'hk'/,
    ],
    ['from factories', () => [wechatPay(), durable(), forRootAsync({ useFactory: () => options() })], /without a name/],
  ];
  it.each(cases)('%s: refused at boot, and no store is opened', async (_, imports, message) => {
    const open = vi.spyOn(MemoryStore.prototype, 'open');
    await expect(start(...imports())).rejects.toThrow(message);
    expect(open).not.toHaveBeenCalled();
  });

  it('one of each merchant, and one dynamic module in several modules, boot', async () => {
    const one = durable(['hk']);
    const app = await start(wechatPay('hk'), wechatPay('sg'), one, inFeature(one), inFeature(durable(['sg'])));
    expect(app.get(DurableOrders)).toBeInstanceOf(DurableOrders);
  });

  it('of which one is loaded lazily: refused when it is loaded', async () => {
    const app = await start(wechatPay(), durable());
    const loader = app.get(LazyModuleLoader);
    await expect(loader.load(() => durable())).rejects.toThrow(/the merchant without a name/);
  });
});

describe('wrong arguments name the field', () => {
  const wrong =
    (...given: unknown[]) =>
    () =>
      (WechatPayDurableModule.forRoot as (...given: unknown[]) => unknown)(...given);
  const wrongAsync =
    (...given: unknown[]) =>
    () =>
      (WechatPayDurableModule.forRootAsync as (...given: unknown[]) => unknown)(...given);
  const store = {};
  const cases: [string, () => unknown, RegExp][] = [
    ['forRoot()', wrong(), /^options: are missing; call WechatPayDurableModule\.forRoot\(\{ store \}\)/],
    ['forRoot(name, options)', wrong('hk', { store }), /^options: must be one object/],
    ['no store', wrong({}), /^store: is missing; give a PostgresStore/],
    ['a store of a text', wrong({ store: 'postgres' }), /^store: is not a store; give a PostgresStore/],
    ['onResolved of a number', wrong({ store, onResolved: 3 }), /^onResolved: must be a function, not a number/],
    ['onRefundResolved of a number', wrong({ store, onRefundResolved: 3 }), /^onRefundResolved: must be a function/],
    ['work of a text', wrong({ store, work: 'no' }), /^work: must be true or false/],
    ['isGlobal of a text', wrong({ store, isGlobal: 'yes' }), /^isGlobal: must be true or false/],
    ['merchants of a text', wrong({ store, merchants: 'hk' }), /^merchants: must be an array of names/],
    ['no merchant', wrong({ store, merchants: [] }), /^merchants: must be an array of names/],
    ['a merchant twice', wrong({ store, merchants: ['hk', 'hk'] }), /^merchants: names a merchant twice/],
    ['clients', wrong({ store, clients: [] }), /^clients: are those of WechatPayModule/],
    ['several at once', wrong({ onResolved: 3 }), /^store: .*\nonResolved: /],
    ['forRootAsync()', wrongAsync(), /^options: are missing/],
    ['no factory', wrongAsync({ merchants: ['hk'] }), /^useFactory: is missing/],
    ['an extra that is mistyped', wrongAsync({ useFactory: () => 1, merchant: ['hk'] }), /Did you mean merchants\?/],
  ];
  it.each(cases)('%s', (_, call, message) => {
    expect(call).toThrow(WechatPayConfigError);
    expect(call).toThrow(message);
  });

  it.each<[string, () => WechatPayDurableOptions, RegExp]>([
    ['a factory that gives nothing', () => undefined as never, /^options: are missing/],
    ['a factory that gives no store', () => ({}) as never, /^store: is missing/],
    [
      'merchants that a factory gives',
      () => ({ ...options(), merchants: [] }),
      /^merchants: is not read from a factory/,
    ],
  ])('%s, at boot', async (_, useFactory, message) => {
    const wechatPay = WechatPayModule.forRoot({ ...settings, isGlobal: true });
    await expect(start(wechatPay, forRootAsync({ useFactory }))).rejects.toThrow(message);
  });
});
