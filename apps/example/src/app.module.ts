import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { DEMO, type Demo } from './demo.js';
import { HealthController } from './health.controller.js';
import { OrdersController } from './orders.controller.js';
import { TillController } from './till.controller.js';
import { Till } from './till.js';
import { validationPipe } from './validation.pipe.js';
import { WechatPayErrorFilter } from './wechatpay-error.filter.js';

@Module({
  controllers: [TillController, OrdersController, HealthController],
  providers: [
    Till,
    { provide: APP_PIPE, useValue: validationPipe },
    { provide: APP_FILTER, useClass: WechatPayErrorFilter },
  ],
})
export class AppModule {
  /**
   * @param wechatPay a registered WechatPayModule: the real gateway, a sandbox, or whatever a test needs.
   * @param demo what there is to play with, where the gateway is a sandbox.
   */
  static register(wechatPay: DynamicModule, demo?: Demo): DynamicModule {
    return { module: AppModule, imports: [wechatPay], providers: [{ provide: DEMO, useValue: demo }] };
  }
}
