import type { IncomingMessage, ServerResponse } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import { describeApi } from './open-api.js';

/** Bodies are read as configureApp says. */
export const APP_OPTIONS = { bodyParser: false };

/** What stands outside of modules; expects an application that was created with {@link APP_OPTIONS}. */
export function configureApp(app: NestExpressApplication): void {
  app.use(refuseOtherSites);
  // Every body is read as JSON, whatever it calls itself: one that was skipped would revoke something else than was meant.
  app.useBodyParser('json', { type: () => true });
  app.useStaticAssets(fileURLToPath(new URL('../public', import.meta.url)));
  app.set('json spaces', 2);
  app.disable('x-powered-by');
  SwaggerModule.setup('docs', app, () => describeApi(app), { customSiteTitle: 'WeChat Pay example' });
}

/** A page of another site must not charge or refund in the name of whoever looks at it. */
function refuseOtherSites(request: IncomingMessage, response: ServerResponse, next: () => void): void {
  const site = request.headers['sec-fetch-site'] ?? 'none'; // what is no browser does not say
  if (request.method === 'GET' || site === 'same-origin' || site === 'none') {
    next();
    return;
  }
  const answer = { statusCode: 403, message: 'Call this from its own page, not from another site.' };
  response.writeHead(403, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}
