import 'reflect-metadata';
import type { DynamicModule, Type } from '@nestjs/common';
import { describe, expect, it } from 'vitest';
import { WechatPayConfigError, type PaymentNotification } from 'wechatpay-core';
import { ADAPTERS, openCountingShop } from '../test/notified-shop.js';
import { settingsOf } from '../test/shop.js';
import {
  OnPaymentNotified,
  WechatPayModule,
  WechatPayNotificationsModule,
  type WechatPayNotificationsOptions,
  type WechatPayNotificationsOptionsFactory,
} from './index.js';

const { sandbox, start, order, paid, Shop, payAt } = await openCountingShop();
const settings = settingsOf(sandbox.merchant);

const forRoot = WechatPayNotificationsModule.forRoot.bind(WechatPayNotificationsModule);
const forRootAsync = WechatPayNotificationsModule.forRootAsync.bind(WechatPayNotificationsModule);

describe.each(ADAPTERS)('the merchants, on %s', (adapter) => {
  const two = async (notifications: (names: string[]) => DynamicModule, own = 'hk') => {
    const other = await sandbox.merchants.create();
    const imports = [
      WechatPayModule.forRoot({ ...settings, name: own }),
      WechatPayModule.forRoot({ ...settingsOf(other), name: 'sg' }),
      notifications(['hk', 'sg']),
    ];
    const url = await start(adapter, { imports, providers: [Shop] });
    paid.length = 0;
    await order('in-hk', `${url}/wechatpay/payments`);
    await order('in-sg', `${url}/wechatpay/payments`, other);
    sandbox.payer('in-hk').pay();
    sandbox.payer('in-sg').pay();
    await sandbox.notifications.idle();
    return { hk: `${settings.merchantId} in-hk`, sg: `${other.merchantId} in-sg`, paid: [...paid].sort() };
  };

  it('are all that are registered', async () => {
    const { hk, sg, paid: all } = await two(() => forRoot({}));
    expect(all).toEqual([hk, sg].sort());
  });

  it.each([
    ['named', () => forRoot({ merchants: ['sg'] })],
    ['named by a factory', () => forRootAsync({ useFactory: () => ({ merchants: ['sg'] }) })],
  ])('are those that are %s, and no others', async (_, notifications) => {
    const { sg, paid: some } = await two(notifications);
    expect(some).toEqual([sg]);
    expect(
      sandbox.notifications
        .list()
        .map(({ state }) => state)
        .sort(),
    ).toEqual(['acknowledged', 'pending']);
  });

  const unknown: [string, () => DynamicModule, RegExp][] = [
    [
      "'fr'",
      () => forRoot({ merchants: ['sg', 'fr'] }),
      /^merchants: 'fr' is not registered\. Registered: 'hk', 'sg'\./,
    ],
    [
      'the one without a name',
      () => forRoot({ merchants: [undefined] }),
      /^merchants: the merchant without a name is not/,
    ],
  ];
  it.each(unknown)('of which %s is not registered: refused at boot', async (_, notifications, message) => {
    await expect(two(notifications)).rejects.toThrow(message);
  });
});

describe('a handler of some merchants', () => {
  class ForSome {
    @OnPaymentNotified({ merchants: ['sg'] })
    onPayment({ merchantId, outTradeNo }: PaymentNotification): void {
      paid.push(`${merchantId} ${outTradeNo}`);
    }
  }

  it('is called for these; what comes for another has nobody, and comes again', async () => {
    const other = await sandbox.merchants.create();
    const imports = [
      WechatPayModule.forRoot(settings),
      WechatPayModule.forRoot({ ...settingsOf(other), name: 'sg' }),
      forRoot({}),
    ];
    const url = await start('express', { imports, providers: [ForSome] });
    paid.length = 0;
    await order('in-sg', `${url}/wechatpay/payments`, other);
    sandbox.payer('in-sg').pay();
    await sandbox.notifications.idle();
    expect(paid).toEqual([`${other.merchantId} in-sg`]);
    expect(await payAt(url)).toEqual([]);
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged' }, { state: 'pending' }]);
  });

  it('that are not registered: refused at boot', async () => {
    const imports = [WechatPayModule.forRoot(settings), forRoot({})];
    await expect(start('express', { imports, providers: [ForSome] })).rejects.toThrow(
      /^ForSome\.onPayment: is for 'sg', which no WechatPayModule has\. Registered: the merchant without a name\./,
    );
  });
});

