import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { WechatPayExceptionFilter } from 'nestjs-wechatpay';
import { WechatPayDurableModule } from 'nestjs-wechatpay/durable';
import type { OrderStore } from 'wechatpay-durable';
import { DEMO, type Demo } from './demo/demo.js';
import { HealthController } from './health/health.controller.js';
import { TILL_TOKEN, TokenGuard } from './http/token.guard.js';
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
  /** What there is to play with, where the gateway is a sandbox. */
  readonly demo?: Demo | undefined;
}

@Module({
  controllers: [TillController, OrdersController, DurableOrdersController, HealthController],
  providers: [
    Till,
    { provide: APP_GUARD, useClass: TokenGuard },
    { provide: APP_PIPE, useValue: validationPipe },
    { provide: APP_FILTER, useClass: WechatPayExceptionFilter },
  ],
})
export class AppModule {
  static register({ wechatPay, store, token, demo }: AppOptions): DynamicModule {
    const durable = WechatPayDurableModule.forRootAsync({
      imports: [wechatPay],
      useFactory: () => ({ store, speed: demo?.clock.speed ?? 1 }),
    });
    return {
      module: AppModule,
      imports: [wechatPay, durable],
      providers: [
        { provide: DEMO, useValue: demo },
        { provide: TILL_TOKEN, useValue: token },
      ],
    };
  }
}
