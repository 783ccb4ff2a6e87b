import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { OrderStore } from 'wechatpay-durable';
import { EmbeddedStore } from 'wechatpay-durable/embedded';
import { MemoryStore } from 'wechatpay-durable/memory';
import { AppModule } from '../src/app.module.js';
import type { Demo } from '../src/demo/demo.js';
import { APP_OPTIONS, configureApp } from '../src/http/configure-app.js';

export const TOKEN = 'a-token-of-the-tests';

interface StartOptions {
  readonly demo?: Demo;
  readonly folder?: string;
  readonly allowedHosts?: readonly string[];
  readonly store?: OrderStore;
  readonly publicUrl?: string;
}

/** A store that looks more often than by default, since the tests' time goes faster. */
function storeIn(folder: string | undefined): OrderStore {
  return folder === undefined ? new MemoryStore() : new EmbeddedStore({ folder, pollMs: 50, onNote: () => undefined });
}

/** The application as it is started, with a store that is gone when it is closed. */
export async function startApp(
  wechatPay: DynamicModule,
  { demo, folder, allowedHosts = [], store = storeIn(folder), publicUrl }: StartOptions = {},
): Promise<NestExpressApplication> {
  const module = AppModule.register({ wechatPay, store, token: TOKEN, publicUrl, demo });
  const app = await NestFactory.create<NestExpressApplication>(module, { ...APP_OPTIONS, logger: false });
  configureApp(app, { allowedHosts });
  await app.listen(0, '127.0.0.1');
  return app;
}