class OptionsFactory implements WechatPayNotificationsOptionsFactory {
  createWechatPayNotificationsOptions(): WechatPayNotificationsOptions {
    return { timeoutMs: 4000 };
  }
}

it.each([
  ['useClass', () => forRootAsync({ useClass: OptionsFactory })],
  ['useFactory', () => forRootAsync({ path: 'wechatpay', useFactory: () => ({}) })],
])('forRootAsync takes %s', async (_, notifications) => {
  const imports = [WechatPayModule.forRoot(settings), notifications()];
  expect(await payAt(await start('fastify', { imports, providers: [Shop] }))).toHaveLength(1);
});

it('two paths have each their merchants', async () => {
  const other = await sandbox.merchants.create();
  const imports = [
    WechatPayModule.forRoot(settings),
    WechatPayModule.forRoot({ ...settingsOf(other), name: 'sg' }),
    forRoot({ path: 'wechatpay', merchants: [undefined] }),
    forRoot({ path: 'sg', merchants: ['sg'] }),
  ];
  const url = await start('fastify', { imports, providers: [Shop] });
  await order('in-sg', `${url}/sg/payments`, other);
  sandbox.payer('in-sg').pay();
  expect(await payAt(url)).toEqual(expect.arrayContaining([`${settings.merchantId} tea`, `${other.merchantId} in-sg`]));
});

describe('a wrong registration', () => {
  const atBoot: [string, (DynamicModule | Type)[], RegExp][] = [
    [
      'one path twice',
      [WechatPayModule.forRoot(settings), forRoot({}), forRoot({ path: '/wechatpay' })],
      /^path: .*more than once for 'wechatpay'/,
    ],
    [
      'without forRoot',
      [WechatPayModule.forRoot(settings), WechatPayNotificationsModule],
      /^WechatPayNotificationsModule: is imported without a path/,
    ],
    ['without a merchant', [forRoot({})], /^merchants: no merchant is registered; import WechatPayModule/],
    [
      'a path from a factory',
      [forRootAsync({ useFactory: () => ({ path: 'x' }) as never })],
      /^path: is not read from a factory/,
    ],
    [
      'an unknown option of a factory',
      [forRootAsync({ useFactory: () => ({ timeout: 3 }) as never })],
      /^timeout: is unknown.*Did you mean timeoutMs\?/,
    ],
  ];
  describe.each(ADAPTERS)('on %s', (adapter) => {
    it.each(atBoot)('%s: refused at boot', async (_, imports, message) => {
      await expect(start(adapter, { imports, providers: [Shop] })).rejects.toThrow(message);
    });
  });

  const call =
    (method: unknown, ...given: unknown[]) =>
    () =>
      (method as (...given: unknown[]) => unknown)(...given);
  it.each([
    [
      'forRoot()',
      call(forRoot),
      /^options: are missing; call WechatPayNotificationsModule\.forRoot\(\{ path: 'wechatpay' \}\)/,
    ],
    ['a path with a parameter', call(forRoot, { path: 'n/:merchant' }), /^path: must be a path without parameters/],
    ['a path of a number', call(forRoot, { path: 3 }), /^path: must be a path/],
    ['an empty path', call(forRoot, { path: '' }), /^path: must be a path/],
    [
      'a decorator that is not called',
      call(forRoot, { decorators: ['Public'] }),
      /^decorators: must be an array of class decorators/,
    ],
    ['6 s', call(forRoot, { timeoutMs: 6000 }), /^timeoutMs: must be a whole number of milliseconds from 1 to 5000/],
    ['no time', call(forRoot, { timeoutMs: 0 }), /^timeoutMs: must be a whole number/],
    ['merchants of a text', call(forRoot, { merchants: 'hk' }), /^merchants: must be an array of names/],
    ['mistyped', call(forRoot, { pth: 'x' }), /^pth: is unknown.*Did you mean path\?/],
    ['no factory', call(forRootAsync, { path: 'x' }), /^useFactory: is missing/],
    [
      'mistyped beside a factory',
      call(forRootAsync, { useFactory: () => ({}), timeoutMs: 3 }),
      /^timeoutMs: is unknown/,
    ],
  ])('%s: refused where it stands', (_, register, message) => {
    expect(register).toThrow(WechatPayConfigError);
    expect(register).toThrow(message);
  });
});
