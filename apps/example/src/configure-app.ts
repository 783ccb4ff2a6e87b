import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import { describeApi } from './open-api.js';

/** Bodies are read as configureApp says. */
export const APP_OPTIONS = { bodyParser: false };

/** What stands outside of modules; expects an application that was created with {@link APP_OPTIONS}. */
export function configureApp(app: NestExpressApplication): void {
  // Every body is read as JSON, whatever it calls itself: one that was skipped would revoke something else than was meant.
  app.useBodyParser('json', { type: () => true });
  app.set('json spaces', 2);
  app.disable('x-powered-by');
  SwaggerModule.setup('docs', app, () => describeApi(app), { customSiteTitle: 'WeChat Pay example' });
}
