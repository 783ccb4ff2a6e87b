import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { EmbeddedEngine } from 'wechatpay-durable/embedded';
import { AppModule } from '../src/app.module.js';
import { APP_OPTIONS, configureApp } from '../src/configure-app.js';
import type { Demo } from '../src/demo.js';

export const TOKEN = 'a-token-of-the-tests';

/** The application as it is started, with a store that is gone when it is closed. */
export async function startApp(
  wechatPay: DynamicModule,
  { demo, folder = 'memory://' }: { demo?: Demo; folder?: string } = {},
): Promise<NestExpressApplication> {
  // It looks more often than by default, since the tests' time goes faster.
  const engine = new EmbeddedEngine({ folder, pollMs: 50, onNote: () => undefined });
  const module = AppModule.register({ wechatPay, engine, token: TOKEN, demo });
  const app = await NestFactory.create<NestExpressApplication>(module, { ...APP_OPTIONS, logger: false });
  configureApp(app);
  await app.listen(0, '127.0.0.1');
  return app;
}
