import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import { refuseForeign } from './foreign-requests.js';
import { isNotification } from './notifications.js';
import { describeApi } from './open-api.js';

/** Bodies are read as configureApp says. */
export const APP_OPTIONS = { bodyParser: false };

/**
 * What stands outside of modules; expects an application that was created with {@link APP_OPTIONS}.
 *
 * @param allowedHosts Host headers to accept besides localhost, 127.0.0.1 and [::1] with the port.
 */
export function configureApp(
  app: NestExpressApplication,
  { allowedHosts }: { readonly allowedHosts?: readonly string[] } = {},
): void {
  app.use(refuseForeign(allowedHosts));
  // No body is ever skipped: a reversal without the fields that came with it would be another one.
  // Notifications are XML, which is read as it came.
  app.useBodyParser('json', { type: (request) => !isNotification(request) });
  app.useStaticAssets(fileURLToPath(new URL('../../public', import.meta.url)));
  app.set('json spaces', 2);
  app.disable('x-powered-by');
  SwaggerModule.setup('docs', app, () => describeApi(app), { customSiteTitle: 'WeChat Pay example' });
}
