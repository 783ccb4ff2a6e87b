import 'reflect-metadata';
import {
  Controller,
  Injectable,
  Module,
  Scope,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type DynamicModule,
  type ModuleMetadata,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { WechatPayConfigError, type PaymentNotification, type RefundHint } from 'wechatpay-core';
import { openCountingShop } from '../test/notified-shop.js';
import { settingsOf } from '../test/shop.js';
import { OnPaymentNotified, OnRefundNotified, WechatPayModule, WechatPayNotificationsModule } from './index.js';

const { sandbox, start, paid, Shop, payAt } = await openCountingShop();
const settings = settingsOf(sandbox.merchant);

describe('the handlers', () => {
  const wechatPay = (): DynamicModule => WechatPayModule.forRoot(settings);
  const open = (metadata: ModuleMetadata): Promise<string> =>
    start('express', {
      ...metadata,
      imports: [wechatPay(), WechatPayNotificationsModule.forRoot({}), ...(metadata.imports ?? [])],
    });

  class Branch extends Shop {}
  const replaced = (_: object, __: string, descriptor: PropertyDescriptor): void => {
    const original = descriptor.value as (notification: PaymentNotification) => void;
    descriptor.value = function (this: unknown, notification: PaymentNotification) {
      original.call(this, notification);
    };
  };
  class Transactional {
    @replaced
    @OnPaymentNotified()
    onPayment({ merchantId, outTradeNo }: PaymentNotification): void {
      paid.push(`${merchantId} ${outTradeNo}`);
    }
  }
  @Controller()
  class ShopController extends Shop {}
  @Module({ providers: [Shop] })
  class FeatureModule {}

  const found: [string, ModuleMetadata][] = [
    ['in a provider', { providers: [Shop] }],
    ['in a module that is imported', { imports: [FeatureModule] }],
    ['in a controller', { controllers: [ShopController] }],
    ['in a class that inherits', { providers: [Branch] }],
    ['below a decorator that puts its own function there', { providers: [Transactional] }],
    ['in what a factory makes', { providers: [{ provide: 'shop', useFactory: () => new Shop() }] }],
    ['under two tokens, once', { providers: [Shop, { provide: 'shop', useExisting: Shop }] }],
  ];
  it.each(found)('are found %s', async (_, metadata) => {
    expect(await payAt(await open(metadata))).toEqual([`${settings.merchantId} tea`]);
  });

  it('are all called, and one that throws has it sent again', async () => {
    class Failing {
      static isUp = false;

      @OnPaymentNotified()
      onPayment(): void {
        if (!Failing.isUp) throw new Error('down');
      }
    }
    const url = await open({ providers: [Failing, Shop] });
    expect(await payAt(url)).toEqual([`${settings.merchantId} tea`]);
    Failing.isUp = true;
    sandbox.clock.advance(15_000);
    await sandbox.notifications.idle();
    expect(paid).toHaveLength(2);
    expect(sandbox.notifications.list()).toMatchObject([{ state: 'acknowledged' }]);
  });

  @Injectable({ scope: Scope.REQUEST })
  class ForEachRequest extends Shop {}
  @Injectable({ scope: Scope.TRANSIENT })
  class ForEachConsumer extends Shop {}
  const allow = { canActivate: () => true };
  const pass = { intercept: (_: unknown, next: CallHandler) => next.handle() };
  class Guarded {
    @UseGuards(allow)
    @OnPaymentNotified()
    onPayment(): void {
      // stored
    }
  }
  class Intercepted {
    @OnRefundNotified()
    @UseInterceptors(pass)
    onRefund(): void {
      // stored
    }
  }
  const refusedAtBoot: [string, ModuleMetadata, RegExp][] = [
    ['none', {}, /finds no handler: no provider has a method with @OnPaymentNotified\(\) or @OnRefundNotified\(\)/],
    ['request-scoped', { providers: [ForEachRequest] }, /^ForEachRequest\.onPayment: .*request-scoped/],
    ['transient', { providers: [ForEachConsumer] }, /^ForEachConsumer\.onPayment: .*transient/],
    ['guarded', { providers: [Guarded] }, /^Guarded\.onPayment: has @UseGuards, which has no effect here/],
    ['intercepted', { providers: [Intercepted] }, /^Intercepted\.onRefund: has @UseInterceptors/],
  ];
  it.each(refusedAtBoot)('%s: refused at boot, by name', async (_, metadata, message) => {
    const opening = open(metadata);
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow(WechatPayConfigError);
  });

  it('take the notification that their decorator is for', () => {
    type Given<D> = D extends (target: object, method: string, descriptor: TypedPropertyDescriptor<infer H>) => void
      ? H
      : never;
    expectTypeOf<Parameters<Given<ReturnType<typeof OnRefundNotified>>>>().toEqualTypeOf<[RefundHint]>();
    class Wrong {
      // @ts-expect-error it would be called with another kind of notification
      @OnRefundNotified()
      onRefund(notification: PaymentNotification): string {
        return notification.id;
      }
    }
    expect(Wrong).toBeDefined();
  });

  it('are not static methods', () => {
    const decorate = OnPaymentNotified() as (target: unknown, method: string, descriptor: unknown) => void;
    expect(() => {
      decorate(Shop, 'onPayment', {});
    }).toThrow('Shop.onPayment: @OnPaymentNotified() is for methods that are not static.');
  });

  it('are found in an application without HTTP', async () => {
    @Module({ imports: [wechatPay(), WechatPayNotificationsModule.forRoot({})], providers: [Shop] })
    class WorkerModule {}
    const context = await NestFactory.createApplicationContext(WorkerModule, { logger: false });
    await context.close();
  });
});
