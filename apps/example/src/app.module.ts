import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { ApiExcludeController } from '@nestjs/swagger';
import { WechatPayExceptionFilter, WechatPayNotificationsModule } from 'nestjs-wechatpay';
import { WechatPayDurableModule } from 'nestjs-wechatpay/durable';
import type { OrderStore } from 'wechatpay-durable';
import { Attention } from './attention/attention.js';
import { AttentionController } from './attention/attention.controller.js';
import { CheckoutController } from './checkout/checkout.controller.js';
import { Checkout, PUBLIC_URL } from './checkout/checkout.js';
import { DayController } from './day/day.controller.js';
import { Days } from './day/days.js';
import { DEMO, type Demo } from './demo/demo.js';
import { HealthController } from './health/health.controller.js';
import { NOTIFICATIONS_PATH } from './http/notifications.js';
import { TILL_TOKEN, TokenGuard, WithoutToken } from './http/token.guard.js';
import { validationPipe } from './http/validation.pipe.js';
import { OrdersController } from './orders/orders.controller.js';
import { DurableOrdersController } from './orders/durable-orders.controller.js';
import { TillController } from './till/till.controller.js';
import { Till } from './till/till.js';

export interface AppOptions {
  /** A registered WechatPayModule: the real gateway, a sandbox, or whatever a test needs. */
  readonly wechatPay: DynamicModule;
  /** Where orders are written down before they are charged. */
  readonly store: OrderStore;
  /** What a caller shows in order to move money. */
  readonly token: string;
  /** Where WeChat Pay reaches this server, without a slash at the end; not needed of a sandbox in this process. */
  readonly publicUrl?: string | undefined;
  /** Whether each day is reconciled by itself, the morning after. @default false */
  readonly reconcileDaily?: boolean;
  /** What there is to play with, where the gateway is a sandbox. */
  readonly demo?: Demo | undefined;
}

@Module({
  controllers: [
    TillController,
    CheckoutController,
    AttentionController,
    DayController,
    OrdersController,
    DurableOrdersController,
    HealthController,
  ],
  providers: [
    Till,
    Checkout,
    Attention,
    Days,
    { provide: APP_GUARD, useClass: TokenGuard },
    { provide: APP_PIPE, useValue: validationPipe },
    { provide: APP_FILTER, useClass: WechatPayExceptionFilter },
  ],
})
export class AppModule {
  static register({ wechatPay, store, token, publicUrl, reconcileDaily, demo }: AppOptions): DynamicModule {
    const durable = WechatPayDurableModule.forRootAsync({
      imports: [wechatPay],
      useFactory: () => ({ store, speed: demo?.clock.speed ?? 1, reconcileDaily: reconcileDaily ?? false }),
    });
    return {
      module: AppModule,
      imports: [
        wechatPay,
        durable,
        // WeChat Pay alone calls there, and proves it by a signature.
        WechatPayNotificationsModule.forRoot({
          path: NOTIFICATIONS_PATH,
          decorators: [WithoutToken(), ApiExcludeController()],
        }),
      ],
      providers: [
        { provide: DEMO, useValue: demo },
        { provide: TILL_TOKEN, useValue: token },
        { provide: PUBLIC_URL, useValue: publicUrl },
      ],
    };
  }
}
