import { Module } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { ConfigModule } from '@nestjs/config';
import { WechatPayExceptionFilter, WechatPayModule } from 'nestjs-wechatpay';
import { wechatPayConfig } from 'nestjs-wechatpay/config';
import { WechatPayDurableModule } from 'nestjs-wechatpay/durable';
import { PostgresStore } from 'wechatpay-durable/postgres';
import { TillController } from './till.controller';

@Module({
  imports: [
    ConfigModule.forRoot(),
    WechatPayModule.forRootAsync({ ...wechatPayConfig.asProvider(), isGlobal: true }), // from WECHATPAY_… variables
    WechatPayDurableModule.forRootAsync({
      useFactory: () => ({
        store: new PostgresStore({ connectionString: process.env.DATABASE_URL ?? 'postgres://localhost/shop' }),
      }),
    }),
  ],
  controllers: [TillController],
  // Errors as application/problem+json, with an HTTP status that tells about the money.
  providers: [{ provide: APP_FILTER, useClass: WechatPayExceptionFilter }],
})
export class AppModule {}
