import 'reflect-metadata';
import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { WechatPayClient, WechatPayConfigError, type WechatPayConfig } from 'wechatpay-core';
import { describe, expect, it } from 'vitest';
import { openShop } from '../test/shop.js';
import { WechatPayModule, type WechatPayModuleExtras, type WechatPayOptionsFactory } from './index.js';

const { settings, start } = await openShop();

class OptionsFactory implements WechatPayOptionsFactory {
  createWechatPayOptions(): WechatPayConfig {
    return settings;
  }
}

describe('two registrations that nobody could tell apart', () => {
  const inFeature = (...imports: DynamicModule[]): Type => {
    @Module({ imports })
    class FeatureModule {}
    return FeatureModule;
  };
  const forRoot = (extras: WechatPayModuleExtras = {}): DynamicModule =>
    WechatPayModule.forRoot({ ...settings, ...extras });
  const forRootAsync = (extras: WechatPayModuleExtras = {}): DynamicModule =>
    WechatPayModule.forRootAsync({ useFactory: () => settings, ...extras });

  const cases: [string, () => (DynamicModule | Type)[], RegExp][] = [
    ['forRoot twice', () => [forRoot(), forRoot()], /2 times without a name/],
    ['forRoot and forRootAsync', () => [forRoot(), forRootAsync()], /2 times without a name/],
    [
      'one name twice',
      () => [forRoot(), forRoot({ name: 'hk' }), forRootAsync({ name: 'hk' })],
      /2 times of the name 'hk'/,
    ],
    ['isGlobal twice', () => [forRoot({ isGlobal: true }), forRoot({ isGlobal: true })], /2 times without a name/],
    [
      'in three feature modules',
      () => [inFeature(forRoot()), inFeature(forRootAsync()), forRoot({ isGlobal: true })],
      /3 times without a name/,
    ],
  ];
  it.each(cases)('%s: refused at boot', async (_, imports, message) => {
    await expect(start(...imports())).rejects.toThrow(message);
  });

  it('one dynamic module in several modules is one registration', async () => {
    const wechatPay = forRoot();
    const app = await start(wechatPay, inFeature(wechatPay), inFeature(wechatPay));
    expect(app.get(WechatPayClient).merchantId).toBe(settings.merchantId);
  });

  it('of which one is loaded lazily: refused when it is loaded', async () => {
    const app = await start(forRoot());
    const loader = app.get(LazyModuleLoader);
    await expect(loader.load(() => forRoot({ isGlobal: true }))).rejects.toThrow(/2 times without a name/);
    await expect(loader.load(() => forRoot({ name: 'hk' }))).resolves.toBeDefined();
  });

  it('several applications in one process each have their own', async () => {
    const AppModule = inFeature(forRoot({ isGlobal: true }), forRoot({ name: 'hk' }));
    const [first, second] = [await start(AppModule), await start(AppModule)];
    expect(first.get(WechatPayClient)).not.toBe(second.get(WechatPayClient));
  });
});

describe('wrong arguments name the field', () => {
  const wrong =
    (...given: unknown[]) =>
    () =>
      (WechatPayModule.forRoot as (...given: unknown[]) => unknown)(...given);
  const wrongAsync =
    (...given: unknown[]) =>
    () =>
      (WechatPayModule.forRootAsync as (...given: unknown[]) => unknown)(...given);
  const cases: [string, () => unknown, RegExp][] = [
    ['forRoot()', wrong(), /^options: are missing; call WechatPayModule\.forRoot\(\{ appId/],
    ['forRoot(null)', wrong(null), /^options: are missing/],
    ['forRoot(name, settings)', wrong('hk', {}), /^options: must be one object/],
    ['forRoot(text)', wrong('hk'), /^options: must be an object, not a string/],
    ['forRoot(settings, name)', wrong({}, 'hk'), /^options: must be one object; .*with a name in it/],
    ['forRoot(promise)', wrong(Promise.resolve({})), /^options: .*not a Promise; await it/],
    ['isGlobal of a text', wrong({ isGlobal: 'yes' }), /^isGlobal: must be true or false/],
    ['name of a number', wrong({ name: 3 }), /^name: must be a text that is not empty/],
    ['an empty name', wrong({ name: ' ' }), /^name: must be a text that is not empty/],
    ['selfTest of another word', wrong({ selfTest: 'no' }), /^selfTest: must be true, false, 'warn' or 'fail'/],
    ['an extra in lower case', wrong({ isglobal: true }), /^isglobal: is unknown.*Did you mean isGlobal\?/],
    ['a setting that is mistyped', wrong({ timeout: 3 }), /^timeout: is unknown.*Did you mean timeoutMs\?/],
    ['several at once', wrong({ isGlobal: 1, nam: 'hk' }), /^nam: .*Did you mean name\?\nisGlobal: must be/],
    ['forRootAsync()', wrongAsync(), /^options: are missing; call WechatPayModule\.forRootAsync/],
    ['forRootAsync(factory)', wrongAsync(() => settings), /^options: must be an object, not a function/],
    ['no factory', wrongAsync({ name: 'hk' }), /^useFactory: is missing/],
    ['an invalid factory', wrongAsync({ useFactory: {} }), /^useFactory: must be a function/],
    [
      'two factories',
      wrongAsync({ useFactory: () => 1, useClass: OptionsFactory }),
      /^useClass: stands beside useFactory/,
    ],
    ['useClass of an object', wrongAsync({ useClass: {} }), /^useClass: must be a class/],
    ['inject that is no list', wrongAsync({ useFactory: () => 1, inject: 'x' }), /^inject: must be an array/],
    ['usefactory', wrongAsync({ usefactory: () => 1 }), /^usefactory: is unknown.*Did you mean useFactory\?/],
  ];
  it.each(cases)('%s', (_, call, message) => {
    expect(call).toThrow(WechatPayConfigError);
    expect(call).toThrow(message);
  });

  const atBoot: [string, () => DynamicModule | Type, RegExp][] = [
    [
      'a factory that gives nothing',
      () => WechatPayModule.forRootAsync({ useFactory: () => undefined as never }),
      /^config: must/,
    ],
    [
      'a name that a factory gives',
      () => WechatPayModule.forRootAsync({ useFactory: () => ({ ...settings, name: 'hk' }) }),
      /^name: is not read from a factory; put it beside useFactory/,
    ],
    ['the module without settings', () => WechatPayModule, /^WechatPayModule: is imported without settings/],
  ];
  it.each(atBoot)('%s, at boot', async (_, register, message) => {
    await expect(start(register())).rejects.toThrow(message);
  });

  it.each([
    [{}, /^WechatPayClient: must be a WechatPayClient/],
    [
      { [Symbol.for('wechatpay-core.client')]: 999 },
      /^WechatPayClient: was made by another installed copy of wechatpay-core/,
    ],
  ])('an invalid client, or of an incompatible copy, at boot', async (client, message) => {
    const module = Test.createTestingModule({ imports: [WechatPayModule.forRoot(settings)] });
    await expect(module.overrideProvider(WechatPayClient).useValue(client).compile()).rejects.toThrow(message);
  });
});
