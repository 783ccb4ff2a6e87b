import 'reflect-metadata';
import { ConsoleLogger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WechatPayConfigError } from 'wechatpay-core';
import { AppModule } from './app.module.js';
import { chooseGateway } from './gateway.js';
import { APP_OPTIONS, configureApp } from './http/configure-app.js';
import { chooseStore, openStore } from './orders/store.js';
import { readAllowedHosts, readPort, readPublicUrl, readToken, SettingError } from './settings.js';
import { welcome } from './welcome.js';

// One token moves money here, and anybody may look on. Put authentication in front of it before you let others reach it; README.md says
// which paths customers and WeChat Pay need.
const HOST = '127.0.0.1';

try {
  const gateway = await chooseGateway(); // takes .env in, for all that follows
  const port = readPort(process.env.PORT);
  const token = readToken(process.env.TILL_TOKEN);
  const allowedHosts = readAllowedHosts(process.env.ALLOWED_HOSTS);
  const publicUrl = readPublicUrl(process.env.PUBLIC_URL);
  const store = await chooseStore();
  await openStore(store); // it is ours from here on, and so is what else is in its folder
  const reconcileDaily = gateway.demo === undefined; // the sandbox in this process forgets its days
  // Quiet until it is built: what goes wrong there is told below, without a stack.
  const options = { ...APP_OPTIONS, logger: false, abortOnError: false } as const;
  const app = await NestFactory.create<NestExpressApplication>(
    AppModule.register({
      wechatPay: gateway.module,
      store: store.store,
      token,
      publicUrl,
      reconcileDaily,
      demo: gateway.demo,
    }),
    options,
  );
  const logger = new ConsoleLogger({ logLevels: ['error', 'warn'] });
  app.useLogger(logger);
  configureApp(app, { allowedHosts });
  app.enableShutdownHooks(['SIGINT', 'SIGTERM'], { useProcessExit: true });
  await app.init();
  // Nest would log a port that is taken, which is told below.
  app.useLogger(false);
  await app.listen(port, HOST).catch((error: unknown) => {
    throw SettingError.from(error, port);
  });
  app.useLogger(logger);
  console.log(welcome(app, { gateway, store, ...(!process.env.TILL_TOKEN && { newToken: token }) }));
} catch (error) {
  const expected = error instanceof WechatPayConfigError || error instanceof SettingError;
  console.error(expected ? `\n  Cannot start. ${error.message}\n` : error);
  process.exit(1);
}
