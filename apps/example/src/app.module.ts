import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_PIPE } from '@nestjs/core';
import { HealthController } from './health.controller.js';
import { OrdersController } from './orders.controller.js';
import { validationPipe } from './validation.pipe.js';
import { WechatPayErrorFilter } from './wechatpay-error.filter.js';

@Module({
  controllers: [OrdersController, HealthController],
  providers: [
    { provide: APP_PIPE, useValue: validationPipe },
    { provide: APP_FILTER, useClass: WechatPayErrorFilter },
  ],
})
export class AppModule {
  /** @param wechatPay a registered WechatPayModule: the real gateway, a sandbox, or whatever a test needs. */
  static register(wechatPay: DynamicModule): DynamicModule {
    return { module: AppModule, imports: [wechatPay] };
  }
}
